import { systemFiles } from '../../config/files.ts';
import { isError } from '../../values/builtins.ts';

/** What a connection string says: its own parameters, and whatever else stands behind its `?`. */
export interface ParsedConnectionString {
  [name: string]: any;
}

/**
 * A space, a percent sign that begins no escape, or one whose second digit is missing: the text was
 * not encoded yet.
 */
const NOT_ENCODED = / |%[^a-f0-9]|%[a-f0-9][^a-f0-9]/i;

/** Stands in for a host that is missing, which no URL may be without where a user is named. */
const NO_HOST = '___DUMMY___';

/**
 * Reads a connection string by the rules of node-postgres, which are not libpq's: any scheme will do,
 * `sslmode=require` checks the certificate, and no parameter is unknown.
 *
 * @throws TypeError if it is no URL, without showing it, and the system's error for a file that it
 *   names and that cannot be read
 */
export function parseConnectionString(text: string): Readonly<ParsedConnectionString> {
  if (text === lastText) return lastParsed!;
  const parsed = parse(text);
  // Options of TLS are an object of the client's own, and may name files.
  if (typeof parsed['ssl'] !== 'object') {
    lastText = text;
    lastParsed = parsed;
  }
  return parsed;
}

/** The string that was read last: a pool has the same one for each of its connections. */
let lastText: string | null = null;
let lastParsed: Readonly<ParsedConnectionString> | null = null;

function parse(text: string): ParsedConnectionString {
  if (text.startsWith('/')) {
    const [host, database] = text.split(' ');
    return { host, database };
  }
  const { url, hasHost } = parseUrl(text);
  // Without a prototype, since the parameters' names are the string's.
  const config: ParsedConnectionString = Object.create(null);
  for (const [name, value] of url.searchParams) config[name] = value;
  config['user'] ||= decodeURIComponent(url.username);
  config['password'] ||= decodeURIComponent(url.password);
  if (url.protocol === 'socket:') {
    config['host'] = decodeURI(url.pathname);
    config['database'] = url.searchParams.get('db');
    config['client_encoding'] = url.searchParams.get('encoding');
    return config;
  }
  const hostname = hasHost ? url.hostname.replace(/^\[(.+)\]$/, '$1') : '';
  let path = url.pathname;
  if (!config['host']) config['host'] = decodeURIComponent(hostname);
  // A socket's directory in place of the host is a part of the path, if the host is named elsewhere.
  else if (/^%2f/i.test(hostname)) path = `/${hostname}${path}`;
  config['port'] ||= url.port;
  const database = path.slice(1);
  config['database'] = database === '' ? null : decodeURI(database);
  applySsl(config);
  return config;
}

function parseUrl(text: string): { url: URL; hasHost: boolean } {
  const encoded = NOT_ENCODED.test(text) ? encodeURI(text).replace(/%25(\d\d)/g, '%$1') : text;
  const base = 'postgres://base';
  if (URL.canParse(encoded, base)) return { url: new URL(encoded, base), hasHost: true };
  try {
    return { url: new URL(encoded.replace('@/', `@${NO_HOST}/`), base), hasHost: false };
  } catch (error) {
    // It has a password in it.
    if (isError(error) && 'input' in error) error.input = '*****REDACTED*****';
    throw error;
  }
}

/** Makes `ssl` of all the parameters that are about TLS. */
function applySsl(config: ParsedConnectionString): void {
  const { sslcert, sslkey, sslrootcert, sslmode } = config;
  if (config['ssl'] === 'true' || config['ssl'] === '1') config['ssl'] = true;
  if (config['ssl'] === '0') config['ssl'] = false;
  if (sslcert || sslkey || sslrootcert || sslmode) config['ssl'] = {};
  if (config['sslnegotiation'] === 'direct' && config['ssl'] === undefined) config['ssl'] = true;

  const { ssl } = config;
  if (sslcert) ssl.cert = systemFiles.readSync(sslcert).toString();
  if (sslkey) ssl.key = systemFiles.readSync(sslkey).toString();
  if (sslrootcert) ssl.ca = systemFiles.readSync(sslrootcert).toString();

  if (sslmode === 'disable') config['ssl'] = false;
  else if (config['uselibpqcompat'] === 'true') applyLibpqMode(ssl, sslmode, sslrootcert);
  else if (sslmode === 'no-verify') ssl.rejectUnauthorized = false;
  // All other modes, known or not, check the certificate and its name.
}

/** What libpq's modes mean to libpq, which `uselibpqcompat=true` asks for. */
function applyLibpqMode(ssl: any, mode: string, rootCertificate: string | undefined): void {
  if (mode === 'prefer' || (mode === 'require' && !rootCertificate)) {
    ssl.rejectUnauthorized = false;
  } else if (mode === 'require') {
    ssl.checkServerIdentity = () => {};
  } else if (mode === 'verify-ca') {
    if (!ssl.ca) {
      throw new Error(
        'SECURITY WARNING: Using sslmode=verify-ca requires specifying a CA with sslrootcert. If a ' +
          'public CA is used, verify-ca allows connections to a server that somebody else may have ' +
          'registered with the CA, making you vulnerable to Man-in-the-Middle attacks. Either ' +
          'specify a custom CA certificate with sslrootcert parameter or use sslmode=verify-full ' +
          'for proper security.',
      );
    }
    ssl.checkServerIdentity = () => {};
  }
}
