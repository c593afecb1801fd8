// What asyncpg/opentelemetry costs small queries: not imported, imported, taken back, and on, each in a process
// of its own, in turns: `npm run bench:telemetry`.
import { compare } from './orm/compare.ts';

await compare('OpenTelemetry', ['not imported', 'imported', 'stopped', 'on'], (mode, dsn) => [
  process.execPath,
  [new URL('telemetry-child.ts', import.meta.url).pathname, mode, dsn],
]);
