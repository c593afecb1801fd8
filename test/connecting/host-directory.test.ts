import { expect, test } from 'vitest';
import { HostDirectory, type HostList } from '../../src/connecting/host-directory.ts';
import { systemClock } from '../../src/transport/clock.ts';
import { Deadline } from '../../src/transport/deadline.ts';

test('who asks just as the last one who waited has gone has an answer of his own', async () => {
  let asked = 0;
  const silent = new Promise<never>(() => {});
  const provider = { list: () => (++asked === 1 ? silent : ['127.0.0.1:5433']) };
  const directory = new HostDirectory(provider, [], systemClock);
  const control = new AbortController();
  const first = directory.list(Deadline.of(systemClock, null, control.signal));
  const second = first.then(
    (): HostList | null => null,
    () => directory.list(null),
  );
  control.abort(new Error('gone'));
  await expect(first).rejects.toThrow('gone');
  expect((await second)?.hosts).toMatchObject([{ host: '127.0.0.1', port: 5433 }]);
  expect(asked).toBe(2);
});

test('a provider that says nothing leaves half of the time to the servers that it has told before', async () => {
  const silent = new Promise<never>(() => {});
  let told: Promise<string[]> = Promise.resolve(['127.0.0.1:5433']);
  const provider = { list: () => told, refreshMs: 0, timeoutMs: 60_000 };
  const directory = new HostDirectory(provider, [], systemClock);
  const { hosts } = await directory.list(null);
  told = silent;
  const deadline = Deadline.of(systemClock, 200)!;
  expect((await directory.list(deadline)).hosts).toBe(hosts);
  expect(deadline.expired).toBe(false);
  expect(deadline.remaining).toBeGreaterThan(20);
  deadline.dispose();

  const control = new AbortController();
  const given = directory.list(Deadline.of(systemClock, 60_000, control.signal));
  control.abort(new Error('enough'));
  await expect(given).rejects.toThrow('enough');
});
