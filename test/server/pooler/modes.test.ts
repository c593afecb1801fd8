import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type Connection,
  type ConnectOptions,
  connect,
  createPool,
  type Notification,
  ProtocolViolationError,
  TargetServerAttributeNotMatched,
  TimeoutError,
} from '../../../src/index.ts';
import { collect, failure } from '../../support/connections.ts';
import { CountingDial } from '../../support/counting-dial.ts';
import {
  PGBOUNCER,
  PGBOUNCER_TITLE,
  PgBouncer,
  POOL_SIZE,
  TRACKS_STATEMENTS,
} from '../../support/servers/pgbouncer.ts';
import { serverDsn } from '../../support/servers/server.ts';

/** A PgBouncer for the length of one test. */
async function bouncerFor(...how: Parameters<typeof PgBouncer.start>): Promise<PgBouncer> {
  const bouncer = await PgBouncer.start(...how);
  onTestFinished(() => bouncer.stop());
  return bouncer;
}

async function open(bouncer: PgBouncer, options: ConnectOptions = {}): Promise<Connection> {
  const connection = await connect(bouncer.dsn, options);
  onTestFinished(() => connection.terminate());
  return connection;
}

describe.skipIf(PGBOUNCER === null)(`${PGBOUNCER_TITLE}, session mode`, () => {
  it('gives a client the same session for good: named statements, settings, locks', async () => {
    const bouncer = await bouncerFor('session');
    const counter = new CountingDial();
    const c = await open(bouncer, { dial: counter.dial });
    await open(bouncer);
    await c.execute("SET search_path = 'elsewhere'");
    await c.execute('CREATE TEMPORARY TABLE mine (n int4); SELECT pg_advisory_lock(1)');
    const statement = await c.prepare('SELECT $1::int4');
    const pid = await c.fetchVal<number>('SELECT pg_backend_pid()');
    for (let i = 0; i < 5; i++) {
      expect(await counter.during(() => c.fetchVal('SELECT pg_backend_pid()'))).toBe(1);
      expect(await c.fetchVal('SELECT pg_backend_pid()')).toBe(pid);
      expect(await statement.fetchVal(i)).toBe(i);
      expect(await c.fetch('SELECT * FROM mine')).toEqual([]);
      expect(await c.fetchVal('SHOW search_path')).toBe('elsewhere');
    }
  });

  it('delivers notifications', async () => {
    const bouncer = await bouncerFor('session');
    const [listener, notifier] = [await open(bouncer), await open(bouncer)];
    const heard = new Promise<Notification>((resolve) => {
      void listener.addListener('pooled', resolve);
    });
    await listener.fetchVal('SELECT 1');
    await notifier.notify('pooled', 'hello');
    expect((await heard).payload).toBe('hello');
  });

  it('leaves nothing of one client to the next one of the same session', async () => {
    const bouncer = await bouncerFor('session', { default_pool_size: 1 });
    const first = await connect(bouncer.dsn);
    await first.execute("SET work_mem = '3MB'; CREATE TEMPORARY TABLE mine ()");
    await first.fetchVal('SELECT $1::int4', 1);
    const pid = await first.fetchVal('SELECT pg_backend_pid()');
    await first.close();
    const second = await open(bouncer);
    expect(await second.fetchVal('SELECT pg_backend_pid()')).toBe(pid);
    expect(await second.fetchVal('SHOW work_mem')).not.toBe('3MB');
    expect(await second.fetchVal("SELECT to_regclass('pg_temp.mine')")).toBeNull();
    const kept = "SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT $1::int4'";
    expect(await second.fetchVal(kept)).toBe(0n);
  });

  it('has as many clients as sessions: a pool of the driver must not be larger', async () => {
    const bouncer = await bouncerFor('session');
    const pool = await createPool(bouncer.dsn, { minSize: POOL_SIZE, maxSize: POOL_SIZE });
    const values = await Promise.all(
      Array.from({ length: 200 }, (_, i) => pool.fetchVal('SELECT $1::int4', i)),
    );
    expect(values).toEqual(Array.from({ length: 200 }, (_, i) => i));
    const late = await open(bouncer);
    const waiting = failure(late.fetch({ text: 'SELECT 1', timeout: 100 }));
    expect(await waiting).toBeInstanceOf(TimeoutError);
    late.terminate();
    await pool.close();
  });
});

