export { ClusterError } from './cluster-error.ts';
export type { ServerSetting } from './configuration.ts';
export {
  type RestartOptions,
  type StandbyOptions,
  TempCluster,
  type TempClusterOptions,
} from './temp-cluster.ts';
