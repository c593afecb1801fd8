/**
 * Writes src/sql/generated/builtin-functions.ts: the functions of pg_catalog that leave nothing in
 * the session, from the catalogs of the servers whose DSNs are given. With `--check` only tells
 * whether it is current.
 *
 *     npm run generate:builtin-functions -- [--check] [dsn …]
 *
 * Without a DSN it starts throw-away servers, PostgreSQL 18 and, where one is installed, 15.
 */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { TempCluster } from '../src/cluster/index.ts';

const TARGET = new URL('../src/sql/generated/builtin-functions.ts', import.meta.url);

/** Functions that change the session, or execute what they are given. */
const LEFT_OUT = [
  // Settings, locks and the random numbers of the session. What currval and lastval say is not counted.
  /^set_config$|^setseed$|^setval$|advisory/,
  // Descriptors of large objects.
  /^lo_|^loread$|^lowrite$/,
  // A backup, a replication origin and temporary slots belong to their session.
  /^pg_(?:start_|stop_)?backup|replication_origin|replication_slot|logical_slot_get/,
  // They execute a string, or read whatever there is.
  /_to_xml|^ts_stat$|^ts_rewrite$/,
  // Only of use in single-user mode, in pg_upgrade and in scripts of extensions.
  /^binary_upgrade_|^pg_extension_config_dump$|^pg_stop_making|^plpgsql_/,
];

/**
 * What users call by name: no function that stands for an operator, is a part of an aggregate or
 * of a type, or has types that no expression has.
 */
const QUERY = `
  SELECT DISTINCT p.proname
  FROM pg_catalog.pg_proc p
  LEFT JOIN pg_catalog.pg_description d
    ON d.objoid = p.oid AND d.classoid = 'pg_catalog.pg_proc'::regclass AND d.objsubid = 0
  WHERE p.pronamespace = 'pg_catalog'::regnamespace
    AND coalesce(d.description, '') !~ '^(implementation of .* operator|I/O|hash|less-equal-greater|\\(internal\\)|aggregate .* function$|sort support|.* support($| for|\\s)|skip support|I/O typmod|smaller of two|larger of two|for use by)'
    AND NOT EXISTS (
      SELECT FROM unnest(p.proargtypes::oid[] || p.prorettype) AS t (oid)
      WHERE t.oid IN ('internal'::regtype, 'cstring'::regtype, 'trigger'::regtype, 'event_trigger'::regtype,
        'language_handler'::regtype, 'fdw_handler'::regtype, 'index_am_handler'::regtype, 'table_am_handler'::regtype,
        'tsm_handler'::regtype))`;

async function readNames(dsns: readonly string[]): Promise<string[]> {
  const names = new Set<string>();
  for (const dsn of dsns) {
    const args = ['--no-psqlrc', '--tuples-only', '--no-align', '--command', QUERY, dsn];
    const { stdout } = await promisify(execFile)('psql', args);
    for (const name of stdout.split('\n')) {
      if (name !== '' && !LEFT_OUT.some((pattern) => pattern.test(name))) names.add(name);
    }
  }
  return [...names].sort();
}

/** Every program loads the list: a name is a letter for how many characters it shares with the one before, and the rest. */
function withoutPrefix(name: string, before: string): string {
  let shared = 0;
  while (shared < 25 && shared < name.length && name[shared] === before[shared]) shared += 1;
  return String.fromCharCode(65 + shared) + name.slice(shared);
}

function print(names: readonly string[]): string {
  const lines = [''];
  for (const [index, name] of names.entries()) {
    const last = lines.at(-1)!;
    const rest = withoutPrefix(name, names[index - 1] ?? '');
    if (last.length + rest.length > 90) lines.push(rest);
    else lines[lines.length - 1] = last + rest;
  }
  return `// Made by tools/generate-builtin-functions.ts from the catalogs of PostgreSQL. Do not edit.

/**
 * Functions of pg_catalog that leave nothing in the session, in order: each is a letter that tells how many
 * characters it shares with the one before (A: none), and the rest.
 */
export const BUILTIN_FUNCTIONS: string = \`
${lines.join('\n')}
\`;
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
    const text = print(await readNames([...given, ...clusters.map(({ dsn }) => dsn)]));
    if (!check) {
      await writeFile(TARGET, text);
    } else if ((await readFile(TARGET, 'utf8')) !== text) {
      console.error(
        'src/sql/generated/builtin-functions.ts is not current: run tools/generate-builtin-functions.ts',
      );
      process.exitCode = 1;
    }
  } finally {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
  }
}

await main(process.argv.slice(2));
