/** What is loaded with the first type that has to be asked for: see `typeQueries`. */
// biome-ignore lint/performance/noBarrelFile: it is what one import() brings
export { domainColumns } from './domain-columns.ts';
export { findTypeOid, introspect } from './introspection.ts';
