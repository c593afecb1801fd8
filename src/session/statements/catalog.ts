/** What is loaded with the first question to the server's catalog: see `catalog`. */
// biome-ignore lint/performance/noBarrelFile: it is what one import() brings
export { domainColumns } from './domain-columns.ts';
export { findTypeOid, introspect } from './introspection.ts';
export { askForArrayNulls, askForSurroundings } from './surroundings-questions.ts';
