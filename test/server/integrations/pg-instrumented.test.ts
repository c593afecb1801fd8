import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildCode } from '../../../tools/build-pg.ts';
import { root } from '../../../tools/entries.ts';
import { testServer } from '../../support/servers/server.ts';

/** Projects with `pg` and `pg-pool`: node-postgres's own, and the packages that take their places. */
const folder = mkdtempSync(path.join(tmpdir(), 'asyncpg-instrumented-'));
const theirs = path.join(folder, 'theirs');
const ours = path.join(folder, 'ours');

beforeAll(async () => {
  for (const project of [theirs, ours]) {
    mkdirSync(path.join(project, 'node_modules'), { recursive: true });
    symlinkSync(
      path.join(root, 'node_modules/@opentelemetry'),
      path.join(project, 'node_modules/@opentelemetry'),
    );
  }
  const needed = ['pg', 'pg-pool', 'pg-protocol', 'pg-types', 'pg-int8', 'pgpass', 'split2'];
  const inTypes = [
    'postgres-array',
    'postgres-bytea',
    'postgres-date',
    'postgres-interval',
    'xtend',
  ];
  for (const name of [...needed, 'pg-connection-string', ...inTypes]) {
    cpSync(path.join(root, 'node_modules', name), path.join(theirs, 'node_modules', name), {
      recursive: true,
    });
  }
  for (const name of ['pg', 'pg-pool']) {
    cpSync(path.join(root, 'packages', name), path.join(ours, 'node_modules', name), {
      recursive: true,
    });
  }
  await buildCode(path.join(ours, 'node_modules/pg/lib'));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** What a program prints in a project, as JSON. */
function run(project: string, program: string): unknown {
  const file = path.join(project, 'program.cjs');
  writeFileSync(file, program);
  const { host, port, superuser } = testServer();
  const output = execFileSync(process.execPath, [file], {
    env: {
      ...process.env,
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: superuser,
      PGDATABASE: 'postgres',
    },
    encoding: 'utf8',
  });
  return JSON.parse(output.trim().split('\n').at(-1)!);
}

function both(program: string): unknown {
  const expected = run(theirs, program);
  expect(run(ours, program)).toEqual(expected);
  return expected;
}

describe("OpenTelemetry's instrumentation of pg", () => {
  it('makes the same spans of the same program, those of the pool among them', () => {
    const spans = both(`
      const { InMemorySpanExporter, BasicTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
      const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
      const { context, trace } = require('@opentelemetry/api');
      const { PgInstrumentation } = require('@opentelemetry/instrumentation-pg');
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      const exporter = new InMemorySpanExporter();
      const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
      trace.setGlobalTracerProvider(provider);
      const instrumentation = new PgInstrumentation({ enhancedDatabaseReporting: true });
      instrumentation.setTracerProvider(provider);
      instrumentation.enable();
      const pg = require('pg');
      const tracer = provider.getTracer('test');
      (async () => {
        const pool = new pg.Pool({ max: 1 });
        await tracer.startActiveSpan('program', async (span) => {
          await pool.query('SELECT $1::int AS a', [1]);
          await pool.query({ name: 'named', text: 'SELECT $1::text AS a', values: ['x'] });
          await pool.query('SELECT 1/0').catch(() => {});
          await new Promise((resolve) => pool.query('SELECT 2 AS a', resolve));
          const client = await pool.connect();
          await client.query('BEGIN');
          await client.query('COMMIT');
          client.release();
          span.end();
        });
        await pool.end();
        const done = exporter.getFinishedSpans();
        const byId = new Map(done.map((span) => [span.spanContext().spanId, span.name]));
        console.log(JSON.stringify(done.map(({ name, kind, status, attributes, parentSpanContext }) => ({
          name, kind, code: status.code, attributes, inside: byId.get(parentSpanContext?.spanId),
        }))));
      })();
    `) as { name: string }[];
    const names = spans.map(({ name }) => name);
    expect(names).toContain('pg-pool.connect');
    expect(names).toContain('pg.connect');
    expect(names.filter((name) => name.startsWith('pg.query'))).toHaveLength(6);
  });

  it('also where pg-pool was loaded before, and alone', () => {
    const names = both(`
      require('pg-pool');
      const { InMemorySpanExporter, BasicTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
      const { PgInstrumentation } = require('@opentelemetry/instrumentation-pg');
      const exporter = new InMemorySpanExporter();
      const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
      new PgInstrumentation().setTracerProvider(provider);
      const Pool = require('pg-pool');
      (async () => {
        const pool = new Pool({ max: 1 });
        await pool.query('SELECT 1');
        await pool.end();
        console.log(JSON.stringify(exporter.getFinishedSpans().map(({ name }) => name).sort()));
      })();
    `);
    expect(names).toEqual(['pg-pool.connect', 'pg.connect', 'pg.query:SELECT postgres']);
  });
});

describe('a stack by source maps', () => {
  it('has files of the package, and none that would be the program’s own', () => {
    const stack = run(
      ours,
      `process.setSourceMapsEnabled(true);
      const pg = require('pg');
      try {
        new pg.Client().query();
      } catch (error) {
        console.log(JSON.stringify(error.stack.split('\\n')[1]));
      }`,
    );
    const file = path.join(ours, 'node_modules/pg/src/integrations/pg/client.ts');
    expect(stack).toContain(file);
  });
});

/** Notes each call of a method, by what it writes at its beginning when the file is loaded. */
const WRITES = `
  const path = require('node:path');
  const Module = require('node:module');
  global.calls = [];
  const METHODS = { 'pg/lib/client.js': ['query', 'connect'], 'pg-pool/index.js': ['connect'] };
  const { _compile } = Module.prototype;
  Module.prototype._compile = function (text, file, ...others) {
    for (const [name, methods] of Object.entries(METHODS)) {
      if (!file.endsWith(path.join('node_modules', name))) continue;
      for (const method of methods) {
        const head = new RegExp('^  ' + method + '\\\\(.*\\\\) \\\\{$', 'm');
        const note = JSON.stringify(name + ' ' + method);
        text = text.replace(head, (found) =>
          found + ' calls.push([' + note + ', this.constructor.name, typeof arguments[arguments.length - 1]]);');
      }
    }
    return _compile.call(this, text, file, ...others);
  };
`;

describe('what writes into the text of files when they are loaded', () => {
  it('finds the methods of pg in the same files, and is told of the same calls', () => {
    const calls = both(`${WRITES}
      const pg = require('pg');
      const Pool = require('pg-pool');
      (async () => {
        const client = new pg.Client();
        await client.connect();
        await client.query('SELECT 1');
        await new Promise((resolve) => client.query('SELECT $1::int', [1], resolve));
        await client.query('SELECT 1/0').catch(() => {});
        await client.end();
        for (const pool of [new pg.Pool({ max: 1 }), new Pool({ max: 1 })]) {
          await pool.query('SELECT 1');
          await new Promise((resolve) => pool.connect((_error, _client, release) => {
            release();
            resolve();
          }));
          await pool.end();
        }
        console.log(JSON.stringify(calls));
      })();
    `) as [method: string][];
    expect(new Set(calls.map(([method]) => method))).toEqual(
      new Set(['pg/lib/client.js connect', 'pg/lib/client.js query', 'pg-pool/index.js connect']),
    );
  });
});

describe('@asyncpg/pg-pool under the name of pg-pool', () => {
  it('is the pool that pg has, with its client or with another one', () => {
    const answers = both(`
      const Pool = require('pg-pool');
      const pg = require('pg');
      class Mine extends pg.Client {}
      (async () => {
        const answers = [Pool.name, new pg.Pool() instanceof Pool, pg.Pool.prototype instanceof Pool];
        for (const pool of [new Pool({ max: 1 }), new Pool({ Client: Mine }), new Pool({}, Mine)]) {
          const { rows } = await pool.query('SELECT $1::int8 AS a', [5]);
          const client = await pool.connect();
          answers.push(rows, client instanceof Mine, client instanceof pg.Client, pool.options.max);
          client.release();
          await pool.end();
        }
        const imported = await import('pg-pool');
        answers.push(imported.default === Pool, Object.keys(imported));
        console.log(JSON.stringify(answers));
      })();
    `) as unknown[];
    expect(answers).toContainEqual([{ a: '5' }]);
  });

  it('whoever changes its prototype changes it for pools of pg', () => {
    both(`
      const Pool = require('pg-pool');
      const pg = require('pg');
      const { connect } = Pool.prototype;
      let calls = 0;
      Pool.prototype.connect = function (...args) {
        calls += 1;
        return connect.apply(this, args);
      };
      (async () => {
        const pool = new pg.Pool({ max: 1 });
        await pool.query('SELECT 1');
        (await pool.connect()).release();
        await pool.end();
        console.log(JSON.stringify(calls));
      })();
    `);
  });
});

describe('pg-pool itself', () => {
  it('pools clients of asyncpg/pg', () => {
    const file = path.join(theirs, 'mixed.cjs');
    writeFileSync(
      file,
      `
      const Pool = require('pg-pool');
      const { Client } = require(${JSON.stringify(path.join(ours, 'node_modules/pg'))});
      (async () => {
        const pool = new Pool({ Client, max: 2, maxUses: 3 });
        const rows = await Promise.all([1, 2, 3, 4].map((n) => pool.query('SELECT $1::int AS n', [n])));
        const failure = await pool.query('SELECT 1/0').catch((error) => error.code);
        const client = await pool.connect();
        const isOurs = client instanceof Client;
        client.release(new Error('gone'));
        await pool.end();
        console.log(JSON.stringify([rows.map(({ rows: [row] }) => row.n), failure, isOurs, pool.totalCount]));
      })();
    `,
    );
    const { host, port, superuser } = testServer();
    const output = execFileSync(process.execPath, [file], {
      env: {
        ...process.env,
        PGHOST: host,
        PGPORT: String(port),
        PGUSER: superuser,
        PGDATABASE: 'postgres',
      },
      encoding: 'utf8',
    });
    expect(JSON.parse(output)).toEqual([[1, 2, 3, 4], '22012', true, 0]);
  });
});
