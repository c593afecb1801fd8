/** Sources, outputs and a table for the tests of COPY. */
import { expect } from 'vitest';
import { type Connection, connect } from '../../src/index.ts';
import { deferred } from './deferred.ts';
import { serverDsn } from './servers/server.ts';

/** A connection with an empty temporary table `goods`. */
export async function connectWithGoods(): Promise<Connection> {
  const connection = await connect(serverDsn());
  await connection.execute('CREATE TEMP TABLE goods (id int PRIMARY KEY, name text)');
  return connection;
}

/** Two lines for `goods`, and the rows that they are. */
export const GOODS_TEXT = '1\tapple\n2\tbärry\n';
export const GOODS = [
  { id: 1, name: 'apple' },
  { id: 2, name: 'bärry' },
];

/** The rows of `goods`. */
export function goodsOf(connection: Connection): Promise<unknown[]> {
  return connection.fetch('SELECT id, name FROM goods ORDER BY id');
}

/** The connection answers, and `goods` is as empty as it was. */
export async function expectNoEffect(connection: Connection): Promise<void> {
  expect(await connection.fetchVal('SELECT count(*) FROM goods')).toBe(0n);
}

/** A connection with three rows in `goods`. */
export async function connectWithThreeGoods(): Promise<Connection> {
  const connection = await connect(serverDsn());
  await connection.execute(`CREATE TEMP TABLE goods (id int, name text);
    INSERT INTO goods VALUES (1, 'apple'), (2, 'bärry'), (3, NULL)`);
  return connection;
}

/** The connection answers, and has its three rows. */
export async function expectUsable(connection: Connection): Promise<void> {
  expect(await connection.fetchVal('SELECT count(*) FROM goods')).toBe(3n);
}

/** A source that says what becomes of it. */
export function watched(chunks: Iterable<unknown>): {
  source: AsyncGenerator<string>;
  pulled: () => number;
  closed: Promise<void>;
} {
  let pulled = 0;
  const { promise: closed, resolve } = deferred();
  async function* generate(): AsyncGenerator<string> {
    try {
      for (const chunk of chunks) {
        pulled += 1;
        yield chunk as string;
      }
    } finally {
      resolve();
    }
  }
  return { source: generate(), pulled: () => pulled, closed };
}

/** Lines for `goods`. */
export function* lines(count: number): Generator<string> {
  for (let id = 1; id <= count; id++) yield `${id}\tthing\n`;
}

export function endless(): Generator<string> {
  return lines(Infinity);
}

/** A query with many rows, and what COPY makes of it. */
export const SERIES = 'SELECT n FROM generate_series(1, 300000) n';
export const SERIES_TEXT = Array.from({ length: 300_000 }, (_, n) => `${n + 1}\n`).join('');

/** In the select list, not in FROM, where the server would gather all rows first. */
export const ENDLESS = 'SELECT generate_series(1, 1000000000)';

/** Gathers what an output gets. */
export function collector(): {
  output: (chunk: Buffer) => void;
  text: () => string;
  sizes: number[];
} {
  const chunks: Buffer[] = [];
  const sizes: number[] = [];
  return {
    output: (chunk) => {
      chunks.push(chunk);
      sizes.push(chunk.length);
    },
    text: () => Buffer.concat(chunks).toString(),
    sizes,
  };
}
