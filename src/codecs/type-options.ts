import { ClientConfigurationError } from '../errors/client-errors.ts';

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

/** The `types` option with its defaults filled in. */
export interface ResolvedTypeOptions {
  /** What an int8 becomes. `number` refuses what lies beyond 2^53. */
  readonly int8: 'bigint' | 'number' | 'string';
  /** What a numeric becomes. `number` refuses what a double cannot hold exactly. */
  readonly numeric: 'string' | 'number';
  /** What date, time, timestamp and timestamptz become. */
  readonly datetime: 'date' | 'temporal' | 'string';
  /** Whether json and jsonb are parsed. */
  readonly json: 'parse' | 'text';
  /** Set exactly when `datetime` is `temporal`. */
  readonly temporal: TemporalNamespace | null;
}

/** The `types` option as users give it. */
export interface TypeOptionsInput {
  readonly int8?: ResolvedTypeOptions['int8'] | undefined;
  readonly numeric?: ResolvedTypeOptions['numeric'] | undefined;
  readonly datetime?: ResolvedTypeOptions['datetime'] | undefined;
  readonly json?: ResolvedTypeOptions['json'] | undefined;
  readonly temporal?: unknown;
}

/** Fills in the defaults. That the choices are valid, the configuration has seen to. */
export function resolveTypeOptions(options: TypeOptionsInput = {}): ResolvedTypeOptions {
  const { int8 = 'bigint', numeric = 'string', datetime = 'date', json = 'parse' } = options;
  return Object.freeze({
    int8,
    numeric,
    datetime,
    json,
    temporal: datetime === 'temporal' ? findTemporal(options.temporal) : null,
  });
}

function findTemporal(polyfill: unknown): TemporalNamespace {
  const temporal = polyfill ?? Reflect.get(globalThis, 'Temporal');
  if (temporal === undefined) {
    throw new ClientConfigurationError('types.datetime is "temporal", but there is no Temporal', {
      hint: 'This runtime has no global Temporal: pass a polyfill as types.temporal.',
    });
  }
  return temporal as TemporalNamespace;
}
