import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { places, refusal, resolve, untyped } from './support.ts';

describe('secrets', () => {
  it('are nowhere in the printed or serialized configuration', () => {
    const config = resolve({
      dsn: 'postgres://u:hunter2@h/d?sslpassword=hunter2',
      options: { ssl: { passphrase: 'hunter2', key: 'hunter2' } },
    });
    const printed = inspect(config, { depth: null, showHidden: true, getters: true });
    expect(printed).not.toContain('hunter2');
    expect(JSON.stringify(config)).not.toContain('hunter2');
    expect(JSON.stringify({ ...config, ssl: { ...config.ssl } })).not.toContain('hunter2');
  });

  it('are nowhere in the message about a wrong password', () => {
    const password = 'hunter2\0';
    expect(refusal({ options: { password } }).message).not.toContain('hunter2');
    expect(refusal({ env: { PGPASSWORD: password } }).message).not.toContain('hunter2');
    expect(refusal({ dsn: `host=h password=${password}` }).message).not.toContain('hunter2');
  });

  it.each(['oauthToken', 'gssProvider', 'lookup', 'dial', 'password'])(
    'are nowhere in the message about %s that should be a function',
    (name) => {
      for (const given of ['hunter2\0', ['hunter2'], { token: 'hunter2' }]) {
        const { message } = refusal({ options: { [name]: given } as never });
        expect(message).toContain(`${name} (from the options): `);
        expect(message).not.toContain('hunter2');
      }
      if (name === 'password') return;
      const { message } = refusal({ options: { [name]: 'hunter2' } as never });
      expect(message).toBe(
        `${name} (from the options): expected a function, got a value of type string`,
      );
    },
  );

  it.each([
    'postgres://u:hunter2@h/d',
    'postgres://u:hunter2,x@h:5433/d',
    'u:hunter2@h',
    'u:hunter2,x@h:5433',
    'h1,u:hunter2@h',
  ])('are nowhere in the message about the DSN %s as a host', (host) => {
    for (const given of [
      { options: { host } },
      { options: { host: [host] } },
      { env: { PGHOST: host } },
    ]) {
      const { message } = refusal(given);
      expect(message).toContain('expected host names, not a DSN');
      expect(message).not.toContain('hunter2');
    }
  });

  it('is no reason to refuse sockets with such characters in their names', () => {
    const config = resolve({ options: { host: ['/run/a@b', '@abstract', '/run/a://b'] } });
    expect(places(config)).toEqual([
      '/run/a@b/.s.PGSQL.5432',
      '\0abstract/.s.PGSQL.5432',
      '/run/a://b/.s.PGSQL.5432',
    ]);
  });

  const DSNS = [
    'postgres://u:hunter2@h/d',
    ' PostgreSQL://u:hunter2@h/d',
    'postgresql://h/d?user=u&password=hunter2',
    'mysql://u:hunter2@h/d',
    'host=h user=u password=hunter2',
    'psql "postgres://u:hunter2@h/d"',
  ];

  it.each(DSNS)('are sent to no server and printed nowhere where the DSN %j is a name', (text) => {
    const file = { PGSERVICEFILE: '/there/is/none' };
    for (const [label, given] of [
      ['database (from the options)', { options: { database: text } }],
      ['user (from the options)', { options: { user: text } }],
      ['service (from the options)', { options: { service: text }, env: file }],
      ['servicefile (from the options)', { options: { servicefile: text, service: 's' } }],
      ['passfile (from the options)', { options: { passfile: text } }],
      ['database (from PGDATABASE)', { env: { PGDATABASE: text } }],
      ['user (from PGUSER)', { env: { PGUSER: text } }],
      ['service (from PGSERVICE)', { env: { PGSERVICE: text, ...file } }],
      ['servicefile (from PGSERVICEFILE)', { env: { PGSERVICEFILE: text, PGSERVICE: 's' } }],
      ['passfile (from PGPASSFILE)', { env: { PGPASSFILE: text } }],
      ['dbname (from the DSN)', { dsn: `postgres://h/${encodeURIComponent(text)}` }],
      ['dbname (from the DSN)', { dsn: `host=h dbname='${text}'` }],
      ['service (from the DSN)', { dsn: `service='${text}'`, env: file }],
    ] as const) {
      const { message } = refusal(given);
      expect(message).toBe(
        `${label}: expected a name, not a DSN\nHINT:  The DSN is the first argument.`,
      );
    }
  });

  it.each(DSNS)('are nowhere in the message where the DSN %j is another option', (text) => {
    for (const name of [
      'port',
      'ssl',
      'targetSessionAttrs',
      'hostaddr',
      'requireAuth',
      'channelBinding',
      'loadBalanceHosts',
      'serverSettings',
      'statementCacheSize',
      'timeout',
      'types',
      'codecs',
      'keepAlive',
      'rows',
    ]) {
      const { message } = refusal({ options: untyped({ [name]: text }) });
      expect(message).toContain(`${name} (from the options): `);
      expect(message).not.toContain('hunter2');
    }
    for (const name of ['PGPORT', 'PGSSLMODE', 'PGTARGETSESSIONATTRS', 'PGCONNECT_TIMEOUT']) {
      const { message } = refusal({ env: { [name]: text } });
      expect(message).toContain(`(from ${name}): `);
      expect(message).not.toContain('hunter2');
    }
  });

  it('are no reason to refuse names that are none', () => {
    const names = ['a:b', 'a=b', 'postgres:', 'a://b', 'u@h', 'passwords = ', 'my password'];
    for (const name of names) {
      expect(resolve({ options: { database: name, user: name } })).toMatchObject({
        database: name,
        user: name,
      });
    }
  });
});
