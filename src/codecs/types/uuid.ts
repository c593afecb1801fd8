import type { MessageWriter } from '../../protocol/writer.ts';
import { expectSize, malformed } from '../bytes.ts';
import type { CodecForms } from '../codec.ts';
import { BINARY, TEXT } from '../codec.ts';
import { unreadable, wrongKind } from '../unencodable.ts';

/** All bits of a byte, so that it shows through an `or` with a digit. */
const NO_DIGIT = 0xff;

/** A char code's value as a hexadecimal digit. */
const DIGIT = new Uint8Array(128).fill(NO_DIGIT);
for (let value = 0; value < 16; value++) {
  DIGIT['0123456789abcdef'.charCodeAt(value)] = value;
  DIGIT['0123456789ABCDEF'.charCodeAt(value)] = value;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Any spelling that PostgreSQL takes: upper or lower case, a hyphen after any group of four
 * digits, braces around it. https://www.postgresql.org/docs/current/datatype-uuid.html
 */
function writeUuid(writer: MessageWriter, value: unknown): void {
  if (typeof value !== 'string') throw wrongKind('a string with a UUID', value);
  writer.ensure(16);
  const { buffer, offset } = writer;
  const braced = value.charCodeAt(0) === 0x7b && value.charCodeAt(value.length - 1) === 0x7d;
  const end = braced ? value.length - 1 : value.length;
  let at = braced ? 1 : 0;
  for (let i = 0; i < 16; i++) {
    if (i > 0 && i % 2 === 0 && value.charCodeAt(at) === 0x2d) at++;
    const high = DIGIT[value.charCodeAt(at)] ?? NO_DIGIT;
    const low = DIGIT[value.charCodeAt(at + 1)] ?? NO_DIGIT;
    if (at + 2 > end || (high | low) === NO_DIGIT) throw unreadable('a UUID');
    buffer[offset + i] = (high << 4) | low;
    at += 2;
  }
  if (at !== end) throw unreadable('a UUID');
  writer.offset = offset + 16;
}

function read(buffer: Buffer, start: number, end: number): string {
  expectSize(start, end, 16, 'uuid');
  const hex = buffer.toString('hex', start, end);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function encodeText(value: unknown): string {
  if (typeof value !== 'string') throw wrongKind('a string with a UUID', value);
  const digits = value.replace(/^\{(.*)\}$/, '$1').replaceAll('-', '');
  if (!UUID.test(value) && !/^[0-9a-f]{32}$/i.test(digits)) throw unreadable('a UUID');
  return value;
}

export const uuid: CodecForms = {
  text: {
    decode(text) {
      // Only the length is checked: looking at every digit costs more than everything else here.
      if (text.length !== 36) throw malformed('uuid', `its text has ${text.length} characters`);
      return text;
    },
    encode: encodeText,
  },
  binary: { decode: read, encode: writeUuid },
  resultFormat: TEXT,
  argumentFormat: BINARY,
  inline: null,
};
