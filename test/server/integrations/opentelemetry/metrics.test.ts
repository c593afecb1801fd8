import { channel } from 'node:diagnostics_channel';
import { instrument } from 'asyncpg/opentelemetry';
import { expect, it } from 'vitest';
import { createPool } from '../../../../src/index.ts';
import { describeEach, failure, open } from '../../../support/connections.ts';
import { serverDsn } from '../../../support/servers/server.ts';
import { measured, useContexts } from './telemetry.ts';

useContexts();

describeEach('metrics of OpenTelemetry', (version) => {
  const url = new URL(serverDsn(version).replace(/^\w+:/, 'http:'));
  const database = url.pathname.slice(1);
  const poolName = `${url.hostname}:${url.port}/${database}`;
  const ofPool = { 'db.client.connection.pool.name': poolName };

  it('tell readers apart from their pool', async () => {
    const readers = { minSize: 1, maxSize: 5 };
    await using pool = await createPool(serverDsn(version), { minSize: 2, maxSize: 3, readers });
    const metrics = measured();
    await pool.readers.fetchVal('SELECT 1');
    const most = await metrics.points('db.client.connection.max');
    const of = (name: string): unknown =>
      most.find(({ attributes }) => attributes['db.client.connection.pool.name'] === name)?.value;
    expect(of(`${poolName}/readers`)).toBe(5);
    expect(of(poolName)).toBeGreaterThanOrEqual(3);
  });

  it('measure calls in seconds, by what they do and how they end', async () => {
    const c = await open(version);
    const metrics = measured();
    await c.fetch("SELECT 'secret' FROM pg_sleep(0.03)");
    await c.fetch('SELECT $1', 'secret');
    await failure(c.fetch('SELECT 1/0'));
    const points = await metrics.points('db.client.operation.duration');
    const place = {
      'db.system.name': 'postgresql',
      'db.namespace': database,
      'db.operation.name': 'SELECT',
      'db.query.summary': 'SELECT',
      'server.address': url.hostname,
      'server.port': Number(url.port),
    };
    expect(points.map(({ attributes, value }) => [attributes, value.count])).toEqual([
      [place, 2],
      [{ ...place, 'db.response.status_code': '22012', 'error.type': '22012' }, 1],
    ]);
    const { sum, buckets } = points[0]!.value;
    expect(sum).toBeGreaterThan(0.025);
    expect(sum).toBeLessThan(25);
    expect(buckets.boundaries).toEqual([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]);
  });

  it('count the connections of pools, those that were there before as well', async () => {
    await using pool = await createPool(serverDsn(version), { minSize: 1, maxSize: 3 });
    const metrics = measured();
    const holder = await pool.acquire();
    const other = await pool.acquire();
    await pool.release(other);
    const values = async (name: string) =>
      (await metrics.points(`db.client.connection.${name}`)).map(({ attributes, value }) => [
        attributes,
        value,
      ]);
    expect(await values('count')).toEqual([
      [{ ...ofPool, 'db.client.connection.state': 'idle' }, 1],
      [{ ...ofPool, 'db.client.connection.state': 'used' }, 1],
    ]);
    expect(await values('max')).toEqual([[ofPool, 3]]);
    expect(await values('idle.max')).toEqual([[ofPool, 3]]);
    expect(await values('idle.min')).toEqual([[ofPool, 1]]);
    expect(await values('pending_requests')).toEqual([[ofPool, 0]]);
    // Another pool to the same place has the same name: they are added up.
    const second = await createPool(serverDsn(version), { minSize: 1, maxSize: 4 });
    expect(await values('max')).toEqual([[ofPool, 7]]);
    await second.close();
    expect(await values('max')).toEqual([[ofPool, 3]]);
    await pool.release(holder);
  });

  it('of a pool that is closed are zero, until there is another one of its name', async () => {
    const metrics = measured();
    const values = async () => {
      const found = [];
      for (const name of ['count', 'max', 'idle.max', 'idle.min', 'pending_requests']) {
        const points = await metrics.points(`db.client.connection.${name}`);
        found.push(points.map(({ value }) => value));
      }
      return found;
    };
    const open = [[2, 0], [3], [3], [2], [0]];
    const closed = [[0, 0], [0], [0], [0], [0]];
    for (let i = 0; i < 2; i++) {
      const pool = await createPool(serverDsn(version), { minSize: 2, maxSize: 3 });
      expect(await values()).toEqual(open);
      await pool.close();
      expect(await values()).toEqual(closed);
      expect(await values()).toEqual(closed);
    }
    expect((await metrics.points('db.client.connection.timeouts')).map((p) => p.value)).toEqual([
      0,
    ]);
  });

  it('measure opening, waiting for, and holding connections', async () => {
    const metrics = measured();
    await using pool = await createPool(serverDsn(version), { minSize: 1, maxSize: 1 });
    const counts = async (name: string) =>
      (await metrics.points(`db.client.connection.${name}`)).map(({ attributes, value }) => [
        attributes,
        typeof value === 'number' ? value : value.count,
      ]);
    expect(await counts('create_time')).toEqual([[ofPool, 1]]);
    // Before the first one there is a series for it to be the first of.
    expect(await counts('timeouts')).toEqual([[ofPool, 0]]);
    const holder = await pool.acquire();
    expect(await counts('wait_time')).toEqual([[ofPool, 1]]);
    expect(await counts('use_time')).toEqual([]);
    // One that shares, and one of its own: both wait for the holder.
    const waiting = [pool.fetch('SELECT 1'), pool.withConnection((c) => c.fetch('SELECT 2'))];
    await expect.poll(() => pool.stats.waiting).toBe(2);
    const pending = await metrics.points('db.client.connection.pending_requests');
    expect(pending.map(({ value }) => value)).toEqual([2]);
    const { name } = await failure<Error>(pool.acquire({ timeout: 20 }));
    expect(name).toBe('TimeoutError');
    await failure(pool.acquire({ signal: AbortSignal.abort() }));
    expect(await counts('timeouts')).toEqual([[ofPool, 1]]);
    await holder.execute('SELECT pg_sleep(0.03)');
    await pool.release(holder);
    await Promise.all(waiting);
    expect(await counts('wait_time')).toEqual([[ofPool, 3]]);
    expect(await counts('use_time')).toEqual([[ofPool, 2]]);
    const [used] = await metrics.points('db.client.connection.use_time');
    expect(used!.value.sum).toBeGreaterThan(0.025);
    // A connection without a pool is none of a pool's.
    await open(version);
    expect(await counts('create_time')).toEqual([[ofPool, 1]]);
  });

  it('are not taken after they were taken back', async () => {
    await using pool = await createPool(serverDsn(version), { minSize: 1, maxSize: 1 });
    const metrics = measured();
    await pool.fetch('SELECT 1');
    metrics.stop();
    await pool.fetch('SELECT 1');
    const points = await metrics.points('db.client.operation.duration');
    expect(points.map(({ value }) => value.count)).toEqual([1]);
    expect(await metrics.points('db.client.connection.max')).toEqual([]);
    expect(channel('asyncpg:pool.release').hasSubscribers).toBe(false);
  });

  it('of pools are zeros when they were taken back', async () => {
    await using _pool = await createPool(serverDsn(version), { minSize: 1, maxSize: 3 });
    const metrics = measured();
    const values = async () => [
      (await metrics.points('db.client.connection.max')).map(({ value }) => value),
      (await metrics.points('db.client.connection.count')).map(({ value }) => value),
    ];
    expect(await values()).toEqual([[3], [1, 0]]);
    metrics.stop();
    expect(await values()).toEqual([[0], [0, 0]]);
    expect(await values()).toEqual([[0], [0, 0]]);
  });

  it('of pools go on where they are taken once more', async () => {
    await using _pool = await createPool(serverDsn(version), { minSize: 1, maxSize: 3 });
    const metrics = measured();
    const max = async () =>
      (await metrics.points('db.client.connection.max')).map(({ value }) => value);
    expect(await max()).toEqual([3]);
    const stop = instrument({ meterProvider: metrics.meterProvider });
    // The former callback is called for the last time, the new one for the first.
    expect(await max()).toEqual([3]);
    expect(await max()).toEqual([3]);
    stop();
    expect(await max()).toEqual([0]);
  });
});
