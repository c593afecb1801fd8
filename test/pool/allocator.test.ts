import { describe, expect, it, vi } from 'vitest';
import type { Use } from '../../src/client/lease.ts';
import { InterfaceError, TimeoutError } from '../../src/index.ts';
import { Allocator } from '../../src/pool/allocator.ts';
import { checkedPoolOptions } from '../../src/pool/checked-pool-options.ts';
import type { PoolOptions } from '../../src/pool/pool-options.ts';
import type { PooledSession } from '../../src/pool/pooled-session.ts';
import { Deadline } from '../../src/transport/deadline.ts';
import { settle, VirtualClock } from '../support/fakes/virtual-clock.ts';
import { Random } from '../support/samples/random.ts';
import { FakeSource } from './fake-source.ts';

function build(options: PoolOptions) {
  const [settings] = checkedPoolOptions({ minSize: 0, ...options });
  const clock = new VirtualClock();
  const source = new FakeSource(clock, settings);
  const allocator = new Allocator(source, settings, clock);
  return { clock, source, allocator, settings };
}

describe('the allocator of a pool', () => {
  it('tries to reach its floor after pauses that double, up to ten seconds, for ever', async () => {
    const { clock, source, allocator } = build({ minSize: 1, maxSize: 1 });
    source.isEager = true;
    await allocator.openFirst(1);
    source.isEager = false;
    source.sessions[0]!.destroy();
    await settle();
    const moments: number[] = [];
    for (let i = 0; i < 300; i++) {
      await clock.advance(1000);
      for (const attempt of source.attempts) {
        moments.push(clock.now());
        attempt.fail();
      }
      await settle();
    }
    const late = moments.filter((moment) => moment > 60_000);
    // Every 5 to 10 seconds, seen once a second.
    expect(late.length).toBeGreaterThanOrEqual(20);
    expect(late.length).toBeLessThanOrEqual(50);
    expect(moments.length - late.length).toBeLessThanOrEqual(20);
    source.isEager = true;
    await clock.advance(11_000);
    expect(allocator.stats).toMatchObject({ size: 1, idle: 1, connecting: 0 });
  });

  it('reaches its floor without a pause after a success, as long as connections last', async () => {
    const { clock, source, allocator } = build({ minSize: 5, maxSize: 5 });
    source.isEager = true;
    await allocator.openFirst(5);
    await clock.advance(5000);
    for (const session of [...source.sessions]) session.destroy();
    await settle();
    expect(allocator.stats).toMatchObject({ idle: 5, opened: 10, closed: 5 });
  });

  it('does not open another connection before the server has let go of a lost one', async () => {
    const { source, allocator } = build({ maxSize: 1 });
    const first = allocator.checkOut('exclusive', null, null);
    const session = [...source.attempts][0]!.succeed();
    const pooled = await first;
    const second = allocator.checkOut('exclusive', null, null);
    session.end();
    allocator.checkIn(pooled);
    await settle();
    expect(source.attempts.size).toBe(0);
    session.letGo();
    await settle();
    expect(source.attempts.size).toBe(1);
    [...source.attempts][0]!.succeed();
    expect((await second).client.session.isEnded).toBe(false);
  });

  it('limits a wait as a whole, also where the connection is lost as it is handed over', async () => {
    const { clock, source, allocator } = build({ maxSize: 1 });
    const first = allocator.checkOut('exclusive', null, null);
    const session = [...source.attempts][0]!.succeed();
    const pooled = await first;
    const second = Promise.resolve(allocator.checkOut('exclusive', null, 1000)).then(
      () => 'has come',
      (error: unknown) => error,
    );
    await clock.advance(900);
    allocator.checkIn(pooled);
    session.end();
    await clock.advance(99);
    expect(allocator.stats).toMatchObject({ waiting: 1, abandonedWaits: 0 });
    await clock.advance(1);
    expect(await second).toBeInstanceOf(TimeoutError);
    expect(allocator.stats).toMatchObject({ waiting: 0, abandonedWaits: 1 });
    session.letGo();
    allocator.terminate();
    expect(clock.timers).toBe(0);
  });

  it('closes what exceeds the floor after its idle time, and what is of age', async () => {
    const { clock, source, allocator } = build({
      minSize: 2,
      maxSize: 5,
      maxInactiveConnectionLifetime: 10_000,
      maxConnectionLifetime: 100_000,
    });
    source.isEager = true;
    source.isPrompt = true;
    await allocator.openFirst(5);
    await clock.advance(9_000);
    expect(allocator.size).toBe(5);
    await clock.advance(2_000);
    expect(allocator.stats).toMatchObject({ size: 2, idle: 2, closed: 3 });
    await clock.advance(200_000);
    expect(allocator.stats).toMatchObject({ size: 2, idle: 2 });
    expect(allocator.stats.opened).toBeGreaterThanOrEqual(7);
  });

  it('sets no timer for connections that may live for ever', async () => {
    const { clock, source, allocator } = build({
      minSize: 3,
      maxSize: 3,
      maxInactiveConnectionLifetime: 0,
      validate: 0,
    });
    source.isEager = true;
    await allocator.openFirst(3);
    expect(clock.timers).toBe(0);
    allocator.terminate();
  });

  it('spreads the ends of connections that were opened together', async () => {
    const { clock, source, allocator } = build({
      minSize: 100,
      maxSize: 100,
      maxConnectionLifetime: 1_000_000,
    });
    source.isEager = true;
    await allocator.openFirst(100);
    await clock.advance(890_000);
    expect(allocator.stats.closed).toBe(0);
    const closed: number[] = [];
    for (let i = 0; i < 11; i++) {
      await clock.advance(20_000);
      closed.push(allocator.stats.closed);
    }
    expect(closed.at(-1)).toBeGreaterThanOrEqual(100);
    for (let i = 1; i < closed.length - 1; i++) {
      expect(closed[i]! - closed[i - 1]!).toBeLessThan(40);
    }
  });
});

