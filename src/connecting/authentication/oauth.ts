import type { OAuthDiscovery } from '../../config/connect-config.ts';
import {
  ClientConfigurationError,
  InterfaceError,
  ProtocolError,
} from '../../errors/client-errors.ts';
import { postgresErrorFrom } from '../../errors/server-message.ts';
import type { Authentication } from '../../protocol/backend/authentication.ts';
import { readErrorResponse } from '../../protocol/backend/response.ts';
import {
  writeSaslInitialResponse,
  writeSaslResponse,
} from '../../protocol/frontend/authentication.ts';
import { Backend } from '../../protocol/message-type.ts';
import {
  type AuthenticationParts,
  byUser,
  isConfidential,
  nextAuthentication,
  send,
} from './exchange.ts';
import { OAuthDiscovered } from './oauth-discovered.ts';

const MECHANISM = 'OAUTHBEARER';
const NOTHING_KNOWN: OAuthDiscovery = { issuer: null, openidConfiguration: null, scope: null };
/** RFC 6750, section 2.1. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;
/** What acknowledges the server's refusal. */
const ACKNOWLEDGEMENT = Buffer.from('\x01');

/**
 * Has the `oauthToken` function give a token and sends it. Resolves to what the server says then,
 * which for a good token is AuthenticationOk at once. Any other is answered with reasons, whose
 * receipt must be acknowledged, and with an error after that.
 *
 * RFC 7628, and the PostgreSQL manual, "SASL Authentication", OAUTHBEARER.
 *
 * @throws OAuthDiscovered when the function had no token and the server told where to get one
 */
export async function authenticateByToken(parts: AuthenticationParts): Promise<Authentication> {
  const { transport, inbox, discovery } = parts;
  if (!isConfidential(parts)) {
    throw new InterfaceError(
      'the server asks for an OAuth token, over a connection without encryption',
      { hint: 'Use TLS with the ssl option.', safeToRetry: true },
    );
  }
  const token = await tokenOf(parts);
  if (token === '' && discovery !== null) {
    throw new InterfaceError('the server asks for an OAuth token, but oauthToken gave none', {
      safeToRetry: true,
    });
  }
  const bearer = token === '' ? '' : `Bearer ${token}`;
  send(transport, (writer) =>
    writeSaslInitialResponse(writer, MECHANISM, Buffer.from(`n,,\x01auth=${bearer}\x01\x01`)),
  );
  const answer = await nextAuthentication(inbox);
  if (answer.method !== 'SASLContinue') return answer;
  const reasons = new TextDecoder().decode(answer.data);
  send(transport, (writer) => writeSaslResponse(writer, ACKNOWLEDGEMENT));
  const { type, reader } = await inbox.next();
  if (type !== Backend.ErrorResponse) {
    throw new ProtocolError('the server went on after it had refused an OAuth token');
  }
  if (token === '') throw new OAuthDiscovered(discoveryIn(reasons));
  throw postgresErrorFrom(readErrorResponse(reader), {
    safeToRetry: true,
    cause: new InterfaceError(
      `the server does not accept the OAuth token: ${reasons.replaceAll(token, '…')}`,
    ),
  });
}

async function tokenOf(parts: AuthenticationParts): Promise<string> {
  const { config, host, inbox, discovery } = parts;
  const give = config.oauthToken!;
  const { user, database } = config;
  const known = discovery ?? NOTHING_KNOWN;
  const token: unknown = await byUser(inbox, (signal) =>
    give({ host: host.host, port: host.port, user, database, ...known, signal }),
  );
  if (token === null || token === undefined || token === '') return '';
  if (typeof token !== 'string' || !TOKEN.test(token)) {
    throw new ClientConfigurationError(
      'invalid oauthToken option: the function must give a bearer token, or an empty string',
    );
  }
  return token;
}

/** What an answer without a token tells; the server decides what of it there is. */
function discoveryIn(text: string): OAuthDiscovery {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    // Told below.
  }
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) {
    throw new ProtocolError('the server did not tell in JSON why it refuses an OAuth token');
  }
  const fields = new Map<string, unknown>(Object.entries(answer));
  const textOf = (name: string): string | null => {
    const value = fields.get(name);
    return typeof value === 'string' ? value : null;
  };
  const openidConfiguration = textOf('openid-configuration');
  return {
    openidConfiguration,
    issuer: openidConfiguration === null ? null : issuerOf(openidConfiguration),
    scope: textOf('scope'),
  };
}

/** The issuer whose well-known configuration this is: RFC 8414, section 3. */
function issuerOf(url: string): string | null {
  const [, before, after = ''] =
    /^(.+)\/\.well-known\/(?:openid-configuration|oauth-authorization-server)(\/.*)?$/.exec(url) ??
    [];
  return before === undefined ? null : before + after;
}
