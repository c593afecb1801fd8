import { describe, expect, test } from 'vitest';
import { type Connection, connect, createPool, type Pool } from '../../src/index.ts';
import { writeDataRow } from '../../src/protocol/backend/result.ts';
import type { PuppetResult } from '../support/fakes/puppet.ts';
import { PuppetStream } from '../support/fakes/puppet-stream.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';
import { over } from './conversation.ts';

const INT4 = 23;
const TEXT = 25;
const INT4_ARRAY = 1007;

const ROW = [Buffer.from([0, 0, 0, 7]), Buffer.from('seven')] as const;

const RESULTS: Readonly<Record<string, PuppetResult>> = {
  'select two': {
    columns: [
      ['id', INT4],
      ['name', TEXT],
    ],
    rows: [ROW, ROW],
  },
  'update nothing': { tag: 'UPDATE 0' },
  'select fine': { columns: [['one', INT4]], rows: [[Buffer.from([0, 0, 0, 1])]] },
};

/** A DataRow of these bytes behind its length. */
function row(...parts: readonly (readonly number[])[]): Buffer {
  const body = Buffer.from(parts.flat());
  const header = Buffer.from([0x44, 0, 0, 0, 0]);
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

const COUNT = [0, 2];
const ID = [0, 0, 0, 4, 0, 0, 0, 7];

const FAULTS: Readonly<Record<string, Buffer>> = {
  'without a column count': row([]),
  'with half of one': row([0]),
  'with no columns': row([0, 0]),
  'with a column too few': row([0, 1], ID),
  'with a column too many': row([0, 3], ID, [255, 255, 255, 255], [255, 255, 255, 255]),
  'with all the columns that there can be': row([255, 255], ID),
  'with a length of -2': row(COUNT, ID, [255, 255, 255, 254]),
  'with the least length': row(COUNT, ID, [128, 0, 0, 0]),
  'with the greatest length': row(COUNT, ID, [127, 255, 255, 255]),
  'with a length beyond its end': row(COUNT, ID, [0, 0, 0, 100], [1, 2, 3]),
  'with half of a length': row(COUNT, ID, [0, 0]),
  'that ends before its last column': row(COUNT, ID),
  'with bytes behind its end': row(COUNT, ID, [0, 0, 0, 1, 65], [66]),
};

/** A pool of one connection, whose first session sends `fault` in place of the second row. */
async function poolWith(fault: Buffer): Promise<{ pool: Pool; sessions: PuppetStream[] }> {
  const sessions: PuppetStream[] = [];
  const pool = await createPool({
    ...over(new PuppetStream()),
    dial: () => {
      let rows = 0;
      const first = sessions.length === 0;
      const session = new PuppetStream(
        { results: RESULTS },
        {
          tamper: (message) => {
            if (!first || message[0] !== 0x44) return null;
            rows += 1;
            return { chunks: [rows === 2 ? fault : message] };
          },
        },
      );
      sessions.push(session);
      return session;
    },
    minSize: 1,
    maxSize: 1,
  });
  return { pool, sessions };
}

const CALLS: Readonly<Record<string, (connection: Connection) => Promise<unknown>>> = {
  fetch: (connection) => connection.fetch('select two'),
  batch: (connection) => connection.batch(['select two']),
  fetchMany: (connection) => connection.fetchMany('select two', [[]]),
  stream: async (connection) => {
    const rows: unknown[] = [];
    for await (const one of connection.stream('select two')) rows.push(one);
    return rows;
  },
  cursor: (connection) =>
    connection.transaction((tx) => tx.connection.cursor('select two').fetch(10)),
};

describe('a row', () => {
  test.for(
    Object.entries(FAULTS).flatMap(([fault, bytes]) =>
      Object.entries(CALLS).map(([name, call]) => [fault, name, bytes, call] as const),
    ),
  )('%s ends the connection, %s gives none of the result', async ([, , bytes, call]) => {
    const { pool, sessions } = await poolWith(bytes);
    await expect(pool.withConnection(call)).rejects.toMatchObject({ name: 'ProtocolError' });
    expect(sessions[0]!.destroyed).toBe(true);
    expect(await pool.fetchVal('select fine')).toBe(1);
    expect(sessions).toHaveLength(2);
    expect(pool.stats).toMatchObject({ size: 1, idle: 1, inUse: 0, waiting: 0 });
    await pool.close();
  });

  test('of a query that has no result ends the connection', async () => {
    const stream = new PuppetStream(
      { results: RESULTS },
      {
        tamper: (message) =>
          message.toString('latin1').includes('UPDATE 0')
            ? { chunks: [encoded((writer) => writeDataRow(writer, [])), message] }
            : null,
      },
    );
    const pool = await createPool({ ...over(stream), minSize: 1, maxSize: 1 });
    await expect(pool.fetch('update nothing')).rejects.toMatchObject({ name: 'ProtocolError' });
    expect(stream.destroyed).toBe(true);
    pool.terminate();
  });
});

describe('a row in the wrong place', () => {
  const whole = encoded((writer) => writeDataRow(writer, ROW));
  const PLACES: Readonly<Record<string, (message: Buffer) => readonly Buffer[] | null>> = {
    'ahead of BindComplete': (message) => (message[0] === 0x32 ? [whole, message] : null),
    'behind CommandComplete': (message) => (message[0] === 0x43 ? [message, whole] : null),
    'behind ReadyForQuery': (message) => (message[0] === 0x5a ? [message, whole] : null),
  };

  test.for(Object.entries(PLACES))('ends the connection: %s', async ([, place]) => {
    let executed = false;
    const stream = new PuppetStream(
      { results: RESULTS },
      {
        tamper: (message) => {
          executed ||= message[0] === 0x32;
          const chunks = executed ? place(message) : null;
          return chunks === null ? null : { chunks: [Buffer.concat(chunks)] };
        },
      },
    );
    const connection = await connect(over(stream));
    const results = await Promise.allSettled([
      connection.fetch('select two'),
      connection.fetch('select two'),
    ]);
    for (const result of results) {
      if (result.status === 'fulfilled') expect(result.value).toHaveLength(2);
      else expect(result.reason).toMatchObject({ name: 'ProtocolError' });
    }
    expect(results.some(({ status }) => status === 'rejected')).toBe(true);
    expect(connection.isClosed).toBe(true);
  });
});

describe('a value that is none of its type', () => {
  const VALUES: Readonly<Record<string, readonly [oid: number, bytes: Buffer]>> = {
    'text that is no UTF-8': [TEXT, Buffer.from([0x61, 0xff, 0x62])],
    'half of a character': [TEXT, Buffer.from('ü').subarray(0, 1)],
    'an integer of three bytes': [INT4, Buffer.from([0, 0, 1])],
    'an integer of no bytes': [INT4, Buffer.alloc(0)],
    'an array of a thousand million elements': [
      INT4_ARRAY,
      Buffer.from('00000001000000000000001740000000000000010000000400000001', 'hex'),
    ],
    'an array of seven dimensions': [INT4_ARRAY, Buffer.from('000000070000000000000017', 'hex')],
    'an array of fewer than none': [INT4_ARRAY, Buffer.from('ffffffff0000000000000017', 'hex')],
  };

  test.for(Object.entries(VALUES))('fails its query alone: %s', async ([, [oid, bytes]]) => {
    const results: Readonly<Record<string, PuppetResult>> = {
      ...RESULTS,
      'select bad': { columns: [['bad', oid]], rows: [[bytes], [bytes]] },
    };
    const stream = new PuppetStream({ results });
    const pool = await createPool({ ...over(stream), minSize: 1, maxSize: 1 });
    await expect(pool.fetch('select bad')).rejects.toMatchObject({
      name: 'DecodeError',
      message: expect.stringContaining('bad'),
    });
    expect(await pool.fetchVal('select fine')).toBe(1);
    expect(stream.destroyed).toBe(false);
    await pool.close();
  });
});
