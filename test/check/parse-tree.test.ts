import { describe, expect, it } from 'vitest';
import { unwrapped } from '../../src/check/describe.ts';
import { parseTree, TreeSyntaxError } from '../../src/check/tree/parse-tree.ts';

describe('the reader of trees', () => {
  it('reads nodes, their fields and what is NULL', () => {
    expect(parseTree('{VAR :varno 1 :arg {CONST :constisnull true} :quals <>}')).toEqual({
      tag: 'VAR',
      varno: '1',
      arg: { tag: 'CONST', constisnull: 'true' },
      quals: null,
    });
  });

  it('reads lists of nodes, of numbers, and sets', () => {
    expect(parseTree('({A} <> (i 1 2) (o 20) (b 3))')).toEqual([
      { tag: 'A' },
      null,
      ['1', '2'],
      ['20'],
      ['3'],
    ]);
  });

  it('tells a column named b from a set', () => {
    expect(parseTree('("b" "i")')).toEqual(['b', 'i']);
  });

  it('reads names with blanks, quotation marks and braces in them', () => {
    expect(parseTree('{TARGETENTRY :resname x\\ \\"y\\{ :colnames ("a\\"b")}')).toEqual({
      tag: 'TARGETENTRY',
      resname: 'x "y{',
      colnames: ['a"b'],
    });
  });

  it('reads the bytes of a datum as one value', () => {
    expect(parseTree('{CONST :constlen 4 :constvalue 4 [ 1 0 0 0 ] :location 7}')).toEqual({
      tag: 'CONST',
      constlen: '4',
      constvalue: '1 0 0 0',
      location: '7',
    });
  });

  it('has one name for what PostgreSQL 15 and 18 call differently', () => {
    expect(parseTree('({COALESCE} {COALESCEEXPR} {RTE})')).toEqual([
      { tag: 'COALESCE' },
      { tag: 'COALESCE' },
      { tag: 'RANGETBLENTRY' },
    ]);
  });

  it.each(['{VAR :varno', '(1 2', '{VAR varno 1}', '{A} {B}', ''])('refuses %j', (text) => {
    expect(() => parseTree(text)).toThrow(TreeSyntaxError);
  });

  it('puts together what the server has broken into lines', () => {
    const long = 'x'.repeat(78);
    expect(unwrapped(`{A :b\n${long}\ny}`).trim()).toBe(`{A :b ${long}y}`);
  });
});
