import type { Host, HostProvider } from '../config/host-provider.ts';
import { ClientConfigurationError } from '../errors/client-errors.ts';
import { systemClock } from '../transport/clock.ts';
import { isError, isUrl } from '../values/builtins.ts';
import { messageOf } from '../values/message-of.ts';

/** Where a cluster of Patroni's is asked for its members, and how. Durations are milliseconds. */
export interface PatroniOptions {
  /** How long a list holds. Default 5,000. */
  readonly refreshMs?: number | undefined;
  /** How long one of the URLs may take to answer. Default 2,000. */
  readonly timeoutMs?: number | undefined;
  /**
   * Sent with each question, e.g. `{ authorization: 'Bearer …' }`. A user and a password in the URL are
   * sent as Basic authentication.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Replicas whose log is further behind the leader's, in bytes, are left out. Default: none is. */
  readonly maxLagBytes?: number | undefined;
  /** In place of the runtime's own `fetch`, e.g. one with a certificate authority and a client certificate. */
  readonly fetch?: typeof fetch | undefined;
}

const TIMEOUT = 2_000;
const REFRESH = 5_000;
const OPTIONS: ReadonlySet<string> = new Set([
  'refreshMs',
  'timeoutMs',
  'headers',
  'maxLagBytes',
  'fetch',
]);
/** Who takes writes; `master` is what older versions say. The leader of a standby cluster takes none. */
const LEADERS: ReadonlySet<unknown> = new Set(['leader', 'master']);
/** In which states a member takes connections. */
const SERVING: ReadonlySet<unknown> = new Set(['running', 'streaming', 'in archive recovery']);

/** A host provider that asks Patroni. */
export interface PatroniHosts extends HostProvider {
  /** The leader first, then who else serves; rejects when nobody tells. */
  list(options?: { readonly signal?: AbortSignal | undefined }): Promise<Host[]>;
}

/** A member as `GET /cluster` tells of it; what is not used is left out. */
interface Member {
  readonly role?: unknown;
  readonly state?: unknown;
  readonly host?: unknown;
  readonly port?: unknown;
  readonly lag?: unknown;
  readonly tags?: { readonly noloadbalance?: unknown } | null;
}

