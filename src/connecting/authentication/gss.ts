import type { GssExchange } from '../../config/connect-config.ts';
import {
  ClientConfigurationError,
  InterfaceError,
  ProtocolError,
  UnsupportedClientFeatureError,
} from '../../errors/client-errors.ts';
import type { Authentication } from '../../protocol/backend/authentication.ts';
import { writeSaslResponse } from '../../protocol/frontend/authentication.ts';
import { isUint8Array } from '../../values/builtins.ts';
import { type AuthenticationParts, byUser, nextAuthentication, send } from './exchange.ts';

/** Kerberos needs two, SPNEGO a few more. */
const MAX_TOKENS = 16;

/**
 * Has the `gssProvider` make the tokens of a GSSAPI or SSPI exchange, which goes back and forth
 * until the server says AuthenticationOk. Resolves to what the server says last.
 *
 * PostgreSQL manual, "GSSAPI Authentication", and "Message Flow", AuthenticationGSSContinue.
 */
export async function authenticateByGss(
  parts: AuthenticationParts,
  method: 'gss' | 'sspi',
): Promise<Authentication> {
  const { config, host, inbox } = parts;
  const { gssProvider, krbsrvname, gsslib, user } = config;
  if (gssProvider === null) {
    throw new UnsupportedClientFeatureError(
      `the server asks for the authentication method ${method.toUpperCase()}, which needs a gssProvider`,
      { safeToRetry: true },
    );
  }
  const exchange = await byUser(inbox, (signal) =>
    gssProvider({ method, service: krbsrvname, host: host.host, library: gsslib, user, signal }),
  );
  if (typeof exchange?.next !== 'function') {
    throw new ClientConfigurationError(
      'invalid gssProvider option: the function must give an iterator of tokens',
    );
  }
  try {
    return await converse(parts, exchange);
  } finally {
    // What it holds is let go of, also where the exchange has failed; nobody waits for that.
    void (async () => exchange.return?.())().catch(() => {});
  }
}

async function converse(
  { inbox, transport }: AuthenticationParts,
  exchange: GssExchange,
): Promise<Authentication> {
  let isOver = false;
  let received: Buffer | null = null;
  for (let count = 0; count < MAX_TOKENS; count++) {
    const token = await nextToken(inbox, exchange, received);
    isOver = token === null;
    if (token !== null) send(transport, (writer) => writeSaslResponse(writer, token));
    else if (count === 0)
      throw new InterfaceError('the gssProvider gave no token', { safeToRetry: true });
    const answer = await nextAuthentication(inbox);
    if (answer.method !== 'GSSContinue') {
      // The server is content. Whether the client is, who may have wanted a proof, it says itself.
      if (answer.method === 'Ok' && !isOver) await nextToken(inbox, exchange, null);
      return answer;
    }
    if (isOver) throw new ProtocolError('the server goes on with GSSAPI after its end');
    received = answer.data;
  }
  throw new ProtocolError(`the GSSAPI exchange did not end within ${MAX_TOKENS} tokens`);
}

/** What the client sends next; null when it has nothing more to say. */
async function nextToken(
  inbox: AuthenticationParts['inbox'],
  exchange: GssExchange,
  received: Buffer | null,
): Promise<Uint8Array | null> {
  const step = await byUser(inbox, () => exchange.next(received));
  if (step.done === true) return null;
  if (isUint8Array(step.value)) return step.value;
  throw new ClientConfigurationError('invalid gssProvider option: a token must be a Uint8Array');
}
