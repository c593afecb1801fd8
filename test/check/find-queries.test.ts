import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { findQueries } from '../../src/check/sources/find-queries.ts';
import { Project } from './project.ts';

function textsOf(source: string): string[] {
  return findQueries('a.ts', source).queries.flatMap(({ variants }) =>
    variants.map(({ text }) => text.value),
  );
}

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
    ['a name between brackets', "db['fetch']('SELECT 1')"],
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

  it('leaves alone a promise, what a namespace keeps to itself, and what it can write', () => {
    const source = `async function one() { return 'SELECT 1'; } const two = async () => sql\`SELECT 2\`;
      namespace Q { const a = 'SELECT 3'; export let b = 'SELECT 4'; export interface c { c: 1 } }
      cache.fetch(one()); cache.fetch(two()); db.fetch(Q.a); db.fetch(Q.b); db.fetch(Q.c); db.fetch(Q);`;
    expect(textsOf(source)).toEqual([]);
  });

  it('leaves alone what is no query', () => {
    expect(
      findQueries('a.ts', "cache.fetch('/users'); job.execute(name); log('SELECT 1');"),
    ).toEqual({
      queries: [],
      unknown: [],
      uses: [],
    });
  });

  it('follows what a module exports as a whole, and says of what it exports with let that it is not known', async () => {
    await using project = await Project.make({
      'texts.ts':
        "export const BY = { id: 'SELECT 1' }; export const ALL = ['SELECT 2', 'SELECT 3']; export let last = 'SELECT 0';",
      'index.ts':
        "export * as texts from './texts.ts'; import * as more from './texts.ts'; export { more }; export * from './texts.ts';",
      'a.ts': '',
    });
    const imports =
      "import { texts, more, last, ALL as hidden } from './index.ts'; import * as all from './index.ts';";
    const found = (source: string) =>
      findQueries(path.join(project.folder, 'a.ts'), `${imports} ${source}`);
    const { queries } = found(
      'db.fetch(texts.BY.id); db.fetch(more.ALL[0]); db.fetch(all.texts.ALL[1]); (texts) => db.fetch(texts.BY.id);',
    );
    expect(queries.map(({ variants: [one] }) => one?.text.value)).toEqual([
      'SELECT 1',
      'SELECT 2',
      'SELECT 3',
    ]);
    const required = found(
      "import own = require('./texts.ts'); const { BY: by } = require('./texts.ts'); db.fetch(own.ALL[0]); db.fetch(by.id); async () => db.fetch((await import('./index.ts')).texts.ALL[1]);",
    );
    expect(required.queries.map(({ variants: [one] }) => one?.text.value)).toEqual([
      'SELECT 2',
      'SELECT 1',
      'SELECT 3',
    ]);
    const { unknown } = found('db.fetch(last); db.fetch(more.last); (last) => db.fetch(last);');
    expect(unknown.map(({ reason }) => reason)).toEqual([
      'last can be written to: it is checked if that is const',
      'more.last can be written to: it is checked if that is readonly',
    ]);
  });

  it('follows constants, conditions and what only the compiler reads', () => {
    const source = `
      const COLUMNS = 'id, name' as const;
      const TEXT = \`SELECT \${COLUMNS} FROM a\`;
      db.fetch(TEXT); db.fetch(old ? 'SELECT 1' : ('SELECT 2' satisfies string)); db.fetch('SELECT ' + '3');`;
    expect(textsOf(source)).toEqual(['SELECT id, name FROM a', 'SELECT 1', 'SELECT 2', 'SELECT 3']);
    expect(
      textsOf(
        "const L = ['SELECT 1', 'SELECT 2'] as const; db.fetch(L[1]); const { q } = { q: 'SELECT 3' }; db.fetch(q); db.fetch(<string>'SELECT 4');",
      ),
    ).toEqual(['SELECT 2', 'SELECT 3', 'SELECT 4']);
    expect(textsOf("const L = ['SELECT 1']; db.fetch(L[1]); L.push(x); db.fetch(L[0]);")).toEqual(
      [],
    );
    expect(textsOf("const L = [...x, 'SELECT 1']; db.fetch(L[1]);")).toEqual([]);
    expect(textsOf('const MOST = 10_000; db.fetch(`SELECT 1 LIMIT ${MOST}`)')).toEqual([
      'SELECT 1 LIMIT 10000',
    ]);
  });

  it.each([
    [
      'blocks',
      "{ const T = '1'; db.fetch(`SELECT ${T}`); } { const T = '2'; db.fetch(`SELECT ${T}`); }",
    ],
    [
      'functions',
      "const a = () => { const q = 'SELECT 1'; return db.fetch(q); }; function b() { const q = 'SELECT 2'; return db.fetch(q); }",
    ],
    [
      'a function and the file',
      "const q = 'SELECT 1'; db.fetch(q); function b() { const q = 'SELECT 2'; return db.fetch(q); }",
    ],
  ])('takes for a name what it is there, in two %s', (_, source) => {
    expect(textsOf(source)).toEqual(['SELECT 1', 'SELECT 2']);
  });

  it.each([
    ['(T) => db.fetch(`SELECT ${T}`);'],
    ['function f({ a: { T = 1 } }) { db.fetch(`SELECT ${T}`); }'],
    ['class A { a(...[T]) { db.fetch(`SELECT ${T}`); } }'],
    ['{ const { T } = x; db.fetch(`SELECT ${T}`); }'],
    ['for (const T of x) db.fetch(`SELECT ${T}`);'],
    ['try {} catch (T) { db.fetch(`SELECT ${T}`); }'],
    ['() => { if (x) { var T = 1; } db.fetch(`SELECT ${T}`); };'],
  ])('does not take a constant for what hides it: %s', (source) => {
    const { queries, unknown } = findQueries('a.ts', `const T = '1'; ${source}`);
    expect(queries).toEqual([]);
    expect(unknown.map(({ reason }) => reason)).toEqual(['T is not known before the program runs']);
  });

  it('says of a variable that is no constant that it is not known', () => {
    const source =
      "let q = 'SELECT 1'; if (x) q += ' WHERE y'; db.fetch(q); let p = '/'; api.fetch(p);";
    expect(findQueries('a.ts', source).unknown.map(({ reason }) => reason)).toEqual([
      'q can be written to: it is checked if that is const',
    ]);
  });

  it('takes no constant that is not known where it is named', () => {
    const source = "{ const T = 'a'; } { const T = 'b'; } db.fetch(`SELECT ${T}`);";
    const { queries, unknown } = findQueries('a.ts', source);
    expect(queries).toEqual([]);
    expect(unknown.map(({ reason }) => reason)).toEqual(['T is not known before the program runs']);
  });

  it.each([
    ['this.q', "class A { q = 'SELECT 1'; a() { db.fetch(this.q); } }"],
    ['A.q', "class A { static q = 'SELECT 1'; } db.fetch(A.q);"],
    ['A.q', 'class A { static q = sql`SELECT 1`; } db.fetch(A.q);'],
    ['this.#q', "class A { #q = 'SELECT 1'; a() { db.fetch(this.#q); this.#q = x; } }"],
    ['this.q', "class A { private q = 'SELECT 1'; a() { [this.q] = x; db.fetch(this.q); } }"],
    ['this.#q', "class A { #q = 'SELECT 1'; a(b) { db.fetch(this.#q); ({ x: b.#q = 1 } = y); } }"],
    ['this.#q', "class A { #q = 'SELECT 1'; a(b) { db.fetch(this.#q); [...b.#q] = y; } }"],
    ['this.q', "class A { private q = 'SELECT 1'; a() { db.fetch(this.q); this[n] = x; } }"],
    [
      'this.q',
      "class A { readonly q = 'SELECT 1'; constructor() { this.q = x; db.fetch(this.q); } }",
    ],
  ])('says of %s in %s that it is not known', (expression, source) => {
    const { queries, unknown } = findQueries('a.ts', source);
    expect(queries).toEqual([]);
    expect(unknown.map(({ reason }) => reason)).toEqual([
      `${expression} can be written to: it is checked if that is readonly`,
    ]);
  });

  it('says of joined texts what is not known of them', () => {
    const { queries, unknown } = findQueries('a.ts', "db.fetch(['SELECT 1', more].join(' '));");
    expect(queries).toEqual([]);
    expect(unknown.map(({ reason }) => reason)).toEqual([
      'more is not known before the program runs',
    ]);
    expect(textsOf("db.fetch(names.join(' ')); db.fetch(['users', 'x'].join('/'));")).toEqual([]);
  });

  it('makes parameters of the values in a template', () => {
    const { queries } = findQueries('a.ts', "db.fetch(sql<'a'>`SELECT ${1} + ${sql.json(x)}`);");
    expect(queries.map(({ variants, tag }) => [variants[0]?.text.value, tag])).toEqual([
      ['SELECT $1 + $2', 'a'],
    ]);
  });

  it('takes in fragments, in every case that there is', () => {
    const source = `
      const active = sql\`is_active\`;
      const order = byName ? sql\` ORDER BY name\` : sql\`\`;
      db.fetch(sql\`SELECT \${sql.id('a', 'b c')} FROM t WHERE \${sql.and([active, sql\`id = \${id}\`])}\${order}\`);`;
    const [query] = findQueries('a.ts', source).queries;
    expect(query?.variants.map(({ text, when }) => [text.value, when])).toEqual([
      ['SELECT "a"."b c" FROM t WHERE ((is_active) AND (id = $1)) ORDER BY name', 'when byName'],
      ['SELECT "a"."b c" FROM t WHERE ((is_active) AND (id = $1))', 'when not byName'],
    ]);
  });

  it('decides a condition that is there twice in one way', () => {
    const source =
      'db.fetch(sql`SELECT 1 ${a ? sql`, 2` : sql``} ${!a ? sql`, 3` : sql``} ${b ? sql`, ${x}` : sql``}`);';
    expect(textsOf(source)).toEqual([
      'SELECT 1 , 2  , $1',
      'SELECT 1 , 2  ',
      'SELECT 1  , 3 , $1',
      'SELECT 1  , 3 ',
    ]);
  });

  it('takes in each of the fragments that a key chooses among', () => {
    const source = `
      const ORDERS = { id: sql\`id\`, name: sql\`lower(name)\` };
      const order = ORDERS[by.key];
      db.fetch(sql\`SELECT 1 FROM t ORDER BY \${order}\`);`;
    const [query] = findQueries('a.ts', source).queries;
    expect(query?.variants.map(({ text, when }) => [text.value, when])).toEqual([
      ['SELECT 1 FROM t ORDER BY id', "when by.key === 'id'"],
      ['SELECT 1 FROM t ORDER BY lower(name)', "when by.key === 'name'"],
    ]);
    const values = 'const V = { a: 1 }; db.fetch(sql`SELECT ${V[key]}, ${{ a: x }[key]}`);';
    expect(textsOf(values)).toEqual(['SELECT $1, $2']);
  });

  it.each([
    ['a function', 'function f(n) { return sql`a = ${n}`; }', 'f(1)'],
    ['a function of an expression', 'const f = (n) => n > 1 ? sql`a = ${n}` : sql``;', 'f(1)'],
    ['a variable', 'let w = sql``; if (x) w = sql`WHERE a`;', 'w'],
    ['a variable that is nothing at first', 'let w = null; if (x) w = sql`WHERE a`;', 'w'],
    ['a condition that is no fragment', '', 'x && sql`WHERE a`'],
    ['a variable that is assigned what is not told', 'let w = sql``; w = x; function g(w) {}', 'w'],
    [
      'a function of that type',
      'declare const f: () => string; function w(): SqlFragment {}',
      'w()',
    ],
    ['a variable of that type', 'declare let w: SqlFragment | undefined;', 'w'],
    ['a property of that type', 'interface O { w?: pg.SqlFragment } declare const o: O;', 'o.w'],
    ['an object', 'const F = { w: (n) => sql`a = ${n}` };', 'F.w(1)'],
  ])('does not take for a value the fragment of %s', (_, before, expression) => {
    const { queries, unknown } = findQueries(
      'a.ts',
      `${before} db.fetch(sql\`SELECT 1 \${${expression}}\`);`,
    );
    expect(queries).toEqual([]);
    expect(unknown.map(({ reason }) => reason)).toEqual([
      `${expression} is a fragment that only the program knows`,
    ]);
  });

  it.each([
    ['f(w: SqlFragment)', 'w'],
    ['f({ w }: { n: number; w: SqlFragment })', 'w'],
    ['f({ w }: Options)', 'w'],
    ['f({ w = sql`` } = {})', 'w'],
    ['f(o: Options)', 'o.w'],
    ['f()', 'this.w'],
    ['f()', 'this.v'],
    ['f()', 'this.#w(1)'],
    ['f()', 'this.#v'],
  ])('does not take for a value the fragment of a method %s: %s', (method, expression) => {
    const source = `
      import { sql, type SqlFragment } from 'asyncpg';
      interface Options { n: number; w: SqlFragment }
      class A {
        #v = sql\`a\`;
        constructor(readonly w: SqlFragment, private n: number, private v = sql\`b\`) { this.#v = x; }
        #w(n) { return sql\`a = \${n}\`; }
        ${method} { db.fetch(sql\`SELECT 1 \${${expression}}\`); }
        g({ n }: Options, o: Options, { m }: { m: number; w: SqlFragment }) {
          db.fetch(sql\`SELECT \${n}, \${m}, \${o.n}, \${this.n}\`);
        }
      }`;
    expect(textsOf(source)).toEqual(['SELECT $1, $2, $3, $4']);
    expect(findQueries('a.ts', source).unknown.map(({ reason }) => reason)).toEqual([
      `${expression} is a fragment that only the program knows`,
    ]);
  });

  it.each([
    ['a variable that is assigned to', 'let w = 1; w = 2;', 'w'],
    ['a function', 'async function f() { return db.fetchVal(sql`SELECT 2`); }', 'f()'],
    ['a function that is called in another one', 'function f() { return g(sql`a`); }', 'f()'],
    ['what a query has given', 'const rows = await db.fetch(sql`SELECT 2`);', 'rows[0].id'],
  ])('takes for a value that of %s', (_, before, expression) => {
    const source = `${before} db.execute(sql\`DELETE FROM t WHERE a = \${${expression}}\`);`;
    expect(textsOf(source)).toContain('DELETE FROM t WHERE a = $1');
  });

  it.each([
    ['c', 'for (const c of [sql`a`, sql`b`]) db.fetch(sql`SELECT ${c}`);'],
    ['c', "const L = [sql.id('a')]; for (let c of L) db.fetch(sql`TRUNCATE ${c}`);"],
    ['c', 'const L = []; L.push(sql`a`); for (const c of L) db.fetch(sql`SELECT ${c}`);'],
    ['c', 'for (const [k, c] of Object.entries({ k: sql`a` })) db.fetch(sql`SELECT ${c}`);'],
    ['c', 'for (const { c } of [{ c: sql`a` }]) db.fetch(sql`SELECT ${c}`);'],
    ['c', '[x, y].map((each) => sql`a`).forEach((c) => db.fetch(sql`SELECT ${c}`));'],
    ['L.at(0)', 'const L = [sql`a`]; db.fetch(sql`SELECT ${L.at(0)!}`);'],
    ['m.get(k)', "const m = new Map([['k', sql`a`]]); db.fetch(sql`SELECT ${m.get(k)}`);"],
    [
      'p',
      'function f(L: readonly SqlFragment[]) { for (const p of L) db.fetch(sql`SELECT ${p}`); }',
    ],
    ['L[0]', 'function f(L: Array<SqlFragment>) { db.fetch(sql`SELECT ${L[0]}`); }'],
  ])('does not take for a value the fragment that %s is in %s', (name, source) => {
    const { queries, unknown } = findQueries('a.ts', source);
    expect(queries).toEqual([]);
    expect(unknown.map(({ reason }) => reason)).toEqual([
      `${name} is a fragment that only the program knows`,
    ]);
  });

  it.each([
    'for await (const { c } of db.x(sql`a`)) db.fetch(sql`SELECT ${c}`);',
    'const L = await db.x(sql`a`); for (const c of L) db.fetch(sql`SELECT ${c}`); L.map((c) => db.fetch(sql`SELECT ${c}`));',
    'for (const c of ids) db.fetch(sql`SELECT ${c}`); const [c] = ids; db.fetch(sql`SELECT ${c}`);',
    '[sql`a`].map((c, place) => db.fetch(sql`SELECT ${place}`));',
  ])('takes for values those of rows and of lists: %s', (source) => {
    expect(new Set(textsOf(source))).toEqual(new Set(['SELECT $1']));
    expect(findQueries('a.ts', source).unknown).toEqual([]);
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

  it('takes for a value what hides a fragment', () => {
    const source =
      'const w = sql`a`; function f(w: number) { return db.execute(sql`DELETE FROM t WHERE a = ${w}`); }';
    expect(textsOf(source)).toEqual(['DELETE FROM t WHERE a = $1']);
  });

  it('puts SET in front of assignments where it is missing', () => {
    expect(
      textsOf('db.execute(sql`UPDATE t ${sql.set({ a: x, b: sql`now()` })} WHERE id = ${id}`)'),
    ).toEqual(['UPDATE t SET "a" = $1, "b" = now() WHERE id = $2']);
    expect(textsOf('db.execute(sql`UPDATE t SET b = 1, ${sql.set({ a: x })}`)')).toEqual([
      'UPDATE t SET b = 1, "a" = $1',
    ]);
    expect(textsOf('db.execute(sql`UPDATE t SET ${sql.set({ a: x })}`)')).toEqual([
      'UPDATE t SET "a" = $1',
    ]);
  });

  it.each([
    [
      'rows that are written out',
      'sql.values([[a, 1], [b, sql`DEFAULT`]])',
      '($1, $2), ($3, DEFAULT)',
    ],
    ['a constant row', 'sql.values([USER])', '($1, $2)'],
    ['columns that are named', "sql.values([USER], ['b'])", '($1)'],
    [
      'rows of the program and columns that are named',
      "sql.values(rows, ['x', 'y', 'z'])",
      '($1, $2, $3)',
    ],
    ['rows of the program for the columns of INSERT', 'sql.values(rows)', '($1, $2)'],
    [
      'rows that are made of others',
      'sql.values(rows.map((r) => [r.id, sql`now()`]))',
      '($1, now())',
    ],
    [
      'objects that are made of others',
      'sql.values(rows.map((r) => { return { a: r.id, b: 1 }; }))',
      '($1, $2)',
    ],
  ])('checks VALUES with %s', (_, values, list) => {
    const user = 'const USER = { a: x, b: y };';
    expect(textsOf(`${user} db.execute(sql\`INSERT INTO t ("a", b) \${${values}}\`);`)).toEqual([
      `INSERT INTO t ("a", b) VALUES ${list}`,
    ]);
    expect(
      textsOf(
        `${user} db.execute(sql\`INSERT INTO t ("a", b) VALUES \${${values}} RETURNING a\`);`,
      ),
    ).toEqual([`INSERT INTO t ("a", b) VALUES ${list} RETURNING a`]);
  });

  it('checks a table of arrays, which may have another name', () => {
    const unnest = (behind: string): string[] =>
      textsOf(
        `db.fetch(sql\`SELECT * FROM \${sql.unnest({ id: ids, name: names }, { id: 'int4', name: 'text' })}${behind}\`);`,
      );
    const table = 'unnest($1::int4[], $2::text[]) AS "unnest"("id", "name")';
    expect(unnest('')).toEqual([`SELECT * FROM ${table}`]);
    expect(unnest(' WHERE id > 1')).toEqual([`SELECT * FROM ${table} WHERE id > 1`]);
    expect(unnest(' AS u')).toEqual([`SELECT * FROM (SELECT * FROM ${table}) AS u`]);
    expect(textsOf("db.fetch(sql`SELECT 1 FROM ${sql.unnest(columns, { a: 'int4' })}`);")).toEqual([
      'SELECT 1 FROM unnest($1::int4[]) AS "unnest"("a")',
    ]);
    expect(
      textsOf("db.fetch(sql`SELECT 1 FROM ${sql.unnest({ a, b }, ['int4', 'date'])}`);"),
    ).toEqual(['SELECT 1 FROM unnest($1::int4[], $2::date[]) AS "unnest"("a", "b")']);
  });

  it('does not know rows whose columns nothing tells', () => {
    for (const values of ['(${sql.columns(rows[0])}) ${sql.values(rows)}', '${sql.values(rows)}']) {
      const { queries, unknown } = findQueries(
        'a.ts',
        `db.execute(sql\`INSERT INTO t ${values}\`);`,
      );
      expect(queries).toEqual([]);
      expect(unknown).toHaveLength(1);
    }
  });

  it.each<[string, string, string[]]>([
    [
      'conditions',
      "db.fetch(`SELECT a FROM t ORDER BY ${byName ? 'b' : `c${!up ? ' DESC' : ''}`}`)",
      [
        'SELECT a FROM t ORDER BY b',
        'SELECT a FROM t ORDER BY c DESC',
        'SELECT a FROM t ORDER BY c',
      ],
    ],
    [
      'one text or another',
      "const A = 'SELECT 1'; db.fetch(A ?? 'SELECT 2')",
      ['SELECT 1', 'SELECT 2'],
    ],
    [
      'the texts that a type allows',
      "type Dir = 'ASC' | 'DESC'; interface O { dir: Dir }\n" +
        'const f = ({ dir }: O, o: O) => { db.fetch(`SELECT 1 ORDER BY 1 ${dir}`); db.fetch(`TABLE a -- ${o.dir}`) }',
      ['SELECT 1 ORDER BY 1 ASC', 'SELECT 1 ORDER BY 1 DESC', 'TABLE a -- ASC', 'TABLE a -- DESC'],
    ],
    [
      'what a key chooses',
      "const BY = { id: 'u.id', name: 'u.name' } as const; db.fetch(`SELECT 1 FROM u ORDER BY ${BY[sort]}`);" +
        "db.fetch({ a: 'SELECT 2', b: 'SELECT 3' }[which]!)",
      ['SELECT 1 FROM u ORDER BY u.id', 'SELECT 1 FROM u ORDER BY u.name', 'SELECT 2', 'SELECT 3'],
    ],
    [
      'what a list has',
      "const ALL = ['SELECT 1', 'SELECT 2']; for (const each of ALL) db.execute(each);" +
        "const COLUMNS = ['a', 'b'] as const; db.fetch(`SELECT ${COLUMNS.join(', ')} FROM t`)",
      ['SELECT 1', 'SELECT 2', 'SELECT a, b FROM t'],
    ],
    [
      'what a function returns',
      "const from = (table: 'a' | 'b') => ` FROM ${table}`; function all() { return 'SELECT *'; }" +
        "class R { #one() { return 'SELECT 1'; } m() { db.fetch(all() + from('a')); db.fetch(this.#one()); } }",
      ['SELECT * FROM a', 'SELECT * FROM b', 'SELECT 1'],
    ],
    [
      'what is taken apart',
      "const Q = { a: 'SELECT 1', b: { c: 'SELECT 2' } }; const { a, b: { 'c': d } } = Q; db.fetch(a); db.fetch(d)",
      ['SELECT 1', 'SELECT 2'],
    ],
    [
      'other ways of writing',
      "db.fetch(String.raw`SELECT 1`); db.fetch('SELECT '.concat('2'))",
      ['SELECT 1', 'SELECT 2'],
    ],
    [
      'itself',
      "const q = q + 'x'; db.fetch(q); function f() { return f() + f(); } db.fetch(f())",
      [],
    ],
    [
      'a batch that grows',
      "const all: Q[] = ['SELECT 1']; if (x) all.push({ text: 'SELECT 2' }); db.batch(all)",
      ['SELECT 1', 'SELECT 2'],
    ],
  ])('follows texts that are made of %s', (_, source, texts) => {
    expect(textsOf(source)).toEqual(texts);
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

  it('follows no more than there is time for', () => {
    const names = Array.from({ length: 30 }, (_, index) => `f${index}`);
    const functions = names.map(
      (name, index) =>
        `function ${name}(a) { if (a) return f${(index + 1) % 30}(1); [1].map(() => { return 'x'; }); return f${(index + 2) % 30}(2) + f${(index + 3) % 30}(3); }`,
    );
    const source = `${functions.join('\n')} db.fetch(f0(f1(2)) + ' FROM a '); all(f2(f3(4)));
      function one() { [1].map(() => { return 'x'; }); return 'SELECT 1'; } db.fetch(one() + ' FROM b');`;
    const began = performance.now();
    expect(textsOf(source)).toEqual(['SELECT 1 FROM b']);
    expect(performance.now() - began).toBeLessThan(1000);
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

  it.each<[string, string, string[]]>([
    [
      'that is written out, and one for each condition',
      'const all = [sql`a`]; if (!x) { all.push(sql`b = ${1}`); y && all.push(sql`c`); } db.fetch(sql`SELECT ${sql.and(all)} ${x ? sql`` : sql`FROM b`}`)',
      [
        'SELECT ((a) AND (b = $1)) FROM b',
        'SELECT ((a)) ',
        'SELECT ((a) AND (b = $1) AND (c)) FROM b',
        'SELECT ((a)) ',
      ],
    ],
    [
      'that is empty at first, and another one beside it',
      'const w: SqlFragment[] = []; const j = [sql``]; w.push(sql`a`); for (const f of all) { j.push(sql`JOIN b`); w.push(sql`b.c`); }' +
        "db.fetch(sql`SELECT 1 FROM a ${sql.join(j, ' ')} WHERE ${sql.or(w)}`)",
      ['SELECT 1 FROM a  WHERE ((a))', 'SELECT 1 FROM a  JOIN b WHERE ((a) OR (b.c))'],
    ],
  ])('follows a list of fragments %s', (_, source, texts) => {
    expect(textsOf(source)).toEqual(texts);
  });

  it.each([
    [
      'const all = [sql`a`]; all[0] = sql`b`; db.fetch(sql`SELECT ${sql.and(all)}`)',
      'sql.and(all)',
    ],
    [
      'const all = [sql`a`]; all.push(...more); db.fetch(sql`SELECT ${sql.and(all)}`)',
      'sql.and(all)',
    ],
    ['const o = { a: 1 }; if (x) o.b = 2; db.execute(sql`UPDATE t ${sql.set(o)}`)', 'sql.set(o)'],
    ["const Q = { a: 'SELECT 1' }; Q.a = f(); db.fetch(Q.a)", 'Q.a can be written to'],
    [
      'const all = list.reduce((a, b) => sql`${a}, ${b}`); db.fetch(sql`SELECT ${all}`)',
      'list.reduce',
    ],
    ['const raw = (x) => sql.raw(x); db.fetch(sql`SELECT ${raw(y)}`)', 'raw(y)'],
  ])('tells of what is changed otherwise: %s', (source, shown) => {
    const { queries, unknown } = findQueries('a.ts', source);
    expect(queries).toEqual([]);
    expect(unknown.map(({ reason }) => reason)).toEqual([expect.stringContaining(shown)]);
  });

  it('follows a fragment that is taken out of a constant object', () => {
    const source = 'const F = { a: sql`b` }; const { a } = F; db.fetch(sql`SELECT 1 WHERE ${a}`)';
    expect(textsOf(source)).toEqual(['SELECT 1 WHERE b']);
  });

  it('finds constants by the names that a repository gives its modules', async () => {
    const names = {
      '@/a': 'apps/api/src/a.ts',
      'src/b': 'apps/api/src/b.ts',
      '#c': 'apps/api/src/c.ts',
      '#in/d': 'apps/api/src/d.ts',
      '@shop/e': 'packages/e/src/index.ts',
      '@shop/e/f': 'packages/e/src/f.ts',
      g: 'packages/g/index.ts',
      api: 'apps/api/src/main.ts',
    };
    const entries = Object.entries(names);
    await using project = await Project.make({
      'tsconfig.base.json':
        '{ "compilerOptions": { /* see */ "paths": { "@/*": ["./apps/api/src/*"], } } } // end',
      'apps/api/tsconfig.json':
        '{ "files": [], "references": [{ "path": "./tsconfig.app.json" }, { "path": "./tsconfig.src.json" }] }',
      'apps/api/tsconfig.app.json': '{ "extends": "../../tsconfig.base.json" }',
      'apps/api/tsconfig.src.json': '{ "compilerOptions": { "baseUrl": "." } }',
      'apps/api/package.json':
        '{ "name": "api", "main": "dist/main.js", "imports": { "#c": "./src/c.ts", "#in/*": { "types": "./dist/*.d.ts", "default": "./dist/*.js" } } }',
      'packages/e/package.json':
        '{ "name": "@shop/e", "exports": { ".": "./dist/index.js", "./*": "./dist/*.js" } }',
      'packages/g/package.json': '{ "name": "g" }',
      'node_modules/installed/package.json': '{ "name": "installed" }',
      'node_modules/installed/index.ts': "export const Q = 'SELECT 0';",
      ...Object.fromEntries(
        entries.map(([name, file]) => [file, `export const Q = 'SELECT ${name}';`]),
      ),
      'apps/api/src/deep/queries.mts': `${[...entries, ['installed']]
        .map(([name], index) => `import { Q as Q${index} } from '${name}'; db.fetch(Q${index});`)
        .join('\n')}`,
    });
    const modules = path.join(project.folder, 'node_modules');
    await mkdir(path.join(modules, '@shop'));
    await symlink(
      path.join(project.folder, 'packages/e'),
      path.join(modules, '@shop/e'),
      'junction',
    );
    await symlink(path.join(project.folder, 'packages/g'), path.join(modules, 'g'), 'junction');
    const file = path.join(project.folder, 'apps/api/src/deep/queries.mts');
    const { queries } = findQueries(file, await project.read('apps/api/src/deep/queries.mts'));
    expect(queries.map(({ variants: [one] }) => one?.text.value)).toEqual(
      entries.map(([name]) => `SELECT ${name}`),
    );
  });

  it.each<[string, Record<string, string>]>([
    [
      'its own, where it has a baseUrl and what it extends has the paths',
      {
        'base.json': '{ "compilerOptions": { "paths": { "@/*": ["src/*"] } } }',
        'app/tsconfig.json': '{ "extends": "../base.json", "compilerOptions": { "baseUrl": "." } }',
      },
    ],
    [
      'the baseUrl of what it extends, where it has the paths',
      {
        'base.json': '{ "compilerOptions": { "baseUrl": "./app" } }',
        'app/tsconfig.json':
          '{ "extends": "../base", "compilerOptions": { "paths": { "@/*": ["src/*"] } } }',
      },
    ],
    [
      'its folder, where a package that it extends says so',
      {
        'node_modules/@acme/config/app.json':
          '{ "compilerOptions": { "paths": { "@/*": ["${configDir}/src/*"] } } }',
        'app/tsconfig.json': '{ "extends": "@acme/config/app.json" }',
      },
    ],
    [
      'the last of those that it extends',
      {
        'one.json': '{ "compilerOptions": { "paths": { "@/*": ["./app/src/*"] } } }',
        'two.json': '{ "compilerOptions": { "paths": { "@/*": ["./other/*"] } } }',
        'app/tsconfig.json': '{ "extends": ["../two.json", "../one.json"] }',
      },
    ],
  ])('looks for paths of a tsconfig.json in %s', async (_, files) => {
    await using project = await Project.make({
      ...files,
      'app/src/q.ts': "export const Q = 'SELECT 1';",
      'other/q.ts': "export const Q = 'SELECT 2';",
    });
    const source = "import { Q } from '@/q'; db.fetch(Q);";
    const { queries } = findQueries(path.join(project.folder, 'app/src/a.ts'), source);
    expect(queries.map(({ variants: [one] }) => one?.text.value)).toEqual(['SELECT 1']);
  });

  it.each([
    ['an async function', 'async function f() { return sql`true`; }', 'await f()'],
    ['a variable that is awaited', 'const f = async () => sql`true`; let w; w = await f();', 'w'],
    ['a promise of one', 'async function f(): Promise<SqlFragment> { return g(); }', 'await f()'],
    ['a method', 'class F { a() { return sql`true`; } } const f = new F();', 'f.a()'],
    ['a method of a parameter', 'class F { a(): SqlFragment { return g(); } } let f: F;', 'f.a()'],
    ['a static method', 'class F { static a() { return sql`true`; } }', 'F.a()'],
    ['a static getter', 'class F { static get a() { return sql`true`; } }', 'F.a'],
    ['a getter', 'class F { get a() { return sql`true`; } } const f = new F();', 'f.a'],
    ['a field', 'class F { a = sql`true`; } const f = new F();', 'f.a'],
    ['what is assigned', 'let w;', 'w = sql`true`'],
    ['the last of several', 'let w; w = (0, sql`true`);', 'w'],
    ['a method of an interface', 'interface F { a(): SqlFragment } let f: F;', 'f.a()'],
    ['a function in an interface', 'interface F { a: () => SqlFragment } let f: F;', 'f.a()'],
    ['a function of a type', 'type W = () => SqlFragment; let w: W;', 'w()'],
    ['a function that is declared', 'declare function w(): SqlFragment;', 'w()'],
    ['another name of the type', 'type Where = SqlFragment | null; let w: Where;', 'w'],
    ['an imported name of it', "import type { SqlFragment as F } from 'asyncpg'; let w: F;", 'w'],
    ['the type by its module', "let w: import('asyncpg').SqlFragment;", 'w'],
    ['what sql returns', 'let w: ReturnType<typeof sql>;', 'w'],
    ['a type that wraps it', 'let w: Readonly<NonNullable<SqlFragment | null>>;', 'w'],
    ['a type parameter', 'function q<W extends SqlFragment>(w: W) { %; }', 'w'],
  ])('takes for a fragment, and for no value, that of %s', (_, declared, value) => {
    const call = `db.fetch(sql\`SELECT 1 WHERE \${${value}}\`)`;
    const source = declared.includes('%') ? declared.replace('%', call) : `${declared} ${call}`;
    const { queries, unknown } = findQueries('a.ts', source);
    expect(queries).toEqual([]);
    expect(unknown.map(({ reason }) => reason)).toEqual([
      `${value} is a fragment that only the program knows`,
    ]);
  });

  it('takes for fragments those of methods and fields of classes above', () => {
    const source = `class F { a() { return sql\`true\`; } b = sql\`true\`; }
      class G extends F { m() { db.fetch(sql\`SELECT \${super.a()}\`); db.fetch(sql\`SELECT \${this.a()}\`); db.fetch(sql\`SELECT \${this.b}\`); } }
      class H { constructor(private readonly f: F) {} m() { db.fetch(sql\`SELECT \${this.f.a()}\`); } }`;
    const { queries, unknown } = findQueries('a.ts', source);
    expect(queries).toEqual([]);
    expect(unknown.map(({ reason }) => reason.split(' ')[0])).toEqual([
      'super.a()',
      'this.a()',
      'this.b',
      'this.f.a()',
    ]);
  });

  it.each([
    ['a value that a query gives', 'const w = await pool.fetchVal(sql`SELECT 1`);', 'w'],
    [
      'what a method makes of a query',
      'class F { a() { return this.db.fetchVal(sql`SELECT 1`); } } const f = new F();',
      'await f.a()',
    ],
    [
      'what a function within a function returns',
      'async function f() { run(() => { return sql`true`; }); return 1; }',
      'await f()',
    ],
    ['a number', 'class F { a = 1; get b() { return this.a; } } const f = new F();', 'f.b'],
    ['another type', 'type W = string; let w: W;', 'w'],
    ['a function of another type', 'declare function w(of: SqlFragment): string;', 'w(x)'],
  ])('takes for a value %s', (_, declared, value) => {
    const source = `${declared} db.fetch(sql\`SELECT 1 WHERE \${${value}}\`)`;
    const { queries, unknown } = findQueries('a.ts', source);
    expect(unknown).toEqual([]);
    expect(queries.at(-1)?.variants[0]?.text.value).toBe('SELECT 1 WHERE $1');
  });

  it("calls columns in lists as the program's transform does", () => {
    const rename = (name: string): string => name.toLowerCase();
    const source = 'db.execute(sql`UPDATE t ${sql.set({ aB: 1 })} WHERE ${sql.id("cD")} = 1`);';
    const { queries } = findQueries('a.ts', source, undefined, rename);
    expect(queries[0]?.variants[0]?.text.value).toBe('UPDATE t SET "ab" = $1 WHERE "cD" = 1');
  });

  it('does not check more than 64 variants', () => {
    const parts = [...'abcdefg'].map((each) => `\${${each} ? sql\`1\` : sql\`\`}`).join(' ');
    const { queries, unknown } = findQueries('a.ts', `db.fetch(sql\`SELECT ${parts}\`)`);
    expect(queries).toEqual([]);
    expect(unknown.map(({ reason }) => reason)).toEqual(['there are more than 64 variants']);
  });

  it('knows the name that a template could have', () => {
    const source = 'export async function byId(id) { return db.fetch(sql`SELECT ${id}`); }';
    const [query] = findQueries('/x/user-queries.ts', source).queries;
    expect(query?.nameGoes?.name).toBe('userQueries.byId');
    expect(source.slice(query?.nameGoes?.at)).toMatch(/^`SELECT/);
  });

  it('tells of a template with a list that only the program knows', () => {
    const { queries, unknown } = findQueries('a.ts', 'db.fetch(sql`SELECT ${sql.id(name)}`);');
    expect(queries).toEqual([]);
    expect(unknown.map(({ reason }) => reason)).toEqual([
      'sql.id(name) is only known when the program runs',
    ]);
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
