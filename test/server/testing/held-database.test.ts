import { expect, test, vi } from 'vitest';
import { connect } from '../../../src/index.ts';
import { openChangeStream } from '../../../src/replication/index.ts';
import { type TestDatabase, testDatabase } from '../../../src/testing/index.ts';
import {
  iteratorOf,
  LogicalCluster,
  onEachVersion,
} from '../../support/replication/logical-cluster.ts';

onEachVersion('a test database that something holds', (version) => {
  const made = (server: string): Promise<TestDatabase> =>
    testDatabase({
      server,
      migrations: {
        version: 'held',
        migrate: (connection) =>
          connection.execute(
            'CREATE TABLE a (n int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE a',
          ),
      },
    });
  const PREPARE = "BEGIN; INSERT INTO a VALUES (1); PREPARE TRANSACTION 'it''s one'";

  test('is dropped: by a stream, by prepared transactions, by a subscription', async () => {
    await using server = await LogicalCluster.start(version);
    const { dsn } = server.cluster;
    const left = "SELECT datname FROM pg_database WHERE datname LIKE 'asyncpg_test_%'";

    const streaming = await made(dsn);
    const pool = await streaming.createPool();
    const stream = await openChangeStream(pool, { slot: 's', publication: 'p' });
    const ended = iteratorOf(stream)
      .next()
      .then(
        () => null,
        (error: unknown) => error,
      );
    await vi.waitFor(async () => {
      expect(await server.pool.fetchVal('SELECT active FROM pg_replication_slots')).toBe(true);
    });
    await streaming.close();
    expect(await server.pool.fetch('SELECT slot_name FROM pg_replication_slots')).toEqual([]);
    await stream.close().catch(() => {});
    await ended;

    const preparing = await made(dsn);
    await (await preparing.createPool()).withConnection((held) => held.execute(PREPARE));
    await preparing.close();

    // What the database sets for its sessions is not for this one.
    const setting = await made(dsn);
    const { name } = setting;
    await (await setting.createPool()).withConnection((held) => held.execute(PREPARE));
    await server.pool.execute(
      `ALTER DATABASE ${name} SET role = pg_monitor; ALTER DATABASE ${name} SET default_transaction_read_only = on;
       ALTER DATABASE ${name} SET statement_timeout = 1; ALTER DATABASE ${name} SET search_path = ''`,
    );
    await setting.close();

    const subscribed = await made(dsn);
    await (await subscribed.createPool()).execute(
      `CREATE SUBSCRIPTION "a ""subscription" CONNECTION 'host=/nowhere' PUBLICATION p
       WITH (connect = false)`,
    );
    await subscribed.close();
    expect(await server.pool.fetch(left)).toEqual([]);
  });

  test('is dropped though the test has ended all connections, or restarted the server', async () => {
    await using server = await LogicalCluster.start(version);
    const { dsn } = server.cluster;
    const ended = await made(dsn);
    const pool = await ended.createPool();
    await pool.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
    );
    await ended.close();
    const restarted = await made(dsn);
    await server.cluster.restart();
    await restarted.close();
    expect(
      await server.pool.fetch("SELECT 1 FROM pg_database WHERE datname LIKE 'asyncpg_test_%'"),
    ).toEqual([]);
  });

  test('is dropped by the next who migrates, where the process was killed', async () => {
    await using server = await LogicalCluster.start(version);
    const { dsn } = server.cluster;
    // As it is when nobody has the lock any more.
    await server.pool.execute('CREATE DATABASE asyncpg_test_4999999_00000000dead');
    const held = await connect(dsn, { database: 'asyncpg_test_4999999_00000000dead' });
    await held.execute('CREATE TABLE a (n int PRIMARY KEY)');
    await held.execute(PREPARE);
    await held.close();
    await (await made(dsn)).close();
    const found = "SELECT 1 FROM pg_database WHERE datname = 'asyncpg_test_4999999_00000000dead'";
    expect(await server.pool.fetch(found)).toEqual([]);
  });

  test('is not taken for what somebody has called nearly so', async () => {
    await using server = await LogicalCluster.start(version);
    const own = [
      'asyncpg_test_4999999',
      'asyncpg_test_4999999_main',
      'asyncpg_test_4999999_00000000dead_2',
      'Asyncpg_test_4999999_00000000dead',
    ];
    for (const name of own) await server.pool.execute(`CREATE DATABASE "${name}"`);
    await (await made(server.cluster.dsn)).close();
    const found = 'SELECT datname FROM pg_database WHERE datname = ANY($1)';
    expect(await server.pool.fetch(found, own)).toHaveLength(own.length);
  });
});
