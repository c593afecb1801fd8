import { RESULT } from '../../client/internals.ts';
import type { Queryable } from '../../client/queryable.ts';
import { InvalidArgumentError } from '../../errors/client-errors.ts';
import { type AsyncpgConnectionOptions, lazyPool } from './lazy-pool.ts';

/** What `drizzle` was given, in whatever form. */
export interface Given<Config> {
  readonly client: Queryable<any>;
  readonly config: Config | undefined;
}

/**
 * The client and the configuration among the arguments of `drizzle`: `(client, config)`, `(dsn, config)`, or one object
 * with a `client` or a `connection`.
 *
 * @throws InvalidArgumentError for a client that is none of this package's
 */
export function givenClient<Config extends object>(params: readonly unknown[]): Given<Config> {
  const [first, second] = params as readonly [unknown, Config | undefined];
  if (typeof first === 'string') return { client: lazyPool(first), config: second };
  if (isClient(first)) return { client: first, config: second };
  const { client, connection, ...rest } = (first ?? {}) as {
    client?: unknown;
    connection?: string | AsyncpgConnectionOptions;
  };
  const config = rest as Config;
  if (client === undefined && connection !== undefined) {
    return { client: lazyPool(connection), config };
  }
  if (isClient(client)) return { client, config };
  throw new InvalidArgumentError(
    'drizzle takes a pool, a connection or a transaction of this package, a DSN, or an object with a client or a connection',
    { hint: 'Make a pool with createPool of this package.' },
  );
}

function isClient(value: unknown): value is Queryable<any> {
  return typeof value === 'object' && value !== null && RESULT in value;
}
