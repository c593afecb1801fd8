import type { ConnectConfig } from '../../config/connect-config.ts';
import { ProtocolError, UnsupportedServerFeatureError } from '../../errors/client-errors.ts';
import type { Authentication } from '../../protocol/backend/authentication.ts';
import { readNegotiateProtocolVersion } from '../../protocol/backend/session.ts';
import { Backend } from '../../protocol/message-type.ts';
import type { StartUpInbox } from '../start-up-inbox.ts';
import { type AuthenticationParts, authenticationIn, nextAuthentication } from './exchange.ts';
import { checkPolicy } from './policy.ts';

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
  if (request.method === 'Ok') return;
  // Most of what this takes is needed by nobody who is trusted without it.
  const { authenticateBy } = await import('./methods.ts');
  const last = await authenticateBy(parts, request);
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
