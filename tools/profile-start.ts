// Finds the functions that every program runs which connects and asks a query, and writes them into
// `start-functions.json`: see `start-functions.ts`. Run it with `npm run profile:start` when `npm run bench:cold` is
// to be made faster; a list that is out of date costs time and nothing else.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './entries.ts';
import { type Found, functionsOf, LIST } from './start-functions.ts';

const PROGRAMS: readonly string[] = [
  `import { connect } from ${JSON.stringify(path.join(root, 'dist/index.js'))};
  const connection = await connect(process.env.DSN);
  await connection.fetchRow('SELECT $1::int4 + 1 AS next', 41);
  await connection.close();`,
  `import pg from ${JSON.stringify(path.join(root, 'packages/pg/lib/index.js'))};
  const client = new pg.Client(process.env.DSN);
  await client.connect();
  await client.query('SELECT $1::int4 + 1 AS next', [41]);
  await client.end();`,
];

/** Builds dist/ and packages/pg; `--all-lazy`: without the list, so that V8 compiles late whatever is called. */
function build(...args: readonly string[]): void {
  execFileSync(process.execPath, [path.join(root, 'tools/build.ts'), ...args], {
    stdio: 'inherit',
  });
}

/** Where functions of a file are that V8 has compiled when they were called: their first and last character. */
function calledIn(log: string): Map<string, (readonly [number, number])[]> {
  const files = new Map<string, string>();
  const called = new Map<string, (readonly [number, number])[]>();
  for (const line of log.split('\n')) {
    const fields = line.split(',');
    if (fields[0] === 'script-details') files.set(fields[1]!, fields[2]!.replace(/^file:\/\//, ''));
  }
  for (const line of log.split('\n')) {
    const [kind, event, script, start, end] = line.split(',');
    const file = files.get(script ?? '');
    if (kind !== 'function' || event !== 'parse-function' || !file?.startsWith(root)) continue;
    const all = called.get(file) ?? [];
    called.set(file, all);
    all.push([Number(start), Number(end)]);
  }
  return called;
}

/** Line and column of a place in a text, both from 0. */
function placeOf(text: string, at: number): readonly [number, number] {
  const before = text.slice(0, at);
  return [before.split('\n').length - 1, at - before.lastIndexOf('\n') - 1];
}

const names = new Map<string, Set<string>>();

interface Source {
  readonly lines: readonly string[];
  readonly functions: readonly Found[];
}

const sources = new Map<string, Source>();

function sourceOf(file: string): Source {
  const known = sources.get(file);
  if (known !== undefined) return known;
  const code = readFileSync(file, 'utf8');
  const source = { lines: code.split('\n'), functions: functionsOf(code) };
  sources.set(file, source);
  return source;
}

function note(file: string, ranges: readonly (readonly [number, number])[]): void {
  // What has no map was written by hand: nothing of src/ is in it.
  if (!existsSync(`${file}.map`)) return;
  const text = readFileSync(file, 'utf8');
  const map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')));
  for (const [start, end] of ranges) {
    // A function's first character is its parenthesis: the first one of its body tells it from what it is in.
    const arrow = /^(?:[\w$]+|\((?:[^()]|\([^()]*\))*\)) => /.exec(text.slice(start, end));
    const at = arrow === null ? start - 1 : start + arrow[0].length;
    const entry = map.findEntry(...placeOf(text, at));
    if (!('originalSource' in entry)) continue;
    // Maps name the sources of their package, whose folder that of @asyncpg/pg is not.
    const source = path.join(root, entry.originalSource.replace(/^(?:\.\.\/)+/, ''));
    if (!source.startsWith(path.join(root, 'src/'))) continue;
    const { lines, functions } = sourceOf(source);
    const offset =
      lines.slice(0, entry.originalLine).reduce((sum, line) => sum + line.length + 1, 0) +
      entry.originalColumn;
    const innermost = functions
      .filter(({ node }) => node.start <= offset && offset < node.end)
      .findLast(({ statement }) => (statement === null) === (arrow !== null));
    if (innermost === undefined) continue;
    // It may be a method in a function.
    const isNamed = new RegExp(`\\b${innermost.name.replace('$', '\\$')}(?:\\$\\d+)?$`);
    if (arrow === null && !isNamed.test(text.slice(0, start))) continue;
    const key = path.relative(root, source).replaceAll(path.sep, '/');
    names.set(key, (names.get(key) ?? new Set()).add(innermost.name));
  }
}

build('--all-lazy');
const { startServer } = await import('../bench/server.ts');
await using server = await startServer(null);
const folder = mkdtempSync(path.join(tmpdir(), 'asyncpg-profile-'));
for (const program of PROGRAMS) {
  const file = path.join(folder, 'program.mjs');
  const logFile = path.join(folder, 'v8.log');
  writeFileSync(file, program);
  const flags = ['--log-function-events', `--logfile=${logFile}`, '--no-logfile-per-isolate'];
  const env = { ...process.env, DSN: `${server.dsn}?sslmode=disable` };
  execFileSync(process.execPath, [...flags, file], { env, stdio: 'inherit' });
  for (const [name, ranges] of calledIn(readFileSync(logFile, 'utf8'))) note(name, ranges);
}
rmSync(folder, { recursive: true });
const sorted = [...names]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([file, set]) => [file, [...set].sort()]);
writeFileSync(LIST, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
execFileSync(
  'biome',
  ['format', '--write', fileURLToPath(new URL('start-functions.json', import.meta.url))],
  { stdio: 'inherit' },
);
console.log(
  `${sorted.reduce((sum, [, each]) => sum + each!.length, 0)} functions of ${sorted.length} files`,
);
build();
