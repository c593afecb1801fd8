/**
 * Hours in the life of a pool, on a virtual clock and a simulated server: whatever its users and
 * the world do, in an order that a seed decides. After each step what must always hold is
 * checked, and in the end, when all is well again, that nothing is left over.
 */
import { expect } from 'vitest';
import { CREATE, OPEN } from '../../src/client/internals.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import type { PoolConnection, Subscription } from '../../src/index.ts';
import { checkedPoolOptions } from '../../src/pool/checked-pool-options.ts';
import { Pool } from '../../src/pool/pool.ts';
import type { PoolOptions } from '../../src/pool/pool-options.ts';
import { VirtualClock } from '../support/fakes/virtual-clock.ts';
import { Random } from '../support/samples/random.ts';
import { SimulatedServer } from './simulated-server.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const STEPS = 120;
const PAUSES = [0, 0, 1, 10, 100, SECOND, 10 * SECOND, MINUTE, 10 * MINUTE];
const CHANNELS = ['news', 'orders'] as const;

/** What became of a life, for those who want to know how much was simulated. */
export interface Life {
  readonly hours: number;
  readonly calls: number;
  readonly failures: number;
  readonly connections: number;
}

/** What the driver's own errors have, and the reason that these callers abort with. */
function isForeseen(error: unknown): boolean {
  return error instanceof Error && ('safeToRetry' in error || error.message === 'enough');
}

export async function livePool(seed: number): Promise<Life> {
  const random = new Random(seed);
  const server = new SimulatedServer((settled) => new VirtualClock(settled));
  return new PoolLife(random, server).live();
}

class PoolLife {
  readonly #random: Random;
  readonly #server: SimulatedServer;
  readonly #clock: VirtualClock;
  readonly #options: PoolOptions & { minSize: number; maxSize: number };
  readonly #pool: Pool;
  /** Calls that were made and are not settled, by what they are. */
  readonly #pending = new Map<number, string>();
  readonly #granted: number[] = [];
  readonly #subscriptions = new Set<Subscription>();
  readonly #sent = new Map<string, number>();
  #calls = 0;
  #failures = 0;
  #error: unknown = null;

  constructor(random: Random, server: SimulatedServer) {
    this.#random = random;
    this.#server = server;
    this.#clock = server.clock;
    const maxSize = 1 + random.below(5);
    this.#options = {
      host: 'simulated',
      user: 'ada',
      database: 'shop',
      ssl: 'disable',
      dial: server.dial,
      timeout: 5 * SECOND,
      commandTimeout: 30 * SECOND,
      maxSize,
      minSize: random.below(maxSize + 1),
      maxQueries: random.pick([3, 50, 50_000]),
      maxInactiveConnectionLifetime: random.pick([0, 5 * SECOND, 5 * MINUTE]),
      maxConnectionLifetime: random.pick([0, MINUTE, 60 * MINUTE]),
      pipelining: random.pick([0, 2, 100]),
      ...(random.chance(0.3) ? { acquireTimeout: 2 * SECOND } : {}),
      ...(random.chance(0.2) ? { setup: async (c) => void (await c.execute('set up')) } : {}),
      ...(random.chance(0.2) ? { init: async (c) => void (await c.execute('init')) } : {}),
    };
    const [settings, connectOptions] = checkedPoolOptions(this.#options);
    this.#pool = Pool[CREATE](resolveConfig(undefined, connectOptions), settings, this.#clock);
  }

  async live(): Promise<Life> {
    await this.#within(SECOND, this.#pool[OPEN](), 'opening');
    for (let step = 0; step < STEPS; step++) {
      this.#step();
      await this.#pass(this.#random.pick(PAUSES));
      this.#check();
    }
    await this.#recover();
    await this.#end();
    const { opened } = this.#pool.stats;
    const hours = this.#clock.now() / (60 * MINUTE);
    return { hours, calls: this.#calls, failures: this.#failures, connections: opened };
  }

  /** Lets time pass, once all has begun that was asked for. */
  async #pass(duration: number): Promise<void> {
    await this.#clock.advance(0);
    await this.#clock.advance(duration);
  }

  // ── What may happen ───────────────────────────────────────────────────────────────────────

