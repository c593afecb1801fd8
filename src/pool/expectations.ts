/** How many milliseconds of work may be under way on a connection that is shared. */
export const BUDGET = 1;

/** What takes less than this was measured too long: the flight that carried it took much of it. */
const QUICK = BUDGET / 10;
const LEAST_COST = 0.01;
const LEAST_TIME = 0.005;
/** Of texts that were never seen before at most ten share a connection, if they prove quick. */
const LEAST_NEWCOMER = BUDGET / 10;

/** How much longer than expected the server may take before a query is a slow one. */
const LEAST_PATIENCE = 2;
const MOST_PATIENCE = 50;

/** The first execution of a text may take longer than those that follow by as much. */
const FIRST_IS_LONGER = 64;

/** A quick query that takes so long has not been delayed by a busy machine: it is a slow one. */
const EXCEPTION = 50;

/** A text as long as this is not remembered. */
const MAX_TEXT_LENGTH = 8192;
/** Texts of one generation; there are two. */
const GENERATION = 1000;

/** One SELECT of constants, parameters and columns of nothing: it cannot take long. */
const TRIVIAL = /^\s*(?:$|select\b(?!.*(?:\bfrom\b|\()))/is;
const MAX_TRIVIAL_LENGTH = 200;

/** What the executions of one text have taken. Times are milliseconds of the server's work. */
export interface Expectation {
  /** What it takes when nothing stands in its way; null: not known yet. */
  usual: number | null;
  /** How often it was observed, as far as that matters: 2 is often. */
  seen: number;
  /** What executions that took much longer add on average. */
  risk: number;
}

function newExpectation(text: string): Expectation {
  const isTrivial = text.length <= MAX_TRIVIAL_LENGTH && TRIVIAL.test(text);
  return { usual: isTrivial ? LEAST_COST : null, seen: 0, risk: 0 };
}

/**
 * What the executions of each text are expected to take, learnt from the answers on all connections
 * of a pool. It knows no clock: whoever asks or tells gives the numbers.
 *
 * What is measured is too much as soon as this process or the server is busy with something else: a
 * low quantile of it is taken for the text's own. But a text that sometimes takes very long costs as
 * much as that on average.
 */
export class Expectations {
  /** The shortest that a request alone was under way: what lies between here and the server. */
  roundTrip = Infinity;
  /** By how much it usually is longer: this process, the network and the server are busy. */
  #unrest = LEAST_COST;
  /** What a text takes that was not seen before. Until that is known nothing goes with one. */
  #newcomer = BUDGET;
  #recent = new Map<string, Expectation>();
  #older = new Map<string, Expectation>();

  /** The expectation of a text, which is kept until many others were used since. */
  of(text: string): Expectation {
    return this.#recent.get(text) ?? this.#find(text);
  }

  #find(text: string): Expectation {
    const found = this.#older.get(text) ?? newExpectation(text);
    if (text.length > MAX_TEXT_LENGTH) return found;
    if (this.#recent.size >= GENERATION) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(text, found);
    return found;
  }

  /** How much of a connection's budget an execution takes. */
  cost({ usual, risk }: Expectation): number {
    if (usual === null) return this.#newcomer;
    const own = usual < QUICK ? (usual * usual) / QUICK : usual;
    return Math.max(LEAST_COST, own, risk);
  }

  /** A connection was opened within `time`: there and back at least twice. */
  noteOpening(time: number): void {
    this.roundTrip = Math.min(this.roundTrip, time / 2);
  }

  /** When an answer has not come for so long after it was expected, the query is a slow one. */
  get patience(): number {
    return Math.min(MOST_PATIENCE, Math.max(LEAST_PATIENCE, 4 * this.#unrest));
  }

  /** A request that was alone on its connection was under way for `time`. */
  noteRoundTrip(time: number, { usual }: Expectation): void {
    // It may grow, as a route may become longer.
    this.roundTrip = Math.min(time, this.roundTrip * 1.001 + 1e-4);
    // What takes long by itself says nothing of that.
    if (usual === null || usual >= QUICK) return;
    const isMore = time - this.roundTrip > this.#unrest;
    this.#unrest = Math.max(LEAST_COST, this.#unrest * (isMore ? 1.1 : 0.9));
  }

  /**
   * An execution took `time`, or less.
   *
   * @param isExact the server was at work for all of that time
   */
  learn(expectation: Expectation, time: number, isExact: boolean): void {
    const { usual, seen } = expectation;
    if (seen === 0) {
      expectation.seen = 1;
      if (usual !== null) return;
      expectation.usual = Math.max(LEAST_TIME, time / FIRST_IS_LONGER);
      const capped = Math.min(time, 10 * BUDGET);
      this.#newcomer += (Math.max(LEAST_NEWCOMER, capped) - this.#newcomer) / 8;
      return;
    }
    if (seen === 1 || usual === null) {
      expectation.seen = 2;
      expectation.usual = Math.max(LEAST_TIME, time);
      return;
    }
    const isException = time > EXCEPTION && time > 4 * usual;
    expectation.risk += ((isException ? time : 0) - expectation.risk) / 32;
    if (time < usual) expectation.usual = Math.max(LEAST_TIME, time, usual / 2);
    else expectation.usual = Math.min(time, usual * (isExact ? 1.03 : 1.005));
  }
}
