import { expect, test } from 'vitest';
import { TempCluster } from '../../../src/cluster/index.ts';
import { type Connection, connect, createPool } from '../../../src/index.ts';
import {
  type Change,
  connectReplication,
  dropSlot,
  type InsertChange,
  openChangeStream,
  ReplicationDivergedError,
  SlotInvalidatedError,
  SlotLostError,
  type SlotWarning,
  slotStatus,
} from '../../../src/replication/index.ts';
import { FailoverPair } from '../../support/replication/failover-pair.ts';
import {
  iteratorOf,
  LogicalCluster,
  onEachVersion,
  take,
  until,
  walsenderOf,
} from '../../support/replication/logical-cluster.ts';
import { FaultProxy } from '../../support/servers/fault-proxy.ts';

// Each has a server of its own, and most of its time it waits for one: they run side by side.
const TABLE = `CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION t FOR TABLE t`;

/** Shuts the server down in good order. Returns how many milliseconds that took. */
async function shutDown({ pid }: TempCluster): Promise<number> {
  const before = performance.now();
  process.kill(pid, 'SIGINT');
  await until(async () => {
    try {
      return !process.kill(pid, 0);
    } catch {
      return true;
    }
  });
  return performance.now() - before;
}

onEachVersion('a change stream ends loudly', (version) => {
  test.concurrent.each(['closed', 'aborted'] as const)(
    'for a flush that waits for a connection to ask the slot on, when it is %s',
    async (how) => {
      const settings = { max_connections: 8, superuser_reserved_connections: 0 };
      await using server = await LogicalCluster.start(version, settings);
      const { cluster, pool } = server;
      await pool.execute(TABLE);
      const control = new AbortController();
      const options = { slot: 'full', publication: 't', signal: control.signal };
      const stream = await openChangeStream(pool, options);
      const others: Connection[] = [];
      const fill = async (): Promise<unknown> => {
        for (;;) others.push(await connect(cluster.dsn));
      };
      await expect(fill()).rejects.toMatchObject({ sqlstate: '53300' });
      const flushed = stream.flush();
      flushed.catch(() => {});
      // It asks again and again, with a pause of 100 ms.
      await new Promise((resolve) => setTimeout(resolve, 250));
      const reason = new Error('no more');
      if (how === 'closed') await stream.close();
      else control.abort(reason);
      const late = new Promise((resolve) => setTimeout(resolve, 3000, 'late'));
      const told = await Promise.race([flushed.catch((error: unknown) => error), late]);
      expect(told).toBe(how === 'closed' ? undefined : reason);
      for (const other of others) other.terminate();
      await stream.close();
    },
  );

  test.concurrent('for a flush whose question to the slot is not answered', async () => {
    await using server = await LogicalCluster.start(version);
    const { cluster, pool } = server;
    await pool.execute(TABLE);
    await using proxy = await FaultProxy.listen({ host: '127.0.0.1', port: cluster.port });
    const stream = await openChangeStream(proxy.dsn, { slot: 'mute', publication: 't' });
    const before = proxy.accepted;
    proxy.plan = ({ link, from, index }) =>
      link >= before && from === 'client' && index > 0
        ? { fault: 'silence', where: 'before' }
        : null;
    const flushed = stream.flush();
    await until(async () => proxy.accepted > before);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await stream.close();
    const late = new Promise((resolve) => setTimeout(resolve, 3000, 'late'));
    expect(await Promise.race([flushed, late])).toBeUndefined();
  });

  test.concurrent('when its slot was lost, at the first start and later', async () => {
    await using server = await LogicalCluster.start(version);
    const { pool } = server;
    await pool.execute(TABLE);
    const gone = openChangeStream(pool, { slot: 'never', publication: 't', startAfter: '0/1000' });
    await expect(gone).rejects.toThrow(SlotLostError);

    const stream = await openChangeStream(pool, { slot: 'lost', publication: 't' });
    const next = iteratorOf(stream).next();
    next.catch(() => {});
    await dropSlot(pool, 'lost', { force: true });
    await expect(next).rejects.toThrow(SlotLostError);
    await stream.close();
  });

  test.concurrent('when the server has given its slot up, with the reason; and warns before', async () => {
    await using server = await LogicalCluster.start(version, {
      max_slot_wal_keep_size: '64MB',
      max_wal_size: '32MB',
      min_wal_size: '32MB',
      wal_keep_size: 0,
    });
    const { pool } = server;
    await pool.execute(TABLE);
    const warnings: SlotWarning[] = [];
    const options = {
      slot: 'kept',
      publication: 't',
      acknowledge: 'manual',
      statusInterval: 100,
    } as const;
    await using stream = await openChangeStream(pool, {
      ...options,
      onSlotWarning(warning) {
        warnings.push(warning);
        throw new Error('the alert has failed');
      },
    });
    const failures: string[] = [];
    const onWarning = ({ message }: Error): unknown => failures.push(message);
    process.on('warning', onWarning);
    await pool.execute('INSERT INTO t VALUES (1)');
    const iterator = iteratorOf(stream);
    await take(iterator, 1);
    const write = (): Promise<unknown> =>
      pool.execute(
        "SELECT pg_logical_emit_message(false, 'wal', repeat('x', 16000000)); SELECT pg_switch_wal()",
      );
    for (let i = 0; i < 4; i++) await write();
    await until(async () => warnings.length > 0);
    await until(async () => failures.some((message) => /the alert has failed/.test(message)));
    process.off('warning', onWarning);
    expect(['extended', 'unreserved']).toContain(warnings[0]!.walStatus);
    expect(warnings[0]!.lag).toBeGreaterThan(16_000_000n);
    const next = iterator.next();
    // Whoever awaits it later is told all the same.
    next.catch(() => {});
    await until(async () => {
      await write();
      await pool.execute('CHECKPOINT');
      const status = await pool.fetchVal(
        "SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'kept'",
      );
      return status === 'lost';
    });
    await expect(next).rejects.toThrow(SlotInvalidatedError);
    const again = await openChangeStream(pool, options).catch((error: unknown) => error);
    expect(again).toBeInstanceOf(SlotInvalidatedError);
    expect((again as SlotInvalidatedError).detail).toMatch(
      /wal_removed|exceeded the maximum|invalidated/,
    );
  }, 60_000);

  test.concurrent('when it comes to another server, or its history was left behind', async () => {
    await using server = await LogicalCluster.start(version);
    await using other = await LogicalCluster.start(version);
    for (const { pool } of [server, other]) await pool.execute(TABLE);
    const target = { host: '127.0.0.1', port: server.cluster.port };
    await using proxy = await FaultProxy.listen(target);
    const stream = await openChangeStream(proxy.dsn, { slot: 'moved', publication: 't' });
    const next = iteratorOf(stream).next();
    next.catch(() => {});
    target.port = other.cluster.port;
    const pid = await walsenderOf(server.pool, 'moved');
    await server.pool.execute(`SELECT pg_terminate_backend(${pid})`);
    await expect(next).rejects.toThrow(ReplicationDivergedError);
    await stream.close();
  }, 60_000);

  test.concurrent('when it is to begin where the log has not come yet', async () => {
    await using server = await LogicalCluster.start(version);
    const { pool } = server;
    await pool.execute(TABLE);
    const options = { slot: 'ahead', publication: 't' };
    const first = await openChangeStream(pool, options);
    await first.close();
    const before = (await slotStatus(pool, 'ahead'))!.confirmedFlush;
    const startAfter = 'FF/0';
    const ahead = await openChangeStream(pool, { ...options, startAfter }).catch((error) => error);
    expect(ahead).toBeInstanceOf(ReplicationDivergedError);
    expect(ahead.message).toContain("startAfter is at FF/0, and the server's log ends at");
    expect((await slotStatus(pool, 'ahead'))!.confirmedFlush).toBe(before);
    // What is committed at its very end has come.
    await pool.execute(
      'BEGIN; SET LOCAL synchronous_commit = on; INSERT INTO t VALUES (1); COMMIT',
    );
    const last = String(await pool.fetchVal('SELECT pg_current_wal_flush_lsn()'));
    await using stream = await openChangeStream(pool, { ...options, startAfter: last });
    await pool.execute('INSERT INTO t VALUES (2)');
    const [[change]] = (await take(iteratorOf(stream), 1)) as [[InsertChange]];
    expect(change.new['id']).toBe(2);
    await stream.close();

    // The server takes any position for processed.
    await using connection = await connectReplication(server.cluster.dsn);
    const bare = connection.start({
      slot: 'ahead',
      options: { proto_version: '1', publication_names: 't' },
    });
    const reading = bare[Symbol.asyncIterator]().next();
    reading.catch(() => {});
    bare.ack('FF/0');
    await until(async () => (await slotStatus(pool, 'ahead'))!.confirmedFlush === 'FF/0');
    await connection.close();
    const left = openChangeStream(pool, options);
    await expect(left).rejects.toThrow('the replication slot ahead is at FF/0');
  });

  test.concurrent('when it comes to a standby that was promoted without what was handed over', async () => {
    await using server = await LogicalCluster.start(version);
    const { pool, cluster } = server;
    await pool.execute(TABLE);
    await using standby = await TempCluster.startStandby(cluster);
    await using replica = await createPool(standby.dsn, { minSize: 0 });
    const target = { host: '127.0.0.1', port: cluster.port };
    await using proxy = await FaultProxy.listen(target);
    const stream = await openChangeStream(proxy.dsn, { slot: 'ahead', publication: 't' });
    const iterator = iteratorOf(stream);
    // It gets no more of the log, and the stream does.
    await replica.execute("ALTER SYSTEM SET primary_conninfo = ''");
    await replica.execute('SELECT pg_reload_conf()');
    await until(
      async () => (await replica.fetchVal('SELECT count(*)::int FROM pg_stat_wal_receiver')) === 0,
    );
    await pool.execute('INSERT INTO t VALUES (1)');
    await take(iterator, 1);
    await standby.promote();
    target.port = standby.port;
    const next = iterator.next();
    next.catch(() => {});
    const pid = await walsenderOf(pool, 'ahead');
    await pool.execute(`SELECT pg_terminate_backend(${pid})`);
    await expect(next).rejects.toThrow(ReplicationDivergedError);
    await expect(next).rejects.toThrow(/history/);
    await stream.close();
  }, 60_000);

  test.concurrent('but not for a shutdown in good order, which it does not hold up', async () => {
    await using server = await LogicalCluster.start(version);
    const { pool, cluster } = server;
    await pool.execute(TABLE);
    const alone = await shutDown(cluster);
    await cluster.restart();
    await using stream = await openChangeStream(pool, { slot: 'shutdown', publication: 't' });
    await pool.execute('INSERT INTO t VALUES (1)');
    const iterator = iteratorOf(stream);
    await take(iterator, 1);
    const next = iterator.next();
    await stream.flush();
    expect(await shutDown(cluster)).toBeLessThan(alone + 1000);
    await cluster.restart();
    await until(async () => stream.stats.reconnects > 0);
    await pool.execute('INSERT INTO t VALUES (2)');
    const changes: Change[] = await (await next).value!.toArray();
    expect(changes.map((change) => change.kind === 'insert' && change.new.id)).toEqual([2]);
    expect(stream.stats.reconnects).toBe(1);
  }, 60_000);

  test.concurrent('a temporary slot that is lost is a gap', async () => {
    await using server = await LogicalCluster.start(version);
    const { pool } = server;
    await pool.execute(TABLE);
    let gaps = 0;
    await using stream = await openChangeStream(pool, {
      slot: 'temporary',
      publication: 't',
      onGap: () => {
        gaps += 1;
      },
    });
    const iterator = iteratorOf(stream);
    await pool.execute('INSERT INTO t VALUES (1)');
    await take(iterator, 1);
    await pool.execute('SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots');
    await until(async () => gaps > 0);
    await pool.execute('INSERT INTO t VALUES (2)');
    const [changes] = await take(iterator, 1);
    expect(changes!.map((change) => change.kind === 'insert' && change.new.id)).toEqual([2]);
    expect(gaps).toBe(1);
  });
});

