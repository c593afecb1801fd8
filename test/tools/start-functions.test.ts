import { stripTypeScriptTypes } from 'node:module';
import { expect, test } from 'vitest';
import { functionsOf, inParentheses } from '../../tools/start-functions.ts';

const SOURCE = `import { a } from './a.ts';
const early = twice(1);
export function twice(x: number): number;
export function twice(x: string): string;
export function twice(x: any): any {
  return [x].map((y) => y + y)[0];
}
async function later<T>(x: T): Promise<T> {
  return x;
}
class Box {
  #open = (x: number) => (y: number) => x + y;
  sum(list: number[]): number {
    function inner() { return list; }
    return inner().reduce((x, y) => x + y, 0);
  }
}
export const find = (x: number): number => early + x;
`;

test('functions are named by what they stand in', () => {
  expect(functionsOf(SOURCE).map(({ name }) => name)).toEqual([
    'twice',
    'twice~0',
    'later',
    'Box.open~0',
    'Box.open~0~0',
    'Box.sum~0',
    'find~0',
  ]);
});

test('those that are asked for stand in parentheses, above all that may call them', () => {
  const gone: string[] = [];
  const text = inParentheses(
    SOURCE,
    new Set(['twice', 'later', 'Box.sum~0', 'find~0', 'gone']),
    (names) => gone.push(...names),
  );
  expect(gone).toEqual(['gone']);
  const lines = text!.toString().split('\n');
  expect(lines).toContain(
    'async function later<T>(x: T): Promise<T> {'.replace('async', 'var later = (async'),
  );
  const declared = lines.findIndex((line) => line.includes('export var twice = (function twice('));
  const called = lines.findIndex((line) => line.includes('twice(1)'));
  expect(declared).toBeGreaterThan(-1);
  expect(declared).toBeLessThan(called);
  expect(lines.join('\n')).toContain('.reduce(((x, y) => x + y), 0)');
  expect(lines.join('\n')).toContain('const find = ((x: number): number => early + x);');
  expect(lines.join('\n')).toContain('.map((y) => y + y)');
});

test('the module does what it did', () => {
  const text = inParentheses(
    SOURCE,
    new Set(['twice', 'twice~0', 'later', 'Box.open~0', 'find~0']),
  );
  const run = (source: string): unknown => {
    const body = stripTypeScriptTypes(source)
      .replace(/^import [^;]*;/, '')
      .replace(/export /g, '');
    return new Function(`${body}; return [early, twice('ab'), find(3), new Box().sum([1, 2])];`)();
  };
  expect(run(text!.toString())).toEqual([2, 'abab', 5, 3]);
  expect(run(text!.toString())).toEqual(run(SOURCE));
});

test('a source without any of them is left as it is', () => {
  expect(inParentheses(SOURCE, new Set(['gone']))).toBeNull();
});
