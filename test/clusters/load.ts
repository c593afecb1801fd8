/** Clients that write, each row once, or read, and what they see: who was answered, and when. */
import { randomUUID } from 'node:crypto';
import { sleep } from '../support/pool.ts';

export interface Client {
  readonly name: string;
  /** Writes one row; must not be repeated by itself. */
  readonly call: (id: string) => Promise<unknown>;
  readonly writes: boolean;
  readonly close: () => Promise<void>;
}

/** What a client has seen of one fault. */
export interface Seen {
  readonly client: string;
  /** The longest time without an answer, in milliseconds. */
  readonly outage: number;
  readonly answered: number;
  readonly failed: number;
  /** Of those that were answered, how many are not there. */
  readonly lost: number;
  readonly twice: number;
  /** Of those that failed, how many are there. */
  readonly unknown: number;
}

/** How many at once, and how long each rests, in milliseconds. */
const CALLERS = 4;
const REST = 10;

export class Load {
  readonly client: Client;
  readonly answered = new Set<string>();
  readonly failed = new Set<string>();
  readonly errors = new Map<string, number>();
  #count = 0;
  #lastAt = performance.now();
  #outage = 0;
  #isOver = false;
  #endedAt: number | null = null;
  readonly #work: Promise<void>[];

  constructor(client: Client) {
    this.client = client;
    this.#work = Array.from({ length: CALLERS }, () => this.#callOnAndOn());
  }

  async #callOnAndOn(): Promise<void> {
    while (!this.#isOver) {
      const id = randomUUID();
      try {
        await this.client.call(id);
        this.answered.add(id);
        this.#count += 1;
        const now = performance.now();
        this.#outage = Math.max(this.#outage, now - this.#lastAt);
        this.#lastAt = now;
      } catch (error) {
        this.failed.add(id);
        const { name, message } = error as Error;
        const text = `${name}: ${message.split('\n')[0]!.replaceAll(/\d{4,}/g, '…')}`;
        this.errors.set(text, (this.errors.get(text) ?? 0) + 1);
      }
      await sleep(REST);
    }
  }

  /** From here on it is counted for another fault. */
  begin(): void {
    this.answered.clear();
    this.failed.clear();
    this.errors.clear();
    this.#outage = 0;
    this.#count = 0;
  }

  get count(): number {
    return this.#count;
  }

  get outage(): number {
    return Math.max(this.#outage, (this.#endedAt ?? performance.now()) - this.#lastAt);
  }

  async end(): Promise<void> {
    this.#isOver = true;
    this.#endedAt = performance.now();
    await Promise.race([Promise.all(this.#work), sleep(10_000)]);
    await Promise.race([this.client.close(), sleep(5_000)]);
  }

  /** @param written how often each id is in the table */
  seen(written: ReadonlyMap<string, number>): Seen {
    const { client, answered, failed } = this;
    const ids = client.writes ? [...answered] : [];
    return {
      client: client.name,
      outage: Math.round(this.outage),
      answered: answered.size,
      failed: failed.size,
      lost: ids.filter((id) => !written.has(id)).length,
      twice: [...answered, ...failed].filter((id) => (written.get(id) ?? 0) > 1).length,
      unknown: [...failed].filter((id) => written.has(id)).length,
    };
  }
}
