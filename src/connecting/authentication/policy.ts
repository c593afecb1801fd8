import type { AuthMethod, ConnectConfig } from '../../config/connect-config.ts';
import { InterfaceError } from '../../errors/client-errors.ts';
import type { Authentication } from '../../protocol/backend/authentication.ts';
import type { AuthenticationParts } from './exchange.ts';

const SASL_METHODS: ReadonlyMap<string, AuthMethod> = new Map([
  ['SCRAM-SHA-256', 'scram-sha-256'],
  ['SCRAM-SHA-256-PLUS', 'scram-sha-256'],
  ['OAUTHBEARER', 'oauth'],
]);
/** The best first, of those that a server offers together. */
const SASL_ORDER: readonly AuthMethod[] = ['scram-sha-256', 'oauth'];

/** Refuses, before any credential is sent, a method that the options do not allow. */
export function checkPolicy(
  { config, transport }: AuthenticationParts,
  request: Authentication,
): void {
  const method = methodName(request, config);
  const { requireAuth } = config;
  if (requireAuth !== null && (method === null || !requireAuth.has(method))) {
    throw new InterfaceError(
      `the server asks for authentication ${method === null ? 'by another method' : `method "${method}"`}, which requireAuth does not allow`,
      { safeToRetry: true },
    );
  }
  if (config.channelBinding === 'require') {
    const offered =
      method === 'scram-sha-256' &&
      request.method === 'SASL' &&
      request.mechanisms.includes('SCRAM-SHA-256-PLUS');
    if (!offered) {
      throw new InterfaceError('channel binding is required, but the server does not offer it', {
        safeToRetry: true,
      });
    }
    if (transport.tls === null) {
      throw new InterfaceError('channel binding is required, but the connection has no TLS', {
        safeToRetry: true,
      });
    }
  }
}

function methodName(request: Authentication, config: ConnectConfig): AuthMethod | null {
  switch (request.method) {
    case 'Ok':
      return 'none';
    case 'CleartextPassword':
      return 'password';
    case 'MD5Password':
      return 'md5';
    case 'GSS':
      return 'gss';
    case 'SSPI':
      return 'sspi';
    case 'SASL':
      return saslMethod(request.mechanisms, config);
    default:
      return null;
  }
}

/** The best method that the server offers and the options allow; else one that it offers. */
export function saslMethod(
  mechanisms: readonly string[],
  { requireAuth }: ConnectConfig,
): AuthMethod | null {
  const offered = new Set(mechanisms.map((name) => SASL_METHODS.get(name)));
  const known = SASL_ORDER.filter((name) => offered.has(name));
  return known.find((name) => requireAuth?.has(name) ?? true) ?? known[0] ?? null;
}
