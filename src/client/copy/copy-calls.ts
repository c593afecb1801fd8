/** What is loaded with the first COPY: see `copyCalls`. */
// biome-ignore lint/performance/noBarrelFile: it is what one import() brings
export { copyFromQuery } from './copy-from-query.ts';
export { copyFromTable } from './copy-from-table.ts';
export { streamBinaryCopy } from './copy-record-stream.ts';
export { copyRecordsToTable } from './copy-records-to-table.ts';
export { copyToTable } from './copy-to-table.ts';
