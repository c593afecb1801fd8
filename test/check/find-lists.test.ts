import { describe, expect, it } from 'vitest';
import { findQueries } from '../../src/check/sources/find-queries.ts';
import { textsOf } from './texts-of.ts';

describe('the finder of queries, of lists that something is added to', () => {
  it.each([
    [
      'behind a query',
      'db.fetch(p.join()); p.push("b"); db.fetch(p.join())',
      ['SELECT 1', 'SELECT 1,b'],
    ],
    [
      'behind a query that leaves',
      'function f() { const p = ["SELECT 2"]; if (!x) return db.fetch(p.join()); p.push("b"); return db.fetch(p.join()); }',
      ['SELECT 2', 'SELECT 2,b'],
    ],
    [
      'in front',
      'p.unshift("a", "b"); p.push("d"); p.unshift("c"); db.fetch("SELECT " + p.join())',
      ['SELECT c,a,b,SELECT 1,d'],
    ],
    ['by another name', 'const q = p; q.push("b"); db.fetch(p.join())', ['SELECT 1,b']],
    [
      'by another name that is asked',
      'const q = p; q.push("b"); db.fetch(q.join())',
      ['SELECT 1,b'],
    ],
    [
      'behind its copy',
      'const q = [...p]; p.push("b"); db.fetch(q.join()); db.fetch(p.join())',
      ['SELECT 1', 'SELECT 1,b'],
    ],
    [
      'behind a function that is called then',
      'const f = () => db.fetch(p.join()); p.push("b"); f();',
      ['SELECT 1,b'],
    ],
    ['behind a batch', 'db.batch(p); p.push("SELECT 2"); db.batch(p);', ['SELECT 1', 'SELECT 2']],
    [
      'by nobody who is given it',
      'const n = (all) => all.length; n(p); print(n(p)); log.info(p); db.fetch(p.join())',
      ['SELECT 1'],
    ],
  ])('has what is added %s', (_, source, texts) => {
    const { queries } = findQueries('a.ts', `const p = ['SELECT 1']; ${source}`);
    expect(queries.flatMap(({ variants }) => variants.map(({ text }) => text.value))).toEqual(
      texts,
    );
  });

  it.each([
    ['a function', 'function add(to) { to.push(x); } add(p);'],
    [
      'a function by another one',
      'const add = (to) => { to.length = 0; }; const more = (a, to) => add(to); more(1, p);',
    ],
    [
      'a method',
      'class A { #add(to) { to.splice(0, 1); } f() { const p = ["b"]; this.#add(p); return db.fetch(`SELECT ${p.join()}`); } }',
    ],
    ['a function of another module', "import { add } from './add.js'; await add(p);"],
    [
      'a function that is declared alone',
      'declare function add(to: string[]): void; add(p); p.length = 0;',
    ],
  ])('does not know a list that is given to %s which changes it', (_, source) => {
    const own = source.includes('class') ? '' : 'db.fetch(`SELECT ${p.join()}`);';
    const { queries, unknown } = findQueries('a.ts', `const p = ['a']; ${source} ${own}`);
    expect(queries).toEqual([]);
    expect(unknown).toHaveLength(1);
  });

  it('gets by with names that stand for each other', () => {
    expect(
      textsOf('var a = b; var b = a; a.push("x"); db.fetch(a.join()); db.fetch("SELECT 1");'),
    ).toEqual(['SELECT 1']);
  });
});
