import { InterfaceError, ProtocolError } from '../../errors/client-errors.ts';
import type { Authentication } from '../../protocol/backend/authentication.ts';
import {
  writeSaslInitialResponse,
  writeSaslResponse,
} from '../../protocol/frontend/authentication.ts';
import { type ScramChannelBinding, ScramClient } from '../../protocol/scram.ts';
import { serverEndPoint } from './channel-binding.ts';
import { type AuthenticationParts, nextAuthentication, requirePassword, send } from './exchange.ts';
import { ScramKeyCache } from './scram-key-cache.ts';

/** Shared by all: programs that connect for each task profit most. */
const SCRAM_KEYS = new ScramKeyCache();

/**
 * Proves to know the password without telling it, and has the server prove that it knows it too.
 * Resolves to what the server says after that.
 *
 * PostgreSQL manual, "SCRAM-SHA-256 Authentication".
 */
export async function authenticateByScram(
  parts: AuthenticationParts,
  mechanisms: readonly string[],
): Promise<Authentication> {
  const { transport, inbox } = parts;
  const scram = new ScramClient({
    channelBinding: chooseBinding(parts, mechanisms),
    ...parts.config.scramIterations,
  });
  if (!mechanisms.includes(scram.mechanism)) {
    throw new InterfaceError(`the server does not offer ${scram.mechanism}`, { safeToRetry: true });
  }
  const password = await requirePassword(parts, 'a password');
  send(transport, (writer) =>
    writeSaslInitialResponse(writer, scram.mechanism, scram.clientFirst()),
  );
  const first = await nextAuthentication(inbox);
  if (first.method !== 'SASLContinue') throw outOfOrder();
  const { salt, iterations } = scram.serverFirst(first.data);
  const keys = await inbox.during(SCRAM_KEYS.keys(password, salt, iterations));
  send(transport, (writer) => writeSaslResponse(writer, scram.clientFinal(keys)));
  const final = await nextAuthentication(inbox);
  if (final.method !== 'SASLFinal') throw outOfOrder();
  scram.serverFinal(final.data);
  return nextAuthentication(inbox);
}

function outOfOrder(): ProtocolError {
  return new ProtocolError('the server broke off the SASL exchange without proving its identity');
}

function chooseBinding(
  { config, transport }: AuthenticationParts,
  mechanisms: readonly string[],
): ScramChannelBinding {
  const { tls } = transport;
  if (tls === null || config.channelBinding === 'disable') return 'unsupported';
  if (!mechanisms.includes('SCRAM-SHA-256-PLUS')) return 'not-offered';
  const certificate = tls.peerCertificate();
  const data = certificate === null ? null : serverEndPoint(certificate);
  if (data !== null) return { type: 'tls-server-end-point', data };
  if (config.channelBinding === 'require') {
    throw new InterfaceError(
      "channel binding is required, but the server's certificate has no hash to bind to",
      { safeToRetry: true },
    );
  }
  return 'unsupported';
}
