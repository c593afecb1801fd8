/**
 * Writes src/codecs/generated/catalog.ts: the types that PostgreSQL brings along, from the
 * catalogs of the servers whose DSNs are given. With `--check` only tells whether it is current.
 *
 *     npm run generate:catalog -- [--check] [dsn …]
 *
 * Without a DSN it starts throw-away servers, PostgreSQL 18 and, where one is installed, 15.
 */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { TempCluster } from '../src/cluster/index.ts';

const TARGET = new URL('../src/codecs/generated/catalog.ts', import.meta.url);

/** From 10,000 on, OIDs are given out by each build or cluster as it likes. */
const FIRST_UNSTABLE_OID = 10_000;

const QUERY = `
  SELECT t.oid, t.typname, t.typtype, t.typarray,
         coalesce(r.rngsubtype, m.rngtypid, 0), t.typdelim
  FROM pg_catalog.pg_type t
  LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
  LEFT JOIN pg_catalog.pg_range m ON m.rngmultitypid = t.oid
  WHERE t.oid < ${FIRST_UNSTABLE_OID} AND t.typtype <> 'c'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = t.oid)
  ORDER BY t.oid`;

async function psql(dsn: string, query: string): Promise<string[][]> {
  const args = ['--no-psqlrc', '--tuples-only', '--no-align', '--field-separator=\t'];
  const { stdout } = await promisify(execFile)('psql', [...args, '--command', query, dsn]);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

async function readCatalogs(dsns: readonly string[]): Promise<Map<number, string>> {
  const rows = new Map<number, string>();
  for (const dsn of dsns) {
    for (const row of await psql(dsn, QUERY)) {
      const [oid = '', name = '', typtype = '', array = '', subtype = '', delimiter = ''] = row;
      const tail =
        delimiter === ',' ? (subtype === '0' ? '' : `, ${subtype}`) : `, 0, '${delimiter}'`;
      const entry = `[${oid}, '${name}', '${typtype}', ${array}${tail}]`;
      const known = rows.get(Number(oid));
      if (known !== undefined && known !== entry) {
        throw new Error(`servers differ about type ${oid}: ${known} and ${entry}`);
      }
      rows.set(Number(oid), entry);
    }
  }
  return rows;
}

function print(rows: ReadonlyMap<number, string>): string {
  const entries = [...rows].sort(([a], [b]) => a - b).map(([, entry]) => `  ${entry},`);
  return `// Made by tools/generate-catalog.ts from the catalogs of PostgreSQL. Do not edit.

/** OID, name, typtype, OID of its array type or 0, subtype or range of a (multi)range, delimiter. */
export type CatalogEntry = readonly [
  oid: number,
  name: string,
  typtype: 'b' | 'p' | 'r' | 'm',
  array: number,
  subtype?: number,
  delimiter?: string,
];

export const CATALOG: readonly CatalogEntry[] = [
${entries.join('\n')}
];
`;
}

async function startServers(): Promise<TempCluster[]> {
  const clusters = [await TempCluster.start({ version: 18 })];
  try {
    clusters.push(await TempCluster.start({ version: 15 }));
  } catch (error) {
    console.warn(`PostgreSQL 15 is left out: ${(error as Error).message}`);
  }
  return clusters;
}

async function main(args: readonly string[]): Promise<void> {
  const check = args.includes('--check');
  const given = args.filter((arg) => !arg.startsWith('--'));
  const clusters = given.length === 0 ? await startServers() : [];
  try {
    const text = print(await readCatalogs([...given, ...clusters.map(({ dsn }) => dsn)]));
    if (!check) {
      await writeFile(TARGET, text);
    } else if ((await readFile(TARGET, 'utf8')) !== text) {
      console.error(
        'src/codecs/generated/catalog.ts is not current: run tools/generate-catalog.ts',
      );
      process.exitCode = 1;
    }
  } finally {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
  }
}

await main(process.argv.slice(2));
