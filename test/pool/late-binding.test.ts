import { describe, expect, it } from 'vitest';
import { Allocator } from '../../src/pool/allocator.ts';
import { checkedPoolOptions } from '../../src/pool/checked-pool-options.ts';
import type { PoolOptions } from '../../src/pool/pool-options.ts';
import type { PooledSession } from '../../src/pool/pooled-session.ts';
import { settle, VirtualClock } from '../support/fakes/virtual-clock.ts';
import { Random } from '../support/samples/random.ts';
import { type FakeSession, FakeSource } from './fake-source.ts';

/** A one-shot call, from its beginning to its end. */
interface Ask {
  readonly text: string;
  /** How long the server works on it. */
  readonly duration: number;
  readonly askedAt: number;
  boundAt: number;
  on: PooledSession | null;
  /** Those ahead of it on its connection when it was bound, the first since when. */
  ahead: readonly Ask[];
  aheadSince: number;
  endedAt: number;
}

/** What is under way on a connection. */
interface Backend {
  readonly asks: Ask[];
  since: number;
}

/** Half a millisecond there, half a millisecond back. */
const ROUND_TRIP = 1;

/** A pool in virtual time, and a server that answers as each connection's queries take. */
class Model {
  readonly clock = new VirtualClock();
  readonly asks: Ask[] = [];
  readonly allocator: Allocator;
  readonly #backends = new Map<PooledSession, Backend>();
  readonly #source: FakeSource;

