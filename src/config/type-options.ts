import { configurationError, gotten, type Origin, optionOrigin } from './origin.ts';
import { oneOf, type ValueParser } from './value-parsers.ts';

/** The part of the Temporal namespace that `datetime: 'temporal'` uses; a polyfill has it too. */
export interface TemporalNamespace {
  readonly Instant: TemporalClass & { fromEpochNanoseconds(nanoseconds: bigint): object };
  readonly PlainDateTime: TemporalClass;
  readonly PlainDate: TemporalClass;
  readonly PlainTime: TemporalClass;
}

/** One class of the Temporal namespace. */
interface TemporalClass {
  from(text: string): object;
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
  /** `parse` by default; `'text'` leaves json and jsonb as they came. */
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

const CHOICES = {
  int8: oneOf('bigint', 'number', 'string'),
  numeric: oneOf('string', 'number'),
  datetime: oneOf('date', 'temporal', 'string'),
  json: oneOf('parse', 'text'),
};

/** Validates the `types` option and fills in its defaults. */
export const typeOptionsValue: ValueParser<ResolvedTypeOptions> = (value, origin) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw configurationError(origin, `expected an object${gotten(value, origin)}`);
  }
  const options: TypeOptions = value;
  for (const name of Object.keys(options)) {
    if (!(name in CHOICES) && name !== 'temporal') {
      throw configurationError(origin, `unknown type option "${name}"`);
    }
  }
  const datetime = CHOICES.datetime(options.datetime ?? 'date', optionOrigin('types.datetime'));
  return Object.freeze({
    int8: CHOICES.int8(options.int8 ?? 'bigint', optionOrigin('types.int8')),
    numeric: CHOICES.numeric(options.numeric ?? 'string', optionOrigin('types.numeric')),
    datetime,
    json: CHOICES.json(options.json ?? 'parse', optionOrigin('types.json')),
    temporal: datetime === 'temporal' ? findTemporal(options.temporal) : null,
  });
};

export const DEFAULT_TYPES: ResolvedTypeOptions = typeOptionsValue({}, optionOrigin('types'));

function findTemporal(polyfill: unknown): TemporalNamespace {
  const origin = optionOrigin('types.temporal');
  if (polyfill !== undefined) return temporalNamespace(polyfill, origin);
  const builtin: unknown = Reflect.get(globalThis, 'Temporal');
  if (builtin === undefined) {
    throw configurationError(
      optionOrigin('types.datetime'),
      '"temporal" needs globalThis.Temporal, which this version of Node does not have',
      { hint: 'Pass a polyfill as types.temporal.' },
    );
  }
  return temporalNamespace(builtin, origin);
}

function temporalNamespace(value: unknown, origin: Origin): TemporalNamespace {
  for (const name of ['Instant', 'PlainDateTime', 'PlainDate', 'PlainTime']) {
    const member: unknown =
      typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
    if (typeof member !== 'function' || typeof Reflect.get(member, 'from') !== 'function') {
      throw configurationError(origin, `expected a Temporal namespace with ${name}`);
    }
  }
  return value as TemporalNamespace; // Checked above as far as it can be.
}