  #step(): void {
    const random = this.#random;
    const server = this.#server;
    const users: (() => void)[] = [
      () => this.#echo(),
      () => this.#burst(),
      () => this.#sleep(),
      () => this.#mixture(),
      () => this.#hold(),
      () => this.#hold(),
      () => this.#transaction(),
      () => this.#subscribe(),
      () => this.#unsubscribe(),
      () => this.#notify(),
      () => this.#notify(),
    ];
    const world: (() => void)[] = [
      () => random.pick([...server.streams, null])?.lose(),
      () => server.crash(),
      () => this.#trouble('refusing', () => server.crash()),
      () => this.#trouble('silent', () => server.fallSilent()),
      () => {
        server.latency = random.pick([1, 1, 20, 500]);
      },
      () => void this.#pool.expireConnections(),
    ];
    random.pick(random.chance(0.2) ? world : users)();
  }

  /** The server is in trouble for up to ten minutes. */
  #trouble(state: 'refusing' | 'silent', begin: () => void): void {
    if (this.#server.state !== 'up') return;
    this.#server.state = state;
    begin();
    this.#server.later(this.#random.below(10 * MINUTE), () => {
      this.#server.state = 'up';
    });
  }

  /** Follows a call to its end, which comes once and is one that was foreseen. */
  #follow(what: string, call: Promise<unknown>): void {
    const number = this.#calls++;
    this.#pending.set(number, what);
    const settled = (): void => {
      if (!this.#pending.delete(number)) this.#error ??= new Error(`${what} was settled twice`);
    };
    call.then(settled, (error: unknown) => {
      settled();
      this.#failures += 1;
      if (!isForeseen(error)) this.#error ??= error;
    });
  }

  /** A time-out or a signal that is aborted, or neither. */
  #limits(): { timeout?: number; signal?: AbortSignal } {
    const limit = this.#random.pick([1, 100, SECOND, 20 * SECOND]);
    if (this.#random.chance(0.3)) return { timeout: limit };
    if (this.#random.chance(0.6)) return {};
    const abort = new AbortController();
    this.#server.later(limit, () => abort.abort(new Error('enough')));
    return { signal: abort.signal };
  }

  async #ask(on: Pick<Pool, 'fetchVal'>, text: string, limits = {}): Promise<void> {
    const number = this.#random.below(1_000_000);
    const answer = await on.fetchVal<number>({ text, args: [number], ...limits });
    if (answer !== number) throw new Error(`asked for ${number}, got ${answer}`);
  }

  #echo(): void {
    this.#follow('echo', this.#ask(this.#pool, 'echo', this.#limits()));
  }

  #burst(): void {
    for (let i = this.#random.below(30); i > 0; i--) this.#echo();
  }

  #sleep(): void {
    const duration = this.#random.pick([10, SECOND, MINUTE]);
    this.#follow('sleep', this.#ask(this.#pool, `sleep ${duration}`, this.#limits()));
  }

  /** Quick ones and slow ones in one turn. */
  #mixture(): void {
    for (let i = this.#random.below(20); i > 0; i--) {
      if (this.#random.chance(0.1)) this.#sleep();
      else this.#echo();
    }
  }

  #hold(): void {
    const number = this.#calls;
    const hold = async (): Promise<void> => {
      const connection = await this.#pool.acquire(this.#limits());
      this.#granted.push(number);
      try {
        await this.#use(connection);
      } finally {
        await this.#pool.release(connection);
      }
    };
    this.#follow('hold', hold());
  }

  async #use(connection: PoolConnection): Promise<void> {
    const random = this.#random;
    if (random.chance(0.3)) await connection.execute('BEGIN');
    if (random.chance(0.3)) await connection.execute('SET application_name = simulated');
    if (random.chance(0.7)) await this.#ask(connection, 'echo');
    // A call that nobody waits for.
    if (random.chance(0.2)) this.#follow('left', this.#ask(connection, 'sleep 500'));
    await this.#wait(random.pick([0, 50, 5 * SECOND, MINUTE]));
    if (random.chance(0.05)) connection.terminate();
  }

  #wait(duration: number): Promise<void> {
    return new Promise((resolve) => this.#server.later(duration, resolve));
  }

  #transaction(): void {
    const call = this.#pool.transaction(async (tx) => {
      await this.#ask(tx, 'echo');
      await this.#wait(this.#random.pick([0, 100, SECOND]));
      if (this.#random.chance(0.2)) throw new Error('enough');
      await this.#ask(tx, 'sleep 100');
    });
    this.#follow('transaction', call);
  }

  /** Each subscription gets each notification once and in order, or is told of a gap before. */
  #subscribe(): void {
    const channel = this.#random.pick(CHANNELS);
    let last: number | null = null;
    let gap = false;
    const listening = this.#pool.listen(
      channel,
      ({ payload }) => {
        const number = Number(payload);
        const isNext = last === null || number === last + 1 || (gap && number > last);
        if (!isNext) this.#error ??= new Error(`notification ${number} behind ${last}`);
        last = number;
        gap = false;
      },
      {
        onReconnect: () => {
          gap = true;
        },
      },
    );
    this.#follow(
      'listen',
      listening.then((subscription) => this.#subscriptions.add(subscription)),
    );
  }

  #unsubscribe(): void {
    const [first] = this.#subscriptions;
    if (first === undefined) return;
    this.#subscriptions.delete(first);
    this.#follow('unsubscribe', first.close());
  }

  #notify(): void {
    const channel = this.#random.pick(CHANNELS);
    const number = (this.#sent.get(channel) ?? 0) + 1;
    this.#sent.set(channel, number);
    this.#server.notify(channel, String(number));
  }

  // ── What must hold ────────────────────────────────────────────────────────────────────────

  #check(): void {
    if (this.#error !== null) throw this.#error;
    const { size, idle, inUse, connecting, waiting, opened, closed } = this.#pool.stats;
    const { maxSize } = this.#options;
    expect(idle + inUse + connecting).toBe(size);
    expect(size).toBeLessThanOrEqual(maxSize);
    expect(opened - closed).toBe(idle + inUse);
    expect(waiting).toBeLessThanOrEqual(this.#pending.size);
    if (idle > 0) expect(waiting).toBe(0);
    // As the server counts, with the subscriptions' connection, and one that it takes leave of.
    expect(this.#server.sessions.length).toBeLessThanOrEqual(maxSize + 2);
    // Who asked for a connection first got one first, unless what is done with it first took longer.
    if (this.#options.setup !== undefined) return;
    expect(this.#granted).toEqual(this.#granted.toSorted((a, b) => a - b));
  }

  /** All is well again: everybody is served, and the pool comes to rest at its floor. */
  async #recover(): Promise<void> {
    this.#server.latency = 1;
    for (let minute = 0; minute < 30; minute++) {
      await this.#pass(MINUTE);
      this.#check();
    }
    expect([...this.#pending.values()]).toEqual([]);
    const { minSize, maxInactiveConnectionLifetime } = this.#options;
    // One that is being replaced at this very moment is at rest soon.
    for (let i = 0; i < 10 && this.#pool.idleSize < this.#pool.size; i++) await this.#pass(7);
    const { size, idle, waiting } = this.#pool.stats;
    expect([idle, waiting]).toEqual([size, 0]);
    expect(size).toBeGreaterThanOrEqual(minSize);
    if (maxInactiveConnectionLifetime !== 0) expect(size).toBe(minSize);
    await this.#hearsAgain();
  }

  /** Every subscription that there is hears of the next notification. */
  async #hearsAgain(): Promise<void> {
    const listening = [...this.#subscriptions].map(async (subscription) => {
      for await (const _ of subscription) {
        if (_.payload === String(this.#sent.get(subscription.channel))) break;
      }
    });
    for (const channel of CHANNELS) {
      const number = (this.#sent.get(channel) ?? 0) + 1;
      this.#sent.set(channel, number);
      this.#server.notify(channel, String(number));
    }
    await this.#within(SECOND, Promise.all(listening), 'hearing of a notification');
  }

  /** The result of what takes no longer than `limit` milliseconds. */
  async #within<T>(limit: number, promise: Promise<T>, what: string): Promise<T> {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    promise.then(settle, settle);
    await this.#pass(limit);
    if (!settled) {
      const { stats } = this.#pool;
      throw new Error(`${what} took too long: ${JSON.stringify({ ...stats })}`);
    }
    return promise;
  }

  async #end(): Promise<void> {
    await this.#within(MINUTE, this.#pool.close(), 'closing');
    this.#check();
    expect(this.#pool.size).toBe(0);
    expect(this.#server.streams.size).toBe(0);
    expect(this.#clock.timers).toBe(this.#server.timers);
    await expect(this.#pool.fetchVal('echo')).rejects.toMatchObject({ name: 'InterfaceError' });
  }
}
