import { int32At, malformed, uint32At } from '../bytes.ts';
import type { Codec, CodecForms } from '../codec.ts';
import { BINARY } from '../codec.ts';
import { MissingTypesError } from '../codec-source.ts';
import { inside } from '../undecodable.ts';
import { Unencodable } from '../unencodable.ts';
import { fieldSize, fieldsStart, MINIMUM_FIELD } from './composite.ts';
import { parseCompositeText } from './composite-text.ts';
import { toPlain } from './plain-fields.ts';

/** How deep records may lie in records; PostgreSQL's own parser stops before that. */
const MAX_DEPTH = 256;

/**
 * The anonymous `record`, e.g. of `SELECT (1, 'a')`: an array of its fields. Each carries the
 * OID of its type. The server takes no record as an argument.
 */
export function recordForms(codecOf: (oid: number) => Codec | undefined): CodecForms {
  let depth = 0;

  function decode(buffer: Buffer, start: number, end: number): unknown[] {
    let at = fieldsStart(buffer, start, end);
    const values = new Array<unknown>(int32At(buffer, start));
    const missing: number[] = [];
    for (let i = 0; i < values.length; i++) {
      const size = fieldSize(buffer, at, end);
      const oid = uint32At(buffer, at);
      at += MINIMUM_FIELD;
      if (size < 0) {
        values[i] = null;
        continue;
      }
      const codec = codecOf(oid);
      if (codec === undefined) missing.push(oid);
      else if (missing.length === 0) {
        try {
          values[i] = decodeField(codec, buffer, at, at + size);
        } catch (error) {
          throw inside(error, i);
        }
      }
      at += size;
    }
    if (at !== end) throw malformed('record', `${end - at} bytes follow its end`);
    if (missing.length > 0) throw new MissingTypesError(missing);
    return values;
  }

  function decodeField({ binary, type }: Codec, buffer: Buffer, at: number, end: number): unknown {
    if (binary === null) {
      throw malformed('record', `the binary form of ${type.name} is not known; cast it to text`);
    }
    return binary.decode(buffer, at, end);
  }

  return {
    // Without the types of the fields their texts are all there is to know.
    text: { decode: parseCompositeText, encode: refuse },
    binary: {
      decode(buffer, start, end) {
        if (depth === MAX_DEPTH) throw malformed('record', 'it is nested too deeply');
        depth++;
        try {
          return decode(buffer, start, end);
        } finally {
          depth--;
        }
      },
      encode: refuse,
    },
    resultFormat: BINARY,
    argumentFormat: BINARY,
    inline: null,
    toPlain,
  };
}

function refuse(): never {
  throw new Unencodable(
    'PostgreSQL takes no anonymous record as an argument; cast the parameter to a composite type',
  );
}
