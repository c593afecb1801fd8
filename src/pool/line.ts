import type { Expectation, Expectations } from './expectations.ts';

/**
 * The one-shot queries that are under way on one connection, in the order in which they are
 * answered, and what is expected of them. It knows no clock: times are given, in milliseconds.
 */
export class Line {
  /** The milliseconds of work that are expected of all of them. */
  load = 0;
  readonly #expectations: (Expectation | null)[] = [];
  readonly #costs: number[] = [];
  readonly #boundAt: number[] = [];
  /** The first that is not over: those before it are taken out when there are many. */
  #first = 0;
  #answeredAt = -Infinity;

  get length(): number {
    return this.#costs.length - this.#first;
  }

  join(expectation: Expectation, cost: number, now: number): void {
    this.#expectations.push(expectation);
    this.#costs.push(cost);
    this.#boundAt.push(now);
    this.load += cost;
  }

  /** Since when the first would be done if it took no time. */
  #beganAt(roundTrip: number): number {
    return Math.max(this.#boundAt[this.#first]! + roundTrip, this.#answeredAt);
  }

  /** Whether the first takes longer than was expected of it. */
  hasOverrun(now: number, { roundTrip, patience }: Expectations): boolean {
    if (this.length === 0) return false;
    const began = this.#beganAt(roundTrip === Infinity ? 0 : roundTrip);
    return now - began > this.#costs[this.#first]! + patience;
  }

  /**
   * Learns from what was answered at the moment `at`, if that is new.
   *
   * @param left how many are not answered
   */
  learn(at: number, left: number, expectations: Expectations): void {
    const bound = this.#boundAt[this.#first];
    if (bound === undefined || at < bound || at <= this.#answeredAt) return;
    if (this.#answeredAt <= bound) {
      expectations.noteRoundTrip(at - bound, this.#expectations[this.#first]!);
    }
    const time = Math.max(0, at - this.#beganAt(expectations.roundTrip));
    this.#answeredAt = at;
    const end = this.#first + Math.max(1, this.length - left);
    let whole = 0;
    for (let i = this.#first; i < end; i++) whole += this.#costs[i]!;
    let previous: Expectation | null = null;
    for (let i = this.#first; i < end; i++) {
      const expectation = this.#expectations[i]!;
      // Several of the same text that came at once are one observation.
      if (expectation === previous) continue;
      previous = expectation;
      expectations.learn(expectation, (time * this.#costs[i]!) / whole, left > 0);
    }
  }

  /** One of this expectation is over: the first such one, or the first if it was forgotten since. */
  leave(expectation: Expectation): void {
    let at = this.#first;
    if (this.#expectations[at] !== expectation) {
      at = Math.max(at, this.#expectations.indexOf(expectation, at));
    }
    this.load -= this.#costs[at]!;
    if (at !== this.#first) {
      this.#expectations.splice(at, 1);
      this.#costs.splice(at, 1);
      this.#boundAt.splice(at, 1);
      return;
    }
    this.#expectations[at] = null;
    this.#first += 1;
    if (this.length === 0) this.#clear();
    else if (this.#first > 200) this.#compact();
  }

  #clear(): void {
    this.#expectations.length = 0;
    this.#costs.length = 0;
    this.#boundAt.length = 0;
    this.#first = 0;
    this.load = 0;
  }

  #compact(): void {
    this.#expectations.splice(0, this.#first);
    this.#costs.splice(0, this.#first);
    this.#boundAt.splice(0, this.#first);
    this.#first = 0;
  }
}
