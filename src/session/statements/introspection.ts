import { BOOL, NAME, OID, OID_ARRAY, TEXT, TEXT_ARRAY } from '../../codecs/oids.ts';
import { nameOfGone, type TypeDescription } from '../../codecs/type-description.ts';
import { InternalClientError } from '../../errors/client-errors.ts';
import type { Row } from '../../values/row.ts';
import type { Request, RequestHost } from '../request.ts';
import { type CatalogQuery, runCatalogQuery } from './catalog-query.ts';

const COLUMNS: readonly (readonly [name: string, oid: number])[] = [
  ['oid', OID],
  ['name', TEXT],
  ['schema', TEXT],
  ['typtype', TEXT],
  ['element', OID],
  ['delimiter', TEXT],
  ['base', OID],
  ['subtype', OID],
  ['attribute_names', TEXT_ARRAY],
  ['attribute_oids', OID_ARRAY],
  ['has_binary_input', BOOL],
  ['has_binary_output', BOOL],
];

/**
 * One flat look-up by OID. Every name is qualified, operators too, so that no search_path can
 * lead it astray, and nothing is recursive: what the answer refers to is asked for next.
 */
function queryText(multiranges: boolean): string {
  const rangeOf = multiranges
    ? 'r.rngtypid = t.oid OR r.rngmultitypid = t.oid'
    : 'r.rngtypid = t.oid';
  const subtype = multiranges
    ? 'CASE WHEN r.rngmultitypid = t.oid THEN r.rngtypid ELSE r.rngsubtype END'
    : 'r.rngsubtype';
  return `
SELECT t.oid, t.typname::pg_catalog.text AS name, n.nspname::pg_catalog.text AS schema,
  t.typtype::pg_catalog.text AS typtype,
  CASE WHEN t.typelem <> 0 AND t.typlen = -1 AND e.typarray = t.oid THEN t.typelem ELSE 0 END::pg_catalog.oid AS element,
  COALESCE(e.typdelim, t.typdelim)::pg_catalog.text AS delimiter,
  t.typbasetype AS base,
  COALESCE((SELECT ${subtype} FROM pg_catalog.pg_range r WHERE ${rangeOf}), 0)::pg_catalog.oid AS subtype,
  CASE WHEN t.typrelid <> 0 THEN ARRAY(
    SELECT a.attname::pg_catalog.text FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) END AS attribute_names,
  CASE WHEN t.typrelid <> 0 THEN ARRAY(
    SELECT a.atttypid FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) END AS attribute_oids,
  t.typreceive::pg_catalog.oid <> 0 AS has_binary_input,
  t.typsend::pg_catalog.oid <> 0 AS has_binary_output
FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem
WHERE t.oid = ANY($1::pg_catalog.oid[])`
    .replace(/ (=|<>|>) (?!ANY)/g, ' OPERATOR(pg_catalog.$1) ')
    .replace(/ = ANY/g, ' OPERATOR(pg_catalog.=) ANY');
}

function query(multiranges: boolean): CatalogQuery {
  return { text: queryText(multiranges), parameterOids: [OID_ARRAY], columns: COLUMNS };
}

const queries = { with: query(true), without: query(false) };

/** Asks the server for the types with these OIDs. A type that is gone is answered by a stand-in. */
export async function introspect(
  session: RequestHost,
  parent: Request,
  oids: readonly number[],
): Promise<TypeDescription[]> {
  const { with: since14, without } = queries;
  const rows = await runCatalogQuery(
    session,
    parent,
    session.server.version.major >= 14 ? since14 : without,
    [oids],
  );
  const found = rows.map(describe);
  const known = new Set(found.map((type) => type.oid));
  return [...found, ...oids.filter((oid) => !known.has(oid)).map(unknownType)];
}

const BY_NAME: CatalogQuery = {
  text: `
SELECT t.oid FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) t.typnamespace
WHERE t.typname OPERATOR(pg_catalog.=) $1 AND n.nspname OPERATOR(pg_catalog.=) $2`,
  parameterOids: [NAME, NAME],
  columns: [['oid', OID]],
};

/** The OID of the type of that name, or null if there is none. */
export async function findTypeOid(
  session: RequestHost,
  parent: Request,
  name: string,
  schema: string,
): Promise<number | null> {
  const [row] = await runCatalogQuery(session, parent, BY_NAME, [name, schema]);
  return row?.['oid'] ?? null;
}

const TYPTYPES: ReadonlySet<unknown> = new Set(['b', 'c', 'd', 'e', 'm', 'p', 'r']);

/**
 * A type as a row of the answer tells of it.
 *
 * @throws InternalClientError for what no catalog says: then no codec could be built of it
 */
function describe(row: Row): TypeDescription {
  const names = row['attribute_names'] as string[] | null;
  const attributeOids = row['attribute_oids'] as number[] | null;
  const type: TypeDescription = {
    oid: row['oid'],
    name: row['name'],
    schema: row['schema'],
    typtype: row['typtype'],
    element: row['element'],
    delimiter: row['delimiter'],
    base: row['base'],
    subtype: row['subtype'],
    attributes:
      names === null || attributeOids === null
        ? null
        : names.map((name, index) => ({ name, oid: attributeOids[index]! })),
    hasBinaryInput: row['has_binary_input'],
    hasBinaryOutput: row['has_binary_output'],
  };
  if (!isWhole(type) || names?.length !== attributeOids?.length) {
    throw new InternalClientError(`the server describes type ${type.oid} in an impossible way`);
  }
  return type;
}

function isWhole({ attributes, ...type }: TypeDescription): boolean {
  const isPartial = Object.values(type).some((value: unknown) => value === null);
  if (isPartial || !TYPTYPES.has(type.typtype)) return false;
  if (type.typtype === 'c' && attributes === null) return false;
  if (type.typtype === 'd' && type.base === 0) return false;
  if ((type.typtype === 'r' || type.typtype === 'm') && type.subtype === 0) return false;
  return (attributes ?? []).every(
    ({ name, oid }) => typeof name === 'string' && typeof oid === 'number',
  );
}

/** A type that was dropped between its use and the look-up: its values are left as text. */
function unknownType(oid: number): TypeDescription {
  return {
    oid,
    name: nameOfGone(oid),
    schema: 'pg_catalog',
    typtype: 'b',
    element: 0,
    delimiter: ',',
    base: 0,
    subtype: 0,
    attributes: null,
    hasBinaryInput: false,
    hasBinaryOutput: false,
  };
}
