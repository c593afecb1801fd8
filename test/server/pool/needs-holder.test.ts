import { describe, expect, it } from 'vitest';
import { InterfaceError, type Queryable, sql } from '../../../src/index.ts';
import { TestPool } from '../../support/pool.ts';
import { hasServer, serverDsn, type TestedVersion } from '../../support/servers/server.ts';

const ONE = { minSize: 1, maxSize: 1 } as const;

/** A text that is of no use in a call of its own, and what the refusal names in its place. */
const TEXTS: readonly [text: string, instead: RegExp][] = [
  ['BEGIN', /pool\.transaction\(\).*pool\.withConnection\(\) or pool\.acquire\(\)/],
  ['/* a */ start transaction', /pool\.transaction\(\)/],
  ['COMMIT', /pool\.transaction\(\)/],
  ['rollback', /pool\.transaction\(\)/],
  ['SAVEPOINT a', /pool\.transaction\(\)/],
  ["SET LOCAL work_mem = '1MB'", /pool\.transaction\(\)/],
  ['SET TRANSACTION READ ONLY', /pool\.transaction\(\)/],
  ['SELECT pg_try_advisory_lock(71)', /pg_advisory_xact_lock.*pool\.acquire\(\)/],
  ['WITH x AS (SELECT pg_advisory_lock(71)) SELECT FROM x', /pool\.acquire\(\)/],
  ['SELECT pg_advisory_unlock(71)', /pool\.acquire\(\)/],
  ['LISTEN c', /pool\.listen\(\)/],
];

const CALLS: Readonly<Record<string, (pool: Queryable, text: string) => Promise<unknown>>> = {
  execute: (pool, text) => pool.execute(text),
  fetch: (pool, text) => pool.fetch(text),
  fetchRow: (pool, text) => pool.fetchRow({ text }),
  fetchVal: (pool, text) => pool.fetchVal(text),
  batch: (pool, text) => pool.batch(['SELECT 1', text]),
  executeMany: (pool, text) => pool.executeMany(text, [[]]),
  fetchMany: (pool, text) => pool.fetchMany(text, [[]]),
  stream: (pool, text) => pool.stream(text).next(),
  copyFromQuery: (pool, text) => pool.copyFromQuery(text, { output: () => {} }),
  copyRecordsFromQuery: (pool, text) => pool.copyRecordsFromQuery(text).next(),
};

describe('a call of a pool that would be in vain', () => {
  it.each(Object.keys(CALLS))('is refused before anything is sent: %s', async (name) => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    const call = CALLS[name]!;
    for (const [text, instead] of TEXTS) {
      // With others in a batch, what is set for their transaction is of use.
      if (name === 'batch' && text.startsWith('SET ')) continue;
      for (const queryable of [pool, pool.with({ timeout: 5_000 })]) {
        const error: unknown = await call(queryable, text).catch((reason: unknown) => reason);
        expect(error, text).toBeInstanceOf(InterfaceError);
        expect(error, text).toMatchObject({ safeToRetry: true });
        expect((error as Error).message, text).toMatch(instead);
      }
    }
    expect(pool.stats).toMatchObject({ acquired: 0, idle: 1 });
  });

  it('is no such call on a connection or in a transaction', async () => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    await pool.withConnection(async (c) => {
      await c.execute('BEGIN');
      await c.execute('SAVEPOINT a');
      await c.execute("SET LOCAL work_mem = '1MB'");
      await c.execute('ROLLBACK');
      expect(await c.fetchVal('SELECT pg_try_advisory_lock(71)')).toBe(true);
      await c.execute('LISTEN c');
    });
    await pool.transaction(async (tx) => {
      await tx.execute("SET LOCAL work_mem = '1MB'");
      expect(await tx.fetchVal('SELECT pg_try_advisory_lock(71)')).toBe(true);
    });
    expect(pool.stats).toMatchObject({ size: 1, idle: 1, closed: 0 });
  });
});

describe.each<TestedVersion>([18, 15])('a whole transaction on PostgreSQL %i', (version) => {
  describe.skipIf(!hasServer(version))('in one call of a pool', () => {
    it('is executed as it is', async () => {
      await using test = await TestPool.open(ONE, serverDsn(version));
      const { pool } = test;
      const table = `whole_${process.pid}`;
      await pool.execute(`CREATE TABLE ${table} (a int)`);
      try {
        await pool.execute(`BEGIN; INSERT INTO ${table} VALUES (1); COMMIT`);
        await pool.execute(`BEGIN; INSERT INTO ${table} VALUES (2); ROLLBACK`);
        await pool.batch(['BEGIN', sql`INSERT INTO ${sql.id(table)} VALUES (${3})`, 'COMMIT']);
        const [, shown] = await pool.batch(["SET LOCAL work_mem = '1MB'", 'SHOW work_mem']);
        expect(shown!.rows[0]).toMatchObject({ work_mem: '1MB' });
        const locked = "SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory'";
        const held = await pool.batch([
          'SELECT pg_advisory_lock(72)',
          `${locked} AND pid = pg_backend_pid()`,
          'SELECT pg_advisory_unlock(72)',
        ]);
        expect(held[1]!.rows[0]).toMatchObject({ n: 1 });
        // A statement of it fails: it is rolled back, and its connection is as before.
        await expect(
          pool.execute(`BEGIN; INSERT INTO ${table} VALUES (4); SELECT 1/0; COMMIT`),
        ).rejects.toThrow('division by zero');
        const rows = await pool.fetch(`SELECT a FROM ${table} ORDER BY a`);
        expect(rows.map(({ a }) => a)).toEqual([1, 3]);
        expect(pool.stats).toMatchObject({ idle: 1, closed: 0 });
      } finally {
        await pool.execute(`DROP TABLE ${table}`);
      }
    });

    it('that is not whole, unseen, is rolled back and an InterfaceError', async () => {
      await using test = await TestPool.open(
        { ...ONE, serverSettings: { standard_conforming_strings: 'off' } },
        serverDsn(version),
      );
      const { pool } = test;
      // One string or a script: that is a setting of the session's, which the text does not tell.
      await expect(
        pool.execute("SELECT '\\''; BEGIN; CREATE TABLE left_behind (); --'"),
      ).rejects.toThrow(/in a transaction, which was rolled back: use pool\.transaction\(\)/);
      expect(await pool.fetchVal("SELECT to_regclass('left_behind') IS NULL")).toBe(true);
      expect(pool.stats).toMatchObject({ idle: 1, closed: 0 });
    });
  });
});