  constructor(options: PoolOptions) {
    const [settings] = checkedPoolOptions(options);
    this.#source = new FakeSource(this.clock, settings);
    this.#source.isPrompt = true;
    this.allocator = new Allocator(this.#source, settings, this.clock);
  }

  static async open(size: number, options: PoolOptions = {}): Promise<Model> {
    const model = new Model({ minSize: size, maxSize: size, validate: 0, ...options });
    const opening = model.allocator.openFirst(size);
    await model.clock.advance(2 * ROUND_TRIP);
    for (const attempt of [...model.#source.attempts]) attempt.succeed();
    await opening;
    return model;
  }

  ask(text: string, duration: number): Ask {
    const ask: Ask = {
      text,
      duration,
      askedAt: this.clock.now(),
      boundAt: Infinity,
      on: null,
      ahead: [],
      aheadSince: 0,
      endedAt: Infinity,
    };
    this.asks.push(ask);
    const pooled = this.allocator.checkOut('shared', null, null, text);
    if (pooled instanceof Promise) void pooled.then((session) => this.#bind(ask, session));
    else this.#bind(ask, pooled);
    return ask;
  }

  /** Asks as many at once. */
  burst(count: number, text: string, duration: number): Ask[] {
    return Array.from({ length: count }, () => this.ask(text, duration));
  }

  /** Has a text executed so often, one after the other, that its time is known. */
  async teach(text: string, duration: number): Promise<void> {
    for (let i = 0; i < 20; i++) {
      this.ask(text, duration);
      await this.clock.advance(duration + 2 * ROUND_TRIP);
    }
    expect(this.allocator.stats.idle).toBe(this.allocator.size);
    this.asks.length = 0;
  }

  #bind(ask: Ask, pooled: PooledSession): void {
    const backend = this.#backends.get(pooled) ?? { asks: [], since: 0 };
    this.#backends.set(pooled, backend);
    ask.on = pooled;
    ask.boundAt = this.clock.now();
    ask.ahead = [...backend.asks];
    ask.aheadSince = backend.since;
    backend.asks.push(ask);
    sessionOf(pooled).queue.load += 1;
    if (backend.asks.length === 1) this.#begin(pooled, backend, ROUND_TRIP);
  }

  #begin(pooled: PooledSession, backend: Backend, travel: number): void {
    const [ask] = backend.asks;
    backend.since = this.clock.now() + travel;
    this.clock.setTimer(travel + ask!.duration, () => {
      backend.asks.shift();
      ask!.endedAt = this.clock.now();
      const session = sessionOf(pooled);
      session.queue.load -= 1;
      session.lastProgress = this.clock.now();
      if (backend.asks.length > 0) this.#begin(pooled, backend, 0);
      this.allocator.checkIn(pooled, ask!.text);
    });
  }
}

function sessionOf(pooled: PooledSession): FakeSession {
  return pooled.client.session as unknown as FakeSession;
}

const latency = (ask: Ask): number => ask.endedAt - ask.askedAt;

describe('one-shot calls are bound late:', () => {
  it('quick ones share a connection, up to `pipelining` of them', async () => {
    const model = await Model.open(1, { pipelining: 30 });
    await model.teach('quick', 0.01);
    const asks = model.burst(40, 'quick', 0.01);
    await settle();
    expect(asks.filter(({ on }) => on !== null)).toHaveLength(30);
    await model.clock.advance(10);
    expect(asks.every(({ endedAt }) => endedAt < Infinity)).toBe(true);
  });

  it('as many as take about a millisecond together', async () => {
    const model = await Model.open(2);
    await model.teach('some', 0.23);
    const asks = model.burst(20, 'some', 0.23);
    await settle();
    expect(asks.filter(({ on }) => on !== null)).toHaveLength(2 * 4);
  });

  it('a slow one travels alone', async () => {
    const model = await Model.open(2);
    await model.teach('quick', 0.02);
    await model.teach('slow', 300);
    const slow = model.ask('slow', 300);
    const quick = model.burst(40, 'quick', 0.02);
    const second = model.ask('slow', 300);
    await settle();
    // The second waits until a connection is free of the quick ones, and then has it alone.
    expect(second.on).toBeNull();
    await model.clock.advance(1_000);
    expect(quick.every(({ on }) => on !== slow.on)).toBe(true);
    expect(Math.max(...quick.map(latency))).toBeLessThan(5);
    expect(second.ahead).toEqual([]);
    expect(latency(second)).toBeLessThan(305);
  });

  it('nothing travels with a text that was never seen, until it was answered', async () => {
    const model = await Model.open(4);
    const slow = model.burst(2, 'slow', 300);
    const quick = model.burst(40, 'quick', 0.02);
    await settle();
    expect(model.asks.filter(({ on }) => on !== null)).toHaveLength(4);
    await model.clock.advance(50);
    expect(quick.every(({ endedAt }) => endedAt < 20)).toBe(true);
    expect(slow.every(({ endedAt }) => endedAt === Infinity)).toBe(true);
  });

  it('new texts travel together where new texts were quick', async () => {
    const model = await Model.open(2);
    for (let i = 0; i < 40; i++) {
      model.ask(`INSERT ${i}`, 0.02);
      await model.clock.advance(3);
    }
    const asks = Array.from({ length: 30 }, (_, i) => model.ask(`new ${i}`, 0.02));
    await settle();
    const bound = asks.filter(({ on }) => on !== null);
    expect(bound.length).toBeGreaterThan(15);
    expect(bound.length).toBeLessThanOrEqual(20);
  });

  it('nothing is put behind one that takes longer than expected', async () => {
    const model = await Model.open(2);
    await model.teach('quick', 0.02);
    const late = model.ask('quick', 500);
    await model.clock.advance(5);
    for (let i = 0; i < 50; i++) {
      model.burst(3, 'quick', 0.02);
      await model.clock.advance(3);
    }
    const others = model.asks.filter((ask) => ask !== late);
    expect(others.every(({ on }) => on !== null && on !== late.on)).toBe(true);
    expect(Math.max(...others.map(latency))).toBeLessThan(2);
  });

  it('one that no connection is free for waits, and gets the first that is', async () => {
    const model = await Model.open(2);
    await model.teach('quick', 0.02);
    await model.teach('slow', 300);
    const slow = [model.ask('slow', 100), model.ask('slow', 300)];
    const quick = model.ask('quick', 0.02);
    await model.clock.advance(99);
    expect(quick.on).toBeNull();
    await model.clock.advance(10);
    expect(quick.on).toBe(slow[0]!.on);
    expect(latency(quick)).toBeLessThan(104);
  });
});

/** Callers of quick and slow texts at random moments, and what must hold whenever one is bound. */
async function runMixture(seed: number): Promise<void> {
  const random = new Random(seed);
  const size = 1 + random.below(6);
  const model = await Model.open(size);
  const { clock, allocator } = model;
  const texts = [
    { text: 'quick', duration: 0.02, weight: 100 },
    { text: 'some', duration: 0.3, weight: 20 },
    { text: 'slow', duration: 40, weight: random.pick([0, 1, 4]) },
    { text: 'slower', duration: 250, weight: random.pick([0, 1]) },
  ];
  const drawn = texts.flatMap((each) => Array.from({ length: each.weight }, () => each));
  const isKnown = random.chance(0.5);
  if (isKnown) for (const { text, duration } of texts) await model.teach(text, duration);
  const burst = random.pick([1, 5, 20]);
  for (let i = 0; i < 150; i++) {
    for (let j = random.below(burst); j >= 0; j--) {
      const { text, duration } = random.pick(drawn);
      model.ask(text, random.chance(0.002) ? 100 * duration : duration);
    }
    await settle();
    const { idle, waiting } = allocator.stats;
    if (idle > 0) expect(waiting).toBe(0);
    await clock.advance(random.pick([0, 0.1, 1, 5]));
  }
  // Nobody starves: who came first is bound no later than who came last.
  await clock.advance(200_000);
  const bound = model.asks.map(({ boundAt }) => boundAt);
  expect(bound.every((moment) => moment < Infinity)).toBe(true);
  expect(bound).toEqual(bound.toSorted((a, b) => a - b));
  for (const { text, boundAt, ahead, aheadSince } of model.asks) {
    if (ahead.length === 0) continue;
    const [first] = ahead;
    // What is expected of any that is shared is a millisecond at most, and the patience is two.
    expect(boundAt - aheadSince).toBeLessThan(3.1);
    if (!isKnown) continue;
    expect(text).not.toMatch(/^slow/);
    expect(first!.text).not.toMatch(/^slow/);
    expect(ahead.length).toBeLessThan(100);
  }
  expect(allocator.stats).toMatchObject({ idle: size, waiting: 0 });
}

describe('mixtures of quick and slow calls', () => {
  const first = Number(process.env['POOL_SEED'] ?? 1);
  const runs = Number(process.env['POOL_SCHEDULES'] ?? 60);

  it(`are bound as they should be, ${runs} of them`, { timeout: 600_000 }, async () => {
    for (let seed = first; seed < first + runs; seed++) {
      try {
        await runMixture(seed);
      } catch (error) {
        throw new Error(`mixture ${seed} failed (POOL_SEED=${seed})`, { cause: error });
      }
    }
  });
});
