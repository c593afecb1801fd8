// Runs the checks under the runtime that this is started with, against the built package and the server
// that DSN names. Prints one line of JSON per check and ends with 1 when any failed.
import assert from 'node:assert/strict';
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
if (/sslmode=verify-full/.test(dsn)) {
  await report(
    'a certificate of an unknown authority is good enough for prefer and require',
    async () => {
      const env = { ...process.env };
      process.env.PGSSLROOTCERT = '';
      for (const sslmode of ['prefer', 'require']) {
        const unchecked = await connect(dsn.replace('verify-full', sslmode));
        await unchecked.close();
      }
      await assert.rejects(connect(dsn.replace(/.sslmode=verify-full/, ''), { ssl: true }), /TLS/);
      process.env.PGSSLROOTCERT = env.PGSSLROOTCERT;
    },
  );
  await report('a certificate for another name is refused, and one that was revoked', async () => {
    const other = dsn.replace('@localhost', '@other.test');
    await assert.rejects(connect(other, { hostaddr: '127.0.0.1' }), /TLS with other\.test/);
    const revoked = { name: 'ConnectionFailureError', message: /revoked/ };
    // Deno has no such lists: there they must not be left away without a word.
    const refused = 'Deno' in globalThis ? /Deno takes no lists/ : revoked;
    await assert.rejects(connect(`${dsn}&sslcrl=${process.env.REVOKED}`), refused);
  });
}
// By its own name, as a program of CommonJS would; packages that an entry adapts are there.
const require = createRequire(import.meta.url);
const { exports } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);
await report('every entry is there by require', () => {
  for (const entry of Object.keys(exports)) {
    // Of Drizzle's two majors the first is installed under its own name.
    if (!entry.startsWith('./drizzle-v1')) require(`asyncpg${entry.slice(1)}`);
  }
});
await report('what @asyncpg/pg needs seldom is not loaded with it', () => {
  require('../../packages/pg');
  const early = Object.keys(require.cache).filter((file) => /lib.part-/.test(file));
  if (early.length > 0) throw new Error(early.join(', '));
});
process.exitCode = failures === 0 ? 0 : 1;

async function report(name, check) {
  try {
    await check();
    console.log(JSON.stringify({ name, ok: true }));
  } catch (error) {
    failures += 1;
    console.log(JSON.stringify({ name, ok: false, error: String(error?.stack ?? error) }));
  }
}
