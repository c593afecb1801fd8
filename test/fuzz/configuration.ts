/** DSNs, password files and service files, beside libpq where it is there. */
import { deepStrictEqual, ok } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { parseKeywords } from '../../src/config/dsn-keyword.ts';
import { type ParsedDsn, parseUri } from '../../src/config/dsn-uri.ts';
import { isKeyword } from '../../src/config/option-table.ts';
import { findPassword } from '../../src/config/passfile.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { parseService } from '../../src/config/service-file.ts';
import { ClientConfigurationError } from '../../src/errors/client-errors.ts';
import { bareEnvironment } from '../config/support.ts';
import { Libpq, libpqLibrary } from './libpq.ts';
import { asyncTarget, pieces, type Target, target } from './target.ts';

/** What it gives, or the error where the configuration is refused. */
function attempt<T>(parse: () => T): T | ClientConfigurationError {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ClientConfigurationError) return error;
    throw error;
  }
}

const KEYS = [
  ...['user', 'password', 'dbname', 'host', 'port', 'application_name', 'options', 'sslmode'],
  ...['connect_timeout', 'target_session_attrs', 'nonsense'],
];

// ── DSNs ────────────────────────────────────────────────────────────────────────────────────

const text = pieces(
  [...'ab1:@/?#[]&=+,.-_~%', '%40', '%2F', '%25', '%zz', '%00', '%ff', '%C3%BC', 'ü', '\u00a0'],
  6,
);
const host = fc.oneof(
  fc.constantFrom(
    'h',
    'h1',
    '127.0.0.1',
    '[::1]',
    '[2001:db8::1]',
    '%2Ftmp',
    '',
    'a.b',
    '[x',
    '::1',
  ),
  text,
);
const port = fc.constantFrom('', '', ':5433', ':1', ':', ':x', ':65535', ':543%33');
const hostList = fc
  .array(
    fc.tuple(host, port).map((both) => both.join('')),
    { minLength: 1, maxLength: 3 },
  )
  .map((list) => list.join(','));
const credentials = fc.oneof(
  fc.constant(''),
  text.map((user) => `${user}@`),
  fc.tuple(text, text).map(([user, password]) => `${user}:${password}@`),
);
/** Keys that an authority has no say in: there the driver and libpq differ on purpose. */
const queryKeys = KEYS.filter(
  (key) => !['user', 'password', 'dbname', 'host', 'port'].includes(key),
);
const query = fc.oneof(
  fc.constant(''),
  fc
    .array(
      fc.tuple(fc.constantFrom(...queryKeys), text).map(([key, value]) => `${key}=${value}`),
      { maxLength: 3 },
    )
    .map((list) => `?${list.join('&')}`),
);
const uri = fc
  .tuple(
    fc.constantFrom('postgres://', 'postgresql://'),
    credentials,
    hostList,
    fc.oneof(
      fc.constant(''),
      text.map((name) => `/${name}`),
    ),
    query,
  )
  .map((parts) => parts.join(''));

const keywordDsn = pieces(
  [
    ...KEYS,
    ...['=', '=', '=', ' ', ' ', "'", "''", '\\', "\\'", '\\\\', 'a', 'b1', '\n', '\t', '\v'],
    ...['\u00a0', '\u2028', 'ü', '5432', '/tmp', ' = '],
  ],
  14,
);

/** Everything of a DSN under libpq's keywords, without what is empty. */
function valuesOf({ values, hosts, serverSettings }: ParsedDsn): Record<string, string> {
  const all = new Map([...serverSettings, ...values]);
  if (hosts !== null) {
    all.set('host', hosts.map((spec) => spec.host).join());
    const ports = hosts.map((spec) => spec.port ?? '').join();
    if (/\d/.test(ports)) all.set('port', ports);
  }
  return withoutEmpty(Object.fromEntries(all));
}

