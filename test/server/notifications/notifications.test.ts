import { expect, it, vi } from 'vitest';
import {
  ConnectionDoesNotExistError,
  InterfaceError,
  InvalidArgumentError,
  type Notification,
} from '../../../src/index.ts';
import { describeEach, failure, open } from '../../support/connections.ts';

describeEach('notifications', (version) => {
  /** A channel that no other test uses. */
  let channels = 0;
  const channel = (): string => {
    channels += 1;
    return `test_${process.pid}_${channels}`;
  };

  it('reach every callback of their channel, with payload, sender and connection', async () => {
    const [c, other] = [await open(version), await open(version)];
    const name = channel();
    const seen: Notification[] = [];
    const first = (n: Notification) => void seen.push(n);
    const second = (n: Notification) => void seen.push(n);
    await c.addListener(name, first);
    await c.addListener(name, second);
    await other.notify(name, 'hello');
    await expect.poll(() => seen.length).toBe(2);
    expect(seen[0]).toMatchObject({ channel: name, payload: 'hello', pid: other.serverPid });
    expect(seen[0]!.connection).toBe(c);
    await c.notify(name);
    await expect.poll(() => seen.length).toBe(4);
    expect(seen[3]).toMatchObject({ payload: '', pid: c.serverPid });
  });

  it('are refused a listener that is no function, and nothing is listened to', async () => {
    const c = await open(version);
    const error = await failure(c.addListener(channel(), 'no function' as never));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(await c.fetch('SELECT pg_listening_channels()')).toEqual([]);
  });

  it('reach a callback once, however often it was added', async () => {
    const c = await open(version);
    const name = channel();
    const callback = vi.fn();
    await Promise.all([
      c.addListener(name, callback),
      c.addListener(name, callback),
      c.addListener(name, callback),
    ]);
    await c.notify(name);
    await c.fetch('SELECT 1');
    expect(callback).toHaveBeenCalledTimes(1);
    await c.removeListener(name, callback);
    await c.notify(name);
    await c.fetch('SELECT 1');
    expect(callback).toHaveBeenCalledTimes(1);
    await c.removeListener(name, callback);
  });

  it('are listened to until the last callback is removed', async () => {
    const c = await open(version);
    const name = channel();
    const [a, b] = [vi.fn(), vi.fn()];
    const listening = () => c.fetch('SELECT pg_listening_channels() AS name');
    await c.addListener(name, a);
    await c.addListener(name, b);
    await c.removeListener(name, a);
    expect(await listening()).toEqual([{ name }]);
    await c.removeListener(name, b);
    expect(await listening()).toEqual([]);
    await c.removeListener('never_listened', a);
  });

  it.each(['MixedCase', 'with "quotes"', "it's", 'ünï😀', 'a-b.c', 'select'])(
    'take the channel name %j as it is',
    async (name) => {
      const c = await open(version);
      const seen: Notification[] = [];
      await c.addListener(name, (n) => void seen.push(n));
      const payload = `'); DROP TABLE t; -- \\ "x" ${name}`;
      await c.notify(name, payload);
      await c.fetch('SELECT pg_notify($1, $2)', name, 'by function');
      expect(seen.map((n) => [n.channel, n.payload])).toEqual([
        [name, payload],
        [name, 'by function'],
      ]);
    },
  );

  it('of an earlier LISTEN do not reach a callback that is added later', async () => {
    const [c, other] = [await open(version), await open(version)];
    const name = channel();
    const [before, after] = [vi.fn(), vi.fn()];
    await c.addListener(name, before);
    // It waits for a lock, and is told of the notification when it has it: after the calls are made.
    const lock = other.serverPid;
    await other.fetch('SELECT pg_advisory_lock($1)', lock);
    const busy = c.execute(`SELECT pg_advisory_lock(${lock})`);
    const waitsFor = 'SELECT wait_event_type FROM pg_stat_activity WHERE pid = $1';
    await expect.poll(() => other.fetchVal(waitsFor, c.serverPid)).toBe('Lock');
    await other.notify(name, 'early');
    const removed = c.removeListener(name, before);
    const added = c.addListener(name, after);
    await other.fetch('SELECT pg_advisory_unlock($1)', lock);
    await Promise.all([busy, removed, added]);
    await other.notify(name, 'late');
    await expect.poll(() => after.mock.calls.length).toBeGreaterThan(0);
    expect(after.mock.calls.map(([{ payload }]) => payload)).toEqual(['late']);
    expect(before).not.toHaveBeenCalled();
  });

  it('reach a callback whose LISTEN has only just been answered', async () => {
    const c = await open(version);
    const name = channel();
    const callback = vi.fn();
    const added = c.addListener(name, callback);
    const notified = c.notify(name, 'at once');
    await Promise.all([added, notified]);
    expect(callback.mock.calls.map(([{ payload }]) => payload)).toEqual(['at once']);
  });

  it('refuse a channel whose name the server would cut off, in bytes', async () => {
    const c = await open(version);
    for (const name of ['x'.repeat(64), 'é'.repeat(32)]) {
      for (const call of [c.addListener(name, () => {}), c.notify(name, 'lost')]) {
        const error = await failure(call);
        expect(error).toBeInstanceOf(InvalidArgumentError);
        expect(error.message).toMatch('must not be longer than 63 bytes, got 64');
      }
    }
    const longest = `${'é'.repeat(31)}x`;
    const callback = vi.fn();
    await c.addListener(longest, callback);
    await c.notify(longest, 'all of it');
    await expect.poll(() => callback.mock.calls.length).toBe(1);
  });

  it('refuse a channel that is none, and a payload with a NUL', async () => {
    const c = await open(version);
    for (const name of ['', 'a\0b', 1 as never, undefined as never]) {
      await expect(c.addListener(name, () => {})).rejects.toThrow(InvalidArgumentError);
      await expect(c.notify(name)).rejects.toThrow(InvalidArgumentError);
    }
    await expect(c.notify('x', 'a\0b')).rejects.toThrow(InvalidArgumentError);
  });

  it('come when the transaction commits, and not when it is rolled back', async () => {
    const [c, other] = [await open(version), await open(version)];
    const name = channel();
    const seen: string[] = [];
    await c.addListener(name, (n) => void seen.push(n.payload));
    await other.transaction(async (tx) => {
      await tx.notify(name, 'committed');
      await c.fetch('SELECT 1');
      expect(seen).toEqual([]);
    });
    await failure(
      other.transaction(async (tx) => {
        await tx.notify(name, 'rolled back');
        throw new Error('undo');
      }),
    );
    await other.notify(name, 'last');
    await expect.poll(() => seen.at(-1)).toBe('last');
    expect(seen).toEqual(['committed', 'last']);
  });

  it('report what fails in a callback, and go on', async () => {
    const c = await open(version);
    const name = channel();
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on('warning', onWarning);
    try {
      const good = vi.fn();
      await c.addListener(name, () => {
        throw new Error('sync failure');
      });
      await c.addListener(name, async () => {
        throw new Error('async failure');
      });
      await c.addListener(name, good);
      await c.notify(name);
      await expect.poll(() => warnings.length).toBe(2);
      expect(good).toHaveBeenCalledTimes(1);
      expect(warnings.map(({ name }) => name)).toEqual(new Array(2).fill('AsyncpgCallbackWarning'));
      expect(warnings.map(({ message }) => message).join()).toMatch(/sync failure.*async failure/);
      expect(await c.fetchVal('SELECT 1')).toBe(1);
    } finally {
      process.off('warning', onWarning);
    }
  });

  it('may be answered by calls on the same connection', async () => {
    const c = await open(version);
    const name = channel();
    const answers: unknown[] = [];
    await c.addListener(name, async (n) => {
      answers.push(await n.connection.fetchVal('SELECT $1::text', n.payload));
    });
    await c.notify(name, 'a');
    await c.notify(name, 'b');
    await expect.poll(() => answers).toEqual(['a', 'b']);
  });

  it('are an async iterable that stops to listen when it is left', async () => {
    const [c, other] = [await open(version), await open(version)];
    const name = channel();
    const seen: string[] = [];
    const notifications = c.notifications(name);
    const loop = (async () => {
      for await (const { payload } of notifications) {
        seen.push(payload);
        if (payload === 'stop') break;
      }
    })();
    await c.fetch('SELECT 1');
    for (const payload of ['a', 'b', 'stop', 'late']) await other.notify(name, payload);
    await loop;
    expect(seen).toEqual(['a', 'b', 'stop']);
    expect(await c.fetch('SELECT pg_listening_channels()')).toEqual([]);
  });

  it('are an async iterable that can be left while it waits', async () => {
    const c = await open(version);
    const iterator = c.notifications(channel())[Symbol.asyncIterator]();
    const next = iterator.next();
    expect(await iterator.return!()).toEqual({ done: true, value: undefined });
    expect(await next).toEqual({ done: true, value: undefined });
    expect(await c.fetch('SELECT pg_listening_channels()')).toEqual([]);
  });

  it('are an async iterable that fails rather than lose one unseen', async () => {
    const [c, other] = [await open(version), await open(version)];
    const name = channel();
    const iterator = c.notifications(name)[Symbol.asyncIterator]();
    await c.fetch('SELECT 1');
    await other.fetch('SELECT pg_notify($1, g::text) FROM generate_series(1, 10050) g', name);
    await other.notify(name, 'end');
    let last = '';
    await c.addListener(name, (n) => {
      last = n.payload;
    });
    await other.notify(name, 'really');
    await expect.poll(() => last).toBe('really');
    let taken = 0;
    const error = await failure(
      (async () => {
        for (;;) {
          const { done } = await iterator.next();
          if (done) return;
          taken += 1;
        }
      })(),
    );
    expect(error).toBeInstanceOf(InterfaceError);
    expect(error.message).toContain('lost');
    expect(taken).toBe(10_000);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('are an async iterable that ends with close, and fails with a lost connection', async () => {
    const other = await open(version);
    const closed = await open(version);
    const next = closed.notifications(channel())[Symbol.asyncIterator]().next();
    await closed.close();
    expect(await next).toEqual({ done: true, value: undefined });
    const lost = await open(version);
    const waiting = failure(lost.notifications(channel())[Symbol.asyncIterator]().next());
    await lost.fetch('SELECT 1');
    await other.fetch('SELECT pg_terminate_backend($1)', lost.serverPid);
    const error = await waiting;
    expect(error).toBeInstanceOf(ConnectionDoesNotExistError);
    expect(error.message).toContain('no more notifications come');
  });

  it('cannot be listened to when LISTEN fails, and can after that', async () => {
    const c = await open(version);
    const name = channel();
    const callback = vi.fn();
    await failure(
      c.transaction(async (tx) => {
        await tx.fetch('SELECT 1/0').catch(() => {});
        await expect(c.addListener(name, callback)).rejects.toThrow();
      }),
    );
    await c.addListener(name, callback);
    await c.notify(name);
    await c.fetch('SELECT 1');
    expect(callback).toHaveBeenCalledTimes(1);
  });
});
