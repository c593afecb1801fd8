import { describe, expect, it } from 'vitest';
import { createPool, TimeoutError } from '../../../src/index.ts';
import { CountingDial } from '../../support/counting-dial.ts';
import { TestPool, until } from '../../support/pool.ts';
import { FaultProxy } from '../../support/servers/fault-proxy.ts';
import { testServer } from '../../support/servers/server.ts';

describe('the check of connections that have been silent', () => {
  it('costs the caller no round trip and keeps the connection', async () => {
    const counter = new CountingDial();
    await using test = await TestPool.open({
      minSize: 1,
      maxSize: 1,
      validate: 20,
      dial: counter.dial,
    });
    const { pool } = test;
    await pool.fetchVal('SELECT 1');
    const [backend] = await test.backends();
    const before = counter.flights;
    await until(() => counter.flights >= before + 3 && pool.idleSize === 1);
    expect(await counter.during(() => pool.fetchVal('SELECT 1'))).toBe(1);
    expect(await test.backends()).toEqual([backend]);
    expect(pool.stats.closed).toBe(0);
    await pool.close();
  });

  it('finds connections that the network has forgotten, and serves the callers on others', async () => {
    const counter = new CountingDial();
    await using test = await TestPool.open({
      minSize: 2,
      maxSize: 2,
      validate: 20,
      validateTimeout: 50,
      dial: counter.dial,
    });
    const { pool } = test;
    const lost = await test.backends();
    counter.silence();
    await until(() => pool.stats.closed === 2 && pool.idleSize === 2);
    const [a, b] = await Promise.all([pool.acquire(), pool.acquire()]);
    expect(lost).not.toContain(a.serverPid);
    expect(lost).not.toContain(b.serverPid);
    expect(await a.fetchVal('SELECT 1')).toBe(1);
    await Promise.all([pool.release(a), pool.release(b)]);
    await pool.close();
    await until(async () => (await test.backends()).length === 0);
  });

  it('is waited for by who comes while it is under way, no longer than validateTimeout', async () => {
    const counter = new CountingDial();
    await using test = await TestPool.open({
      minSize: 1,
      maxSize: 1,
      validate: 20,
      // Long enough to be seen under way on a busy machine.
      validateTimeout: 1000,
      dial: counter.dial,
    });
    const { pool } = test;
    const [lost] = await test.backends();
    counter.silence();
    await until(() => pool.stats.inUse === 1);
    expect(pool.idleSize).toBe(0);
    const [pid, one] = await Promise.all([
      pool.withConnection(async (connection) => connection.serverPid),
      pool.fetchVal('SELECT 1'),
    ]);
    expect(pid).not.toBe(lost);
    expect(one).toBe(1);
    await pool.close();
  });
});

it('a pool behind a network that goes silent fails in bounded time and recovers by itself', async () => {
  await using proxy = await FaultProxy.listen(testServer());
  await using pool = await createPool(proxy.dsn, {
    minSize: 2,
    maxSize: 2,
    timeout: 200,
    validate: 30,
    validateTimeout: 50,
  });
  expect(await pool.fetchVal('SELECT 1')).toBe(1);
  proxy.deaf = true;
  for (const link of proxy.links) link.strike('silence');
  await until(() => pool.stats.closed >= 2);
  // Whoever waits is told that no connection can be opened, or that his own time is up.
  await expect(pool.fetchVal('SELECT 1')).rejects.toBeInstanceOf(TimeoutError);
  await expect(pool.fetchVal({ text: 'SELECT 1', timeout: 20 })).rejects.toBeInstanceOf(
    TimeoutError,
  );
  await expect(pool.acquire({ timeout: 20 })).rejects.toBeInstanceOf(TimeoutError);
  proxy.heal();
  await until(() => pool.idleSize === 2);
  expect(await pool.fetchVal('SELECT 1')).toBe(1);
  await pool.close();
});
