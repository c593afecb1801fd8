import {
  InterfaceError,
  ProtocolError,
  UnsupportedClientFeatureError,
} from '../../errors/client-errors.ts';
import type { Authentication } from '../../protocol/backend/authentication.ts';
import { writePasswordMessage } from '../../protocol/frontend/authentication.ts';
import { md5Password } from '../../protocol/md5.ts';
import {
  type AuthenticationParts,
  isConfidential,
  nextAuthentication,
  requirePassword,
  send,
} from './exchange.ts';
import { authenticateByGss } from './gss.ts';
import { authenticateByToken } from './oauth.ts';
import { checkPolicy, saslMethod } from './policy.ts';
import { authenticateByScram } from './scram-authentication.ts';

/** What a message that must not come first belongs to. */
const UNDER_WAY: ReadonlyMap<string, string> = new Map([
  ['SASLContinue', 'SASL'],
  ['SASLFinal', 'SASL'],
  ['GSSContinue', 'GSSAPI'],
]);

/**
 * Answers the request by the method that it names, if the options allow it. Resolves to what the server says
 * after that.
 */
export async function authenticateBy(
  parts: AuthenticationParts,
  request: Authentication,
): Promise<Authentication> {
  checkPolicy(parts, request);
  switch (request.method) {
    case 'Ok':
      return request;
    case 'CleartextPassword': {
      checkClearText(parts);
      const password = await requirePassword(parts, 'a password');
      send(parts.transport, (writer) => writePasswordMessage(writer, password));
      return nextAuthentication(parts.inbox);
    }
    case 'MD5Password': {
      const password = await requirePassword(parts, 'an MD5-hashed password');
      const answer = md5Password(parts.config.user, password, request.salt);
      send(parts.transport, (writer) => writePasswordMessage(writer, answer));
      return nextAuthentication(parts.inbox);
    }
    case 'SASL':
      return authenticateSasl(parts, request.mechanisms);
    case 'GSS':
      return authenticateByGss(parts, 'gss');
    case 'SSPI':
      return authenticateByGss(parts, 'sspi');
    default:
      throw unsupported(request);
  }
}

/** A password as it is goes only where nobody can read it on its way, or where that is asked for. */
function checkClearText(parts: AuthenticationParts): void {
  if (isConfidential(parts) || parts.config.allowsClearText) return;
  throw new InterfaceError(
    'the server asks for the password in clear text, over a connection without encryption',
    {
      hint: "Use TLS with the ssl option, or allow it with requireAuth: 'password'.",
      safeToRetry: true,
    },
  );
}

function unsupported(request: Authentication): Error {
  const exchange = UNDER_WAY.get(request.method);
  if (exchange !== undefined) {
    return new ProtocolError(`the server goes on with ${exchange} without having begun it`);
  }
  const name = request.method === 'Unknown' ? `number ${request.code}` : request.method;
  return new UnsupportedClientFeatureError(
    `the server asks for the authentication method ${name}, which is not supported`,
    { safeToRetry: true },
  );
}

function authenticateSasl(
  parts: AuthenticationParts,
  mechanisms: readonly string[],
): Promise<Authentication> {
  const method = saslMethod(mechanisms, parts.config);
  if (method === 'scram-sha-256') return authenticateByScram(parts, mechanisms);
  if (method === 'oauth' && parts.config.oauthToken !== null) return authenticateByToken(parts);
  throw new UnsupportedClientFeatureError(
    method === 'oauth'
      ? 'the server asks for an OAuth token, which needs the oauthToken option'
      : `the server offers the SASL mechanisms ${mechanisms.join(', ')}, none of which is supported`,
    { safeToRetry: true },
  );
}
