import type { Transaction as SqlTransaction } from '../client/transactions/transaction.ts';
import { InterfaceError } from '../errors/client-errors.ts';
import { PostgresError } from '../errors/postgres-error.ts';
import { quoteIdentifier, quoteLiteral } from '../sql/quote.ts';
import type { Relation } from './change.ts';
import { askText } from './rewritten.ts';

/** How often a table is looked for that is renamed again and again. */
const ATTEMPTS = 20;

/** A table whose rows are read, as it was when the snapshot was made. */
export interface SnapshotTable {
  readonly relation: Relation;
  /** The columns that are read: their names then, and their places, `attnum`. */
  readonly names: readonly string[];
  readonly places: readonly number[];
  /** What inherits from it is not read with it. */
  readonly isAlone: boolean;
  /** The publications whose conditions rows have to meet, any of them; null: there are none. */
  readonly filteredBy: readonly string[] | null;
}

/** How it is called now. */
export interface PresentNames {
  /** The table's name, quoted. */
  readonly name: string;
  /** Reads the rows, with the columns named as they were. */
  readonly query: string;
}

/**
 * Finds a table by what it is and not by its name, and keeps it as it is until the transaction ends. The rows are those of
 * the snapshot, but a query goes by the names of now: a column that was renamed since would not be there, and another
 * that has its name would be read in its place.
 *
 * @param tx sees the snapshot
 */
export async function presentNames(
  tx: SqlTransaction,
  table: SnapshotTable,
): Promise<PresentNames> {
  for (let attempt = 1; ; attempt++) {
    const before = await tableName(tx, table);
    try {
      // Nobody renames it, or its columns, from here on. To lock it as such would need a right on all columns.
      await tx.transaction((inner) => inner.execute(`SELECT FROM ONLY ${before} WHERE false`));
    } catch (error) {
      const isRenamed = error instanceof PostgresError && error.sqlstate === '42P01';
      if (!isRenamed || attempt === ATTEMPTS || before === (await tableName(tx, table))) {
        throw error;
      }
      continue;
    }
    const name = await tableName(tx, table);
    if (name === before) return { name, query: await queryFor(tx, table, name) };
  }
}

async function queryFor(tx: SqlTransaction, table: SnapshotTable, name: string): Promise<string> {
  const { relation, places, isAlone, filteredBy } = table;
  const paths = await currentNames(tx, relation.oid, places);
  const columns = paths.map((path, i) => {
    const former = table.names[i]!;
    const column = path?.[2];
    if (column !== undefined && !DROPPED.test(column)) {
      return `${quoteIdentifier(column)} AS ${quoteIdentifier(former)}`;
    }
    throw new InterfaceError(
      `the column ${former} of the table ${relation.schema}.${relation.table} was dropped while the snapshot was taken: its values cannot be had`,
      { hint: 'Begin anew.' },
    );
  });
  const filter = filteredBy === null ? null : await filterNow(tx, relation.oid, filteredBy);
  const where = filter === null ? '' : ` WHERE ${filter}`;
  return `SELECT ${columns.join(', ')} FROM ${isAlone ? 'ONLY ' : ''}${name}${where}`;
}

/** What PostgreSQL calls a column that was dropped. */
const DROPPED = /^\.{8}pg\.dropped\.\d+\.{8}$/;

async function tableName(tx: SqlTransaction, { relation }: SnapshotTable): Promise<string> {
  const [path] = await currentNames(tx, relation.oid, [0]);
  // It is gone, which its former name tells best.
  const [schema, table] = path ?? [relation.schema, relation.table];
  return `${quoteIdentifier(schema!)}.${quoteIdentifier(table!)}`;
}

/**
 * The paths of names of a table's columns by their places; place 0 is the table itself. Of an object's identity the server
 * tells the names of now, whatever snapshot the transaction has.
 */
async function currentNames(
  tx: SqlTransaction,
  oid: number,
  places: readonly number[],
): Promise<(readonly string[] | null)[]> {
  const text = await askText(
    tx,
    'pg_catalog.json_agg(i.object_names ORDER BY n)::pg_catalog.text',
    `FROM pg_catalog.unnest('{${places.join(',')}}'::pg_catalog.int4[]) n,
      pg_catalog.pg_identify_object_as_address('pg_catalog.pg_class'::pg_catalog.regclass, ${oid}, n) i`,
  );
  return JSON.parse(text ?? '[]');
}

/** The condition as the snapshot has it, in the names of now. */
async function filterNow(
  tx: SqlTransaction,
  oid: number,
  publications: readonly string[],
): Promise<string | null> {
  const names = publications.map((name) => quoteLiteral(name).trim()).join(', ');
  return await askText(
    tx,
    "pg_catalog.string_agg('(' || pg_catalog.pg_get_expr(r.prqual, r.prrelid) || ')', ' OR ')",
    `FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid
      WHERE r.prrelid = ${oid} AND p.pubname IN (${names})`,
  );
}