function withoutEmpty(values: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(values).filter(([, value]) => /[^,]/.test(value));
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Where the driver is stricter than libpq, on purpose. */
const STRICTER =
  /"@" in|"\?" in|not valid UTF-8|a port, 1 to 65535|impossible name|malformed host list|an IPv6 address/;
/** Where libpq is: it knows no server settings. */
const LIBPQ_STRICTER = /URI query parameter|IPv6/;

async function compareUri(libpq: Libpq, dsn: string): Promise<void> {
  // The last "@" ends the password here and the first one there.
  const authority = /^\w+:\/\/([^/?]*)/.exec(dsn)![1]!;
  if (authority.split('@').length > 2) return;
  // No address has these in it.
  if (/\[[^\]]*[/?]/.test(dsn)) return;
  const ours = attempt(() => parseUri(dsn, isKeyword));
  const theirs = await libpq.parse(dsn);
  if (ours instanceof Error) {
    ok(
      theirs.values === undefined || STRICTER.test(ours.message),
      `only we refuse: ${ours.message}`,
    );
    return;
  }
  if (theirs.values === undefined) {
    ok(LIBPQ_STRICTER.test(theirs.error!), `only libpq refuses: ${theirs.error}`);
    return;
  }
  deepStrictEqual(valuesOf(ours), withoutEmpty(theirs.values));
}

async function compareKeywords(libpq: Libpq, dsn: string): Promise<void> {
  const ours = attempt(() => parseKeywords(dsn, isKeyword));
  const theirs = await libpq.parse(dsn);
  if (ours instanceof Error) {
    ok(theirs.values === undefined, `only we refuse: ${ours.message}`);
    return;
  }
  if (theirs.values === undefined) {
    ok(dsn.includes("''"), `only libpq refuses: ${theirs.error}`);
    return;
  }
  deepStrictEqual(withoutEmpty(Object.fromEntries(ours)), withoutEmpty(theirs.values));
}

/** Whatever it is, it is resolved or refused, and a refusal tells nothing of it. */
function checkDsn(dsn: string): void {
  const secret = dsn.replaceAll('a', 'α').replaceAll('b', 'β');
  const config = attempt(() => resolveConfig(secret, {}, bareEnvironment()));
  if (config instanceof Error) ok(!/[αβ]/.test(config.message), config.message);
  else ok(config.hosts.length > 0);
}

// ── Files ───────────────────────────────────────────────────────────────────────────────────

const field = pieces(['*', 'h', 'd', '\\:', '\\\\', '\\', ':', '#', ' ', '7', 'ü'], 3);
const passfile = fc
  .array(
    fc.oneof(
      fc
        .tuple(
          fc.constantFrom('*', 'h', '127.0.0.1'),
          fc.constantFrom('*', '7'),
          field,
          field,
          field,
        )
        .map((fields) => fields.join(':')),
      field,
    ),
    { maxLength: 4 },
  )
  .map((lines) => lines.join('\n'));
const name = fc.constantFrom('h', 'd', 'hd', 'h:d', 'h\\', '#', '*', 'd ', 'ü');

const serviceFile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '[s]',
        '[t]',
        '[s',
        '[sx]',
        ' [s] ',
        '[s]x',
        '[s] # c',
        '',
        '# c',
        ' # c',
        '[',
      ),
      fc
        .tuple(
          fc.constantFrom(...KEYS, 'service', ''),
          pieces(['a', ' ', '=', '#', "'", '\\', '\t'], 4),
        )
        .map((both) => both.join('=')),
      pieces(['a', ' ', 'user', '\u00a0', '\r', '#', 'ü'], 3),
    ),
    { maxLength: 7 },
  )
  .map((lines) => lines.join('\n'));

const quoted = (value: string): string => `'${value.replace(/['\\]/g, '\\$&')}'`;

/** Where nothing listens: libpq looks passwords up when it begins to connect. */
const NOWHERE = 'hostaddr=127.0.0.1 port=7 connect_timeout=2';

async function comparePasswords(
  libpq: Libpq,
  directory: string,
  [file, database, user]: readonly [string, string, string],
): Promise<void> {
  const path = join(directory, 'pgpass');
  writeFileSync(path, file, { mode: 0o600 });
  const dsn = `host=h ${NOWHERE} dbname=${quoted(database)} user=${quoted(user)} passfile=${path}`;
  const theirs = await libpq.resolve(dsn, {});
  const ours = findPassword(file, { hosts: ['h'], port: 7, database, user });
  deepStrictEqual(ours ?? '', theirs.password);
}

async function compareServices(libpq: Libpq, directory: string, file: string): Promise<void> {
  const path = join(directory, 'services');
  writeFileSync(path, file);
  const theirs = await libpq.resolve(`service=s ${NOWHERE} user=u`, { PGSERVICEFILE: path });
  const ours = attempt(() => parseService(file, 's', path, isKeyword));
  const refused = /service file|definition of service/.test(theirs.error!);
  if (ours === null || ours instanceof Error) {
    ok(refused, `only we refuse: ${ours?.message ?? 'not found'}`);
    return;
  }
  ok(!refused, `only libpq refuses: ${theirs.error}`);
  for (const key of ['application_name', 'options', 'dbname']) {
    const value = ours.get(key);
    // Space in front of "=" belongs to the keyword there, and is refused.
    if (value) deepStrictEqual(value, theirs.values![key] ?? '', key);
  }
}

/** The targets, and what is to be done when they are not needed any more. */
export function configurationTargets(): { targets: readonly Target[]; stop(): void } {
  const targets: Target[] = [
    target('dsn', fc.oneof(uri, keywordDsn), checkDsn),
    target('passfile', fc.tuple(passfile, name, name), ([file, database, user]) => {
      const found = findPassword(file, { hosts: ['h'], port: 7, database, user });
      ok(found === null || found !== '');
    }),
    target('service-file', serviceFile, (file) => {
      attempt(() => parseService(file, 's', 'path', isKeyword));
    }),
  ];
  if (libpqLibrary === null) return { targets, stop: () => {} };
  const libpq = new Libpq(libpqLibrary);
  const directory = mkdtempSync(join(tmpdir(), 'asyncpg-'));
  targets.push(
    asyncTarget('dsn-uri-like-libpq', uri, (dsn) => compareUri(libpq, dsn)),
    asyncTarget('dsn-keywords-like-libpq', keywordDsn, (dsn) => compareKeywords(libpq, dsn)),
    asyncTarget('passfile-like-libpq', fc.tuple(passfile, name, name), (given) =>
      comparePasswords(libpq, directory, given),
    ),
    asyncTarget('service-file-like-libpq', serviceFile, (file) =>
      compareServices(libpq, directory, file),
    ),
  );
  const stop = (): void => {
    libpq.stop();
    rmSync(directory, { recursive: true });
  };
  return { targets, stop };
}
