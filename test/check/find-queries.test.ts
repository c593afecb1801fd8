import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { findQueries } from '../../src/check/sources/find-queries.ts';
import { Project } from './project.ts';
import { textsOf } from './texts-of.ts';

/** What stands in the source where `mark` stands in the query. */
function placeOf(source: string, mark: string): string {
  const { text } = findQueries('a.ts', source).queries[0]!.variants[0]!;
  return source.slice(text.place(text.value.indexOf(mark)).offset);
}

describe('the finder of queries', () => {
  it('finds strings and templates that are given to the methods of a Queryable', () => {
    const source = `
      db.fetch('SELECT 1'); await db.execute(\`DELETE FROM a\`); for await (const r of db.stream('SELECT 2'));
      tx.cursor('SELECT 3'); db.prepare('SELECT 4'); db.fetch<{ a: 1 }>('SELECT 5', x);
      db.executeMany('INSERT INTO a VALUES ($1)', rows); db.copyRecordsFromQuery('TABLE a');`;
    expect(textsOf(source)).toEqual([
      'SELECT 1',
      'DELETE FROM a',
      'SELECT 2',
      'SELECT 3',
      'SELECT 4',
      'SELECT 5',
      'INSERT INTO a VALUES ($1)',
      'TABLE a',
    ]);
  });

  it.each([
    'SELCT id FROM users',
    'SELECTT 1',
    'SLEECT 1',
    'UPDATR a SET b = 1',
    'ISNERT INTO a VALUES (1)',
    '-- why\n DELET FROM a',
  ])('finds what has a slip in its first word: %s', (text) => {
    expect(textsOf(`db.fetch(${JSON.stringify(text)})`)).toEqual([text]);
    expect(textsOf(`db.batch([${JSON.stringify(text)}])`)).toEqual([text]);
    expect(textsOf(`import { sql } from 'asyncpg'; db.fetch(sql\`${text}\`)`)).toEqual([text]);
  });

  it.each([
    '/api/users',
    'updates of today',
    'UPDATES',
    'GET /users',
    'VALUE of it',
    'SELECTED',
    'POST it',
  ])('leaves alone what is given to a method of that name and is no query: %s', (text) =>
    expect(textsOf(`api.fetch(${JSON.stringify(text)})`)).toEqual([]),
  );

  it.each([
    "const run = (q) => { q = 'EXPLAIN ' + q; return db.fetch(q); }; run('SELECT 1')",
    "const run = (q = '') => { q += other; return db.fetch(q); }; run('SELECT 1')",
    "const run = ({ text }) => { text += other; return db.fetch(text); }; run({ text: 'SELECT 1' })",
    "const run = (q) => { let { text } = q; text = other; return db.fetch(text); }; run({ text: 'SELECT 1' })",
    'const run = (q) => { const inner = (q) => db.fetch(q); return inner(q.length); }; run("SELECT 1")',
  ])('does not take for a query what a function makes another one of: %s', (source) => {
    expect(textsOf(source)).toEqual([]);
  });

  it.each([
    ['a name between brackets', "db['fetch']('SELECT 1')"],
    ['a name in backticks between brackets', 'db[`fetch`]("SELECT 1")'],
    ['a constant between brackets', "const METHOD = 'fetchRow'; db[METHOD]('SELECT 1')"],
    ['a name that a type allows', "(m: 'fetch' | 'fetchRow') => db[m]('SELECT 1')"],
    ['one of two names', "db[one ? 'fetchRow' : 'fetch']('SELECT 1')"],
    ['a name of a list', "for (const m of ['fetch', 'stream'] as const) db[m]('SELECT 1')"],
    ['call', "db.fetch.call(db, 'SELECT 1')"],
    ['apply', "db.fetch.apply(db, ['SELECT 1', ...args])"],
    ['a method that is bound', "export const all = db.fetch.bind(db); all('SELECT 1')"],
    [
      'a function that applies a method',
      "const all = (text, ...args) => db.fetch.apply(db, [text, ...args]); all('SELECT 1')",
    ],
    ['a helper of sql', "db.fetch(sql.join([sql`SELECT`, sql`1`], ' '))"],
    ['a text that is raw', "db.fetch(sql.raw('SELECT 1'))"],
    [
      'an object that is handed on',
      "const run = (query: QueryObject) => db.fetch(query); run({ text: 'SELECT 1' })",
    ],
    [
      "an object's property that is handed on",
      "const run = (query) => db.fetch(query.sql, ...query.args); run({ sql: 'SELECT 1', args: [] })",
    ],
    [
      'a pattern whose part is handed on',
      "function run({ text: query = '', args }) { return db.fetch(query, ...args); } run({ text: 'SELECT 1' })",
    ],
    [
      'an object that is taken apart',
      "function run(given) { const { text } = given; return db.fetch(text); } run({ text: 'SELECT 1' })",
    ],
    [
      'a function with another parameter of that name',
      "const run = (q) => { const inner = (q) => q; return db.fetch(q); }; run('SELECT 1')",
    ],
    ['a name of a module in let', "let { sql: q } = require('asyncpg'); db.fetch(q`SELECT 1`)"],
    ['a module in var', "var pg = require('asyncpg'); db.fetch(pg.sql`SELECT 1`)"],
    ['a private field', "class A { #db; a() { return this.#db?.fetch('SELECT 1'); } }"],
    ['a query object', "db.fetch({ text: 'SELECT 1', timeout: 5 })"],
    ['a constant query object', "const Q = { text: 'SELECT 1' } as const; db.fetch(Q)"],
    ['a template with more', 'db.fetch({ ...sql`SELECT 1`, timeout: 5 })'],
    ['a batch', "db.batch(['SELECT 1'])"],
    ['a constant batch', "const Q = ['SELECT 1'] as const; db.batch(Q)"],
    [
      'a readonly field in a template',
      "class A { readonly n = '1'; a() { return this.db.fetch(`SELECT ${this.n}`); } }",
    ],
    [
      'a readonly fragment',
      'class A { readonly #n = sql`1`; a() { return this.db.fetch(sql`SELECT ${this.#n}`); } }',
    ],
    ['a batch of objects', "db.batch([{ text: 'SELECT 1' }])"],
    [
      "a class's field",
      "class A { private readonly q = 'SELECT 1'; a() { return this.db.fetch(this.q); } }",
    ],
    [
      "a class's own field",
      "class A { #q = 'SELECT 1'; q = 2; a() { return this.db.fetch(this.#q); } }",
    ],
    [
      "a class's private field",
      "class A { private q = 'SELECT 1'; a() { return this.db.fetch(this.q); } }",
    ],
    [
      'a field of the class itself',
      "class A { static #q = 'SELECT 1'; a() { return this.db.fetch(A.#q); } }",
    ],
    [
      'a readonly field where others are written',
      "class A { readonly q = 'SELECT 1'; a() { [x, b.q] = y; n[i] = 1; ({ q } = z); this.p = 2; b.q = 3; return this.db.fetch(this.q); } }",
    ],
    [
      'a private field where others are written',
      "class A { #q = 'SELECT 1'; a() { [x, y] = z; n[i] = 1; ({ q: this.q } = z); return this.db.fetch(this.#q); } }",
    ],
    ['lines that are joined', "db.fetch(['SELECT', '1'].join(' '))"],
    ['a constant of lines', "const Q = ['SELECT', `${1}`].join(' '); db.fetch(Q)"],
    ['a text without the space around it', 'db.fetch(`SELECT 1`.trim())'],
    ['another name of sql', "import { sql as q } from 'asyncpg'; db.fetch(q`SELECT 1`)"],
    ['the whole module', "import * as pg from 'asyncpg'; db.fetch(pg.sql`SELECT 1`)"],
    ['the whole module in CommonJS', "import pg = require('asyncpg'); db.fetch(pg.sql`SELECT 1`)"],
    ['a module that is required', "const pg = require('asyncpg'); db.fetch(pg.sql`SELECT 1`)"],
    [
      'a name of a module that is required',
      "const { sql: q } = require('asyncpg'); db.fetch(q`SELECT 1`)",
    ],
    ['require itself', "db.fetch(require('asyncpg').sql`SELECT 1`)"],
    [
      'a module that is imported late',
      "async () => { const { sql } = await import('asyncpg'); db.fetch(sql`SELECT 1`); }",
    ],
    [
      'a module that is imported late as a whole',
      "async () => { const pg = await import('asyncpg'); db.fetch(pg.sql`SELECT 1`); }",
    ],
    [
      'a function that returns a template',
      "const one = () => sql<'a.one'>`SELECT 1`; db.fetch(one())",
    ],
    [
      'a method of the class that is extended',
      "class B { all(q) { return db.fetch(q); } } class A extends B { all() { return super.all('SELECT 1'); } }",
    ],
    ['a namespace', "namespace Q { export const one = 'SELECT 1'; } db.fetch(Q.one)"],
    [
      'a function of a namespace in another one',
      "export namespace A { export namespace B { const T = 'a'; export function one() { return `SELECT 1`; } } } db.fetch(A.B.one())",
    ],
    [
      'a class that a namespace adds to',
      "class Q { static readonly one = 'SELECT 1'; } namespace Q { export const two = 'SELECT 2'; } db.fetch(Q.one)",
    ],
    [
      'a namespace that adds to a class',
      "namespace Q { export const one = 'SELECT 1'; } class Q {} db.fetch(Q.one)",
    ],
    [
      'a namespace that adds to another one',
      "namespace Q { export const two = 'SELECT 2'; } export namespace Q { export const one = 'SELECT 1'; } db.fetch(Q.one)",
    ],
    [
      'a namespace of a namespace, in one name',
      "namespace A.B.C { const T = '1'; export const one = `SELECT ${T}`; } namespace A { export const B2 = 2; } db.fetch(A.B.C.one)",
    ],
    [
      'an async function that returns what another one does',
      "async function one() { return two(); } const two = async () => { return 'SELECT 1'; }; db.fetch(await one())",
    ],
    [
      'an async function that returns a text',
      "async function one() { return 'SELECT 1'; } db.fetch(await one())",
    ],
    [
      'an async function that returns a template',
      'const one = async () => sql`SELECT 1`; db.fetch(await one())',
    ],
    ['a text that is awaited', "const Q = 'SELECT 1'; db.fetch(await Q)"],
    ['a query that is copied', "db.copyFromQuery('SELECT 1', { output })"],
    [
      'a constant that satisfies',
      "const Q = { a: 'SELECT 1' } as const satisfies Texts; db.fetch(Q.a)",
    ],
  ])('finds the query of %s', (_, source) => {
    expect(textsOf(source)).toEqual(['SELECT 1']);
  });

  it('finds statements that are no queries in upper case alone', () => {
    const source = `
      db.execute('CREATE TABLE a ()'); db.fetchVal('SHOW work_mem'); db.fetch('EXPLAIN SELECT 1');
      job.execute('create a table'); job.execute('show all');`;
    expect(textsOf(source)).toEqual(['CREATE TABLE a ()', 'SHOW work_mem', 'EXPLAIN SELECT 1']);
  });

  it('leaves alone what is given to another method, to another sql and to none', () => {
    const source = `for (const m of ['fetch', 'get'] as const) db[m]('SELECT 1'); db[x]('SELECT 1'); db.get.call(db, 'SELECT 1');
      const get = db.get.bind(db); get('SELECT 1'); const run = ({ text, note }) => db.fetch(text); run({ note: 'SELECT 1' });
      let { sql } = require('asyncpg'); sql = other; db.fetch(sql\`SELECT \${x}\`);`;
    expect(findQueries('a.ts', source)).toMatchObject({ queries: [], unknown: [] });
    const raw = "import { sql } from 'asyncpg'; db.execute(sql.raw(text));";
    expect(findQueries('a.ts', raw).unknown.map(({ reason }) => reason)).toEqual([
      'sql.raw(text) is only known when the program runs',
    ]);
  });

  it('knows what is written as a query, be it found or not', () => {
    const source = `
      const a = 'SELECT id FROM b'; const b = { c: ['INSERT INTO a VALUES (1)'] }; run('UPDATE a SET b = 1'); run('SELECT now()');
      const d = \`DELETE FROM \${t}\`; const e = sql\`WITH a AS (SELECT 1) SELECT * FROM a\`; f('select a from b where c = $1');
      g('MERGE INTO a USING b ON c'); db.fetch('SELECT 1 FROM a'); const h = \`UPDATE \${t} AS x SET y = 1\`;`;
    const written = (text: string): string[] =>
      findQueries('a.ts', text).written.map(({ start, end }) => text.slice(start, end));
    expect(written(source)).toEqual([
      "'SELECT id FROM b'",
      "'INSERT INTO a VALUES (1)'",
      "'UPDATE a SET b = 1'",
      "'SELECT now()'",
      '`DELETE FROM ${t}`',
      '`WITH a AS (SELECT 1) SELECT * FROM a`',
      "'select a from b where c = $1'",
      "'MERGE INTO a USING b ON c'",
      "'SELECT 1 FROM a'",
      '`UPDATE ${t} AS x SET y = 1`',
    ]);
    const others = `db.fetch(1); console.log('SELECT a FROM b'); expect(x).toEqual(['SELECT a FROM b']); say('select one from the list');
      throw new UsageError('DELETE FROM a'); say('UPDATE a row to SET it'); say('SELECT ALL'); type A = 'SELECT a FROM b'; css\`SELECT a FROM b\`;`;
    expect(written(others)).toEqual([]);
    for (const other of ['pg', 'drizzle-orm/node-postgres', '@prisma/client', 'asyncpg/pg']) {
      expect(written(`import { a } from '${other}'; a.query('SELECT a FROM b');`)).toEqual([]);
    }
  });

  it('leaves alone a promise, what a namespace keeps to itself, and what it can write', () => {
    const source = `async function one() { return 'SELECT 1'; } const two = async () => sql\`SELECT 2\`;
      namespace Q { const a = 'SELECT 3'; export let b = 'SELECT 4'; export interface c { c: 1 } }
      cache.fetch(one()); cache.fetch(two()); db.fetch(Q.a); db.fetch(Q.b); db.fetch(Q.c); db.fetch(Q);`;
    expect(textsOf(source)).toEqual([]);
    expect(findQueries('a.ts', source).unknown.map(({ reason }) => reason)).toEqual([
      'Q.b can be written to: it is checked if that is const',
    ]);
  });

  it('leaves alone what is no query', () => {
    expect(
      findQueries('a.ts', "cache.fetch('/users'); job.execute(name); log('SELECT 1');"),
    ).toEqual({
      queries: [],
      unknown: [],
      impossible: [],
      uses: [],
      written: [],
    });
  });

  it('checks the template that a function or a getter returns, with a name or without', () => {
    const source = `
      const one = (id) => sql<'one'>\`SELECT \${id}\`; db.fetch(one(3)); db.fetch(one(4));
      function two(x) { if (x) return sql\`SELECT 2\`; return sql\`SELECT 3\`; } db.fetch(two(y));
      class A { get q() { return sql\`SELECT 4\`; } get t() { return 'SELECT 5'; } a() { db.fetch(this.q); db.fetch(this.t); } }
      const [a, { b }] = [sql\`6\`, { b: sql\`7\` }]; db.fetch(sql\`SELECT \${a}, \${b}\`);`;
    expect(textsOf(source)).toEqual([
      'SELECT $1',
      'SELECT 2',
      'SELECT 3',
      'SELECT 4',
      'SELECT 5',
      'SELECT 6, 7',
    ]);
    expect(findQueries('a.ts', source).unknown).toEqual([]);
  });

  it('leaves alone what the sql of another package makes', async () => {
    const queries =
      "db.execute(sql`SELECT ${table}`); f(sql<'a'>`SELECT 2`); db.fetch('SELECT 1');";
    for (const declared of [
      "import { sql } from 'drizzle-orm';",
      "import { sql } from 'installed';",
      "import { sql } from './other.ts';",
      "import postgres from 'postgres'; const sql = postgres();",
      "import * as kysely from 'kysely'; const { sql } = kysely;",
      "const { sql } = require('kysely');",
      "import kysely = require('kysely'); const { sql } = kysely;",
    ]) {
      await using project = await Project.make({
        'node_modules/installed/package.json': '{}',
        'other.ts': "export { sql } from 'kysely';",
      });
      const file = path.join(project.folder, 'a.ts');
      const found = findQueries(file, `${declared} ${queries}`);
      expect(found.unknown).toEqual([]);
      expect(found.queries.map(({ variants: [one] }) => one?.text.value)).toEqual(['SELECT 1']);
    }
    await using project = await Project.make({
      'b.ts': "import { sql } from 'npm:asyncpg@1'; export { sql as q }; export * from 'asyncpg';",
    });
    const source = `import { q, sql } from './b.ts'; import * as all from './b.ts';
      db.fetch(q\`SELECT 1\`); db.fetch(sql\`SELECT 2\`); db.fetch(all.sql\`SELECT 3\`);`;
    const found = findQueries(path.join(project.folder, 'a.ts'), source).queries;
    expect(found.map(({ variants: [one] }) => one?.text.value)).toEqual([
      'SELECT 1',
      'SELECT 2',
      'SELECT 3',
    ]);
  });

  it('looks into classes with all that they may have', () => {
    const source = `class A { static {} [key: string]: unknown; declare b: string; accessor c = 1; abstract d(): void;
      m() { this.all('SELECT 1'); db.fetch(sql\`SELECT \${this.none}\`); } }`;
    expect(textsOf(source)).toEqual(['SELECT $1']);
  });

  it('follows functions that hand on the query that they are given', () => {
    const source = `
      const all = <T>(text: string, ...args: unknown[]) => pool.fetch<T>(text, ...args);
      async function first(tx: Tx, query: Query) { return (await all(query))[0]; }
      class R { async #run(text: string) { await this.db.execute(text); } m() { this.#run('DELETE FROM a'); } }
      all('SELECT 1', 2); all(BY_ID); first(tx, sql\`SELECT \${3}\`); const BY_ID = 'SELECT 2';
      all('/api'); log('SELECT 4'); all(\`\${table} WHERE a\`);
      function log(text: string) { console.log(text); } function again(text) { again(text); } again('SELECT 5');`;
    expect(textsOf(source)).toEqual(['DELETE FROM a', 'SELECT 1', 'SELECT 2', 'SELECT $1']);
    expect(findQueries('a.ts', source).unknown).toHaveLength(1);
    expect(textsOf("import { all } from './none.ts'; all('SELECT 1')")).toEqual([]);
  });

  it('follows methods that do so: of objects whose class is known, and of a class that is extended', () => {
    const source = `
      class Base { constructor(protected readonly db: Db) {} protected one(text: string) { return this.db.one(text); } }
      class Db {
        one(text: string): Promise<Row>;
        one(text: string, ...args: unknown[]) { return this.pool.fetchRow(text, ...args); }
        readonly many = async (text: string) => await this.pool.fetch(text);
        static run(tx: Tx, text: string) { return tx.execute(text); }
        say(text: string) { console.log(text); }
      }
      class Users extends Base {
        readonly #own = new Db();
        a() { return this.one('SELECT 1'); } b() { return this.db.many('SELECT 2'); }
        c() { return this.#own.one('SELECT 3'); } d() { return this.db.say('SELECT 0'); }
      }
      const db = new Db(); db.one('SELECT 4'); Db.run(tx, 'SELECT 5'); const f = (d: Db) => d.one('SELECT 6');
      const g = (d: Other) => d.one('SELECT 0'); const h = (d: Loop) => d.one('SELECT 0'); class Loop extends Loop {}
      new Db().many(\`SELECT 7\`); db.none('SELECT 0'); this.one('SELECT 0');`;
    const texts = ['1', '2', '3', '4', '5', '6', '7'].map((each) => `SELECT ${each}`);
    expect(textsOf(source)).toEqual(texts);
  });

  it.each([
    ['dedent`SELECT 1`', 'dedent`SELECT 1`'],
    ["'SELECT 1'.replace('1', x)", "'SELECT 1'.replace('1', x)"],
    ["given ?? 'SELECT 1'", 'given'],
    ['`${base} WHERE id = $1`', 'base'],
    ["base + ' FROM a '", 'base'],
  ])('tells of what begins or goes on as a query: %s', (text, shown) => {
    expect(findQueries('a.ts', `db.fetch(${text})`).unknown).toEqual([
      expect.objectContaining({ reason: `${shown} is not known before the program runs` }),
    ]);
  });

  it.each([
    '`${base}/from/where`',
    "cond ? '/a' : '/b'",
    'url(x)',
    "base + '/FROM x'",
    'job',
    'css`a`',
  ])('says nothing of what is none: %s', (text) => {
    const source = `api.fetch(${text}); function url(x: string) { return \`/x/\${x}\`; }`;
    expect(findQueries('a.ts', source)).toMatchObject({ queries: [], unknown: [] });
  });

  it('knows the name that a template could have', () => {
    const source = 'export async function byId(id) { return db.fetch(sql`SELECT ${id}`); }';
    const [query] = findQueries('/x/user-queries.ts', source).queries;
    expect(query?.nameGoes?.name).toBe('userQueries.byId');
    expect(source.slice(query?.nameGoes?.at)).toMatch(/^`SELECT/);
  });

  it.each([
    ['a plain template', 'db.fetch(`SELECT\n  1, HERE`)'],
    ['escapes', "db.fetch('SELECT \\'it\\u0027s\\' \\x41 \\u{1F600}, HERE')"],
    ['a line that goes on', "db.fetch('SELECT \\\n HERE')"],
    ['CRLF', 'db.fetch(`SELECT\r\n 1,\r\n HERE`)'],
    ['a constant of its own', "const C = 'a, HERE'; db.fetch(`SELECT ${C} FROM x`)"],
    ['values', 'db.fetch(sql`SELECT ${a + b}, ${c}, HERE`)'],
  ])('knows where a place of the query stands in the source, with %s', (_, source) => {
    expect(placeOf(source, 'HERE')).toMatch(/^HERE/);
  });

  it('has the place of an expression for its parameter', () => {
    expect(placeOf('db.fetch(sql`SELECT ${first}`)', '$1')).toMatch(/^first/);
  });

  it('tells of a file that cannot be read', () => {
    const source = "db.fetch('SELECT 1');\nconst = ;";
    const { queries, unknown } = findQueries('a.ts', source);
    expect(queries).toEqual([]);
    expect(unknown).toEqual([
      expect.objectContaining({
        start: source.indexOf('= ;'),
        reason: expect.stringMatching(/^the file cannot be read as TypeScript: /),
      }),
    ]);
    expect(findQueries('a.ts', 'const = ;').unknown).toEqual([]);
  });
});