describe('callers who wait for connections on which nothing happens', () => {
  async function full() {
    const built = build({ minSize: 2, maxSize: 2, maxInactiveConnectionLifetime: 0, validate: 0 });
    built.source.isEager = true;
    await built.allocator.openFirst(2);
    const held = [atOnce(built.allocator, 'exclusive'), atOnce(built.allocator, 'exclusive')];
    for (const session of built.source.sessions) session.standstill = 'holder';
    const warnings: Error[] = [];
    vi.spyOn(process, 'emitWarning').mockImplementation((warning) => {
      warnings.push(warning as Error);
    });
    return { ...built, held, warnings };
  }

  it('are warned of once, after five seconds, and leave no timer', async () => {
    const { clock, allocator, held, warnings } = await full();
    const waiting = [0, 1].map(() => allocator.checkOut('exclusive', null, null));
    await clock.advance(4999);
    expect(warnings).toEqual([]);
    await clock.advance(1);
    expect(warnings.map(({ name }) => name)).toEqual(['AsyncpgPoolWaitWarning']);
    expect(warnings[0]!.message).toMatch(/2 held by who asks nothing/);
    await clock.advance(60_000);
    expect(warnings).toHaveLength(1);
    for (const pooled of held) allocator.checkIn(pooled);
    await Promise.all(waiting);
    expect(clock.timers).toBe(0);
  });

  it('and a close that waits is warned of once in all, when it stands still or takes a minute', async () => {
    for (const [standstill, at, message] of [
      ['holder', 5000, /has waited 5000 ms/],
      [null, 60_000, /takes long: 2 of its connections are in use/],
    ] as const) {
      const { clock, source, allocator, held, warnings } = await full();
      source.isPrompt = true;
      for (const session of source.sessions) session.standstill = standstill;
      const closed = allocator.close();
      await clock.advance(at - 1);
      expect(warnings).toEqual([]);
      await clock.advance(1);
      expect(warnings[0]!.message).toMatch(message);
      for (const session of source.sessions) session.standstill = 'holder';
      await clock.advance(120_000);
      expect(warnings).toHaveLength(1);
      for (const pooled of held) allocator.checkIn(pooled);
      await closed;
      expect(clock.timers).toBe(0);
    }
  });

  it('are not while one connection works, or something happens, or one is served', async () => {
    const { clock, source, allocator, held, warnings } = await full();
    const [one, other] = source.sessions;
    const waiting = [0, 1].map(() => allocator.checkOut('exclusive', null, null));
    one!.standstill = null;
    await clock.advance(60_000);
    one!.standstill = 'reader';
    for (let second = 0; second < 60; second++) {
      if (second % 4 === 0) other!.activity += 1;
      await clock.advance(1000);
    }
    await clock.advance(1000);
    allocator.checkIn(held[0]!);
    await waiting[0];
    await clock.advance(4000);
    expect(warnings).toEqual([]);
    allocator.checkIn(held[1]!);
    await waiting[1];
    expect(clock.timers).toBe(0);
  });

  it('are not while there may be another connection', async () => {
    const { clock, source, allocator } = build({ maxSize: 2, validate: 0 });
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const first = allocator.checkOut('exclusive', null, null);
    [...source.attempts][0]!.succeed().standstill = 'holder';
    await first;
    const second = allocator.checkOut('exclusive', null, null);
    await clock.advance(60_000);
    expect(emit).not.toHaveBeenCalled();
    [...source.attempts][0]!.succeed();
    await second;
    expect(clock.timers).toBe(0);
  });
});

