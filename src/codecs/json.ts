import { DecodeError } from '../errors/client-errors.ts';
import type { ResolvedTypeOptions } from '../values/type-options.ts';
import { malformed } from './bytes.ts';
import type { CodecForms } from './codec.ts';
import { BINARY, TEXT, Unencodable } from './codec.ts';
import { kindOf } from './refusal.ts';
import { utf8 } from './text-decode.ts';

/** The byte before jsonb's text in its binary form. */
const JSONB_VERSION = 1;

/** An escape that JSON.stringify writes only for half of a surrogate pair. */
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

/**
 * The JSON text of any value that has one. bigint, which JSON.stringify refuses, becomes its
 * digits; `toJSON` is honoured.
 */
function stringify(value: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw failed(error);
    // A bigint or a cycle: the slow way tells which, and only then is its cost paid.
    json = stringifyWithBigints(value);
  }
  if (json === undefined) throw new Unencodable(`${kindOf(value)} has no JSON form`);
  if (json.includes('\\ud') && LONE_SURROGATE.test(json)) {
    throw new Unencodable('a string with a lone surrogate has no UTF-8 form');
  }
  return json;
}

function stringifyWithBigints(value: unknown): string | undefined {
  // Digits travel through JSON.stringify in strings with a mark that no other string has.
  for (let mark = 'bigint:'; ; mark = `\u0001${mark}`) {
    let collision = false;
    const replacer = (key: string, part: unknown): unknown => {
      if (typeof part === 'bigint') return mark + String(part);
      if (key.includes(mark) || (typeof part === 'string' && part.includes(mark))) collision = true;
      return part;
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
  if (cause instanceof RangeError) {
    return new Unencodable('the value has no JSON form: it is nested too deeply', { cause });
  }
  if (cause instanceof TypeError && /circular|cyclic/i.test(cause.message)) {
    return new Unencodable('the value has no JSON form: it has a cycle', { cause });
  }
  return cause;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DecodeError('malformed json value: its text is no JSON', { cause });
  }
}

function formsOf(type: string, { json }: ResolvedTypeOptions, prefixed: boolean): CodecForms {
  const asText = json === 'text';
  const decode = asText ? (text: string): unknown => text : parse;
  // What is read as text is written as text; values that are no string still become JSON.
  const encode = asText
    ? (value: unknown) => (typeof value === 'string' ? value : stringify(value))
    : stringify;
  return {
    text: { decode, encode },
    binary: {
      decode(buffer, start, end) {
        if (!prefixed) return decode(utf8(buffer, start, end));
        if (end === start || buffer[start] !== JSONB_VERSION) {
          throw malformed(type, 'an unknown version');
        }
        return decode(utf8(buffer, start + 1, end));
      },
      encode(writer, value) {
        const text = encode(value);
        if (prefixed) writer.uint8(JSONB_VERSION);
        writer.utf8(text);
      },
    },
    resultFormat: TEXT,
    argumentFormat: asText ? TEXT : BINARY,
    inline: asText ? 'text' : 'json',
  };
}

export function jsonForms(options: ResolvedTypeOptions): CodecForms {
  return formsOf('json', options, false);
}

export function jsonbForms(options: ResolvedTypeOptions): CodecForms {
  return formsOf('jsonb', options, true);
}
