import type { Connection, Pool, Subscription } from '../../../src/index.ts';

/**
 * Numbers in ascending order, told by NOTIFY: each has to come once, and none may be missing
 * unless a gap was told of first.
 */
export class Sequence {
  told = 0;
  received = 0;
  gaps = 0;
  readonly violations: string[] = [];
  #last = 0;
  #gap = false;
  /** Those of which nobody knows whether they were told. */
  readonly #unsure = new Set<number>();

  listen(pool: Pool): Promise<Subscription> {
    return pool.listen('soak', ({ payload }) => this.#receive(Number(payload)), {
      onReconnect: () => {
        this.gaps += 1;
        this.#gap = true;
      },
    });
  }

  /** Tells the next number, around the faults. */
  async tell(admin: Connection): Promise<void> {
    this.told += 1;
    const number = this.told;
    try {
      await admin.notify('soak', String(number));
    } catch {
      this.#unsure.add(number);
    }
  }

  #receive(number: number): void {
    this.received += 1;
    if (number <= this.#last) this.violations.push(`notification ${number} after ${this.#last}`);
    for (let missed = this.#last + 1; missed < number && !this.#gap; missed++) {
      if (!this.#unsure.has(missed)) this.violations.push(`notification ${missed} is missing`);
    }
    this.#gap = false;
    this.#last = number;
    for (const old of this.#unsure) if (old < number) this.#unsure.delete(old);
  }
}
