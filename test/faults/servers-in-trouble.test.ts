import { execFile } from 'node:child_process';
import { chown, mkdtemp, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TempCluster } from '../../src/cluster/index.ts';
import { type Connection, connect, createPool } from '../../src/index.ts';
import { Ledger } from '../long/soak/ledger.ts';
import { ACCOUNTS, Load } from '../long/soak/load.ts';
import { failure } from '../support/connections.ts';
import { TestPool, until } from '../support/pool.ts';
import { Random } from '../support/samples/random.ts';
import { startKilled } from '../support/servers/crash.ts';
import { serverDsn, testServer } from '../support/servers/server.ts';

describe('a server that is stopped under load', () => {
  let cluster: TempCluster;

  beforeAll(async () => {
    // What was committed must survive.
    cluster = await TempCluster.start({ settings: { synchronous_commit: true } });
    await using connection = await connect(cluster.dsn);
    await connection.execute(
      `${Ledger.SCHEMA}; CREATE TABLE accounts (id int4 PRIMARY KEY, balance int8);
       INSERT INTO accounts SELECT n, 1000 FROM generate_series(0, ${ACCOUNTS - 1}) n`,
    );
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  it.each([
    ['fast', 'SIGINT'],
    ['immediate', 'SIGQUIT'],
    ['by kill -9', 'SIGKILL'],
  ] as const)(
    '(%s) loses and doubles nothing, and the pool recovers',
    { timeout: 120_000 },
    async (_how, signal) => {
      const pool = await createPool(cluster.dsn, {
        minSize: 2,
        maxSize: 5,
        acquireTimeout: 20_000,
      });
      const load = new Load();
      const ledger = new Ledger();
      load.start(pool, ledger, new Random(1), 12);
      await until(() => load.succeeded > 100);
      process.kill(cluster.pid, signal);
      await until(() => load.failed > 0);
      await startKilled(cluster);
      const before = load.succeeded;
      await until(() => load.succeeded > before + 100);
      expect(await load.stop()).toBe(true);
      expect(load.violations).toEqual([]);
      await until(() => pool.stats.inUse === 0 && pool.stats.connecting === 0 && pool.size >= 2);
      expect(pool.stats.waiting).toBe(0);
      await using admin = await connect(cluster.dsn);
      expect(await ledger.audit(admin)).toEqual([]);
      expect(ledger.audited).toBeGreaterThan(0);
      const sum = await admin.fetchVal('SELECT sum(balance)::int4 FROM accounts');
      expect(sum).toBe(1000 * ACCOUNTS);
      await pool.close();
    },
  );

  it('that is shutting down refuses new connections with 57P03, and serves again after it', async () => {
    const last = await connect(cluster.dsn);
    await using test = await TestPool.open({ minSize: 0, maxSize: 2 }, cluster.dsn);
    // A smart shutdown waits for those who are connected, and lets nobody else in.
    process.kill(cluster.pid, 'SIGTERM');
    await until(async () => {
      const refused = await connect(cluster.dsn).then(
        (connection) => connection.close(),
        (error: unknown) => error,
      );
      return refused !== undefined;
    });
    const refusal = { sqlstate: '57P03', safeToRetry: true, isTransient: true };
    expect(await failure(test.pool.fetchVal('SELECT 1'))).toMatchObject(refusal);
    expect(await failure(test.pool.acquire())).toMatchObject(refusal);
    expect(await last.fetchVal('SELECT 1')).toBe(1);
    await last.close();
    await cluster.restart();
    expect(await test.pool.fetchVal('SELECT 1')).toBe(1);
    expect(test.pool.stats).toMatchObject({ size: 1, idle: 1, waiting: 0 });
  });
});

describe('a server that is out of connections', () => {
  let cluster: TempCluster;

  beforeAll(async () => {
    const settings = { max_connections: 6, superuser_reserved_connections: 0, max_wal_senders: 0 };
    cluster = await TempCluster.start({ settings });
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  const REFUSED = { sqlstate: '53300', safeToRetry: true, isTransient: true };

  it('serves each caller of a larger pool, or refuses it with 53300', async () => {
    await using test = await TestPool.open({ maxSize: 20, pipelining: 0 }, cluster.dsn);
    const results = await Promise.allSettled(
      Array.from({ length: 60 }, (_, n) => test.pool.fetchVal('SELECT $1::int4', n)),
    );
    let served = 0;
    for (const [n, result] of results.entries()) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject(REFUSED);
      else expect(result.value).toBe(n);
      served += result.status === 'fulfilled' ? 1 : 0;
    }
    expect(served).toBeGreaterThan(0);
    await until(() => test.pool.stats.connecting === 0 && test.pool.stats.inUse === 0);
    expect(test.pool.stats.waiting).toBe(0);
    expect(await test.pool.fetchVal('SELECT 42')).toBe(42);
  });

  it('refuses a pool whose floor it cannot hold, and leaves nothing open', async () => {
    await using admin = await connect(cluster.dsn);
    expect(await failure(createPool(cluster.dsn, { minSize: 8, maxSize: 8 }))).toMatchObject(
      REFUSED,
    );
    const others = 'SELECT count(*)::int4 FROM pg_stat_activity WHERE backend_type = $1';
    await until(async () => (await admin.fetchVal(others, 'client backend')) === 1);
  });

  it('is tried again for a floor that was lost to others, until there is room', async () => {
    await using test = await TestPool.open({ minSize: 2, maxSize: 2 }, cluster.dsn);
    const others = await Promise.all([1, 2, 3].map(() => connect(cluster.dsn)));
    await test.kill([(await test.backends())[0]!]);
    others.push(await connect(cluster.dsn).catch(() => others[0]!));
    await until(() => test.pool.stats.failedConnects > 0 || test.pool.idleSize === 2);
    await Promise.all(others.map((connection) => connection.close()));
    await until(() => test.pool.idleSize === 2);
    expect(test.pool.stats).toMatchObject({ size: 2, inUse: 0, waiting: 0 });
  });
});

/** A small file system in memory that belongs to the server, or null where none can be made. */
async function mountSmallDisk(): Promise<string | null> {
  const folder = await mkdtemp('/tmp/asyncpg-disk-');
  try {
    await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder]);
    const { uid, gid } = await stat(testServer().dataDirectory);
    await chown(folder, uid, gid);
    return folder;
  } catch {
    await rm(folder, { recursive: true });
    return null;
  }
}

const disk = await mountSmallDisk();

describe.skipIf(disk === null)('a disk that is full (needs root and tmpfs)', () => {
  const name = `disk_${process.pid}`;
  let admin: Connection;

  beforeAll(async () => {
    admin = await connect(serverDsn());
    await admin.execute(`CREATE TABLESPACE ${name} LOCATION '${disk}'`);
  });

  beforeEach(async () => {
    await admin.execute(`DROP TABLE IF EXISTS ${name}`);
    // The server gives the space of a table that is gone back with its next checkpoint.
    await admin.execute('CHECKPOINT');
    await admin.execute(`CREATE TABLE ${name} (text text STORAGE PLAIN) TABLESPACE ${name}`);
  });

  afterAll(async () => {
    await admin.execute(`DROP TABLE ${name}`);
    await admin.execute(`DROP TABLESPACE ${name}`);
    await admin.close();
    await promisify(execFile)('umount', [path.resolve(disk!)]);
    await rm(disk!, { recursive: true });
  });

  const LONG = 'x'.repeat(1000);
  const FULL = { name: 'DiskFullError', sqlstate: '53100', safeToRetry: false, isTransient: true };
  const CASES: Readonly<Record<string, (on: Connection) => Promise<unknown>>> = {
    INSERT: (on) => on.execute(`INSERT INTO ${name} SELECT $1 FROM generate_series(1, 9000)`, LONG),
    executeMany: (on) =>
      on.executeMany(
        `INSERT INTO ${name} VALUES ($1)`,
        Array.from({ length: 9000 }, () => [LONG]),
      ),
    COPY: (on) =>
      on.copyRecordsToTable(name, { records: Array.from({ length: 9000 }, () => [LONG]) }),
    'a transaction': (on) =>
      on.transaction(async (tx) => {
        for (;;) await tx.executeMany(`INSERT INTO ${name} VALUES ($1)`, [[LONG], [LONG], [LONG]]);
      }),
  };

  it.each(Object.entries(CASES))(
    'fails %s with 53100, and the connection stays usable',
    async (_what, call) => {
      expect(await failure(call(admin))).toMatchObject(FULL);
      expect(await admin.fetchVal('SELECT 42')).toBe(42);
      expect(await admin.fetchVal(`SELECT count(*)::int4 FROM ${name}`)).toBe(0);
    },
  );
});
