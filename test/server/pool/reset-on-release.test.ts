import { describe, expect, it } from 'vitest';
import { CREATE } from '../../../src/client/internals.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import {
  type Connection,
  ConnectionDoesNotExistError,
  type PoolOptions,
  sql,
} from '../../../src/index.ts';
import { checkedPoolOptions } from '../../../src/pool/checked-pool-options.ts';
import { Pool } from '../../../src/pool/pool.ts';
import { systemClock } from '../../../src/transport/clock.ts';
import { CountingDial } from '../../support/counting-dial.ts';
import { stateOf, TestPool, until } from '../../support/pool.ts';
import { hasServer, serverDsn, type TestedVersion } from '../../support/servers/server.ts';

const ONE: PoolOptions = { minSize: 1, maxSize: 1 };
const LOCKS =
  "SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";

async function all(rows: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

/** What a function leaves in its session, how that is seen, and what is seen on a new one. */
const LEFT: Readonly<Record<string, [body: string, probe: string, clean: unknown]>> = {
  'a setting of one’s own': [
    "PERFORM set_config('app.user', 'ann', false)",
    "SELECT coalesce(current_setting('app.user', true), '')",
    '',
  ],
  'a setting that the server reports': [
    "SET TimeZone = 'Asia/Tokyo'",
    "SELECT current_setting('TimeZone') = 'Asia/Tokyo'",
    false,
  ],
  search_path: [
    'SET search_path = nowhere',
    "SELECT current_setting('search_path') = 'nowhere'",
    false,
  ],
  'an advisory lock': ['PERFORM pg_try_advisory_lock(4713)', LOCKS, 0],
  'a temporary table': [
    'CREATE TEMP TABLE IF NOT EXISTS called (id int); INSERT INTO pg_temp.called VALUES (1)',
    "SELECT to_regclass('pg_temp.called') IS NULL",
    true,
  ],
  'a channel': ['LISTEN called', 'SELECT count(*)::int FROM pg_listening_channels()', 0],
};

/** Ways to call a function by name, and to write into a table with a trigger that calls it. */
const CALLS: Readonly<Record<string, (pool: Pool, s: string) => Promise<unknown>>> = {
  'pool.fetch': (pool, s) => pool.fetch(`SELECT ${s}.f()`),
  'pool.execute': (pool, s) => pool.execute(`SELECT ${s}.f()`),
  'pool.stream': (pool, s) => all(pool.stream(`SELECT ${s}.f() FROM generate_series(1, $1)`, 3)),
  'pool.batch': (pool, s) =>
    pool.batch(['SELECT 1', sql`SELECT ${sql.id(s, 'f')}() WHERE ${1} = 1`]),
  'pool.executeMany': (pool, s) => pool.executeMany(`SELECT ${s}.f() WHERE $1 = 1`, [[1], [1]]),
  'pool.copyFromQuery': (pool, s) => pool.copyFromQuery(`SELECT ${s}.f()`, { output: () => {} }),
  'pool.copyRecordsFromQuery': (pool, s) => all(pool.copyRecordsFromQuery(`SELECT ${s}.f()`)),
  withConnection: (pool, s) => pool.withConnection((c) => c.fetchVal(`SELECT ${s}.f()`)),
  'a prepared statement': (pool, s) =>
    pool.withConnection(async (c) => {
      const statement = await c.prepare(`SELECT ${s}.f() WHERE $1::int = 1`);
      await statement.fetch(1);
    }),
  'a cursor': (pool, s) =>
    pool.transaction(async (tx) => {
      await tx.connection.cursor(`SELECT ${s}.f()`).fetch(1);
    }),
  transaction: (pool, s) => pool.transaction((tx) => tx.fetch(`SELECT ${s}.f()`)),
  'a write in withConnection': (pool, s) =>
    pool.withConnection((c) => c.execute(`INSERT INTO ${s}.t VALUES ($1)`, 1)),
  'a write in a transaction': (pool, s) =>
    pool.transaction((tx) => tx.fetchRow(`UPDATE ${s}.t SET a = a + 1 RETURNING a`)),
  'a write in a WITH': (pool, s) =>
    pool.transaction((tx) =>
      tx.fetch(`WITH d AS (DELETE FROM ${s}.t RETURNING a) SELECT * FROM d`),
    ),
  'a write by a prepared statement': (pool, s) =>
    pool.withConnection(async (c) => {
      await using statement = await c.prepare(`INSERT INTO ${s}.t VALUES ($1)`);
      await statement.executeMany([[1], [2]]);
    }),
  'a write in a batch': (pool, s) => pool.batch([`INSERT INTO ${s}.t VALUES (1)`, 'SELECT 1']),
  'a write by executeMany': (pool, s) =>
    pool.executeMany(`INSERT INTO ${s}.t VALUES ($1)`, [[1], [2]]),
  'a stream of what was written': (pool, s) =>
    all(pool.stream(`INSERT INTO ${s}.t VALUES (1) RETURNING a`)),
  copyToTable: (pool, s) => pool.copyToTable('t', { schema: s, source: ['1\n2\n'] }),
  copyRecordsToTable: (pool, s) => pool.copyRecordsToTable('t', { schema: s, records: [[1], [2]] }),
};

/** A schema with a function `f`, a table `t` with a trigger, and a view `v`, which all do `body`. */
async function withFunction(
  admin: Connection,
  body: string,
  work: (schema: string) => Promise<void>,
): Promise<void> {
  const schema = `left_${process.pid}`;
  await admin.execute(`
    CREATE SCHEMA ${schema};
    CREATE FUNCTION ${schema}.f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN ${body}; RETURN 1; END $$;
    CREATE FUNCTION ${schema}.g() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body}; RETURN NULL; END $$;
    CREATE TABLE ${schema}.t (a int);
    INSERT INTO ${schema}.t VALUES (1);
    CREATE TRIGGER g AFTER INSERT OR UPDATE OR DELETE ON ${schema}.t FOR EACH STATEMENT EXECUTE FUNCTION ${schema}.g();
    CREATE VIEW ${schema}.v AS SELECT ${schema}.f()`);
  try {
    await work(schema);
  } finally {
    await admin.execute(`DROP SCHEMA ${schema} CASCADE`);
  }
}

describe.each<TestedVersion>([18, 15])('what came back on PostgreSQL %i', (version) => {
  describe.skipIf(!hasServer(version))('with a server', () => {
    it.each(Object.keys(LEFT))('is as new, whoever left it: %s', async (name) => {
      const [body, probe, clean] = LEFT[name]!;
      await using test = await TestPool.open(ONE, serverDsn(version));
      const { pool, admin } = test;
      await withFunction(admin, body, async (schema) => {
        const pid = await pool.fetchVal('SELECT pg_backend_pid()');
        for (const [how, call] of Object.entries(CALLS)) {
          await call(pool, schema);
          expect(await pool.fetchVal(probe), how).toEqual(clean);
        }
        // It is the function that leaves it, and the reset that takes it away.
        await pool.withConnection(async (c) => {
          await c.fetch(`SELECT ${schema}.f()`);
          expect(await c.fetchVal(probe)).not.toEqual(clean);
        });
        expect(await pool.fetchVal('SELECT pg_backend_pid()')).toBe(pid);
      });
    });

    it.each(Object.keys(LEFT))('is as new after every call with always: %s', async (name) => {
      const [body, probe, clean] = LEFT[name]!;
      await using test = await TestPool.open(
        { ...ONE, resetOnRelease: 'always' },
        serverDsn(version),
      );
      const { pool, admin } = test;
      await withFunction(admin, body, async (schema) => {
        const pid = await pool.fetchVal('SELECT pg_backend_pid()');
        for (const text of [
          `SELECT * FROM ${schema}.v`,
          `INSERT INTO ${schema}.t VALUES (1)`,
          `COPY (TABLE ${schema}.v) TO STDOUT`,
        ]) {
          const isCopy = text.startsWith('COPY');
          const call = isCopy
            ? pool.copyFromQuery(`TABLE ${schema}.v`, { output: () => {} })
            : pool.fetch(text);
          const [, beside] = await Promise.all([call, pool.fetchVal(probe)]);
          expect(beside, text).toEqual(clean);
          expect(await pool.fetchVal(probe), text).toEqual(clean);
        }
        expect(await pool.fetchVal('SELECT pg_backend_pid()')).toBe(pid);
      });
    });

    it('is not another user’s where policies go by what a function has set', async () => {
      await using test = await TestPool.open(ONE, serverDsn(version));
      const { pool, admin } = test;
      const [schema, role] = [`auth_${process.pid}`, `reader_${process.pid}_${version}`];
      await admin.execute(`
        CREATE SCHEMA ${schema}; CREATE ROLE ${role};
        CREATE TABLE ${schema}.notes (owner text, note text);
        INSERT INTO ${schema}.notes VALUES ('ann', 'private');
        ALTER TABLE ${schema}.notes ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON ${schema}.notes USING (owner = current_setting('app.user', true));
        GRANT USAGE ON SCHEMA ${schema} TO ${role}; GRANT SELECT ON ${schema}.notes TO ${role};
        CREATE FUNCTION ${schema}.login(u text) RETURNS void LANGUAGE plpgsql AS
          $$ BEGIN PERFORM set_config('app.user', u, false); END $$`);
      await using limited = await TestPool.open(
        { ...ONE, serverSettings: { role } },
        serverDsn(version),
      );
      try {
        const notes = (db: Pool | Connection) =>
          db.fetchVal(`SELECT count(*)::int FROM ${schema}.notes`);
        const login = `SELECT ${schema}.login($1)`;
        const { pool } = limited;
        await pool.withConnection(async (c) => {
          await c.fetchVal(login, 'ann');
          expect(await notes(c)).toBe(1);
        });
        expect(await notes(pool)).toBe(0);
        await pool.fetchVal(login, 'ann');
        expect(await notes(pool)).toBe(0);
        await pool.transaction((tx) => tx.fetchVal(login, 'ann'));
        expect(await notes(pool)).toBe(0);
      } finally {
        limited.pool.terminate();
        await until(async () => (await limited.backends()).length === 0);
        await admin.execute(`DROP SCHEMA ${schema} CASCADE; DROP ROLE ${role}`);
      }
      expect(pool.size).toBe(1);
    });

    it('is noticed by what the server reports, though no text asked for it', async () => {
      await using test = await TestPool.open(ONE, serverDsn(version));
      const { pool, admin } = test;
      await withFunction(admin, "SET TimeZone = 'Asia/Tokyo'", async (schema) => {
        const zone = await pool.fetchVal('SHOW TimeZone');
        await pool.fetch(`SELECT * FROM ${schema}.v`);
        expect(await pool.fetchVal('SHOW TimeZone')).toBe(zone);
        await pool.execute(`INSERT INTO ${schema}.t VALUES (2)`);
        expect(await pool.fetchVal('SHOW TimeZone')).toBe(zone);
        await pool.withConnection((c) => c.fetch(`SELECT * FROM ${schema}.v`));
        expect(await pool.fetchVal('SHOW TimeZone')).toBe(zone);
        expect(pool.stats).toMatchObject({ closed: 0 });
      });
    });

    it('is left as it is with never, but for its transaction', async () => {
      await using test = await TestPool.open(
        { ...ONE, resetOnRelease: 'never' },
        serverDsn(version),
      );
      const { pool } = test;
      await pool.withConnection(async (c) => {
        await c.execute("SET work_mem = '1MB'");
        await c.execute('BEGIN');
        await c.execute('CREATE TEMP TABLE rolled_back ()');
      });
      expect(await pool.fetchVal('SHOW work_mem')).toBe('1MB');
      expect(await pool.fetchVal("SELECT to_regclass('pg_temp.rolled_back') IS NULL")).toBe(true);
      await pool.execute("SET work_mem = '2MB'");
      expect(await pool.fetchVal('SHOW work_mem')).toBe('2MB');
      expect(pool.stats).toMatchObject({ size: 1, idle: 1, closed: 0 });
    });

    it('is let go of when the call that had it resolves', async () => {
      await using test = await TestPool.open(ONE, serverDsn(version));
      const { pool, admin } = test;
      for (let i = 0; i < 20; i++) {
        await pool.withConnection((c) => c.fetchVal('SELECT pg_advisory_lock(4714)'));
        expect(await admin.fetchVal('SELECT pg_try_advisory_lock(4714)')).toBe(true);
        await admin.execute('SELECT pg_advisory_unlock(4714)');
      }
    });

    it('is undone whatever its own settings make of transactions', async () => {
      await using test = await TestPool.open(ONE, serverDsn(version));
      const { pool } = test;
      const pid = await pool.fetchVal('SELECT pg_backend_pid()');
      await pool.withConnection(async (c) => {
        await c.execute('CREATE TEMP TABLE mine ()');
        await c.execute('SET default_transaction_isolation = serializable');
        await c.execute('SET default_transaction_deferrable = on');
        await c.execute('SET default_transaction_read_only = on');
      });
      expect(await pool.fetchVal('SHOW default_transaction_isolation')).toBe('read committed');
      expect(await pool.fetchVal("SELECT to_regclass('pg_temp.mine') IS NULL")).toBe(true);
      expect(await pool.fetchVal('SELECT pg_backend_pid()')).toBe(pid);
    });
  });
});

describe('the reset', () => {
  it('travels ahead of the next call, in its flight', async () => {
    const counter = new CountingDial();
    await using test = await TestPool.open({ ...ONE, dial: counter.dial });
    const { pool, admin } = test;
    const table = `ahead_${process.pid}`;
    await admin.execute(`CREATE TABLE ${table} (a int)`);
    try {
      const insert = (): Promise<string> =>
        pool.transaction((tx) => tx.execute(`INSERT INTO ${table} VALUES ($1)`, 1));
      const read = (): Promise<unknown> => pool.fetchVal(`SELECT count(*)::int FROM ${table}`);
      await insert();
      await read();
      // BEGIN and INSERT, COMMIT, then the reset with what waits behind.
      expect(await counter.during(() => Promise.all([insert(), read()]))).toBe(3);
      // Three transactions, one behind the other, are two flights each.
      const three = (): Promise<unknown> => Promise.all([insert(), insert(), insert()]);
      expect(await counter.during(three)).toBe(6);
      await read();
      // And for one that nobody waits behind it is sent at once.
      await insert();
      const seen =
        "SELECT query LIKE '%DISCARD%' FROM pg_stat_activity WHERE application_name = $1";
      await until(async () => (await admin.fetchVal(seen, test.name)) === true);
    } finally {
      await admin.execute(`DROP TABLE ${table}`);
    }
  });

  it('is not sent after reads, and does not cost what init has set', async () => {
    const counter = new CountingDial();
    await using test = await TestPool.open({
      ...ONE,
      dial: counter.dial,
      init: async (c) => {
        await c.execute("SET work_mem = '1MB'");
      },
    });
    const { pool } = test;
    await using setUp = await TestPool.open({ minSize: 0, maxSize: 1 });
    const table = `kept_${process.pid}`;
    await setUp.pool.execute(`CREATE TABLE ${table} (a int)`);
    try {
      await pool.transaction((tx) => tx.execute(`INSERT INTO ${table} VALUES (1)`));
      const connection = await pool.acquire();
      await connection.fetch(`SELECT lower('A'), a FROM ${table}`);
      expect(await counter.during(() => pool.release(connection))).toBe(0);
      expect(await pool.fetchVal('SHOW work_mem')).toBe('1MB');
      expect(pool.stats).toMatchObject({ opened: 1, closed: 0 });
    } finally {
      await setUp.pool.execute(`DROP TABLE ${table}`);
    }
  });

  it.each([
    ['simple', []],
    ['extended', [1]],
  ])(
    'that fails takes its connection with it, and nothing behind it is executed: %s',
    async (_, args) => {
      await using test = await TestPool.open(ONE);
      const { pool, admin } = test;
      const table = `behind_${process.pid}`;
      await admin.execute(`CREATE TABLE ${table} (a int)`);
      try {
        const connection = await pool.acquire();
        const { serverPid } = connection;
        await connection.execute('CREATE TEMP TABLE mine ()');
        const mine = await connection.fetchVal<string>(
          "SELECT nspname || '.mine' FROM pg_namespace WHERE oid = pg_my_temp_schema()",
        );
        // The temporary table cannot be dropped while somebody else has a lock on it.
        await admin.execute('BEGIN');
        await admin.execute(`LOCK TABLE ${mine} IN ACCESS SHARE MODE`);
        const released = pool.release(connection);
        const behind = [
          pool.execute(`INSERT INTO ${table} VALUES (${args.length === 0 ? '1' : '$1'})`, ...args),
          pool.withConnection((c) => c.execute(`ROLLBACK; INSERT INTO ${table} VALUES (3)`)),
        ];
        const settled = Promise.allSettled(behind);
        const waits = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $1";
        await until(async () => (await admin.fetchVal(waits, serverPid)) === true);
        expect(await stateOf(settled)).toBe('pending');
        await admin.execute('SELECT pg_cancel_backend($1)', serverPid);
        await released;
        const [riding, waiting] = await settled;
        expect(riding).toMatchObject({
          status: 'rejected',
          reason: { safeToRetry: true, message: expect.stringContaining('could not be undone') },
        });
        // It had not got the connection yet, and gets the next one.
        expect(waiting).toMatchObject({ status: 'fulfilled' });
        await admin.execute('ROLLBACK');
        const rows = await pool.fetch(`SELECT a FROM ${table}`);
        expect(rows.map(({ a }) => a)).toEqual([3]);
        expect(await pool.fetchVal('SELECT pg_backend_pid()')).not.toBe(serverPid);
      } finally {
        await admin.execute(`DROP TABLE ${table}`);
      }
    },
  );

  it('that fails behind a call that was under way takes its connection with it', async () => {
    await using test = await TestPool.open(ONE);
    const { pool, admin } = test;
    const connection = await pool.acquire();
    const { serverPid } = connection;
    await connection.execute('CREATE TEMP TABLE mine ()');
    const mine = await connection.fetchVal<string>(
      "SELECT nspname || '.mine' FROM pg_namespace WHERE oid = pg_my_temp_schema()",
    );
    await admin.execute('BEGIN');
    await admin.execute(`LOCK TABLE ${mine} IN ACCESS SHARE MODE`);
    const call = connection.fetchVal('SELECT 7 FROM pg_sleep(0.1)');
    const released = pool.release(connection);
    const next = pool.fetchRow("SELECT pg_backend_pid() AS pid, to_regclass('mine') AS mine");
    expect(await call).toBe(7);
    const waits = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $1";
    await until(async () => (await admin.fetchVal(waits, serverPid)) === true);
    await admin.execute('SELECT pg_cancel_backend($1)', serverPid);
    await released;
    const { pid, mine: left } = (await next)!;
    expect(pid).not.toBe(serverPid);
    expect(left).toBeNull();
    await admin.execute('ROLLBACK');
  });

  it.each([
    ['ahead of the next use', 0],
    ['behind a call that was under way', 0.1],
  ])(
    'that is not over in its time takes its connection with it, and nothing behind it is executed: %s',
    async (_, sleep) => {
      await using test = await TestPool.open(ONE);
      const { admin } = test;
      const [settings, connect] = checkedPoolOptions(ONE);
      // The ten seconds that it has are over in a few.
      await using pool = Pool[CREATE](resolveConfig(serverDsn(), connect), settings, {
        now: systemClock.now,
        setTimer: (delay, callback, referenced) =>
          systemClock.setTimer(delay === 10_000 ? 300 : delay, callback, referenced),
      });
      const table = `in_time_${process.pid}`;
      await admin.execute(`CREATE TABLE ${table} (pid int)`);
      try {
        const connection = await pool.acquire();
        const { serverPid } = connection;
        await connection.execute('CREATE TEMP TABLE mine ()');
        const mine = await connection.fetchVal<string>(
          "SELECT nspname || '.mine' FROM pg_namespace WHERE oid = pg_my_temp_schema()",
        );
        await admin.execute('BEGIN');
        await admin.execute(`LOCK TABLE ${mine} IN ACCESS SHARE MODE`);
        const call = sleep === 0 ? null : connection.execute(`SELECT pg_sleep(${sleep})`);
        const released = pool.release(connection);
        const next = pool.fetchVal(`INSERT INTO ${table} VALUES (pg_backend_pid()) RETURNING pid`);
        if (sleep === 0) {
          const error: unknown = await next.catch((reason: unknown) => reason);
          expect(error).toBeInstanceOf(ConnectionDoesNotExistError);
          expect(error).toMatchObject({ safeToRetry: true, isTransient: true });
        } else expect(await next).not.toBe(serverPid);
        await Promise.all([call, released]);
        expect(await pool.fetchVal('SELECT pg_backend_pid()')).not.toBe(serverPid);
        await admin.execute('ROLLBACK');
        const alive = 'SELECT 1 FROM pg_stat_activity WHERE pid = $1';
        await until(async () => (await admin.fetchRow(alive, serverPid)) === null);
        expect(await admin.fetch(`SELECT FROM ${table} WHERE pid = $1`, serverPid)).toEqual([]);
      } finally {
        await admin.execute(`DROP TABLE ${table}`);
      }
    },
  );

  it('that fails lets no holder end the transaction that stops what comes behind', async () => {
    await using test = await TestPool.open(ONE);
    const { pool, admin } = test;
    const table = `held_${process.pid}`;
    await admin.execute(`CREATE TABLE ${table} (a int)`);
    try {
      const connection = await pool.acquire();
      const { serverPid } = connection;
      await connection.execute('CREATE TEMP TABLE mine ()');
      const mine = await connection.fetchVal<string>(
        "SELECT nspname || '.mine' FROM pg_namespace WHERE oid = pg_my_temp_schema()",
      );
      await admin.execute('BEGIN');
      await admin.execute(`LOCK TABLE ${mine} IN ACCESS SHARE MODE`);
      const released = pool.release(connection);
      const next = await pool.acquire();
      expect(next.serverPid).toBe(serverPid);
      const behind = Promise.allSettled([
        next.execute('ROLLBACK'),
        next.execute(`INSERT INTO ${table} VALUES (1)`),
        next.execute(`ROLLBACK; INSERT INTO ${table} VALUES (2)`),
        next.transaction((tx) => tx.execute(`INSERT INTO ${table} VALUES (3)`)),
      ]);
      const waits = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $1";
      await until(async () => (await admin.fetchVal(waits, serverPid)) === true);
      await admin.execute('SELECT pg_cancel_backend($1)', serverPid);
      await released;
      for (const result of await behind) {
        expect(result).toMatchObject({ status: 'rejected', reason: { safeToRetry: true } });
      }
      await admin.execute('ROLLBACK');
      await pool.release(next);
      expect(await pool.fetchVal(`SELECT count(*)::int FROM ${table}`)).toBe(0);
    } finally {
      await admin.execute(`DROP TABLE ${table}`);
    }
  });
});
