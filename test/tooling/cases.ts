import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../tools/entries.ts';

/** A tool, a small program in it, and what that must print. */
export interface ToolCase {
  readonly name: string;
  readonly packages: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  /** What package.json has besides. */
  readonly manifest?: object;
  /** Programs of node_modules/.bin, or node, one after the other; all must end with 0. */
  readonly steps: readonly (readonly string[])[];
  readonly expected: RegExp;
}

/** What the tests of each runner do. */
const BODY = `
  const pool = await createPool(process.env.DSN, { minSize: 1, maxSize: 2 });
  const row = await pool.fetchOne('SELECT $1::timestamptz AS at, 1 AS id', new Date(0));
  await pool.transaction((tx) => tx.execute('SELECT 1'));
  const plain = await pool.with({ rows: 'object' }).fetchOne('SELECT 1 AS id');
  const refused = await pool.fetch('SELECT 1/0').catch((error) => error.constructor.name);
  await pool.close();`;
const MAIN = `
import { createPool } from 'asyncpg';
async function main() {${BODY}
  console.log('done', row.at.getTime(), refused);
}
main();
`;
const REQUIRE = "const { createPool } = require('asyncpg')";
const DONE = /done 0 DivisionByZeroError/;

/** Where a part that is loaded late brought the driver a second time, its classes were others. */
const ONE_COPY = `
import {
  ConnectionFailureError, DivisionByZeroError, InvalidArgumentError, Interval, Point, Range, UndefinedTableError,
  connect, createPool,
} from 'asyncpg';
async function main() {
  const pool = await createPool(process.env.DSN);
  const values = await pool.fetchRow("SELECT interval '1 day' AS i, point '(1,2)' AS p, int4range(1, 2) AS r");
  const divided = await pool.fetch('SELECT 1/0').catch((error) => error);
  const refused = await pool.fetch('SELECT $1::interval', [1]).catch((error) => error);
  const copied = await pool.copyToTable('nowhere', { source: [] }).catch((error) => error);
  await pool.close();
  const rejected = await connect({ host: '127.0.0.1', port: 1 }).catch((error) => error);
  console.log(
    values!.i instanceof Interval, values!.p instanceof Point, values!.r instanceof Range,
    divided instanceof DivisionByZeroError, refused instanceof InvalidArgumentError,
    copied instanceof UndefinedTableError, rejected instanceof ConnectionFailureError,
  );
}
main();
`;
/** A program that needs one small part: what it is bundled to is small, in bytes, and one file. */
const ONLY_SQL = `
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sql } from 'asyncpg';
const { size } = statSync(fileURLToPath(import.meta.url));
console.log(sql\`SELECT \${1}\`.text, 'small:', size < 21_000 || size);
`;
const ESBUILD = ['esbuild', '--bundle', '--platform=node'];

/** A program of the types of every entry that needs no other package. */
const TYPES = `
import { connect, createPool, sql, type Pool } from 'asyncpg';
import { TempCluster } from 'asyncpg/cluster';
import { openChangeStream } from 'asyncpg/replication';
declare module 'asyncpg' {
  interface CheckOptions { untyped: 'unknown' }
}
interface User { id: bigint; length: string }
export async function run(dsn: string): Promise<bigint | null> {
  const pool: Pool = await createPool(dsn);
  const id = await pool.fetchVal<bigint>(sql\`SELECT 1\`);
  const user = await pool.fetchOne(sql<User>\`SELECT 1\`);
  const length: string = user.length;
  const [first, second] = await pool.batch([sql<User>\`SELECT 1\`, 'SELECT 2']);
  const ids: bigint[] = first.rows.map((row) => row.id);
  // @ts-expect-error a query object carries its own args
  pool.stream(sql\`SELECT 1\`, 5);
  // @ts-expect-error nobody told the type of the row
  second.rows[0]?.['typo'].deep;
  // @ts-expect-error nobody told the type of the value
  (await pool.fetchVal('SELECT 1')).nope();
  // @ts-expect-error a spread row has its columns alone
  ({ ...(await pool.fetchOne<{ id: bigint }>('SELECT 1')) }).length;
  // @ts-expect-error there are no results, but rows
  (await pool.fetch('SELECT 1')).rows;
  await pool.close();
  return ids.length + length.length > 0 ? id : null;
}
export const names = [connect, TempCluster, openChangeStream];
`;

