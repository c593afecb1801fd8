import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CLIENT } from '../../../src/client/internals.ts';
import {
  type Connection,
  type CopyToTableOptions,
  connect,
  PostgresError,
  UndefinedTableError,
  UniqueViolationError,
  UnsupportedServerFeatureError,
} from '../../../src/index.ts';
import { deferred } from '../../support/deferred.ts';
import { hasServer, serverDsn } from '../../support/servers/server.ts';

let connection: Connection;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'asyncpg-copy-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  connection = await connect(serverDsn());
  await connection.execute('CREATE TEMP TABLE goods (id int PRIMARY KEY, name text)');
});
afterEach(() => connection.close());

function goods(): Promise<unknown[]> {
  return connection.fetch('SELECT id, name FROM goods ORDER BY id');
}

/** The connection answers, and the table is as empty as it was. */
async function expectNoEffect(): Promise<void> {
  expect(await connection.fetchVal('SELECT count(*) FROM goods')).toBe(0n);
}

const LINES = '1\tapple\n2\tbärry\n';
const ROWS = [
  { id: 1, name: 'apple' },
  { id: 2, name: 'bärry' },
];

/** A source that says what becomes of it. */
function watched(chunks: Iterable<unknown>): {
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

function* lines(count: number): Generator<string> {
  for (let id = 1; id <= count; id++) yield `${id}\tthing\n`;
}

function endless(): Generator<string> {
  return lines(Infinity);
}

describe('a source is', () => {
  const bytes = Buffer.from(LINES);
  const cases: Record<string, () => CopyToTableOptions['source'] | Promise<string | URL>> = {
    'a path': async () => {
      const file = path.join(folder, 'lines');
      await writeFile(file, LINES);
      return file;
    },
    'a file URL': async () => {
      const file = path.join(folder, 'lines for a URL');
      await writeFile(file, LINES);
      return pathToFileURL(file);
    },
    'a Readable': () => Readable.from([bytes.subarray(0, 3), bytes.subarray(3)]),
    'a Readable of text': () => Readable.from(['1\tapple\n', '2\tbärry\n']),
    'a ReadableStream': () => new Blob([bytes]).stream() as ReadableStream<Uint8Array>,
    'a Buffer': () => bytes,
    'a Uint8Array': () => new Uint8Array(bytes),
    'an array of strings': () => ['1\tapp', 'le\n', '', '2\tbärry\n'],
    'an array of bytes cut inside a character': () => [bytes.subarray(0, 12), bytes.subarray(12)],
    'a generator': () =>
      (function* () {
        yield '1\tapple\n';
        yield Buffer.from('2\tbärry\n');
      })(),
    'an async generator': () =>
      (async function* () {
        yield '1\tapple\n';
        await Promise.resolve();
        yield Buffer.from('2\tbärry\n');
      })(),
    'an async iterable whose iterator returns no promise': () =>
      ({
        [Symbol.asyncIterator]: () => [LINES][Symbol.iterator](),
      }) as unknown as AsyncIterable<string>,
  };
  test.each(Object.entries(cases))('%s', async (_, make) => {
    const source = (await make()) as CopyToTableOptions['source'];
    expect(await connection.copyToTable('goods', { source })).toBe('COPY 2');
    expect(await goods()).toEqual(ROWS);
  });

  test('empty: nothing is copied', async () => {
    expect(await connection.copyToTable('goods', { source: [] })).toBe('COPY 0');
    expect(await connection.copyToTable('goods', { source: Buffer.alloc(0) })).toBe('COPY 0');
    await expectNoEffect();
  });

  test('a chunk of many megabytes, longer than any message', async () => {
    const source = Array.from({ length: 300_000 }, (_, id) => `${id}\tthing ${id}\n`).join('');
    expect(await connection.copyToTable('goods', { source: [source] })).toBe('COPY 300000');
    const whole =
      "SELECT count(DISTINCT id) = 300000 AND bool_and(name = 'thing ' || id) FROM goods";
    expect(await connection.fetchVal(whole)).toBe(true);
  });

  test.each([
    [5],
    [null],
    [undefined],
    [{}],
    [''],
    ['a\0b'],
    [new URL('https://example.org/data')],
    [() => LINES],
  ])('not %s: a TypeError, and nothing is sent', async (source) => {
    const { session } = connection[CLIENT]('a test');
    const { flushes } = session.outbox;
    await expect(
      connection.copyToTable('goods', { source: source as unknown as string }),
    ).rejects.toThrow(TypeError);
    expect(session.outbox.flushes).toBe(flushes);
  });

  test('not a locked ReadableStream', async () => {
    const source = new Blob(['1\ta\n']).stream() as ReadableStream<Uint8Array>;
    source.getReader();
    await expect(connection.copyToTable('goods', { source })).rejects.toThrow(TypeError);
  });
});

describe('options', () => {
  test('are those of COPY', async () => {
    const source = ['name;id\n', `'it''s';1\n`, 'NONE;2\n', `'NONE';3\n`];
    const tag = await connection.copyToTable('goods', {
      source,
      format: 'csv',
      columns: ['name', 'id'],
      header: true,
      delimiter: ';',
      quote: "'",
      escape: "'",
      null: 'NONE',
      encoding: 'UTF8',
    });
    expect(tag).toBe('COPY 3');
    expect(await goods()).toEqual([
      { id: 1, name: "it's" },
      { id: 2, name: null },
      { id: 3, name: 'NONE' },
    ]);
  });

  test('where leaves rows out', async () => {
    const tag = await connection.copyToTable('goods', { source: [LINES], where: 'id > 1' });
    expect(tag).toBe('COPY 1');
  });

  test('header match checks the names', async () => {
    await expect(
      connection.copyToTable('goods', { source: ['id\tnom\n'], header: 'match' }),
    ).rejects.toMatchObject({ sqlstate: '22P04' });
  });

  test('default, onError and rejectLimit', async () => {
    await connection.execute("ALTER TABLE goods ALTER name SET DEFAULT 'unnamed'");
    const tag = await connection.copyToTable('goods', {
      source: ['1\t-\n', 'x\ty\n', '2\tb\n'],
      default: '-',
      onError: 'ignore',
      rejectLimit: 1,
    });
    expect(tag).toBe('COPY 2');
    expect(await goods()).toEqual([
      { id: 1, name: 'unnamed' },
      { id: 2, name: 'b' },
    ]);
  });

  test('logVerbosity', async () => {
    const notices: string[] = [];
    connection.addLogListener((message) => notices.push(message.message));
    const load = (logVerbosity: 'verbose' | 'silent') =>
      connection.copyToTable('goods', { source: ['x\ty\n'], onError: 'ignore', logVerbosity });
    await load('verbose');
    expect(notices[0]).toContain('skipping row due to data type incompatibility');
    notices.length = 0;
    await load('silent');
    await connection.fetchVal('SELECT 1');
    expect(notices).toEqual([]);
  });

  test('forceNull, forceNotNull and freeze', async () => {
    await connection.transaction(async (tx) => {
      await tx.execute('CREATE TEMP TABLE fresh (a text, b text)');
      await tx.copyToTable('fresh', {
        source: ['"",\n'],
        format: 'csv',
        forceNull: ['a'],
        forceNotNull: ['b'],
        freeze: false,
      });
      expect(await tx.fetchRow('SELECT * FROM fresh')).toEqual({ a: null, b: '' });
    });
  });

  test('names are quoted, whatever they hold', async () => {
    await connection.execute(
      'CREATE SCHEMA "sch""ema"; CREATE TABLE "sch""ema"."ta.b""le" ("co""l" int, "x"", y" int)',
    );
    try {
      const tag = await connection.copyToTable('ta.b"le', {
        schema: 'sch"ema',
        columns: ['x", y', 'co"l'],
        source: ['1\t2\n'],
      });
      expect(tag).toBe('COPY 1');
      expect(await connection.fetchRow('SELECT * FROM "sch""ema"."ta.b""le"')).toEqual({
        'co"l': 2,
        'x", y': 1,
      });
    } finally {
      await connection.execute('DROP SCHEMA "sch""ema" CASCADE');
    }
  });

  test.each<[string, object]>([
    ['format', { format: 'xml' }],
    ['header', { header: 'yes' }],
    ['columns', { columns: 'id' }],
    ['a column', { columns: [''] }],
    ['a column', { columns: ['a\0b'] }],
    ['delimiter', { delimiter: 5 }],
    ['onError', { onError: 'stop)' }],
    ['rejectLimit', { rejectLimit: '1' }],
    ['freeze', { freeze: 1 }],
    ['schema', { schema: '' }],
    ['where', { where: true }],
  ])('that make no sense as %s are refused before anything is sent', async (_, options) => {
    const { session } = connection[CLIENT]('a test');
    const { flushes } = session.outbox;
    await expect(
      connection.copyToTable('goods', { source: [LINES], ...options }),
    ).rejects.toMatchObject({ name: 'InvalidArgumentError' });
    expect(session.outbox.flushes).toBe(flushes);
  });

  test.skipIf(!hasServer(15))('that the server does not know yet are refused', async () => {
    await using old = await connect(serverDsn(15));
    await old.execute('CREATE TEMP TABLE goods (id int, name text)');
    for (const options of [
      { default: '-' },
      { onError: 'ignore' as const },
      { rejectLimit: 3, onError: 'ignore' as const },
    ]) {
      await expect(
        old.copyToTable('goods', { source: [LINES], ...options }),
      ).rejects.toBeInstanceOf(UnsupportedServerFeatureError);
    }
    const tag = await old.copyToTable('goods', { source: ['id\tname\n', LINES], header: 'match' });
    expect(tag).toBe('COPY 2');
  });

  test('strings are refused where they would be read as something else', async () => {
    for (const options of [{ format: 'binary' as const }, { encoding: 'LATIN1' }]) {
      await expect(
        connection.copyToTable('goods', { source: ['1\tä\n'], ...options }),
      ).rejects.toThrow(/chunk 0 of the source is a string/);
    }
    await connection.copyToTable('goods', {
      source: Buffer.from('1\tä\n', 'latin1'),
      encoding: 'LATIN1',
    });
    expect(await goods()).toEqual([{ id: 1, name: 'ä' }]);
  });

  test('onProgress tells the bytes so far', async () => {
    const seen: number[] = [];
    const source = Array.from({ length: 20_000 }, (_, id) => `${id}\tsome thing\n`);
    await connection.copyToTable('goods', {
      source,
      onProgress: ({ bytes }) => seen.push(bytes),
    });
    expect(seen.length).toBeGreaterThan(2);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(source.join('').length);
  });
});

describe('when the source fails', () => {
  test.each([0, 1, 10_000])('after %d chunks nothing is copied', async (count) => {
    const failure = new Error('the source is dry');
    const source = (async function* () {
      for (let id = 0; id < count; id++) yield `${id}\tthing\n`;
      throw failure;
    })();
    await expect(connection.copyToTable('goods', { source })).rejects.toBe(failure);
    await expectNoEffect();
  });

  test('by itself its return() is not called', async () => {
    let returned = 0;
    const iterator = {
      next: () => {
        throw new Error('no');
      },
      return: () => {
        returned += 1;
        return { done: true, value: undefined };
      },
    };
    const source = { [Symbol.iterator]: () => iterator } as Iterable<string>;
    await expect(connection.copyToTable('goods', { source })).rejects.toThrow('no');
    expect(returned).toBe(0);
  });

  test('with a chunk that is none, the source is closed', async () => {
    const { source, closed } = watched(['1\ta\n', 5]);
    await expect(connection.copyToTable('goods', { source })).rejects.toThrow(
      'chunk 1 of the source is neither a string nor a Buffer or Uint8Array',
    );
    await closed;
    await expectNoEffect();
  });

  test('with text that has no UTF-8 form', async () => {
    await expect(connection.copyToTable('goods', { source: ['1\t\ud800\n'] })).rejects.toThrow(
      'chunk 0 of the source has a lone surrogate',
    );
    await expectNoEffect();
  });

  test('as a Node stream, even before the first chunk is asked for', async () => {
    const failure = new Error('broken pipe');
    const source = new Readable({ read() {} });
    source.destroy(failure);
    await expect(connection.copyToTable('goods', { source })).rejects.toBe(failure);
    await expectNoEffect();
  });

  test('as a Web stream', async () => {
    const failure = new Error('gone');
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(failure);
      },
    });
    await expect(connection.copyToTable('goods', { source })).rejects.toBe(failure);
    await expectNoEffect();
  });

  test('as a file that is not there, the system says so', async () => {
    await expect(
      connection.copyToTable('goods', { source: path.join(folder, 'nothing') }),
    ).rejects.toMatchObject({ code: 'ENOENT' });
    await expectNoEffect();
  });

  test('by onProgress, nothing is copied', async () => {
    const failure = new Error('enough');
    const { source, closed } = watched(endless());
    const onProgress = (): never => {
      throw failure;
    };
    await expect(connection.copyToTable('goods', { source, onProgress })).rejects.toBe(failure);
    await closed;
    await expectNoEffect();
  });

  test('in a transaction, that is left failed, as with every error', async () => {
    await expect(
      connection.transaction(async (tx) => {
        await tx.execute("INSERT INTO goods VALUES (7, 'x')");
        await tx.copyToTable('goods', {
          source: (function* () {
            yield '1\ta\n';
            throw new Error('mid-way');
          })(),
        });
      }),
    ).rejects.toThrow('mid-way');
    await expectNoEffect();
  });
});

