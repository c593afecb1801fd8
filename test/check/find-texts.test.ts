import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { findQueries } from '../../src/check/sources/find-queries.ts';
import { Module } from '../../src/check/sources/modules.ts';
import { Project } from './project.ts';
import { textsOf } from './texts-of.ts';

describe('the finder of queries, of texts that stand elsewhere', () => {
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
      'more.last can be written to: it is checked if that is const',
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

  it.each<[string, string, string[]]>([
    ['a type', '(d: Dir) => db.fetch(`SELECT ${d}`)', ['ASC', 'DESC']],
    [
      'a type that may be nothing',
      '(d?: Dir | null) => db.fetch(`SELECT ${d ?? 1}`)',
      ['ASC', 'DESC', '1'],
    ],
    ['a type of another name', '(d: Way) => db.fetch(`SELECT ${d}`)', ['ASC', 'DESC']],
    ['what a type leaves out', "(d: Exclude<Dir, 'ASC'>) => db.fetch(`SELECT ${d}`)", ['DESC']],
    [
      'what a type has with another',
      "(d: Extract<Dir, 'ASC' | 'x'>) => db.fetch(`SELECT ${d}`)",
      ['ASC'],
    ],
    ['a property of a type', '(o: Options) => db.fetch(`SELECT ${o.page.dir}`)', ['ASC', 'DESC']],
    [
      'a property that is inherited',
      '(o: Options) => db.fetch(`SELECT ${o.sort}`)',
      ['name', 'id'],
    ],
    ['a type by its property', "(d: Options['sort']) => db.fetch(`SELECT ${d}`)", ['name', 'id']],
    [
      'a pattern',
      '({ page: { dir }, sort = "id" }: Partial<Options>) => db.fetch(`SELECT ${dir}${sort}`)',
      ['ASCname', 'ASCid', 'DESCname', 'DESCid'],
    ],
    [
      'a variable that takes a property',
      '(o: Options) => { const { sort } = o; const d = o.page.dir; db.fetch(`SELECT ${sort}${d}`); }',
      ['nameASC', 'nameDESC', 'idASC', 'idDESC'],
    ],
    ['a list', '(s: Sort) => db.fetch(`SELECT ${s}`)', ['name', 'id']],
    ['the keys of an object', '(c: Column) => db.fetch(`SELECT ${c}`)', ['a', 'b']],
    [
      'the keys of an object that choose',
      '(c: Column) => db.fetch(`SELECT ${c} FROM ${COLUMNS[c]}`)',
      ['a FROM u.a', 'b FROM u.b'],
    ],
    [
      'the values of an object',
      '(c: (typeof COLUMNS)[Column]) => db.fetch(`SELECT ${c}`)',
      ['u.a', 'u.b'],
    ],
    ['the keys of a type', '(c: keyof Base) => db.fetch(`SELECT ${c}`)', ['sort']],
    ['an enum', '(o: Order) => db.fetch(`SELECT ${o}`)', ['up', 'down']],
  ])('finds the texts that %s of another module allows', async (_, source, texts) => {
    await using project = await Project.make({
      'types.ts': `export type Dir = 'ASC' | 'DESC'; export const SORTS = ['name', 'id'] as const;
        export type Sort = (typeof SORTS)[number]; export interface Base { sort: Sort }
        export interface Options extends Base { page: { dir: Dir } } export enum Order { a = 'up', b = 'down' }
        export const COLUMNS = { a: 'u.a', b: 'u.b' } as const; export type Column = keyof typeof COLUMNS;`,
      'index.ts': "export * from './types.ts'; export type { Dir as Way } from './types.ts';",
    });
    const imports =
      "import { type Base, type Column, COLUMNS, type Dir, type Options, Order, type Sort, type Way } from './index.ts';";
    const found = findQueries(path.join(project.folder, 'a.ts'), `${imports} ${source}`);
    expect(found.unknown).toEqual([]);
    expect(found.queries.map(({ variants: [one] }) => one?.text.value)).toEqual(
      texts.map((each) => `SELECT ${each}`),
    );
    expect(found.uses.map((each) => path.basename(each)).toSorted()).toEqual([
      'index.ts',
      'types.ts',
    ]);
  });

  it.each([
    [
      'a list whose texts may be any',
      "const L = ['a']; (s: (typeof L)[number]) => db.fetch(`SELECT ${s}`)",
    ],
    [
      'an object whose texts may be any',
      "const O = { a: 'x' }; (s: (typeof O)['a']) => db.fetch(`SELECT ${s}`)",
    ],
    ['an enum of numbers', 'enum E { a } (s: E) => db.fetch(`SELECT ${s}`)'],
    ['a type that is text as well', "(s: 'a' | string) => db.fetch(`SELECT ${s}`)"],
    [
      'the keys of a type with others',
      'interface A extends B { a: 1 } (s: keyof A) => db.fetch(`SELECT ${s}`)',
    ],
  ])('does not know the texts of %s', (_, source) => {
    const { queries, unknown } = findQueries('a.ts', source);
    expect(queries).toEqual([]);
    expect(unknown.map(({ reason }) => reason)).toEqual(['s is not known before the program runs']);
  });

  it('adds numbers, and does not write one behind the other', () => {
    const source = `const MOST = 50; const L = { page: { size: 20 } } as const;
      db.fetch(\`SELECT 1 LIMIT \${MOST + 1}\`); db.fetch(\`SELECT 1 LIMIT \${L.page.size * 2 - MOST / 5}\`);
      db.fetch(\`SELECT \${-1}, \${1 + MOST + 'a'}\`); db.fetch(\`SELECT \${MOST % 2}\`); db.fetch(\`SELECT \${MOST - x}\`)`;
    expect(textsOf(source)).toEqual(['SELECT 1 LIMIT 51', 'SELECT 1 LIMIT 30', 'SELECT -1, 51a']);
    expect(findQueries('a.ts', source).unknown).toHaveLength(2);
  });

  it.each([
    ['a function returns', 'const size = () => 5;', 'size() + 1 + 2', ['8']],
    ['a function is given', 'const more = (n) => `${n + 1}`;', 'more(10)', ['11']],
    ['a key chooses', 'const L = { a: 10, b: 100 } as const;', 'L[key] + 1', ['11', '101']],
    ['a condition chooses', '', '(x ? 100 : 10) + 1', ['101', '11']],
    ['a loop goes through', '', '[1, 2].map((n) => db.fetch(`SELECT ${n + 1}`))', ['2', '3']],
    [
      'are texts as well',
      'const size = () => 5;',
      "size() + '' + 1 + (x ? 1 : '2')",
      ['511', '512'],
    ],
  ])('adds numbers that %s', (_, declared, added, sums) => {
    const query = added.includes('db.') ? added : `db.fetch(\`SELECT \${${added}}\`)`;
    expect(textsOf(`${declared} ${query}`)).toEqual(sums.map((each) => `SELECT ${each}`));
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

  it('says when a query has which text', () => {
    const whens = (source: string): (string | null)[] =>
      findQueries('a.ts', source).queries.flatMap(({ variants }) =>
        variants.map(({ when }) => when),
      );
    expect(whens("const f = (o: 'p' | 'q', x) => db.fetch(`SELECT ${o}, ${x ? 1 : 2}`)")).toEqual([
      "when o === 'p', x",
      "when o === 'p', not x",
      "when o === 'q', x",
      "when o === 'q', not x",
    ]);
    const called = 'const by = (up) => (up ? 1 : 2); db.fetch(`SELECT ${by(\n x)} ${by(y)}`)';
    expect(whens(called)).toEqual([
      'when x, y',
      'when x, not y',
      'when not x, y',
      'when not x, not y',
    ]);
    expect(whens(called.replaceAll(/\b[xy]\b/g, '$&()')).slice(1, 2)).toEqual([
      'when up in by( x()), not up in by(y())',
    ]);
    expect(whens('db.fetch(`SELECT ${a !== "b" ? 1 : 2}, ${!(a === null) ? 1 : 2}`)')).toEqual([
      "when a !== 'b', a !== null",
      'when a === null',
      "when a === 'b'",
    ]);
    expect(whens("const T = ['a', 'b']; T.map((t) => db.fetch(`SELECT ${t}, ${t}`))")).toEqual([
      'when it is T[0]',
      'when it is T[1]',
    ]);
    expect(whens('for (const q of ["SELECT 1"]) db.fetch(q);')).toEqual([null]);
  });

  it('does not take an element for a parameter that is given something else', () => {
    const source =
      "['SELECT 1'].map((q) => { q = other; db.fetch(q); }); ['SELECT 2'].map((_, q) => db.fetch(q));" +
      "['SELECT 3'].reduce((q) => db.fetch(q)); const L = ['SELECT 4', ...more]; L.map((q) => db.fetch(q))";
    expect(textsOf(source)).toEqual([]);
    const own =
      "(q = 'SELECT id FROM t WHERE') => { q += rest; db.fetch(q); }; for (const { q = 'SELECT 5' } of L) db.fetch(q);";
    expect(textsOf(own)).toEqual(['SELECT 5']);
    expect(findQueries('a.ts', own).unknown).toEqual([]);
  });

  it.each([
    ["const c = ['a', 'b']; db.fetch(`SELECT ${c.filter((each) => each !== x).join()}`)"],
    ["const c = ['a', 'b']; db.fetch(`SELECT ${c.toSorted().join()}`)"],
    ["const c = ['a', 'b']; db.fetch(`SELECT ${c.slice(n).join()}`)"],
    ["const c = ['a']; for (const each of x) c.push('b'); db.fetch(`SELECT ${c.join()}`)"],
    ["const c = ['a']; x.forEach((each) => c.push('b')); db.fetch(`SELECT ${c.join()}`)"],
    ["const c = ['a']; c.push(...more); db.fetch(`SELECT ${c.join()}`)"],
    ["const m = new Map([['a', 'b']]); m.set('a', x); db.fetch(`SELECT ${m.get('a')}`)"],
    ["const m = new Map(more); db.fetch(`SELECT ${m.get('a')}`)"],
    ['const o = { ...more, [x]: 1 }; db.fetch(`SELECT ${o[k]}`)'],
    ["const all = (t) => { t += 'x'; return `SELECT ${t}`; }; db.fetch(all('a'))"],
    ["const all = (a, t) => `SELECT ${t}`; db.fetch(all(...x, 'a'))"],
    [
      "const all = (t) => ((t) => `SELECT ${t}`)(x); const one = (t) => { const f = (t) => `SELECT ${t}`; return f(y); }; db.fetch(one('a'))",
    ],
    ['function* some() { yield x; yield; } for (const q of some()) db.fetch(`SELECT ${q}`)'],
  ])('does not take a list for what it is at first: %s', (source) => {
    const { queries, unknown } = findQueries('a.ts', source);
    expect(queries).toEqual([]);
    expect(unknown).toHaveLength(1);
  });

  it('takes an object of a class for what it is though its methods are called as those of a map', () => {
    const source = `class Db { one(text: string) { return pool.fetchRow(text); } set() {} delete() {} }
      const db = new Db(); db.set(1); db.delete(2); db.one('SELECT 1');
      const all = { text: 'SELECT 2', add() {} }; all.add(3); pool.fetch(all.text);`;
    expect(textsOf(source)).toEqual(['SELECT 1', 'SELECT 2']);
  });

  it('tells the texts that the compiler tries and that cannot be', () => {
    const source =
      "const C = { a: 'x', b: 'y' } as const; (k: keyof typeof C) => db.fetch(`SELECT ${C[k]} FROM t GROUP BY ${C[k]}`)";
    expect(findQueries('a.ts', source).impossible).toEqual([
      'SELECT x FROM t GROUP BY y',
      'SELECT y FROM t GROUP BY x',
    ]);
    const many = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((each) => `'${each}'`).join('|');
    const three = findQueries('a.ts', `(k: ${many}) => db.fetch(\`SELECT \${k}\${k}\${k}\`)`);
    expect([three.queries.length, three.impossible.length]).toEqual([7, 0]);
  });

  it('gets by with a list of thousands', () => {
    const list = Array.from({ length: 5000 }, (_, index) => `'t${index}'`).join();
    const source = `for (const t of [${list}]) db.fetch(\`SELECT FROM \${t}\`)`;
    const { unknown } = findQueries('a.ts', source);
    expect(unknown.map(({ reason }) => reason)).toEqual(['there are more than 64 variants']);
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
      'the texts that a type parameter allows, or a type of a function of its own',
      "type D = 'c'; function f<D extends 'a' | 'b'>(d: D) { db.fetch(`SELECT 1 ORDER BY ${d}`); }" +
        "function g(d: D) { type E = 'd'; db.fetch(`SELECT 1 ORDER BY ${d}`); const e = (e: E) => db.fetch(`SELECT 1 ORDER BY ${e}`); } type E = 'e';",
      ['a', 'b', 'c', 'd'].map((each) => `SELECT 1 ORDER BY ${each}`),
    ],
    [
      'the texts that a property of one of two types allows',
      "const f = (o: { up: 'ASC' } | { up: 'DESC' } | null) => db.fetch(`SELECT 1 ORDER BY 1 ${o.up}`);",
      ['SELECT 1 ORDER BY 1 ASC', 'SELECT 1 ORDER BY 1 DESC'],
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
      'what a list of objects has',
      "const JOBS = [{ text: 'SELECT 1', key: 'a' }, { text: 'SELECT 2', key: 'b' }]; for (const job of JOBS) db.execute(job.text);" +
        'for (const { text: t, key } of JOBS) db.fetch(`${t} AS ${key}`)',
      ['SELECT 1', 'SELECT 2', 'SELECT 1 AS a', 'SELECT 2 AS b'],
    ],
    [
      'what the functions of a list are given',
      "const ALL = ['SELECT 1', { text: 'SELECT 2' }, sql`SELECT 3`]; ALL.map((each) => db.fetch(each));" +
        "ALL.filter((each) => each !== x).forEach(async function (each) { await db.fetch(each); }); ['SELECT 4'].flatMap((q) => db.fetch(q))",
      ['SELECT 1', 'SELECT 2', 'SELECT 3', 'SELECT 4'],
    ],
    [
      'what an object has',
      "const Q = { a: 'SELECT 1', b: 'SELECT 2' }; for (const [name, text] of Object.entries(Q)) db.fetch(text);" +
        "Object.values({ c: 'SELECT 3' }).map((q) => db.fetch(q)); Object.entries(Q).map(([name]) => db.fetch(`SELECT FROM ${name}`))",
      ['SELECT 1', 'SELECT 2', 'SELECT 3', 'SELECT FROM a', 'SELECT FROM b'],
    ],
    [
      'what a map has',
      "const M = new Map([['a', 'SELECT 1'], ['b', `SELECT 2`]]); db.fetch(M.get('b')!); db.fetch(M.get(key)); for (const [k, q] of M) db.fetch(q + k);" +
        'for (const q of M.values()) db.fetch(`${q}, 0`); M.forEach((q, k) => db.fetch(`${q}, 1`)); for (const k of M.keys()) db.fetch(`SELECT ${k}`);' +
        "const N = new Map(Object.entries({ c: 'SELECT 3' })); db.fetch(N.get(key)); for (const q of new Set(['SELECT 4'])) db.fetch(q)",
      [
        ...['SELECT 2', 'SELECT 1', 'SELECT 2', 'SELECT 1a', 'SELECT 2b'],
        ...['SELECT 1, 0', 'SELECT 2, 0'],
        ...['SELECT 1, 1', 'SELECT 2, 1', 'SELECT a', 'SELECT b', 'SELECT 3', 'SELECT 4'],
      ],
    ],
    [
      'the names of what an object has',
      "const Q = { a: 'SELECT 1', b: 'SELECT 2' }; for (const k of Object.keys(Q)) db.fetch(Q[k]); for (const k in Q) db.fetch(`${Q[k]} AS ${k}`);" +
        'Object.keys(Q).map((k) => db.fetch(`${Q[k as keyof typeof Q]}, 0`)); db.fetch(`SELECT ${Object.keys(Q).join(", ")} FROM t`)',
      [
        ...['SELECT 1', 'SELECT 2', 'SELECT 1 AS a', 'SELECT 2 AS b', 'SELECT 1, 0', 'SELECT 2, 0'],
        'SELECT a, b FROM t',
      ],
    ],
    [
      'the places of a list',
      "const L = ['SELECT 1', 'SELECT 2']; for (const [i, q] of L.entries()) db.fetch(q); for (const q of L.values()) db.fetch(`${q}, 0`)",
      ['SELECT 1', 'SELECT 2', 'SELECT 1, 0', 'SELECT 2, 0'],
    ],
    [
      'lists in a list',
      "const A = ['SELECT 1']; const B = [...A, 'SELECT 2']; for (const q of [...B, ...(x ? ['SELECT 3'] : [])]) db.fetch(q);" +
        "for (const q of Array.from(A).concat('SELECT 4', ['SELECT 5'])) db.fetch(q); db.batch([...A, sql`SELECT 6`]); const C = ['a']; const D = [...C, 'b']; db.fetch(`SELECT ${D.join(',')}`)",
      [...['SELECT 1', 'SELECT 2', 'SELECT 3', 'SELECT 4', 'SELECT 5', 'SELECT 6', 'SELECT a,b']],
    ],
    [
      'objects in an object',
      "const A = { a: 'SELECT 1', b: 'SELECT 2' }; const B = { ...A, b: 'SELECT 3', c: { ...A } }; db.fetch(B.a); db.fetch(B.b); db.fetch(B.c.b); db.fetch(`${{ ...A, b: 'SELECT 4' }[k]}, 0`)",
      ['SELECT 1', 'SELECT 3', 'SELECT 2', 'SELECT 1, 0', 'SELECT 4, 0'],
    ],
    [
      'what a generator gives',
      "function* some() { yield 'SELECT 1'; yield* ['SELECT 2']; [1].map(() => { function* f() { yield 'SELECT 0'; } }); } async function* more() { yield* some(); yield sql`SELECT 3`; }" +
        'for (const q of some()) db.fetch(q); for await (const q of more()) db.fetch(q); db.batch([...some()])',
      ['SELECT 1', 'SELECT 2', 'SELECT 3'],
    ],
    [
      'a list that is joined, as it grows',
      "const w = ['true']; if (a) w.push('b > 1'); const c = ['x', 'y']; const l = [p && 'p', q ? 'q' : null, 'r'].filter(Boolean);" +
        "db.fetch(`SELECT 1 WHERE ${w.join(' AND ')}`); db.fetch('SELECT ' + l.join(', ')); db.fetch(`SELECT ${c.join(', ')}`)",
      [
        ...['SELECT 1 WHERE true', 'SELECT 1 WHERE true AND b > 1', 'SELECT r', 'SELECT p, r'],
        ...['SELECT q, r', 'SELECT p, q, r', 'SELECT x, y'],
      ],
    ],
    [
      'a batch of what is made of a list',
      "db.batch(ids.map((id) => sql`SELECT ${id}`)); db.batch(ids.map((id) => { return { text: 'SELECT 2', args: [id] }; })); const all = () => ['SELECT 3']; db.batch(all())",
      ['SELECT $1', 'SELECT 2', 'SELECT 3'],
    ],
    [
      'templates that a key chooses',
      "const Q = { a: sql`SELECT 1`, b: { text: 'SELECT 2' } }; db.fetch(Q[key]); const M = new Map([['a', sql`SELECT 3`]]); db.fetch(M.get(key))",
      ['SELECT 1', 'SELECT 2', 'SELECT 3'],
    ],
    [
      'what is pushed to a list',
      "const L = ['SELECT 1']; L.push('SELECT 2'); for (const q of L) db.fetch(q)",
      ['SELECT 1', 'SELECT 2'],
    ],
    [
      'what a parameter is where nothing is given',
      "function one(text = 'SELECT 1', ...args) { return db.fetchRow(text, ...args); } one('SELECT 2')",
      ['SELECT 1', 'SELECT 2'],
    ],
    [
      'a name that chooses more than once',
      "const C = { a: 'x', b: 'y' } as const; const f = (k: keyof typeof C, o: 'p' | 'q') => {" +
        ' db.fetch(`SELECT ${C[k]} FROM t GROUP BY ${C[k]}`); db.fetch(`SELECT ${o}, ${o}`);' +
        "db.fetch(`SELECT ${k === 'a' ? 1 : 2}, ${C[k]}`); }; for (const t of ['m', 'n']) db.fetch(`SELECT ${t}, ${t}`)",
      [
        ...[
          'SELECT x FROM t GROUP BY x',
          'SELECT y FROM t GROUP BY y',
          'SELECT p, p',
          'SELECT q, q',
        ],
        ...['SELECT 1, x', 'SELECT 2, y', 'SELECT m, m', 'SELECT n, n'],
      ],
    ],
    [
      'two that go through the same list',
      "const T = ['a', 'b']; for (const t of T) for (const u of T) db.fetch(`SELECT ${t}, ${u}, ${t}`)",
      ['SELECT a, a, a', 'SELECT a, b, a', 'SELECT b, a, b', 'SELECT b, b, b'],
    ],
    [
      'a function that is called twice',
      "const by = (up: boolean) => (up ? 'ASC' : 'DESC'); const all = () => (some ? 1 : 2);" +
        'db.fetch(`SELECT ${by(x)}, ${by(y)}`); db.fetch(`SELECT ${by(x)} ${by(x)}`); db.fetch(`SELECT ${all()}, ${all()}`)',
      [
        ...['SELECT ASC, ASC', 'SELECT ASC, DESC', 'SELECT DESC, ASC', 'SELECT DESC, DESC'],
        ...['SELECT ASC ASC', 'SELECT DESC DESC', 'SELECT 1, 1', 'SELECT 2, 2'],
      ],
    ],
    [
      'what a function returns',
      "const from = (table: 'a' | 'b') => ` FROM ${table}`; function all() { return 'SELECT *'; }" +
        "class R { #one() { return 'SELECT 1'; } m() { db.fetch(all() + from('a')); db.fetch(this.#one()); } }",
      ['SELECT * FROM a', 'SELECT 1'],
    ],
    [
      'what a function is given in a call',
      "const C = { a: 'x', b: 'y' } as const; const by = (up = true) => (up ? 1 : 2); const col = (k: keyof typeof C) => C[k];" +
        'const two = (a, b) => `${a ? 1 : 2}${b ? 1 : 2}`; const f = (k: keyof typeof C, up: boolean, b) => {' +
        'db.fetch(`SELECT ${col(k)}, ${C[k]}`); db.fetch(`SELECT ${by(true)}${by(false)}${by()}`); db.fetch(`SELECT ${two(b, up)} ${b ? 1 : 2}`);' +
        'db.fetch(`SELECT ${by(up)}${up ? 3 : 4}`); db.fetch(`SELECT ${col("a")}`); }',
      [
        ...['SELECT x, x', 'SELECT y, y', 'SELECT 121'],
        ...['SELECT 11 1', 'SELECT 12 1', 'SELECT 21 2', 'SELECT 22 2'],
        // Of what may be undefined the parameter's own value comes.
        ...['SELECT 13', 'SELECT 14', 'SELECT 23', 'SELECT 24', 'SELECT x'],
      ],
    ],
    [
      'what a function makes of what it is given',
      'const by = (o) => { const { up } = o; return up ? 1 : 2; }; const no = (up) => { up = !up; return up ? 1 : 2; };' +
        'const own = () => { const x = other; return x ? 1 : 2; };' +
        'db.fetch(`SELECT ${by(x)}${by(y)}`); db.fetch(`SELECT ${no(x)}${x ? 1 : 2}`); db.fetch(`SELECT ${own()}${x ? 1 : 2}${own()}`)',
      [
        ...['SELECT 11', 'SELECT 12', 'SELECT 21', 'SELECT 22'],
        ...['SELECT 11', 'SELECT 12', 'SELECT 21', 'SELECT 22'],
        ...['SELECT 111', 'SELECT 121', 'SELECT 212', 'SELECT 222'],
      ],
    ],
    [
      'a method of two objects',
      'class D { dir() { return this.up ? 1 : 2; } both() { return `${this.dir()}${this.dir()}`; } } const a = new D(); const b = new D();' +
        'db.fetch(`SELECT ${a.dir()}${b.dir()}`); db.fetch(`SELECT ${a.both()}`)',
      ['SELECT 11', 'SELECT 12', 'SELECT 21', 'SELECT 22', 'SELECT 11', 'SELECT 22'],
    ],
    [
      'a function that returns in several places',
      "const col = (k) => { if (k) return 'a'; return 'b'; };" +
        'db.fetch(`SELECT ${col(x)} FROM t GROUP BY ${col(x)}`); db.fetch(`SELECT ${col(x)}${col(y)}`)',
      [
        ...['SELECT a FROM t GROUP BY a', 'SELECT b FROM t GROUP BY b'],
        ...['SELECT aa', 'SELECT ab', 'SELECT ba', 'SELECT bb'],
      ],
    ],
    [
      'a text that a function is given',
      "const TABLE = 'b'; const all = (t: string) => `SELECT * FROM ${t}`; const by = (t, c = 'id', n) => `${all(t)} WHERE ${c} = $${n}`;" +
        "db.fetch(all('a')); db.fetch(all(TABLE) + ' LIMIT 1'); db.fetch(by('c', `x`, 1)); db.fetch(all(all('d'))); const t = 'e'; db.fetch(all(`f${t}`));" +
        "class R { from(t) { return `SELECT 1 FROM ${t}`; } m() { db.fetch(this.from('g')); } }",
      [
        ...['SELECT * FROM a', 'SELECT * FROM b LIMIT 1', 'SELECT * FROM c WHERE x = $1'],
        ...['SELECT * FROM SELECT * FROM d', 'SELECT * FROM fe', 'SELECT 1 FROM g'],
      ],
    ],
    [
      'a function that leaves early, or by a switch, and the same condition elsewhere',
      "const col = (x) => { if (!x) return 'a'; if (y) { throw z; } return 'b'; }; const by = (k) => { switch (k) { case 'p': return 1; case 'q': { return 2; } case 'r': case 's': return 3; default: return 4; } };" +
        'const deep = (x) => { if (x) { return 1; } else { return 2; } }; const both = (x) => { return x ? 1 : 2; };' +
        "db.fetch(`SELECT ${col(v)}${v ? 1 : 2}`); db.fetch(`SELECT ${by(k)}${k === 'p' ? 'P' : 'N'}`); db.fetch(`SELECT ${deep(v)}${both(v)}`); db.fetch(`SELECT ${col(v)}${y ? 1 : 2}`)",
      [
        ...['SELECT a2', 'SELECT b1', 'SELECT 1P', 'SELECT 2N', 'SELECT 3N', 'SELECT 4N'],
        ...['SELECT 11', 'SELECT 22', 'SELECT a1', 'SELECT a2', 'SELECT b2'],
      ],
    ],
    [
      'a condition of what is written to between',
      'const f = (x) => { const a = x ? 1 : 2; x = !x; return db.fetch(`SELECT ${a}${x ? 3 : 4}`); };' +
        'const g = (n) => { const a = n > 1 ? 1 : 2; n++; return db.fetch(`SELECT ${a}, ${n > 1 ? 3 : 4}`); };' +
        'class A { m() { const a = this.x ? 1 : 2; this.x = h(); return db.fetch(`SELECT ${a} ${this.x ? 3 : 4}`); } }',
      [
        ...['SELECT 13', 'SELECT 14', 'SELECT 23', 'SELECT 24'],
        ...['SELECT 1, 3', 'SELECT 1, 4', 'SELECT 2, 3', 'SELECT 2, 4'],
        ...['SELECT 1 3', 'SELECT 1 4', 'SELECT 2 3', 'SELECT 2 4'],
      ],
    ],
    [
      'a condition of what is written to before, or of another variable that is',
      'const by = (up) => (up ? 1 : 2); const f = (x) => { x = !x; return db.fetch(`SELECT ${x ? 1 : 2}${x ? 3 : 4}${by(x)}`); };' +
        'const g = (x) => { const a = x ? 1 : 2; { let x; x = 1; [x] = y; } const h = (x) => { x = 2; }; return db.fetch(`SELECT ${a}${x ? 3 : 4}`); };',
      ['SELECT 131', 'SELECT 242', 'SELECT 13', 'SELECT 24'],
    ],
    [
      'conditions that are the same, or of which one can hold',
      'const f = (o: "p" | "q", s: string, v) => { db.fetch(`SELECT ${o}${o !== \'p\' ? 1 : 2}${o === "q" ? 1 : 2}`);' +
        "db.fetch(`SELECT${v === undefined ? '' : ' 1'}${v !== undefined ? ' 2' : ''}`);" +
        "db.fetch(`SELECT 1${s === 'a' ? ' ORDER BY a' : ''}${s === 'b' ? ' ORDER BY b' : ''}`); }",
      [
        ...['SELECT p22', 'SELECT q11', 'SELECT', 'SELECT 1 2'],
        ...['SELECT 1 ORDER BY a', 'SELECT 1 ORDER BY b', 'SELECT 1'],
      ],
    ],
    [
      'a key of which it is known what it is',
      "const C = { a: 'x', b: 'y', c: 'z' } as const; const f = (k: 'a' | 'b') => db.fetch(`SELECT ${C[k]}`);" +
        "for (const k of ['b', 'c'] as const) db.fetch(`SELECT ${k}, ${C[k]}`)",
      ['SELECT x', 'SELECT y', 'SELECT b, y', 'SELECT c, z'],
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

  it('follows no more than there is time for', () => {
    const names = Array.from({ length: 30 }, (_, index) => `f${index}`);
    const functions = names.map(
      (name, index) =>
        `function ${name}(a) { if (a) return f${(index + 1) % 30}(1); [1].map(() => { return 'x'; }); return f${(index + 2) % 30}(2) + f${(index + 3) % 30}(3); }`,
    );
    const source = `${functions.join('\n')} db.fetch(f0(f1(2)) + ' FROM a '); all(f2(f3(4)));
      function one() { [1].map(() => { return 'x'; }); return 'SELECT 1'; } db.fetch(one() + ' FROM b');`;
    using lookedUp = vi.spyOn(Module.prototype, 'constant');
    expect(textsOf(source)).toEqual(['SELECT 1 FROM b']);
    expect(lookedUp.mock.calls.length).toBeLessThan(1000);
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
      'those that it refers to, where what it extends has a baseUrl',
      {
        'base.json': '{ "compilerOptions": { "baseUrl": "." } }',
        'app/tsconfig.json':
          '{ "extends": "../base.json", "files": [], "references": [{ "path": "./tsconfig.app.json" }] }',
        'app/tsconfig.app.json': '{ "compilerOptions": { "paths": { "@/*": ["./src/*"] } } }',
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
});
