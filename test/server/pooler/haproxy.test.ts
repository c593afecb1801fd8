import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { TempCluster } from '../../../src/cluster/index.ts';
import { connect, createPool, PostgresError, QueryCanceledError } from '../../../src/index.ts';
import { failure } from '../../support/connections.ts';
import { until } from '../../support/pool.ts';
import { HAPROXY, HaProxy } from '../../support/servers/haproxy.ts';

const TITLE =
  HAPROXY === null
    ? 'HAProxy (skipped: there is no haproxy in PATH or /usr/sbin)'
    : 'HAProxy in front of two servers';

describe.skipIf(HAPROXY === null)(TITLE, () => {
  let primary: TempCluster;
  let backup: TempCluster;
  let proxy: HaProxy;

  beforeAll(async () => {
    const settings = { cluster_name: 'primary' };
    primary = await TempCluster.start({ settings });
    backup = await TempCluster.start({ settings: { cluster_name: 'backup' } });
    proxy = await HaProxy.start([primary, backup]);
  });

  afterAll(async () => {
    await proxy?.stop();
    await Promise.all([primary?.stop(), backup?.stop()]);
  });

  it('is a connection like any other: named statements, cancelling', async () => {
    const c = await connect(proxy.dsn);
    onTestFinished(() => c.terminate());
    expect(await c.fetchVal('SHOW cluster_name')).toBe('primary');
    const statement = await c.prepare('SELECT $1::int4');
    for (let i = 0; i < 10; i++) expect(await statement.fetchVal(i)).toBe(i);
    const controller = new AbortController();
    const sleeping = failure(
      c.fetchVal({ text: 'SELECT pg_sleep(60)', signal: controller.signal }),
    );
    const direct = await connect(primary.dsn);
    const active = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'";
    await until(async () => (await direct.fetchVal(active)) === 1n);
    await direct.close();
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await sleeping).toBe(reason);
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });

  it('leads a pool to the other server when the first one is gone', async () => {
    const pool = await createPool(proxy.dsn, { minSize: 2, maxSize: 4, timeout: 5000 });
    onTestFinished(() => pool.terminate());
    const server = () => pool.fetchVal<string>('SHOW cluster_name');
    expect(await Promise.all(Array.from({ length: 20 }, server))).toEqual(
      Array.from({ length: 20 }, () => 'primary'),
    );
    const sleeping = failure(pool.fetchVal('SELECT pg_sleep(60)'));
    await primary.stop();
    const error = await sleeping;
    expect(error).toBeInstanceOf(PostgresError);
    expect(error).not.toBeInstanceOf(QueryCanceledError);
    await until(async () => (await server().catch(() => null)) === 'backup');
    expect(await Promise.all(Array.from({ length: 20 }, server))).toEqual(
      Array.from({ length: 20 }, () => 'backup'),
    );
  });
});
