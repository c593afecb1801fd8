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
export interface TemporalPrintable {
  toString(): string;
  readonly [Symbol.toStringTag]: string;
}

export interface TemporalInstant extends TemporalPrintable {
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

const CHOICES = {
  int8: ['bigint', 'number', 'string'],
  numeric: ['string', 'number'],
  datetime: ['date', 'temporal', 'string'],
  json: ['parse', 'text'],
} as const;

function choose<K extends keyof typeof CHOICES>(
  options: TypeOptionsInput,
  key: K,
): (typeof CHOICES)[K][number] {
  const choices: readonly (typeof CHOICES)[K][number][] = CHOICES[key];
  const given = options[key] ?? choices[0]!;
  if (!choices.some((choice) => choice === given)) {
    throw new ClientConfigurationError(
      `invalid types.${key} option: must be one of ${choices.join(', ')}`,
    );
  }
  return given as (typeof CHOICES)[K][number];
}

/** Checks the `types` option and fills in the defaults. */
export function resolveTypeOptions(options: TypeOptionsInput = {}): ResolvedTypeOptions {
  for (const key of Object.keys(options)) {
    if (key !== 'temporal' && !Object.hasOwn(CHOICES, key)) {
      throw new ClientConfigurationError(`unknown types option ${JSON.stringify(key)}`);
    }
  }
  const datetime = choose(options, 'datetime');
  return Object.freeze({
    int8: choose(options, 'int8'),
    numeric: choose(options, 'numeric'),
    datetime,
    json: choose(options, 'json'),
    temporal: datetime === 'temporal' ? resolveTemporal(options.temporal) : null,
  });
}

function resolveTemporal(polyfill: unknown): TemporalNamespace {
  const temporal = polyfill ?? Reflect.get(globalThis, 'Temporal');
  if (temporal === undefined || temporal === null) {
    throw new ClientConfigurationError('types.datetime is "temporal", but there is no Temporal', {
      hint: 'This runtime has no global Temporal: pass a polyfill as types.temporal.',
    });
  }
  const parts: Readonly<Record<string, unknown>> = temporal as Record<string, unknown>;
  for (const name of ['Instant', 'PlainDate', 'PlainTime', 'PlainDateTime']) {
    if (typeof parts[name] !== 'function') {
      throw new ClientConfigurationError(`types.temporal has no ${name}: not a Temporal namespace`);
    }
  }
  return temporal as TemporalNamespace;
}
