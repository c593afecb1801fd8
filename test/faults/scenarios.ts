import type { Pool } from '../../src/index.ts';
import type { PassingMessage } from '../support/servers/fault-proxy.ts';

/** The table in which every write is counted, by the id of its case. */
export const MARKS = 'fault_marks';
const INSERT = `INSERT INTO ${MARKS} VALUES ($1, $2)`;

/** Something that a pool's user does, and during which a fault may come. */
export interface Scenario {
  /** What has to be done before, so that only what is meant goes over the wire. */
  readonly before?: (pool: Pool, id: number) => Promise<unknown>;
  /** `over` is to be called when all is done of which the caller is told. Default: in the end. */
  readonly run: (pool: Pool, id: number, over: () => void) => Promise<unknown>;
  /** What `run` resolves with. */
  readonly result: unknown;
  /** Rows that it leaves behind. Default 0. */
  readonly rows?: number;
  /** It ends with a COMMIT, the outcome of which may be unknown. */
  readonly commits?: true;
  /** The messages at which faults are placed. Default: all. */
  readonly concerns?: (message: PassingMessage) => boolean;
}

function* items(id: number, count: number): Generator<[number, number]> {
  for (let item = 0; item < count; item++) yield [id, item];
}

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  connect: {
    run: async (pool) => {
      await pool.expireConnections();
      return pool.fetchVal('SELECT 1');
    },
    result: 1,
    concerns: ({ link, name, from, index }) =>
      link === 1 && (from === 'client' ? name === 'StartupMessage' : index < 18),
  },

  prepare: {
    run: (pool, id) =>
      pool.withConnection(async (connection) => {
        const statement = await connection.prepare(`${INSERT} RETURNING item`);
        return (await statement.fetchVal(id, 7)) as number;
      }),
    result: 7,
    rows: 1,
  },

  'bind and execute': {
    before: (pool) => pool.execute(INSERT, 0, 0),
    run: (pool, id) => pool.execute(INSERT, id, 0),
    result: 'INSERT 0 1',
    rows: 1,
  },

  rows: {
    run: async (pool) =>
      (await pool.fetch('SELECT n::text FROM generate_series(1, 9) n')).map(([n]) => n).join(''),
    result: '123456789',
  },

  stream: {
    run: async (pool) => {
      let sum = 0;
      for await (const [n] of pool.stream('SELECT generate_series(1, 2000)')) sum += n as number;
      return sum;
    },
    result: 2_001_000,
  },

  'many sets': {
    run: (pool, id) => pool.executeMany(INSERT, items(id, 4)),
    result: undefined,
    rows: 4,
  },

  batch: {
    run: async (pool, id) => {
      const insert = { text: INSERT, args: [id, 0] };
      return (await pool.batch([insert, 'SELECT 1', insert])).map(({ tag }) => tag).join();
    },
    result: 'INSERT 0 1,SELECT 1,INSERT 0 1',
    rows: 2,
  },

  commit: {
    run: (pool, id) =>
      pool.transaction(async (tx) => {
        await tx.execute(INSERT, id, 0);
        return tx.execute(INSERT, id, 1);
      }),
    result: 'INSERT 0 1',
    rows: 2,
    commits: true,
  },

  'savepoint and cursor': {
    run: (pool, id) =>
      pool.transaction(async (tx) => {
        await tx.transaction((inner) => inner.execute(INSERT, id, 0));
        const cursor = tx.connection.cursor('SELECT generate_series(1, 4)');
        const some = await cursor.fetch(2);
        return some.length + (await cursor.fetch(9)).length;
      }),
    result: 4,
    rows: 1,
    commits: true,
  },

  'copy in': {
    run: (pool, id) =>
      pool.copyToTable(MARKS, {
        source: (async function* () {
          for (const [, item] of items(id, 3)) yield `${id}\t${item}\n`;
        })(),
      }),
    result: 'COPY 3',
    rows: 3,
  },

  'copy of records': {
    run: (pool, id) => pool.copyRecordsToTable(MARKS, { records: items(id, 100) }),
    result: 'COPY 100',
    rows: 100,
  },

  'copy out': {
    run: async (pool) => {
      let text = '';
      const output = (chunk: Buffer): void => {
        text += chunk.toString();
      };
      await pool.copyFromQuery('SELECT n * 7 FROM generate_series(1, 9) n', { output });
      return text;
    },
    result: '7\n14\n21\n28\n35\n42\n49\n56\n63\n',
  },

  close: {
    before: (pool) => pool.execute(INSERT, 0, 0),
    run: async (pool, id, over) => {
      await pool.execute(INSERT, id, 0);
      over();
      // Closes the connection that is at rest, and the next call opens another.
      await pool.expireConnections();
      return pool.fetchVal('SELECT 1');
    },
    result: 1,
    rows: 1,
    concerns: ({ name }) => name === 'Terminate',
  },

  listen: {
    run: (pool, id, over) =>
      pool.withConnection(async (connection) => {
        const got: string[] = [];
        const listener = ({ payload }: { payload: string }): void => void got.push(payload);
        await connection.addListener(`faults_${id}`, listener);
        // To itself: it comes ahead of the end of the statement.
        await connection.notify(`faults_${id}`, 'hello');
        await connection.removeListener(`faults_${id}`, listener);
        // What follows undoes what may be left in the session.
        over();
        return got.join();
      }),
    result: 'hello',
  },
};
