import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  type Connection,
  type ConnectOptions,
  connect,
  createPool,
  type Pool,
  QueryCanceledError,
  TimeoutError,
  type Transaction,
  UniqueViolationError,
} from '../../../src/index.ts';
import { collect, failure } from '../../support/connections.ts';
import { CountingDial } from '../../support/counting-dial.ts';
import { until } from '../../support/pool.ts';
import {
  PGBOUNCER,
  PGBOUNCER_TITLE,
  PgBouncer,
  POOL_SIZE,
  type PoolMode,
  TRACKS_STATEMENTS,
} from '../../support/servers/pgbouncer.ts';
import { serverDsn } from '../../support/servers/server.ts';
import { ITERATIONS, leaveFree, open, sessionOf, UNTRACKED, WORKERS } from './clients.ts';

const SCHEMA = `pooler_${process.pid}`;

interface Way {
  readonly title: string;
  readonly options: ConnectOptions;
  /** For each query; left out it is the default. */
  readonly prepare?: false;
  /** Of PgBouncer: how many statements it tracks. */
  readonly tracked?: number;
  readonly mode?: PoolMode;
}

const WAYS: readonly Way[] = [
  { title: 'statementCacheSize: 0', options: { statementCacheSize: 0 } },
  { title: 'prepare: false', options: {}, prepare: false },
  { title: 'the defaults, in session mode', options: {}, mode: 'session' },
  ...(TRACKS_STATEMENTS
    ? [
        { title: 'named statements that it tracks', options: {}, tracked: 200 },
        { title: 'more named statements than it tracks', options: {}, tracked: 2 },
        {
          title: 'statementCacheSize: 0 and tracking',
          options: { statementCacheSize: 0 },
          tracked: 200,
        },
      ]
    : []),
];

