import type { ResolvedTypeOptions } from '../values/type-options.ts';
import { isVector } from './builtin-types.ts';
import type { CodecForms } from './codec.ts';
import { RECORD } from './oids.ts';
import type { TypeDescription } from './type-description.ts';
import { bool } from './types/bool.ts';
import { bytea } from './types/bytea.ts';
import { dateForms } from './types/date.ts';
import { float4, float8 } from './types/floats.ts';
import { cid, int2, int4, int8Forms, oid, xid, xid8 } from './types/integers.ts';
import { jsonbForms, jsonForms } from './types/json.ts';
import { numericForms } from './types/numeric.ts';
import { singleByteChar, text, textOnly, xml } from './types/text.ts';
import { timestampForms, timestamptzForms } from './types/timestamp.ts';
import { uuid } from './types/uuid.ts';
import { voidForms } from './types/void.ts';

export type Forms = CodecForms | ((options: ResolvedTypeOptions) => CodecForms);

/** The base types of `pg_catalog` that most programs have, by name. */
const COMMON: ReadonlyMap<string, Forms> = new Map<string, Forms>([
  ['bool', bool],
  ['bpchar', text],
  ['bytea', bytea],
  ['char', singleByteChar],
  ['cid', cid],
  ['cstring', text],
  ['date', dateForms],
  ['float4', float4],
  ['float8', float8],
  ['int2', int2],
  ['int4', int4],
  ['int8', int8Forms],
  ['json', jsonForms],
  ['jsonb', jsonbForms],
  ['name', text],
  ['numeric', numericForms],
  ['oid', oid],
  ['refcursor', text],
  ['regclass', textOnly],
  ['regcollation', textOnly],
  ['regconfig', textOnly],
  ['regdictionary', textOnly],
  ['regnamespace', textOnly],
  ['regoper', textOnly],
  ['regoperator', textOnly],
  ['regproc', textOnly],
  ['regprocedure', textOnly],
  ['regrole', textOnly],
  ['regtype', textOnly],
  ['text', text],
  ['timestamp', timestampForms],
  ['timestamptz', timestamptzForms],
  ['unknown', text],
  ['uuid', uuid],
  ['varchar', text],
  ['void', voidForms],
  ['xid', xid],
  ['xid8', xid8],
  ['xml', xml],
]);

/** How the values of such a type are read and written; undefined of others. */
export function commonForms(
  { schema, name }: TypeDescription,
  options: ResolvedTypeOptions,
): CodecForms | undefined {
  const forms = schema === 'pg_catalog' ? COMMON.get(name) : undefined;
  return typeof forms === 'function' ? forms(options) : forms;
}

/** Whether a type's codec needs more than what is here, what it is made of aside. */
export function isRare(type: TypeDescription): boolean {
  const { schema, name, typtype, element, oid } = type;
  switch (typtype) {
    case 'b':
    case 'p':
      if (element !== 0) return isVector(type);
      if (schema === 'pg_catalog') return oid === RECORD || !COMMON.has(name);
      return type.hasBinaryInput && type.hasBinaryOutput;
    case 'd':
    case 'e':
      return false;
    default:
      return true;
  }
}
