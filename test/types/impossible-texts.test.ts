/** Texts that the compiler tries where a key stands twice in one, and that the program cannot send. */
import { expect, it } from 'vitest';
import { IMPOSSIBLE } from '../../src/check/generated-file.ts';
import { compile } from './compile.ts';

it('are nothing to the types of the others, also where a text that was not checked is an error', async () => {
  const said = await compile(`
import type { Pool, Transaction } from 'asyncpg';
declare module 'asyncpg' {
  interface CheckOptions { strict: true }
  interface CheckedQueries {
    'SELECT a FROM t WHERE a = $1': { args: [a: number]; row: { a: number }; first: number; one: true };
    'SELECT b FROM t WHERE b = $1': { args: [b: number]; row: { b: string }; first: string; one: true };
    'SELECT a FROM t WHERE b = $1': ${IMPOSSIBLE};
    'SELECT b FROM t WHERE a = $1': ${IMPOSSIBLE};
  }
}
declare const pool: Pool;
declare const tx: Transaction;
declare const key: 'a' | 'b';
const rows = await pool.fetch(\`SELECT \${key} FROM t WHERE \${key} = $1\`, 1);
export const theRows: ({ a: number } | { b: string })[] = rows;
const row = await pool.fetchRow(\`SELECT \${key} FROM t WHERE \${key} = $1\`, 1);
export const theRow: { a: number } | { b: string } = row;
const value = await pool.fetchVal(\`SELECT \${key} FROM t WHERE \${key} = $1\`, 1);
export const theValue: number | string = value;
void tx.cursor(\`SELECT \${key} FROM t WHERE \${key} = $1\`, 1);
void pool.executeMany(\`SELECT \${key} FROM t WHERE \${key} = $1\`, [[1]]);
// @ts-expect-error
void pool.fetch(\`SELECT \${key} FROM t WHERE \${key} = $1\`, 'one');
// @ts-expect-error
void pool.executeMany(\`SELECT \${key} FROM t WHERE \${key} = $1\`, [['one']]);
`);
  expect(said).toBe('');
}, 120_000);
