import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { contextFor } from '../../../src/client/connect.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import {
  InterfaceError,
  InvalidArgumentError,
  type Notification,
  type Subscription,
} from '../../../src/index.ts';
import { SubscriptionHub } from '../../../src/pool/subscription-hub.ts';
import { CountingDial } from '../../support/counting-dial.ts';
import { VirtualClock } from '../../support/fakes/virtual-clock.ts';
import { sleep, stateOf, TestPool, until } from '../../support/pool.ts';
import { serverDsn } from '../../support/servers/server.ts';

/** A pool whose only connection on the server is the one that listens. */
const LISTENER = { minSize: 0, maxSize: 2 } as const;

/** Sends from outside of the pool, so that its own connections stay as they are. */
function send(test: TestPool, channel: string, payload: string): Promise<void> {
  return test.admin.notify(channel, payload);
}

describe('listen', () => {
  it('delivers what is sent once it has resolved, with channel, payload, pid and connection', async () => {
    await using test = await TestPool.open(LISTENER);
    const got: Notification[] = [];
    await using subscription = await test.pool.listen('news', (n) => {
      got.push(n);
    });
    expect(subscription.channel).toBe('news');
    await send(test, 'news', 'one');
    await until(() => got.length === 1);
    expect(got[0]).toMatchObject({ channel: 'news', payload: 'one', pid: test.admin.serverPid });
    expect(got[0]!.connection.serverPid).toBe((await test.backends())[0]);
  });

  it('uses one connection for all channels, apart from the pool’s, closed with the last', async () => {
    await using test = await TestPool.open({ minSize: 1, maxSize: 1 });
    const { pool } = test;
    const subscriptions = await Promise.all(
      Array.from({ length: 20 }, (_, i) => pool.listen(`channel ${i % 5}`, () => {})),
    );
    expect(pool.size).toBe(1);
    expect(await test.backends()).toHaveLength(2);
    for (const subscription of subscriptions) await subscription.close();
    await until(async () => (await test.backends()).length === 1);
    // And is opened anew for the next.
    const got: string[] = [];
    await using again = await pool.listen('channel 1', ({ payload }) => {
      got.push(payload);
    });
    await send(test, again.channel, 'back');
    await until(() => got.length === 1);
  });

  it('lets each subscription of a channel come and go for itself', async () => {
    await using test = await TestPool.open(LISTENER);
    const { pool } = test;
    const got: string[] = [];
    const callback = ({ payload }: Notification): void => {
      got.push(payload);
    };
    const first = await pool.listen('news', callback);
    const second = await pool.listen('news', callback);
    await send(test, 'news', 'both');
    await until(() => got.length === 2);
    await first.close();
    await first.close();
    await send(test, 'news', 'second only');
    await until(() => got.length === 3);
    await second.close();
    await using other = await pool.listen('other', callback);
    await send(test, 'news', 'nobody');
    await send(test, other.channel, 'other');
    await until(() => got.includes('other'));
    expect(got).toEqual(['both', 'both', 'second only', 'other']);
  });

  it('rejects when it cannot connect, and works when it can', async () => {
    let broken = true;
    const counter = new CountingDial();
    await using test = await TestPool.open({
      dial: async (host) => {
        if (broken) throw new Error('no network');
        return counter.dial(host);
      },
    });
    const { pool } = test;
    const calls = [pool.listen('news', () => {}), pool.listen('news', () => {})];
    for (const call of calls) await expect(call).rejects.toThrow('no network');
    broken = false;
    const got: string[] = [];
    await using _ = await pool.listen('news', ({ payload }) => {
      got.push(payload);
    });
    await send(test, 'news', 'here');
    await until(() => got.length === 1);
  });

  it('refuses a name that cannot be a channel, and no other call of the moment', async () => {
    await using test = await TestPool.open(LISTENER);
    const { pool } = test;
    for (const name of ['a\0b', 'x'.repeat(64), '', 7 as never, '\ud800']) {
      const refused = pool.listen(name, () => {});
      const [, listened] = await Promise.allSettled([refused, pool.listen('news', () => {})]);
      await expect(refused).rejects.toThrow(InvalidArgumentError);
      expect(listened.status).toBe('fulfilled');
    }
  });

  it('calls back in the context of who has subscribed, as a connection does', async () => {
    await using test = await TestPool.open(LISTENER);
    const contexts = new AsyncLocalStorage<string>();
    const got: string[] = [];
    const tell = (what: string) => (): void => {
      got.push(`${what}: ${contexts.getStore()}`);
    };
    const subscriptions: Subscription[] = [];
    for (const who of ['one', 'two']) {
      await contexts.run(who, async () => {
        const onReconnect = tell('again');
        subscriptions.push(await test.pool.listen('news', tell('news'), { onReconnect }));
        await test.admin.addListener('news', tell('own'));
        test.admin.addLogListener(tell('log'));
      });
    }
    await send(test, 'news', '');
    await until(() => got.length === 4);
    await test.admin.execute("DO $$ BEGIN RAISE NOTICE 'hello'; END $$");
    await until(() => got.length === 6);
    expect(got.splice(0).toSorted()).toEqual(
      ['log', 'news', 'own'].flatMap((what) => [`${what}: one`, `${what}: two`]),
    );
    await test.kill();
    await until(() => got.length === 2);
    expect(got).toEqual(['again: one', 'again: two']);
    for (const subscription of subscriptions) await subscription.close();
  });

  it('reports a callback that fails as a warning, and goes on', async () => {
    await using test = await TestPool.open(LISTENER);
    const warning = new Promise<Error>((resolve) => process.once('warning', resolve));
    let calls = 0;
    await using _ = await test.pool.listen('news', () => {
      calls += 1;
      throw new Error('callback failed');
    });
    await send(test, 'news', 'one');
    expect((await warning).message).toContain('callback failed');
    await send(test, 'news', 'two');
    await until(() => calls === 2);
  });
});

