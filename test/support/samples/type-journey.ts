import { isDeepStrictEqual } from 'node:util';
import type { Queryable, Row } from '../../../src/index.ts';

/*
 * The journey of a type's samples: from literals that only the server reads, through the driver,
 * and back by every road that values can take. What arrives is held by the server itself against
 * what had left. Free of the test runner, so that a child process can do the same.
 */

/** The finding that a type's values cannot be in an anonymous record. */
export const TEXT_ONLY = 'known as text only';

/** What differs after a journey, in words; nothing if all is well. */
export type Findings = string[];

/** Vectors are arrays that the server neither takes empty nor prints as such. */
const isVector = (type: string): boolean => /^(?:int2|oid)vector/.test(type);

export function quoteLiteral(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** Types that have no values to be stored in a table: they travel as arguments alone. */
const PSEUDO = /^(?:cstring|unknown|void|record)\b/;

/**
 * Sends the samples of a type there and back. Everything is made in the first schema of the
 * search_path and dropped in the end; the types and tables are new each time, under names that
 * end with `suffix`: with the same names, statements meet new types under their old text.
 */
export async function journey(
  db: Queryable,
  type: string,
  literals: readonly string[],
  suffix: string = '',
): Promise<Findings> {
  const findings: Findings = [];
  const [holder, origin, arrived] = ['holder', 'origin', 'arrived'].map(
    (name) => name + suffix,
  ) as [string, string, string];
  const elements = literals
    .filter((literal) => !(literal === '' && isVector(type)))
    .map((literal) => `${quoteLiteral(literal)}::${type}`);
  await alone(db, type, literals, findings);
  if (PSEUDO.test(type)) return findings;
  // An array of arrays is a type only if a domain is between them: else it is one dimension more.
  const array = type.endsWith('[]') ? type : `${type}[]`;
  const list = (items: readonly string[]): string =>
    type.endsWith('[]') ? (items[0] ?? 'NULL') : `ARRAY[${items.join()}]::${array}`;
  await db.execute(`
    CREATE TYPE ${holder} AS (v ${type}, vs ${array}, n int4);
    CREATE TABLE ${origin} (n int4, v ${type}, vs ${array}, h ${holder}, hs ${holder}[]);
    CREATE TABLE ${arrived} (LIKE ${origin});
  `);
  try {
    for (const [n, element] of elements.entries()) {
      const vs = n === 0 ? list([...elements, 'NULL']) : list([element, element]);
      const h =
        n === 1 ? `ROW(NULL, NULL, ${n})` : `ROW(${element}, ${list(['NULL', element])}, NULL)`;
      await db.execute(
        `INSERT INTO ${origin} VALUES (${n}, ${element}, ${vs}, ${h}::${holder},
           ARRAY[${h}::${holder}, NULL, ROW(${element}, ${list([element])}, 7)::${holder}])`,
      );
    }
    await db.execute(`INSERT INTO ${origin} (n) VALUES (1000)`);
    await roads({ db, origin, arrived, findings });
  } finally {
    await db.execute(`DROP TABLE ${origin}, ${arrived}; DROP TYPE ${holder}`).catch(() => {
      // In a transaction that has failed nothing can be dropped; the first error is the one.
    });
  }
  return findings;
}

/** Each literal decoded and sent back by itself: printed, and compared as bytes are. */
async function alone(
  db: Queryable,
  type: string,
  literals: readonly string[],
  findings: Findings,
): Promise<void> {
  for (const literal of literals) {
    const row = await db.fetchRow(
      `SELECT ${quoteLiteral(literal)}::${type} AS v, format('%s', ${quoteLiteral(literal)}::${type}) AS t`,
    );
    const back = await db.fetchVal(`SELECT format('%s', $1::${type})`, row!['v']);
    if (back !== row!['t']) findings.push(`alone: ${shown(row!['t'])} came back as ${shown(back)}`);
  }
}

/** The tables between which the values travel. */
interface Roads {
  readonly db: Queryable;
  readonly origin: string;
  readonly arrived: string;
  readonly findings: Findings;
}

async function roads(tables: Roads): Promise<void> {
  const { db, origin, arrived, findings } = tables;
  const select = `SELECT n, v, vs, h, hs FROM ${origin} ORDER BY n`;
  const rows = await db.fetch(select);
  const records = rows.map((row) => [...row]);

  const insert = `INSERT INTO ${arrived} VALUES ($1, $2, $3, $4, $5)`;
  for (const record of records) await db.execute(insert, ...record);
  await compare(tables, 'execute');

  await db.executeMany(insert, records);
  await compare(tables, 'executeMany');

  await db.copyRecordsToTable(arrived, { records });
  await compare(tables, 'copyRecordsToTable');

  const copied = [];
  for await (const row of db.copyRecordsFromQuery(select)) copied.push(row);
  same(rows, copied, 'copyRecordsFromQuery', findings);
  await db.copyRecordsToTable(arrived, { records: copied });
  await compare(tables, 'copyRecordsFromQuery and copyRecordsToTable');

  const streamed = [];
  for await (const row of db.stream(select)) streamed.push(row);
  same(rows, streamed, 'stream', findings);

  await asRecords(tables, rows);

  // The arrays as one argument each, and whole rows of the table as an array of composites.
  await db.execute(
    `INSERT INTO ${arrived} SELECT (each).* FROM unnest($1::${origin}[]) AS each`,
    rows,
  );
  await compare(tables, 'an array of rows');
}

/** What an anonymous record with a value that is known as text only is refused with. */
const REFUSED =
  /the binary form of .* is not known; cast it to text|no binary output function available/;

/**
 * As anonymous records, whose fields' types come with them. These have no text that could be
 * read without knowing the types: a value without a known binary form is refused, clearly.
 */
async function asRecords({ db, origin, findings }: Roads, rows: readonly Row[]): Promise<void> {
  const decoded = await db
    .transaction((tx) => tx.fetch(`SELECT ROW(n, v, vs, h) AS r FROM ${origin} ORDER BY n`))
    .catch((error: unknown) => (error as Error).message);
  if (typeof decoded === 'string') {
    findings.push(REFUSED.test(decoded) ? TEXT_ONLY : `record: ${decoded}`);
    return;
  }
  const expected = rows.map(({ n, v, vs, h }) => [n, v, vs, h]);
  const records = decoded.map(({ r }) => [...r]);
  same(expected, records, 'record', findings);
}

/** What arrived, as the server prints it, against the origin. Empties the table. */
async function compare({ db, origin, arrived, findings }: Roads, road: string): Promise<void> {
  const differences = await db.fetch(`
    SELECT o.n, format('%s', o) AS left, format('%s', a) AS right
    FROM ${origin} AS o FULL JOIN ${arrived} AS a ON a.n = o.n
    WHERE format('%s', o) IS DISTINCT FROM format('%s', a)
  `);
  for (const { left, right } of differences) {
    findings.push(`${road}: ${shown(left)} arrived as ${shown(right)}`);
  }
  const count = await db.fetchVal(`SELECT count(*)::int4 FROM ${arrived}`);
  if (count === 0) findings.push(`${road}: nothing arrived`);
  await db.execute(`TRUNCATE ${arrived}`);
}

function same(expected: unknown, actual: unknown, road: string, findings: Findings): void {
  if (!isDeepStrictEqual(actual, expected)) findings.push(`${road}: decoded otherwise`);
}

function shown(text: unknown): string {
  const all = String(text);
  return all.length > 200 ? `${all.slice(0, 200)}…` : all;
}
