import type { Queryable } from '../client/queryable.ts';
import type { SessionContext } from '../connecting/open-session.ts';
import { InterfaceError } from '../errors/client-errors.ts';
import type { Relation } from './change.ts';
import { askApart } from './learn-types.ts';

/** Asks for one text, which no codec of the user's takes. */
export async function askText(
  q: Queryable<any>,
  text: string,
  rest: string,
): Promise<string | null> {
  const query = `SELECT (${text})::pg_catalog.cstring ${rest}`;
  const row = (await q.fetchRow({ text: query, rows: 'array' })) as [string | null];
  return row[0];
}

/**
 * Refuses a table that was read under a snapshot and is not any more what it was then. ALTER TABLE that writes a table
 * anew, as for another type of a column or to be UNLOGGED, hides all of its rows from the snapshots before, and sends none of them
 * as changes: they would be missing. TRUNCATE hides them as well, and is sent; what VACUUM FULL writes stays visible.
 *
 * @param tx sees the snapshot, and has read the table: nobody alters it for now
 * @param name the table's, quoted
 */
export async function refuseRewritten(
  tx: Queryable<any>,
  context: SessionContext,
  { oid, schema, table }: Relation,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  // The catalog is as the snapshot has it. What functions tell is as it is now.
  const written = await askText(
    tx,
    "pg_catalog.string_agg(c.oid::pg_catalog.text, ',')",
    `FROM pg_catalog.pg_class c
      WHERE c.relkind = 'r' AND pg_catalog.pg_relation_filenode(c.oid) <> c.relfilenode
        AND pg_catalog.pg_relation_size(c.oid) > 0
        AND (c.oid = ${oid} OR c.oid IN (SELECT relid FROM pg_catalog.pg_partition_tree(${oid})))`,
  );
  if (written === null) return;
  // Columns that were altered, or renamed, are other rows of the catalog. SET UNLOGGED and SET LOGGED alter no column.
  const about = [
    'pg_catalog.json_object_agg(d.oid, d.about ORDER BY d.oid)::pg_catalog.text',
    `FROM (SELECT c.oid, pg_catalog.string_agg(pg_catalog.concat_ws(' ', c.relam, c.relpersistence, a.attnum, a.xmin), ',' ORDER BY a.attnum) AS about
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
      WHERE c.oid IN (${written}) GROUP BY c.oid) d`,
  ] as const;
  const before = parsed(await askText(tx, ...about));
  const now = parsed(
    await askApart(context, signal, (connection) => askText(connection, ...about)),
  );
  const altered = Object.keys(before).filter((one) => before[one] !== now[one]);
  if (altered.length === 0) return;
  // Where rows can still be seen, the table was only renamed, for example, and what has written it anew was VACUUM FULL.
  const hidden = await askText(
    tx,
    'pg_catalog.count(*)::pg_catalog.text',
    `FROM pg_catalog.unnest('{${altered.join(',')}}'::pg_catalog.oid[]) o
      WHERE NOT EXISTS (SELECT FROM ${name} t WHERE t.tableoid = o)`,
  );
  if (hidden === '0') return;
  throw new InterfaceError(
    `the table ${schema}.${table} was altered while the snapshot was taken: its rows cannot be had`,
    {
      hint: 'Begin anew. ALTER TABLE that writes the whole table hides its rows from all snapshots before.',
    },
  );
}

function parsed(text: string | null): Readonly<Record<string, string>> {
  return JSON.parse(text ?? '{}');
}
