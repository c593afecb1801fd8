import { afterAll, beforeAll, expect, test } from 'vitest';
import { TempCluster } from '../../../../src/cluster/index.ts';
import { asOwner } from '../../../support/servers/owner.ts';
import { both, plain } from './both.ts';

let cluster: TempCluster;

beforeAll(async () => {
  cluster = await TempCluster.start({
    hba: ['local all all trust', 'host all postgres all trust', 'host all all all scram-sha-256'],
  });
  await asOwner(
    cluster,
    'SET scram_iterations = 7',
    "CREATE ROLE few LOGIN PASSWORD 'secret'",
    'SET scram_iterations = 100001',
    "CREATE ROLE many LOGIN PASSWORD 'secret'",
  );
});

afterAll(() => cluster.stop());

test('scramMaxIterations bounds what a server may ask for, as in pg', async () => {
  const outcomes = await both(async ({ Client }) => {
    const told: unknown[] = [];
    for (const [user, options] of [
      ['few', {}],
      ['few', { scramMaxIterations: 6 }],
      ['few', { scramMaxIterations: '7' }],
      ['many', {}],
      ['many', { scramMaxIterations: 100_001 }],
      ['many', { scramMaxIterations: 0 }],
      ['many', { scramMaxIterations: Number.NaN }],
    ] as const) {
      const { host, port } = cluster;
      const login = { host, port, user, password: 'secret', database: 'postgres' };
      const client: any = new Client({ ...login, ...options } as never);
      client.on('error', () => {});
      try {
        await client.connect();
        told.push([client.scramMaxIterations, (await client.query('SELECT 1 AS a')).rows]);
        await client.end();
      } catch (error) {
        told.push([client.scramMaxIterations, plain(error)]);
      }
    }
    return told;
  });
  expect(outcomes[1]).toMatchObject([6, { message: expect.stringContaining('exceeds') }]);
  expect(outcomes[4]).toEqual([100_001, [{ a: 1 }]]);
});
