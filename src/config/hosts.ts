import { ClientConfigurationError } from '../errors/client-errors.ts';
import { ipVersion } from '../values/ip-address.ts';
import type { HostConfig } from './connect-config.ts';
import { configurationError, type Found, gotSuffix, isStronger, type Origin } from './origin.ts';
import { checkText, type TextParser, type ValueParser } from './value-parsers.ts';

/** A host as written: the name may be empty (the default), the port may be missing. */
export interface HostSpec {
  readonly host: string;
  readonly port: number | null;
}

const DEFAULT_PORT = 5432;

/** Where distributions put the server's socket; there is no way to ask for it. */
const SOCKET_DIRECTORIES = ['/run/postgresql', '/var/run/postgresql', '/tmp', '/private/tmp'];
/** Where a server is looked for when nothing says where it is, but on Windows. */
const SOCKETS_AND_LOCALHOST = [...SOCKET_DIRECTORIES, 'localhost'];

/** What `sockaddr_un.sun_path` holds, less its NUL; the BSDs have four bytes less than Linux. */
const SOCKET_PATH_BYTES = { linux: 107, other: 103 };

function isSocketHost(host: string): boolean {
  return host.startsWith('/') || host.startsWith('@');
}

function parsePort(value: unknown, origin: Origin): number {
  // Usually it is written as a number is.
  const number =
    typeof value === 'string' &&
    (String(Number(value)) === value || /^[ \t\n\v\f\r]*\d+[ \t\n\v\f\r]*$/.test(value))
      ? Number(value)
      : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 1 || number > 65535) {
    throw configurationError(origin, `expected a port, 1 to 65535${gotSuffix(value, origin)}`);
  }
  return number;
}

/**
 * One host outside a URI's authority: a name, `name:port`, `[v6]:port`, an IPv6 address without
 * brackets, or a socket, whose path may contain colons.
 */
function parseHost(text: string, origin: Origin): HostSpec {
  const spec = text.trim();
  if (spec === '' || isSocketHost(spec)) return { host: spec, port: null };
  const colons = spec.split(':').length - 1;
  if (!spec.startsWith('[') && colons > 1) {
    if (ipVersion(spec) !== 6) {
      throw configurationError(
        origin,
        `expected a name, name:port, an IPv6 address or [address]:port${gotSuffix(spec, origin)}`,
      );
    }
    return { host: spec, port: null };
  }
  return splitHostPort(spec, origin, (part) => part);
}

/**
 * Splits `name`, `name:port`, `[v6]` and `[v6]:port`, then decodes the parts, so that an encoded
 * colon does not separate.
 */
export function splitHostPort(
  spec: string,
  origin: Origin,
  decode: (part: string) => string,
): HostSpec {
  const parts = spec.split(':');
  const isPlain = parts.length <= 2 && !spec.includes('[') && !spec.includes(']');
  const [name = '', port = ''] = isPlain ? parts : bracketedParts(spec, origin, decode);
  const portText = decode(port);
  return { host: decode(name), port: portText === '' ? null : parsePort(portText, origin) };
}

/** An address in brackets or a name, and what comes behind a colon. */
function bracketedParts(
  spec: string,
  origin: Origin,
  decode: (part: string) => string,
): (string | undefined)[] {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([^:]*))?$/s.exec(spec);
  if (match === null) {
    throw configurationError(origin, 'malformed host list', {
      hint: 'Write name:port, put IPv6 addresses in brackets, percent-encode anything else.',
    });
  }
  const [, address, name, port] = match;
  if (address !== undefined && ipVersion(decode(address)) !== 6) {
    throw configurationError(origin, 'expected an IPv6 address between the brackets');
  }
  return [address ?? name, port];
}

