import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildCode } from '../../../tools/build-pg.ts';
import { root } from '../../../tools/entries.ts';
import { testServer } from '../../support/servers/server.ts';

/** A project with @asyncpg/pg under the name pg, as `npm:@asyncpg/pg@8` installs it. */
const project = mkdtempSync(path.join(tmpdir(), 'asyncpg-alias-'));
const installed = path.join(project, 'node_modules/pg');

beforeAll(async () => {
  cpSync(path.join(root, 'packages/pg'), installed, { recursive: true });
  await buildCode(path.join(installed, 'lib'));
});

afterAll(() => rmSync(project, { recursive: true }));

/** What a program of the project prints, as JSON. */
function run(name: string, program: string): unknown {
  const file = path.join(project, name);
  writeFileSync(file, program);
  const { host, port, superuser } = testServer();
  const output = execFileSync(process.execPath, [file], {
    env: { ...process.env, PGHOST: host, PGPORT: String(port), PGUSER: superuser, PGDATABASE: '' },
    encoding: 'utf8',
  });
  return JSON.parse(output);
}

/** Uses it as a program would, `pg` being imported, and prints what it got. */
const QUERY = `
  (async () => {
    const pool = new pg.Pool({ max: 1 });
    const { rows } = await pool.query('SELECT $1::int8 AS a, current_user AS b', [5]);
    await pool.end();
    const client = new pg.Client();
    await client.connect();
    const error = await client.query('SELECT 1/0').catch((thrown) => thrown);
    await client.end();
    console.log(JSON.stringify({
      rows,
      error: [error instanceof pg.DatabaseError, error.code, error.message],
    }));
  })();
`;

const ANSWER = {
  rows: [{ a: '5', b: 'postgres' }],
  error: [true, '22012', 'division by zero'],
};

it('has the names of its methods, which tracers and stacks show', () => {
  const wrong = run(
    'names.cjs',
    `const pg = require('pg');
    const wrong = [];
    for (const name of ['Client', 'Pool', 'Query', 'Connection', 'Result', 'TypeOverrides', 'DatabaseError']) {
      if (pg[name].name !== name && name !== 'Pool') wrong.push(name);
      for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(pg[name].prototype))) {
        if (key !== 'constructor' && typeof value === 'function' && value.name !== key) {
          wrong.push(name + '.' + key + ' is ' + value.name);
        }
      }
    }
    console.log(JSON.stringify(wrong));`,
  );
  expect(wrong).toEqual([]);
});

it.each(['esm', 'cjs'] as const)('may be bundled with its program, as %s', async (format) => {
  const program = path.join(project, 'bundled.js');
  writeFileSync(
    program,
    `import pg from 'pg';
    const run = async () => {
      const pool = new pg.Pool({ max: 1 });
      const { rows } = await pool.query('SELECT $1::int8 AS a', [5]);
      const wrong = async () => await pool.asyncpg.fetch('SELECT 1/0');
      const { sqlstate, stack } = await wrong().catch((thrown) => thrown);
      await pool.end();
      console.log(JSON.stringify({ rows, sqlstate, isLocated: stack.includes('wrong') }));
    };
    run();`,
  );
  const build = await rolldown({ input: program, platform: 'node', logLevel: 'silent' });
  const { output } = await build.generate({ format, codeSplitting: false });
  const answer = { rows: [{ a: '5' }], sqlstate: '22012', isLocated: true };
  expect(run(`bundled.${format === 'esm' ? 'mjs' : 'cjs'}`, output[0].code)).toEqual(answer);
});

/** What programs begin with that tell what came of their queries. */
const HELPERS = `
      const outcome = (promise) =>
        promise.catch((thrown) => [thrown instanceof pg.DatabaseError, thrown.code]);
      class Asked {
        rows = [];
        submit(connection) { connection.query('SELECT 3 AS own'); }
        handleRowDescription() {}
        handleDataRow({ fields }) { this.rows.push(fields); }
        handleCommandComplete() {}
        handleReadyForQuery() { this.done(this.rows); }
        handleError(error) { this.done(error); }
      }`;

