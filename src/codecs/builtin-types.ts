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

/** Written out, since it is made for every type when the driver is loaded: spreading took 1 ms. */
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

function readCatalog(): Map<number, TypeDescription> {
  const types = new Map<number, TypeDescription>();
  for (const [oid, name, typtype, array, subtype = 0, delimiter = ','] of CATALOG) {
    const element = VECTORS.get(name) ?? 0;
    types.set(oid, describe(oid, name, typtype, element, subtype, delimiter));
    if (array !== 0) types.set(array, describe(array, `_${name}`, 'b', oid, 0, delimiter));
  }
  return types;
}

/** Every type that PostgreSQL brings along with an OID that never changes. */
export const BUILTIN_TYPES: ReadonlyMap<number, TypeDescription> = readCatalog();

/** The same by their names, made when one is first asked for. */
let byName: ReadonlyMap<string, TypeDescription> | null = null;

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
  byName ??= new Map([...BUILTIN_TYPES.values()].map((type) => [type.name, type]));
  return byName.get(name) ?? byName.get(ALIASES.get(lower) ?? lower);
}
