import { BitString } from '../../values/bit-string.ts';
import { int32At, malformed } from '../bytes.ts';
import type { CodecForms } from '../codec.ts';
import { BINARY } from '../codec.ts';
import { wrongKind } from '../unencodable.ts';

/*
 * bit and varbit: an Int32 count of bits, then the bits, the last byte filled up with zeros.
 * https://www.postgresql.org/docs/current/datatype-bit.html
 */

function bitsOf(value: unknown): BitString {
  if (value instanceof BitString) return value;
  throw wrongKind('a BitString', value);
}

function bitForms(type: 'bit' | 'varbit'): CodecForms {
  return {
    text: {
      decode(text) {
        if (/[^01]/.test(text)) throw malformed(type, 'it is not of zeros and ones');
        return new BitString(text);
      },
      encode: (value) => bitsOf(value).toString(),
    },
    binary: {
      decode(buffer, start, end) {
        if (end - start < 4) throw malformed(type, 'it ends too early');
        const length = int32At(buffer, start);
        if (length < 0 || Math.ceil(length / 8) !== end - start - 4) {
          throw malformed(type, `${end - start - 4} bytes for ${length} bits`);
        }
        return BitString.fromBytes(buffer.subarray(start + 4, end), length);
      },
      encode(writer, value) {
        const bits = bitsOf(value);
        writer.int32(bits.length);
        writer.bytes(bits.bytes);
      },
    },
    resultFormat: BINARY,
    argumentFormat: BINARY,
    inline: null,
  };
}

export const bit = bitForms('bit');
export const varbit = bitForms('varbit');