export const hostListText: TextParser<readonly HostSpec[]> = (text, origin) => {
  const items = text.split(',');
  // A DSN in the wrong place has a password in it, so the whole list is checked before any piece
  // of it gets into a message.
  if (items.some((item) => !isSocketHost(item.trim()) && /@|:\/\//.test(item))) {
    throw configurationError(origin, 'expected host names, not a DSN', {
      hint: 'The DSN is the first argument; a host has no "@" and no "://".',
    });
  }
  return items.map((item) => parseHost(item, origin));
};

export const hostListValue: ValueParser<readonly HostSpec[]> = (value, origin) => {
  if (Array.isArray(value) && value.length === 0) {
    throw configurationError(origin, 'expected at least one host');
  }
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  return items.flatMap((item) => {
    if (typeof item !== 'string') {
      throw configurationError(
        origin,
        `expected a host name or a list of them${gotSuffix(item, origin)}`,
      );
    }
    return hostListText(checkText(item, origin), origin);
  });
};

export const portListText: TextParser<readonly (number | null)[]> = (text, origin) =>
  text.split(',').map((item) => (item.trim() === '' ? null : parsePort(item, origin)));

export const portListValue: ValueParser<readonly (number | null)[]> = (value, origin) => {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (items.length === 0) throw configurationError(origin, 'expected at least one port');
  return items.flatMap((item) =>
    typeof item === 'string' ? portListText(item, origin) : [parsePort(item, origin)],
  );
};

/** Puts hosts, ports and addresses together, one entry for each place to try. */
export function resolveHosts(
  hosts: Found<readonly HostSpec[]> | null,
  portList: Found<readonly (number | null)[]> | null,
  addresses: Found<readonly (string | null)[]> | null,
  platform: string,
): readonly HostConfig[] {
  // A port written with its host gives way only to a port list from a stronger source.
  const overruled = !!portList && !!hosts && isStronger(portList.origin, hosts.origin);
  const needed =
    portList !== null && (overruled || !hosts?.value.every((spec) => spec.port !== null));
  const ports = needed ? portList : null;
  const count = hosts?.value.length ?? addresses?.value.length ?? 1;
  if (addresses !== null && addresses.value.length !== count) {
    throw configurationError(
      addresses.origin,
      `could not match ${addresses.value.length} addresses to ${count} hosts`,
    );
  }
  if (ports !== null && ports.value.length !== 1 && ports.value.length !== count) {
    throw configurationError(
      ports.origin,
      `could not match ${ports.value.length} port numbers to ${count} hosts`,
      { hint: 'Give one port for all hosts or one for each.' },
    );
  }
  const result: HostConfig[] = [];
  for (let i = 0; i < count; i++) {
    const spec = hosts?.value[i] ?? { host: '', port: null };
    const listed = (ports?.value.length === 1 ? ports.value[0] : ports?.value[i]) ?? null;
    const port = (overruled ? (listed ?? spec.port) : (spec.port ?? listed)) ?? DEFAULT_PORT;
    const address = addresses?.value[i] ?? null;
    const names =
      spec.host === '' && address === null ? defaultHosts(platform) : [spec.host || address || ''];
    for (const host of names) {
      // As in libpq, an address makes it TCP whatever the host looks like.
      const socketPath =
        address === null && isSocketHost(host) ? socketPathOf(host, port, platform) : null;
      result.push(Object.freeze({ host, port, socketPath, address }));
    }
  }
  return Object.freeze(result);
}

function defaultHosts(platform: string): readonly string[] {
  return platform === 'win32' ? ['localhost'] : SOCKETS_AND_LOCALHOST;
}

/** Whether these are where a server is looked for when nothing says where it is. */
export function areDefaultHosts(hosts: readonly HostConfig[]): boolean {
  return (
    hosts.length === SOCKETS_AND_LOCALHOST.length &&
    hosts.every(({ host }, at) => host === SOCKETS_AND_LOCALHOST[at])
  );
}

function socketPathOf(host: string, port: number, platform: string): string {
  const path = host.includes('.s.PGSQL.') ? host : `${host.replace(/\/+$/, '')}/.s.PGSQL.${port}`;
  const limit = platform === 'linux' ? SOCKET_PATH_BYTES.linux : SOCKET_PATH_BYTES.other;
  if (Buffer.byteLength(path) > limit) {
    throw new ClientConfigurationError(
      `host: the path of the Unix socket is too long, at most ${limit} bytes are possible`,
    );
  }
  // Linux's abstract sockets have a NUL in front; "@" is how people write it.
  return path.startsWith('@') ? `\0${path.slice(1)}` : path;
}
