import { afterEach, expect, it, vi } from 'vitest';
import { createPool } from '../../../src/index.ts';
import { serverDsn } from '../../support/servers/server.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** Whoever fakes time for tests of an application must not stop or hasten what its pool waits for. */
it.each(['before', 'after'])('timers faked %s the pool is made are none of its', async (moment) => {
  const fake = (): unknown => vi.useFakeTimers();
  if (moment === 'before') fake();
  await using pool = await createPool(serverDsn(), { minSize: 1 });
  if (moment === 'after') fake();
  const patient = { text: 'SELECT 1', timeout: 60_000 };
  expect(await pool.fetchVal(patient)).toBe(1);
  vi.advanceTimersByTime(301_000);
  expect(await pool.fetchVal(patient)).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
  // Would go on for ever, did the pool beat time by these.
  await vi.runAllTimersAsync();
  expect(await pool.transaction((tx) => tx.fetchVal('SELECT 1'))).toBe(1);
});

it('what is notified is heard where microtasks are faked, as by Jest and Sinon', async () => {
  await using pool = await createPool(serverDsn(), { minSize: 1 });
  vi.useFakeTimers({ toFake: ['queueMicrotask', 'setImmediate', 'setTimeout'] });
  const heard: string[] = [];
  const listener = await pool.listen('faked', ({ payload }) => heard.push(payload));
  await pool.execute("NOTIFY faked, 'one'");
  while (heard.length === 0) await pool.execute('SELECT 1');
  expect(heard).toEqual(['one']);
  await listener.close();
});
