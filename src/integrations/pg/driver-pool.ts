import { CREATE } from '../../client/internals.ts';
import { Pool as DriverPool } from '../../pool/pool.ts';
import { splitPoolOptions } from '../../pool/pool-options.ts';
import { Client } from './client.ts';
import { connectConfig, SETTINGS } from './connect-config.ts';

/** The driver's pool for the options of a pool of node-postgres, its defaults filled in. */
export function driverPool(options: any): DriverPool {
  const config = connectConfig(new Client(options)[SETTINGS]());
  const { max, maxUses, maxLifetimeSeconds, idleTimeoutMillis, connectionTimeoutMillis } = options;
  const [settings] = splitPoolOptions({
    // As there, none is opened before somebody wants it.
    minSize: 0,
    maxSize: Number(max),
    maxConnectionLifetime: Number(maxLifetimeSeconds) * 1000,
    maxInactiveConnectionLifetime: Number(idleTimeoutMillis) || 0,
    allowExitOnIdle: Boolean(options.allowExitOnIdle),
    acquireTimeout: Number(connectionTimeoutMillis) || undefined,
  });
  // Infinity among them.
  return DriverPool[CREATE](config, { ...settings, maxQueries: Number(maxUses) });
}
