/** What the compiler says where a query is not as the database has it. */
import { expect, it } from 'vitest';
import { compile } from './compile.ts';

const DECLARED = `
import type { Pool, Transaction } from 'asyncpg';
declare module 'asyncpg' {
  interface CheckedQueries {
    'SELECT nme FROM users': { error: 'column "nme" does not exist' };
    'SELECT id FROM users WHERE id = $1': { args: [id: number]; row: { id: number }; first: number };
  }
}
declare const pool: Pool;
declare const tx: Transaction;
`;

const METHODS = ['fetch', 'fetchRow', 'fetchOne', 'fetchVal', 'execute', 'stream', 'cursor'];

it('the message of the server, in each method, with arguments and without', async () => {
  const calls = METHODS.flatMap((method) => {
    const object = method === 'cursor' ? 'tx' : 'pool';
    return [
      `void ${object}.${method}('SELECT nme FROM users');`,
      `void ${object}.${method}('SELECT nme FROM users', 1);`,
    ];
  });
  const said = await compile(DECLARED + calls.join('\n'));
  const first = DECLARED.split('\n').length;
  for (const [i, call] of calls.entries()) {
    const error = said
      .split(/^(?=main\.ts)/m)
      .find((each) => each.startsWith(`main.ts(${first + i},`));
    expect(error, call).toContain('column \\"nme\\" does not exist');
  }
}, 120_000);

it('that a text has not been checked, or is not known, in each method, where that is an error', async () => {
  const strict = `${DECLARED}
    declare module 'asyncpg' { interface CheckOptions { strict: true } }
    declare const text: string;`;
  const calls = METHODS.flatMap((method) => {
    const object = method === 'cursor' ? 'tx' : 'pool';
    return [
      [`void ${object}.${method}('SELECT 1');`, 'run `npx asyncpg check`: this text is not in its'],
      [`void ${object}.${method}('SELECT 1', 1);`, 'run `npx asyncpg check`: this text is not in'],
      [`void ${object}.${method}(text);`, 'this text is not known to the compiler: give the type'],
      [`void ${object}.${method}(text, 1);`, 'this text is not known to the compiler: give the'],
    ] as const;
  });
  const said = await compile(`${strict}\n${calls.map(([call]) => call).join('\n')}`);
  const first = strict.split('\n').length + 1;
  for (const [i, [call, message]] of calls.entries()) {
    const error = said
      .split(/^(?=main\.ts)/m)
      .find((each) => each.startsWith(`main.ts(${first + i},`));
    expect(error, call).toContain(message);
  }
}, 120_000);

it('that arguments are missing, or are of another type', async () => {
  const said = await compile(`${DECLARED}
void pool.fetch('SELECT id FROM users WHERE id = $1');
void pool.fetch('SELECT id FROM users WHERE id = $1', 'one');
`);
  expect(said).toContain('these are not the arguments of this query');
  expect(said).toContain("'string' is not assignable to parameter of type 'number'");
}, 120_000);
