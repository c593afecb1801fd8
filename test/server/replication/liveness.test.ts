import { expect, test } from 'vitest';
import { parseLsn } from '../../../src/protocol/replication/lsn.ts';
import {
  type ChangeTransaction,
  openChangeStream,
  slotStatus,
} from '../../../src/replication/index.ts';
import {
  iteratorOf,
  onEachServer,
  until,
  walsenderOf,
} from '../../support/replication/logical-cluster.ts';

// One for each test, which run side by side: most of their time they wait.
const tables = ['sleepy', 'blocked', 'idle', 'silent'].map(
  (name) => `
  CREATE TABLE ${name} (id int PRIMARY KEY, body text);
  CREATE PUBLICATION ${name} FOR TABLE ${name};`,
);
const SCHEMA = `CREATE TABLE other (body text); ${tables.join('')}`;

const SERVER = { schema: SCHEMA, settings: { wal_sender_timeout: 2000 } };

onEachServer('a change stream', SERVER, (server) => {
  const flushed = async (slot: string): Promise<bigint> =>
    parseLsn((await slotStatus(server.pool, slot))!.confirmedFlush!);
  const end = async (): Promise<bigint> =>
    parseLsn((await server.pool.fetchVal('SELECT pg_current_wal_lsn()')) as string);

  test.concurrent('is not taken for dead while its consumer sleeps, and keeps its memory', async () => {
    const { pool } = server;
    await using stream = await openChangeStream(pool, { slot: 'sleepy', publication: 'sleepy' });
    await pool.execute(
      "INSERT INTO sleepy SELECT i, repeat('x', 200) FROM generate_series(1, 50000) i",
    );
    const before = await flushed('sleepy');
    let count = 0;
    for await (const transaction of stream) {
      for await (const _ of transaction) {
        count += 1;
        // Three times the time-out: only updates that need no reading keep it alive.
        if (count === 10_000) await new Promise((resolve) => setTimeout(resolve, 7000));
      }
      expect(await flushed('sleepy')).toBeLessThan(parseLsn(transaction.lsn));
      break;
    }
    expect(count).toBe(50_000);
    expect(stream.stats.reconnects).toBe(0);
    expect(stream.stats.statusUpdates).toBeGreaterThan(5);
    // The high water, and not one more: what else has arrived waits as it came.
    expect(stream.stats.maxQueued).toBe(1024);
    expect(before).toBeLessThan(await end());
  }, 60_000);

  test.concurrent('lets its slot follow while others write, and not past what is pending', async () => {
    const { pool } = server;
    await using stream = await openChangeStream(pool, {
      slot: 'idle',
      publication: 'idle',
      acknowledge: 'manual',
    });
    const writeElsewhere = (): Promise<string> =>
      pool.execute("INSERT INTO other SELECT repeat('x', 1000) FROM generate_series(1, 10000)");
    await writeElsewhere();
    const target = await end();
    await until(async () => (await flushed('idle')) >= target - 1_000_000n);

    await pool.execute('INSERT INTO idle VALUES (-1)');
    const iterator = iteratorOf(stream);
    let transaction: ChangeTransaction = (await iterator.next()).value!;
    while (!(await transaction.toArray()).some(({ kind }) => kind === 'insert')) {
      transaction.ack();
      transaction = (await iterator.next()).value!;
    }
    await writeElsewhere();
    // Keepalives that come between its commit and its acknowledgement move nothing.
    const { keepalives } = stream.stats;
    await until(async () => stream.stats.keepalives > keepalives + 2);
    await stream.flush();
    expect(await flushed('idle')).toBeLessThan(parseLsn(transaction.lsn));
    // As the server tells of its end, by and by.
    await until(async () => stream.lag > 9_000_000n);
    transaction.ack();
    await stream.flush();
    expect(await flushed('idle')).toBeGreaterThanOrEqual(parseLsn(transaction.lsn));
    const last = await end();
    await until(async () => (await flushed('idle')) >= last - 1_000_000n);
  }, 60_000);

  test.concurrent('finds a server that is silent', async () => {
    const { pool } = server;
    const errors: Error[] = [];
    await using stream = await openChangeStream(pool, {
      slot: 'silent',
      publication: 'silent',
      receiveTimeout: 1000,
      onReconnect: ({ error }) => errors.push(error),
    });
    const pid = await walsenderOf(pool, 'silent');
    process.kill(pid, 'SIGSTOP');
    await until(async () => errors.length > 0);
    expect(errors[0]!.name).toBe('TimeoutError');
    expect(errors[0]!.message).toMatch(/silent for \d+ seconds/);
    process.kill(pid, 'SIGCONT');
    await pool.execute('INSERT INTO silent VALUES (-2)');
    for await (const transaction of stream) {
      const changes = await transaction.toArray();
      if (changes.some((change) => change.kind === 'insert' && change.new.id === -2)) break;
    }
  }, 60_000);

  test.concurrent('ends its wait when it is closed, or its signal is aborted', async () => {
    const { pool } = server;
    const closing = await openChangeStream(pool, { slot: 'temporary', publication: 'silent' });
    const next = iteratorOf(closing).next();
    await closing.close();
    expect(await next).toEqual({ done: true, value: undefined });

    const controller = new AbortController();
    const { signal } = controller;
    const aborted = await openChangeStream(pool, {
      slot: 'temporary',
      publication: 'silent',
      signal,
    });
    const waiting = iteratorOf(aborted).next();
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await aborted.close();
  });

  test('that is held up itself loses and repeats nothing', async () => {
    const { pool, cluster } = server;
    const dsn = `${cluster.dsn}?options=-c%20wal_sender_timeout%3D1000`;
    await using stream = await openChangeStream(dsn, {
      slot: 'blocked',
      publication: 'blocked',
    });
    await pool.execute('INSERT INTO blocked SELECT generate_series(1, 20000)');
    const ids: number[] = [];
    for await (const transaction of stream) {
      for await (const change of transaction) {
        if (change.kind === 'insert') ids.push(change.new.id);
        if (ids.length === 5000) {
          // Nothing of this process runs for twice the time-out.
          const until = Date.now() + 2500;
          while (Date.now() < until);
        }
      }
      if (ids.length > 0) break;
    }
    expect(ids).toEqual(Array.from({ length: 20_000 }, (_, i) => i + 1));
    expect(stream.stats.reconnects).toBeLessThanOrEqual(1);
  }, 60_000);
});
