import { expectSize, malformed } from '../bytes.ts';
import type { CodecForms } from '../codec.ts';
import { BINARY } from '../codec.ts';
import { wrongKind } from '../unencodable.ts';

function checked(value: unknown): boolean {
  if (typeof value !== 'boolean') throw wrongKind('a boolean', value);
  return value;
}

export const bool: CodecForms = {
  text: {
    decode(text) {
      if (text === 't') return true;
      if (text === 'f') return false;
      throw malformed('bool', 'its text is neither t nor f');
    },
    encode: (value) => (checked(value) ? 't' : 'f'),
  },
  binary: {
    decode(buffer, start, end) {
      expectSize(start, end, 1, 'bool');
      return buffer[start] !== 0;
    },
    encode: (writer, value) => writer.uint8(checked(value) ? 1 : 0),
  },
  resultFormat: BINARY,
  argumentFormat: BINARY,
  inline: 'bool',
};
