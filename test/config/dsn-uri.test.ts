import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { places, refusal, resolve } from './support.ts';

const ACCEPTED: readonly [dsn: string, hosts: string[], user: string, database: string][] = [
  ['postgres://u@h/d', ['h:5432'], 'u', 'd'],
  ['postgresql://u@h:1234/d', ['h:1234'], 'u', 'd'],
  ['POSTGRESQL://u@h/d', ['h:5432'], 'u', 'd'],
  ['  postgres://u@h/d\n', ['h:5432'], 'u', 'd'],
  ['postgres://h', ['h:5432'], 'os_user', 'os_user'],
  ['postgres://u@h', ['h:5432'], 'u', 'u'],
  ['postgres://h?user=q', ['h:5432'], 'q', 'q'],
  ['postgres://h?user=q&', ['h:5432'], 'q', 'q'],
  ['postgres://h/?user=q@r', ['h:5432'], 'q@r', 'q@r'],
  ['postgres://u@h1,h2/d', ['h1:5432', 'h2:5432'], 'u', 'd'],
  ['postgres://u@h1:1,h2:2/d', ['h1:1', 'h2:2'], 'u', 'd'],
  ['postgres://u@h1:1,h2/d', ['h1:1', 'h2:5432'], 'u', 'd'],
  ['postgres://u@h1,h2/d?port=7,8', ['h1:7', 'h2:8'], 'u', 'd'],
  ['postgres://u@h1,h2/d?port=7', ['h1:7', 'h2:7'], 'u', 'd'],
  ['postgres://u@[::1]:6/d', ['::1:6'], 'u', 'd'],
  ['postgres://u@[2001:db8::1%25eth0],[::1]/d', ['2001:db8::1%eth0:5432', '::1:5432'], 'u', 'd'],
  ['postgres:///d?host=[2001:db8::1],[::1]:2', ['2001:db8::1:5432', '::1:2'], 'os_user', 'd'],
  ['postgres:///d?host=::1', ['::1:5432'], 'os_user', 'd'],
  ['postgres:///d?host=h:1,i', ['h:1', 'i:5432'], 'os_user', 'd'],
  [
    'postgres://us%40r:p%40ss@h%40st1,h%40st2:543%33/d%62',
    ['h@st1:5432', 'h@st2:5433'],
    'us@r',
    'db',
  ],
  ['postgres://u@%2Ftmp/d', ['/tmp/.s.PGSQL.5432'], 'u', 'd'],
  ['postgres://u@%2Ftmp:99/d', ['/tmp/.s.PGSQL.99'], 'u', 'd'],
  ['postgres://u@?port=56226&host=%2Ftmp', ['/tmp/.s.PGSQL.56226'], 'u', 'u'],
  ['postgres://u@:7/d?host=/tmp', ['/tmp/.s.PGSQL.7'], 'u', 'd'],
  ['postgres://%40abstract:7/d', ['\0abstract/.s.PGSQL.7'], 'os_user', 'd'],
  ['postgres:///d?host=@abstract', ['\0abstract/.s.PGSQL.5432'], 'os_user', 'd'],
  ['postgres:///d?host=/x/.s.PGSQL.5&port=9', ['/x/.s.PGSQL.5'], 'os_user', 'd'],
  [
    'postgres:///d?host=127.0.0.1:5432,/cloudsql/p:r:i,localhost:5433&user=spam',
    ['127.0.0.1:5432', '/cloudsql/p:r:i/.s.PGSQL.5432', 'localhost:5433'],
    'spam',
    'd',
  ],
  ['postgres://u@h/a/b', ['h:5432'], 'u', 'a/b'],
  ['postgres://u@h:5555/d?host=other&user=no&port=2&database=no', ['h:5555'], 'u', 'd'],
  ['postgres:///?dbname=d&host=h&host=last', ['last:5432'], 'os_user', 'd'],
];

