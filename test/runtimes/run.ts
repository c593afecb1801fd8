// Runs the conformance programme against the built package under several runtimes, each by plain TCP and by
// TLS with a login by SCRAM, and prints a table. The runtimes are npm packages, installed on demand into a
// folder outside of the checkout. Run with `npm run test:runtimes`, which writes docs/runtimes.md as well, or
// `npm run test:runtimes -- node@20 bun@1` for some of them.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Authority } from '../support/servers/certificates.ts';
import { runWorker } from './workerd.ts';

const RUNTIMES = ['node@20', 'node@22', 'node@24', 'node@26', 'bun@1', 'deno@2.9.6', 'workerd@1'];
/** Where the runtimes are kept between runs. */
const CACHE = path.join(tmpdir(), 'asyncpg-runtimes');
/** A programme that takes longer hangs, in milliseconds. */
const PATIENCE = 120_000;

/** A server, and how to reach it. */
interface Target {
  readonly name: string;
  readonly dsn: string;
  /** The file of the authority whose certificate it shows. */
  readonly caFile: string | null;
  /** The file of a list that has that certificate as revoked. */
  readonly revokedFile?: string;
}

interface Outcome {
  readonly runtime: string;
  readonly version: string;
  /** By the name of a check and its target: whether it passed. */
  readonly passed: ReadonlyMap<string, boolean>;
  readonly failures: readonly string[];
}

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: PATIENCE });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** The path of a runtime's executable; installs it first if it is not there yet. */
async function install(runtime: string): Promise<string> {
  const prefix = path.join(CACHE, runtime.replace('@', '-'));
  const name = runtime.split('@')[0] ?? '';
  const executable = await findExecutable(prefix, name);
  if (executable !== null) return executable;
  await mkdir(prefix, { recursive: true });
  // Both packages put the executable into place by an install script, which npm may want approved.
  const manifest = {
    private: true,
    allowScripts: { node: true, bun: true, deno: true, workerd: true },
  };
  await writeFile(path.join(prefix, 'package.json'), JSON.stringify(manifest));
  const args = ['install', '--prefix', prefix, '--no-audit', '--no-fund', runtime];
  const { code, stderr } = await run('npm', args, process.env);
  const installed = await findExecutable(prefix, name);
  if (code !== 0 || installed === null) throw new Error(`npm install ${runtime}: ${stderr.trim()}`);
  return installed;
}

async function findExecutable(prefix: string, name: string): Promise<string | null> {
  const modules = path.join(prefix, 'node_modules');
  const candidates = [path.join(modules, '.bin', name)];
  // Where the install script was not run, the platform's own package has the executable all the same.
  for (const scope of ['@oven', '.']) {
    const folder = path.join(modules, scope);
    const names = existsSync(folder) ? (await readdir(folder)).sort() : [];
    for (const entry of names) {
      if (entry.startsWith(`${name}-`)) candidates.push(path.join(folder, entry, 'bin', name));
    }
  }
  for (const candidate of candidates) {
    if (!existsSync(candidate)) continue;
    const { code } = await run(candidate, ['--version'], process.env);
    if (code === 0) return candidate;
  }
  return null;
}

/** What the programme prints under this runtime. */
async function output(name: string, executable: string, target: Target): Promise<Finished> {
  if (name === 'workerd') {
    const ca = target.caFile === null ? null : await readFile(target.caFile, 'utf8');
    // A Worker has no files: its runtime is told whom to trust.
    const dsn = ca === null ? target.dsn : `${target.dsn}&sslrootcert=system`;
    return { code: 0, stdout: await runWorker(executable, { dsn, ca }), stderr: '' };
  }
  const programme = fileURLToPath(new URL('conformance.mjs', import.meta.url));
  const root =
    target.caFile === null ? {} : { PGSSLROOTCERT: target.caFile, REVOKED: target.revokedFile };
  const args = name === 'deno' ? ['run', '--allow-all', programme] : [programme];
  return run(executable, args, { ...process.env, DSN: target.dsn, ...root });
}

