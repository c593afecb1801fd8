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

  it.each([
    ['u:p%40w@localhost/d', 'host=/cloudsql/p:r:i', 'u:p%40w@%2Fcloudsql%2Fp%3Ar%3Ai/d'],
    ['u@localhost:5433/d', 'host=%2Frun%2Fpostgresql', 'u@%2Frun%2Fpostgresql:5433/d'],
    ['u:p@w@localhost:5433', 'host=/tmp', 'u:p@w@%2Ftmp:5433'],
    ['localhost/d', 'host=other', 'other/d'],
    ['[::1]:5433/d', 'host=::2', '%3A%3A2:5433/d'],
    ['localhost/d', 'host=/a&host=/b&connect_timeout=3', '%2Fb/d?connect_timeout=3'],
    // Nothing is in front of it, or what the driver is to tell of.
    ['/d', 'host=/tmp', '/d?host=/tmp'],
    ['u@/d', 'host=/tmp', 'u@/d?host=/tmp'],
    ['u@a,b:1/d', 'host=/tmp', 'u@a,b:1/d?host=/tmp'],
    ['u@h/d', 'host=%zz', 'u@h/d?host=%zz'],
  ])('of %s?%s the host of the query is taken', (place, query, expected) => {
    const { dsn, options } = splitDsn(`postgresql://${place}?${query}`);
    expect(dsn).toBe(`postgresql://${expected}`);
    expect(options).toEqual({});
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