describe('when the server objects', () => {
  test('at the start, nothing is taken from the source and it is closed', async () => {
    const source = Readable.from(['1\ta\n']);
    const error = await connection.copyToTable('nowhere', { source }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UndefinedTableError);
    expect((error as PostgresError).query).toBe('COPY "nowhere" FROM STDIN');
    expect(source.destroyed).toBe(true);
    expect(source.readableDidRead).toBe(false);
    await expectNoEffect();
  });

  test('in the middle, its error is the call’s, and the source is pulled no further', async () => {
    const { source, closed, pulled } = watched(
      (function* () {
        yield '1\ta\n';
        yield '1\tthe same again\n';
        yield* endless();
      })(),
    );
    await expect(connection.copyToTable('goods', { source })).rejects.toBeInstanceOf(
      UniqueViolationError,
    );
    await closed;
    const last = pulled();
    await connection.fetchVal('SELECT 1');
    expect(pulled()).toBe(last);
    await expectNoEffect();
  });

  test('in the middle of a source that never waits', async () => {
    function* source(): Generator<string> {
      yield 'not a number\tx\n';
      yield* endless();
    }
    await expect(connection.copyToTable('goods', { source: source() })).rejects.toMatchObject({
      sqlstate: '22P02',
    });
    await expectNoEffect();
  });

  test('in the middle, though the source has nothing more to give', async () => {
    const never = new Promise<string>(() => undefined);
    const source = (async function* () {
      yield `x\ty\n${'z'.repeat(100_000)}`;
      yield await never;
    })();
    await expect(connection.copyToTable('goods', { source })).rejects.toMatchObject({
      sqlstate: '22P02',
    });
    await expectNoEffect();
  });

  test('at the end', async () => {
    await expect(
      connection.copyToTable('goods', { source: ['1\ta\n', '2'] }),
    ).rejects.toMatchObject({ sqlstate: '22P04' });
    await expectNoEffect();
  });
});

