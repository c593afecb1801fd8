/**
 * What is loaded with the first call of many sets of values, of several queries, of a stream, a cursor or
 * a statement that is kept: see `bulkCalls`.
 */

// biome-ignore lint/performance/noBarrelFile: it is what one import() brings
export { scriptResult } from '../script-result.ts';
export { executeMany } from './execute-many.ts';
export { prepareKept } from './prepare-kept.ts';
export { runBatch } from './run-batch.ts';
export { stepCursor } from './step-cursor.ts';
export { streamQuery } from './stream-query.ts';
