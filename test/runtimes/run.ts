// Runs the conformance programme against the built package under several runtimes, and prints a
// table. The runtimes are npm packages, installed on demand into a folder outside of the checkout.
// Run with `npm run test:runtimes`, or `npm run test:runtimes -- node@20 bun` for some of them.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const RUNTIMES = ['node@20', 'node@22', 'node@24', 'node@26', 'bun@1'];
/** Where the runtimes are kept between runs. */
const CACHE = path.join(tmpdir(), 'asyncpg-runtimes');
/** A programme that takes longer hangs, in milliseconds. */
const PATIENCE = 120_000;

interface Outcome {
  readonly runtime: string;
  readonly version: string;
  readonly passed: number;
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
  const manifest = { private: true, allowScripts: { node: true, bun: true } };
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

async function examine(runtime: string, dsn: string): Promise<Outcome> {
  try {
    const executable = await install(runtime);
    const version = (await run(executable, ['--version'], process.env)).stdout.trim();
    const programme = fileURLToPath(new URL('conformance.mjs', import.meta.url));
    const env = { ...process.env, DSN: dsn };
    const { code, stdout, stderr } = await run(executable, [programme], env);
    let passed = 0;
    const failures: string[] = [];
    for (const line of stdout.split('\n').filter((text) => text.startsWith('{'))) {
      const result = JSON.parse(line) as { name: string; ok: boolean; error?: string };
      if (result.ok) passed += 1;
      else failures.push(`${result.name}\n    ${result.error ?? ''}`);
    }
    if (code !== 0 && failures.length === 0) {
      failures.push(`ended with ${code ?? 'a signal'}\n    ${stderr.trim()}`);
    }
    if (passed + failures.length === 0) failures.push('checked nothing');
    return { runtime, version, passed, failures };
  } catch (error) {
    return { runtime, version: '-', passed: 0, failures: [String(error)] };
  }
}

const built = new URL('../../dist/cluster/index.js', import.meta.url);
const { TempCluster } = (await import(built.href)) as typeof import('../../src/cluster/index.ts');
const wanted = process.argv.slice(2);
const cluster = await TempCluster.start();
const outcomes: Outcome[] = [];
try {
  for (const runtime of wanted.length > 0 ? wanted : RUNTIMES) {
    outcomes.push(await examine(runtime, cluster.dsn));
  }
} finally {
  await cluster.stop();
}
console.table(
  outcomes.map(({ runtime, version, passed, failures }) => ({
    runtime,
    version,
    passed,
    failed: failures.length,
  })),
);
for (const { runtime, failures } of outcomes) {
  for (const failure of failures) console.error(`${runtime}: ${failure}`);
}
process.exitCode = outcomes.every(({ failures }) => failures.length === 0) ? 0 : 1;
