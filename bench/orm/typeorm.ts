// The same program on TypeORM with pg and with asyncpg/pg in its place, each in a process of its own:
// `npm run bench:typeorm`.
import { compare } from './compare.ts';

await compare('TypeORM', ['pg', 'facade'], (driver, dsn) => [
  process.execPath,
  [new URL('typeorm-child.ts', import.meta.url).pathname, driver, dsn],
]);