test.concurrent('a standby that is promoted under it streams on, over a lost connection too', async () => {
  await using server = await LogicalCluster.start(18, { hot_standby_feedback: true });
  const { pool, cluster } = server;
  await pool.execute(TABLE);
  await pool.execute("SELECT pg_create_physical_replication_slot('standby')");
  await using standby = await TempCluster.startStandby(cluster, {
    settings: { primary_slot_name: 'standby', hot_standby_feedback: true },
  });
  await using replica = await createPool(standby.dsn, { minSize: 0 });
  // A slot on a standby waits for the primary to tell which transactions are open.
  const telling = setInterval(
    () => void pool.execute('SELECT pg_log_standby_snapshot()').catch(() => {}),
    50,
  );
  const opening = openChangeStream(replica, { slot: 'there', publication: 't' });
  await using stream = await opening.finally(() => clearInterval(telling));
  const iterator = iteratorOf(stream);
  const ids = async (): Promise<unknown[]> =>
    (await take(iterator, 1)).flat().map((change) => change.kind === 'insert' && change.new.id);
  await pool.execute('INSERT INTO t VALUES (1)');
  expect(await ids()).toEqual([1]);
  await standby.promote();
  await replica.execute('INSERT INTO t VALUES (2)');
  expect(await ids()).toEqual([2]);
  await replica.execute('INSERT INTO t VALUES (3)');
  expect(await ids()).toEqual([3]);
  await stream.flush();
  const pid = await walsenderOf(replica, 'there');
  await replica.execute(`SELECT pg_terminate_backend(${pid})`);
  await replica.execute('INSERT INTO t VALUES (4)');
  expect(await ids()).toEqual([4]);
  expect(stream.stats.reconnects).toBe(1);
}, 90_000);

