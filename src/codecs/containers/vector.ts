import type { MessageWriter } from '../../protocol/writer.ts';
import { int32At, malformed } from '../bytes.ts';
import type { Codec, CodecForms } from '../codec.ts';
import { BINARY, TEXT } from '../codec.ts';
import { nested, Unencodable, wrongKind } from '../unencodable.ts';

/*
 * int2vector and oidvector, the arrays of the system catalogs: one dimension that begins at 0,
 * no NULL, and a text form of their own, `1 2 3`.
 */

function checked(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongKind('an array', value);
  // What a hole in it is to be is not known: undefined, which is refused.
  return [...value];
}

function encode(writer: MessageWriter, element: Codec, value: unknown): void {
  const elements = checked(value);
  if (elements.length === 0) {
    throw new Unencodable('PostgreSQL does not read an empty vector in binary');
  }
  writer.int32(1);
  writer.int32(0);
  writer.uint32(element.type.oid);
  writer.int32(elements.length);
  writer.int32(0);
  elements.forEach((part, i) => {
    if (part === null) throw nested(new Unencodable('NULL is not allowed here'), `[${i}]`);
    const at = writer.reserveLength();
    try {
      element.binary!.encode(writer, part);
    } catch (error) {
      throw nested(error, `[${i}]`);
    }
    writer.patchLength(at);
  });
}

function encodeText(element: Codec, value: unknown): string {
  const texts = checked(value).map((part, i) => {
    try {
      return element.text!.encode(part);
    } catch (error) {
      throw nested(error, `[${i}]`);
    }
  });
  return texts.join(' ');
}

/** `array` reads what is an array like any other in binary. */
export function vectorForms(element: Codec, array: CodecForms): CodecForms {
  return {
    text: {
      decode: (text) =>
        text === '' ? [] : text.split(' ').map((part) => element.text!.decode(part)),
      encode: (value) => encodeText(element, value),
    },
    binary: {
      decode(buffer, start, end) {
        if (end - start >= 4 && int32At(buffer, start) > 1) {
          throw malformed('vector', 'more than one dimension');
        }
        // A copy, without the lower bound of 0, which every vector has.
        return [...(array.binary!.decode(buffer, start, end) as unknown[])];
      },
      encode: (writer, value) => encode(writer, element, value),
    },
    resultFormat: BINARY,
    // Only in text can a vector be empty.
    argumentFormat: TEXT,
    inline: null,
    hasTextOnlyValues: true,
  };
}
