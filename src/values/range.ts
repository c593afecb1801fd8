import { boundText, compareBounds } from './range-bound.ts';
import { parseRange } from './range-text.ts';

/** Which bounds belong to a range, and whether it has any value at all. */
export interface RangeOptions {
  /** The lower bound itself is in the range; true by default. */
  lowerInc?: boolean | undefined;
  /** The upper bound itself is in the range; false by default. */
  upperInc?: boolean | undefined;
  /** The range holds no value; its bounds are left out of account. */
  empty?: boolean | undefined;
}

function sameBound(a: unknown, b: unknown): boolean {
  if (a === null || b === null) return a === b;
  try {
    return compareBounds(a, b) === 0;
  } catch {
    return Object.is(a, b);
  }
}

/**
 * A range: `int4range`, `int8range`, `numrange`, `tsrange`, `tstzrange`, `daterange` or one made
 * with CREATE TYPE. A bound that is `null` is infinite. Nothing is normalized: `[1,5]` and
 * `[1,6)` are equal to the server for integers and different here; the server itself always
 * answers with the latter.
 *
 * @example
 * const during = await connection.fetchVal<Range<number>>('SELECT int4range(10, 20)');
 * during?.lower; // 10
 * during?.contains(20); // false
 * await connection.fetch('SELECT * FROM booking WHERE during && $1', new Range(10, 20));
 *
 * Bounds are compared by value: numbers, bigints and strings of decimal digits with one another,
 * exactly; Dates with Dates and with ±Infinity; dates in ISO format as dates, the era and
 * `infinity` included; other strings by their code units; and objects through the static
 * `compare` of their class (Temporal has it). Other pairs are a TypeError.
 *
 * PostgreSQL manual: "Range Types" (rangetypes).
 */
export class Range<T = unknown> {
  /** The lower bound; `null` if it is infinite or the range is empty. */
  readonly lower: T | null;
  /** The upper bound; `null` if it is infinite or the range is empty. */
  readonly upper: T | null;
  /** The lower bound is in the range. Never so if it is infinite. */
  readonly lowerInc: boolean;
  /** The upper bound is in the range. Never so if it is infinite. */
  readonly upperInc: boolean;
  /** The range holds no value. */
  readonly isEmpty: boolean;

  /** Throws a TypeError for a bound that is given as undefined: a forgotten property is no infinite bound. */
  constructor(...given: [lower?: T | null, upper?: T | null, options?: RangeOptions]) {
    const [lower = null, upper = null, options] = given;
    const isEmpty = options?.empty === true;
    const isForgotten =
      (given.length > 0 && given[0] === undefined) || (given.length > 1 && given[1] === undefined);
    if (isForgotten && !isEmpty) {
      throw new TypeError('undefined is no bound of a Range; pass null for an infinite one');
    }
    this.lower = isEmpty ? null : lower;
    this.upper = isEmpty ? null : upper;
    this.lowerInc = this.lower !== null && (options?.lowerInc ?? true);
    this.upperInc = this.upper !== null && (options?.upperInc ?? false);
    this.isEmpty = isEmpty;
    Object.freeze(this);
  }

  /** The range that holds no value. */
  static empty<T = unknown>(): Range<T> {
    return new Range<T>(null, null, { empty: true });
  }

  /**
   * Reads PostgreSQL's text, e.g. `[1,5)`, `(,"a,b"]` or `empty`, and each bound with
   * `parseBound`. Throws a SyntaxError for anything else.
   */
  static parse<T>(text: string, parseBound: (text: string) => T): Range<T> {
    const parsed = parseRange(text);
    if (parsed === null) return Range.empty<T>();
    const { lower, upper, lowerInc, upperInc } = parsed;
    return new Range<T>(
      lower === null ? null : parseBound(lower),
      upper === null ? null : parseBound(upper),
      { lowerInc, upperInc },
    );
  }

  /** Reads PostgreSQL's text and leaves the bounds as strings. */
  static fromString(text: string): Range<string> {
    return Range.parse(text, (bound) => bound);
  }

  /** There is no lower bound. Not so for the empty range. */
  get lowerInf(): boolean {
    return this.lower === null && !this.isEmpty;
  }

  /** There is no upper bound. Not so for the empty range. */
  get upperInf(): boolean {
    return this.upper === null && !this.isEmpty;
  }

  /** Whether the value lies in the range. */
  contains(value: T): boolean {
    if (this.isEmpty) return false;
    if (this.lower !== null) {
      const order = compareBounds(value, this.lower);
      if (order < 0 || (order === 0 && !this.lowerInc)) return false;
    }
    if (this.upper !== null) {
      const order = compareBounds(value, this.upper);
      if (order > 0 || (order === 0 && !this.upperInc)) return false;
    }
    return true;
  }

  /** Whether the other range holds every value of this one; the server's `<@`. */
  isSubset(other: Range<T>): boolean {
    if (this.isEmpty) return true;
    if (other.isEmpty) return false;
    if (other.lower !== null) {
      if (this.lower === null) return false;
      const order = compareBounds(this.lower, other.lower);
      if (order < 0 || (order === 0 && this.lowerInc && !other.lowerInc)) return false;
    }
    if (other.upper !== null) {
      if (this.upper === null) return false;
      const order = compareBounds(this.upper, other.upper);
      if (order > 0 || (order === 0 && this.upperInc && !other.upperInc)) return false;
    }
    return true;
  }

  /** Whether this range holds every value of the other one; the server's `@>`. */
  isSuperset(other: Range<T>): boolean {
    return other.isSubset(this);
  }

  /** Whether the bounds are the same, by value, and belong to the ranges alike. */
  equals(other: unknown): boolean {
    return (
      other instanceof Range &&
      this.isEmpty === other.isEmpty &&
      this.lowerInc === other.lowerInc &&
      this.upperInc === other.upperInc &&
      sameBound(this.lower, other.lower) &&
      sameBound(this.upper, other.upper)
    );
  }

  /** PostgreSQL's own text, e.g. `[1,5)`; a Date is written in UTC. */
  toString(): string {
    if (this.isEmpty) return 'empty';
    const lower = this.lower === null ? '' : boundText(this.lower);
    const upper = this.upper === null ? '' : boundText(this.upper);
    return `${this.lowerInc ? '[' : '('}${lower},${upper}${this.upperInc ? ']' : ')'}`;
  }

  /** PostgreSQL's own text, which JSON can hold whatever the bounds are. */
  toJSON(): string {
    return this.toString();
  }
}
