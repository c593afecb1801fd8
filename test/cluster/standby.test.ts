import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ClusterError, TempCluster } from '../../src/cluster/index.ts';

async function ask(cluster: TempCluster, query: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: cluster.dsn });
  await client.connect();
  try {
    const result = await client.query<unknown[]>({ text: query, rowMode: 'array' });
    return result.rows[0]?.[0];
  } finally {
    await client.end();
  }
}

describe('a standby of a temporary cluster', () => {
  let primary: TempCluster;
  let standby: TempCluster;

  beforeAll(async () => {
    primary = await TempCluster.start({ settings: { max_connections: 20 } });
    await ask(primary, 'CREATE TABLE early AS SELECT 1 AS n');
    standby = await TempCluster.startStandby(primary, { settings: { work_mem: '5MB' } });
  });

  afterAll(async () => {
    await standby?.stop();
    await primary?.stop();
  });

  test('has the data from before and settings of both', async () => {
    expect(await ask(standby, 'SELECT n FROM early')).toBe(1);
    expect(await ask(standby, 'SHOW max_connections')).toBe('20');
    expect(await ask(standby, 'SHOW work_mem')).toBe('5MB');
    expect(standby.port).not.toBe(primary.port);
  });

  test('follows the primary and is read-only until it is promoted', async () => {
    await ask(primary, 'CREATE TABLE late AS SELECT 2 AS n');
    await expect
      .poll(() => ask(standby, "SELECT to_regclass('late') IS NOT NULL"), { timeout: 20_000 })
      .toBe(true);
    expect(await ask(standby, 'SELECT n FROM late')).toBe(2);
    expect(await ask(standby, 'SELECT pg_is_in_recovery()')).toBe(true);
    await expect(ask(standby, 'CREATE TABLE refused ()')).rejects.toThrow(/read-only/);

    await standby.promote();
    await ask(standby, 'CREATE TABLE own ()');
    expect(await ask(standby, 'SELECT pg_is_in_recovery()')).toBe(false);
    await standby.restart();
    expect(await ask(standby, 'SELECT pg_is_in_recovery()')).toBe(false);
  });

  test('cannot be promoted when it is none', async () => {
    await expect(primary.promote()).rejects.toThrow(ClusterError);
  });
});

test('a stopped cluster gets no standby', async () => {
  const primary = await TempCluster.start();
  await primary.stop();
  await expect(TempCluster.startStandby(primary)).rejects.toThrow('the cluster is stopped');
});
