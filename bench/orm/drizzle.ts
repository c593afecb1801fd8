// The same program on Drizzle with pg, with postgres.js, with asyncpg/pg in pg's place and with asyncpg/drizzle, each
// in a process of its own: `npm run bench:drizzle`.
import { compare } from './compare.ts';

await compare('Drizzle', ['pg', 'postgres', 'facade', 'native'], (driver, dsn) => [
  process.execPath,
  [new URL('drizzle-child.ts', import.meta.url).pathname, driver, dsn],
]);
