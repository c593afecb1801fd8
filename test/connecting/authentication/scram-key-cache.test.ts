import { createHook } from 'node:async_hooks';
import { expect, it } from 'vitest';
import { ScramKeyCache } from '../../../src/connecting/authentication/scram-key-cache.ts';

const SALT = Buffer.from('salt');

it('keys of a password are derived once, for all that need them at the same time and later', async () => {
  const cache = new ScramKeyCache();
  const first = cache.keys('secret', SALT, 4096);
  expect(cache.keys('secret', Buffer.from(SALT), 4096)).toBe(first);
  await first;
  expect(cache.keys('secret', SALT, 4096)).toBe(first);
});

it('keys of another password, salt or iteration count are others', async () => {
  const cache = new ScramKeyCache();
  const all = await Promise.all([
    cache.keys('secret', SALT, 4096),
    cache.keys('secret!', SALT, 4096),
    cache.keys('secret', Buffer.from('pepper'), 4096),
    cache.keys('secret', SALT, 4097),
  ]);
  expect(new Set(all.map((keys) => JSON.stringify(keys))).size).toBe(4);
});

it('the keys that were used last are kept, and no more than 256', async () => {
  const cache = new ScramKeyCache();
  const kept = cache.keys('kept', SALT, 1);
  const dropped = cache.keys('dropped', SALT, 1);
  for (let i = 0; i < 255; i++) {
    expect(cache.keys('kept', SALT, 1)).toBe(kept);
    void cache.keys(`other ${i}`, SALT, 1);
  }
  expect(cache.keys('kept', SALT, 1)).toBe(kept);
  expect(cache.keys('dropped', SALT, 1)).not.toBe(dropped);
});

it('the derivation is done by a thread, so that the event loop is free', async () => {
  const begun: string[] = [];
  const hook = createHook({ init: (_, type) => void begun.push(type) }).enable();
  const keys = new ScramKeyCache().keys('secret', SALT, 4096);
  hook.disable();
  await keys;
  expect(begun).toContain('PBKDF2REQUEST');
});
