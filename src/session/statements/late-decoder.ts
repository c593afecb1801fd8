import type { CallCodecs, CodecSource } from '../../codecs/codec-source.ts';
import { isReady, MissingTypesError } from '../../codecs/codec-source.ts';
import { columnName } from '../../codecs/column-name.ts';
import {
  type Column,
  compileDecoder,
  type RowDecoder,
} from '../../codecs/compilers/row-decoder.ts';
import { OutdatedSchemaCacheError } from '../../errors/client-errors.ts';
import type { FieldDescription } from '../../protocol/backend/result.ts';
import type { RowForm } from '../../values/row-form.ts';

/** What is known of the columns of a portal: see Statement. */
interface Portal {
  readonly description: {
    readonly fields: readonly FieldDescription[] | null;
    readonly columnOids?: readonly number[] | undefined;
  };
  readonly mayHaveDomains: boolean;
}

/**
 * The decoder of a portal's rows in the formats that it was bound with, compiled with the first
 * row: only then is it asked for types that may not be known yet.
 */
export function lateDecoder(
  { description, mayHaveDomains }: Portal,
  registry: CodecSource,
  form: RowForm,
  codecs: CallCodecs | null = null,
): RowDecoder<unknown> {
  const fields = description.fields!;
  let decode: RowDecoder<unknown> | null = null;
  return (buffer, start, end, run) => {
    if (decode === null) {
      if (mayHaveDomains) {
        throw new OutdatedSchemaCacheError('the columns of the query have changed on the server', {
          hint: 'They are asked for with the next call, which is right.',
          isTransient: true,
        });
      }
      const oids = fields.map(({ typeOid }, i) => description.columnOids?.[i] ?? typeOid);
      if (!isReady(registry, oids)) throw new MissingTypesError(oids);
      const columns = fields.map(
        ({ name, typeOid, format }, index): Column => ({
          name: codecs === null ? columnName(registry, name) : name,
          codec:
            codecs?.columnCodec?.(typeOid, index) ??
            codecs?.codec(oids[index]!) ??
            registry.codec(oids[index]!)!,
          format,
        }),
      );
      decode = compileDecoder(columns, form);
    }
    return decode(buffer, start, end, run);
  };
}
