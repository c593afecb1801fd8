import { ClusterError } from './cluster-error.ts';

/** A value for one of the server's settings; numbers are in the setting's own unit. */
export type ServerSetting = string | number | boolean;

/**
 * A server that nobody will miss need not survive a crash, which makes it fast; nobody outside of
 * this machine may reach it; and its clock reads the same everywhere.
 */
export const DEFAULT_SETTINGS: Readonly<Record<string, ServerSetting>> = {
  fsync: false,
  synchronous_commit: false,
  full_page_writes: false,
  listen_addresses: '127.0.0.1',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** Settings that the cluster decides itself, because what it reports depends on them. */
const RESERVED = new Set([
  'data_directory',
  'hba_file',
  'logging_collector',
  'port',
  'unix_socket_directories',
]);

/**
 * @throws ClusterError for a name that is none, or whose setting would contradict what the cluster
 * itself reports, and for a value that no setting has
 */
export function checkSettings(settings: Readonly<Record<string, ServerSetting>>): void {
  for (const [name, value] of Object.entries<unknown>(settings)) {
    if (!/^[A-Za-z_][\w.]*$/.test(name)) {
      throw new ClusterError(`settings: ${JSON.stringify(name)} is not the name of a setting`);
    }
    if (RESERVED.has(name.toLowerCase())) {
      throw new ClusterError(`settings: ${name} is chosen by the cluster itself; leave it out`);
    }
    if (!['string', 'number', 'boolean'].includes(typeof value)) {
      throw new ClusterError(`settings: ${name} must be a text, a number, true or false`);
    }
  }
}

/**
 * The text of a configuration file.
 *
 * @see https://www.postgresql.org/docs/current/config-setting.html
 */
export function formatSettings(settings: Readonly<Record<string, ServerSetting>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${quote(String(value))}\n`)
    .join('');
}

function quote(value: string): string {
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "''")
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r');
  return `'${escaped}'`;
}
