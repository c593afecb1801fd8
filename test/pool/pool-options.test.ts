import { describe, expect, it } from 'vitest';
import { ClientConfigurationError, createPool, type PoolOptions } from '../../src/index.ts';
import { checkedPoolOptions } from '../../src/pool/checked-pool-options.ts';

describe('the options of a pool', () => {
  it('have the defaults that are documented', () => {
    const [settings, connect] = checkedPoolOptions({ host: 'h', commandTimeout: 5 });
    expect(settings).toEqual({
      minSize: 10,
      maxSize: 10,
      maxQueries: 50_000,
      maxInactiveConnectionLifetime: 300_000,
      maxConnectionLifetime: 0,
      acquireTimeout: null,
      pipelining: 100,
      validate: 30_000,
      validateTimeout: 5_000,
      leakWarning: 0,
      allowExitOnIdle: false,
      resetOnRelease: 'auto',
      init: undefined,
      setup: undefined,
      reset: undefined,
    });
    expect(connect).toEqual({ host: 'h', commandTimeout: 5 });
  });

  it('fit minSize to maxSize, and maxSize to minSize, where only one is given', () => {
    const sizes = (options: PoolOptions): number[] => {
      const [{ minSize, maxSize }] = checkedPoolOptions(options);
      return [minSize, maxSize];
    };
    expect(sizes({ maxSize: 3 })).toEqual([3, 3]);
    expect(sizes({ maxSize: 30 })).toEqual([10, 30]);
    expect(sizes({ minSize: 20 })).toEqual([20, 20]);
    expect(sizes({ minSize: 0 })).toEqual([0, 10]);
    expect(sizes({ minSize: 2, maxSize: 4 })).toEqual([2, 4]);
  });

  it.each<[string, PoolOptions]>([
    ['minSize', { minSize: 5, maxSize: 4 }],
    ['minSize', { minSize: -1 }],
    ['minSize', { minSize: '2' as never }],
    ['maxSize', { maxSize: 0 }],
    ['maxSize', { maxSize: 1.5 }],
    ['maxSize', { maxSize: Number.NaN }],
    ['maxQueries', { maxQueries: 0 }],
    ['maxInactiveConnectionLifetime', { maxInactiveConnectionLifetime: -1 }],
    ['maxConnectionLifetime', { maxConnectionLifetime: Number.NaN }],
    ['acquireTimeout', { acquireTimeout: 0 }],
    ['acquireTimeout', { acquireTimeout: '5' as never }],
    ['pipelining', { pipelining: -1 }],
    ['validate', { validate: -1 }],
    ['validate', { validate: true as never }],
    ['validateTimeout', { validateTimeout: 0 }],
    ['leakWarning', { leakWarning: -5 }],
    ['resetOnRelease', { resetOnRelease: 'sometimes' as never }],
    ['resetOnRelease', { resetOnRelease: 'always', reset: () => {} }],
    ['init', { init: 'no' as never }],
    ['setup', { setup: {} as never }],
    ['reset', { reset: 1 as never }],
  ])('name %s when it makes no sense: %j', async (name, options) => {
    const error = await createPool({ host: '127.0.0.1', ...options }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ClientConfigurationError);
    expect((error as Error).message).toContain(`invalid ${name} option`);
  });
});
