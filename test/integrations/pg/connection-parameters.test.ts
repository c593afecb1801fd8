import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConnectionParameters } from '../../../src/integrations/pg/connection-parameters.ts';
import { expectSame, outcome, PgConnectionParameters } from './side-by-side.ts';

const folder = mkdtempSync(join(tmpdir(), 'asyncpg-pg-'));
const certificate = join(folder, 'some.pem');
writeFileSync(certificate, 'a certificate');
afterAll(() => rmSync(folder, { recursive: true }));

const VARIABLES = Object.keys(process.env).filter((name) => name.startsWith('PG'));

beforeEach(() => {
  for (const name of VARIABLES) vi.stubEnv(name, undefined);
});

/** Everything of it, what is not enumerable included; functions by what they give. */
function partsOf(make: () => any): unknown {
  return outcome(() => {
    const made = make();
    const ssl = made.ssl?.checkServerIdentity
      ? { ...made.ssl, checkServerIdentity: 'any' }
      : made.ssl;
    return {
      ...made,
      ssl: typeof ssl === 'object' && ssl !== null ? { ...ssl, key: made.ssl.key } : ssl,
      password: made.password,
      names: Object.keys(made),
    };
  });
}

function compare(given: unknown): void {
  const copy = (value: any): any =>
    typeof value === 'object' && value !== null
      ? {
          ...value,
          ...(value.ssl && typeof value.ssl === 'object' ? { ssl: { ...value.ssl } } : {}),
        }
      : value;
  expectSame(
    partsOf(() => new ConnectionParameters(copy(given))),
    partsOf(() => new PgConnectionParameters(copy(given))),
    given,
  );
}

const STRINGS = [
  'postgres://localhost/postgres',
  'postgres://user:pass@host:5433/db',
  'postgresql://user@host',
  'pg://host',
  'anything://user:p%40ss@host/d%20b',
  'postgres://user:p@ss@host/db',
  'postgres://my f%irst name:is&%awesome!@localhost:9000',
  'pg://bi%25na%25%25ry%20:s%40f%23@localhost/%20u%2520rl',
  'postgres://localhost/post gres',
  'postgres://[::1]:5433/db',
  'postgres:///db',
  'postgres://user@/db?host=/var/run',
  'postgres://user@/db',
  'postgres://%2Fvar%2Frun/db',
  'postgres://%2Fvar%2Frun%2Fa/db?host=other',
  'postgres://h/db?host=other&port=99&user=me&password=x&database=ignored',
  'postgres://h:1/db?ssl=true',
  'postgres://h/db?ssl=1',
  'postgres://h/db?ssl=0',
  'postgres://h/db?ssl=no-verify',
  'postgres://h/db?sslmode=disable',
  'postgres://h/db?sslmode=no-verify',
  'postgres://h/db?sslmode=prefer',
  'postgres://h/db?sslmode=require',
  'postgres://h/db?sslmode=verify-ca',
  'postgres://h/db?sslmode=verify-full',
  'postgres://h/db?sslmode=nonsense',
  'postgres://h/db?sslmode=prefer&uselibpqcompat=true',
  'postgres://h/db?sslmode=require&uselibpqcompat=true',
  'postgres://h/db?sslmode=verify-ca&uselibpqcompat=true',
  'postgres://h/db?sslmode=verify-full&uselibpqcompat=true',
  'postgres://h/db?sslmode=disable&uselibpqcompat=true',
  `postgres://h/db?sslrootcert=${certificate}`,
  `postgres://h/db?sslrootcert=${certificate}&sslmode=require&uselibpqcompat=true`,
  `postgres://h/db?sslrootcert=${certificate}&sslmode=verify-ca&uselibpqcompat=true`,
  `postgres://h/db?sslcert=${certificate}&sslkey=${certificate}`,
  `postgres://h/db?sslcert=${certificate}&sslmode=disable`,
  'postgres://h/db?sslrootcert=/nowhere/at/all.pem',
  'postgres://h/db?sslnegotiation=direct',
  'postgres://h/db?sslnegotiation=direct&ssl=0',
  'postgres://h/db?sslnegotiation=other',
  'postgres://h/db?options=-c geqo=off&application_name=app',
  'postgres://h/db?options=-c%20search_path%3Dx&statement_timeout=5000&keepalives=0',
  'postgres://h/db?__proto__=x&unknown=1',
  'socket:/some path/?db=my[db]&encoding=utf8',
  'socket:/some%20path/?db=my%2Bdb&encoding=utf8',
  'socket://user:pw@/run/?db=d',
  '/var/run/',
  '/var/run/ mydb',
  '/run mydb more',
  '',
  'justaname',
  'host/db',
  'postgres://user:pass@ho st:1/db',
  'postgres://h:notaport/db',
  'postgres://h:99999/db',
  'postgres://user:pass@[bad/db',
  'postgres://a%zz@h/db',
  'postgres://u:%E0%A4%A@h/db',
];

