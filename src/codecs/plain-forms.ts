import type { ResolvedTypeOptions } from '../values/type-options.ts';
import { isVector } from './builtin-types.ts';
import type { CodecForms } from './codec.ts';
import { RECORD } from './oids.ts';
import type { TypeDescription } from './type-description.ts';
import { bool } from './types/bool.ts';
import { float4, float8 } from './types/floats.ts';
import { cid, int2, int4, int8Forms, oid, xid, xid8 } from './types/integers.ts';
import { name, singleByteChar, text, textOnly, xml } from './types/text.ts';
import { uuid } from './types/uuid.ts';
import { voidForms } from './types/void.ts';

export type Forms = CodecForms | ((options: ResolvedTypeOptions) => CodecForms);

/** The base types of `pg_catalog` whose codecs are there from the start, by name. */
const PLAIN: ReadonlyMap<string, Forms> = new Map<string, Forms>([
  ['bool', bool],
  ['bpchar', text],
  ['char', singleByteChar],
  ['cid', cid],
  ['cstring', text],
  ['float4', float4],
  ['float8', float8],
  ['int2', int2],
  ['int4', int4],
  ['int8', int8Forms],
  ['name', name],
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
  ['unknown', text],
  ['uuid', uuid],
  ['varchar', text],
  ['void', voidForms],
  ['xid', xid],
  ['xid8', xid8],
  ['xml', xml],
]);

/** Those that `common-forms.ts` has. */
const COMMON: ReadonlySet<string> = new Set(
  'bytea date json jsonb numeric timestamp timestamptz'.split(' '),
);

/** How the values of such a type are read and written; undefined of others. */
export function plainForms(
  type: TypeDescription,
  options: ResolvedTypeOptions,
): CodecForms | undefined {
  return formsIn(PLAIN, type, options);
}

/** What a table by name has for a type of `pg_catalog`; undefined of others. */
export function formsIn(
  table: ReadonlyMap<string, Forms>,
  { schema, name }: TypeDescription,
  options: ResolvedTypeOptions,
): CodecForms | undefined {
  const forms = schema === 'pg_catalog' ? table.get(name) : undefined;
  return typeof forms === 'function' ? forms(options) : forms;
}

/** Where the code of a type's codec is: here, or in one of the rooms of `rooms.ts`. */
export type Place = 'plain' | 'common' | 'rare';

/** Where the code of a type's codec is, what the type is made of aside. */
export function placeOf(type: TypeDescription): Place {
  const { schema, name, typtype, element, oid } = type;
  switch (typtype) {
    case 'b':
    case 'p':
      if (element !== 0) return isVector(type) ? 'rare' : 'common';
      if (schema !== 'pg_catalog') {
        return type.hasBinaryInput && type.hasBinaryOutput ? 'rare' : 'plain';
      }
      if (PLAIN.has(name)) return 'plain';
      return oid !== RECORD && COMMON.has(name) ? 'common' : 'rare';
    case 'd':
    case 'e':
      return 'plain';
    default:
      return 'rare';
  }
}
