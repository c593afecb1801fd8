import type { Codec } from '../../codecs/codec.ts';
import { BOOL, OID, TEXT } from '../../codecs/oids.ts';
import type { Request, RequestHost } from '../request.ts';
import { type CatalogQuery, runCatalogQuery } from './catalog-query.ts';
import { learnTypes } from './preparation.ts';

/** A column of a table. */
export interface TableColumn {
  readonly name: string;
  /** Of a domain, that of the type that it is made of in the end. */
  readonly typeOid: number;
  readonly codec: Codec;
  /** Its value is computed from others': COPY cannot set it. */
  readonly generated: boolean;
}

function columnsQuery(generated: string): CatalogQuery {
  return {
    text: `
SELECT a.attname::pg_catalog.text AS name, a.atttypid AS type, ${generated} AS generated
FROM pg_catalog.pg_attribute a
WHERE a.attrelid OPERATOR(pg_catalog.=) $1::pg_catalog.regclass
  AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped
ORDER BY a.attnum`,
    parameterOids: [TEXT],
    columns: [
      ['name', TEXT],
      ['type', OID],
      ['generated', BOOL],
    ],
  };
}

const queries = {
  // `"char"` has no operator of its own that a search_path could not hide.
  current: columnsQuery("a.attgenerated::pg_catalog.text OPERATOR(pg_catalog.<>) ''"),
  before12: columnsQuery('false'),
};

/**
 * The columns of a table as the catalogs have them now, in order, with their codecs. `table`
 * is its quoted name, with its schema or found through the search_path.
 */
export async function tableColumns(
  session: RequestHost,
  parent: Request,
  table: string,
): Promise<TableColumn[]> {
  const query = session.server.version.major >= 12 ? queries.current : queries.before12;
  const rows = await runCatalogQuery(session, parent, query, [table]);
  await learnTypes(
    session,
    parent,
    rows.map((row) => row['type'] as number),
    true,
  );
  return rows.map((row) => ({
    name: row['name'],
    typeOid: session.registry.baseOf?.(row['type']) ?? row['type'],
    codec: session.registry.codec(row['type'])!,
    generated: row['generated'],
  }));
}
