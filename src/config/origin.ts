import { ClientConfigurationError, type ClientErrorOptions } from '../errors/client-errors.ts';

/** The sources of a setting, strongest first. */
const SOURCES = ['option', 'dsn', 'service', 'environment'] as const;
type SourceKind = (typeof SOURCES)[number];

/** Where a value came from, for precedence and for error messages. */
export interface Origin {
  readonly kind: SourceKind;
  /** The setting's name in that source: `commandTimeout`, `sslmode`, `PGSSLMODE`. */
  readonly name: string;
  /** What the setting is called in messages: `sslmode (from PGSSLMODE)`. */
  readonly label: string;
}

/** A value and where it came from. */
export interface Found<T> {
  readonly value: T;
  readonly origin: Origin;
}

/** Whether `a` comes from a source that goes before that of `b`. */
export function isStronger(a: Origin, b: Origin): boolean {
  return SOURCES.indexOf(a.kind) < SOURCES.indexOf(b.kind);
}

export function optionOrigin(name: string): Origin {
  return { kind: 'option', name, label: `${name} (from the options)` };
}

export function dsnOrigin(name: string): Origin {
  return { kind: 'dsn', name, label: `${name} (from the DSN)` };
}

export function serviceOrigin(name: string, service: string, path: string): Origin {
  return { kind: 'service', name, label: `${name} (from service "${service}" in ${path})` };
}

export function environmentOrigin(setting: string, variable: string): Origin {
  return { kind: 'environment', name: variable, label: `${setting} (from ${variable})` };
}

/** The error for a wrong setting: names it and its source, then says what is wrong. */
export function configurationError(
  origin: Origin,
  problem: string,
  options?: ClientErrorOptions,
): ClientConfigurationError {
  return new ClientConfigurationError(`${origin.label}: ${problem}`, options);
}

/** A whole DSN, as it is given by mistake where a part of it belongs: there is a password in it. */
export function isDsn(text: string): boolean {
  // Most names have neither, and need no expression, which is compiled when it is used first.
  if (!text.includes(':') && !text.includes('=')) return false;
  return /^\s*postgres(?:ql)?:\/\/|:\/\/[^\s/]*@|(?:^|\s)password\s*=/i.test(text);
}

/**
 * The wrong value for an error message, with a leading `, got `. Empty for the DSN: what looks
 * like a port there may be a piece of a password with an unencoded `/`, `?` or space.
 */
export function gotSuffix(value: unknown, origin: Origin): string {
  if (origin.kind === 'dsn') return '';
  if (typeof value === 'string' && isDsn(value)) return ', got a DSN';
  if (typeof value === 'string') return `, got ${JSON.stringify(value)}`;
  if (typeof value === 'number' || typeof value === 'boolean') return `, got ${String(value)}`;
  return `, got ${Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`}`;
}