const MALFORMED: readonly [why: string, dsn: string][] = [
  ['another scheme', 'mysql://user:hunter2@h/d'],
  ['no scheme and no keyword', 'hunter2'],
  ['a percent sign without digits', 'postgres://u:hunter2%zz@h/d'],
  ['a percent sign at the end', 'postgres://u:hunter2@h/d%'],
  ['an encoded NUL', 'postgres://u:hunter2%00@h/d'],
  ['a raw NUL', 'postgres://u:hunter2\0@h/d'],
  ['encoded bytes that are not UTF-8', 'postgres://u:hunter2%ff@h/d'],
  ['a port that is no number', 'postgres://u:hunter2@h:hunter2/d'],
  ['a port with a space that is none to libpq', 'postgres://u:hunter2@h:1\u00a0/d'],
  ['port 0', 'postgres://u:hunter2@h:0/d'],
  ['port 65536', 'postgres://u:hunter2@h:65536/d'],
  ['an open bracket', 'postgres://u:hunter2@[::1/d'],
  ['an IPv6 address without brackets', 'postgres://u:hunter2@::1/d'],
  ['a name in brackets', 'postgres://u:hunter2@[hunter2]/d'],
  ['something behind the bracket', 'postgres://u:hunter2@[::1]x/d'],
  ['a query parameter without "="', 'postgres://u:hunter2@h/d?hunter2'],
  ['a query parameter without a name', 'postgres://u:hunter2@h/d?=hunter2'],
  ['a server setting with an impossible name', 'postgres://u:hunter2@h/d?a-b=1'],
  ['a keyword in camel case', 'postgres://u:hunter2@h/d?sslMode=verify-full'],
  ['a keyword with an underscore', 'postgres://u:hunter2@h/d?ssl_mode=verify-full'],
  ['more ports than hosts', 'postgres://u:hunter2@h/d?port=1,2'],
  ['a password with a bare "/"', 'postgres://u:hun/ter2@h/d'],
  ['a password with a bare "/" behind digits', 'postgres://u:12/hunter2@h/d'],
  ['a password with a bare "@" and "/"', 'postgres://u:hun@ter2/hunter2@h/d'],
  ['a password with a bare "?"', 'postgres://u:hunter2?x@h/d'],
  ['a password with a bare "?" and "="', 'postgres://u:12?hunter2=x@h/d'],
  ['a password with a bare "?" and a keyword', 'postgres://u:12?password=hunter2@h/d'],
  ['an empty query parameter', 'postgres://u:hunter2@h/d?&user=x'],
];