describe.skipIf(PGBOUNCER === null)(`${PGBOUNCER_TITLE}, statement mode`, () => {
  it('runs single statements, sets of arguments and batches, each on its own', async () => {
    const bouncer = await bouncerFor('statement');
    const clients = await Promise.all(
      Array.from({ length: 10 }, () => open(bouncer, { statementCacheSize: 0 })),
    );
    await Promise.all(
      clients.map(async (c, client) => {
        for (let i = 0; i < 20; i++) {
          expect(await c.fetchVal('SELECT $1::int4', client)).toBe(client);
          await c.executeMany('SELECT $1::int4', [[1], [2]]);
          const [one, two] = await c.batch([
            'SELECT pg_backend_pid() AS pid',
            'SELECT pg_backend_pid() AS pid',
          ]);
          expect(one!.rows).toEqual(two!.rows);
          expect(await c.fetchMany('SELECT $1::int4 AS n', [[1], [2]])).toEqual([
            { n: 1 },
            { n: 2 },
          ]);
          expect(await collect(c.stream('SELECT generate_series(1, $1::int4)', 9))).toHaveLength(9);
          const statement = await c.prepare('SELECT $1::int4 + 1');
          expect(await statement.fetchVal(i)).toBe(i + 1);
          expect(await c.execute('SELECT 1')).toBe('SELECT 1');
        }
        await c.notify('pooled');
        const sleeping = c.fetchVal({ text: 'SELECT pg_sleep(60)', timeout: 30 });
        expect(await failure(sleeping)).toBeInstanceOf(TimeoutError);
      }),
    );
  });

  it('copies, knows types of the database, heals when a table changes', async () => {
    const bouncer = await bouncerFor('statement');
    const schema = `statement_mode_${process.pid}`;
    const direct = await connect(serverDsn());
    await direct.execute(
      `CREATE SCHEMA ${schema}; CREATE TYPE ${schema}.mood AS ENUM ('sad', 'happy');
       CREATE TABLE ${schema}.t (n int4, mood ${schema}.mood)`,
    );
    onTestFinished(async () => {
      await direct.execute(`DROP SCHEMA ${schema} CASCADE`);
      await direct.close();
    });
    const c = await open(bouncer, { statementCacheSize: 0 });
    expect(await c.copyRecordsToTable('t', { schema, records: [[1, 'sad']] })).toBe('COPY 1');
    expect(await c.copyToTable('t', { schema, source: ['2\thappy\n'] })).toBe('COPY 1');
    const text = `SELECT * FROM ${schema}.t WHERE n > $1 ORDER BY n`;
    expect(await collect(c.copyRecordsFromQuery(text, 1))).toEqual([{ n: 2, mood: 'happy' }]);
    expect(await c.fetch(text, 1)).toEqual([{ n: 2, mood: 'happy' }]);
    await direct.execute(`ALTER TABLE ${schema}.t ADD extra int4 DEFAULT 5`);
    expect(await c.fetch(text, 1)).toEqual([{ n: 2, mood: 'happy', extra: 5 }]);
  });

  it('ends the connection at a transaction, and says why', async () => {
    const bouncer = await bouncerFor('statement');
    const c = await open(bouncer, { statementCacheSize: 0 });
    const error = await failure(c.transaction((tx) => tx.execute('SELECT 1')));
    expect(error).toBeInstanceOf(ProtocolViolationError);
    expect(error.message).toMatch(/transaction blocks not allowed/);
    expect(c.isClosed).toBe(true);
  });
});

