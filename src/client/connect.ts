import { TypeRegistry } from '../codecs/registry.ts';
import { rareCodecs } from '../codecs/rooms.ts';
import type { ConnectConfig } from '../config/connect-config.ts';
import { loadConfig } from '../config/load-config.ts';
import type { ConnectOptions } from '../config/options.ts';
import { hostDirectories } from '../connecting/host-directory-room.ts';
import type { SessionContext } from '../connecting/open-session.ts';
import { ClientConfigurationError } from '../errors/client-errors.ts';
import { type Clock, systemClock } from '../transport/clock.ts';
import type { Network } from '../transport/network.ts';
import { nodeNetwork } from '../transport/node/network.ts';
import { isAbortSignal } from '../values/builtins.ts';
import type { RowForm } from '../values/row-form.ts';
import { located } from './calls/caller-stack.ts';
import { Connection } from './connection.ts';
import { CREATE } from './internals.ts';
import { openClientSession } from './open-client-session.ts';

/** What the sessions of one connection, or of one pool, have in common. */
export function contextFor(
  config: ConnectConfig,
  clock: Clock = systemClock,
  network: Network = nodeNetwork,
): SessionContext {
  const registry = TypeRegistry.declaring(config.types, config.codecs);
  registry.columnName = config.rowStyle.column;
  const { hostProvider, hosts } = config;
  const directory =
    hostProvider === null
      ? null
      : new hostDirectories.content!.HostDirectory(hostProvider, hosts, clock);
  return {
    config,
    registry,
    clock,
    network,
    directory,
  };
}

/** The configuration, once what `contextFor` needs for it is loaded. */
export async function configFor(
  dsn: string | undefined,
  options: ConnectOptions<RowForm>,
): Promise<ConnectConfig> {
  const config = await loadConfig(dsn, options);
  if (config.codecs.size > 0) await rareCodecs.open();
  if (config.hostProvider !== null) await hostDirectories.open();
  return config;
}

/** The arguments of `connect` and `createPool`: a DSN, options, or both. */
export function splitArguments<O>(
  first: string | O | undefined,
  second: O | undefined,
): [dsn: string | undefined, options: O] {
  if (typeof first === 'string') return [first, second ?? ({} as O)];
  return [undefined, first ?? second ?? ({} as O)];
}

/** How to connect, and what ends the attempt early. */
export interface SingleConnectOptions<F extends RowForm = 'record'> extends ConnectOptions<F> {
  /** Aborting gives the attempt up: `connect` rejects with `signal.reason`. */
  readonly signal?: AbortSignal | null | undefined;
}

/**
 * Connects to a PostgreSQL server.
 *
 * @param dsn `postgres://user:password@host:port/database?option=value` or libpq's
 *   `keyword=value` form. PostgreSQL manual, "Connection Strings".
 * @throws ClientConfigurationError for options that make no sense
 * @throws InvalidPasswordError and other PostgresErrors for what the server objects to
 * @throws ConnectionFailureError when no server can be reached; its `cause` is the system's error
 * @throws TimeoutError when it takes longer than `timeout` (60 seconds unless told otherwise)
 * @example
 * await using connection = await connect('postgres://ada@localhost/shop');
 * console.log(await connection.fetchVal('SELECT version()'));
 */
export function connect<F extends RowForm = 'record'>(
  dsn?: string,
  options?: SingleConnectOptions<F>,
): Promise<Connection<F>>;
/** The same, with the server named by the options and the environment alone. */
export function connect<F extends RowForm = 'record'>(
  options?: SingleConnectOptions<F>,
): Promise<Connection<F>>;
export function connect(
  first?: string | SingleConnectOptions<any>,
  second?: SingleConnectOptions<any>,
): Promise<Connection<any>> {
  return located(async () => {
    const [dsn, given] = splitArguments(first, second);
    const [signal, options] = splitSignal(given);
    const config = await configFor(dsn, options);
    return Connection[CREATE](await openClientSession(contextFor(config), signal));
  });
}

/** The signal belongs to the call, everything else to the configuration. */
function splitSignal(
  given: SingleConnectOptions<RowForm>,
): [AbortSignal | null, ConnectOptions<RowForm>] {
  if (given.signal === undefined || given.signal === null) return [null, given];
  const { signal, ...options } = given;
  if (!isAbortSignal(signal)) {
    throw new ClientConfigurationError('option signal: expected an AbortSignal');
  }
  return [signal, options];
}