describe('@asyncpg/pg under the name of pg', () => {
  it('is required', () => {
    expect(run('required.cjs', `const pg = require('pg');${QUERY}`)).toEqual(ANSWER);
  });

  it('is imported, as a whole and by names', () => {
    expect(run('imported.mjs', `import pg from 'pg';${QUERY}`)).toEqual(ANSWER);
    const names = ['Client', 'DatabaseError', 'Pool'];
    const program = `import { ${names} } from 'pg'; const pg = { ${names} };${QUERY}`;
    expect(run('names.mjs', program)).toEqual(ANSWER);
  });

  it('is one and the same, however and by whichever file it is loaded', () => {
    const program = `
      import pg, * as names from 'pg';
      import { createRequire } from 'node:module';
      const require = createRequire(import.meta.url);
      const files = {
        client: 'Client', connection: 'Connection', defaults: 'defaults', query: 'Query',
        result: 'Result', 'type-overrides': 'TypeOverrides', utils: 'utils',
      };
      const same = [pg === require('pg'), pg === names.default];
      for (const [file, name] of Object.entries(files)) {
        for (const specifier of ['pg/lib/' + file, 'pg/lib/' + file + '.js']) {
          same.push(require(specifier) === pg[name]);
          same.push((await import(specifier)).default === pg[name]);
        }
        if (name !== 'utils') same.push(names[name] === pg[name]);
      }
      const { ConnectionParameters } = { ConnectionParameters: require('pg/lib/connection-parameters') };
      same.push(new pg.Client('postgres://h/d').connectionParameters instanceof ConnectionParameters);
      same.push(require('pg/package.json').version.startsWith('8.'));
      console.log(JSON.stringify(same));
    `;
    const same = run('same.mjs', program) as boolean[];
    expect(same).toHaveLength(2 + 7 * 4 + 6 + 2);
    expect(same.every(Boolean)).toBe(true);
  });

  it('has classes of the names of pg, in strict mode', () => {
    const program = `
      const pg = require('pg');
      const names = ['Client', 'Connection', 'DatabaseError', 'Query', 'Result', 'TypeOverrides'];
      const fixed = Object.create({}, { values: { value: 1 } });
      let refusal = 'none';
      try {
        pg.utils.normalizeQueryConfig(fixed, [2]);
      } catch (error) {
        refusal = error.name;
      }
      console.log(JSON.stringify([names.filter((name) => pg[name].name !== name), refusal]));
    `;
    expect(run('classes.cjs', program)).toEqual([[], 'TypeError']);
  });

  it('has the names of pg, and native among those that are not listed', () => {
    const require = createRequire(import.meta.url);
    const pg = require('pg') as object;
    const program = (source: string) =>
      `const pg = require(${JSON.stringify(source)});
       console.log(JSON.stringify([Object.keys(pg), pg.native, 'native' in pg]));`;
    const [keys, native, hasNative] = run('keys.cjs', program('pg')) as [string[], null, boolean];
    expect(keys.sort()).toEqual(Object.keys(pg).sort());
    expect([native, hasNative]).toEqual([null, true]);
    const names = run(
      'module.mjs',
      "import * as pg from 'pg'; console.log(JSON.stringify(Object.keys(pg)))",
    );
    const theirs = execFileSync(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        "import * as pg from 'pg'; console.log(Object.keys(pg).join())",
      ],
      { cwd: root, encoding: 'utf8' },
    );
    expect(names).toEqual(theirs.trim().split(','));
  });

  it('has the names of pg/lib/utils.js for who imports them by name', () => {
    const program = `
      import utils, { prepareValue, escapeIdentifier } from 'pg/lib/utils.js';
      import pg from 'pg';
      const same = [utils === pg.utils, prepareValue === utils.prepareValue];
      console.log(JSON.stringify([prepareValue([1, null]), escapeIdentifier('a"b'), ...same]));
    `;
    expect(run('utils.mjs', program)).toEqual(['{"1",NULL}', '"a""b"', true, true]);
  });

  it('loads its files one by one, for who waits for one to be loaded', () => {
    const program = `
      const Module = require('node:module');
      const loaded = [];
      const { load } = { load: Module._load };
      Module._load = function (request, parent, isMain) {
        const exports = load.call(this, request, parent, isMain);
        const file = Module._resolveFilename(request, parent, isMain);
        if (file.includes('node_modules')) loaded.push(file.split('node_modules/').at(-1));
        return exports;
      };
      require('pg');
      console.log(JSON.stringify(loaded.filter((file, i) => loaded.indexOf(file) === i).sort()));
    `;
    expect(run('loaded.cjs', program)).toEqual(
      expect.arrayContaining(['pg/lib/client.js', 'pg/lib/index.js', 'pg/lib/query.js']),
    );
  });

  /** What of the package is loaded besides the files that bear pg's names. */
  const PARTS = `
    const parts = () => Object.keys(require.cache)
      .map((file) => file.split('pg/lib/')[1])
      .filter((file) => /^(?:part-|driver)/.test(file ?? ''));
  `;

  it('connects and asks with values without what only other calls need', () => {
    const program = `
      const pg = require('pg');
      ${PARTS}
      (async () => {
        const pool = new pg.Pool({ max: 1 });
        const { rows } = await pool.query('SELECT $1::int4 + 1 AS next', [41]);
        await pool.end();
        const before = parts();
        const client = new pg.Client();
        await client.connect();
        const error = await client.query('SELECT 1 / $1::int4', [0]).catch((thrown) => thrown);
        await client.end();
        console.log(JSON.stringify({ rows, before, code: error.code, after: parts() }));
      })();
    `;
    expect(run('few.cjs', program)).toEqual({
      rows: [{ next: 42 }],
      before: [],
      code: '22012',
      after: ['part-late-errors.js'],
    });
  });

  it('loads the rest when it is needed, also once the modules were forgotten, as Jest does', () => {
    const program = `
      const pg = require('pg');
      const pool = new pg.Pool({ max: 1 });
      for (const file of Object.keys(require.cache)) delete require.cache[file];
      ${HELPERS}
      (async () => {
        const client = await pool.connect();
        const submittable = new Asked();
        const answers = [
          await outcome(client.query('SELECT 1/0')),
          await outcome(client.query('SELECT 1/$1::int', [0])),
          await new Promise((done) => client.query(Object.assign(submittable, { done }))),
          await client.asyncpg.fetchVal('SELECT $1::timestamptz[]', [new Date(0)]),
          await outcome(new pg.Client({ host: '127.0.0.1', port: 1 }).connect()),
        ];
        client.release();
        await pool.end();
        console.log(JSON.stringify(answers));
      })();
    `;
    expect(run('forgotten.cjs', program)).toEqual([
      [true, '22012'],
      [true, '22012'],
      [['3']],
      ['1970-01-01T00:00:00.000Z'],
      [false, 'ECONNREFUSED'],
    ]);
  });

  it('has all loaded in a loader of its own kind, which gives nothing any more later, as Jest does', () => {
    const program = `
      const { createRequire } = require('node:module');
      const { readFileSync } = require('node:fs');
      const path = require('node:path');
      const modules = new Map();
      const refused = [];
      let isTornDown = false;
      function load(file) {
        if (modules.has(file)) return modules.get(file).exports;
        const module = { exports: {}, filename: file, id: file, loaded: false, paths: [] };
        modules.set(file, module);
        const own = createRequire(file);
        const requireFrom = (name) => {
          if (isTornDown) return void refused.push(name);
          return name.startsWith('.') ? load(own.resolve(name)) : own(name);
        };
        new Function('module', 'exports', 'require', '__filename', '__dirname', readFileSync(file, 'utf8'))(
          module, module.exports, requireFrom, file, path.dirname(file),
        );
        return module.exports;
      }
      const pg = load(require.resolve('pg'));
      ${HELPERS}
      (async () => {
        const [client, other] = [new pg.Client(), new pg.Client()];
        await client.connect();
        await other.connect();
        isTornDown = true;
        const submittable = new Asked();
        const answers = [
          await outcome(client.query('SELECT 1/$1::int', [0])),
          await new Promise((done) => client.query(Object.assign(submittable, { done }))),
          await client.asyncpg.fetchVal('SELECT $1::timestamptz[]', [new Date(0)]),
          await client.asyncpg.fetchVal("SELECT '10.0.0.1'::inet").then(String),
          await outcome(new pg.Client({ host: '127.0.0.1', port: 1 }).connect()),
        ];
        const lost = new Promise((resolve) => client.on('error', resolve));
        await other.query('SELECT pg_terminate_backend($1)', [client.processID]);
        answers.push([(await lost).code]);
        await other.end();
        console.log(JSON.stringify({ answers, refused }));
      })();
    `;
    expect(run('torn-down.cjs', program)).toEqual({
      answers: [
        [true, '22012'],
        [['3']],
        ['1970-01-01T00:00:00.000Z'],
        '10.0.0.1',
        [false, 'ECONNREFUSED'],
        ['57P01'],
      ],
      refused: [],
    });
  });

  it("loads the driver's own classes when they are asked for, and they are of one kind", () => {
    const program = `
      const pg = require('pg');
      const isLoaded = () => Object.keys(require.cache).some((file) => file.endsWith('driver.js'));
      (async () => {
        const pool = new pg.Pool({ max: 1 });
        const client = await pool.connect();
        await client.query('SELECT 1');
        const before = isLoaded();
        const id = await client.asyncpg.fetchVal('SELECT $1::int8', 5n);
        const error = await client.asyncpg.fetchVal('SELECT 1/0').catch((thrown) => thrown);
        await client.asyncpg.setTypeCodec('int8', {
          schema: 'pg_catalog', encoder: String, decoder: (text) => 'n' + text,
        });
        const coded = await client.asyncpg.fetchVal('SELECT 7::int8');
        client.release();
        const names = await pool.asyncpg.fetch('SELECT current_user AS name');
        await pool.end();
        console.log(JSON.stringify({
          before, after: isLoaded(), id: typeof id, error: error.sqlstate, coded, names,
        }));
      })();
    `;
    expect(run('driver.cjs', program)).toEqual({
      before: false,
      after: true,
      id: 'bigint',
      error: '22012',
      coded: 'n7',
      names: [{ name: 'postgres' }],
    });
  });

  it('works where somebody has put something on the prototype of all objects', () => {
    const program = `
      Object.prototype.everywhere = 1;
      Object.prototype.method = () => {};
      const pg = require('pg');
      ${QUERY.replace('console.log', 'delete Object.prototype.everywhere; delete Object.prototype.method; console.log')}
    `;
    expect(run('polluted.cjs', program)).toEqual(ANSWER);
  });

  describe('works where a test has put others in the place of timers, as Jest does', () => {
    const fake = `
      const clock = {};
      for (const name of ['setImmediate', 'setTimeout', 'clearTimeout', 'queueMicrotask']) {
        globalThis[name] = Object.assign(() => {}, { clock });
      }
      process.hrtime = Object.assign(() => [0, 0], { clock });
      // Of Node's own, which has another process in Jest.
      const { nextTick } = process;
      process.nextTick = Object.assign((...args) => {
        const [, , caller] = new Error().stack.split('\\n');
        if (caller.includes('node:')) nextTick(...args);
      }, { clock });`;
    const load = `const pg = require('pg');`;

    it.each([
      ['before it is loaded', fake + load],
      ['after it was loaded', load + fake],
    ])('%s', (_when, begin) => {
      const program = `
        ${begin}
        (async () => {
          const client = new pg.Client();
          await client.connect();
          const { rows } = await client.query('SELECT $1::int4 AS a', [1]);
          const more = await client.query('SELECT 2 AS a');
          await client.end();
          const late = await client.query('SELECT 1').catch((refusal) => refusal.message);
          const pool = new pg.Pool({ query_timeout: 50, idleTimeoutMillis: 50 });
          const texts = ['SELECT 3', "SELECT '4' || 'b' FROM pg_sleep(5)", 'SELECT x'];
          const failures = [];
          for (const text of texts) await pool.query(text).catch(({ message }) => failures.push(message));
          await new Promise((resolve) => pool.once('remove', resolve));
          await pool.end();
          console.log(JSON.stringify([...rows, ...more.rows, late, ...failures]));
        })();
      `;
      expect(run('faked.cjs', program)).toEqual([
        { a: 1 },
        { a: 2 },
        'Client was closed and is not queryable',
        'Query read timeout',
        'column "x" does not exist',
      ]);
    });
  });
});
