import type {
  ResolvedTypeOptions,
  TemporalNamespace,
  TypeOptions,
} from '../values/type-options.ts';
import { configurationError, gotSuffix, type Origin, optionOrigin } from './origin.ts';
import { oneOf, type ValueParser } from './value-parsers.ts';

const CHOICES = {
  int8: oneOf('bigint', 'number', 'string'),
  numeric: oneOf('string', 'number'),
  datetime: oneOf('date', 'temporal', 'string'),
  json: oneOf('parse', 'text'),
};

/** What `resolveTypeOptions` gives without any. */
export const DEFAULT_TYPES: ResolvedTypeOptions = Object.freeze({
  int8: 'bigint',
  numeric: 'string',
  datetime: 'date',
  json: 'parse',
  temporal: null,
});

/** Validates the `types` option and fills in its defaults. */
export const typeOptionsValue: ValueParser<ResolvedTypeOptions> = (value, origin) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw configurationError(origin, `expected an object${gotSuffix(value, origin)}`);
  }
  const options: TypeOptions = value;
  for (const name of Object.keys(options)) {
    if (!(name in CHOICES) && name !== 'temporal') {
      throw configurationError(origin, `unknown type option "${name}"`);
    }
  }
  const datetime = CHOICES.datetime(
    options.datetime ?? DEFAULT_TYPES.datetime,
    optionOrigin('types.datetime'),
  );
  return Object.freeze({
    int8: CHOICES.int8(options.int8 ?? DEFAULT_TYPES.int8, optionOrigin('types.int8')),
    numeric: CHOICES.numeric(
      options.numeric ?? DEFAULT_TYPES.numeric,
      optionOrigin('types.numeric'),
    ),
    datetime,
    json: CHOICES.json(options.json ?? DEFAULT_TYPES.json, optionOrigin('types.json')),
    temporal: datetime === 'temporal' ? findTemporal(options.temporal) : null,
  });
};

/** The `types` option, validated and with its defaults filled in. */
export function resolveTypeOptions(options: TypeOptions = {}): ResolvedTypeOptions {
  return typeOptionsValue(options, optionOrigin('types'));
}

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
    if (typeof member !== 'function') {
      throw configurationError(origin, `expected a Temporal namespace with ${name}`);
    }
  }
  return value as TemporalNamespace; // Checked above as far as it can be.
}
