import type { MessageWriter } from '../../protocol/writer.ts';
import { JsonDocument } from '../../values/json-document.ts';
import { malformed } from '../bytes.ts';
import type { CodecForms, TextForm } from '../codec.ts';
import { BINARY, TEXT } from '../codec.ts';
import { utf8 } from '../text-decode.ts';
import { Unencodable, wrongKind } from '../unencodable.ts';
import { jsonText } from './json-text.ts';

export function checkedString(value: unknown): string {
  if (typeof value !== 'string') throw wrongKind('a string', value);
  return value;
}

/** A string, or a JSON document as its text. */
function textOf(value: unknown): string {
  return value instanceof JsonDocument ? jsonText(value) : checkedString(value);
}

const identity: TextForm = { decode: (text) => text, encode: textOf };

/** Text and every type whose binary form is its text: varchar, bpchar, name, enums, citext. */
export const text: CodecForms = {
  text: identity,
  binary: {
    decode: utf8,
    encode: (writer, value) => writer.utf8(textOf(value)),
  },
  resultFormat: TEXT,
  argumentFormat: BINARY,
  inline: 'text',
};

/** In bytes, without the zero byte at its end: PostgreSQL's NAMEDATALEN. */
const MAX_NAME = 63;

/** Names: the server cuts off a longer one that it reads as text, and refuses it as binary. */
export const name: CodecForms = {
  ...text,
  text: {
    decode: identity.decode,
    encode(value) {
      const given = textOf(value);
      if (Buffer.byteLength(given) <= MAX_NAME) return given;
      throw new Unencodable(`a name has at most ${MAX_NAME} bytes of UTF-8`);
    },
  },
};

/**
 * A type of which only PostgreSQL's text is known, both ways a string: types of extensions,
 * pseudo-types, aclitem. Also money, whose text depends on `lc_monetary`, and so would the
 * meaning of its binary form. And regclass, regtype and their kind: their binary form is the bare
 * OID, of which a client does not know the name, so the server translates.
 */
export const textOnly: CodecForms = {
  text: identity,
  binary: null,
  resultFormat: TEXT,
  argumentFormat: TEXT,
  inline: 'text',
};

const XML_DECLARED_ENCODING =
  /^(<\?xml\s+version\s*=\s*(?:"[^"]*"|'[^']*'))\s+encoding\s*=\s*(?:"[^"]*"|'[^']*')/;

/**
 * Sent as text, an XML declaration's encoding is ignored; sent as binary, it is believed, and
 * UTF-8 would be read as what it says. The server never prints it back, so it is left out.
 */
function encodeXml(writer: MessageWriter, value: unknown): void {
  writer.utf8(checkedString(value).replace(XML_DECLARED_ENCODING, '$1'));
}

export const xml: CodecForms = {
  text: identity,
  binary: {
    decode: (buffer, start, end) => utf8(buffer, start, end).replace(XML_DECLARED_ENCODING, '$1'),
    encode: encodeXml,
  },
  resultFormat: TEXT,
  argumentFormat: TEXT,
  inline: 'text',
};

const OCTAL = /^\\([0-3][0-7]{2})$/;

/** As PostgreSQL 16 and later print it: the byte 0 is empty, bytes beyond ASCII are `\ooo`. */
function printByte(byte: number): string {
  if (byte === 0) return '';
  return byte < 0x80 ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
}

function parseByte(value: unknown): number {
  const given = checkedString(value);
  if (given === '') return 0;
  const octal = OCTAL.exec(given);
  if (octal !== null) return Number.parseInt(octal[1]!, 8);
  if (given.length !== 1 || given > '\x7f' || given === '\0') {
    throw new Unencodable('expected one ASCII character, the empty string or \\ooo in octal');
  }
  return given.charCodeAt(0);
}

/** The one-byte type `"char"`, not `char(n)`. Binary: its text cannot show every byte before 16. */
export const singleByteChar: CodecForms = {
  text: { decode: (given) => given, encode: (value) => printByte(parseByte(value)) },
  binary: {
    decode(buffer, start, end) {
      if (end - start > 1) throw malformed('"char"', `${end - start} bytes instead of 1`);
      return printByte(end === start ? 0 : buffer[start]!);
    },
    encode: (writer, value) => writer.uint8(parseByte(value)),
  },
  resultFormat: BINARY,
  argumentFormat: BINARY,
  inline: null,
};
