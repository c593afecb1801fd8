// Runs the test suite of another project with pg and with asyncpg/pg in its place, that of a query builder
// also on the adapter for it, and keeps the counts:
// `npm run test:downstream -- NAME CHECKOUT [pg | asyncpg | native] [--server 15]`. The checkout must have its
// dependencies installed and be built; nothing is fetched, and nothing of it is kept.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { TempCluster } from '../../src/cluster/index.ts';
import { connect } from '../../src/index.ts';
import { root } from '../../tools/entries.ts';
import { Authority } from '../support/servers/certificates.ts';
import { putIn, takeOut } from './native.ts';
import { replace, restore } from './replace.ts';
import { type Counts, readReport } from './reports.ts';
import { keepResult, type Library } from './results.ts';
import { commandOf, placeOf, type Server, SUITES, type Suite } from './suites.ts';

const PACKAGE = path.join(root, 'packages/pg');

/** In the place of pg-pool, whose suite makes pools with a Client of its own. */
const POOL = "module.exports = require('pg/lib/pg-pool.js');\n";

/** The longest that one test file may take, in milliseconds, of those that are run one by one. */
const FILE_TIME = 60_000;

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { server: { type: 'string', default: '18' } },
  });
  const [name = '', checkout = '', only] = positionals;
  const suite = SUITES[name];
  if (suite === undefined || checkout === '') {
    console.error(
      `NAME CHECKOUT [pg | asyncpg | native]; NAME is one of ${Object.keys(SUITES).join(', ')}`,
    );
    process.exitCode = 2;
    return;
  }
  const libraries = librariesOf(suite).filter((each) => only === undefined || each === only);
  for (const library of libraries) {
    const counts = await runSuite(suite, path.resolve(checkout), library, Number(values.server));
    const project = projectOf(path.resolve(checkout), suite);
    keepResult(name, values.server, library, { project, ...counts });
    const { passed, failed, skipped, failures } = counts;
    console.log(`${name} on ${library}: ${passed} passed, ${failed} failed, ${skipped} skipped`);
    for (const failure of failures) console.log(`  ${failure}`);
  }
}

function librariesOf({ native, isNative }: Suite): Library[] {
  if (isNative) return ['pg', 'native'];
  return native === undefined ? ['pg', 'asyncpg'] : ['pg', 'asyncpg', 'native'];
}

/** Its name and version, and the start of the commit. */
function projectOf(checkout: string, { folder, manifest = folder, part }: Suite): string {
  const file = path.join(checkout, manifest, 'package.json');
  const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  const commit = execFileSync('git', ['rev-parse', '--short=7', 'HEAD'], { cwd: checkout });
  const project = `${name} ${version} (${commit.toString().trim()})`;
  return part === undefined ? project : `${project}, ${part}`;
}

async function runSuite(
  suite: Suite,
  checkout: string,
  library: Library,
  version: number,
): Promise<Counts> {
  await using authority = suite.tls ? await Authority.create() : null;
  const { cert, key } = (await authority?.issue({ altNames: ['IP:127.0.0.1'] })) ?? {};
  const tls = { ssl: true, ssl_cert_file: 'server.crt', ssl_key_file: 'server.key' };
  await using cluster = await TempCluster.start({
    version,
    settings: { max_connections: 300, fsync: false, ...suite.settings, ...(cert ? tls : {}) },
    ...(cert && key ? { files: { 'server.crt': cert, 'server.key': key } } : {}),
    hba: [...(suite.hba ?? []), 'local all all trust', 'host all all 127.0.0.1/32 trust'],
  });
  const { host, port, superuser: user, dsn } = cluster;
  const server: Server = { host, port, user, dsn };
  await prepareServer(suite, server);
  const folder = path.join(checkout, suite.folder);
  const files = { ...suite.write?.(server), ...(library === 'native' ? suite.native?.write : {}) };
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, file), text);
  using _replaced = putInPlace(suite, checkout, library);
  await using _forwarded = suite.fixedPort ? await forward(suite.fixedPort, server) : null;
  const reports = mkdtempSync(path.join(tmpdir(), 'asyncpg-downstream-'));
  try {
    return await count(suite, folder, server, path.join(reports, 'report.json'));
  } finally {
    rmSync(reports, { recursive: true });
  }
}

