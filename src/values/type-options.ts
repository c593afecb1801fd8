/** What of a `Temporal` implementation is used: the global one or a polyfill. */
export interface TemporalNamespace {
  /** For timestamptz. */
  readonly Instant: {
    /** As `Temporal.Instant` has it. */
    new (epochNanoseconds: bigint): TemporalInstant;
  };
  /** For date. */
  readonly PlainDate: {
    /** As `Temporal.PlainDate` has it. */
    new (year: number, month: number, day: number): TemporalPrintable;
  };
  /** For time. */
  readonly PlainTime: {
    /** As `Temporal.PlainTime` has it. */
    new (
      hour: number,
      minute: number,
      second: number,
      millisecond: number,
      microsecond: number,
    ): TemporalPrintable;
  };
  /** For timestamp. */
  readonly PlainDateTime: {
    /** As `Temporal.PlainDateTime` has it. */
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
export interface TemporalPrintable {
  /** ISO 8601. */
  toString(): string;
  /** `Temporal.` and the name of its class. */
  readonly [Symbol.toStringTag]: string;
}

/** A `Temporal.Instant`. */
export interface TemporalInstant extends TemporalPrintable {
  /** Nanoseconds since 1970. */
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
