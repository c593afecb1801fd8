// Runs the checks under the runtime that this is started with, against the built package and the server
// that DSN names. Prints one line of JSON per check and ends with 1 when any failed.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';
import { connect, createPool, sql } from '../../dist/index.js';
// biome-ignore lint/correctness/useImportExtensions: its types stand beside it
import { checksOf } from './checks.mjs';

const dsn = process.env.DSN;
let failures = 0;
for (const [name, check] of checksOf({ createPool, sql }, dsn)) {
  let connection;
  try {
    connection = await connect(dsn);
    await check(connection);
    console.log(JSON.stringify({ name, ok: true }));
  } catch (error) {
    failures += 1;
    console.log(JSON.stringify({ name, ok: false, error: String(error?.stack ?? error) }));
  } finally {
    await connection?.close();
  }
}
// By its own name, as a program of CommonJS would; packages that an entry adapts are there.
const require = createRequire(import.meta.url);
const { exports } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);
report('every entry is there by require', () => {
  for (const entry of Object.keys(exports)) {
    // Of Drizzle's two majors the first is installed under its own name.
    if (!entry.startsWith('./drizzle-v1')) require(`asyncpg${entry.slice(1)}`);
  }
});
report('what @asyncpg/pg needs seldom is not loaded with it', () => {
  require('../../packages/pg');
  const early = Object.keys(require.cache).filter((file) => /lib.part-/.test(file));
  if (early.length > 0) throw new Error(early.join(', '));
});
process.exitCode = failures === 0 ? 0 : 1;

function report(name, check) {
  try {
    check();
    console.log(JSON.stringify({ name, ok: true }));
  } catch (error) {
    failures += 1;
    console.log(JSON.stringify({ name, ok: false, error: String(error?.stack ?? error) }));
  }
}
