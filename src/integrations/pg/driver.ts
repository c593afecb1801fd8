import { ClientSession } from '../../client/client-session.ts';
import { contextFor } from '../../client/connect.ts';
import { Connection } from '../../client/connection.ts';
import { CREATE } from '../../client/internals.ts';
import type { CodecSource } from '../../codecs/codec-source.ts';
import type { ConnectConfig } from '../../config/connect-config.ts';
import { checkedPoolOptions } from '../../pool/checked-pool-options.ts';
import { Pool } from '../../pool/pool.ts';
import type { Session } from '../../session/session.ts';
import type { SessionObserver } from '../../session/session-observer.ts';

/*
 * What `asyncpg` of clients and pools gives. Most programs never ask for it: see driver-loader.ts.
 */

/** Who goes on to be told of a session. */
interface Watcher {
  readonly unasked: NonNullable<SessionObserver['unasked']>;
  /** It was closed by its user. `ended` follows. */
  closed(): void;
  ended(reason: Error | null): void;
}

/** The driver's connection on a client's session. */
export function driverConnection(
  session: Session,
  commandTimeout: number | null,
  watcher: Watcher,
): Connection {
  const client = new ClientSession<Connection>(session, commandTimeout);
  session.observer = {
    notice: (message) => client.notice(message),
    notification: (channel, payload, pid) => client.notification(channel, payload, pid),
    transactionEnded: (request) => client.transactionEnded(request),
    unasked: watcher.unasked,
    ended: (reason) => {
      if (reason === null) watcher.closed();
      client.ended(reason);
      watcher.ended(reason);
    },
  };
  return Connection[CREATE](client);
}

/** The codecs of the driver's calls. */
export function driverCodecs(config: ConnectConfig): CodecSource {
  return contextFor(config).registry;
}

/** The driver's pool for the options of a pool of node-postgres, its defaults filled in. */
export function driverPool(config: ConnectConfig, options: any): Pool {
  const { max, maxUses, maxLifetimeSeconds, idleTimeoutMillis, connectionTimeoutMillis } = options;
  const [settings] = checkedPoolOptions({
    // As there, none is opened before somebody wants it.
    minSize: 0,
    maxSize: Number(max),
    maxConnectionLifetime: Number(maxLifetimeSeconds) * 1000,
    maxInactiveConnectionLifetime: Number(idleTimeoutMillis) || 0,
    allowExitOnIdle: Boolean(options.allowExitOnIdle),
    acquireTimeout: Number(connectionTimeoutMillis) || undefined,
  });
  // Infinity among them.
  return Pool[CREATE](config, { ...settings, maxQueries: Number(maxUses) });
}
