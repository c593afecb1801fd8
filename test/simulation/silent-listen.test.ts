import { expect, test } from 'vitest';
import { CREATE } from '../../src/client/internals.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { checkedPoolOptions } from '../../src/pool/checked-pool-options.ts';
import { Pool } from '../../src/pool/pool.ts';
import { VirtualClock } from '../support/fakes/virtual-clock.ts';
import { SimulatedServer } from './simulated-server.ts';

const SECOND = 1_000;

test('a server that falls silent before a lost subscription listens again is given up', async () => {
  const server = new SimulatedServer((settled) => new VirtualClock(settled));
  const { clock } = server;
  server.latency = 10;
  const [settings, options] = checkedPoolOptions({
    host: 'simulated',
    user: 'ada',
    ssl: 'disable',
    dial: server.dial,
    minSize: 0,
  });
  const pool = Pool[CREATE](resolveConfig(undefined, options), settings, clock);
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
