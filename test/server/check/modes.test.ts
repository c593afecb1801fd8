import { appendFileSync } from 'node:fs';
import { mkdir, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Project } from '../../check/project.ts';
import { serverDsn } from '../../support/servers/server.ts';

/** A busy machine takes seconds to start a server. */
const LONG = { timeout: 120_000 };
const SOURCE = "db.fetch('SELECT 1 AS one');\n";

/** Collects what `--watch` reports. */
function reports(): {
  ending: AbortController;
  /** Resolves once there was a report that matches, since the last time. */
  seen: (pattern: RegExp) => Promise<void>;
  report: (text: string) => void;
} {
  const told: string[] = [];
  let wake = (): void => {};
  const seen = async (pattern: RegExp): Promise<void> => {
    while (!told.some((each) => pattern.test(each))) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    told.length = 0;
  };
  const report = (text: string): void => {
    told.push(text);
    wake();
  };
  return { ending: new AbortController(), seen, report };
}

describe('asyncpg check', () => {
  it('--offline looks whether the file has the queries, without a database', async () => {
    await using project = await Project.make({
      'schema.sql': 'CREATE TABLE a (id int);',
      'a.ts': "db.fetch('SELECT id FROM a'); db.fetch(sql<'a.all'>`SELECT id, ${1}::int FROM a`);",
    });
    const offline = (): Promise<{ code: number; out: string }> => project.check('--offline');
    expect(await offline()).toMatchObject({
      code: 1,
      out: expect.stringContaining('error outdated: there is no queries.gen.d.ts'),
    });
    expect(await project.check()).toMatchObject({ code: 0 });
    expect(await offline()).toMatchObject({ code: 0, out: '2 queries in 1 file: no errors\n' });

    await project.write({ 'b.ts': "\n  db.fetch('SELECT 2');" });
    expect(await offline()).toMatchObject({
      code: 1,
      out: expect.stringContaining('b.ts(2,12): error unknown: this query is not in'),
    });
    await rm(path.join(project.folder, 'b.ts'));

    // The text of a template is not in the file, its hash is.
    const source = await project.read('a.ts');
    await project.write({ 'a.ts': source.replace('id, ', 'id + ') });
    expect(await offline()).toMatchObject({ code: 1, out: expect.stringContaining('a.ts(1,40)') });
    await project.write({ 'a.ts': source, 'schema.sql': 'CREATE TABLE a (id int8);' });
    expect(await offline()).toMatchObject({
      code: 1,
      out: expect.stringContaining('was made from another schema'),
    });
  });

  it('--offline tells what the server had objected to', async () => {
    await using project = await Project.make({ 'schema.sql': '', 'a.ts': "db.fetch('SELECT x');" });
    expect(await project.check('--database', serverDsn())).toMatchObject({ code: 1 });
    expect(await project.check('--offline')).toMatchObject({
      code: 1,
      out: expect.stringContaining('error refused: column "x" does not exist'),
    });
  });

  it('--fix names the templates that have neither a name nor a type', async () => {
    await using project = await Project.make({
      'schema.sql': '',
      'src/my-users.ts': `
        export const byId = (id) => db.fetchRow(sql\`SELECT \${id}::int AS id\`);
        export async function all() {
          const rows = await db.fetch(sql\`SELECT 1 AS one\`);
          return [rows, await db.fetch(sql\`SELECT 2 AS two\`), db.fetch(sql<Row>\`SELECT 3\`)];
        }`,
    });
    const run = ['--fix', '--database', serverDsn()];
    const all = { code: 0, out: '4 queries in 1 file: no errors\n' };
    expect(await project.check('--database', serverDsn())).toMatchObject(all);
    expect(await project.check(...run)).toMatchObject(all);
    const fixed = await project.read('src/my-users.ts');
    expect(fixed.match(/sql<[^>]*>/g)).toEqual([
      "sql<'myUsers.byId'>",
      "sql<'myUsers.rows'>",
      "sql<'myUsers.all'>",
      'sql<Row>',
    ]);
    expect(await project.read('src/queries.gen.d.ts')).toContain(
      '"myUsers.byId": { args: [$1: number | bigint]; row: { id: number }; first: number; one: true };',
    );
    expect(await project.check(...run)).toMatchObject({ code: 0 });
    expect(await project.read('src/my-users.ts')).toBe(fixed);
  });

  it('checks every variant of a template, and tells place and case of each error', async () => {
    await using project = await Project.make({
      'schema.sql': 'CREATE TABLE u (id int PRIMARY KEY, email text);',
      'src/parts.ts': 'export const active = sql`emial IS NOT NULL`;\n',
      'src/a.ts':
        "import { active } from './parts.ts';\n" +
        "db.fetch(sql<'u.some'>`SELECT id FROM u WHERE ${q.all ? sql`true` : active} " +
        'AND id = ${id} ${q.sorted ? sql`ORDER BY nmae` : sql``}`);\n' +
        "db.fetch(sql<'u.by'>`SELECT id FROM u WHERE ${q.byId ? sql`id` : sql`email`} = ${x}`);\n",
    });
    const { code, out } = await project.check();
    expect(code).toBe(1);
    expect(out).toContain(
      'src/a.ts(2,118): error 42703: column "nmae" does not exist (when q.all, q.sorted)',
    );
    expect(out).toContain(
      'src/parts.ts(1,27): error 42703: column "emial" does not exist (when not',
    );
    await project.write({
      'src/parts.ts': 'export const active = sql`email IS NOT NULL`;\n',
      'src/a.ts': (await project.read('src/a.ts')).replace('nmae', 'email'),
    });
    expect(await project.check()).toMatchObject({ code: 0 });
    const generated = await project.read('src/queries.gen.d.ts');
    expect(generated).toContain(
      `"u.by": { args: [fragment: import('asyncpg').SqlFragment, id: number | bigint | string];`,
    );
    expect(generated).toContain(
      `"u.some": { args: [fragment: import('asyncpg').SqlFragment, id: number | bigint, fragment_: import('asyncpg').SqlFragment]; row: { id: number }; first: number };`,
    );
  });

  it('takes constants from other files, and tells of an error in theirs', async () => {
    await using project = await Project.make({
      'schema.sql': 'CREATE TABLE u (id int PRIMARY KEY);',
      'src/texts.ts':
        "export const T = { one: 'SELECT id FROM u', two: 'SELECT x FROM u' } as const;\nexport enum E { A = 'SELECT 3 AS c' }\n",
      'src/index.ts': "export * from './texts.js';\nexport { T as Texts } from './texts.ts';\n",
      'src/a.ts':
        "import { E, Texts } from './index.ts';\nimport * as all from './texts.ts';\n" +
        'db.fetch(Texts.one); db.fetch(all.T.two); db.fetch(E.A);\n',
    });
    const { code, out } = await project.check('--format', 'json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      queries: 3,
      findings: [{ file: 'src/texts.ts', line: 1, column: 58, code: '42703' }],
    });
  });

  it('--watch checks at each save, and stays with a schema that is mended', LONG, async () => {
    await using project = await Project.make({
      'schema.sql': 'CREATE TABLE a (id int);',
      'src/a.ts': SOURCE,
    });
    const { ending, seen, report } = reports();
    const watching = project.watch(ending.signal, report);
    try {
      await seen(/1 query in 1 file: no errors/);
      await project.write({ 'src/a.ts': "db.fetch('SELECT idd FROM a');" });
      await seen(/src\/a\.ts\(1,18\): error 42703/);
      await project.write({ 'src/a.ts': "db.fetch('SELECT id FROM a');" });
      await seen(/no errors/);
      await project.write({ 'schema.sql': 'CREATE TABLE b (id int);' });
      await seen(/error 42P01: relation "a" does not exist/);
      // A module that comes later than what imports it.
      await project.write({ 'src/sub/b.ts': "import { B } from './c.ts'; db.fetch(B);" });
      await seen(/1 query in 2 files: 1 error/);
      await project.write({ 'src/sub/c.ts': "export const B = 'SELECT id FROM b';" });
      await seen(/2 queries in 3 files: 1 error/);
      await project.write({ 'schema.sql': 'CREATE TABEL b' });
      await seen(/error 42601: syntax error/);
      await project.write({
        'schema.sql': 'CREATE TABLE a (id int); CREATE TABLE b (id int8 NOT NULL);',
      });
      await seen(/2 queries in 3 files: no errors/);
      expect(await project.read('src/queries.gen.d.ts')).toContain('row: { id: bigint }');
    } finally {
      ending.abort();
    }
    expect(await watching).toBe(0);
  });

  it('--watch leaves alone what it does not read: its own reports in a file, logs, builds', async () => {
    await using project = await Project.make({
      'asyncpg.config.mjs': "export default { schema: ['own.ddl'] };",
      'own.ddl': 'CREATE TABLE a (id int);',
      'src/a.ts': SOURCE,
    });
    const { ending, seen, report } = reports();
    const told: string[] = [];
    const log = (text: string): void => {
      told.push(text);
      for (const name of ['check.log', 'check', 'check.json']) {
        appendFileSync(path.join(project.folder, name), text);
      }
      report(text);
    };
    const watching = project.watch(ending.signal, log, '--database', serverDsn());
    try {
      await seen(/1 query in 1 file: no errors/);
      await project.write({ 'app.db-journal': 'a', 'src/a.css': 'b', 'src/a.ts.swp': SOURCE });
      // It takes longer than another round of the watcher would.
      const run = ['--frozen', '--database', serverDsn()];
      expect(await project.check(...run)).toMatchObject({ code: 0 });
      expect(told).toEqual(['1 query in 1 file: no errors\n']);
      // A folder whose name looks like a file's, and SQL of another ending.
      await project.write({ 'v1.0/src/b.ts': "db.fetch('SELECT 3 AS three');" });
      await seen(/2 queries in 2 files: no errors/);
      await rm(path.join(project.folder, 'v1.0'), { recursive: true });
      await seen(/1 query in 1 file: no errors/);
      await rm(path.join(project.folder, 'own.ddl'));
      await seen(/schema: there is no own\.ddl/);
    } finally {
      ending.abort();
    }
    expect(await watching).toBe(0);
  });

  it('--watch looks at what tells where modules are, by whatever name', LONG, async () => {
    const to = (folder: string): string =>
      JSON.stringify({ compilerOptions: { paths: { '@/*': [`../${folder}/*`] } } });
    await using project = await Project.make({
      'app/asyncpg.config.mjs': "export default { schema: ['schema.sql'] };",
      'app/schema.sql': 'CREATE TABLE a (id int);',
      'app/tsconfig.json': '{ "extends": "../shared/aliases.json" }',
      'app/src/a.ts': "import { Q } from '@/q'; db.fetch(Q);",
      'shared/aliases.json': to('one'),
      'one/q.ts': "export const Q = 'SELECT 1 AS one';",
      'two/q.ts': "export const Q = 'SELECT 1 AS two, 2';",
    });
    const { ending, seen, report } = reports();
    const config = path.join('app', 'asyncpg.config.mjs');
    const options = ['--database', serverDsn(), '--config', config];
    const watching = project.watch(ending.signal, report, ...options);
    await seen(/^1 query in 1 file: no errors/);
    const generated = (): Promise<string> => project.read('app/src/queries.gen.d.ts');
    expect(await generated()).toContain('SELECT 1 AS one');
    await project.write({ 'shared/aliases.json': to('two') });
    await seen(/^1 query in 1 file: no errors/);
    expect(await generated()).toContain('SELECT 1 AS two, 2');
    // One of the folder's own takes its place.
    await project.write({ 'app/tsconfig.json': to('one').replace('../one', './none') });
    await seen(/^0 queries in 1 file: no errors/);
    ending.abort();
    expect(await watching).toBe(0);
  });

  it('--watch looks at what is used of other packages, and at a schema that is elsewhere', async () => {
    await using project = await Project.make({
      'app/asyncpg.config.mjs': "export default { schema: ['../db/*/up.sql'] };",
      'app/src/a.ts': "import { Q } from '@all/queries'; db.fetch(Q);",
      'queries/package.json': '{ "name": "@all/queries", "exports": "./src/index.ts" }',
      'queries/src/index.ts': "export * from './texts/all.ts';",
      'queries/src/texts/all.ts': "export const Q = 'SELECT 1 AS one';",
      'db/1/up.sql': 'CREATE TABLE a (id int);',
    });
    await mkdir(path.join(project.folder, 'app/node_modules/@all'), { recursive: true });
    await symlink('../../../queries', path.join(project.folder, 'app/node_modules/@all/queries'));
    const { ending, seen, report } = reports();
    const options = ['--config', 'app/asyncpg.config.mjs', '--database', serverDsn()];
    const watching = project.watch(ending.signal, report, ...options);
    try {
      await seen(/1 query in 1 file: no errors/);
      await project.write({ 'queries/src/texts/all.ts': "export const Q = 'SELECT x AS one';" });
      await seen(/queries\/src\/texts\/all\.ts\(1,26\): error 42703/);
      const before = await project.read('app/src/queries.gen.d.ts');
      await project.write({ 'db/2/up.sql': 'CREATE TABLE b (id int);' });
      await seen(/1 query in 1 file: 1 error/);
      expect(await project.read('app/src/queries.gen.d.ts')).not.toBe(before);
    } finally {
      ending.abort();
    }
    expect(await watching).toBe(0);
  });

  it('warns of a text of several statements, which cannot be prepared', async () => {
    await using project = await Project.make({
      'schema.sql': '',
      'a.ts': "db.execute('SELECT 1; SELECT 2');",
    });
    expect(await project.check('--database', serverDsn())).toMatchObject({
      code: 0,
      out: expect.stringContaining(
        'a.ts(1,12): warning not-checked: not checked: a text of several',
      ),
    });
    expect(await project.read('queries.gen.d.ts')).toContain('{ args: []; row: {}; first: null }');
  });

  it('warns of a query of a temporary table that the same file makes, and leaves it untyped', async () => {
    const text = 'SELECT id FROM staging WHERE id = $1';
    await using project = await Project.make({
      'schema.sql': '',
      'a.ts': `db.execute('CREATE TEMP TABLE IF NOT EXISTS staging (id int)'); db.fetch('${text}', 1);`,
      'b.ts': "db.fetch('SELECT id FROM pg_temp.staging');",
    });
    const { code, out } = await project.check('--database', serverDsn());
    expect(code).toBe(1);
    expect(out).toMatch(/a\.ts\(1,\d+\): warning not-checked: not checked: staging is a temporary/);
    expect(out).toMatch(/b\.ts\(1,\d+\): error 42P01/);
    expect(await project.read('queries.gen.d.ts')).toContain(`${JSON.stringify(text)}: {};`);
    await project.write({ 'b.ts': '' });
    expect(await project.check('--database', serverDsn())).toMatchObject({ code: 0 });
    expect(await project.check('--offline', '--database', serverDsn())).toMatchObject({ code: 0 });
  });

  it('takes what the server cannot be asked about for an error when strict, unless a comment says that it is meant', async () => {
    const texts = [
      'SELECT id FROM staging',
      'SELECT 1; SELECT 2',
      'SELECT id FROM staging /* check: allow not-checked */ WHERE true',
      '/* check: allow not-checked */ SELECT 3; SELECT 4',
    ];
    await using project = await Project.make({
      'asyncpg.config.mjs': 'export default { schema: [], strict: true };',
      'a.ts': ['CREATE TEMP TABLE staging (id int)', ...texts]
        .map((text) => `db.fetch('${text}');`)
        .join('\n'),
    });
    const { code, out } = await project.check('--database', serverDsn());
    expect(code).toBe(1);
    expect(out.match(/^a\.ts.*: not checked/gm)).toEqual([
      'a.ts(2,10): error not-checked: not checked',
      'a.ts(3,10): error not-checked: not checked',
    ]);
  });

  it('refuses options that exclude each other', async () => {
    await using project = await Project.make({ 'schema.sql': '' });
    expect(await project.check('--frozen', '--offline')).toMatchObject({
      code: 2,
      err: 'asyncpg check: --frozen and --offline exclude each other\n',
    });
    await project.write({ 'a.ts': 'db.fetch(sql`SELECT 1`);' });
    for (const mode of ['--frozen', '--offline']) {
      const { code, err } = await project.check('--fix', mode);
      expect(err).toContain(`asyncpg check: --fix and ${mode} exclude each other: `);
      expect(code).toBe(2);
    }
    expect(await project.read('a.ts')).toBe('db.fetch(sql`SELECT 1`);');
  });
});
