/**
 * Hours in the life of a change stream, on a virtual clock and a simulated walsender, in an order that a
 * seed decides: transactions are committed, connections are lost or fall silent, the server crashes and
 * forgets what was confirmed since its last checkpoint, and the consumer is slow, or begins anew.
 */
import { expect } from 'vitest';
import { CREATE } from '../../src/client/internals.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { checkedPoolOptions } from '../../src/pool/checked-pool-options.ts';
import { Pool } from '../../src/pool/pool.ts';
import { type ChangeStream, openChangeStream } from '../../src/replication/index.ts';
import { VirtualClock } from '../support/fakes/virtual-clock.ts';
import type { Random } from '../support/samples/random.ts';
import { SimulatedPrimary, SLOT } from './simulated-walsender.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const STEPS = 60;
const PAUSES = [0, 1, 10, 100, SECOND, 10 * SECOND, MINUTE];

/** What became of a life. */
export interface StreamLife {
  readonly transactions: number;
  readonly reconnects: number;
  readonly streams: number;
  readonly again: number;
}

export class StreamWorld {
  readonly #random: Random;
  readonly #server = new SimulatedPrimary((settled) => new VirtualClock(settled));
  readonly #pool: Pool;
  /** How many of the log's transactions were processed, from the front. */
  #processed = 0;
  #transactions = 0;
  #reconnects = 0;
  #streams = 0;
  #again = 0;
  #error: unknown = null;
  #stream: ChangeStream | null = null;
  #isOver = false;

  constructor(random: Random) {
    this.#random = random;
    const [settings, options] = checkedPoolOptions({
      host: 'simulated',
      user: 'ada',
      database: 'shop',
      ssl: 'disable',
      dial: this.#server.dial,
      timeout: 5 * SECOND,
      minSize: 0,
    });
    this.#pool = Pool[CREATE](resolveConfig(undefined, options), settings, this.#server.clock);
    // Nothing is confirmed that was not processed.
    this.#server.onConfirmed = (position) => {
      const next = this.#server.log[this.#processed];
      if (next !== undefined && position >= next.endLsn) {
        this.#error ??= new Error(`transaction ${next.xid} was confirmed before it was processed`);
      }
    };
  }

  async live(): Promise<StreamLife> {
    const consuming = this.#consume();
    for (let step = 0; step < STEPS; step++) {
      this.#step();
      await this.#pass(this.#random.pick(PAUSES));
      this.#check();
    }
    await this.#recover();
    this.#isOver = true;
    const closing = this.#stream?.close();
    await this.#pass(MINUTE);
    await closing;
    await consuming;
    await this.#pool.close();
    this.#check();
    return {
      transactions: this.#transactions,
      reconnects: this.#reconnects,
      streams: this.#streams,
      again: this.#again,
    };
  }

  async #pass(duration: number): Promise<void> {
    await this.#server.clock.advance(0);
    await this.#server.clock.advance(duration);
  }

  #check(): void {
    if (this.#error !== null) throw this.#error;
  }

  #step(): void {
    const random = this.#random;
    const server = this.#server;
    const users: (() => void)[] = [
      () => server.commit(1),
      () => server.commit(1 + random.below(20)),
      () => {
        for (let i = random.below(10); i > 0; i--) server.commit(1 + random.below(5));
      },
      () => server.writeElsewhere(),
    ];
    const world: (() => void)[] = [
      () => random.pick([...server.streams, null])?.lose(),
      () => server.active?.lose(),
      () => server.active?.fallSilent(),
      () => server.crash(),
      () => {
        server.saved = server.confirmed;
      },
      () => this.#trouble('refusing', () => server.crash()),
      () => this.#trouble('silent', () => server.fallSilent()),
      () => {
        server.latency = random.pick([1, 20, 500]);
      },
      () => void this.#stream?.close(),
    ];
    random.pick(random.chance(0.3) ? world : users)();
  }

  #trouble(state: 'refusing' | 'silent', begin: () => void): void {
    if (this.#server.state !== 'up') return;
    this.#server.state = state;
    begin();
    this.#server.later(this.#random.below(2 * MINUTE), () => {
      this.#server.state = 'up';
    });
  }

  #wait(duration: number): Promise<void> {
    return new Promise((resolve) => this.#server.later(duration, resolve));
  }

  /** One stream after the other, for as long as the life lasts. */
  async #consume(): Promise<void> {
    while (!this.#isOver) {
      try {
        this.#stream = await openChangeStream(this.#pool, {
          slot: SLOT,
          publication: 'simulated',
          highWater: 5,
          receiveTimeout: 10 * SECOND,
        });
      } catch (error) {
        // What a process that begins may be told; then it begins once more.
        if (!(error instanceof Error && 'safeToRetry' in error)) this.#error ??= error;
        await this.#wait(SECOND);
        continue;
      }
      this.#streams += 1;
      try {
        await this.#follow(this.#stream);
      } catch (error) {
        this.#error ??= error;
      }
      this.#reconnects += this.#stream.stats.reconnects;
      this.#stream = null;
    }
  }

  async #follow(stream: ChangeStream): Promise<void> {
    /** The place in the log of what comes next: anywhere at first, as it may come again. */
    let at: number | null = null;
    for await (const transaction of stream) {
      const ids: number[] = [];
      try {
        for await (const change of transaction) {
          if (change.kind === 'insert') ids.push(change.new.id);
          if (this.#random.chance(0.05)) await this.#wait(this.#random.pick([10, SECOND, MINUTE]));
        }
      } catch (error) {
        // It was closed in the middle.
        if ((error as Error).name !== 'InterfaceError') throw error;
        return;
      }
      const { log } = this.#server;
      at ??= log.findIndex(({ xid }) => xid === transaction.xid);
      const expected = log[at]!;
      expect([transaction.xid, ids]).toEqual([expected.xid, expected.ids]);
      expect(at).toBeLessThanOrEqual(this.#processed);
      at += 1;
      if (at <= this.#processed) this.#again += 1;
      else this.#processed = at;
      this.#transactions += 1;
      if (this.#random.chance(0.1)) await this.#wait(this.#random.pick([10, SECOND, MINUTE]));
    }
  }

  /** All is well again: all that was committed was processed, and the slot follows. */
  async #recover(): Promise<void> {
    const server = this.#server;
    server.latency = 1;
    server.commit(1);
    for (let minute = 0; minute < 60; minute++) {
      await this.#pass(MINUTE);
      this.#check();
    }
    expect(this.#processed).toBe(server.log.length);
    server.writeElsewhere();
    await this.#pass(MINUTE);
    // The last is acknowledged as the next is asked for.
    expect(server.confirmed).toBe(server.end);
  }
}
