/** What is loaded with the first call of many sets of values, of several queries, or of a stream: see `bulkCalls`. */
// biome-ignore lint/performance/noBarrelFile: it is what one import() brings
export { executeMany } from './execute-many.ts';
export { runBatch } from './run-batch.ts';
export { streamQuery } from './stream-query.ts';