describe('the iteration of a subscription', () => {
  it('begins with what came since listen and ends with close', async () => {
    await using test = await TestPool.open(LISTENER);
    const subscription = await test.pool.listen('news', () => {});
    await send(test, 'news', '1');
    await send(test, 'news', '2');
    const got: string[] = [];
    for await (const { payload } of subscription) {
      got.push(payload);
      if (payload === '2') await send(test, 'news', '3');
      if (payload === '3') await subscription.close();
    }
    expect(got).toEqual(['1', '2', '3']);
    expect(await subscription[Symbol.asyncIterator]().next()).toMatchObject({ done: true });
  });

  it('may be left while the subscription goes on', async () => {
    await using test = await TestPool.open(LISTENER);
    let calls = 0;
    await using subscription = await test.pool.listen('news', () => {
      calls += 1;
    });
    await send(test, 'news', '1');
    for await (const _ of subscription) break;
    await send(test, 'news', '2');
    await until(() => calls === 2);
    const next = subscription[Symbol.asyncIterator]().next();
    await send(test, 'news', '3');
    expect(await next).toMatchObject({ value: { payload: '3' } });
  });

  it('fails rather than lose one unseen when its consumer is too slow', async () => {
    await using test = await TestPool.open(LISTENER);
    let last = '';
    await using subscription = await test.pool.listen('flood', ({ payload }) => {
      last = payload;
    });
    const iterator = subscription[Symbol.asyncIterator]();
    await test.admin.execute(
      "SELECT pg_notify('flood', n::text) FROM generate_series(1, 10001) AS n",
    );
    await until(() => last === '10001');
    for (let i = 1; i <= 10_000; i++) {
      expect((await iterator.next()).value?.payload).toBe(String(i));
    }
    await expect(iterator.next()).rejects.toThrow(/notifications were lost/);
    expect(await iterator.next()).toMatchObject({ done: true });
  });

  it('ends with the pool', async () => {
    await using test = await TestPool.open(LISTENER);
    const { pool } = test;
    const [first, second] = [await pool.listen('a', () => {}), await pool.listen('b', () => {})];
    const waiting = [first[Symbol.asyncIterator]().next(), second[Symbol.asyncIterator]().next()];
    await pool.close();
    for (const next of waiting) expect(await next).toMatchObject({ done: true });
    await first.close();
  });
});

/** Waits until the server listens for the pool on so many channels, on a new connection. */
async function untilBack(test: TestPool, lost: number): Promise<void> {
  await until(async () => {
    const pids = await test.backends();
    return pids.length === 1 && pids[0] !== lost;
  });
}

