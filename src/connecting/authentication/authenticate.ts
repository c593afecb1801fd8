import type { ConnectConfig } from '../../config/connect-config.ts';
import { ProtocolError, UnsupportedServerFeatureError } from '../../errors/client-errors.ts';
import { readNegotiateProtocolVersion } from '../../protocol/backend/session.ts';
import { Backend } from '../../protocol/message-type.ts';
import type { StartUpMessage } from '../start-up-inbox.ts';
import { type AuthenticationParts, authenticationIn } from './exchange.ts';

/**
 * Answers the server's authentication requests until AuthenticationOk: at most one method,
 * which the options must allow, in the one order that the method has. Nothing else may come
 * before AuthenticationOk, so that nobody without the server's credentials gets a word in.
 *
 * PostgreSQL manual, "Start-up" and "SASL Authentication".
 */
export async function authenticate(parts: AuthenticationParts): Promise<void> {
  const { config, inbox } = parts;
  let message = await inbox.next();
  if (message.type === Backend.NegotiateProtocolVersion) {
    checkVersion(message, config);
    message = await inbox.next();
  }
  const request = authenticationIn(message);
  const isRestricted = config.requireAuth !== null || config.channelBinding === 'require';
  if (request.method === 'Ok' && !isRestricted) return;
  // Most of what this takes is needed by nobody who is trusted without it.
  const { authenticateBy } = await import('./methods.ts');
  const last = await authenticateBy(parts, request);
  if (last.method !== 'Ok') {
    throw new ProtocolError('the server asked for a second authentication');
  }
}

/** Ahead of its first request the server may have to say which version it speaks. */
function checkVersion({ reader }: StartUpMessage, config: ConnectConfig): void {
  const { newestVersion, unrecognizedOptions } = readNegotiateProtocolVersion(reader);
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
}

function versionText(version: number): string {
  return `${version >> 16}.${version & 0xffff}`;
}
