import { SourceMap } from 'node:module';
import { expect, test } from 'vitest';
import { denseLinesOf } from '../../tools/dense-lines.ts';

const AS_IT_IS = { compress: false, mangle: false, module: true } as const;
const dense = (code: string): string => denseLinesOf(code, undefined, AS_IT_IS).code;

test('each statement, member of a class and case has a line of its own, without spaces', () => {
  const code = `export class A extends B {
    #a = 1;
    get a() { return this.#a; }
    static { for (let i = 0; i < 2; i += 1) { work(i); } }
  }
  switch (x) { case 1: one(); break; default: other(); }
  if (x) y(); else { z(); }`;
  expect(dense(code).split('\n')).toEqual([
    'export class A extends B{',
    '#a=1;',
    'get a(){',
    'return this.#a}',
    'static{',
    'for(let i=0;i<2;i+=1){',
    'work(i)}}}',
    'switch(x){',
    'case 1:',
    'one();',
    'break;',
    'default:',
    'other()}',
    'if(x)y();else{',
    'z()}',
  ]);
});

test('functions that V8 is to compile at once stay in parentheses', () => {
  expect(dense('const a = (function (b) { return b; }), c = ((d) => d);')).toBe(
    'const a=(function(b){\nreturn b}),c=(d=>d);',
  );
});

test('strings have quotes, and templates that need to be stay templates', () => {
  const values = ['a', "it's", 'a "b"', '`', 'two\nlines', '\\', 'ü…', '\u2028', '${a}', '\0'];
  const code = `[${values.map((value) => JSON.stringify(value)).join(', ')}, \`a\${1 + 1}b\`, String.raw\`\\u\`]`;
  const written = dense(code);
  expect(written).toContain('"a","it\'s"');
  expect(written).toMatch(/^[\0-\x7f]*$/);
  expect(new Function(`return ${written}`)()).toEqual([...values, 'a2b', '\\u']);
});

test('the map leads each place to where it was', () => {
  const lines = [
    'const first = 1;',
    'function second(third) {',
    '  return `x',
    'y${third}`;',
    '}',
    'fourth(() => { fifth(); sixth(); });',
  ];
  const source = lines.join('\n');
  const inputMap = {
    version: 3,
    sources: ['there.ts'],
    names: [],
    // Each line of it is a line further down in the source.
    mappings: `;${lines.map((_, at) => (at === 0 ? 'AAAA' : 'AACA')).join(';')}`.slice(1),
  };
  const { code, map } = denseLinesOf(source, inputMap as never, AS_IT_IS);
  const found = new SourceMap(map as never);
  const written = code.split('\n');
  for (const word of ['first', 'second', 'fourth', 'fifth', 'sixth', 'return']) {
    const line = written.findIndex((each) => each.includes(word));
    const entry = found.findEntry(line, written[line]!.indexOf(word)) as { originalLine: number };
    expect([word, entry.originalLine]).toEqual([
      word,
      lines.findIndex((each) => each.includes(word)),
    ]);
  }
});