test.concurrent('failover to a standby that has the slot loses and repeats nothing', async () => {
  await using pair = await FailoverPair.start(TABLE);
  const { pool, replica } = pair;
  await using stream = await openChangeStream(pair.dsn, {
    slot: { name: 'failover', failover: true },
    publication: 't',
    statusInterval: 200,
  });
  const got: number[] = [];
  const consuming = (async () => {
    for await (const transaction of stream) {
      for await (const change of transaction) if (change.kind === 'insert') got.push(change.new.id);
      if (got.includes(-1)) break;
    }
  })();
  for (let id = 1; id <= 300; id++) await pool.execute('INSERT INTO t VALUES ($1)', id);
  await until(async () => got.length >= 300);
  await pair.synced('failover');
  for (let id = 301; id <= 600; id++) await pool.execute('INSERT INTO t VALUES ($1)', id);
  process.kill(pair.primary.pid, 'SIGKILL');
  await pair.standby.promote();
  for (let id = 1001; id <= 1100; id++) await replica.execute('INSERT INTO t VALUES ($1)', id);
  await replica.execute('INSERT INTO t VALUES (-1)');
  await consuming;
  const there = await replica.fetch('SELECT id FROM t');
  const sorted = (ids: number[]): number[] => [...ids].sort((a, b) => a - b);
  expect(sorted(got)).toEqual(sorted(there.map((row) => row.id as number)));
}, 90_000);
