import { describe, expect, it } from 'vitest';
import type { ConnectOptions } from '../../src/config/options.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { Temporal } from '../codecs/temporal-stand-in.ts';
import { bareEnvironment, type Given, places, refusal, resolve, untyped } from './support.ts';

describe('the defaults', () => {
  it('are these', () => {
    const config = resolve({});
    expect(places(config)).toEqual([
      '/run/postgresql/.s.PGSQL.5432',
      '/var/run/postgresql/.s.PGSQL.5432',
      '/tmp/.s.PGSQL.5432',
      '/private/tmp/.s.PGSQL.5432',
      'localhost:5432',
    ]);
    expect(config).toMatchObject({
      user: 'os_user',
      database: 'os_user',
      timeout: 60_000,
      wholeTimeout: 60_000,
      attemptTimeout: null,
      commandTimeout: null,
      statementCacheSize: 100,
      maxCachedStatementLifetime: 300_000,
      maxCacheableStatementSize: 15_360,
      ssl: { mode: 'prefer', negotiation: 'postgres', sni: true, keyLogFile: null },
      requireAuth: null,
      channelBinding: 'prefer',
      krbsrvname: 'postgres',
      gsslib: 'gssapi',
      targetSessionAttrs: 'any',
      loadBalanceHosts: 'disable',
      keepAlive: { enabled: true, idle: 60_000, interval: null, count: null },
      minProtocolVersion: 0x30000,
      maxProtocolVersion: 0x30000,
      types: { int8: 'bigint', numeric: 'string', datetime: 'date', json: 'parse', temporal: null },
      lookup: null,
      dial: null,
    });
  });

  it('are localhost and SSPI on Windows', () => {
    const config = resolve({ platform: 'win32' });
    expect(places(config)).toEqual(['localhost:5432']);
    expect(config.gsslib).toBe('sspi');
  });

  it('need the name of the user, unless one is given', () => {
    const environment = {
      ...bareEnvironment(),
      userName: () => {
        throw new Error('no such uid');
      },
    };
    expect(() => resolveConfig(undefined, {}, environment)).toThrow(
      'could not determine the user name to connect with',
    );
    expect(resolveConfig(undefined, { user: 'u' }, environment).database).toBe('u');
  });

  it('come from this process when no environment is given', () => {
    expect(resolveConfig('postgres://u@h/d', {})).toMatchObject({ user: 'u', database: 'd' });
  });
});