describe('a subscription whose connection is lost', () => {
  it('is restored, and told exactly once for each gap, before anything new', async () => {
    await using test = await TestPool.open(LISTENER);
    const { pool } = test;
    const events: string[] = [];
    const listen = (channel: string) =>
      pool.listen(channel, ({ payload }) => void events.push(`${channel}: ${payload}`), {
        onReconnect: () => events.push(`${channel}: gap`),
      });
    await using _a = await listen('a');
    await using _b = await listen('b');
    for (let round = 1; round <= 3; round++) {
      events.length = 0;
      const [pid] = await test.backends();
      await test.kill([pid!]);
      await until(async () => !(await test.backends()).includes(pid!));
      // Sent all the time: some get lost, but none comes before the gap is told.
      await until(async () => {
        await send(test, 'a', `new ${round}`);
        await send(test, 'b', `new ${round}`);
        return events.includes(`a: new ${round}`) && events.includes(`b: new ${round}`);
      });
      expect(events.filter((event) => event.endsWith('gap')).toSorted()).toEqual([
        'a: gap',
        'b: gap',
      ]);
      expect(events.indexOf('a: gap')).toBeLessThan(events.indexOf(`a: new ${round}`));
      expect(events.indexOf('b: gap')).toBeLessThan(events.indexOf(`b: new ${round}`));
    }
  });

  it('is restored with all others at once, however many there are', async () => {
    const counter = new CountingDial();
    await using test = await TestPool.open({ ...LISTENER, dial: counter.dial });
    const got: string[] = [];
    const gaps: number[] = [];
    for (let n = 0; n < 30; n++) {
      const callback = ({ payload }: Notification): void => void got.push(payload);
      await test.pool.listen(`many ${n}`, callback, { onReconnect: () => void gaps.push(n) });
    }
    counter.take();
    counter.cut();
    await until(() => gaps.length === 30);
    // The log-in, and the thirty LISTEN together.
    expect(counter.take()).toBeLessThan(10);
    for (let n = 0; n < 30; n++) await send(test, `many ${n}`, String(n));
    await until(() => got.length === 30);
    expect(got).toEqual(Array.from({ length: 30 }, (_, n) => String(n)));
  });

  it('stays away when it was closed meanwhile', async () => {
    const counter = new CountingDial();
    let broken = false;
    await using test = await TestPool.open({
      ...LISTENER,
      dial: async (host) => {
        if (broken) throw new Error('no network');
        return counter.dial(host);
      },
    });
    const { pool } = test;
    const events: string[] = [];
    const removed = await pool.listen('news', () => void events.push('removed'), {
      onReconnect: () => events.push('removed: gap'),
    });
    await using _ = await pool.listen('news', () => void events.push('kept'), {
      onReconnect: () => events.push('kept: gap'),
    });
    const gone = await pool.listen('gone', () => {});
    broken = true;
    const [lost] = await test.backends();
    counter.cut();
    await sleep(50);
    // Closing does not wait for the server to come back.
    await removed.close();
    await gone.close();
    broken = false;
    await untilBack(test, lost!);
    await until(() => events.includes('kept: gap'));
    await send(test, 'news', '!');
    await until(() => events.includes('kept'));
    expect(events).toEqual(['kept: gap', 'kept']);
    const channels = await test.admin.fetchVal<string>(
      'SELECT query FROM pg_stat_activity WHERE application_name = $1',
      test.name,
    );
    expect(channels).toBe('LISTEN "news"');
  });

  it('takes new ones in while it is away, which know of no gap', async () => {
    const counter = new CountingDial();
    let broken = false;
    await using test = await TestPool.open({
      ...LISTENER,
      dial: async (host) => {
        if (broken) throw new Error('no network');
        return counter.dial(host);
      },
    });
    const { pool } = test;
    const events: string[] = [];
    await using _old = await pool.listen('news', () => {}, {
      onReconnect: () => events.push('old: gap'),
    });
    broken = true;
    counter.cut();
    await sleep(20);
    const coming = pool.listen('news', () => void events.push('new'), {
      onReconnect: () => events.push('new: gap'),
    });
    expect(await stateOf(coming)).toBe('pending');
    broken = false;
    await using _new = await coming;
    await send(test, 'news', '!');
    await until(() => events.includes('new'));
    expect(events).toEqual(['old: gap', 'new']);
  });

  it.each(['close', 'terminate'] as const)('ends at once by the pool’s %s', async (how) => {
    const counter = new CountingDial();
    let broken = false;
    await using test = await TestPool.open({
      ...LISTENER,
      dial: async (host) => {
        if (broken) throw new Error('no network');
        return counter.dial(host);
      },
    });
    const { pool } = test;
    const subscription = await pool.listen('news', () => {});
    const next = subscription[Symbol.asyncIterator]().next();
    broken = true;
    counter.cut();
    await sleep(400);
    const coming = pool.listen('news', () => {});
    await (how === 'close' ? pool.close() : pool.terminate());
    expect(await next).toMatchObject({ done: true });
    await expect(coming).rejects.toBeInstanceOf(Error);
    await expect(pool.listen('news', () => {})).rejects.toBeInstanceOf(InterfaceError);
    expect(counter.open).toBe(0);
  });

  it('comes back also for those whose onReconnect throws or rejects, which is a warning', async () => {
    const counter = new CountingDial();
    await using test = await TestPool.open({ ...LISTENER, dial: counter.dial });
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on('warning', onWarning);
    const got: string[] = [];
    const failing = [
      () => {
        throw new Error('thrown');
      },
      async () => {
        throw new Error('rejected');
      },
    ];
    for (const onReconnect of failing) {
      await test.pool.listen('news', ({ payload }) => got.push(payload), { onReconnect });
    }
    counter.cut();
    await expect.poll(() => warnings.map(({ name }) => name)).toHaveLength(2);
    process.off('warning', onWarning);
    expect(warnings.map(({ name }) => name)).toEqual(new Array(2).fill('AsyncpgCallbackWarning'));
    expect(warnings.map(({ message }) => message)).toEqual([
      'an onReconnect callback failed: thrown',
      'an onReconnect callback failed: rejected',
    ]);
    await send(test, 'news', 'back');
    await until(() => got.length === 2);
  });

  it('comes back by one connection only when it is lost again while it comes back', async () => {
    const counter = new CountingDial();
    await using test = await TestPool.open({ ...LISTENER, dial: counter.dial });
    const { pool } = test;
    let gaps = 0;
    const subscriptions = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        pool.listen(`channel ${i}`, () => {}, {
          onReconnect: () => {
            if (i === 0) gaps += 1;
          },
        }),
      ),
    );
    for (let i = 0; i < 60; i++) {
      counter.cut();
      await sleep(i % 12);
    }
    await until(() => counter.open === 1 && gaps > 0);
    const before = gaps;
    await sleep(300);
    expect(counter.open).toBe(1);
    expect(gaps - before).toBeLessThanOrEqual(1);
    expect(await test.backends()).toHaveLength(1);
    for (const subscription of subscriptions) await subscription.close();
    await until(() => counter.open === 0);
  });

  it('comes back when the network has gone silent, which a heartbeat finds out', async () => {
    const counter = new CountingDial();
    const clock = new VirtualClock();
    let dialled = 0;
    const dial: typeof counter.dial = (host) => {
      dialled += 1;
      return counter.dial(host);
    };
    const config = resolveConfig(serverDsn(), { dial });
    const hub = new SubscriptionHub({ ...contextFor(config), clock });
    const events: string[] = [];
    await using test = await TestPool.open(LISTENER);
    await using subscription = await hub.subscribe(
      'heartbeat',
      ({ payload }) => void events.push(payload),
      () => events.push('gap'),
    );
    // The server answers as long as it can be reached.
    await clock.advance(30_000);
    await send(test, 'heartbeat', 'one');
    await until(() => events.includes('one'));
    counter.silence();
    const silentSince = clock.now();
    await until(async () => {
      await clock.advance(1_000);
      return dialled > 1 || clock.now() - silentSince > 60_000;
    });
    expect(clock.now() - silentSince).toBeLessThanOrEqual(41_000);
    await until(async () => {
      // A pause between attempts passes by the same clock.
      await clock.advance(10);
      return events.includes('gap');
    });
    await send(test, subscription.channel, 'two');
    await until(() => events.includes('two'));
    expect(events).toEqual(['one', 'gap', 'two']);
    await hub.close();
    await until(() => counter.open === 0);
  });
});
