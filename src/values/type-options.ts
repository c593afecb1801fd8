/** What of a `Temporal` implementation is used: the global one or a polyfill. */
export interface TemporalNamespace {
  readonly Instant: {
    new (epochNanoseconds: bigint): TemporalInstant;
  };
  readonly PlainDate: {
    new (year: number, month: number, day: number): TemporalPrintable;
  };
  readonly PlainTime: {
    new (
      hour: number,
      minute: number,
      second: number,
      millisecond: number,
      microsecond: number,
    ): TemporalPrintable;
  };
  readonly PlainDateTime: {
    new (
      year: number,
      month: number,
      day: number,
      hour: number,
      minute: number,
      second: number,
      millisecond: number,
      microsecond: number,
    ): TemporalPrintable;
  };
}

/** Any `Temporal` value: its ISO 8601 form is its `toString()`. */
interface TemporalPrintable {
  toString(): string;
  readonly [Symbol.toStringTag]: string;
}

interface TemporalInstant extends TemporalPrintable {
  readonly epochNanoseconds: bigint;
}

/**
 * What PostgreSQL's values become in JavaScript where there is a choice.
 *
 * @example
 * await connect({ types: { int8: 'number', datetime: 'temporal' } });
 */
export interface TypeOptions {
  /**
   * `bigint` by default. With `'number'` a value beyond ±(2^53 − 1) rejects the call with an
   * InterfaceError instead of losing a digit.
   */
  readonly int8?: 'bigint' | 'number' | 'string' | undefined;
  /** `string` by default, exact. With `'number'` a value that a number cannot hold rejects. */
  readonly numeric?: 'string' | 'number' | undefined;
  /**
   * `date` by default: timestamps are `Date`s, date and time are ISO strings. `'temporal'` keeps
   * microseconds and needs `globalThis.Temporal` or the `temporal` option; `'string'` is
   * PostgreSQL's ISO text.
   */
  readonly datetime?: 'date' | 'temporal' | 'string' | undefined;
  /**
   * `parse` by default; `'text'` leaves json and jsonb as they came.
   *
   * Arguments become JSON as `JSON.stringify` has it (`toJSON`, properties that are undefined left
   * out), but for a bigint, which is its digits. A value without a JSON form is refused.
   */
  readonly json?: 'parse' | 'text' | undefined;
  /** A polyfill to take instead of `globalThis.Temporal`. */
  readonly temporal?: TemporalNamespace | undefined;
}

/** TypeOptions with every choice made. `temporal` is null unless `datetime` is `'temporal'`. */
export interface ResolvedTypeOptions {
  readonly int8: 'bigint' | 'number' | 'string';
  readonly numeric: 'string' | 'number';
  readonly datetime: 'date' | 'temporal' | 'string';
  readonly json: 'parse' | 'text';
  readonly temporal: TemporalNamespace | null;
}
