import { isVector } from './builtin-types.ts';
import type { Codec, PgType, TypeKind } from './codec.ts';
import { RECORD } from './oids.ts';
import type { TypeDescription } from './type-description.ts';

const KINDS: Record<TypeDescription['typtype'], TypeKind> = {
  b: 'scalar',
  c: 'composite',
  d: 'domain',
  e: 'enum',
  m: 'multirange',
  p: 'scalar',
  r: 'range',
};

/** What users are told of a type; `parts` are the codecs of what it is made of. */
export function pgTypeOf(type: TypeDescription, parts: readonly Codec[]): PgType {
  const { oid, name, schema, typtype, element } = type;
  if (typtype === 'b' && element !== 0) {
    const arrayName = isVector(type) ? name : `${parts[0]!.type.name}[]`;
    return { oid, name: arrayName, kind: 'array', schema };
  }
  return { oid, name, kind: oid === RECORD ? 'composite' : KINDS[typtype], schema };
}
