import { describe, expect, it } from 'vitest';
import { findQueries } from '../../src/check/sources/find-queries.ts';
import { textsOf } from './texts-of.ts';

describe('the finder of queries, of sql templates in others', () => {
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
    ['m.get(k)', "const m = new Map([['k', sql`a`], ...x]); db.fetch(sql`SELECT ${m.get(k)}`);"],
    [
      'p',
      'function f(L: readonly SqlFragment[]) { for (const p of L) db.fetch(sql`SELECT ${p}`); }',
    ],
    ['L[0]', 'function f(L: Array<SqlFragment>) { db.fetch(sql`SELECT ${L[0]}`); }'],
    ['L[0]', 'type W = SqlFragment[]; function f(L: W) { db.fetch(sql`SELECT ${L[0]}`); }'],
    ['L[1]', 'function f(L: [number, SqlFragment]) { db.fetch(sql`SELECT ${L[1]}`); }'],
    [
      'c',
      'function f(L: (SqlFragment[]) | null) { for (const c of L) db.fetch(sql`SELECT ${c}`); }',
    ],
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
    [
      'a property of an interface that is extended',
      'interface A { w?: SqlFragment } interface B extends A { n: number } let o: B;',
      'o.w',
    ],
    ['a property of two types', 'type A = { w: SqlFragment } & { n: 1 }; let o: A;', 'o.w'],
    ['a property of one of two types', 'let o: { w: number } | { w: SqlFragment };', 'o.w'],
    ['a property that is readonly', 'let o: Readonly<{ w: SqlFragment }> | null;', 'o.w'],
    [
      'a property of a type that leaves out others',
      "interface A { w: SqlFragment; n: 1 } function q({ w }: Omit<A, 'n'> = {}) { %; }",
      'w',
    ],
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
    [
      'another type by the name of one in a function',
      'type W = string; let w: W; function q() { type W = SqlFragment; interface V { w: SqlFragment } }',
      'w',
    ],
    [
      'another type by the name of a type parameter',
      'interface W { a: 1 } let w: W; class A<W extends SqlFragment> {} function q<W extends SqlFragment>(w: W) {}',
      'w',
    ],
    [
      'another property of an interface that is extended',
      'interface A { w: SqlFragment; n: 1 } interface B extends A, A { w: number } let o: B;',
      'o.w',
    ],
    ['a property of none', 'interface A extends A, Other { n: 1 } let o: A & Other;', 'o.w'],
    ['a list of values', 'type W = (string | number)[]; let w: W;', 'w[0]'],
    ['a function of another type', 'declare function w(of: SqlFragment): string;', 'w(x)'],
  ])('takes for a value %s', (_, declared, value) => {
    const source = `${declared} db.fetch(sql\`SELECT 1 WHERE \${${value}}\`)`;
    const { queries, unknown } = findQueries('a.ts', source);
    expect(unknown).toEqual([]);
    expect(queries.at(-1)?.variants[0]?.text.value).toBe('SELECT 1 WHERE $1');
  });

  it('takes in lists of fragments that are put together', () => {
    const source = `const base = [sql\`a\`]; const m = new Map([['x', sql\`x\`], ['y', sql\`y\`]]);
      db.fetch(sql\`SELECT 1 WHERE \${sql.and([...base, sql\`b\`])}\`);
      db.fetch(sql\`SELECT 2 WHERE \${sql.and([p && sql\`c\`, q ? sql\`d\` : undefined, sql\`e\`].filter(Boolean))}\`);
      db.fetch(sql\`SELECT 3 WHERE \${sql.or([...(p ? [sql\`c\`] : []), ...base].filter((each) => each !== undefined && each !== false))}\`);
      db.fetch(sql\`SELECT \${m.get(k)}\`);`;
    expect(textsOf(source)).toEqual([
      'SELECT 1 WHERE ((a) AND (b))',
      ...['SELECT 2 WHERE ((e))', 'SELECT 2 WHERE ((c) AND (e))'],
      ...['SELECT 2 WHERE ((d) AND (e))', 'SELECT 2 WHERE ((c) AND (d) AND (e))'],
      ...['SELECT 3 WHERE ((a))', 'SELECT 3 WHERE ((c) OR (a))'],
      ...['SELECT x', 'SELECT y'],
    ]);
    const others = `db.fetch(sql\`SELECT 1 WHERE \${sql.and([sql\`a\`].filter(may))}\`);
      db.fetch(sql\`SELECT 1 WHERE \${sql.and([...more, sql\`a\`])}\`); db.fetch(sql\`SELECT 1 WHERE \${sql.and([sql\`a\`].slice(n))}\`);`;
    expect(findQueries('a.ts', others)).toMatchObject({
      queries: [],
      unknown: [{}, {}, {}],
    });
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

  it('tells of a template with a list that only the program knows', () => {
    const { queries, unknown } = findQueries('a.ts', 'db.fetch(sql`SELECT ${sql.id(name)}`);');
    expect(queries).toEqual([]);
    expect(unknown.map(({ reason }) => reason)).toEqual([
      'sql.id(name) is only known when the program runs',
    ]);
  });
});
