/** How long a change stream waits before it connects once more, on a virtual clock and a simulated walsender. */
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { CREATE } from '../../src/client/internals.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { checkedPoolOptions } from '../../src/pool/checked-pool-options.ts';
import { Pool } from '../../src/pool/pool.ts';
import { type ChangeStream, openChangeStream } from '../../src/replication/index.ts';
import { VirtualClock } from '../support/fakes/virtual-clock.ts';
import { SimulatedPrimary, SLOT } from './simulated-walsender.ts';

let server: SimulatedPrimary;
let stream: ChangeStream;

beforeEach(async () => {
  server = new SimulatedPrimary((settled) => new VirtualClock(settled));
  const [settings, options] = checkedPoolOptions({
    host: 'simulated',
    user: 'ada',
    database: 'shop',
    ssl: 'disable',
    dial: server.dial,
    minSize: 0,
  });
  const pool = Pool[CREATE](resolveConfig(undefined, options), settings, server.clock);
  const opening = openChangeStream(pool, { slot: SLOT, publication: 'simulated' });
  await milliseconds(() => server.active !== null);
  stream = await opening;
  const consuming = (async () => {
    for await (const transaction of stream) await transaction.toArray();
  })();
  onTestFinished(async () => {
    const closing = stream.close();
    await server.clock.advance(60_000);
    await closing;
    await consuming;
    await pool.close();
  });
});

/** How long it takes until something is so. */
async function milliseconds(isSo: () => boolean): Promise<number> {
  const began = server.clock.now();
  await server.clock.advance(0);
  while (!isSo()) {
    if (server.clock.now() - began > 600_000) throw new Error('it is never so');
    await server.clock.advance(10);
  }
  return server.clock.now() - began;
}

/** Loses the connection. How long it takes until there is another one. */
async function lost(): Promise<number> {
  server.active!.lose();
  const before = stream.stats.reconnects;
  return await milliseconds(() => stream.stats.reconnects > before && server.active !== null);
}

/** What connecting takes beside the pause. */
const CONNECTING = 50;

test('it is longer and longer where each connection is lost as soon as it streams', async () => {
  expect(await lost()).toBeLessThan(CONNECTING);
  for (const pause of [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]) {
    const took = await lost();
    // Half of it is jitter.
    expect(took).toBeGreaterThanOrEqual(pause / 2);
    expect(took).toBeLessThan(pause + CONNECTING);
  }
});

test('it is the shortest where changes come, and does not grow', async () => {
  expect(await lost()).toBeLessThan(CONNECTING);
  for (let count = 1; count <= 12; count++) {
    server.commit(1);
    await milliseconds(() => stream.stats.changes === count);
    const took = await lost();
    expect(took).toBeGreaterThanOrEqual(50);
    expect(took).toBeLessThan(100 + CONNECTING);
  }
});

test('there is none where the connection has lasted for a second', async () => {
  for (let i = 0; i < 3; i++) {
    for (let soon = 0; soon < 4; soon++) await lost();
    await server.clock.advance(1_000);
    expect(await lost()).toBeLessThan(CONNECTING);
  }
});