async function examine(runtime: string, targets: readonly Target[]): Promise<Outcome> {
  const passed = new Map<string, boolean>();
  const failures: string[] = [];
  let version = '-';
  try {
    const executable = await install(runtime);
    const told = (await run(executable, ['--version'], process.env)).stdout;
    version = /\d[\w.-]+/.exec(told)?.[0] ?? told.trim();
    for (const target of targets) {
      const { code, stdout, stderr } = await output(runtime.split('@')[0]!, executable, target);
      const lines = stdout.split('\n').filter((text) => text.startsWith('{'));
      let failed = 0;
      for (const line of lines) {
        const result = JSON.parse(line) as { name: string; ok: boolean; error?: string };
        passed.set(`${result.name}, ${target.name}`, result.ok);
        if (result.ok) continue;
        failed += 1;
        failures.push(`${result.name}, ${target.name}\n    ${result.error ?? ''}`);
      }
      if (code !== 0 && failed === 0) {
        failures.push(`ended with ${code ?? 'a signal'}, ${target.name}\n    ${stderr.trim()}`);
      }
      if (lines.length === 0) failures.push(`checked nothing, ${target.name}: ${stdout.trim()}`);
    }
  } catch (error) {
    failures.push(String(error));
  }
  return { runtime, version, passed, failures };
}

/** The page with what works where. */
function page(outcomes: readonly Outcome[]): string {
  const names = [...new Set(outcomes.flatMap(({ passed }) => [...passed.keys()]))];
  const title = ({ runtime, version }: Outcome): string => {
    const name = runtime.split('@')[0]!;
    return `${name === 'workerd' ? name : name[0]!.toUpperCase() + name.slice(1)} ${version}`;
  };
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const table = [
    row(['', ...outcomes.map(title)]),
    row(['---', ...outcomes.map(() => '---')]),
    ...names.map((name) =>
      row([
        name[0]!.toUpperCase() + name.slice(1),
        ...outcomes.map(({ passed }) => {
          const ok = passed.get(name);
          return ok === undefined ? '–' : ok ? 'yes' : 'no';
        }),
      ]),
    ),
  ];
  return `# Runtimes

The same checks under each runtime, against PostgreSQL 18, once by plain TCP and once by TLS with a verified
certificate and a login by SCRAM-SHA-256. \`npm run test:runtimes\` writes this page. workerd is what runs
Cloudflare's Workers; [Serverless](guides/serverless.md) says more of it.

${table.join('\n')}
`;
}

const built = new URL('../../dist/cluster/index.js', import.meta.url);
const { TempCluster } = (await import(built.href)) as typeof import('../../src/cluster/index.ts');
const main = new URL('../../dist/index.js', import.meta.url);
const { connect } = (await import(main.href)) as typeof import('../../src/index.ts');
const wanted = process.argv.slice(2);
await using authority = await Authority.create();
const certificate = await authority.issue({
  commonName: 'localhost',
  altNames: ['DNS:localhost', 'IP:127.0.0.1'],
});
const { cert, key } = certificate;
const plain = await TempCluster.start();
const secure = await TempCluster.start({
  settings: { ssl: 'on' },
  files: { 'server.crt': cert, 'server.key': key },
  hba: ['local all all trust', 'hostssl all all all scram-sha-256'],
});
const outcomes: Outcome[] = [];
try {
  const { port } = new URL(secure.dsn);
  const owner = await connect({ host: secure.socketDirectory, port, user: 'postgres' });
  await owner.execute("ALTER ROLE postgres PASSWORD 'secret'");
  await owner.close();
  const dsn = `postgres://postgres:secret@localhost:${port}/postgres?sslmode=verify-full`;
  const targets: Target[] = [
    { name: 'TCP', dsn: plain.dsn, caFile: null },
    {
      name: 'TLS and SCRAM',
      dsn,
      caFile: authority.rootFile,
      revokedFile: await authority.revoke(certificate),
    },
  ];
  for (const runtime of wanted.length > 0 ? wanted : RUNTIMES) {
    outcomes.push(await examine(runtime, targets));
  }
} finally {
  await plain.stop();
  await secure.stop();
}
console.table(
  outcomes.map(({ runtime, version, passed, failures }) => ({
    runtime,
    version,
    passed: [...passed.values()].filter((ok) => ok).length,
    failed: failures.length,
  })),
);
for (const { runtime, failures } of outcomes) {
  for (const failure of failures) console.error(`${runtime}: ${failure}`);
}
if (wanted.length === 0) {
  await writeFile(new URL('../../docs/runtimes.md', import.meta.url), page(outcomes));
}
process.exitCode = outcomes.every(({ failures }) => failures.length === 0) ? 0 : 1;
