import { expect, it } from 'vitest';
import type { Block } from './blocks.ts';
import { printed } from './printed.ts';
import { expectationsOf, programOf } from './program.ts';

const block = (code: string): Block => ({ document: 'page.md', line: 1, code, use: 'run' });

it('what a block says of a value is compared with it', () => {
  const code = "const a = 1; // → 1\nconsole.log('x', a); // → x 1";
  expect(programOf(block(code)).split('\n').slice(1)).toEqual([
    'const a = 1; printed("1", a);',
    'printed("x 1", [\'x\', a]);',
  ]);
  expect(expectationsOf(block(code))).toEqual(['1', 'x 1']);
});

it('a value is what it was said to be, or an error', () => {
  printed('1n', 1n);
  printed("{ a: 'x' }", { a: 'x' });
  printed('x 1', ['x', 1]);
  printed('[ 1, 2 ]', [1, 2]);
  printed('done in … ms', ['done in 1.5 ms']);
  for (const [said, value] of [
    ['1', 1n],
    ['x', ['y']],
    ['{ a: 1 }', { a: 1, b: 2 }],
    ['done in … ms', ['done in 1.5 s']],
  ] as const) {
    expect(() => printed(said, value)).toThrow(/the documentation says/);
  }
});

it('a block is given a pool, a connection and the names that it does not make or import', () => {
  const [head] = programOf(block('await pool.fetch(sql`SELECT 1`);')).split('\n');
  expect(head).toContain("import { sql, createPool } from '../asyncpg.ts'");
  expect(head).toContain('await using pool = await createPool(');
  expect(head).not.toContain('connection');
  const own = "import { createPool } from 'asyncpg';\nconst pool = await createPool();";
  expect(programOf(block(own)).split('\n')[0]).not.toContain('createPool');
});
