import { isWithoutMemory } from '../../runtime/without-memory.ts';
import { isArrayBuffer, isUint8Array } from '../../values/builtins.ts';
import { malformed } from '../bytes.ts';
import type { CodecForms } from '../codec.ts';
import { BINARY } from '../codec.ts';
import { withoutMemory, wrongKind } from '../unencodable.ts';

function checked(value: unknown): Uint8Array {
  if (isUint8Array(value)) return value;
  if (isArrayBuffer(value)) return new Uint8Array(value);
  throw wrongKind('a Buffer, a Uint8Array or an ArrayBuffer', value);
}

function fromText(text: string): Buffer {
  if (!text.startsWith('\\x')) return fromEscaped(text);
  const bytes = Buffer.from(text.slice(2), 'hex');
  if (bytes.length * 2 !== text.length - 2) throw malformed('bytea', 'its text is not hexadecimal');
  return bytes;
}

const ESCAPE = /\\(\\|[0-3][0-7]{2})|[^\\]/gu;

/** The `escape` format: ASCII as it is, a doubled backslash, everything else as `\ooo`. */
function fromEscaped(text: string): Buffer {
  const bytes = Buffer.alloc(text.length);
  let length = 0;
  let read = 0;
  for (const [whole, escaped] of text.matchAll(ESCAPE)) {
    read += whole.length;
    if (escaped === undefined) bytes[length++] = whole.charCodeAt(0);
    else bytes[length++] = escaped === '\\' ? 0x5c : Number.parseInt(escaped, 8);
  }
  if (read !== text.length) throw malformed('bytea', 'its text has a bad escape');
  return bytes.subarray(0, length);
}

function toText(value: unknown): string {
  const bytes = checked(value);
  if (isWithoutMemory(bytes)) throw withoutMemory();
  return `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`;
}

export const bytea: CodecForms = {
  text: { decode: fromText, encode: toText },
  binary: {
    decode: (buffer, start, end) => Buffer.from(buffer.subarray(start, end)),
    encode: (writer, value) => writer.bytes(checked(value)),
  },
  resultFormat: BINARY,
  argumentFormat: BINARY,
  inline: 'bytea',
};
