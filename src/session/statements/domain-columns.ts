import type { DomainCodecs } from '../../codecs/domain-codecs.ts';
import { INT4_ARRAY, OID, OID_ARRAY, TEXT, TEXT_ARRAY } from '../../codecs/oids.ts';
import type { FieldDescription } from '../../protocol/backend/result.ts';
import type { Row } from '../../values/row.ts';
import type { NamedForAWhile, Request, RequestHost } from '../request.ts';
import { type CatalogQuery, runCatalogQuery } from './catalog-query.ts';

/** The server lists the types of a prepared statement's columns from here on. */
const LISTS_RESULT_TYPES = 16;

const RESULT_TYPES: CatalogQuery = {
  text: `
SELECT p.result_types::pg_catalog.oid[] AS types FROM pg_catalog.pg_prepared_statements p
WHERE p.name OPERATOR(pg_catalog.=) $1`,
  parameterOids: [TEXT],
  columns: [['types', OID_ARRAY]],
};

const TABLE_COLUMNS: CatalogQuery = {
  text: `
SELECT COALESCE(a.atttypid, 0::pg_catalog.oid) AS type
FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.int4[]))
  WITH ORDINALITY AS c (relation, number, place)
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.relation
  AND a.attnum OPERATOR(pg_catalog.=) c.number
ORDER BY c.place`,
  parameterOids: [OID_ARRAY, INT4_ARRAY],
  columns: [['type', OID]],
};

const DOMAINS: CatalogQuery = {
  text: `
WITH RECURSIVE made (oid, base) AS (
  SELECT t.oid, t.typbasetype FROM pg_catalog.pg_type t
  JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) t.typnamespace
  JOIN ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[])) AS w (schema, name)
    ON n.nspname OPERATOR(pg_catalog.=) w.schema AND t.typname OPERATOR(pg_catalog.=) w.name
  WHERE t.typbasetype OPERATOR(pg_catalog.<>) 0
  UNION ALL
  SELECT m.oid, t.typbasetype FROM made m JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) m.base
  WHERE t.typbasetype OPERATOR(pg_catalog.<>) 0
)
SELECT m.oid, m.base FROM made m JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) m.base
WHERE t.typbasetype OPERATOR(pg_catalog.=) 0`,
  parameterOids: [TEXT_ARRAY, TEXT_ARRAY],
  columns: [
    ['oid', OID],
    ['base', OID],
  ],
};

/** Which of some domains are made of which of others: `made` is over `codec`, directly or not. */
const DOMAINS_OVER: CatalogQuery = {
  text: `
WITH RECURSIVE over (made, at) AS (
  SELECT t.oid, t.typbasetype FROM pg_catalog.pg_type t
  WHERE t.oid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[]) AND t.typtype OPERATOR(pg_catalog.=) 'd'
  UNION ALL
  SELECT o.made, t.typbasetype FROM over o JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) o.at
  WHERE t.typtype OPERATOR(pg_catalog.=) 'd'
)
SELECT o.made, o.at AS codec FROM over o WHERE o.at OPERATOR(pg_catalog.=) ANY ($2::pg_catalog.oid[])`,
  parameterOids: [OID_ARRAY, OID_ARRAY],
  columns: [
    ['made', OID],
    ['codec', OID],
  ],
};

/**
 * The types of a statement's columns where any is a domain that has a codec of its own, or is made of
 * one that has; else `undefined`. RowDescription has the type that a domain is made of in its place (PostgreSQL manual,
 * "Message Formats").
 *
 * Before PostgreSQL 16 only columns of tables and views can be told.
 *
 * @param name the statement's on the server; empty: it is prepared under one for as long as that takes
 * @param named null: it cannot be prepared, and only columns of tables and views can be told
 */
export async function domainColumns(
  session: RequestHost,
  parent: Request,
  domains: DomainCodecs,
  fields: readonly FieldDescription[],
  name: string,
  named: NamedForAWhile | null,
): Promise<readonly number[] | undefined> {
  if (domains.undecided.length > 0) {
    const names = domains.undecided;
    const found = await runCatalogQuery(session, parent, DOMAINS, [
      names.map(({ schema }) => schema),
      names.map((type) => type.name),
    ]);
    domains.decide(names, found as unknown as { oid: number; base: number }[]);
  }
  if (!fields.some(({ typeOid }) => domains.mayHave(typeOid))) return undefined;
  const types =
    (await resultTypes(session, parent, name, named)) ??
    (await tableColumnTypes(session, parent, fields));
  // The base of the codec that each has.
  const bases = new Map<number, number | undefined>();
  for (const type of types) if (domains.has(type)) bases.set(type, domains.baseOf(type));
  const others = types.filter(
    (type, i) =>
      !bases.has(type) && type !== fields[i]!.typeOid && domains.mayHave(fields[i]!.typeOid),
  );
  if (others.length > 0) {
    const found = await runCatalogQuery(session, parent, DOMAINS_OVER, [others, domains.oids]);
    for (const { made, codec } of found as unknown as { made: number; codec: number }[]) {
      bases.set(made, domains.baseOf(codec));
    }
  }
  const oids = fields.map(({ typeOid }, i) =>
    bases.get(types[i] ?? 0) === typeOid ? types[i]! : typeOid,
  );
  return oids.some((oid, i) => oid !== fields[i]!.typeOid) ? oids : undefined;
}

async function resultTypes(
  session: RequestHost,
  parent: Request,
  name: string,
  named: NamedForAWhile | null,
): Promise<readonly number[] | null> {
  if (session.server.version.major < LISTS_RESULT_TYPES || named === null) return null;
  const listed = name === '' ? await named.prepare() : name;
  let rows: Row[];
  try {
    rows = await runCatalogQuery(session, parent, RESULT_TYPES, [listed]);
  } finally {
    if (name === '') named.close(listed);
  }
  const [row] = rows;
  // Behind a pooler that goes by names of its own it is not listed.
  return (row?.['types'] as number[] | null | undefined) ?? null;
}

async function tableColumnTypes(
  session: RequestHost,
  parent: Request,
  fields: readonly FieldDescription[],
): Promise<number[]> {
  const rows = await runCatalogQuery(session, parent, TABLE_COLUMNS, [
    fields.map(({ tableOid }) => tableOid),
    fields.map(({ columnNumber }) => columnNumber),
  ]);
  return rows.map((row) => row['type'] as number);
}
