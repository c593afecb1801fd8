import { ClientConfigurationError } from '../../errors/client-errors.ts';
import type { PoolOptions } from '../../pool/pool-options.ts';

/** A DSN without what only Prisma knows, and what that stands for. */
export interface PrismaDsn {
  readonly dsn: string;
  readonly schema: string | undefined;
  readonly options: PoolOptions;
}

/**
 * Takes Prisma's own parameters out of a DSN, which the server does not have: `schema` and those of `PARAMETERS`.
 * `host` goes before the host in front of it, as with Prisma, which needs one there for a socket's directory too.
 * All others are left for the driver.
 *
 * @throws ClientConfigurationError that names the parameter which has no value of Prisma's
 */
export function splitDsn(dsn: string): PrismaDsn {
  const start = /^postgres(?:ql)?:/.test(dsn) ? dsn.indexOf('?') : -1;
  if (start < 0) return { dsn, schema: undefined, options: {} };
  let schema: string | undefined;
  let options: PoolOptions = {};
  let place = dsn.slice(0, start);
  const kept = dsn
    .slice(start + 1)
    .split('&')
    .filter((pair) => {
      const [key, value] = pair.split(/=(.*)/s);
      if (value === undefined) return true;
      if (key === 'schema') {
        schema = schemaOf(value);
        return false;
      }
      if (key === 'host') {
        const moved = withHost(place, value);
        if (moved === null) return true;
        place = moved;
        return false;
      }
      if (!Object.hasOwn(PARAMETERS, key!)) return true;
      const { expected, read } = PARAMETERS[key!]!;
      const option = read(value);
      if (option === null) throw invalid(key!, expected);
      // PgBouncer keeps no statements, however many were asked for.
      const { statementCacheSize } = options;
      options = { ...options, ...option, ...(statementCacheSize === 0 && { statementCacheSize }) };
      return false;
    });
  const query = kept.length === 0 ? '' : `?${kept.join('&')}`;
  return { dsn: place + query, schema, options };
}

/** What is in front of a DSN's query, with another host; null: it names none, or several, or the new one is none. */
function withHost(place: string, value: string): string | null {
  const parts = /^([^/]*\/\/(?:[^/]*@)?)(?:\[[^\]]*\]|[^/@,:[]+)(:\d*)?((?:\/.*)?)$/s.exec(place);
  if (parts === null || value === '') return null;
  try {
    return `${parts[1]}${encodeURIComponent(decodeURIComponent(value))}${parts[2] ?? ''}${parts[3]}`;
  } catch {
    return null;
  }
}

/** A parameter of Prisma's. */
interface Parameter {
  /** What its value must be. */
  readonly expected: string;
  /** What a value is among a pool's options; null: it is none. */
  read(value: string): PoolOptions | null;
}

const PARAMETERS: Readonly<Record<string, Parameter>> = {
  connection_limit: {
    expected: 'a whole number of connections, at least 1',
    read: (value) => (/^0*[1-9]\d{0,8}$/.test(value) ? { maxSize: Number(value) } : null),
  },
  pool_timeout: seconds((acquireTimeout) => ({ acquireTimeout })),
  socket_timeout: seconds((commandTimeout) => ({ commandTimeout })),
  max_connection_lifetime: seconds((maxConnectionLifetime) => ({ maxConnectionLifetime })),
  max_idle_connection_lifetime: seconds(
    (maxInactiveConnectionLifetime) => ({ maxInactiveConnectionLifetime }),
    { maxInactiveConnectionLifetime: 0 },
  ),
  statement_cache_size: {
    expected: 'a whole number of statements',
    read: (value) => (isCount(value) ? { statementCacheSize: Number(value) } : null),
  },
  pgbouncer: {
    expected: 'true or false',
    read(value) {
      if (value === 'true') return { statementCacheSize: 0 };
      return value === 'false' ? {} : null;
    },
  },
};

/** @param unlimited what 0 stands for, which is no limit: that of most options is their default */
function seconds(
  option: (milliseconds: number) => PoolOptions,
  unlimited: PoolOptions = {},
): Parameter {
  return {
    expected: 'a whole number of seconds; 0 is no limit',
    read(value) {
      if (!isCount(value)) return null;
      return Number(value) === 0 ? unlimited : option(Number(value) * 1000);
    },
  };
}

function isCount(value: string): boolean {
  return /^\d{1,9}$/.test(value);
}

/** As Prisma reads it, `+` is a space. */
function schemaOf(value: string): string {
  try {
    const schema = decodeURIComponent(value.replaceAll('+', ' '));
    if (schema !== '') return schema;
  } catch {
    // It is told below.
  }
  throw invalid('schema', 'the name of a schema, percent-encoded');
}

/** The value is not told: a piece in the wrong place may be the password's. */
function invalid(key: string, expected: string): ClientConfigurationError {
  return new ClientConfigurationError(
    `invalid DSN: the parameter "${key}" of Prisma's must be ${expected}`,
  );
}
