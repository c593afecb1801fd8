import type { CallCodecs, CodecSource } from '../../codecs/codec-source.ts';
import { isReady, MissingTypesError } from '../../codecs/codec-source.ts';
import { columnName } from '../../codecs/column-name.ts';
import { compileDecoder, type RowDecoder } from '../../codecs/compilers/row-decoder.ts';
import type { FieldDescription } from '../../protocol/backend/result.ts';
import type { RowForm } from '../../values/row-form.ts';

/**
 * The decoder of a portal's rows in the formats that it was bound with, compiled with the first
 * row: only then is it asked for types that may not be known yet.
 */
export function lateDecoder(
  fields: readonly FieldDescription[],
  registry: CodecSource,
  form: RowForm,
  codecs: CallCodecs | null = null,
): RowDecoder<unknown> {
  let decode: RowDecoder<unknown> | null = null;
  return (buffer, start, end, run) => {
    if (decode === null) {
      const oids = fields.map(({ typeOid }) => typeOid);
      if (!isReady(registry, oids)) throw new MissingTypesError(oids);
      const columns = fields.map(({ name, typeOid, format }, index) => ({
        name: codecs === null ? columnName(registry, name) : name,
        codec:
          codecs?.columnCodec?.(typeOid, index) ??
          codecs?.codec(typeOid) ??
          registry.codec(typeOid)!,
        format,
      }));
      decode = compileDecoder(columns, form);
    }
    return decode(buffer, start, end, run);
  };
}
