import type { PoolOptions } from '../../pool/pool-options.ts';

/** A DSN without what only Prisma knows, and what that stands for. */
export interface PrismaDsn {
  readonly dsn: string;
  readonly schema: string | undefined;
  readonly options: PoolOptions;
}

/**
 * Takes Prisma's own parameters out of a DSN, which the server does not have: `schema`, `connection_limit`,
 * `pool_timeout` and `socket_timeout` (seconds), `pgbouncer`. All others are left for the driver.
 */
export function splitDsn(dsn: string): PrismaDsn {
  const start = /^postgres(?:ql)?:/.test(dsn) ? dsn.indexOf('?') : -1;
  if (start < 0) return { dsn, schema: undefined, options: {} };
  let schema: string | undefined;
  let options: PoolOptions = {};
  const kept = dsn
    .slice(start + 1)
    .split('&')
    .filter((pair) => {
      const [key, value] = pair.split(/=(.*)/s);
      if (value === undefined) return true;
      if (key === 'schema') {
        schema = decodeURIComponent(value);
        return false;
      }
      const option = optionOf(key!, value);
      if (option !== null) options = { ...options, ...option };
      return option === null;
    });
  const query = kept.length === 0 ? '' : `?${kept.join('&')}`;
  return { dsn: dsn.slice(0, start) + query, schema, options };
}

/** What a parameter of Prisma's is among a pool's options; null: it is none of Prisma's. */
function optionOf(key: string, value: string): PoolOptions | null {
  switch (key) {
    case 'connection_limit':
      return { maxSize: Number(value) };
    case 'pool_timeout':
      return Number(value) === 0 ? {} : { acquireTimeout: Number(value) * 1000 };
    case 'socket_timeout':
      return { commandTimeout: Number(value) * 1000 };
    case 'pgbouncer':
      return value === 'true' ? { statementCacheSize: 0 } : {};
    default:
      return null;
  }
}
