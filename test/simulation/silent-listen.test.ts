import { expect, test } from 'vitest';
import { CREATE } from '../../src/client/internals.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { checkedPoolOptions } from '../../src/pool/checked-pool-options.ts';
import { Pool } from '../../src/pool/pool.ts';
import type { PoolOptions } from '../../src/pool/pool-options.ts';
import { VirtualClock } from '../support/fakes/virtual-clock.ts';
import { SimulatedServer } from './simulated-server.ts';

const SECOND = 1_000;

function poolOf(server: SimulatedServer, given: PoolOptions): Pool {
  const [settings, options] = checkedPoolOptions({
    host: 'simulated',
    user: 'ada',
    ssl: 'disable',
    dial: server.dial,
    ...given,
  });
  return Pool[CREATE](resolveConfig(undefined, options), settings, server.clock);
}

test('a server that falls silent before a lost subscription listens again is given up', async () => {
  const server = new SimulatedServer((settled) => new VirtualClock(settled));
  const { clock } = server;
  server.latency = 10;
  const pool = poolOf(server, { minSize: 0 });
  const pass = async (milliseconds: number): Promise<void> => {
    await clock.advance(0);
    await clock.advance(milliseconds);
  };
  const heard: string[] = [];
  const listening = pool.listen('news', ({ payload }) => void heard.push(payload), {
    onReconnect: () => heard.push('reconnected'),
  });
  await pass(SECOND);
  const subscription = await listening;
  server.crash();
  // The next connection is made, LISTEN is sent, and no answer comes.
  await pass(15);
  expect(server.sessions[0]?.channels).toEqual(new Set(['news']));
  server.fallSilent();
  await pass(60 * SECOND);
  expect(heard).toEqual(['reconnected']);
  server.notify('news', 'hello');
  await pass(SECOND);
  expect(heard).toEqual(['reconnected', 'hello']);
  const closing = Promise.all([subscription.close(), pool.close()]);
  await pass(5 * SECOND);
  await closing;
  expect(clock.timers).toBe(0);
});

test('a call behind a reset that is not answered in time is worth another try', async () => {
  const server = new SimulatedServer((settled) => new VirtualClock(settled));
  const { clock } = server;
  const pool = poolOf(server, { minSize: 0, maxSize: 1, resetOnRelease: 'always' });
  const pass = async (milliseconds: number): Promise<void> => {
    await clock.advance(0);
    await clock.advance(milliseconds);
  };
  const acquiring = pool.acquire();
  await pass(SECOND);
  const connection = await acquiring;
  server.fallSilent();
  const released = pool.release(connection);
  const behind = pool.execute('SELECT 1').catch((error: Error) => error);
  await pass(20 * SECOND);
  await released;
  expect(await behind).toMatchObject({
    message: expect.stringContaining('could not be undone'),
    // It was sent behind the reset, which the server may have carried out.
    safeToRetry: false,
    isTransient: true,
  });
  const closing = pool.close();
  await pass(5 * SECOND);
  await closing;
});
