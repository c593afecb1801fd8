// The same program on Knex with pg and with asyncpg/pg in its place, each in a process of its own:
// `npm run bench:knex`.
import { compare } from './compare.ts';

await compare('Knex', ['pg', 'facade'], (driver, dsn) => [
  process.execPath,
  [new URL('knex-child.ts', import.meta.url).pathname, driver, dsn],
]);
