import type { AuthMethod } from './connect-config.ts';
import { configurationError, gotSuffix, type Origin } from './origin.ts';

const METHODS: readonly AuthMethod[] = [
  'password',
  'md5',
  'gss',
  'sspi',
  'scram-sha-256',
  'oauth',
  'none',
];

/** What `require_auth` comes to. */
export interface RequiredAuth {
  /** The methods that the server may ask for. */
  readonly allowed: ReadonlySet<AuthMethod>;
  /** A password in clear text is asked for by name, and not only not ruled out. */
  readonly namesPassword: boolean;
}

/**
 * libpq's `require_auth`: a comma list of the methods that the server may ask for, or, each
 * with a `!`, of those that it may not. `none` is a server that asks for nothing. Gives the
 * methods that remain.
 *
 * PostgreSQL manual, "Parameter Key Words", require_auth.
 */
export function parseRequireAuth(text: string, origin: Origin): RequiredAuth {
  const named = new Set<AuthMethod>();
  let negated: boolean | null = null;
  for (const item of text.split(',')) {
    const word = item.trim();
    const negative = word.startsWith('!');
    const method = METHODS.find((name) => name === word.slice(negative ? 1 : 0));
    if (method === undefined) {
      throw configurationError(
        origin,
        `expected a comma-separated list of ${METHODS.join(', ')}, each or none with a "!"` +
          gotSuffix(word, origin),
      );
    }
    if (negated !== null && negated !== negative) {
      throw configurationError(origin, 'methods with and without a "!" cannot be mixed');
    }
    if (named.has(method)) {
      throw configurationError(origin, `method "${method}" is given more than once`);
    }
    negated = negative;
    named.add(method);
  }
  if (negated !== true) return { allowed: named, namesPassword: named.has('password') };
  const allowed = new Set(METHODS.filter((method) => !named.has(method)));
  return { allowed, namesPassword: false };
}
