import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Random } from '../support/samples/random.ts';
import { StreamWorld } from './stream-life.ts';

/** `npm run test:simulation` lives many more; SIMULATION_SEED repeats one. */
const first = Number(process.env['SIMULATION_SEED'] ?? 1);
const lives = Number(process.env['SIMULATIONS'] ?? 60);

beforeEach(() => {
  vi.spyOn(Math, 'random');
});
afterEach(() => {
  vi.restoreAllMocks();
});

test(`${lives} change streams lose nothing in hours of trouble`, {
  timeout: 3_600_000,
}, async () => {
  const total = { transactions: 0, reconnects: 0, streams: 0, again: 0 };
  for (let seed = first; seed < first + lives; seed++) {
    const random = new Random(seed);
    // The jitter of pauses too is the seed's.
    vi.mocked(Math.random).mockImplementation(() => random.next());
    try {
      const life = await new StreamWorld(random).live();
      for (const name of ['transactions', 'reconnects', 'streams', 'again'] as const) {
        total[name] += life[name];
      }
    } catch (error) {
      throw new Error(`life ${seed} failed (SIMULATION_SEED=${seed} SIMULATIONS=1)`, {
        cause: error,
      });
    }
  }
  // They were not quiet lives.
  expect(total.transactions).toBeGreaterThan(lives * 30);
  expect(total.reconnects).toBeGreaterThan(lives);
  expect(total.streams).toBeGreaterThan(lives);
  expect(total.again).toBeGreaterThan(lives / 2);
  if (lives > 100) console.log(`${lives} lives:`, total);
});