describe.skipIf(PGBOUNCER === null)(`${PGBOUNCER_TITLE}, start-up`, () => {
  it('connects with default options, and knows the server behind it', async () => {
    const bouncer = await bouncerFor('transaction');
    const c = await connect({ host: '127.0.0.1', port: bouncer.port, user: 'postgres' });
    onTestFinished(() => c.terminate());
    expect(c.serverVersion.major).toBe(18);
    expect(c.settings).toMatchObject({
      client_encoding: 'UTF8',
      standard_conforming_strings: 'on',
      integer_datetimes: 'on',
    });
    // The pooler's own number: a cancel that names it finds the session of the moment.
    expect(c.serverPid).not.toBe(await c.fetchVal('SELECT pg_backend_pid()'));
  });

  it('authenticates by SCRAM, and refuses a wrong password', async () => {
    const bouncer = await bouncerFor('transaction', { auth_type: 'scram-sha-256' });
    const c = await open(bouncer, { password: 'secret', requireAuth: 'scram-sha-256' });
    expect(await c.fetchVal('SELECT 1')).toBe(1);
    const wrong = await failure(connect(bouncer.dsn, { password: 'wrong' }));
    expect(wrong.message).toMatch(/authentication failed/);
  });

  it('keeps the settings that it tracks with the client, in whatever session it is', async () => {
    const bouncer = await bouncerFor('transaction');
    const zones = ['Asia/Tokyo', 'America/Lima', 'UTC', 'Europe/Riga'];
    const clients = await Promise.all(
      zones.map((timezone) =>
        open(bouncer, {
          statementCacheSize: 0,
          applicationName: `in ${timezone}`,
          serverSettings: { timezone },
        }),
      ),
    );
    for (let i = 0; i < 20; i++) {
      await Promise.all(
        clients.map(async (c, client) => {
          const timezone = zones[client]!;
          expect(await c.fetchVal('SHOW timezone')).toBe(timezone);
          expect(await c.fetchVal('SHOW application_name')).toBe(`in ${timezone}`);
          expect(c.settings).toMatchObject({ TimeZone: timezone });
        }),
      );
    }
  });

  it('finds out what the server behind it is for', async () => {
    const bouncer = await bouncerFor('transaction');
    const c = await open(bouncer, { targetSessionAttrs: 'read-write' });
    expect(await c.fetchVal('SHOW transaction_read_only')).toBe('off');
    const refused = connect(bouncer.dsn, { targetSessionAttrs: 'standby' });
    expect(await failure(refused)).toBeInstanceOf(TargetServerAttributeNotMatched);
  });

  it('refuses a setting that it does not track, with a hint at what to do', async () => {
    const bouncer = await bouncerFor('transaction');
    const refused = connect(bouncer.dsn, { serverSettings: { search_path: 'elsewhere' } });
    const error = await failure(refused);
    expect(error.message).toMatch(/unsupported startup parameter: search_path/);
    expect(error['hint']).toMatch(/ALTER ROLE.*ignore_startup_parameters/);
  });

  it('drops a setting that it was told to ignore', async () => {
    const ignoring = { ignore_startup_parameters: 'search_path' };
    const bouncer = await bouncerFor('transaction', ignoring);
    const c = await open(bouncer, { serverSettings: { search_path: 'elsewhere' } });
    expect(await c.fetchVal('SHOW search_path')).not.toBe('elsewhere');
  });

  it.runIf(TRACKS_STATEMENTS)('takes a newer protocol version down to its own', async () => {
    const bouncer = await bouncerFor('transaction');
    const c = await open(bouncer, { maxProtocolVersion: '3.2' });
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });

  it('reports what happens to a tracked setting later, wherever it was changed', async () => {
    const bouncer = await bouncerFor('transaction');
    const c = await open(bouncer, { statementCacheSize: 0 });
    const others = await Promise.all(
      Array.from({ length: 4 }, () => open(bouncer, { statementCacheSize: 0 })),
    );
    await c.execute("SET application_name = 'renamed'");
    for (let i = 0; i < 20; i++) {
      await Promise.all([
        ...others.map((other) => other.fetchVal('SELECT pg_sleep(0.001)')),
        c.fetchVal('SHOW application_name').then((name) => expect(name).toBe('renamed')),
      ]);
    }
    expect(c.settings['application_name']).toBe('renamed');
    expect(others.every((other) => other.settings['application_name'] !== 'renamed')).toBe(true);
  });

  it('lets a call that got no session in time be made again', async () => {
    const bouncer = await bouncerFor('transaction', {
      default_pool_size: 1,
      query_wait_timeout: 0.1,
    });
    const [holder, waiter] = [await open(bouncer), await open(bouncer)];
    const transaction = await holder.begin();
    await transaction.execute('SELECT');
    const call = failure(waiter.execute('CREATE TABLE never_made (i int)'));
    expect(await call).toMatchObject({
      message: 'query_wait_timeout',
      safeToRetry: true,
      isTransient: true,
    });
    await transaction.rollback();
    expect(await holder.fetchVal("SELECT to_regclass('never_made')")).toBeNull();
    // The connection is gone, which passes with the next one.
    expect(await failure(waiter.fetch('SELECT 1'))).toMatchObject({
      safeToRetry: true,
      isTransient: true,
    });
  });

  it('says of a call whose session the administrator took that it may have been executed', async () => {
    const bouncer = await bouncerFor('transaction', { admin_users: 'postgres' });
    const c = await open(bouncer);
    const admin = await connect(bouncer.dsn.replace('/postgres?', '/pgbouncer?'));
    onTestFinished(() => admin.terminate());
    const call = failure(c.fetch('SELECT pg_sleep(60)'));
    await admin.execute('KILL postgres');
    expect(await call).toMatchObject({ safeToRetry: false, isTransient: true });
  });

  it('passes a lost server on as an error of the call, after which all is well', async () => {
    const bouncer = await bouncerFor('transaction');
    const pool = await createPool(bouncer.dsn, {
      statementCacheSize: 0,
      minSize: 1,
      maxSize: 2,
    });
    const direct = await connect(serverDsn());
    const pid = await pool.fetchVal('SELECT pg_backend_pid()');
    const sleeping = failure(pool.fetchVal('SELECT pg_sleep(60), pg_backend_pid()'));
    for (;;) {
      const active =
        "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60), pg%' AND pid = $1 AND state = 'active'";
      if ((await direct.fetchVal(active, pid)) === 1) break;
    }
    await direct.execute('SELECT pg_terminate_backend($1)', pid);
    expect(await sleeping).toBeInstanceOf(Error);
    expect(await pool.fetchVal('SELECT 1')).toBe(1);
    await pool.close();
    await direct.close();
  });
});
