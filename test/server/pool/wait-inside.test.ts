/** A call on a pool inside a transaction of the same pool, which has no other connection left. */
import { expect, it, vi } from 'vitest';
import { CREATE } from '../../../src/client/internals.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { createPool, TimeoutError } from '../../../src/index.ts';
import { Pool } from '../../../src/pool/pool.ts';
import { splitPoolOptions } from '../../../src/pool/split-pool-options.ts';
import { systemClock } from '../../../src/transport/clock.ts';
import { failure } from '../../support/connections.ts';
import { deferred } from '../../support/deferred.ts';
import { serverDsn } from '../../support/servers/server.ts';

/** A pool of one connection, for which five seconds are over at once. */
function hastyPool(): Pool {
  const [settings, connect] = splitPoolOptions({ minSize: 0, maxSize: 1 });
  return Pool[CREATE](resolveConfig(serverDsn(), connect), settings, {
    now: systemClock.now,
    setTimer: (delay, callback, referenced) =>
      systemClock.setTimer(delay === 5000 ? 0 : delay, callback, referenced),
  });
}

it('is warned of by name, with the line of the call', async () => {
  const warned = deferred<Error & { detail?: string }>();
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => {
    warned.resolve(warning as Error);
  });
  await using pool = hastyPool();
  const inside = pool.transaction(async (tx) => {
    await tx.execute('SELECT 1');
    async function myOwnFunction() {
      const ending = new AbortController();
      const waiting = failure(pool.fetch({ text: 'SELECT 2', signal: ending.signal }));
      const warning = await warned.promise;
      ending.abort();
      await waiting;
      return warning;
    }
    return await myOwnFunction();
  });
  const warning = await inside;
  expect(warning.name).toBe('AsyncpgPoolWaitWarning');
  expect(warning.message).toMatch(/5000 ms .* inside a transaction of the same pool, whose 1 conn/);
  expect(warning.detail).toMatch(/^It was called: *\n/);
  expect(warning.detail).toMatch(/myOwnFunction .*wait-inside\.test\.ts/);
});

it('is named by the error of acquireTimeout, for every kind of call, and only there', async () => {
  await using pool = await createPool(serverDsn(), { minSize: 1, maxSize: 1, acquireTimeout: 20 });
  await using other = await createPool(serverDsn(), { minSize: 1, maxSize: 1, acquireTimeout: 20 });
  const hint = /HINT: {2}It was called inside a transaction of the same pool/;
  await pool.transaction(async (tx) => {
    await tx.execute('SELECT 1');
    const calls = [
      () => pool.fetch('SELECT 1'),
      () => pool.batch(['SELECT 1']),
      () => pool.executeMany('SELECT $1::int', [[1]]),
      () => pool.transaction(async () => 1),
      () => pool.withConnection(async () => 1),
      () => pool.acquire(),
      () => pool.stream('SELECT 1').next(),
      () => tx.transaction((inner) => inner.execute('SELECT 1').then(() => pool.fetch('SELECT 1'))),
      () => other.transaction(() => pool.fetch('SELECT 1')),
    ];
    for (const call of calls) {
      const error = await failure(call());
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error.message).toMatch(hint);
    }
    await using held = await other.acquire();
    expect(held).toBeDefined();
    expect((await failure(other.fetch('SELECT 1'))).message).not.toMatch(hint);
  });
  await using held = await pool.acquire();
  expect(held).toBeDefined();
  expect((await failure(pool.fetch('SELECT 1'))).message).not.toMatch(hint);
});
