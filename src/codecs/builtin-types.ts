import { CATALOG } from './generated/catalog.ts';
import { INT2, INT2_VECTOR, OID, OID_VECTOR } from './oids.ts';
import type { TypeDescription } from './type-description.ts';

/** `int2vector` and `oidvector` are one-dimensional arrays in the system catalogs. */
const VECTORS: ReadonlyMap<string, number> = new Map([
  ['int2vector', INT2],
  ['oidvector', OID],
]);

/** The names that the SQL standard has for types, and PostgreSQL's other spellings of them. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['bigint', 'int8'],
  ['bit varying', 'varbit'],
  ['boolean', 'bool'],
  ['character', 'bpchar'],
  ['character varying', 'varchar'],
  ['decimal', 'numeric'],
  ['double precision', 'float8'],
  ['float', 'float8'],
  ['int', 'int4'],
  ['integer', 'int4'],
  ['real', 'float4'],
  ['smallint', 'int2'],
  ['time with time zone', 'timetz'],
  ['time without time zone', 'time'],
  ['timestamp with time zone', 'timestamptz'],
  ['timestamp without time zone', 'timestamp'],
  ['"char"', 'char'],
]);

function describe(
  oid: number,
  name: string,
  typtype: TypeDescription['typtype'],
  element: number,
  subtype: number,
  delimiter: string,
): TypeDescription {
  return {
    oid,
    name,
    schema: 'pg_catalog',
    typtype,
    element,
    delimiter,
    base: 0,
    subtype,
    attributes: null,
    hasBinaryInput: true,
    hasBinaryOutput: true,
  };
}

/** From here on the server gives OIDs to what users make. */
const FIRST_OF_USERS = 16_384;

/** Those that were asked for: most programs need a few. */
const described = new Map<number, TypeDescription>();

/** The type with this OID, if PostgreSQL brings it along with an OID that never changes. */
export function builtinType(oid: number): TypeDescription | undefined {
  const known = described.get(oid);
  if (known !== undefined || oid <= 0 || oid >= FIRST_OF_USERS) return known;
  for (const [own, name, typtype, array, subtype = 0, delimiter = ','] of CATALOG) {
    if (own !== oid && array !== oid) continue;
    const type =
      own === oid
        ? describe(oid, name, typtype, VECTORS.get(name) ?? 0, subtype, delimiter)
        : describe(oid, `_${name}`, 'b', own, 0, delimiter);
    described.set(oid, type);
    return type;
  }
  return undefined;
}

/** All of their OIDs by the types' names, made when one is first asked for. */
let oids: ReadonlyMap<string, number> | null = null;

export function builtinOids(): ReadonlyMap<string, number> {
  if (oids !== null) return oids;
  const byName = new Map<string, number>();
  for (const [oid, name, , array] of CATALOG) {
    byName.set(name, oid);
    if (array !== 0) byName.set(`_${name}`, array);
  }
  oids = byName;
  return oids;
}

/** Whether a type is `int2vector` or `oidvector`. */
export function isVector({ oid }: TypeDescription): boolean {
  return oid === INT2_VECTOR || oid === OID_VECTOR;
}

/**
 * A type of `pg_catalog` by its name there (`int4`, `_int4`) or by one of its SQL names
 * (`integer`, `double precision`), case-insensitively; `undefined` if there is none.
 */
export function findBuiltinType(name: string): TypeDescription | undefined {
  const lower = name.trim().replace(/\s+/g, ' ').toLowerCase();
  const all = builtinOids();
  const oid = all.get(name) ?? all.get(ALIASES.get(lower) ?? lower);
  return oid === undefined ? undefined : builtinType(oid);
}
