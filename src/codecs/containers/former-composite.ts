import { rowShape } from '../../values/row.ts';
import { int32At, malformed, uint32At } from '../bytes.ts';
import type { BinaryForm, Codec, CodecForms, TextForm } from '../codec.ts';
import { MissingTypesError } from '../codec-source.ts';
import { fieldSize, fieldsStart, MINIMUM_FIELD } from './composite.ts';
import { parseCompositeText } from './composite-text.ts';

/**
 * The forms of a composite type for values from before it was altered, which a log still has: a value
 * has the fields that it has. If the type begins with them, as it does when fields were added to it, they have its
 * names; else nobody can tell which were dropped, and they are named by their places: `field1`.
 *
 * @param now the forms for values as the type is now; they encode
 * @param codecs of the fields as they are now
 * @param codecOf the codecs of fields: their types may be of former values too
 */
export function formerForms(
  now: CodecForms,
  codecs: readonly Codec[],
  codecOf: (oid: number) => Codec | undefined,
): CodecForms {
  const { binary, text } = now;
  const fieldNames = now.fieldNames!;
  const make = (values: readonly unknown[], isBeginning: boolean): unknown =>
    rowShape(values.map((_, i) => (isBeginning ? fieldNames[i]! : `field${i + 1}`))).make(values);
  const decodeBinary: BinaryForm['decode'] = (buffer, start, end) => {
    let at = fieldsStart(buffer, start, end);
    const values = new Array<unknown>(int32At(buffer, start)).fill(null);
    const missing: number[] = [];
    let isBeginning = true;
    for (let i = 0; i < values.length; i++) {
      const size = fieldSize(buffer, at, end);
      const oid = uint32At(buffer, at);
      at += MINIMUM_FIELD;
      isBeginning &&= oid === codecs[i]?.type.oid;
      if (size < 0) continue;
      const field = codecOf(oid);
      if (field === undefined) missing.push(oid);
      else if (field.binary === null) throw malformed('composite', `${field.type.name} as bytes`);
      else if (missing.length === 0) values[i] = field.binary.decode(buffer, at, at + size);
      at += size;
    }
    if (at !== end) throw malformed('composite', `${end - at} bytes follow its end`);
    if (missing.length > 0) throw new MissingTypesError(missing);
    return make(values, isBeginning);
  };
  // A text does not tell the types that its fields had: where they cannot be those of now, they are left as texts.
  const decodeText: TextForm['decode'] = (value) => {
    const fields = parseCompositeText(value);
    if (fields.length > codecs.length) return make(fields, false);
    try {
      const values = fields.map((field, i) =>
        field === null ? null : codecs[i]!.text!.decode(field),
      );
      return make(values, true);
    } catch {
      return make(fields, false);
    }
  };
  return {
    ...now,
    binary: binary === null ? null : { ...binary, decode: decodeBinary },
    text: text === null ? null : { ...text, decode: decodeText },
  };
}
