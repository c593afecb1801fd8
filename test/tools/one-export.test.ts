import { expect, test } from 'vitest';
import { fromObject, inOneObject } from '../../tools/one-export.ts';

test('what is exported stands in one object, and no line is moved', () => {
  const code =
    'const One = 1;\nfunction two() {}\nexport { One as a, two };\n//# sourceMappingURL=x';
  expect(inOneObject(code)).toBe(
    'const One = 1;\nfunction two() {}\nexport const start$ = { __proto__: null, a: One, two };\n//# sourceMappingURL=x',
  );
});

test('who imports it takes it out of the object, and other imports stay', () => {
  const code = [
    'import { a as One, two } from "./start.js";',
    'import { a as Pool } from "./pool.js";',
    'import { two as both } from "../../start.js";',
    'import { restart } from "./restart.js";',
  ];
  expect(fromObject(code.join('\n')).split('\n')).toEqual([
    'import { start$ } from "./start.js"; const { a: One, two } = start$;',
    code[1],
    'import { start$ } from "../../start.js"; const { two: both } = start$;',
    code[3],
  ]);
});

test.each([
  'let count = 0;\nfunction add() { count++; }\nexport { count };',
  'let count = 0;\nfunction set(x) { ({ count } = x); }\nexport { count as n };',
  'let count = 0;\nconst set = (x) => { [count] = x; };\nexport { count };',
  'let count = 0;\nfunction last(x) { for (count of x); }\nexport { count };',
])('what is assigned anew cannot be had so: %j', (code) => {
  expect(() => inOneObject(code)).toThrow('is exported and assigned anew');
});