/** One place to ask at, without the secrets that it came with. */
interface Place {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The servers of a cluster that Patroni manages, by its REST API: the leader first, then the replicas
 * that run. Without those that are tagged `noloadbalance`. The URLs are asked in turn until one answers,
 * beginning with the one that did last, or behind the one that did not.
 *
 * Patroni documentation, "Patroni REST API", `GET /cluster`.
 *
 * @param urls the API of one member or, better, of several: `http://10.0.0.1:8008`
 * @throws ClientConfigurationError for what is no URL
 * @example
 * const pool = await createPool('postgres://app@/shop', {
 *   hostProvider: patroniHosts(['http://10.0.0.1:8008', 'http://10.0.0.2:8008']),
 *   readers: { maxLag: 10_000 },
 * });
 */
export function patroniHosts(
  urls: string | URL | readonly (string | URL)[],
  options: PatroniOptions = {},
): PatroniHosts {
  const places = placesOf(urls);
  checkOptions(options);
  const { refreshMs = REFRESH, timeoutMs = TIMEOUT } = options;
  let first = 0;
  return {
    refreshMs,
    timeoutMs: timeoutMs * places.length,
    async list({ signal } = {}) {
      const errors: unknown[] = [];
      const start = first;
      for (let i = 0; i < places.length && !signal?.aborted; i++) {
        const at = (start + i) % places.length;
        try {
          const hosts = await ask(places[at]!, options, timeoutMs, signal);
          first = at;
          return hosts;
        } catch (error) {
          // Also where nobody waited any longer: this one may have been the reason.
          first = (at + 1) % places.length;
          errors.push(error);
        }
      }
      if (errors.length === 1) throw errors[0];
      const list = errors.map(messageOf);
      throw new AggregateError(errors, list.join('; '));
    },
  };
}

function placesOf(urls: string | URL | readonly (string | URL)[]): Place[] {
  const list: readonly (string | URL)[] = typeof urls === 'string' || isUrl(urls) ? [urls] : urls;
  if (!Array.isArray(list) || list.length === 0) {
    throw new ClientConfigurationError('patroniHosts: expected at least one URL');
  }
  return list.map((item: unknown) => {
    const url = URL.canParse(String(item)) ? new URL(String(item)) : null;
    if (url === null || !/^https?:$/.test(url.protocol)) {
      throw new ClientConfigurationError(
        'patroniHosts: expected a URL such as "http://10.0.0.1:8008"',
      );
    }
    const { username, password } = url;
    const user = `${decoded(username)}:${decoded(password)}`;
    url.username = '';
    url.password = '';
    if (url.pathname === '/') url.pathname = '/cluster';
    const headers: Record<string, string> =
      user === ':' ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` };
    return { url: url.href, headers };
  });
}

/** The error has nothing of it: it may be the password. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ClientConfigurationError('patroniHosts: a "%" in user or password is written %25');
  }
}

function checkOptions(options: PatroniOptions): void {
  const unknown = Object.keys(options).find((name) => !OPTIONS.has(name));
  if (unknown !== undefined) {
    throw new ClientConfigurationError(`patroniHosts has no option "${unknown}"`);
  }
  const { timeoutMs = TIMEOUT, refreshMs = REFRESH, maxLagBytes = 0 } = options;
  for (const [name, value, least] of [
    ['timeoutMs', timeoutMs, 1],
    ['refreshMs', refreshMs, 0],
    ['maxLagBytes', maxLagBytes, 0],
  ] as const) {
    if (typeof value !== 'number' || !(value >= least)) {
      throw new ClientConfigurationError(
        `patroniHosts: ${name} must be a number of at least ${least}`,
      );
    }
  }
}

/** What one place tells. Its errors have no secret in them. */
async function ask(
  { url, headers }: Place,
  options: PatroniOptions,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Host[]> {
  const { fetch: request = fetch } = options;
  const late = new AbortController();
  const stop = (): void => late.abort(signal?.reason);
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  const timer = systemClock.setTimer(timeoutMs, () => {
    late.abort(new Error(`no answer within ${timeoutMs} ms`));
  });
  let body: { readonly members?: unknown };
  try {
    const answer = await request(url, {
      headers: { accept: 'application/json', ...headers, ...options.headers },
      redirect: 'error',
      signal: late.signal,
    });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    body = (await answer.json()) as typeof body;
  } catch (error) {
    throw new Error(`Patroni at ${url} does not tell its members: ${reasonOf(error)}`, {
      cause: error,
    });
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', stop);
  }
  const members = Array.isArray(body?.members) ? (body.members as readonly Member[]) : [];
  const hosts = members.flatMap((member) => hostOf(member, options.maxLagBytes ?? Infinity));
  if (hosts.length === 0) throw new Error(`Patroni at ${url} tells of no member that runs`);
  return hosts.toSorted((a, b) => Number(a.role !== 'primary') - Number(b.role !== 'primary'));
}

/** The system's error is underneath, as fetch tells it. */
function reasonOf(error: unknown): string {
  if (!isError(error)) return String(error);
  return isError(error.cause) ? error.cause.message || String(error.cause) : error.message;
}

function hostOf(member: Member | null, maxLagBytes: number): Host[] {
  if (typeof member !== 'object' || member === null) return [];
  const { role, state, host, port, lag, tags } = member;
  if (!SERVING.has(state) || typeof host !== 'string' || typeof port !== 'number') return [];
  if (LEADERS.has(role)) return [{ host, port, role: 'primary' }];
  if (tags?.noloadbalance === true) return [];
  if (maxLagBytes < Infinity && !(typeof lag === 'number' && lag <= maxLagBytes)) return [];
  return [{ host, port, role: 'standby' }];
}
