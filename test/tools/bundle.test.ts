import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, expect, it } from 'vitest';

const LIBRARY = fileURLToPath(new URL('../../src/index.ts', import.meta.url));
/** Nobody listens there. The pool's code is loaded when it is first needed. */
const PROGRAM = `
  import { connect, createPool, ConnectionFailureError } from ${JSON.stringify(LIBRARY)};
  for (const open of [connect, createPool]) {
    open('postgres://ada@127.0.0.1:1/shop').then(
      () => console.log('connected'),
      (error) => console.log(error instanceof ConnectionFailureError, error.name),
    );
  }
`;
const VITE = fileURLToPath(new URL('../../node_modules/vite/bin/vite.js', import.meta.url));
const LINE = 'true ConnectionFailureError\n';
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'asyncpg-bundle-'));
});

afterAll(() => rm(folder, { recursive: true }));

/** What a program prints. */
const outputOf = async (file: string) =>
  (await promisify(execFile)(process.execPath, [file])).stdout;

/** What a program prints that is bundled and minified into one file. */
async function bundledOutput(format: 'esm' | 'cjs'): Promise<string> {
  const entry = path.join(folder, `${format}.mjs`);
  await writeFile(entry, PROGRAM);
  const bundle = await rolldown({ input: entry, platform: 'node', logLevel: 'silent' });
  const file = path.join(folder, format === 'esm' ? 'bundle.mjs' : 'bundle.cjs');
  await bundle.write({ file, format, minify: true, codeSplitting: false });
  return outputOf(file);
}

it.each(['esm', 'cjs'] as const)(
  'a program that is bundled into one file of %s runs',
  async (format) => {
    expect(await bundledOutput(format)).toBe(LINE + LINE);
  },
);

it("a program that Vite has bundled for a server runs, in the chunks of Vite's choice", async () => {
  const entry = path.join(folder, 'ssr.mjs');
  await writeFile(entry, PROGRAM);
  const build = { ssr: entry, outDir: 'out', minify: true };
  const config = path.join(folder, 'vite.config.mjs');
  const options = { logLevel: 'silent', ssr: { noExternal: true }, build };
  await writeFile(config, `export default ${JSON.stringify(options)};`);
  // As a process of its own: it leaves open what it has opened.
  await promisify(execFile)(process.execPath, [VITE, 'build', '--config', config], { cwd: folder });
  expect(await outputOf(path.join(folder, 'out/ssr.mjs'))).toBe(LINE + LINE);
});
