import type { CodecSource } from '../codecs/codec-source.ts';
import type { SessionContext } from '../connecting/open-session.ts';
import { PostgresError } from '../errors/postgres-error.ts';
import { quoteIdentifier, quoteLiteral } from '../sql/quote.ts';
import { rowValue } from '../values/row.ts';
import { PublicationMissingError } from './errors.ts';
import { askApart } from './learn-types.ts';
import type { StreamSettings } from './options.ts';
import { tablePath } from './table-path.ts';
import type { Walsender } from './walsender.ts';

/** A table that is published. */
export interface PublishedTable {
  readonly schema: string;
  readonly table: string;
  /** The columns that are published, in their order. */
  readonly columns: readonly string[];
  /** Rows have to meet a condition, in each of the publications that it is in. */
  readonly isFiltered: boolean;
}

type Wanted = Pick<StreamSettings, 'publications' | 'publishes'>;

/** A table's name, perhaps with its schema in front, quoted. */
function quoteTable(name: string): string {
  return tablePath(name).map(quoteIdentifier).join('.');
}

function list(names: readonly string[]): string {
  return names.map((name) => quoteLiteral(name).trim()).join(', ');
}

/** Makes the publication, or has it publish what is wanted, if that is asked for. */
export async function ensurePublication(asker: Walsender, wanted: Wanted): Promise<void> {
  const { publishes } = wanted;
  if (publishes === null) return;
  const name = wanted.publications[0]!;
  const [known] = await asker.command(
    `SELECT puballtables FROM pg_catalog.pg_publication WHERE pubname = ${quoteLiteral(name)}`,
  );
  const quoted = quoteIdentifier(name);
  if (publishes === 'all') {
    if (known?.['puballtables'] === 't') return;
    if (known !== undefined) {
      throw new PublicationMissingError(`the publication ${name} does not publish all tables`, {
        hint: 'It cannot be altered to: choose another name, or drop it.',
      });
    }
    await create(asker, `${quoted} FOR ALL TABLES`);
    return;
  }
  const tables = publishes.map(quoteTable).join(', ');
  if (known === undefined) {
    await create(asker, `${quoted}${tables === '' ? '' : ` FOR TABLE ${tables}`}`);
  } else if (tables !== '' && !(await publishesJust(asker, name, publishes))) {
    await asker.command(`ALTER PUBLICATION ${quoted} SET TABLE ${tables}`);
  }
}

async function create(asker: Walsender, what: string): Promise<void> {
  try {
    await asker.command(`CREATE PUBLICATION ${what}`);
  } catch (error) {
    // Another process, which starts at the same time, was faster.
    if (!['42710', '23505'].includes((error as PostgresError).sqlstate ?? '')) throw error;
  }
}

/** Whether the publication has these tables and no others: to alter it needs locks. */
async function publishesJust(
  asker: Walsender,
  name: string,
  tables: readonly string[],
): Promise<boolean> {
  const regclasses = tables.map((table) => `${quoteLiteral(quoteTable(table))}::regclass`);
  const [row] = await asker.command(
    `SELECT array(SELECT prrelid FROM pg_catalog.pg_publication_rel r
        JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid
        WHERE p.pubname = ${quoteLiteral(name)} ORDER BY 1)
      = array(SELECT t::oid FROM unnest(ARRAY[${regclasses.join(', ')}]) t ORDER BY 1) AS same`,
  );
  return row?.['same'] === 't';
}

function present({ publications }: Wanted): string {
  // A cstring is a text that no codec of the user's takes.
  return `SELECT pubname::pg_catalog.cstring FROM pg_catalog.pg_publication WHERE pubname IN (${list(publications)})`;
}

/** PostgreSQL 18 says nothing of a publication that is missing: the stream would just be empty. */
export async function checkPublications(sender: Walsender, wanted: Wanted): Promise<void> {
  const rows = await sender.command(present(wanted));
  refuseMissing(wanted, new Set(rows.map((row) => row['pubname'])));
}

/** The same on a connection of its own, while the walsender streams. */
export async function findPublications(
  context: SessionContext,
  wanted: Wanted,
  signal: AbortSignal,
  cause?: Error,
): Promise<void> {
  const rows = await askApart(context, signal, (connection) =>
    connection.fetch({ text: present(wanted), rows: 'record' }),
  );
  refuseMissing(wanted, new Set(rows.map((row) => rowValue(row, 0))), cause);
}

