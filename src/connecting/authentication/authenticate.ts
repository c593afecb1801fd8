import type { AuthMethod, ConnectConfig } from '../../config/connect-config.ts';
import {
  InterfaceError,
  ProtocolError,
  UnsupportedClientFeatureError,
  UnsupportedServerFeatureError,
} from '../../errors/client-errors.ts';
import type { Authentication } from '../../protocol/backend/authentication.ts';
import { readNegotiateProtocolVersion } from '../../protocol/backend/session.ts';
import { writePasswordMessage } from '../../protocol/frontend/authentication.ts';
import { md5Password } from '../../protocol/md5.ts';
import { Backend } from '../../protocol/message-type.ts';
import type { StartUpInbox } from '../start-up-inbox.ts';
import {
  type AuthenticationParts,
  authenticationIn,
  isConfidential,
  nextAuthentication,
  requirePassword,
  send,
} from './exchange.ts';
import { authenticateByGss } from './gss.ts';
import { authenticateByToken } from './oauth.ts';
import { authenticateByScram } from './scram-authentication.ts';

const SASL_METHODS: ReadonlyMap<string, AuthMethod> = new Map([
  ['SCRAM-SHA-256', 'scram-sha-256'],
  ['SCRAM-SHA-256-PLUS', 'scram-sha-256'],
  ['OAUTHBEARER', 'oauth'],
]);
/** What a message that must not come first belongs to. */
const UNDER_WAY: ReadonlyMap<string, string> = new Map([
  ['SASLContinue', 'SASL'],
  ['SASLFinal', 'SASL'],
  ['GSSContinue', 'GSSAPI'],
]);
/** The best first, of those that a server offers together. */
const SASL_ORDER: readonly AuthMethod[] = ['scram-sha-256', 'oauth'];

/**
 * Answers the server's authentication requests until AuthenticationOk: at most one method,
 * which the options must allow, in the one order that the method has. Nothing else may come
 * before AuthenticationOk, so that nobody without the server's credentials gets a word in.
 *
 * PostgreSQL manual, "Start-up" and "SASL Authentication".
 */
export async function authenticate(parts: AuthenticationParts): Promise<void> {
  const { config } = parts;
  const request = await firstAuthentication(parts.inbox, config);
  checkPolicy(parts, request);
  let last: Authentication | null = null;
  switch (request.method) {
    case 'Ok':
      return;
    case 'CleartextPassword': {
      checkClearText(parts);
      const password = await requirePassword(parts, 'a password');
      send(parts.transport, (writer) => writePasswordMessage(writer, password));
      break;
    }
    case 'MD5Password': {
      const password = await requirePassword(parts, 'an MD5-hashed password');
      send(parts.transport, (writer) =>
        writePasswordMessage(writer, md5Password(config.user, password, request.salt)),
      );
      break;
    }
    case 'SASL':
      last = await authenticateSasl(parts, request.mechanisms);
      break;
    case 'GSS':
      last = await authenticateByGss(parts, 'gss');
      break;
    case 'SSPI':
      last = await authenticateByGss(parts, 'sspi');
      break;
    default:
      throw unsupported(request);
  }
  last ??= await nextAuthentication(parts.inbox);
  if (last.method !== 'Ok') {
    throw new ProtocolError('the server asked for a second authentication');
  }
}

/** The first request, ahead of which the server may have to say which version it speaks. */
async function firstAuthentication(
  inbox: StartUpInbox,
  config: ConnectConfig,
): Promise<Authentication> {
  const message = await inbox.next();
  if (message.type !== Backend.NegotiateProtocolVersion) return authenticationIn(message);
  const { newestVersion, unrecognizedOptions } = readNegotiateProtocolVersion(message.reader);
  if (newestVersion >= config.maxProtocolVersion || unrecognizedOptions.length > 0) {
    throw new ProtocolError('the server negotiates a protocol version that was not offered');
  }
  if (newestVersion < config.minProtocolVersion) {
    throw new UnsupportedServerFeatureError(
      `the server speaks protocol version ${versionText(newestVersion)} at most, and ` +
        `minProtocolVersion is ${versionText(config.minProtocolVersion)}`,
      { safeToRetry: true },
    );
  }
  return nextAuthentication(inbox);
}

function versionText(version: number): string {
  return `${version >> 16}.${version & 0xffff}`;
}

/** Refuses, before any credential is sent, a method that the options do not allow. */
function checkPolicy({ config, transport }: AuthenticationParts, request: Authentication): void {
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
function saslMethod(
  mechanisms: readonly string[],
  { requireAuth }: ConnectConfig,
): AuthMethod | null {
  const offered = new Set(mechanisms.map((name) => SASL_METHODS.get(name)));
  const known = SASL_ORDER.filter((name) => offered.has(name));
  return known.find((name) => requireAuth?.has(name) ?? true) ?? known[0] ?? null;
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
