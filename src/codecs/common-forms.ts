import type { ResolvedTypeOptions } from '../values/type-options.ts';
import type { CodecForms } from './codec.ts';
import { type Forms, formsIn } from './plain-forms.ts';
import type { TypeDescription } from './type-description.ts';
import { bytea } from './types/bytea.ts';
import { dateForms } from './types/date.ts';
import { jsonbForms, jsonForms } from './types/json.ts';
import { numericForms } from './types/numeric.ts';
import { timestampForms, timestamptzForms } from './types/timestamp.ts';

/** The base types of `pg_catalog` that many programs have, but not the smallest, by name. */
const COMMON: ReadonlyMap<string, Forms> = new Map<string, Forms>([
  ['bytea', bytea],
  ['date', dateForms],
  ['json', jsonForms],
  ['jsonb', jsonbForms],
  ['numeric', numericForms],
  ['timestamp', timestampForms],
  ['timestamptz', timestamptzForms],
]);

/** How the values of such a type are read and written; undefined of others. */
export function commonForms(
  type: TypeDescription,
  options: ResolvedTypeOptions,
): CodecForms | undefined {
  return formsIn(COMMON, type, options);
}
