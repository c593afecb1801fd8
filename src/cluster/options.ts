import type { ServerSetting } from './configuration.ts';

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