describe('a connection URI', () => {
  it.each(ACCEPTED)('%s', (dsn, hosts, user, database) => {
    const config = resolve({ dsn });
    expect(places(config)).toEqual(hosts);
    expect(config).toMatchObject({ user, database });
  });

  it.each(['keepalives_idle', 'keepalives_interval', 'keepalives_count', 'tcp_user_timeout'])(
    'refuses a %s that is no number',
    (keyword) => {
      expect(refusal({ dsn: `postgres://h/d?${keyword}=soon` }).message).toContain(keyword);
    },
  );

  it.each(MALFORMED)('with %s is refused, and nothing of it is told', (_why, dsn) => {
    const error = refusal({ dsn });
    expect(error.message).not.toMatch(/hun|ter2/);
    expect(error.message).not.toContain(dsn);
  });

  it.each([
    ['postgres://u:p@ss@h/d', 'p@ss'],
    ['postgres://u:@@@h/d', '@@'],
    ['postgres://u:a:b@h/d', 'a:b'],
    ['postgres://u:p#ss@h/d', 'p#ss'],
    ['postgres://u:p%2Fs%3Fs+%25@h/d', 'p/s?s+%'],
    ['postgres://u@h/d?password=x@y', 'x@y'],
  ])('%s has a password up to the last "@"', async (dsn, password) => {
    const config = resolve({ dsn });
    expect(places(config)).toEqual(['h:5432']);
    const [host] = config.hosts;
    expect(host && (await config.passwordFor(host))).toBe(password);
  });

  it('makes unknown keys server settings, the last of a repeated one', () => {
    const dsn = 'postgres://h/d?param=sss&my.param=1&param=123&search_path=a%2Cb';
    expect([...resolve({ dsn }).startupParameters]).toEqual([
      ['user', 'os_user'],
      ['database', 'd'],
      ['client_encoding', 'UTF8'],
      ['param', '123'],
      ['my.param', '1'],
      ['search_path', 'a,b'],
    ]);
  });

  it.each(['utf8', 'UTF-8', 'unicode', 'auto'])(
    'takes client_encoding=%s for what it is',
    (name) => {
      const config = resolve({ dsn: `postgres://h/d?client_encoding=${name}` });
      expect(config.startupParameters.get('client_encoding')).toBe('UTF8');
    },
  );

  it('refuses another client_encoding, other than one of the environment', () => {
    for (const dsn of ['postgres://h/d?client_encoding=LATIN1', 'host=h client_encoding=latin1']) {
      expect(() => resolve({ dsn })).toThrow(
        'client_encoding (from the DSN): client_encoding must be UTF8',
      );
    }
    const config = resolve({ dsn: 'postgres://h/d', env: { PGCLIENTENCODING: 'LATIN1' } });
    expect(config.startupParameters.get('client_encoding')).toBe('UTF8');
  });

  it('never sends a keyword of libpq as a server setting', () => {
    const query = [
      'connect_timeout=7&keepalives=0&keepalives_idle=1&keepalives_interval=2&keepalives_count=3',
      'tcp_user_timeout=9&client_encoding=utf-8&gssencmode=prefer&gssdelegation=0&sslcompression=1',
      'sslsni=0&sslcertmode=allow&requiressl=1&ssl_min_protocol_version=TLSv1.3&channel_binding=disable',
      'require_auth=md5&load_balance_hosts=random&target_session_attrs=standby&hostaddr=127.0.0.1',
      'krbsrvname=k&gsslib=gssapi&min_protocol_version=3.0&max_protocol_version=latest&passfile=/p',
      'replication=false&fallback_application_name=f&sslkeylogfile=/k',
    ].join('&');
    const config = resolve({ dsn: `postgres://h/d?${query}` });
    expect([...config.startupParameters.keys()]).toEqual([
      'user',
      'database',
      'client_encoding',
      'application_name',
    ]);
    expect(config.startupParameters.get('application_name')).toBe('f');
    expect(config).toMatchObject({
      timeout: 7_000,
      attemptTimeout: 7_000,
      keepAlive: { enabled: false, idle: 1_000, interval: 2_000, count: 3 },
      channelBinding: 'disable',
      loadBalanceHosts: 'random',
      targetSessionAttrs: 'standby',
      krbsrvname: 'k',
      maxProtocolVersion: 0x30002,
      ssl: { mode: 'require', sni: false, keyLogFile: '/k' },
    });
    expect(config.hosts).toEqual([
      { host: 'h', port: 5432, socketPath: null, address: '127.0.0.1' },
    ]);
  });

  it('sends options, replication and application_name as what they are', () => {
    const dsn = 'postgres://h/d?options=-c%20geqo=off&replication=database&application_name=a+b';
    expect([...resolve({ dsn }).startupParameters].slice(3)).toEqual([
      ['application_name', 'a+b'],
      ['options', '-c geqo=off'],
      ['replication', 'database'],
    ]);
  });

  it('gives back whatever was percent-encoded into it', async () => {
    const part = fc.string({ unit: 'grapheme', minLength: 1 }).filter((s) => !s.includes('\0'));
    await fc.assert(
      fc.asyncProperty(part, part, part, async (user, password, database) => {
        const encode = encodeURIComponent;
        const config = resolve({
          dsn: `postgres://${encode(user)}:${encode(password)}@h:1/${encode(database)}`,
        });
        expect(config).toMatchObject({ user, database });
        const [host] = config.hosts;
        expect(host && (await config.passwordFor(host))).toBe(password);
      }),
    );
  });

  it('never takes a piece of an unencoded password for a host', () => {
    // No other part and no message has a Greek letter.
    const character = fc.constantFrom(
      'α',
      'β',
      '1',
      '@',
      '/',
      '?',
      ':',
      '=',
      '&',
      '#',
      '%',
      '[',
      ',',
    );
    const password = fc.array(character, { maxLength: 12 }).map((list) => list.join(''));
    fc.assert(
      fc.property(password, (secret) => {
        let config: ReturnType<typeof resolve>;
        try {
          config = resolve({ dsn: `postgres://user:${secret}@host/db` });
        } catch (error) {
          expect((error as Error).message).not.toMatch(/[αβ]/);
          return;
        }
        expect(places(config)).toEqual(['host:5432']);
        expect(config).toMatchObject({ user: 'user', database: 'db' });
      }),
      { numRuns: 2_000 },
    );
  });

  it('is resolved or refused with a ClientConfigurationError, whatever it is', () => {
    const noise = fc.string({ unit: fc.constantFrom(..."postgres:/?@&=%[],.0aF\0 '\\") });
    fc.assert(
      fc.property(fc.constantFrom('postgres://', 'postgresql://', ''), noise, (scheme, rest) => {
        const dsn = scheme + rest;
        try {
          expect(resolve({ dsn }).hosts.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toMatchObject({ name: 'ClientConfigurationError', safeToRetry: true });
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
