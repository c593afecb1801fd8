import { configurationError, gotSuffix, isDsn, type Origin } from './origin.ts';

/** Makes a setting of its text in a DSN, a service file or the environment. */
export type TextParser<T> = (text: string, origin: Origin) => T;
/** Makes a setting of the value of an option. */
export type ValueParser<T> = (value: unknown, origin: Origin) => T;

/** Refuses what cannot be sent or be a file name. Never shows the text: it may be a secret. */
export function checkText(text: string, origin: Origin): string {
  if (text.includes('\0')) throw configurationError(origin, 'must not contain a NUL character');
  if (!text.isWellFormed()) {
    throw configurationError(origin, 'must not contain a lone surrogate: it has no UTF-8 form');
  }
  return text;
}

/** For text that is taken as it is. */
export const plainText: TextParser<string> = (text) => text;

export const stringValue: ValueParser<string> = (value, origin) => {
  if (typeof value !== 'string') {
    throw configurationError(origin, `expected a string${gotSuffix(value, origin)}`);
  }
  return checkText(value, origin);
};

/** For names, which servers and errors show. A DSN in their place is shown to nobody. */
export const nameText: TextParser<string> = (text, origin) => {
  if (!isDsn(text)) return text;
  throw configurationError(origin, 'expected a name, not a DSN', {
    hint: 'The DSN is the first argument.',
  });
};

export const nameValue: ValueParser<string> = (value, origin) =>
  nameText(stringValue(value, origin), origin);

/** libpq's integers: decimal, with white space around them allowed. */
export const integerText: TextParser<number> = (text, origin) => {
  const number = /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isInteger(number) || Math.abs(number) > 0x7fffffff) {
    throw configurationError(origin, `expected a 32-bit integer${gotSuffix(text, origin)}`);
  }
  return number;
};

/** An integer of libpq of which zero and below stand for the default. Scaled, e.g. to ms. */
export function positiveTextOrNull(scale: number): TextParser<number | null> {
  return (text, origin) => {
    const number = integerText(text, origin);
    return number > 0 ? number * scale : null;
  };
}

/** libpq's `0` and `1`. */
export const bitText: TextParser<boolean> = (text, origin) => {
  if (text !== '0' && text !== '1') {
    throw configurationError(origin, `expected 0 or 1${gotSuffix(text, origin)}`);
  }
  return text === '1';
};

export const booleanValue: ValueParser<boolean> = (value, origin) => {
  if (typeof value !== 'boolean') {
    throw configurationError(origin, `expected true or false${gotSuffix(value, origin)}`);
  }
  return value;
};

export const countValue: ValueParser<number> = (value, origin) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw configurationError(origin, `expected an integer of 0 or more${gotSuffix(value, origin)}`);
  }
  return value;
};

export const durationValue: ValueParser<number> = (value, origin) => {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw configurationError(
      origin,
      `expected a number of milliseconds, 0 or more${gotSuffix(value, origin)}`,
    );
  }
  return value;
};

/** A time-out that must lie ahead; `Infinity` is none. */
export const positiveDurationValue: ValueParser<number | null> = (value, origin) => {
  if (typeof value !== 'number' || !(value > 0)) {
    throw configurationError(
      origin,
      `expected a positive number of milliseconds${gotSuffix(value, origin)}`,
    );
  }
  return value === Number.POSITIVE_INFINITY ? null : value;
};

/** One of a few words. The same for text and for options. */
export function oneOf<const W extends string>(
  ...words: readonly W[]
): (value: unknown, origin: Origin) => W {
  return (value, origin) => {
    if (!words.includes(value as W)) {
      const list = words.map((candidate) => `"${candidate}"`).join(', ');
      throw configurationError(origin, `expected one of ${list}${gotSuffix(value, origin)}`);
    }
    return value as W;
  };
}

/** What is given in its place is not shown: for oauthToken it may be the token. */
export function functionValue<F>(value: unknown, origin: Origin): F {
  if (typeof value !== 'function') {
    throw configurationError(origin, `expected a function, got a value of type ${typeof value}`);
  }
  return value as F; // Its signature cannot be seen; the option's type vouches for it.
}