function compiler(version: string, resolution: string, module: string): ToolCase {
  const options = ['--strict', '--noEmit', '--target', 'es2022', '--types', 'node'];
  const strict = ['--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes'];
  const lib = ['--lib', 'es2023,esnext.disposable', '--skipLibCheck', 'false'];
  return {
    name: `typescript-${version}-${resolution}`,
    packages: [`typescript@${version}`, '@types/node@22'],
    files: { 'main.ts': TYPES },
    steps: [
      [
        'tsc',
        ...[...options, ...strict, ...lib],
        ...['--module', module, '--moduleResolution', resolution, 'main.ts'],
      ],
      ['node', '-p', '"compiled"'],
    ],
    expected: /compiled/,
  };
}

/** What a serialiser makes of a row of each form. */
function serialiser(name: string, packages: string[], code: string, expected: RegExp): ToolCase {
  const text = `import { connect } from 'asyncpg';
const c = await connect(process.env.DSN);
const text = "SELECT 1 AS id, 'Ada' AS name";
const record = await c.fetchRow(text);
const plain = await c.with({ rows: 'object' }).fetchRow(text);
await c.close();
${code}`;
  const flags = name.startsWith('react') ? ['--conditions', 'react-server'] : [];
  return {
    name,
    packages,
    files: { 'main.mjs': text },
    steps: [['node', ...flags, 'main.mjs']],
    expected,
  };
}

/** A Node that cannot require modules says so, by the code that programs know, and imports them. */
function oldNode(version: string): ToolCase {
  return {
    name: `require-node-${version}`,
    packages: [`node@${version}`],
    manifest: { allowScripts: { node: true } },
    files: {
      'main.cjs': `try { require('asyncpg'); } catch (error) { console.log(error.code, error.message); }
import('./main.mjs');`,
      'main.mjs': MAIN,
    },
    steps: [['./node', 'main.cjs']],
    expected:
      /ERR_REQUIRE_ESM require\(\) of ES Module [\s\S]*import\(\)[\s\S]*done 0 DivisionByZeroError/,
  };
}