describe('precedence', () => {
  const env = { PGHOST: 'env', PGPORT: '1', PGUSER: 'env', PGDATABASE: 'env', PGPASSWORD: 'env' };
  const dsn = 'postgres://dsn:dsn@dsn:2/dsn';
  const options = { host: 'opt', port: 3, user: 'opt', database: 'opt', password: 'opt' };

  it.each<[string, Given, string, string]>([
    ['environment over default', { env }, 'env', 'env:1'],
    ['DSN over environment', { env, dsn }, 'dsn', 'dsn:2'],
    ['option over DSN', { env, dsn, options }, 'opt', 'opt:3'],
    ['empty texts are not given', { env: { ...env, PGAPPNAME: '' }, dsn: 'user=' }, 'env', 'env:1'],
  ])('%s', async (_order, given, name, place) => {
    const config = resolve(given);
    expect(config).toMatchObject({ user: name, database: name });
    expect(places(config)).toEqual([place]);
    const [host] = config.hosts;
    expect(host && (await config.passwordFor(host))).toBe(name);
  });

  it('takes undefined and null as not given', () => {
    const options = { host: undefined, user: null, timeout: null, ssl: null };
    expect(resolve({ options, dsn })).toMatchObject({ user: 'dsn', timeout: 60_000 });
  });

  it('leaves unread what a stronger source overrides', () => {
    const bad = { PGPORT: 'x', PGHOST: '[', PGSSLMODE: 'x', PGTARGETSESSIONATTRS: 'x' };
    const options: ConnectOptions = { port: 9, ssl: false, targetSessionAttrs: 'any' };
    expect(places(resolve({ dsn: 'postgres://h', options, env: bad }))).toEqual(['h:9']);
  });

  it.each<[string, Given, string[]]>([
    ['the option port goes over the DSN host', { dsn, options: { port: 3 } }, ['dsn:3']],
    ['the option host drops the DSN port', { dsn, options: { host: 'h' } }, ['h:5432']],
    ['PGPORT fills in what the DSN leaves open', { dsn: 'postgres://a:5,b', env }, ['a:5', 'b:1']],
    ['PGPORT is not needed', { dsn: 'postgres://a:5', env: { PGPORT: '1,2' } }, ['a:5']],
    ['one port serves all', { options: { host: ['a', 'b'], port: 4 } }, ['a:4', 'b:4']],
    ['one port for each', { options: { host: 'a,b', port: [4, '5'] } }, ['a:4', 'b:5']],
    ['PGHOST with ports', { env: { PGHOST: 'a:1,[::1]:2' } }, ['a:1', '::1:2']],
    [
      'host:port as option',
      { options: { host: ['a:1', '[::1]', '::2'] } },
      ['a:1', '::1:5432', '::2:5432'],
    ],
    ['sockets and TCP', { options: { host: ['/s/', 'a'], port: 6 } }, ['/s/.s.PGSQL.6', 'a:6']],
    ['abstract socket', { options: { host: '@s' } }, ['\0s/.s.PGSQL.5432']],
    [
      'an empty host is the default',
      { options: { host: ',a' }, platform: 'win32' },
      ['localhost:5432', 'a:5432'],
    ],
    ['a port alone', { options: { port: 6 }, platform: 'win32' }, ['localhost:6']],
    [
      'addresses alone',
      { options: { hostaddr: ['::1', '10.0.0.1'] } },
      ['::1:5432', '10.0.0.1:5432'],
    ],
  ])('of hosts: %s', (_rule, given, expected) => {
    expect(places(resolve(given))).toEqual(expected);
  });

  it('of application names', () => {
    const settings = { serverSettings: { application_name: 'setting' } };
    const name = (given: Given) => resolve(given).startupParameters.get('application_name');
    expect(name({ options: { applicationName: 'opt', ...settings } })).toBe('opt');
    expect(name({ options: settings, dsn: 'application_name=dsn' })).toBe('setting');
    expect(name({ dsn: 'application_name=dsn', env: { PGAPPNAME: 'env' } })).toBe('dsn');
    expect(name({ dsn: 'fallback_application_name=dsn', env: { PGAPPNAME: 'env' } })).toBe('env');
    expect(name({})).toBeUndefined();
  });

  it('of server settings', () => {
    const parameters = resolve({
      dsn: 'postgres:///?geqo=dsn&work_mem=dsn',
      options: { serverSettings: { geqo: 'opt', TimeZone: 'opt' } },
      env: { PGTZ: 'env', PGGEQO: 'env', PGDATESTYLE: 'env', PGOPTIONS: '-c a=b' },
    }).startupParameters;
    expect([...parameters].slice(3)).toEqual([
      ['options', '-c a=b'],
      ['geqo', 'opt'],
      ['work_mem', 'dsn'],
      ['TimeZone', 'opt'],
      ['datestyle', 'env'],
    ]);
  });
});

