import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../tools/entries.ts';
import type { Counts } from './reports.ts';
import { SUITES } from './suites.ts';

/** What a suite came to with one library on one version of PostgreSQL. */
export interface Result extends Counts {
  /** Of the project whose suite it is, with the start of its commit. */
  readonly project: string;
}

/** By suite, by version of PostgreSQL, by library. */
type Results = Record<string, Record<string, Partial<Record<Library, Result>>>>;

/** `native`: an adapter of this package's, such as asyncpg/kysely. */
export type Library = 'pg' | 'asyncpg' | 'native';

/** Why a test fails on an adapter and has to. */
const REASONS: Readonly<Record<string, string>> = {
  "postgres: cancellation should kill session on database side when inflightQueryAbortStrategy is 'kill session'":
    'it looks for an error event of pg’s pool; the session is killed',
  'client/huge-numeric-tests.js':
    'it sets a parser on the package `pg-types`, which is no part of this one: `pg.types` is to be used',
  'postgres: transaction should not attempt to rollback if transaction failed to begin':
    'it replaces a method of Kysely’s own driver of pg',
  'common Mappers: correct mappers enabled':
    'it wants Drizzle’s own functions to make the mappers; the adapter’s call them and note what rows are read by',
};

/** What fails on `pg` just as it does on `asyncpg/pg`. */
const BOTH = [
  'node-postgres on `pg` alone: client/sasl-scram-tests.js, whose tests pass; a client that refuses to log in stays connected, and its process waits for the server’s authentication_timeout, which is as long as a file may take here.',
  'pg-pool: the test of the native client, which is not installed.',
  'Drizzle 1: the tests, of a commit shortly before the release, want replicas to be read by default, which the release ' +
    'does not; and a few want what drizzle-kit’s function of the sources makes, not the published one.',
  'Kysely on PostgreSQL 15: MERGE with RETURNING and a collation that came with PostgreSQL 17.',
  'Knex: tests of SQLite, which is not installed, and of a full pool.',
  'graphile-worker: tests of CommonJS files beside `.mts` ones. On `pg` alone fourteen others fail: the helper by which they stop the clock is not published, and another one stops the time-outs of `pg` as well, which `asyncpg/pg` has taken before.',
  'pg-promise: a test that wants a refusal for the login that the system gives by itself.',
  'TypeORM: pgvector, PostGIS, Redis and the collation `en_US`, which are not installed.',
  'Sequelize: PostGIS, hstore, citext, btree_gist and `en_US`, which are not installed.',
  'MikroORM: PostGIS. Slonik: a test that wants a wrong password to be refused. pg-promise: the build of its types.',
];

const FILE = path.join(root, 'test/downstream/results.json');
const PAGE = path.join(root, 'docs/compatibility.md');

function readResults(): Results {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Results) : {};
}

/** Writes the page anew of what was kept. */
function writePage(): void {
  writeFileSync(PAGE, pageOf(readResults()));
}

/** Keeps a result in place of that of an earlier run, and writes the page anew. */
export function keepResult(suite: string, server: string, library: Library, result: Result): void {
  const results = readResults();
  results[suite] ??= {};
  results[suite][server] ??= {};
  results[suite][server][library] = result;
  writeFileSync(FILE, `${JSON.stringify(results, null, 2)}\n`);
  writePage();
}

/** The page of the documentation that shows them. */
function pageOf(results: Results): string {
  return `# What runs on this driver

The test suites of other projects, their code unchanged but for what they take as their driver. Tests that
passed / failed / were skipped.

This page is written by \`npm run test:downstream\`.

## On \`asyncpg/pg\`

Of projects that are made for \`pg\`, on \`pg\` itself and on \`asyncpg/pg\` in its place.

${tableOf(results, 'asyncpg', '`asyncpg/pg`')}

What fails on pg as well:

${BOTH.map((line) => `- ${line}`).join('\n')}

Of node-postgres's unit tests those are left out, and counted as skipped, which look into it:

${Object.entries(SUITES['node-postgres-unit']!.leftOut!)
  .map(([file, reason]) => `- \`${file}\` ${reason}`)
  .join('\n')}

## On the pool itself

Of query builders, on \`pg\` and on the adapter for them: \`asyncpg/kysely\`, with parsers that make values as
\`pg\` has them, and \`asyncpg/drizzle\`, on one connection as in the suite.

${tableOf(results, 'native', 'Adapter')}
`;
}

function tableOf(results: Results, library: Library, heading: string): string {
  const rows: string[] = [];
  const differences: string[] = [];
  for (const suite of Object.keys(results).sort()) {
    for (const [server, { pg, ...others }] of Object.entries(results[suite] ?? {})) {
      const result = others[library as 'asyncpg'];
      if (result === undefined) continue;
      rows.push(`| ${result.project} | ${server} | ${cell(pg)} | ${cell(result)} |`);
      const failed = result.failures.filter((name) => !pg?.failures.includes(name));
      for (const name of failed) {
        const reason = REASONS[name] === undefined ? '' : ` (${REASONS[name]})`;
        differences.push(`- ${suite}, PostgreSQL ${server}: ${name}${reason}`);
      }
    }
  }
  const table = [
    `| Suite | PostgreSQL | \`pg\` | ${heading} |`,
    '| --- | --- | --- | --- |',
    ...rows,
  ];
  const alone = differences.length === 0 ? 'none.' : `\n\n${differences.join('\n')}`;
  return `${table.join('\n')}\n\nFailed here alone: ${alone}`;
}

function cell(result: Result | undefined): string {
  return result ? `${result.passed} / ${result.failed} / ${result.skipped}` : 'not run';
}