/** A session that is there at once. */
function atOnce(allocator: Allocator, use: Use): PooledSession {
  const pooled = allocator.checkOut(use, null, null);
  if (pooled instanceof Promise) throw new Error('expected a session at once');
  return pooled;
}

describe('a connection that has been silent for longer than validate', () => {
  async function resting(options: PoolOptions = {}) {
    const built = build({ minSize: 1, maxSize: 1, validate: 1_000, ...options });
    built.source.isEager = true;
    built.source.isPrompt = true;
    await built.allocator.openFirst(built.settings.minSize);
    return built;
  }

  it('is checked while it rests, so that nobody waits for that', async () => {
    const { clock, source, allocator } = await resting();
    const [session] = source.sessions;
    await clock.advance(10_500);
    expect(session!.checks).toBe(10);
    expect(atOnce(allocator, 'shared').client.session).toBe(session);
    expect(session!.checks).toBe(10);
  });

  it('is not checked while it is in use, nor when it has just been heard of', async () => {
    const { clock, source, allocator } = await resting();
    const [session] = source.sessions;
    const pooled = atOnce(allocator, 'exclusive');
    await clock.advance(5_000);
    session!.lastProgress = clock.now();
    allocator.checkIn(pooled);
    await clock.advance(900);
    expect(session!.checks).toBe(0);
    await clock.advance(200);
    expect(session!.checks).toBe(1);
  });

  it('is replaced when it does not answer within validateTimeout', async () => {
    const { clock, source, allocator } = await resting({ validateTimeout: 300 });
    source.sessions[0]!.isDeaf = true;
    await clock.advance(1_100);
    expect(allocator.stats).toMatchObject({ size: 1, idle: 0, inUse: 1 });
    await clock.advance(300);
    expect(allocator.stats).toMatchObject({ size: 1, idle: 1, closed: 1, opened: 2 });
    expect(source.sessions[0]!.isGone).toBe(true);
  });

  it('is never handed out before it has answered, also when no time was left to ask it', async () => {
    const { clock, source, allocator } = await resting({ minSize: 3, maxSize: 3 });
    clock.suspend(60_000);
    source.sessions[2]!.isDeaf = true;
    const first = allocator.checkOut('exclusive', null, null);
    expect(first).toBeInstanceOf(Promise);
    const lent = await Promise.all([first, allocator.checkOut('exclusive', null, null)]);
    expect(lent.map(({ client }) => client.session)).not.toContain(source.sessions[2]);
    expect(source.sessions.map(({ checks }) => checks)).toEqual([1, 1, 1]);
    const third = allocator.checkOut('exclusive', null, null);
    await clock.advance(5_000);
    expect((await third).client.session).toBe(source.sessions[3]);
  });

  it('stays as old as it is for the reaping of idle connections', async () => {
    const { clock, allocator } = await resting({
      minSize: 1,
      maxSize: 3,
      maxInactiveConnectionLifetime: 10_000,
    });
    const lent = await Promise.all(
      [1, 2, 3].map(() => allocator.checkOut('exclusive', null, null)),
    );
    for (const pooled of lent) allocator.checkIn(pooled);
    await clock.advance(9_900);
    expect(allocator.stats).toMatchObject({ size: 3 });
    await clock.advance(200);
    expect(allocator.stats).toMatchObject({ size: 1, idle: 1 });
  });

  it('keeps its place: the most recently used one is lent out first', async () => {
    const { clock, allocator } = await resting({ minSize: 2, maxSize: 2 });
    const older = atOnce(allocator, 'exclusive');
    const newer = atOnce(allocator, 'exclusive');
    allocator.checkIn(older);
    await clock.advance(700);
    allocator.checkIn(newer);
    await clock.advance(7_777);
    expect(atOnce(allocator, 'shared')).toBe(newer);
  });

  it('keeps no closing of the pool waiting', async () => {
    const { clock, source, allocator } = await resting();
    source.sessions[0]!.isDeaf = true;
    await clock.advance(1_100);
    await allocator.close();
    expect(clock.timers).toBe(0);
  });
});