const OPTIONS: readonly unknown[] = [
  undefined,
  null,
  {},
  { user: 'u', password: 'p', host: 'h', port: 1, database: 'd' },
  { port: '5433' },
  { port: 'no' },
  { port: 0, host: '', user: '', password: '' },
  { host: '/tmp/', user: 'u' },
  { connectionString: 'postgres://a:b@c:1/d?ssl=1', ssl: false, user: 'other', max: 5 },
  { connectionString: 'postgres://a@c/d', ssl: true, password: 'kept' },
  { connectionString: 'postgres://c', application_name: 'x' },
  { ssl: true },
  { ssl: 'true' },
  { ssl: 'no-verify' },
  { ssl: false },
  { ssl: null },
  { ssl: { rejectUnauthorized: false, key: 'secret' } },
  { ssl: true, sslnegotiation: 'direct' },
  { ssl: true, sslnegotiation: 'postgres' },
  { ssl: true, sslnegotiation: 'bogus' },
  { ssl: false, sslnegotiation: 'direct' },
  { binary: true, options: '-c x=1', client_encoding: 'utf-8', replication: 'database' },
  {
    statement_timeout: 1,
    lock_timeout: 2,
    idle_in_transaction_session_timeout: 3,
    query_timeout: 4,
  },
  { connectionTimeoutMillis: 2500, keepAlive: true, keepAliveInitialDelayMillis: 1999 },
  { connectionTimeoutMillis: 0, keepAlive: false },
  { connectionTimeoutMillis: null },
  { application_name: 'a', fallback_application_name: 'b' },
  { password: () => 'later' },
  { unknown: 1, adapter: {} },
];

const ENVIRONMENTS: readonly Record<string, string>[] = [
  {},
  { PGUSER: 'eu', PGHOST: 'eh', PGPORT: '6000', PGDATABASE: 'ed', PGPASSWORD: 'ep' },
  { PGHOST: '/run', PGOPTIONS: '-c a=b', PGAPPNAME: 'ea', PGCONNECT_TIMEOUT: '7' },
  { PGCLIENT_ENCODING: 'LATIN1', PGBINARY: 'yes', PGREPLICATION: 'true' },
  { PGFALLBACK_APPLICATION_NAME: 'no', PGSTATEMENT_TIMEOUT: '1', PGQUERY_TIMEOUT: '1' },
  { PGSSLNEGOTIATION: 'direct', PGSSLMODE: 'require' },
  { PGSSLNEGOTIATION: 'odd' },
  ...['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify', 'x'].map((mode) => ({
    PGSSLMODE: mode,
  })),
];

describe('connection parameters agree with pg', () => {
  it.each(ENVIRONMENTS)('with the environment %j', (environment) => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    for (const text of STRINGS) {
      compare(text);
      compare({ connectionString: text, user: 'other', host: 'elsewhere', port: 77 });
    }
    for (const options of OPTIONS) compare(options);
  });

  it('of any string that looks like one', () => {
    const part = fc.string({
      unit: fc.constantFrom(...'ab1%4/@:?&= #[].é+'.split(''), '%20', '%2F'),
    });
    const text = fc
      .tuple(fc.constantFrom('postgres://', 'postgresql://', 'socket:', '/', 'x:', ''), part)
      .map((parts) => parts.join(''));
    fc.assert(fc.property(text, compare), { numRuns: 5_000 });
  });

  it('do not show the password or the key, nor a string that is none', () => {
    const made = new ConnectionParameters({ password: 'secret-1', ssl: { key: 'secret-2' } });
    expect(made.password).toBe('secret-1');
    expect(inspect(made)).not.toContain('secret');
    expect(JSON.stringify(made)).not.toContain('secret');
    const error = outcome(() => {
      try {
        return new ConnectionParameters('postgres://u:secret@[bad/db');
      } catch (thrown) {
        return inspect(thrown);
      }
    });
    expect(JSON.stringify(error)).toContain('REDACTED');
    expect(JSON.stringify(error)).not.toContain('secret');
  });

  it('for libpq, but for the address of the host', () => {
    // Of these, pg itself fails on `ssl: null`.
    const others = OPTIONS.filter((options: any) => options?.ssl !== null);
    for (const options of [...others, { user: 'not\\me', password: "bad'chars", host: '/tmp/' }]) {
      const text = (Parameters: any) =>
        outcome(() => {
          const made = new Parameters(options);
          // Nothing is looked up for a socket.
          made.isDomainSocket = true;
          let found: unknown;
          made.getLibpqConnectionString((...given: unknown[]) => {
            found = given;
          });
          return found;
        });
      expectSame(text(ConnectionParameters), text(PgConnectionParameters), options);
    }
  });
});
