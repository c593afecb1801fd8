import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TempCluster } from '../../../src/cluster/index.ts';
import { type Pool, type PostgresError, TimeoutError } from '../../../src/index.ts';
import { CountingDial } from '../../support/counting-dial.ts';
import { sleep, TestPool, until } from '../../support/pool.ts';
import { crash } from '../../support/servers/crash.ts';

describe('a pool whose server goes away', () => {
  let cluster: TempCluster;

  beforeAll(async () => {
    // What is committed outlives a server that is killed, as it does with PostgreSQL's defaults.
    cluster = await TempCluster.start({ settings: { synchronous_commit: 'on' } });
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  /** Callers of every kind, until `stop`. Every call must settle; its failures are counted. */
  class Load {
    succeeded = 0;
    failed = 0;
    /** What was inserted for certain, and what may have been. */
    readonly committed: number[] = [];
    readonly unknown: number[] = [];
    #id = 0;
    readonly #running: Promise<void>[] = [];
    #stopped = false;

    constructor(pool: Pool, callers: number) {
      const kinds: (() => Promise<unknown>)[] = [
        () => pool.fetchVal('SELECT 1 FROM pg_sleep(0.002)'),
        () => pool.execute('SELECT 1'),
        () => pool.transaction((tx) => tx.fetchVal('SELECT 1 FROM pg_sleep(0.002)')),
        () => pool.withConnection((connection) => connection.fetch('SELECT generate_series(1, 9)')),
        () => pool.executeMany('SELECT $1::int', [[1], [2], [3]]),
        async () => {
          for await (const _ of pool.stream('SELECT generate_series(1, 2000)'));
        },
        () => pool.batch(['SELECT 1', 'SELECT 2']),
        () => this.#insert((id) => pool.execute('INSERT INTO ledger VALUES ($1)', id)),
        () =>
          this.#insert((id) =>
            pool.transaction({ retries: 2 }, async (tx) => {
              await tx.execute('INSERT INTO ledger VALUES ($1)', id);
            }),
          ),
        () => this.#insert((id) => pool.executeMany('INSERT INTO ledger VALUES ($1)', [[id]])),
        () => pool.fetchVal({ text: 'SELECT pg_sleep(1)', timeout: 5 }).catch(() => {}),
      ];
      for (let i = 0; i < callers; i++) {
        this.#running.push(this.#run(kinds[i % kinds.length]!));
      }
    }

    async #run(call: () => Promise<unknown>): Promise<void> {
      while (!this.#stopped) {
        try {
          await call();
          this.succeeded += 1;
        } catch {
          this.failed += 1;
          await sleep(5);
        }
      }
    }

    async #insert(run: (id: number) => Promise<unknown>): Promise<void> {
      this.#id += 1;
      const id = this.#id;
      try {
        await run(id);
        this.committed.push(id);
      } catch (error) {
        // Its answer may have been lost after it took effect, unless the error says otherwise.
        if (!(error as PostgresError).safeToRetry) this.unknown.push(id);
        throw error;
      }
    }

    async stop(): Promise<void> {
      this.#stopped = true;
      await Promise.all(this.#running);
    }
  }

  it.each(['restart', 'kill -9'] as const)(
    'by %s under load: every call settles and the pool recovers by itself',
    async (how) => {
      await using test = await TestPool.open({ minSize: 3, maxSize: 6 }, cluster.dsn);
      const { pool } = test;
      await pool.execute('DROP TABLE IF EXISTS ledger; CREATE TABLE ledger (id int)');
      const got: string[] = [];
      let gaps = 0;
      await using _ = await pool.listen('news', ({ payload }) => void got.push(payload), {
        onReconnect: () => {
          gaps += 1;
        },
      });
      await pool.notify('news', 'before');
      await until(() => got.length === 1);
      const load = new Load(pool, 40);
      await until(() => load.succeeded > 100);
      if (how === 'kill -9') await crash(cluster);
      else await cluster.restart();
      const before = load.succeeded;
      await until(() => load.succeeded > before + 200);
      await load.stop();
      expect(load.failed).toBeGreaterThan(0);
      await until(() => pool.stats.inUse === 0 && pool.stats.connecting === 0);
      expect(pool.stats.waiting).toBe(0);
      expect(pool.size).toBeGreaterThanOrEqual(3);
      expect(await pool.fetchVal('SELECT 42')).toBe(42);
      // Nothing that was committed is lost, nothing is there twice, and nothing that cannot be.
      const rows = await pool.fetch<{ id: number }>('SELECT id FROM ledger');
      const found = new Set(rows.map(({ id }) => id));
      expect(load.committed.filter((id) => !found.has(id))).toEqual([]);
      expect(found.size).toBe(rows.length);
      const possible = new Set([...load.committed, ...load.unknown]);
      expect([...found].filter((id) => !possible.has(id))).toEqual([]);
      await until(() => gaps > 0);
      await pool.notify('news', 'after');
      await until(() => got.includes('after'));
      await pool.close();
    },
  );

  it('serves its callers on others, after bounded time-outs, when connections go silent under load', async () => {
    const counter = new CountingDial();
    await using test = await TestPool.open(
      { minSize: 2, maxSize: 3, commandTimeout: 200, validate: 100, dial: counter.dial },
      cluster.dsn,
    );
    const { pool } = test;
    const errors: unknown[] = [];
    let succeeded = 0;
    let stopped = false;
    const call = async (): Promise<void> => {
      while (!stopped) {
        try {
          await pool.fetchVal('SELECT 1 FROM pg_sleep(0.001)');
          succeeded += 1;
        } catch (error) {
          errors.push(error);
        }
      }
    };
    const callers = Array.from({ length: 12 }, call);
    await until(() => succeeded > 100);
    counter.silence();
    await until(() => errors.length >= 12);
    expect(errors.filter((error) => !(error instanceof TimeoutError))).toEqual([]);
    const before = succeeded;
    await until(() => succeeded > before + 300);
    stopped = true;
    await Promise.all(callers);
    await until(() => pool.stats.inUse === 0 && pool.idleSize >= 2);
    expect(pool.stats.closed).toBe(pool.stats.opened - pool.size);
    await pool.close();
  });

  it('refills the floor when it is back, without anybody calling', async () => {
    await using test = await TestPool.open({ minSize: 2, maxSize: 4 }, cluster.dsn);
    const { pool } = test;
    await cluster.restart();
    await until(() => pool.idleSize === 2);
    expect(pool.stats.opened).toBe(4);
    await pool.close();
  });
});
