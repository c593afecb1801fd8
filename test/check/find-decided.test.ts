import { describe, expect, it } from 'vitest';
import { findQueries } from '../../src/check/sources/find-queries.ts';
import { textsOf } from './texts-of.ts';

const TYPE = "type O = 'a' | 'b' | 'none';";

describe('the finder of queries, of what is decided where a query is given', () => {
  it.each([
    ['a return ahead', "if (o === 'none') return; db.fetch(`SELECT ${o}`)"],
    [
      'a return ahead in a block',
      "if (!(o !== 'none')) { log(); throw x; } db.fetch(`SELECT ${o}`)",
    ],
    ['one of several conditions ahead', "if (o === 'none' || x) return; db.fetch(`SELECT ${o}`)"],
    ['the condition around it', "if (o !== 'none') db.fetch(`SELECT ${o}`)"],
    ['one of several conditions around it', "if (x && o !== 'none') { db.fetch(`SELECT ${o}`) }"],
    ['the other branch', "if (o === 'none') log(); else db.fetch(`SELECT ${o}`)"],
    ['&&', "o !== 'none' && db.fetch(`SELECT ${o}`)"],
    ['? :', "o === 'none' ? 1 : db.fetch(`SELECT ${o}`)"],
    ['? : in the call', "db.fetch(o === 'none' ? x : `SELECT ${o}`)"],
    ['switch', "switch (o) { case 'none': break; default: db.fetch(`SELECT ${o}`) }"],
    [
      'a loop that goes on',
      "for (const y of z) { if (o === 'none') continue; db.fetch(`SELECT ${o}`) }",
    ],
    [
      'what a function makes',
      "const t = (o: O) => `SELECT ${o}`; if (o !== 'none') db.fetch(t(o))",
    ],
  ])('leaves out the texts that the program cannot send, by %s', (_, body) => {
    const { queries, impossible } = findQueries('a.ts', `${TYPE} function f(o: O) { ${body} }`);
    const texts = queries.flatMap(({ variants }) => variants.map(({ text }) => text.value));
    expect(texts).toEqual(['SELECT a', 'SELECT b']);
    expect(impossible).toEqual(['SELECT none']);
  });

  it('leaves out templates as well', () => {
    const source = `import { sql } from 'asyncpg'; function f(o?: string) { if (!o) return; db.fetch(sql\`SELECT \${o ? sql\`1\` : sql\`2\`}\`); }`;
    expect(textsOf(source)).toEqual(['SELECT 1']);
  });

  it.each([
    [
      'is written to',
      "if (o === 'none') o = 'a'; if (o === 'none') return; o = y; db.fetch(`SELECT ${o}`)",
    ],
    ['is of another name', "if (o === 'none') return; { let o: O; db.fetch(`SELECT ${o}`); }"],
    [
      'is given to a function',
      "if (o === 'none') return; y.map((o: O) => db.fetch(`SELECT ${o}`))",
    ],
    ['is asked behind it', "db.fetch(`SELECT ${o}`); if (o === 'none') return;"],
    [
      'is asked in another function',
      "const g = () => { if (o === 'none') return; }; db.fetch(`SELECT ${o}`)",
    ],
    ['is left by a part alone', "if (o === 'none' && x) return; db.fetch(`SELECT ${o}`)"],
    ['may go on', "if (o === 'none') log(); db.fetch(`SELECT ${o}`)"],
    [
      'is in a text for two calls',
      "const t = `SELECT ${o}`; if (o === 'none') db.fetch(t); else db.fetch(t)",
    ],
    ['cannot be anything', "if (o === 'c') db.fetch(`SELECT ${o}`)"],
  ])('checks all texts of what %s', (_, body) => {
    expect(textsOf(`${TYPE} function f(o: O) { ${body} }`)).toEqual([
      'SELECT a',
      'SELECT b',
      'SELECT none',
    ]);
  });

  it('does not take what a function returns twice for the same', () => {
    const source =
      "function f() { if (more()) return; db.fetch(more() ? 'SELECT 1' : 'SELECT 2'); }";
    expect(textsOf(source)).toEqual(['SELECT 1', 'SELECT 2']);
    const inText = 'function f() { if (more()) return; db.fetch(`SELECT ${more() ? 1 : 2}`); }';
    expect(textsOf(inText)).toEqual(['SELECT 1', 'SELECT 2']);
  });
});