describe('a call that is ended', () => {
  test('by its signal while the source waits, is undone, and its source closed', async () => {
    const controller = new AbortController();
    const reason = new Error('changed my mind');
    let closed = false;
    const never = new Promise<IteratorResult<string>>(() => undefined);
    const chunks = ['1\ta\n', '2\tb\n'];
    const source: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          const value = chunks.shift();
          if (value !== undefined) return Promise.resolve({ done: false, value });
          queueMicrotask(() => controller.abort(reason));
          return never;
        },
        return: () => {
          closed = true;
          return Promise.resolve({ done: true as const, value: undefined });
        },
      }),
    };
    await expect(
      connection.copyToTable('goods', { source, signal: controller.signal }),
    ).rejects.toBe(reason);
    expect(closed).toBe(true);
    await expectNoEffect();
  });

  test('by its signal, from inside its source', async () => {
    const controller = new AbortController();
    let closed = false;
    function* source(): Generator<string> {
      try {
        for (const [index, line] of [...lines(100)].entries()) {
          if (index === 50) controller.abort(new Error('from inside'));
          yield line;
        }
      } finally {
        closed = true;
      }
    }
    await expect(
      connection.copyToTable('goods', { source: source(), signal: controller.signal }),
    ).rejects.toThrow('from inside');
    expect(closed).toBe(true);
    await expectNoEffect();
  });

  test('before it began takes nothing from its source', async () => {
    const { source, pulled } = watched(endless());
    await expect(
      connection.copyToTable('goods', { source, signal: AbortSignal.abort(new Error('early')) }),
    ).rejects.toThrow('early');
    expect(pulled()).toBe(0);
    await expectNoEffect();
  });

  test('by its time-out, in the middle of an endless source', async () => {
    const { source, closed } = watched(endless());
    await expect(connection.copyToTable('goods', { source, timeout: 200 })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    await closed;
    await expectNoEffect();
  });

  test('while the server waits for a lock', async () => {
    await connection.execute('CREATE TABLE shared_goods (id int, name text)');
    await using other = await connect(serverDsn());
    try {
      const transaction = await other.begin();
      await transaction.execute('LOCK TABLE shared_goods');
      await expect(
        connection.copyToTable('shared_goods', { source: [LINES], timeout: 100 }),
      ).rejects.toMatchObject({ name: 'TimeoutError' });
      // Still locked: only a CancelRequest can have freed the connection.
      await expectNoEffect();
      await transaction.rollback();
    } finally {
      await connection.execute('DROP TABLE shared_goods');
    }
  });

  test('many times over, never harms the call after it', async () => {
    for (let round = 0; round < 30; round++) {
      const controller = new AbortController();
      let count = 0;
      const source = (function* () {
        for (const line of endless()) {
          if (count++ === round * 400) controller.abort(new Error('stop'));
          yield line;
        }
      })();
      const call = connection.copyToTable('goods', { source, signal: controller.signal });
      const next = connection.fetchVal('SELECT pg_sleep(0.001), 5');
      await expect(call).rejects.toThrow('stop');
      await next;
      await expectNoEffect();
    }
  });

  test('by the end of the connection', async () => {
    await using other = await connect(serverDsn());
    const pid = connection.serverPid;
    const { source, closed } = watched(
      (function* () {
        yield* lines(10);
        void other.execute(`SELECT pg_terminate_backend(${pid})`);
        yield* endless();
      })(),
    );
    await expect(connection.copyToTable('goods', { source })).rejects.toSatisfy(
      (error: unknown) => error instanceof PostgresError,
    );
    await closed;
    // The server's last words came before its end of the connection.
    await expect.poll(() => connection.isClosed).toBe(true);
  });
});

