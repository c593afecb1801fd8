import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Random } from '../support/samples/random.ts';
import { livePool } from './pool-life.ts';

/** `npm run test:simulation` lives many more; SIMULATION_SEED repeats one. */
const first = Number(process.env['SIMULATION_SEED'] ?? 1);
const lives = Number(process.env['SIMULATIONS'] ?? 100);

beforeEach(() => {
  // The jitter of pauses and lifetimes too is the seed's.
  const random = new Random(first);
  vi.spyOn(Math, 'random').mockImplementation(() => random.next());
});
afterEach(() => {
  vi.restoreAllMocks();
});

test(`${lives} pools keep every promise for hours of trouble`, { timeout: 3_600_000 }, async () => {
  const total = { hours: 0, calls: 0, failures: 0, connections: 0 };
  for (let seed = first; seed < first + lives; seed++) {
    const random = new Random(seed);
    vi.mocked(Math.random).mockImplementation(() => random.next());
    try {
      const life = await livePool(seed);
      total.hours += life.hours;
      total.calls += life.calls;
      total.failures += life.failures;
      total.connections += life.connections;
    } catch (error) {
      throw new Error(`life ${seed} failed (SIMULATION_SEED=${seed} SIMULATIONS=1)`, {
        cause: error,
      });
    }
  }
  // They were not quiet lives.
  expect(total.calls).toBeGreaterThan(lives * 50);
  expect(total.failures).toBeGreaterThan(lives);
  expect(total.connections).toBeGreaterThan(lives * 5);
  if (lives > 100) console.log(`${lives} lives:`, total);
});
