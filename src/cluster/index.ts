// So that the declarations find the types of Node, whatever `types` their user has configured.
/// <reference types="node" preserve="true" />

/**
 * A throw-away PostgreSQL server for tests and quick starts.
 *
 * @module asyncpg/cluster
 */
export { ClusterError } from './cluster-error.ts';
export type { ServerSetting } from './configuration.ts';
export type { RestartOptions, StandbyOptions, TempClusterOptions } from './options.ts';
export { TempCluster } from './temp-cluster.ts';
