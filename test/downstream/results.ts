import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../tools/entries.ts';
import type { Counts } from './reports.ts';

/** What a suite came to with one library on one version of PostgreSQL. */
export interface Result extends Counts {
  /** Of the project whose suite it is, with the start of its commit. */
  readonly project: string;
}

/** By suite, by version of PostgreSQL, by library. */
type Results = Record<string, Record<string, Partial<Record<Library, Result>>>>;

export type Library = 'pg' | 'asyncpg';

const FILE = path.join(root, 'test/downstream/results.json');
const PAGE = path.join(root, 'docs/compatibility.md');

function readResults(): Results {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Results) : {};
}

/** Keeps a result in place of that of an earlier run, and writes the page anew. */
export function keepResult(suite: string, server: string, library: Library, result: Result): void {
  const results = readResults();
  results[suite] ??= {};
  results[suite][server] ??= {};
  results[suite][server][library] = result;
  writeFileSync(FILE, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(PAGE, pageOf(results));
}

/** The page of the documentation that shows them. */
function pageOf(results: Results): string {
  const rows: string[] = [];
  const differences: string[] = [];
  for (const suite of Object.keys(results).sort()) {
    for (const [server, { pg, asyncpg }] of Object.entries(results[suite] ?? {})) {
      const { project } = pg ?? asyncpg ?? { project: '' };
      rows.push(`| ${project} | ${server} | ${cell(pg)} | ${cell(asyncpg)} |`);
      const others = asyncpg?.failures.filter((name) => !pg?.failures.includes(name)) ?? [];
      for (const name of others) differences.push(`- ${suite}, PostgreSQL ${server}: ${name}`);
    }
  }
  return `# What runs on \`asyncpg/pg\`

The test suites of projects that are made for \`pg\`, each on \`pg\` itself and on \`asyncpg/pg\` in its place,
their code unchanged. Tests that passed / failed / were skipped.

This page is written by \`npm run test:downstream\`.

| Suite | PostgreSQL | \`pg\` | \`asyncpg/pg\` |
| --- | --- | --- | --- |
${rows.join('\n')}

## Failed on \`asyncpg/pg\` alone

${differences.length === 0 ? 'None.' : differences.join('\n')}
`;
}

function cell(result: Result | undefined): string {
  return result ? `${result.passed} / ${result.failed} / ${result.skipped}` : 'not run';
}
