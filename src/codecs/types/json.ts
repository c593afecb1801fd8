import { DecodeError } from '../../errors/client-errors.ts';
import type { ResolvedTypeOptions } from '../../values/type-options.ts';
import { malformed } from '../bytes.ts';
import type { CodecForms } from '../codec.ts';
import { BINARY, TEXT } from '../codec.ts';
import { utf8 } from '../text-decode.ts';
import { jsonText } from './json-text.ts';

/** The byte before jsonb's text in its binary form. */
const JSONB_VERSION = 1;

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
    ? (value: unknown) => (typeof value === 'string' ? value : jsonText(value))
    : jsonText;
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
