/**
 * asyncpg/opentelemetry: spans and metrics by the stable conventions for databases.
 *
 * @module asyncpg/opentelemetry
 */
export { instrument } from './instrument.ts';
export type { InstrumentOptions, SpanKindName, TracedCall } from './options.ts';
