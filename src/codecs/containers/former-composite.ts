import { rowShape } from '../../values/row.ts';
import { int32At, malformed, uint32At } from '../bytes.ts';
import type { BinaryForm, Codec, TextForm } from '../codec.ts';
import { MissingTypesError } from '../codec-source.ts';
import { fieldSize, fieldsStart } from './composite.ts';
import { parseCompositeText } from './composite-text.ts';

/** What a field takes at least: its type and its length. */
const MINIMUM_FIELD = 8;

/**
 * The codec of a composite type for values from before it was altered, which a log still has: a value
 * has the fields that it has. Those that the type has by now in the same places give them their
 * names, and what is beyond is named by its place: `field3`. Any other codec is left as it is.
 */
export function formerCodec(codec: Codec, codecOf: (oid: number) => Codec | undefined): Codec {
  const { fieldNames, binary, text } = codec;
  if (fieldNames === undefined || codec.isCustom === true) return codec;
  const make = (values: readonly unknown[]): unknown =>
    rowShape(values.map((_, i) => fieldNames[i] ?? `field${i + 1}`)).make(values);
  const decodeBinary: BinaryForm['decode'] = (buffer, start, end) => {
    let at = fieldsStart(buffer, start, end);
    const values = new Array<unknown>(int32At(buffer, start)).fill(null);
    const missing: number[] = [];
    for (let i = 0; i < values.length; i++) {
      const size = fieldSize(buffer, at, end);
      const oid = uint32At(buffer, at);
      at += MINIMUM_FIELD;
      if (size < 0) continue;
      const field = codecOf(oid);
      if (field === undefined) missing.push(oid);
      else if (field.binary === null) throw malformed('composite', `${field.type.name} as bytes`);
      else if (missing.length === 0) values[i] = field.binary.decode(buffer, at, at + size);
      at += size;
    }
    if (at !== end) throw malformed('composite', `${end - at} bytes follow its end`);
    if (missing.length > 0) throw new MissingTypesError(missing);
    return make(values);
  };
  // Of a text nobody can tell the types that its fields had.
  const decodeText: TextForm['decode'] = (value) => {
    const fields = parseCompositeText(value);
    return fields.length === fieldNames.length ? text!.decode(value) : make(fields);
  };
  return {
    ...codec,
    binary: binary === null ? null : { ...binary, decode: decodeBinary },
    text: text === null ? null : { ...text, decode: decodeText },
    inline: null,
  };
}