describe('one-shot calls while connections are being opened', () => {
  /** `count` calls at once, and which session each of them has got so far. */
  function burst(allocator: Allocator, count: number) {
    const got: (PooledSession | null)[] = Array.from({ length: count }, () => null);
    for (let i = 0; i < count; i++) {
      void Promise.resolve(allocator.checkOut('shared', null, null)).then((pooled) => {
        got[i] = pooled;
      });
    }
    return got;
  }

  it('get a connection each, where there are enough of them', async () => {
    const { source, allocator } = build({ maxSize: 5 });
    const got = burst(allocator, 5);
    for (let opened = 1; opened <= 5; opened++) {
      [...source.attempts][0]!.succeed();
      await settle();
      expect(new Set(got).size).toBe(opened === 5 ? 5 : opened + 1);
      expect(got.filter((pooled) => pooled !== null)).toHaveLength(opened);
    }
  });

  it('share none that is busy before the last is open', async () => {
    const { source, allocator } = build({ minSize: 1, maxSize: 3 });
    source.isEager = true;
    await allocator.openFirst(1);
    source.isEager = false;
    const got = burst(allocator, 7);
    await settle();
    expect(got.filter((pooled) => pooled !== null)).toHaveLength(1);
    [...source.attempts][0]!.succeed();
    await settle();
    expect(got.filter((pooled) => pooled !== null)).toHaveLength(2);
    expect(allocator.stats).toMatchObject({ connecting: 1, waiting: 5 });
    [...source.attempts][0]!.succeed();
    await settle();
    expect(got.slice(0, 3).every((pooled, i) => got.indexOf(pooled) === i)).toBe(true);
  });

  it('get one that becomes free meanwhile', async () => {
    const { source, allocator } = build({ minSize: 1, maxSize: 2 });
    source.isEager = true;
    await allocator.openFirst(1);
    source.isEager = false;
    const first = atOnce(allocator, 'shared');
    const [second] = [burst(allocator, 1)];
    await settle();
    expect(second).toEqual([null]);
    allocator.checkIn(first);
    await settle();
    expect(second).toEqual([first]);
  });
});