describe('time-outs', () => {
  it.each<[Given, number | null, number | null]>([
    [{ options: { timeout: 5 } }, 5, null],
    [{ options: { timeout: 0 } }, 0, null],
    [{ options: { timeout: -1 } }, 0, null],
    [{ options: { timeout: Number.POSITIVE_INFINITY } }, null, null],
    [{ dsn: 'host=a,b connect_timeout=3' }, 6_000, 3_000],
    [{ dsn: 'host=a connect_timeout=0' }, null, null],
    [{ dsn: 'host=a connect_timeout=-1' }, null, null],
    [{ env: { PGCONNECT_TIMEOUT: ' 2 ', PGHOST: 'a' } }, 2_000, 2_000],
    [{ dsn: 'host=a connect_timeout=3', options: { timeout: 5 } }, 5, null],
  ])('%j', (given, timeout, attemptTimeout) => {
    expect(resolve(given)).toMatchObject({ timeout, attemptTimeout });
  });

  it('of calls may be infinite, which is none', () => {
    const commandTimeout = Number.POSITIVE_INFINITY;
    expect(resolve({ options: { commandTimeout } }).commandTimeout).toBeNull();
  });
});

describe('a wrong value', () => {
  const OPTIONS: readonly Record<string, unknown>[] = [
    { commandTimeout: 0 },
    { commandTimeout: -1 },
    { commandTimeout: Number.NaN },
    { commandTimeout: true },
    { commandTimeout: '1' },
    { timeout: Number.NaN },
    { timeout: '5' },
    { statementCacheSize: -1 },
    { statementCacheSize: 1.5 },
    { statementCacheSize: true },
    { statementCacheSize: '9' },
    { statementCacheSize: Number.POSITIVE_INFINITY },
    { maxCachedStatementLifetime: -1 },
    { maxCachedStatementLifetime: '1' },
    { maxCacheableStatementSize: -1 },
    { maxCacheableStatementSize: 0.5 },
    { host: 5 },
    { host: [] },
    { host: [5] },
    { host: 'a:b' },
    { host: 'a:b:c' },
    { host: 'a\0b' },
    { hostaddr: 'name' },
    { hostaddr: ['::1', '::2'], host: 'a' },
    { port: 0 },
    { port: 65_536 },
    { port: 1.5 },
    { port: 'x' },
    { port: [] },
    { port: [1, 2, 3], host: ['a', 'b'] },
    { user: 1 },
    { user: 'a\0b' },
    { user: '\ud800' },
    { database: {} },
    { password: 1 },
    { password: 'a\0b' },
    { ssl: 'on' },
    { ssl: 1 },
    { ssl: [] },
    { directTls: 'yes' },
    { directTls: true },
    { directTls: true, ssl: 'prefer' },
    { targetSessionAttrs: 'master' },
    { channelBinding: 'yes' },
    { loadBalanceHosts: 'roundrobin' },
    { keepAlive: -1 },
    { keepAlive: 'yes' },
    { gsslib: 'heimdal' },
    { minProtocolVersion: '2.0' },
    { minProtocolVersion: '3.2', maxProtocolVersion: '3.0' },
    { types: { int8: 'float' } },
    { types: { int9: 'bigint' } },
    { types: 'number' },
    { types: { datetime: 'temporal', temporal: {} } },
    { lookup: 'dns' },
    { dial: {} },
    { serverSettings: { jit: 1 } },
    { serverSettings: { '': 'x' } },
    { serverSettings: { 'a\0': 'x' } },
    { serverSettings: { a: 'x\0' } },
    { serverSettings: { user: 'x' } },
    { serverSettings: { client_encoding: 'latin1' } },
    { serverSettings: [] },
  ];

  it.each(OPTIONS)('%j is refused, naming the option', (options) => {
    const names = Object.keys(options).join('|');
    expect(refusal({ options: untyped(options) }).message).toMatch(
      new RegExp(`^(?:${names})(?:\\.\\w+)? \\(from the options\\): `),
    );
  });

  it.each([
    ['PGPORT', 'x', 'port'],
    ['PGPORT', '1,2', 'port'],
    ['PGHOSTADDR', 'name', 'hostaddr'],
    ['PGSSLMODE', 'on', 'ssl'],
    ['PGSSLNEGOTIATION', 'x', 'directTls'],
    ['PGSSLSNI', 'x', 'sslsni'],
    ['PGSSLMINPROTOCOLVERSION', 'SSLv3', 'ssl_min_protocol_version'],
    ['PGCONNECT_TIMEOUT', '1.5', 'timeout'],
    ['PGCONNECT_TIMEOUT', '99999999999', 'timeout'],
    ['PGTARGETSESSIONATTRS', 'x', 'targetSessionAttrs'],
    ['PGCHANNELBINDING', 'x', 'channelBinding'],
    ['PGLOADBALANCEHOSTS', 'x', 'loadBalanceHosts'],
    ['PGGSSLIB', 'x', 'gsslib'],
    ['PGGSSENCMODE', 'require', 'gssencmode'],
    ['PGSSLCERTMODE', 'require', 'sslcertmode'],
    ['PGREQUIREPEER', 'postgres', 'requirepeer'],
    ['PGMAXPROTOCOLVERSION', '4.0', 'maxProtocolVersion'],
    ['PGUSER', 'a\0b', 'user'],
  ])('%s=%s is refused, naming setting and variable', (variable, value, setting) => {
    expect(refusal({ env: { [variable]: value } }).message).toContain(
      `${setting} (from ${variable}): `,
    );
  });

  it.each(['oauth_client_secret', 'scram_client_key', 'requirepeer'])(
    '%s of a DSN is refused without showing its value',
    (key) => {
      const { message } = refusal({ dsn: `postgres://h?${key}=hunter2` });
      expect(message).toMatch(new RegExp(`^${key} \\(from the DSN\\): is not supported`));
      expect(message).not.toContain('hunter2');
    },
  );

  it('names the numbers of ports and hosts that do not match', () => {
    const { message } = refusal({ options: { host: ['a', 'b'], port: [1, 2, 3] } });
    expect(message).toContain('could not match 3 port numbers to 2 hosts');
  });

  it('is an unknown option, with the spelling that was meant', () => {
    expect(refusal({ options: untyped({ command_timeout: 1 }) }).hint).toBe(
      'It is spelled "commandTimeout".',
    );
    expect(refusal({ options: untyped({ tls: true }) }).message).toBe('unknown option "tls"');
    expect(resolve({ options: untyped({ tls: undefined }) }).user).toBe('os_user');
  });

  it('is a socket path that no operating system takes', () => {
    expect(refusal({ options: { host: `/${'x'.repeat(100)}` } }).message).toContain('too long');
  });

  it('is a DSN that is no string', () => {
    const dsn = 5 as unknown as string;
    expect(() => resolveConfig(dsn, {}, bareEnvironment())).toThrow('the DSN must be a string');
  });

  it('is a URL in place of options, whose user and database would be left out', () => {
    const { message, hint } = refusal({ options: new URL('postgres://ada:hunter2@db/shop') });
    expect(message).toContain('the connect options must not be a URL');
    expect(message).not.toContain('hunter2');
    expect(hint).toContain('String(url)');
  });
});

describe('the configuration', () => {
  it('is frozen', () => {
    const config = resolve({});
    for (const part of [
      config,
      config.hosts,
      config.hosts[0],
      config.ssl,
      config.keepAlive,
      config.types,
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it('takes a Temporal polyfill only when it is needed', () => {
    expect(resolve({ options: { types: { temporal: Temporal } } }).types.temporal).toBeNull();
    const types = { temporal: Temporal, datetime: 'temporal' } as const;
    expect(resolve({ options: { types } }).types.temporal).toBe(Temporal);
  });

  it('has what the hooks are', () => {
    const dial = () => {
      throw new Error('not called');
    };
    const lookup = () => {};
    expect(resolve({ options: { dial, lookup } })).toMatchObject({ dial, lookup });
  });

  it('accepts booleans and numbers where they say enough', () => {
    expect(resolve({ options: { loadBalanceHosts: true } }).loadBalanceHosts).toBe('random');
    expect(resolve({ options: { keepAlive: 5 } }).keepAlive.idle).toBe(5);
    expect(resolve({ options: { keepAlive: false } }).keepAlive.enabled).toBe(false);
  });
});