function refuseMissing(
  { publications }: Wanted,
  found: ReadonlySet<unknown>,
  cause?: unknown,
): void {
  const missing = publications.filter((name) => !found.has(name));
  if (missing.length === 0) return;
  throw new PublicationMissingError(
    `the publication ${missing.map((name) => JSON.stringify(name)).join(', ')} does not exist`,
    {
      hint: 'CREATE PUBLICATION … FOR TABLE …, or give its tables: { name, tables }.',
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

const LATER_HINT =
  'PostgreSQL before 18 cannot read on there: drop the slot and begin anew, with a snapshot.';

/** Whether the publications are there, and were not when the next change was committed. */
export function isLater(error: unknown): boolean {
  return error instanceof PublicationMissingError && error.hint === LATER_HINT;
}

/**
 * Has the walsender's process remember that the publications are there. A server before 18 goes by that where it reads
 * what is older than they are, and fails otherwise. Which tables they have is looked up as of then all the same.
 */
export async function rememberPublications(
  sender: Walsender,
  { publications }: Wanted,
): Promise<void> {
  await sender.command(
    `SELECT pg_catalog.pg_describe_object(o.classid, o.objid, 0)
      FROM pg_catalog.unnest(ARRAY[${list(publications)}]) n,
        pg_catalog.pg_get_object_address('publication', ARRAY[n], '{}') o`,
  );
}

/**
 * What a server before 18 tells of a publication that was dropped; every other error as it is. One that was made
 * later, or anew, is there and was not when the change was written.
 */
export async function publicationError(
  error: Error,
  context: SessionContext,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Error> {
  if (!(error instanceof PostgresError) || error.sqlstate !== '42704') return error;
  if (error.serverSourceFunction !== 'get_publication_oid') return error;
  const name = wanted.publications.find((one) => isQuoted(one, error.message));
  if (name === undefined) return error;
  try {
    await findPublications(context, wanted, signal, error);
  } catch (missing) {
    // Or it cannot be asked for now: the walsender is not to be had either, and is waited for.
    return missing as Error;
  }
  return new PublicationMissingError(
    `the publication ${JSON.stringify(name)} did not exist when the next change was committed`,
    {
      hint: LATER_HINT,
      cause: error,
    },
  );
}

/** What a name is quoted with, in any language: "n", »n«, « n ». */
const QUOTE = /^[^\p{L}\p{N}\s_]$/u;

function isQuoted(name: string, message: string): boolean {
  for (let at = message.indexOf(name); at >= 0; at = message.indexOf(name, at + 1)) {
    const before = message.slice(0, at).trimEnd().at(-1);
    const behind = message.slice(at + name.length).trimStart()[0];
    if (QUOTE.test(before ?? '') && QUOTE.test(behind ?? '')) return true;
  }
  return false;
}

/** How often what is published is asked for while tables are being dropped. */
const ATTEMPTS = 20;
/** Internal error, undefined table, deadlock. */
const PASSING: ReadonlySet<string | null> = new Set(['XX000', '42P01', '40P01']);

/**
 * Asks for what is published. The server looks into each table on the way, and fails where one was dropped since it has
 * made its list: with an internal error ("could not open relation"), or as the table is asked for by its name. Where others alter
 * tables and wait for each other in a circle, it may be the one that the server ends.
 */
export async function whileTablesGo<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      const state = error instanceof PostgresError ? error.sqlstate : null;
      if (!PASSING.has(state) || attempt === ATTEMPTS) throw error;
    }
  }
}

/** The types of all columns that are published. */
export async function publishedTypes(asker: Walsender, wanted: Wanted): Promise<number[]> {
  const rows = await whileTablesGo(() =>
    asker.command(
      `SELECT DISTINCT a.atttypid AS oid FROM pg_catalog.pg_publication_tables t
      JOIN pg_catalog.pg_namespace n ON n.nspname = t.schemaname
      JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE t.pubname IN (${list(wanted.publications)})`,
    ),
  );
  return rows.map((row) => Number(row['oid']));
}

/** Whether all types have a binary form here. */
export function areBinary(codecs: CodecSource, oids: readonly number[]): boolean {
  return oids.every((oid) => codecs.codec(oid)!.binary !== null);
}

/** The tables that are published, with what of them is. */
export async function publishedTables(asker: Walsender, wanted: Wanted): Promise<PublishedTable[]> {
  const { major } = asker.session.server.version;
  // Row filters and column lists came with 15.
  const filtered = major >= 15 ? 't.rowfilter IS NOT NULL' : 'false';
  const listed = major >= 15 ? 'AND a.attname = ANY(t.attnames)' : '';
  const generated = major >= 18 ? '' : "AND a.attgenerated = ''";
  // What belongs to a partitioned table that is published by its root comes as rows of that alone.
  const rows = await asker.command(
    `WITH published AS MATERIALIZED (
        SELECT * FROM pg_catalog.pg_publication_tables WHERE pubname IN (${list(wanted.publications)}))
      SELECT t.schemaname, t.tablename, ${filtered} AS filtered,
      (SELECT pg_catalog.json_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          ${generated} ${listed}) AS columns
      FROM published t
      JOIN pg_catalog.pg_namespace n ON n.nspname = t.schemaname
      JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename
      WHERE NOT EXISTS (
        SELECT 1 FROM pg_catalog.pg_partition_ancestors(c.oid) p
          JOIN pg_catalog.pg_class r ON r.oid = p.relid AND r.oid <> c.oid
          JOIN pg_catalog.pg_namespace m ON m.oid = r.relnamespace
          JOIN published a ON a.schemaname = m.nspname AND a.tablename = r.relname)
      ORDER BY pg_catalog.pg_relation_size(c.oid) DESC, t.schemaname, t.tablename`,
  );
  const tables = new Map<string, PublishedTable>();
  for (const row of rows) {
    const schema = row['schemaname']!;
    const table = row['tablename']!;
    const key = JSON.stringify([schema, table]);
    const before = tables.get(key);
    // In several publications: a row is published if it meets the condition of any.
    const isFiltered = row['filtered'] === 't' && before?.isFiltered !== false;
    const columns = JSON.parse(row['columns'] ?? '[]') as string[];
    tables.set(key, { schema, table, columns, isFiltered });
  }
  return [...tables.values()];
}