/** A caller of the schedule. */
interface Call {
  readonly number: number;
  readonly use: 'shared' | 'exclusive';
  state: 'waiting' | 'holding' | 'over';
  pooled: PooledSession | null;
}

/** Runs one random schedule and checks after every step what must always hold. */
async function runSchedule(seed: number): Promise<void> {
  const random = new Random(seed);
  const maxSize = 1 + random.below(4);
  const pipelining = random.pick([0, 1, 2, 5]);
  const { clock, source, allocator, settings } = build({
    maxSize,
    minSize: random.below(maxSize + 1),
    maxQueries: random.pick([1, 3, 1000]),
    maxInactiveConnectionLifetime: random.pick([0, 50]),
    maxConnectionLifetime: random.pick([0, 200]),
    validate: random.pick([0, 30]),
    validateTimeout: 20,
    pipelining,
  });
  const calls: Call[] = [];
  const granted: number[] = [];

  const lend = async (): Promise<void> => {
    // Whoever has been granted a connection by now is told of it first: the order is what is checked.
    await settle();
    const call: Call = {
      number: calls.length,
      use: random.pick(['shared', 'exclusive']),
      state: 'waiting',
      pooled: null,
    };
    calls.push(call);
    const abort = new AbortController();
    const deadline = Deadline.of(
      clock,
      random.chance(0.3) ? 1 + random.below(60) : null,
      random.chance(0.3) ? abort.signal : null,
    );
    if (random.chance(0.5))
      clock.setTimer(random.below(80), () => abort.abort(new Error('enough')));
    Promise.resolve(allocator.checkOut(call.use, deadline, null)).then(
      (pooled) => {
        deadline?.dispose();
        call.state = 'holding';
        call.pooled = pooled;
        pooled.client.session.requests += 1;
        granted.push(call.number);
      },
      (error: unknown) => {
        deadline?.dispose();
        call.state = 'over';
        expect(error).toBeInstanceOf(Error);
      },
    );
  };

  const giveBack = (call: Call): void => {
    call.state = 'over';
    const pooled = call.pooled!;
    allocator.checkIn(pooled);
  };

  const check = (): void => {
    const { size, idle, inUse, connecting, waiting, opened, closed } = allocator.stats;
    const holders = calls.filter(({ state }) => state === 'holding');
    expect(source.backends).toBeLessThanOrEqual(maxSize);
    expect(idle + inUse + connecting).toBe(size);
    expect(opened - closed).toBe(idle + inUse);
    expect(waiting).toBe(calls.filter(({ state }) => state === 'waiting').length);
    if (idle > 0) expect(waiting).toBe(0);
    const bySession = new Map<PooledSession, Call[]>();
    for (const call of holders)
      bySession.set(call.pooled!, [...(bySession.get(call.pooled!) ?? []), call]);
    for (const [pooled, group] of bySession) {
      if (group.length > 1) {
        expect(group.every(({ use }) => use === 'shared')).toBe(true);
        expect(group.length).toBeLessThanOrEqual(pipelining);
      }
      if (group[0]!.use === 'shared' && pooled.state !== 'gone') {
        expect(pooled.users).toBe(group.length);
      }
      expect(pooled.state).not.toBe('idle');
    }
    // Granted in the order of the calls, but for those that gave up.
    expect(granted).toEqual(granted.toSorted((a, b) => a - b));
  };

  const holding = (): Call[] => calls.filter(({ state }) => state === 'holding');
  const steps: (() => void | Promise<void>)[] = [
    lend,
    lend,
    () => {
      const call = holding();
      if (call.length > 0) giveBack(random.pick(call));
    },
    () => {
      const call = holding();
      if (call.length > 0) giveBack(random.pick(call));
    },
    () => {
      const attempts = [...source.attempts];
      if (attempts.length === 0) return;
      const attempt = random.pick(attempts);
      if (random.chance(0.7)) attempt.succeed();
      else attempt.fail();
    },
    () => {
      const alive = source.sessions.filter(({ isEnded }) => !isEnded);
      if (alive.length > 0 && random.chance(0.3)) random.pick(alive).end();
    },
    () => {
      const alive = source.sessions.filter(({ isEnded }) => !isEnded);
      if (alive.length > 0 && random.chance(0.2)) random.pick(alive).isDeaf = true;
    },
    () => {
      if (random.chance(0.3)) clock.suspend(random.below(100));
    },
    () => {
      const leaving = source.sessions.filter(({ isEnded, isGone }) => isEnded && !isGone);
      if (leaving.length > 0) random.pick(leaving).letGo();
    },
    () => clock.advance(random.below(40)),
    () => {
      if (random.chance(0.05)) allocator.expire();
    },
    settle,
  ];
  for (let step = 0; step < 150; step++) {
    await random.pick(steps)();
    if (random.chance(0.7)) {
      await settle();
      check();
    }
  }

  // Then all goes well: everybody is served, and the pool comes to rest between its bounds.
  source.isEager = true;
  source.isPrompt = true;
  for (const attempt of [...source.attempts]) attempt.succeed();
  for (const session of source.sessions) {
    session.isDeaf = false;
    if (session.isEnded) session.letGo();
  }
  for (let i = 0; i < 2000 && calls.some(({ state }) => state !== 'over'); i++) {
    await settle();
    for (const call of holding()) giveBack(call);
    await clock.advance(10);
    check();
  }
  expect(calls.filter(({ state }) => state !== 'over')).toEqual([]);
  for (let i = 0; i < 40; i++) await clock.advance(1000);
  const { size, idle, waiting } = allocator.stats;
  expect([idle, waiting]).toEqual([size, 0]);
  expect(size).toBeGreaterThanOrEqual(settings.minSize);
  if (settings.maxInactiveConnectionLifetime > 0) expect(size).toBe(settings.minSize);
  await allocator.close();
  expect(source.backends).toBe(0);
  expect(clock.timers).toBe(0);
  expect(() => allocator.checkOut('exclusive', null, null)).toThrow(InterfaceError);
}