/** Has a port of this machine lead to the server. */
async function forward(from: number, { host, port }: Server): Promise<AsyncDisposable> {
  const listener = createServer((incoming) => {
    const outgoing = connectTo(port, host);
    for (const [one, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      one.setNoDelay();
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  listener.listen(from, 'localhost');
  await once(listener, 'listening');
  return {
    [Symbol.asyncDispose]: async () => {
      listener.close();
    },
  };
}

async function prepareServer({ databases = [], sql }: Suite, { dsn }: Server): Promise<void> {
  const connection = await connect(dsn);
  for (const database of databases) await connection.execute(`CREATE DATABASE ${database}`);
  if (sql !== undefined) await connection.execute(sql);
  await connection.close();
}

function putInPlace(suite: Suite, checkout: string, library: Library): Disposable {
  takeAway(suite, checkout);
  if (library === 'native') return putIn(suite.native!, checkout);
  if (library === 'pg') return new DisposableStack();
  const replaced = new DisposableStack();
  replaced.use(
    replace(placeOf(suite, checkout, existsSync), {
      link: suite.isLib ? path.join(PACKAGE, 'lib') : PACKAGE,
    }),
  );
  if (suite.pool) replaced.use(replace(path.join(checkout, suite.pool), { text: POOL }));
  return replaced;
}

/** What a run that was killed has left. */
function takeAway(suite: Suite, checkout: string): void {
  restore(placeOf(suite, checkout, existsSync));
  if (suite.pool) restore(path.join(checkout, suite.pool));
  if (suite.native) takeOut(suite.native, checkout);
}

async function count(
  suite: Suite,
  folder: string,
  server: Server,
  report: string,
): Promise<Counts> {
  const environment: NodeJS.ProcessEnv = { ...process.env, ...suite.environment(server) };
  environment['PATH'] = [
    path.join(folder, 'node_modules/.bin'),
    path.join(folder, '../../node_modules/.bin'),
    environment['PATH'],
  ].join(path.delimiter);
  for (const command of suite.prepare ?? []) {
    const { succeeded, text } = await run(command, folder, environment, null);
    if (!succeeded) throw new Error(`${command.join(' ')} failed: ${text}`);
  }
  if (suite.reporter === 'files') return countFiles(suite, folder, environment);
  if (suite.oneByOne !== undefined) return countOneByOne(suite, folder, environment, report);
  const output = await run(commandOf(suite, report), folder, environment, null);
  const written = existsSync(report) ? readFileSync(report, 'utf8') : '';
  try {
    return readReport(suite.reporter, written, output.text);
  } catch (error) {
    console.error(output.text.slice(-5_000));
    throw error;
  }
}

/** Runs each file in a process of its own; one that ends without a report is a failure of its name. */
async function countOneByOne(
  suite: Suite,
  folder: string,
  environment: NodeJS.ProcessEnv,
  report: string,
): Promise<Counts> {
  const [place, ending] = suite.oneByOne!;
  const names = readdirSync(path.join(folder, place)).filter((name) => name.endsWith(ending));
  const failures: string[] = [];
  let [passed, skipped] = [0, 0];
  for (const name of names.sort()) {
    rmSync(report, { force: true });
    const command = [...commandOf(suite, report), path.join(place, name)];
    const output = await run(command, folder, environment, null);
    if (!existsSync(report)) {
      failures.push(`${name}: the process ended`);
      console.error(output.text.slice(-1_000));
      continue;
    }
    const counts = readReport(suite.reporter, readFileSync(report, 'utf8'), output.text);
    passed += counts.passed;
    skipped += counts.skipped;
    failures.push(...counts.failures);
  }
  return { passed, failed: failures.length, skipped, failures: failures.sort() };
}

/** Programs of which each is a test that passes if it ends well. */
async function countFiles(
  suite: Suite,
  folder: string,
  environment: NodeJS.ProcessEnv,
): Promise<Counts> {
  const names = readdirSync(folder, { recursive: true }) as string[];
  const failures: string[] = [];
  let passed = 0;
  const leftOut = suite.leftOut ?? {};
  for (const name of names.filter((file) => file.endsWith(suite.files ?? '')).sort()) {
    if (Object.hasOwn(leftOut, name)) continue;
    const { succeeded } = await run([...suite.command, name], folder, environment, FILE_TIME);
    if (succeeded) passed += 1;
    else failures.push(name);
  }
  const skipped = Object.keys(leftOut).length;
  return { passed, failed: failures.length, skipped, failures };
}

function run(
  [program = '', ...words]: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  timeout: number | null,
): Promise<{ succeeded: boolean; text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(timeout === null ? {} : { timeout }),
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ succeeded: code === 0, text }));
  });
}

await main();
