import path from 'node:path';
import { ClusterError } from './cluster-error.ts';
import { checkSettings, type ServerSetting } from './configuration.ts';

/** How a temporary cluster is made; everything may be left out. */
export interface TempClusterOptions {
  /** The folder with `initdb` and `postgres`. Default: the first installation that is found. */
  readonly binDir?: string | undefined;
  /** The major version wanted, such as `18`. Default: that of the first installation found. */
  readonly version?: number | undefined;
  /** Server settings, such as `{ max_connections: 200 }`. They win over the cluster's own. */
  readonly settings?: Readonly<Record<string, ServerSetting>> | undefined;
  /**
   * The lines of `pg_hba.conf`, in place of its default, which trusts everybody on this machine.
   * See https://www.postgresql.org/docs/current/auth-pg-hba-conf.html
   */
  readonly hba?: readonly string[] | undefined;
  /**
   * Files to put into the data directory, by name: a certificate and its key, for example. Nobody
   * but the server's user may read them. Settings may name them without a path.
   */
  readonly files?: Readonly<Record<string, string | Uint8Array>> | undefined;
  /**
   * A name. If a cluster of the same version was kept by it, see `TempCluster.keep`, this one begins
   * with a copy of its data, which takes a fraction of the time.
   */
  readonly kept?: string | undefined;
}

/** How a standby differs from its primary; everything may be left out. */
export interface StandbyOptions {
  /** Settings to add to those of the primary, or to replace among them. */
  readonly settings?: Readonly<Record<string, ServerSetting>> | undefined;
}

/** What {@link TempCluster.restart} may change on its way. */
export interface RestartOptions {
  /** Settings to add to those in force, or to replace among them. */
  readonly settings?: Readonly<Record<string, ServerSetting>> | undefined;
  /** The new lines of `pg_hba.conf`. */
  readonly hba?: readonly string[] | undefined;
}

type Names<Options> = Readonly<Record<keyof Options, true>>;

export const CLUSTER_OPTIONS: Names<TempClusterOptions> = {
  binDir: true,
  version: true,
  settings: true,
  hba: true,
  files: true,
  kept: true,
};
export const STANDBY_OPTIONS: Names<StandbyOptions> = { settings: true };
export const RESTART_OPTIONS: Names<RestartOptions> = { settings: true, hba: true };

/** @throws ClusterError for an option that there is not, and for values and settings that cannot be had */
export function checkOptions(
  options: TempClusterOptions | StandbyOptions | RestartOptions,
  names: Readonly<Record<string, true>>,
): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(names, name)) continue;
    const hint = /_/.test(name) ? ': settings of the server are in settings' : '';
    throw new ClusterError(`unknown option "${name}"${hint}`);
  }
  const { settings = {}, version, hba } = options as TempClusterOptions;
  checkSettings(settings);
  if (version !== undefined && !Number.isInteger(version)) {
    throw new ClusterError(`version: expected a number such as 18, got ${JSON.stringify(version)}`);
  }
  if (hba !== undefined && !(Array.isArray(hba) && hba.every((line) => typeof line === 'string'))) {
    throw new ClusterError('hba: expected a list of the lines');
  }
}

/** @throws ClusterError for the name of a file that leads elsewhere, and for what no file can have in it */
export function checkFiles(files: Readonly<Record<string, unknown>>): void {
  for (const [name, content] of Object.entries(files)) {
    if (path.basename(name) !== name) {
      throw new ClusterError(`files: ${JSON.stringify(name)} must be a name without a folder`);
    }
    if (typeof content !== 'string' && !ArrayBuffer.isView(content)) {
      throw new ClusterError(`files: the content of ${JSON.stringify(name)} must be text or bytes`);
    }
  }
}
