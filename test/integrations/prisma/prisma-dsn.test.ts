import { describe, expect, it } from 'vitest';
import { ClientConfigurationError } from '../../../src/index.ts';
import { PrismaAsyncpg } from '../../../src/integrations/prisma/index.ts';
import { splitDsn } from '../../../src/integrations/prisma/prisma-dsn.ts';

const BASE = 'postgresql://user:secret@host/shop';

describe('Prisma’s parameters of a DSN', () => {
  it.each([
    ['connection_limit=1', { maxSize: 1 }],
    ['pool_timeout=3', { acquireTimeout: 3000 }],
    ['pool_timeout=0', {}],
    ['socket_timeout=4', { commandTimeout: 4000 }],
    ['socket_timeout=0', {}],
    ['max_connection_lifetime=5', { maxConnectionLifetime: 5000 }],
    ['max_connection_lifetime=0', {}],
    ['max_idle_connection_lifetime=6', { maxInactiveConnectionLifetime: 6000 }],
    ['max_idle_connection_lifetime=0', { maxInactiveConnectionLifetime: 0 }],
    ['statement_cache_size=0', { statementCacheSize: 0 }],
    ['statement_cache_size=500', { statementCacheSize: 500 }],
    ['pgbouncer=true', { statementCacheSize: 0 }],
    ['pgbouncer=false', {}],
    ['pgbouncer=true&statement_cache_size=50', { statementCacheSize: 0 }],
    ['statement_cache_size=50&pgbouncer=true', { statementCacheSize: 0 }],
    ['connection_limit=3&connection_limit=4&pool_timeout=1', { maxSize: 4, acquireTimeout: 1000 }],
  ])('%s is %j', (parameters, options) => {
    expect(splitDsn(`${BASE}?${parameters}`)).toEqual({ dsn: BASE, schema: undefined, options });
  });

  it('has a schema, percent-encoded', () => {
    expect(splitDsn(`${BASE}?schema=a+b%26%3D%C3%A9`).schema).toBe('a b&=é');
  });

  it('leaves all others to the driver', () => {
    const others =
      'sslmode=require&connect_timeout=0&options=-c%20a.b=c&toString=1&application_name';
    const { dsn, options } = splitDsn(`${BASE}?schema=x&${others}&connection_limit=2`);
    expect(dsn).toBe(`${BASE}?${others}`);
    expect(options).toEqual({ maxSize: 2 });
    expect(splitDsn('host=h schema=x').dsn).toBe('host=h schema=x');
  });

  it.each([
    ['connection_limit', ['0', '', 'x', '-1', '2.5', '1e1', '99999999999']],
    ['pool_timeout', ['', 'x', '-1', '0.5', 'Infinity']],
    ['socket_timeout', ['', 'x', '-1', '0.5']],
    ['max_connection_lifetime', ['', 'x']],
    ['max_idle_connection_lifetime', ['', 'x']],
    ['statement_cache_size', ['', 'x', '-1']],
    ['pgbouncer', ['', '1', 'TRUE', 'yes']],
    ['schema', ['', '%zz', '%ff']],
  ])('names %s, and not the value, where that is none of Prisma’s', (key, values) => {
    for (const value of values) {
      const make = () => new PrismaAsyncpg(`${BASE}?${key}=${value}`);
      expect(make, value).toThrow(ClientConfigurationError);
      expect(make, value).toThrow(`the parameter "${key}" of Prisma's must be `);
    }
  });
});