export const CASES: readonly ToolCase[] = [
  {
    name: 'jest',
    packages: ['jest'],
    files: {
      'a.test.js': `import { createPool } from 'asyncpg';
test('the driver', async () => {${BODY}
  expect(row).toEqual({ at: new Date(0), id: 1 });
  expect(row.at).toBeInstanceOf(Date);
  expect(refused).toBe('DivisionByZeroError');
});`,
    },
    manifest: { jest: { transform: {} } },
    // It says so if something keeps the process, and then does not end by itself.
    steps: [
      [
        ...['node', '--experimental-vm-modules', 'node_modules/jest/bin/jest.js'],
        ...['--detectOpenHandles', '--runInBand'],
      ],
    ],
    expected: /^(?![\s\S]*(?:open handle|did not exit))[\s\S]*Tests: +1 passed/,
  },
  {
    // Jest has modules and globals of its own, and loads CommonJS.
    name: 'jest-pg',
    packages: ['jest', `pg@file:${path.join(root, 'packages/pg')}`],
    files: {
      'a.test.js': `const { Client, Pool, DatabaseError } = require('pg');
const pool = new Pool({ connectionString: process.env.DSN, max: 2 });
afterAll(() => pool.end());
test('a pool', async () => {
  const values = [1, { a: [1] }, [1, 2], Buffer.from('ab')];
  const { rows } = await pool.query('SELECT $1::int4 AS id, $2::jsonb AS doc, $3::int4[] AS list, $4::bytea AS bytes, now() AS at', values);
  expect(rows).toStrictEqual([{ id: 1, doc: { a: [1] }, list: [1, 2], bytes: Buffer.from('ab'), at: expect.any(Date) }]);
  expect(rows).toBeInstanceOf(Array);
  expect(rows[0].at).toBeInstanceOf(Date);
});
test('a transaction', async () => {
  const client = await pool.connect();
  await client.query('CREATE TEMP TABLE t (id int PRIMARY KEY)');
  await client.query('BEGIN');
  await client.query('INSERT INTO t VALUES (1)');
  const error = await client.query('INSERT INTO t VALUES (1)').catch((e) => e);
  await client.query('ROLLBACK');
  expect(error).toBeInstanceOf(DatabaseError);
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ code: '23505', constraint: 't_pkey', table: 't', severity: 'ERROR' });
  expect((await client.query('SELECT FROM t')).rowCount).toBe(0);
  client.release();
});
test('a client', async () => {
  const client = new Client(process.env.DSN);
  const heard = [];
  client.on('notification', (message) => heard.push(message));
  await client.connect();
  await client.query('LISTEN j');
  await client.query("NOTIFY j, 'x'");
  expect(heard).toMatchObject([{ channel: 'j', payload: 'x' }]);
  await expect(new Client({ host: '127.0.0.1', port: 1 }).connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await client.end();
});`,
    },
    manifest: { type: 'commonjs', jest: { transform: {} } },
    steps: [['node', 'node_modules/jest/bin/jest.js', '--detectOpenHandles', '--runInBand']],
    expected: /^(?![\s\S]*(?:open handle|did not exit))[\s\S]*Tests: +3 passed/,
  },
  {
    // Fakes for all tests are there before anything is loaded.
    name: 'jest-fakes',
    packages: ['jest', `pg@file:${path.join(root, 'packages/pg')}`],
    files: {
      'a.test.js': `import { createPool } from 'asyncpg';
import pg from 'pg';
test('the driver', async () => {${BODY}
  expect(row).toEqual({ at: new Date(0), id: 1 });
  expect(refused).toBe('DivisionByZeroError');
});
test('a pool of pg', async () => {
  const pool = new pg.Pool({ connectionString: process.env.DSN, query_timeout: 100 });
  expect((await pool.query('SELECT 1 AS id')).rows).toEqual([{ id: 1 }]);
  expect((await pool.query('SELECT $1::int AS id', [2])).rows).toEqual([{ id: 2 }]);
  await expect(pool.query('SELECT pg_sleep(5)')).rejects.toThrow('Query read timeout');
  await pool.end();
});`,
    },
    manifest: { jest: { transform: {}, fakeTimers: { enableGlobally: true } } },
    steps: [
      [
        ...['node', '--experimental-vm-modules', 'node_modules/jest/bin/jest.js'],
        ...['--detectOpenHandles', '--runInBand'],
      ],
    ],
    expected: /^(?![\s\S]*(?:open handle|did not exit))[\s\S]*Tests: +2 passed/,
  },
  {
    name: 'node-test',
    packages: [],
    files: {
      'a.test.mjs': `import { createPool } from 'asyncpg';
import assert from 'node:assert/strict';
import { test } from 'node:test';
test('the driver', async () => {${BODY}
  assert.equal(row.at.getTime(), 0);
  assert.deepEqual({ ...row }, { at: new Date(0), id: 1 });
  assert.deepEqual(plain, { id: 1 });
  assert.equal(refused, 'DivisionByZeroError');
});`,
    },
    steps: [['node', '--test', '--test-reporter', 'tap', 'a.test.mjs']],
    expected: /# pass 1/,
  },
  {
    name: 'vitest',
    packages: ['vitest', 'vite'],
    files: {
      'a.test.js': `import { createPool } from 'asyncpg';
import { expect, test } from 'vitest';
test('the driver', async () => {${BODY}
  expect(row).toEqual({ at: new Date(0), id: 1 });
  expect({ ...row }).toStrictEqual({ at: new Date(0), id: 1 });
  expect(plain).toStrictEqual({ id: 1 });
  expect(refused).toBe('DivisionByZeroError');
});`,
    },
    steps: [['vitest', 'run', '--reporter', 'tap-flat']],
    expected: /ok 1 .*the driver/,
  },
  {
    name: 'esbuild',
    packages: ['esbuild'],
    files: { 'main.mjs': MAIN, 'sql.mjs': ONLY_SQL },
    steps: [
      ['esbuild', 'main.mjs', '--bundle', '--platform=node', '--format=cjs', '--outfile=out.cjs'],
      ['node', 'out.cjs'],
      [...ESBUILD, 'main.mjs', '--format=esm', '--outfile=out.mjs'],
      ['node', 'out.mjs'],
      [...ESBUILD, 'sql.mjs', '--format=esm', '--minify', '--outfile=small.mjs'],
      ['node', 'small.mjs'],
    ],
    expected: new RegExp(`${DONE.source}[\\s\\S]*${DONE.source}[\\s\\S]*small: true`),
  },
  {
    // The rules of JSR, "no slow types" among them: what is public has its types written down. Deno checks all of
    // them, with the types of Node that jsr.json names and none of a folder.
    name: 'jsr',
    packages: ['deno@2.9.6'],
    files: { 'jsr.json': readFileSync(new URL('../../jsr.json', import.meta.url), 'utf8') },
    steps: [
      // With a package.json Deno would take the types from the folder after all.
      [
        'node',
        '-e',
        "fs.cpSync('node_modules/asyncpg/src', 'src', { recursive: true }); fs.rmSync('package.json')",
      ],
      ['deno', 'publish', '--dry-run', '--allow-dirty', '--node-modules-dir=none'],
    ],
    expected: /Success/,
  },
  {
    name: 'rolldown',
    packages: ['rolldown'],
    files: { 'main.mjs': MAIN, 'sql.mjs': ONLY_SQL },
    steps: [
      ['rolldown', 'main.mjs', '--platform', 'node', '--format', 'cjs', '--dir', 'cjs'],
      ['node', '-e', "process.chdir('cjs'); require('fs').writeFileSync('package.json', '{}')"],
      ['node', 'cjs/main.js'],
      ['rolldown', 'main.mjs', '--platform', 'node', '--format', 'esm', '--dir', 'esm'],
      ['node', 'esm/main.js'],
      ['rolldown', 'sql.mjs', '--platform', 'node', '--minify', '--file', 'small.mjs'],
      ['node', 'small.mjs'],
    ],
    expected: new RegExp(`${DONE.source}[\\s\\S]*${DONE.source}[\\s\\S]*small: true`),
  },
  {
    name: 'rollup',
    packages: ['rollup', '@rollup/plugin-node-resolve', '@rollup/plugin-terser'],
    files: {
      'main.mjs': MAIN,
      'sql.mjs': ONLY_SQL,
      'rollup.config.mjs': `import resolve from '@rollup/plugin-node-resolve';
        import terser from '@rollup/plugin-terser';
        export default ['main', 'sql'].map((name) => ({ input: name + '.mjs', external: /^node:/,
          plugins: [resolve(), terser()], output: { dir: 'out-' + name, format: 'esm' } }));`,
    },
    steps: [
      ['rollup', '--config', 'rollup.config.mjs'],
      ['node', 'out-main/main.js'],
      ['node', 'out-sql/sql.js'],
    ],
    expected: new RegExp(`${DONE.source}[\\s\\S]*small: true`),
  },
  {
    name: 'webpack',
    packages: ['webpack', 'webpack-cli'],
    files: {
      'main.mjs': MAIN,
      'sql.mjs': ONLY_SQL.replace('fileURLToPath(import.meta.url)', "'sql.cjs'"),
      'webpack.config.cjs': `module.exports = { mode: 'production', target: 'node',
        entry: { main: './main.mjs', sql: './sql.mjs' },
        output: { filename: '[name].cjs', path: __dirname, library: { type: 'commonjs2' } } };`,
    },
    steps: [
      ['webpack', '--config', 'webpack.config.cjs'],
      ['node', 'main.cjs'],
      ['node', 'sql.cjs'],
    ],
    expected: new RegExp(`${DONE.source}[\\s\\S]*small: true`),
  },
  {
    name: 'vite-ssr',
    packages: ['vite'],
    files: {
      'main.mjs': MAIN,
      'sql.mjs': ONLY_SQL,
      'vite.config.mjs': `export default ({ mode }) => ({ ssr: { noExternal: true },
        build: { ssr: mode + '.mjs', minify: true, outDir: mode } });`,
    },
    steps: [
      ['vite', 'build', '--mode', 'main'],
      ['node', 'main/main.js'],
      ['vite', 'build', '--mode', 'sql'],
      ['node', 'sql/sql.js'],
    ],
    expected: new RegExp(`${DONE.source}[\\s\\S]*small: true`),
  },
  {
    name: 'vitest-threads',
    packages: ['vitest', 'vite'],
    files: {
      'a.test.mjs': `import { createPool } from 'asyncpg';
import { expect, test } from 'vitest';
test('the driver', async () => {${BODY}
  expect(row).toEqual({ at: new Date(0), id: 1 });
  expect(refused).toBe('DivisionByZeroError');
});`,
    },
    steps: [
      ['vitest', 'run', '--pool', 'threads', '--reporter=default', '--reporter=hanging-process'],
    ],
    expected: /^(?![\s\S]*(?:close timed out|keeping the process))[\s\S]*Tests .*1 passed/,
  },
  oldNode('20.10'),
  oldNode('22.11'),
  {
    name: 'require',
    packages: [],
    files: { 'main.cjs': MAIN.replace("import { createPool } from 'asyncpg'", REQUIRE) },
    steps: [['node', 'main.cjs']],
    expected: DONE,
  },
  {
    name: 'tsx',
    packages: ['tsx'],
    files: { 'main.ts': MAIN, 'one-copy.ts': ONE_COPY },
    manifest: { type: 'commonjs' },
    steps: [
      ['tsx', 'main.ts'],
      ['tsx', 'one-copy.ts'],
    ],
    expected: /done 0 DivisionByZeroError\s*true true true true true true true$/,
  },
  {
    name: 'ts-node',
    packages: ['ts-node', 'typescript@5.9', '@types/node@22'],
    files: {
      'main.ts': MAIN.replaceAll('process.env.DSN', 'process.env.DSN!'),
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          module: 'commonjs',
          moduleResolution: 'node10',
          target: 'es2022',
          lib: ['es2023', 'esnext.disposable'],
          skipLibCheck: true,
          types: ['node'],
          esModuleInterop: true,
        },
      }),
    },
    manifest: { type: 'commonjs' },
    steps: [['ts-node', 'main.ts']],
    expected: DONE,
  },
  compiler('5.2', 'nodenext', 'nodenext'),
  compiler('5.2', 'node10', 'es2022'),
  compiler('5.4', 'node16', 'node16'),
  compiler('5.6', 'bundler', 'es2022'),
  compiler('5.9', 'node10', 'es2022'),
  compiler('5.9', 'bundler', 'es2022'),
  compiler('6', 'nodenext', 'nodenext'),
  compiler('7', 'bundler', 'es2022'),
  compiler('7', 'nodenext', 'nodenext'),
  serialiser(
    'react-server-dom',
    ['react', 'react-dom', 'react-server-dom-webpack'],
    `import { renderToPipeableStream } from 'react-server-dom-webpack/server.node';
import { text as read } from 'node:stream/consumers';
import { PassThrough } from 'node:stream';
const flight = (value) => read(renderToPipeableStream(value, {}).pipe(new PassThrough()));
console.log(await flight({ plain }), await flight({ record }));`,
    /"plain":\{"id":1,"name":"Ada"\}[\s\S]*AsyncpgSerializedRowWarning/,
  ),
  serialiser(
    'turbo-stream',
    ['turbo-stream'],
    `import { decode, encode } from 'turbo-stream';
const pass = async (value) => { const d = await decode(encode(value)); return d.value ?? d; };
console.log(JSON.stringify(await pass({ plain })));
console.log(JSON.stringify(await pass({ record })));`,
    /\{"plain":\{"id":1,"name":"Ada"\}\}[\s\S]*AsyncpgSerializedRowWarning/,
  ),
  serialiser(
    'devalue',
    ['devalue'],
    `import { parse, stringify } from 'devalue';
console.log(JSON.stringify(parse(stringify({ plain }))));
try { stringify({ record }); } catch (error) { console.log(error.message); }`,
    /\{"plain":\{"id":1,"name":"Ada"\}\}\s+Cannot stringify arbitrary non-POJOs/,
  ),
  serialiser(
    'immer',
    ['immer'],
    `import { produce } from 'immer';
console.log(JSON.stringify(produce(plain, (draft) => { draft.name = 'Eve'; })));`,
    /\{"id":1,"name":"Eve"\}/,
  ),
  serialiser(
    'seroval',
    ['seroval'],
    `import { deserialize, serialize } from 'seroval';
console.log(JSON.stringify(deserialize(serialize({ plain }))), Object.getPrototypeOf(deserialize(serialize(plain))) === Object.prototype);`,
    /\{"plain":\{"id":1,"name":"Ada"\}\} true/,
  ),
];
