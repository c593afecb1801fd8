// One measurement of `npm run bench:tails` with one driver: a process of its own for each.
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type { Driver, DriverPool } from './driver.ts';
import { quantile } from './statistics.ts';
import type { TailsAssignment, TailsMeasurement } from './tails-types.ts';

const QUICK =
  'SELECT id, name, email, is_active, created_at, balance FROM bench_accounts WHERE id = $1';
const SLOW = 'SELECT pg_sleep($1::float8)';
const WARM_UP = 500;

/** The same numbers from 0 to 1 for all drivers. */
class Dice {
  #state = 20_261_128;
  next(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state / 2 ** 32;
  }
}

class Load {
  readonly quick: number[] = [];
  readonly slow: number[] = [];
  readonly #pool: DriverPool;
  readonly #assignment: TailsAssignment;
  readonly #dice = new Dice();

  constructor(pool: DriverPool, assignment: TailsAssignment) {
    this.#pool = pool;
    this.#assignment = assignment;
  }

  /** One query, quick or slow, whose caller has waited for it since `due`. */
  async ask(due: number): Promise<void> {
    const { slowShare, slowSeconds } = this.#assignment;
    const isSlow = this.#dice.next() < slowShare;
    if (isSlow) await this.#pool.fetchRow(SLOW, [slowSeconds]);
    else await this.#pool.fetchRow(QUICK, [1 + Math.floor(this.#dice.next() * 100_000)]);
    (isSlow ? this.slow : this.quick).push(performance.now() - due);
  }

  /** So many callers, each of whom asks again when it was answered. */
  async closed(callers: number, end: number): Promise<void> {
    const caller = async (): Promise<void> => {
      for (let now = performance.now(); now < end; now = performance.now()) await this.ask(now);
    };
    await Promise.all(Array.from({ length: callers }, caller));
  }

  /** So many queries a second at random moments, whatever becomes of those before. */
  async open(perSecond: number, end: number): Promise<void> {
    const asked: Promise<void>[] = [];
    for (let due = performance.now(); due < end; ) {
      const now = performance.now();
      for (; due <= now; due += (-Math.log(1 - this.#dice.next()) * 1000) / perSecond) {
        asked.push(this.ask(due));
      }
      await pause(1);
    }
    await Promise.all(asked);
  }

  async run(milliseconds: number): Promise<void> {
    const { callers, perSecond } = this.#assignment;
    const end = performance.now() + milliseconds;
    await (perSecond === null ? this.closed(callers, end) : this.open(perSecond, end));
  }
}

function tails(times: readonly number[]): [p50: number, p99: number, p999: number] {
  const sorted = Float64Array.from(times).sort();
  return [quantile(sorted, 0.5), quantile(sorted, 0.99), quantile(sorted, 0.999)];
}

async function burst(pool: DriverPool, { callers, slowSeconds }: TailsAssignment): Promise<Load> {
  const load = new Load(pool, { callers, slowSeconds } as TailsAssignment);
  const began = performance.now();
  await Promise.all(
    Array.from({ length: callers }, async () => {
      await pool.fetchRow(SLOW, [slowSeconds]);
      load.slow.push(performance.now() - began);
    }),
  );
  return load;
}

async function measure(driver: Driver, assignment: TailsAssignment): Promise<TailsMeasurement> {
  const { dsn, size, minSize, seconds, kind } = assignment;
  const pool = await driver.pool(dsn, size, minSize);
  let load: Load;
  if (kind === 'burst') {
    load = await burst(pool, assignment);
  } else {
    await new Load(pool, assignment).run(WARM_UP);
    load = new Load(pool, assignment);
    await load.run(seconds * 1000);
  }
  await pool.close();
  const { quick, slow } = load;
  return {
    version: driver.version,
    perSecond: (quick.length + slow.length) / seconds,
    quick: tails(quick),
    slow: tails(slow),
    longest: Math.max(...slow, 0),
  };
}

const { driver } = (await import(`./drivers/${process.argv[2]}.js`)) as { driver: Driver };
const assignment = JSON.parse(await text(process.stdin)) as TailsAssignment;
console.log(JSON.stringify(await measure(driver, assignment)));
process.exit(0);
