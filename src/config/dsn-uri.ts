import { ClientConfigurationError } from '../errors/client-errors.ts';
import { type HostSpec, splitHostPort } from './hosts.ts';
import { dsnOrigin } from './origin.ts';
import { rare } from './rare-room.ts';

/** What a DSN says, decoded, under libpq's keywords. */
export interface ParsedDsn {
  /** Known keywords; a repeated one has its last value. */
  readonly values: Map<string, string>;
  /** The hosts of a URI's authority, or null if it names none. */
  readonly hosts: readonly HostSpec[] | null;
  /** Keys of a URI's query that are no keywords: settings for the server. */
  readonly serverSettings: Map<string, string>;
}

const ENCODE_HINT =
  'Percent-encode special characters, above all in the password: ' +
  '"@" is %40, "/" is %2F, "?" is %3F, "%" is %25.';

const SPELLING_HINT = 'Keywords are written as libpq does: sslmode, connect_timeout, dbname.';

/** PostgreSQL's parameter names, with the dot of custom ones. */
const SETTING_NAME = /^[A-Za-z_][\w$]*(?:\.[A-Za-z_][\w$]*)*$/;

/** No message has anything of the DSN in it: a piece in the wrong place may be the password's. */
function malformed(problem: string, hint = ENCODE_HINT): ClientConfigurationError {
  return new ClientConfigurationError(`invalid DSN: ${problem}`, { hint });
}

function decode(part: string): string {
  if (!part.includes('%')) return part;
  if (/%(?![0-9A-Fa-f]{2})/.test(part)) {
    throw malformed('a "%" is not followed by two hexadecimal digits');
  }
  if (part.includes('%00')) throw malformed('%00 is not allowed in any part');
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new ClientConfigurationError('invalid DSN: percent-encoded bytes are not valid UTF-8', {
      cause,
    });
  }
}

/**
 * Parses `postgres[ql]://[user[:password]@][host][:port][,…][/dbname][?key=value[&…]]`.
 *
 * The last `@` in front of the path ends the password. A bare `@` behind the authority is refused
 * where it can only come from a password with an unencoded `/` or `?`, whose beginning would
 * otherwise be taken for a host.
 *
 * PostgreSQL manual, "Connection URIs".
 */
export function parseUri(dsn: string, isKeyword: (key: string) => boolean): ParsedDsn {
  const rest = dsn.slice(dsn.indexOf('://') + 3);
  const queryStart = indexOrEnd(rest, '?');
  const authorityEnd = Math.min(indexOrEnd(rest, '/'), queryStart);
  const authority = rest.slice(0, authorityEnd);
  const pathStart = rest[authorityEnd] === '/' ? authorityEnd + 1 : authorityEnd;
  const path = rest.slice(pathStart, queryStart);
  const query = rest.slice(queryStart + 1);

  if (path.includes('@')) throw malformed('"@" in the database name must be written %40');

  // What is in front of "?" may be the beginning of a password, to libpq it is.
  const credentialsEnd = Math.min(indexOrEnd(rest, '/'), indexOrEnd(rest, '@'));
  if (authorityEnd <= credentialsEnd && rest[credentialsEnd] === '@') {
    throw malformed('"?" in front of "@" must be written %3F');
  }

  const values = new Map<string, string>();
  const serverSettings = new Map<string, string>();
  const pairs = query.split('&');
  // Nothing has to come behind the last "&", and nothing at all behind "?".
  if (pairs.at(-1) === '') pairs.pop();
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    if (equals < 0) throw malformed('a query parameter has no "="');
    const key = decode(pair.slice(0, equals));
    const raw = pair.slice(equals + 1);
    if (isKeyword(key)) values.set(key, decode(raw));
    else serverSettings.set(key, settingOf(key, raw, isKeyword));
  }

  const at = authority.lastIndexOf('@');
  if (at >= 0) {
    const credentials = authority.slice(0, at);
    const colon = credentials.indexOf(':');
    override(values, 'user', decode(colon < 0 ? credentials : credentials.slice(0, colon)));
    if (colon >= 0) override(values, 'password', decode(credentials.slice(colon + 1)));
  }
  const origin = dsnOrigin('host');
  const places = authority.slice(at + 1).split(',');
  const hosts = places.map((spec) => splitHostPort(spec, origin, decode));
  // "//:5433/db" only tells the port; the host may come from elsewhere.
  const only = hosts.length === 1 && hosts[0]?.host === '' ? hosts[0] : null;
  if (only !== null && only.port !== null) values.set('port', String(only.port));
  override(values, 'dbname', decode(path));
  return { values, hosts: only === null ? hosts : null, serverSettings };
}

/** Where the character is first; the end, if it is not there. */
function indexOrEnd(text: string, character: string): number {
  const index = text.indexOf(character);
  return index < 0 ? text.length : index;
}

/** The value of what is no keyword, and so a setting for the server. */
function settingOf(key: string, raw: string, isKeyword: (key: string) => boolean): string {
  if (raw.includes('@')) throw malformed('"@" in a query parameter must be written %40');
  if (!SETTING_NAME.test(key)) throw malformed('a query parameter has an impossible name');
  // `sslMode=verify-full` must not become a harmless unknown: it was meant to protect.
  if (isKeyword(key.toLowerCase().replaceAll('_', ''))) {
    throw malformed('a query parameter is a keyword in wrong spelling', SPELLING_HINT);
  }
  const hint = rare().hintForParameter(key);
  if (hint !== null) {
    throw new ClientConfigurationError(
      `the DSN has the parameter "${key}", which PostgreSQL has not`,
      { hint },
    );
  }
  return decode(raw);
}

/** The authority and the path go before the query, as in asyncpg. */
function override(values: Map<string, string>, key: string, value: string): void {
  if (value === '') return;
  values.set(key, value);
  if (key === 'dbname') values.delete('database');
}
