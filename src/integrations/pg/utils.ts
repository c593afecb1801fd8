import { deprecate } from 'node:util';
import { isDate } from 'node:util/types';
import { defaults } from './defaults.ts';

/** As pg says it, once a process. */
const warnOfInvalidDate = deprecate(
  () => {},
  'Sending an invalid date to Postgres is deprecated and will throw an error in the next major version of pg. Ensure any Date object passed as a query parameter is valid.',
  'PG_INVALID_DATE',
);

/**
 * Makes the parameter of a value: text, bytes or null, without a look at the parameter's type.
 *
 * @throws Error if `toPostgres` of an object gives that object again
 *
 * @example
 * prepareValue([1, null, 'a "b"']); // {"1",NULL,"a \"b\""}
 */
export function prepareValue(value: any): any {
  if (typeof value === 'string') return value;
  return prepare(value, undefined);
}

function prepare(value: any, seen: unknown[] | undefined): any {
  if (value === null || value === undefined) return null;
  if (typeof value !== 'object') return value.toString();
  if (value instanceof Buffer) return value;
  if (ArrayBuffer.isView(value)) return bufferOf(value);
  if (isDate(value)) {
    if (Number.isNaN(value.getTime())) warnOfInvalidDate();
    return defaults.parseInputDatesAsUTC ? utcText(value) : localText(value);
  }
  if (Array.isArray(value)) return arrayText(value);
  if (typeof value.toPostgres !== 'function') return JSON.stringify(value);
  if (seen?.includes(value)) {
    throw new Error(`circular reference detected while preparing "${value}" for query`);
  }
  return prepare(value.toPostgres(prepare), [...(seen ?? []), value]);
}

function bufferOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

/** An array literal; types with another delimiter than a comma, as box, cannot be sent so. */
function arrayText(values: readonly unknown[]): string {
  let text = '{';
  for (let i = 0; i < values.length; i++) {
    if (i > 0) text += ',';
    const value = values[i];
    if (Array.isArray(value)) {
      text += arrayText(value);
      continue;
    }
    const prepared = ArrayBuffer.isView(value) ? bufferOf(value) : prepareValue(value);
    if (prepared === null || prepared === undefined) text += 'NULL';
    else if (prepared instanceof Buffer) text += `\\\\x${prepared.toString('hex')}`;
    else
      text += /["\\]/.test(prepared) ? `"${prepared.replace(/["\\]/g, '\\$&')}"` : `"${prepared}"`;
  }
  return `${text}}`;
}

/** The local time with its offset, so that types with and without a zone read what they should. */
function localText(date: Date): string {
  const offset = -date.getTimezoneOffset();
  const minutes = Math.abs(offset);
  return momentText(
    date.getFullYear(),
    date.getMonth(),
    date.getDate(),
    date.getHours(),
    date.getMinutes(),
    date.getSeconds(),
    date.getMilliseconds(),
    `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`,
  );
}

function utcText(date: Date): string {
  return momentText(
    date.getUTCFullYear(),
    date.getUTCMonth(),
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
    date.getUTCMilliseconds(),
    '+00:00',
  );
}

function momentText(
  year: number,
  month: number,
  day: number,
  hours: number,
  minutes: number,
  seconds: number,
  milliseconds: number,
  offset: string,
): string {
  // The year before 1 is 1 BC.
  const isBc = year < 1;
  const shownYear = isBc ? 1 - year : year;
  const date = `${String(shownYear).padStart(4, '0')}-${two(month + 1)}-${two(day)}`;
  const fraction = milliseconds < 100 ? `0${two(milliseconds)}` : milliseconds;
  const time = `${two(hours)}:${two(minutes)}:${two(seconds)}.${fraction}`;
  return `${date}T${time}${offset}${isBc ? ' BC' : ''}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

/**
 * What a query was called with as one object of its own: a copy, since what it is given is the
 * caller's. Members that are no options of a query stay.
 */
export function normalizeQueryConfig(config: any, values?: any, callback?: any): any {
  const copy = typeof config === 'string' ? { text: config } : copyOf(config);
  if (typeof values === 'function') copy.callback = values;
  else if (values) copy.values = values;
  if (callback) copy.callback = callback;
  return copy;
}

/** With its prototype and getters, if it is more than a plain object: that would take thirty times as long. */
function copyOf(config: any): any {
  if (config === null || config === undefined) return config;
  if (
    Object.getPrototypeOf(config) === Object.prototype &&
    Object.keys(config).length === Object.getOwnPropertyNames(config).length
  ) {
    return { ...config };
  }
  const members = Object.getOwnPropertyDescriptors(config);
  return Object.create(Object.getPrototypeOf(config), members);
}

/** A name in double quotes, to be written into a query. */
export function escapeIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as a literal, to be written into a query; whatever is no string is the empty one. */
export function escapeLiteral(text: string): string {
  if (typeof text !== 'string') return "''";
  const literal = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  // With the space it may follow a name or a keyword.
  return text.includes('\\') ? ` E${literal}` : literal;
}
