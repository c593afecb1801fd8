/** What the compiler makes of rows whose type nobody told, where that is chosen to be unknown. */
import { expect, it } from 'vitest';
import { compile } from './compile.ts';

const PROGRAM = `
import { type Pool, sql } from 'asyncpg';
declare module 'asyncpg' {
  interface CheckOptions { untyped: 'unknown' }
}
declare const pool: Pool;
interface User { id: bigint; length: string }
const rows = await pool.fetch('SELECT 1 AS id');
const id: unknown = rows[0]?.['id'];
const user = await pool.fetchOne<User>('SELECT 1');
const told: bigint = user.id;
const length: string = user.length;
const counted: bigint | null = await pool.fetchVal<bigint>('SELECT 1');
const typed: bigint = (await pool.fetchOne(sql<User>\`SELECT 1\`)).id;
// @ts-expect-error without a type a column is unknown
rows[0]?.['typo'].deep;
// @ts-expect-error under noUncheckedIndexedAccess there may be no row
rows[0]['id'];
// @ts-expect-error a value by its position is unknown
rows[0]?.[0].deep;
// @ts-expect-error a value is unknown
(await pool.fetchVal('SELECT 1')).nope();
// @ts-expect-error a template tells nothing unless it is told
(await pool.fetchOne(sql\`SELECT 1\`))['id'].deep;
// @ts-expect-error rows of a batch
(await pool.batch(['SELECT 1']))[0].rows[0]?.['id'].deep;
// @ts-expect-error a row of a statement
(await (await pool.acquire()).prepare('SELECT 1').then((s) => s.fetchOne()))['id'].deep;
// @ts-expect-error rows of a stream
for await (const row of pool.stream('SELECT 1')) row['id'].deep;
// @ts-expect-error a spread row has the columns alone
({ ...(await pool.fetchOne<{ id: bigint }>('SELECT 1')) }).length;
void [id, told, length, counted, typed];
`;

it('rows are unknown until somebody tells their type, where that is chosen', async () => {
  expect(await compile(PROGRAM)).toBe('');
}, 120_000);