describe('random schedules', () => {
  const first = Number(process.env['POOL_SEED'] ?? 1);
  const runs = Number(process.env['POOL_SCHEDULES'] ?? 60);

  it(`keep every promise of the allocator, ${runs} of them`, { timeout: 600_000 }, async () => {
    for (let seed = first; seed < first + runs; seed++) {
      try {
        await runSchedule(seed);
      } catch (error) {
        throw new Error(`schedule ${seed} failed (POOL_SEED=${seed})`, { cause: error });
      }
    }
  });

  it('end with an error that tells what the pool was doing when a wait takes too long', async () => {
    const { clock, source, allocator } = build({ maxSize: 1 });
    source.isEager = true;
    await allocator.checkOut('exclusive', null, null);
    const late = allocator.checkOut('shared', null, 100);
    const error = Promise.resolve(late).catch((reason: unknown) => reason);
    await clock.advance(100);
    expect(await error).toBeInstanceOf(TimeoutError);
    expect(((await error) as Error).message).toContain('the longest holder has had one for 100 ms');
  });

  it('name no holder where there is none, as connections are only being opened', async () => {
    const { clock, allocator } = build({ maxSize: 1 });
    const late = Promise.resolve(allocator.checkOut('shared', null, 100));
    const error = late.catch((reason: unknown) => reason);
    await clock.advance(100);
    const { message } = (await error) as Error;
    expect(message).toContain(
      'of 1 connections 0 are in use, 0 idle, 1 being opened; 0 others wait',
    );
    expect(message).not.toContain('holder');
  });
});
