// The same program on Kysely with pg, with asyncpg/pg in its place and with asyncpg/kysely, each in a process
// of its own: `npm run bench:kysely`.
import { compare } from './compare.ts';

await compare('Kysely', ['pg', 'facade', 'native'], (driver, dsn) => [
  process.execPath,
  [new URL('kysely-child.ts', import.meta.url).pathname, driver, dsn],
]);
