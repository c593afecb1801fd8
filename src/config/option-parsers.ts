import type { TransformOptions } from '../values/column-names.ts';
import type { PasswordFunction } from './options.ts';
import { configurationError, gotSuffix, type Origin } from './origin.ts';
import {
  booleanValue,
  checkText,
  durationValue,
  functionValue,
  oneOf,
  positiveTextOrNull,
  type TextParser,
  type ValueParser,
} from './value-parsers.ts';

/** `connect_timeout` counts for each address of each host, the option for all of them together. */
export interface Timeout {
  readonly milliseconds: number | null;
  readonly perHost: boolean;
}

export const timeoutValue: ValueParser<Timeout> = (value, origin) => {
  if (typeof value !== 'number' || Number.isNaN(value)) {
    throw configurationError(
      origin,
      `expected a number of milliseconds${gotSuffix(value, origin)}`,
    );
  }
  const milliseconds = value === Number.POSITIVE_INFINITY ? null : Math.max(0, value);
  return { milliseconds, perHost: false };
};

export const connectTimeoutText: TextParser<Timeout> = (text, origin) => ({
  milliseconds: positiveTextOrNull(1000)(text, origin),
  perHost: true,
});

/** `idle` is undefined when only "on" or "off" was said. */
export interface KeepAlive {
  readonly enabled: boolean;
  readonly idle?: number;
}

export const keepAliveValue: ValueParser<KeepAlive> = (value, origin) =>
  typeof value === 'number'
    ? { enabled: true, idle: durationValue(value, origin) }
    : { enabled: booleanValue(value, origin) };

export const loadBalanceWord = oneOf('disable', 'random');

export const loadBalanceValue: ValueParser<'disable' | 'random'> = (value, origin) =>
  typeof value === 'boolean' ? (value ? 'random' : 'disable') : loadBalanceWord(value, origin);

export const passwordValue: ValueParser<string | PasswordFunction> = (value, origin) => {
  if (typeof value === 'function') return functionValue<PasswordFunction>(value, origin);
  if (typeof value !== 'string') {
    throw configurationError(origin, 'expected a string or a function that gives one');
  }
  return checkText(value, origin);
};

export const serverSettingsValue: ValueParser<ReadonlyMap<string, string>> = (value, origin) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw configurationError(
      origin,
      `expected an object of strings by parameter name${gotSuffix(value, origin)}`,
    );
  }
  const settings = new Map<string, string>();
  for (const [name, setting] of Object.entries(value)) {
    if (setting === undefined) continue;
    if (typeof setting !== 'string') {
      throw configurationError(origin, `"${name}" must be a string${gotSuffix(setting, origin)}`);
    }
    if (checkText(name, origin) === '') throw configurationError(origin, 'a name is empty');
    if (name === 'user' || name === 'database') {
      throw configurationError(origin, `"${name}" is no setting; use the option of that name`);
    }
    settings.set(name, checkText(setting, origin));
  }
  return settings;
};

const protocolVersion = oneOf('3.0', '3.2', 'latest');

export const protocolText = (value: unknown, origin: Origin): number =>
  protocolVersion(value, origin) === '3.0' ? 0x30000 : 0x30002;

/** The start-up packet's `replication`; empty when it is off. */
export const replicationText: TextParser<string> = (text, origin) => {
  const word = text.toLowerCase();
  if (['database', 'true', 'on', 'yes', '1'].includes(word)) return word;
  if (['false', 'off', 'no', '0'].includes(word)) return '';
  throw configurationError(origin, `expected a boolean or "database"${gotSuffix(text, origin)}`);
};

export const channelBinding = oneOf('disable', 'prefer', 'require');
export const gssLibrary = oneOf('gssapi', 'sspi');
export const targetSession = oneOf(
  'any',
  'primary',
  'standby',
  'prefer-standby',
  'prefer-primary',
  'read-write',
  'read-only',
);
export const negotiationWord = oneOf('postgres', 'direct');

const UTF8 = /^(?:utf-?8|unicode|auto)$/i;

/**
 * The encoding of the texts that travel. A variable of the environment is for programs whose texts have
 * that encoding, and JavaScript's have not: it is left alone. Who asks for another one here is told.
 */
export const clientEncodingText: TextParser<string> = (text, origin) => {
  if (origin.kind !== 'environment' && !UTF8.test(text)) {
    throw configurationError(
      origin,
      'client_encoding must be UTF8, which is what JavaScript strings travel as',
      { hint: 'Leave it away: the server converts from and to the encoding of the database.' },
    );
  }
  return text;
};

export const transformValue: ValueParser<TransformOptions> = (value, origin) => {
  if (typeof value !== 'object' || value === null) {
    throw configurationError(origin, `expected an object${gotSuffix(value, origin)}`);
  }
  for (const [name, transform] of Object.entries(value as Record<string, unknown>)) {
    if (name !== 'column') throw configurationError(origin, `unknown key "${name}"`);
    const inverse = (transform as { inverse?: unknown } | undefined)?.inverse;
    if (transform !== undefined && typeof transform !== 'function') {
      throw configurationError(origin, 'its column must be a function');
    }
    if (inverse !== undefined && typeof inverse !== 'function') {
      throw configurationError(origin, 'the inverse of its column must be a function');
    }
  }
  return value;
};
