import { isDataView, isDate, isErrorNamed, isThenable } from '../../values/builtins.ts';
import { kindOf } from '../../values/kind-of.ts';
import { nested, Unencodable } from '../unencodable.ts';

/** An escape that JSON.stringify writes only for half of a surrogate pair. */
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

/**
 * The JSON text of any value that has one. bigint, which JSON.stringify refuses, becomes its
 * digits; `toJSON` is honoured. What JSON.stringify would silently write as null is refused:
 * NaN, infinite numbers, invalid Dates; and what it would write as `{}`, whatever is in it: a Map, an Error,
 * an ArrayBuffer, an iterator, a promise. As everywhere, undefined is left out of an object and is null in an array.
 */
export function jsonText(value: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    if (!isErrorNamed('TypeError', error)) throw failed(error);
    // A bigint or a cycle: the slow way finds out which, and is only taken here.
    json = stringifyWithBigints(value);
  }
  if (json === undefined) throw new Unencodable(`${kindOf(value)} has no JSON form`);
  // Only a text with a null or an empty object in it makes a search for what became one necessary.
  if (json.includes('null') || json.includes('{}')) {
    try {
      refuseLost(value);
    } catch (error) {
      throw failed(error);
    }
  }
  if (json.includes('\\ud') && LONE_SURROGATE.test(json)) {
    throw new Unencodable('a string with a lone surrogate has no UTF-8 form');
  }
  return json;
}

/** Throws for the first part that JSON.stringify writes as null or as an empty object, and that is neither. */
function refuseLost(value: unknown): void {
  const paths = new Map<unknown, string>();
  JSON.stringify(value, function (this: Record<string, unknown>, key: string, part: unknown) {
    // JSON.stringify wraps the whole value in an object of its own.
    const known = paths.get(this);
    const path = known === undefined ? '' : known + (Array.isArray(this) ? `[${key}]` : `.${key}`);
    const given = this[key];
    if ((typeof part === 'number' || part instanceof Number) && !Number.isFinite(Number(part))) {
      throw nested(new Unencodable(`${part} has no JSON form`), path);
    }
    if (isDate(given) && part === null) {
      throw nested(new Unencodable('an invalid Date has no JSON form'), path);
    }
    if (typeof part === 'object' && part !== null) {
      if (isHidden(part)) throw nested(new Unencodable(`${kindOf(part)} has no JSON form`), path);
      paths.set(part, path);
    }
    return typeof part === 'bigint' ? 0 : part;
  });
}

/** What is written as it is without a property of its own: objects, and what stands for a plain value. */
const OPEN = /^\[object (?:Object|Array|Arguments|Number|String|Boolean|BigInt)\]$/;

/** Whether what it holds is in none of its properties. */
function isHidden(part: object): boolean {
  if (Object.keys(part).length > 0) return false;
  if (ArrayBuffer.isView(part)) return isDataView(part);
  return isThenable(part) || !OPEN.test(Object.prototype.toString.call(part));
}

function stringifyWithBigints(value: unknown): string | undefined {
  // Digits travel through JSON.stringify in strings with a mark that no other string has.
  for (let mark = 'bigint:'; ; mark = `\u0001${mark}`) {
    let collision = false;
    const replacer = (key: string, part: unknown): unknown => {
      if (key.includes(mark) || (typeof part === 'string' && part.includes(mark))) collision = true;
      return typeof part === 'bigint' ? mark + String(part) : part;
    };
    let json: string | undefined;
    try {
      json = JSON.stringify(value, replacer);
    } catch (error) {
      throw failed(error);
    }
    if (!collision) {
      const quoted = JSON.stringify(mark).slice(1, -1).replaceAll('\\', '\\\\');
      return json?.replace(new RegExp(`"${quoted}(-?\\d+)"`, 'g'), '$1');
    }
  }
}

/** Errors of JSON.stringify itself in words; what the caller's own `toJSON` threw stays as it is. */
function failed(cause: unknown): unknown {
  if (isErrorNamed('RangeError', cause)) {
    return new Unencodable('the value has no JSON form: it is nested too deeply', { cause });
  }
  if (isErrorNamed('TypeError', cause) && /circular|cyclic/i.test(cause.message)) {
    return new Unencodable('the value has no JSON form: it has a cycle', { cause });
  }
  return cause;
}
