// Runs the packed package in the tools that people use it in: test runners, compilers, bundlers, serialisers. They
// are installed on demand into a folder outside of the checkout. `npm run test:tools`, or `-- jest esbuild`
// for some of them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CASES, type ToolCase } from './cases.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Where packages are kept between runs. */
const CACHE = path.join(tmpdir(), 'asyncpg-tools');
/** A program that takes longer hangs, in milliseconds. */
const PATIENCE = 180_000;

function run(file: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(file, args, {
    cwd,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    encoding: 'utf8',
    timeout: PATIENCE,
  });
  return { status, output: `${stdout}${stderr}`.trim() };
}

function mustRun(file: string, args: readonly string[], cwd: string): void {
  const { status, output } = run(file, args, cwd);
  if (status !== 0) throw new Error(`${file} ${args.join(' ')}: ${output}`);
}

/** The package as it would be published, newly packed. */
function pack(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'asyncpg-pack-'));
  mustRun('npm', ['pack', '--silent', '--pack-destination', folder], ROOT);
  return path.join(folder, readdirSync(folder)[0]!);
}

function examine(
  { name, packages, files, manifest, steps, expected }: ToolCase,
  packed: string,
  dsn: string,
) {
  const folder = path.join(CACHE, name);
  mkdirSync(folder, { recursive: true });
  const content = { name: 'tooling', private: true, type: 'module', ...manifest };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(content));
  const install = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--no-save'];
  // The driver's own peers are optional, and each tool has what it needs itself.
  mustRun('npm', [...install, '--legacy-peer-deps', packed, ...packages], folder);
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, file), text);
  let output = '';
  for (const [file, ...args] of steps) {
    const bin = file === 'node' ? process.execPath : path.join(folder, 'node_modules/.bin', file!);
    const done = run(bin, args, folder, { DSN: dsn });
    output += done.output;
    if (done.status !== 0) return `${file} ${args.join(' ')} ended with ${done.status}\n${output}`;
  }
  return expected.test(output) ? null : `printed\n${output}`;
}

const wanted = process.argv.slice(2);
const chosen = CASES.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const built = new URL('../../dist/cluster/index.js', import.meta.url);
const { TempCluster } = (await import(built.href)) as typeof import('../../src/cluster/index.ts');
const packed = pack();
const cluster = await TempCluster.start();
let failures = chosen.length === 0 ? 1 : 0;
try {
  for (const each of chosen) {
    let failure: string | null;
    try {
      failure = examine(each, packed, cluster.dsn);
    } catch (error) {
      failure = String(error);
    }
    if (failure !== null) failures += 1;
    console.log(failure === null ? `ok      ${each.name}` : `FAILED  ${each.name}: ${failure}`);
  }
} finally {
  await cluster.stop();
  rmSync(path.dirname(packed), { recursive: true });
}
process.exitCode = failures === 0 ? 0 : 1;