test('calls that were made meanwhile follow in order', async () => {
  const copy = connection.copyToTable('goods', {
    source: (async function* () {
      yield '1\ta\n';
      await new Promise((resolve) => setImmediate(resolve));
      yield '2\tb\n';
    })(),
  });
  const count = connection.fetchVal('SELECT count(*) FROM goods');
  expect(await Promise.all([copy, count])).toEqual(['COPY 2', 2n]);
});

test('the first call of a transaction may be a COPY', async () => {
  await connection.transaction((tx) => tx.copyToTable('goods', { source: [LINES] }));
  expect(await goods()).toEqual(ROWS);
});

test('the source runs in its caller’s asynchronous context', async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen = new Set<string | undefined>();
  const call = (name: string, first: number): Promise<string> =>
    storage.run(name, () =>
      connection.copyToTable('goods', {
        source: (function* () {
          seen.add(storage.getStore());
          yield `${first}\ta\n`;
        })(),
      }),
    );
  await Promise.all([call('one', 1), call('two', 2)]);
  expect([...seen]).toEqual(['one', 'two']);
});

test('a million rows leave no more memory in use than a block of them', async () => {
  await connection.execute('CREATE TEMP TABLE many (id int, name text)');
  function* source(count: number): Generator<string> {
    for (let id = 0; id < count; id++) yield `${id}\tthe name of the thing number ${id}\n`;
  }
  await connection.copyToTable('many', { source: source(100_000) });
  const before = process.memoryUsage.rss();
  expect(await connection.copyToTable('many', { source: source(1_000_000) })).toBe('COPY 1000000');
  expect(process.memoryUsage.rss() - before).toBeLessThan(96 * 1024 * 1024);
  expect(await connection.fetchRow('SELECT count(*), count(DISTINCT id) AS ids FROM many')).toEqual(
    { count: 1_100_000n, ids: 1_000_000n },
  );
});