describe.skipIf(PGBOUNCER === null)(`${PGBOUNCER_TITLE}, sharing its sessions`, () => {
  let direct: Connection;

  beforeAll(async () => {
    direct = await connect(serverDsn());
    await direct.execute(
      `CREATE SCHEMA ${SCHEMA};
       CREATE TABLE ${SCHEMA}.done (worker int4, iteration int4, PRIMARY KEY (worker, iteration));
       CREATE TYPE ${SCHEMA}.mood AS ENUM ('sad', 'happy');
       CREATE TYPE ${SCHEMA}.place AS (name text, mood ${SCHEMA}.mood)`,
    );
  });

  afterAll(async () => {
    await direct?.execute(`DROP SCHEMA ${SCHEMA} CASCADE`);
    await direct?.close();
  });

  describe.each(WAYS)('with $title', ({ options, prepare, tracked, mode = 'transaction' }) => {
    let bouncer: PgBouncer;
    const sessions = mode === 'session' ? WORKERS + 1 : POOL_SIZE;
    const isUnnamed = tracked === undefined && mode === 'transaction';

    beforeAll(async () => {
      const tracking = tracked === undefined ? UNTRACKED : { max_prepared_statements: tracked };
      bouncer = await PgBouncer.start(mode, { ...tracking, default_pool_size: sessions });
    });

    afterAll(async () => {
      await bouncer?.stop();
    });

    /** A query in the way that is tested. */
    const query = (text: string, ...args: unknown[]) => ({
      text,
      args,
      ...(prepare === undefined ? {} : { prepare }),
    });

    it(`serves ${WORKERS} clients by its sessions, each with its own results`, async () => {
      await direct.execute(`TRUNCATE ${SCHEMA}.done`);
      const backends = new Set<number>();
      const workers = await open(bouncer, options, WORKERS);
      await Promise.all(
        workers.map(async (c, worker) => {
          for (let i = 0; i < ITERATIONS; i++) {
            const row = await c.fetchRow<{ worker: number; i: number; pid: number }>(
              query('SELECT $1::int4 AS worker, $2::int4 AS i, pg_backend_pid() AS pid', worker, i),
            );
            expect(row).toMatchObject({ worker, i });
            backends.add(row!.pid);
            const text = await c.fetchVal(query('SELECT $1::text || $2', 'worker ', `${worker}`));
            expect(text).toBe(`worker ${worker}`);
            const insert = `INSERT INTO ${SCHEMA}.done VALUES ($1, $2)`;
            expect(await c.execute(query(insert, worker, i))).toBe('INSERT 0 1');
          }
        }),
      );
      expect(backends.size).toBe(Math.min(sessions, WORKERS));
      expect(await direct.fetchVal(`SELECT count(*) FROM ${SCHEMA}.done`)).toBe(
        BigInt(WORKERS * ITERATIONS),
      );
    });

    it('answers pipelined queries of many clients each with its own', async () => {
      const workers = await open(bouncer, options, WORKERS);
      const answers = await Promise.all(
        workers.map((c, worker) =>
          Promise.all(
            Array.from({ length: ITERATIONS }, (_, i) =>
              c.fetchVal<string>(query(`SELECT '${i % 7}-' || $1`, `${worker}-${i}`)),
            ),
          ),
        ),
      );
      answers.forEach((own, worker) => {
        expect(own).toEqual(
          Array.from({ length: ITERATIONS }, (_, i) => `${i % 7}-${worker}-${i}`),
        );
      });
    });

    it('takes one flight for a query once its types are known', async () => {
      const counter = new CountingDial();
      const [c] = await open(bouncer, { ...options, dial: counter.dial });
      const text = `SELECT $1::int4 AS a, 'happy'::${SCHEMA}.mood AS b, ARRAY[1.5] AS c`;
      const run = () => c!.fetch(query(text, 1));
      expect(await run()).toEqual([{ a: 1, b: 'happy', c: ['1.5'] }]);
      for (let i = 0; i < 5; i++) expect(await counter.during(run)).toBe(1);
    });

    it.runIf(isUnnamed)('leaves no statement behind in the server session', async () => {
      const [c] = await open(bouncer, options);
      await c!.transaction(async () => {
        const text = 'SELECT $1::int4 AS nothing_is_left';
        expect(await c!.fetchVal(query(text, 1))).toBe(1);
        expect(await c!.cursor(query(text, 2)).fetch(1)).toEqual([{ nothing_is_left: 2 }]);
        expect(await collect(c!.stream(query(text, 3)))).toEqual([{ nothing_is_left: 3 }]);
        const left = 'SELECT statement FROM pg_prepared_statements WHERE statement = $1';
        expect(await c!.fetch(query(left, text))).toEqual([]);
      });
    });

    it('heals when the table changes between two executions', async () => {
      const table = `${SCHEMA}.changing`;
      await direct.execute(
        `DROP TABLE IF EXISTS ${table}; CREATE TABLE ${table} (a int4);
         INSERT INTO ${table} VALUES (1)`,
      );
      const [c] = await open(bouncer, options);
      expect(await c!.fetch(query(`SELECT * FROM ${table}`))).toEqual([{ a: 1 }]);
      await direct.execute(`ALTER TABLE ${table} ALTER a TYPE text, ADD b int4 DEFAULT 2`);
      expect(await c!.fetch(query(`SELECT * FROM ${table}`))).toEqual([{ a: '1', b: 2 }]);
    });

    it('heals in the first statement of a transaction', async () => {
      const table = `${SCHEMA}.changing`;
      const [c] = await open(bouncer, options);
      const ways: readonly ((tx: Transaction, text: string) => Promise<unknown>)[] = [
        (tx, text) => tx.fetch(query(text)),
        (tx, text) => collect(tx.stream(query(text))),
        (tx, text) => tx.cursor(query(text)).fetch(10),
        async (tx, text) => (await tx.batch([query(text)]))[0]!.rows,
      ];
      for (const [index, way] of ways.entries()) {
        await direct.execute(
          `DROP TABLE IF EXISTS ${table}; CREATE TABLE ${table} AS SELECT 1 AS a`,
        );
        const text = `SELECT * FROM ${table} -- ${index}`;
        const once = () => c!.transaction((tx) => way(tx, text));
        for (let i = 0; i < POOL_SIZE; i++) expect(await once()).toEqual([{ a: 1 }]);
        await direct.execute(`ALTER TABLE ${table} ALTER a TYPE text, ADD b int4 DEFAULT 2`);
        for (let i = 0; i < POOL_SIZE; i++) expect(await once()).toEqual([{ a: '1', b: 2 }]);
      }
    });

    it('knows types of the database, in arrays and composites too', async () => {
      const workers = await open(bouncer, options, WORKERS);
      await Promise.all(
        workers.map(async (c) => {
          for (let i = 0; i < 10; i++) {
            const moods = await c.fetchVal(query(`SELECT $1::${SCHEMA}.mood[]`, ['happy', 'sad']));
            expect(moods).toEqual(['happy', 'sad']);
            const place = { name: `p${i}`, mood: 'sad' };
            expect(await c.fetchVal(query(`SELECT $1::${SCHEMA}.place`, place))).toEqual(place);
          }
        }),
      );
    });

    it('runs transactions, their savepoints and their failures each in one session', async () => {
      const workers = await open(bouncer, options, WORKERS);
      await direct.execute(`TRUNCATE ${SCHEMA}.done`);
      const insert = `INSERT INTO ${SCHEMA}.done VALUES ($1, $2)`;
      await Promise.all(
        workers.map(async (c, worker) => {
          for (let i = 0; i < 10; i++) {
            await c.transaction(async (tx) => {
              const pid = () => tx.fetchVal<number>(query('SELECT pg_backend_pid()'));
              const first = await pid();
              await tx.execute(query(insert, worker, i));
              const twice = tx.transaction((nested) => nested.execute(query(insert, worker, i)));
              expect(await failure(twice)).toBeInstanceOf(UniqueViolationError);
              expect(await pid()).toBe(first);
            });
            const undone = c.transaction(async (tx) => {
              await tx.execute(query(insert, worker, -1 - i));
              throw new Error('undo');
            });
            expect((await failure(undone)).message).toBe('undo');
          }
        }),
      );
      const [row] = await direct.fetch(
        `SELECT count(*)::int4 AS rows, min(iteration) FROM ${SCHEMA}.done`,
      );
      expect(row).toEqual({ rows: WORKERS * 10, min: 0 });
    });

    it('has cursors inside of transactions', async () => {
      const workers = await open(bouncer, options, POOL_SIZE * 2);
      const text = 'SELECT g FROM generate_series(1, $1::int4) g';
      await Promise.all(
        workers.map(async (c) => {
          for (let i = 0; i < 5; i++) {
            await c.transaction(async () => {
              const cursor = c.cursor(query(text, 200));
              expect(await cursor.fetch(2)).toEqual([{ g: 1 }, { g: 2 }]);
              expect(await cursor.forward(10)).toBe(10);
              expect(await cursor.fetchRow()).toEqual({ g: 13 });
              const rest = await collect(cursor);
              expect(rest).toHaveLength(187);
            });
          }
        }),
      );
    });

    it('cancels what takes too long, and nothing of anybody else', async () => {
      const [c, other] = await open(bouncer, options, 2);
      let victims = 0;
      let busy = true;
      const bystander = (async () => {
        while (busy) {
          await other!.fetchVal(query('SELECT 1 FROM pg_sleep(0.002)')).catch((error) => {
            if (error instanceof QueryCanceledError) victims += 1;
            else throw error;
          });
        }
      })();
      for (let i = 0; i < 5; i++) {
        const sleeping = c!.fetch({ ...query('SELECT pg_sleep(60) AS pooled'), timeout: 30 });
        expect(await failure(sleeping)).toBeInstanceOf(TimeoutError);
        expect(await c!.fetchVal(query('SELECT $1::int4', i))).toBe(i);
      }
      busy = false;
      await bystander;
      expect(victims).toBe(0);
      expect(c!.isClosed).toBe(false);
      const sleeping = 'SELECT count(*) FROM pg_stat_activity WHERE query LIKE $1 AND state = $2';
      expect(await direct.fetchVal(sleeping, 'SELECT pg_sleep(60) AS pooled%', 'active')).toBe(0n);
    });

    if (prepare === undefined) {
      // The calls below have no `prepare` of their own.
      it('runs sets of arguments, batches and scripts as one transaction each', async () => {
        const workers = await open(bouncer, options, WORKERS);
        await direct.execute(`TRUNCATE ${SCHEMA}.done`);
        const insert = `INSERT INTO ${SCHEMA}.done VALUES ($1, $2)`;
        await Promise.all(
          workers.map(async (c, worker) => {
            await c.executeMany(
              insert,
              Array.from({ length: 500 }, (_, i) => [worker, i]),
            );
            const returned = await c.fetchMany(`${insert} RETURNING iteration AS i`, [
              [worker, 500],
              [worker, 501],
            ]);
            expect(returned).toEqual([{ i: 500 }, { i: 501 }]);
            const results = await c.batch([
              { text: insert, args: [worker, 502] },
              { text: 'SELECT $1::int4 AS w', args: [worker] },
              'SELECT pg_backend_pid() AS pid',
              'SELECT pg_backend_pid() AS pid',
            ]);
            expect(results.map(({ tag }) => tag)).toEqual([
              'INSERT 0 1',
              'SELECT 1',
              'SELECT 1',
              'SELECT 1',
            ]);
            expect(results[1]!.rows).toEqual([{ w: worker }]);
            expect(results[2]!.rows).toEqual(results[3]!.rows);
            expect(await c.execute(`SELECT 1; DELETE FROM ${SCHEMA}.done WHERE false`)).toBe(
              'DELETE 0',
            );
            const duplicate = [
              [worker, 600],
              [worker, 0],
            ];
            expect(await failure(c.executeMany(insert, duplicate))).toMatchObject({
              sqlstate: '23505',
              itemIndex: 1,
            });
          }),
        );
        expect(await direct.fetchVal(`SELECT count(*)::int4 FROM ${SCHEMA}.done`)).toBe(
          WORKERS * 503,
        );
      });

      it.runIf(mode === 'transaction')(
        'keeps statements that were prepared usable wherever they are executed',
        async () => {
          const [c] = await open(bouncer, options);
          const statement = await c!.prepare<{ n: number }>('SELECT $1::int4 + 1 AS n');
          const pids = new Set<number | null>();
          for (let i = 0; i < POOL_SIZE; i++) {
            const release = await leaveFree(bouncer, (pid) => !pids.has(pid));
            expect(await statement.fetchRow(i)).toEqual({ n: i + 1 });
            pids.add(await sessionOf(c!));
            await release();
          }
          expect(pids.size).toBe(POOL_SIZE);
          await statement.close();
        },
      );

      it('copies in and out, decoded and as text', async () => {
        const [c] = await open(bouncer, options);
        const table = 'copied';
        await direct.execute(`CREATE TABLE ${SCHEMA}.${table} (n int4, mood ${SCHEMA}.mood)`);
        const copying = { schema: SCHEMA, columns: ['n', 'mood'] };
        const records = [
          [1, 'sad'],
          [2, 'happy'],
        ];
        expect(await c!.copyRecordsToTable(table, { ...copying, records })).toBe('COPY 2');
        expect(await c!.copyToTable(table, { ...copying, source: ['3\tsad\n'] })).toBe('COPY 1');
        const text = `SELECT * FROM ${SCHEMA}.${table} WHERE n > $1`;
        expect(await collect(c!.copyRecordsFromQuery(text, 1))).toEqual([
          { n: 2, mood: 'happy' },
          { n: 3, mood: 'sad' },
        ]);
        let out = '';
        const output = (chunk: Buffer): void => {
          out += chunk.toString();
        };
        await c!.copyFromQuery({ text, args: [2] }, { output });
        expect(out).toBe('3\tsad\n');
        await direct.execute(`DROP TABLE ${SCHEMA}.${table}`);
      });

      it('copies out with other calls behind, that were made at the same time', async () => {
        const [c] = await open(bouncer, options);
        const many = 'SELECT generate_series(1, 500)';
        const records = async (): Promise<number> => {
          let count = 0;
          for await (const _ of c!.copyRecordsFromQuery(many)) count += 1;
          return count;
        };
        // It is answered when the pooler has seen the end of the COPY.
        const slow = (n: number) => c!.fetchVal('SELECT $1::int4 FROM pg_sleep(0.02)', n);
        const told = await Promise.all(
          Array.from({ length: 5 }, (_, n) => [
            c!.copyFromQuery(many, { output: () => {} }),
            slow(n),
            records(),
            slow(n),
            failure(c!.copyFromQuery('SELECT 1/0', { output: () => {} })),
            slow(n),
          ]).flat(),
        );
        const divided = expect.objectContaining({ sqlstate: '22012' });
        expect(told.slice(-6)).toEqual(['COPY 500', 4, 500, 4, divided, 4]);
      });

      it('copies in with other calls behind, that were made at the same time', async () => {
        const [c] = await open(bouncer, options);
        const table = 'copied_at_once';
        await direct.execute(`CREATE TABLE ${SCHEMA}.${table} (n int4 PRIMARY KEY)`);
        const copying = { schema: SCHEMA };
        const told = await Promise.all(
          Array.from({ length: 10 }, (_, n) => [
            c!.copyToTable(table, { ...copying, source: [`${n}\n`] }),
            failure(c!.copyToTable(table, { ...copying, source: ['0\n'] })),
            c!.copyRecordsToTable(table, { ...copying, records: [[100 + n]] }),
            c!.fetchVal('SELECT $1::int4', n),
            c!.execute('SELECT 1'),
          ]).flat(),
        );
        expect(told.slice(-5)).toEqual([
          'COPY 1',
          expect.objectContaining({ sqlstate: '23505' }),
          'COPY 1',
          9,
          'SELECT 1',
        ]);
        expect(await direct.fetchVal(`SELECT count(*)::int4 FROM ${SCHEMA}.${table}`)).toBe(20);
        await direct.execute(`DROP TABLE ${SCHEMA}.${table}`);
      });
    }

    it('streams rows outside of a transaction', async () => {
      const workers = await open(bouncer, options, WORKERS);
      await Promise.all(
        workers.map(async (c) => {
          const rows = await collect(c.stream(query('SELECT generate_series(1, $1::int4)', 5000)));
          expect(rows).toHaveLength(5000);
        }),
      );
    });

    it('serves a pool of the driver, whose one-shot queries need no reset', async () => {
      const counter = new CountingDial();
      const pool: Pool = await createPool(bouncer.dsn, {
        ...options,
        minSize: 0,
        maxSize: 4,
        dial: counter.dial,
      });
      try {
        const sum = (i: number) => pool.fetchVal<number>(query('SELECT $1::int4 + 1', i));
        const sums = await Promise.all(Array.from({ length: 400 }, (_, i) => sum(i)));
        expect(sums).toEqual(Array.from({ length: 400 }, (_, i) => i + 1));
        // Every connection knows the statement by now, or learns it in this call.
        await pool.withConnection((c) => c.fetchVal(query('SELECT $1::int4 + 1', 0)));
        expect(await counter.during(() => sum(1))).toBe(1);
        expect(
          await pool.transaction(async (tx) => {
            await tx.execute("SET LOCAL application_name = 'inside'");
            return tx.fetchVal(query("SELECT current_setting('application_name')"));
          }),
        ).toBe('inside');
      } finally {
        await pool.close();
      }
    });
  });

  it('sends notifications, and brings them where a database entry is in session mode', async () => {
    const bouncer = await PgBouncer.start('transaction');
    onTestFinished(() => bouncer.stop());
    const listeners = await createPool(bouncer.sessionDsn, { minSize: 0 });
    const heard: string[] = [];
    const subscription = await listeners.listen('pooled', ({ payload }) => {
      heard.push(payload);
    });
    const [c] = await open(bouncer, { statementCacheSize: 0 });
    await c!.notify('pooled', 'hello');
    await until(() => heard.length > 0);
    expect(heard).toEqual(['hello']);
    await subscription.close();
    await listeners.close();
  });
});
