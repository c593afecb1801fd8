import { type Codec, TEXT } from '../../codecs/codec.ts';
import { arrayForms, PLAIN_ARRAY } from '../../codecs/containers/array.ts';
import { textOnly } from '../../codecs/types/text.ts';

const forms = arrayForms(
  {
    ...textOnly,
    type: { oid: 0, name: 'text', kind: 'scalar', schema: 'pg_catalog' },
    resultFormat: TEXT,
  } satisfies Codec,
  PLAIN_ARRAY,
).text!;

/** The elements of an array's text: arrays of types that are known to the database alone come so. */
export function textArray(text: string): unknown {
  return forms.decode(text);
}
