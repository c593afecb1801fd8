import { Connection } from '../client/connection.ts';
import { CREATE } from '../client/internals.ts';
import { openClientSession } from '../client/open-client-session.ts';
import type { CodecSource } from '../codecs/codec-source.ts';
import type { SessionContext } from '../connecting/open-session.ts';
import { InternalClientError } from '../errors/client-errors.ts';
import { InnerRequests } from '../session/requests/inner-requests.ts';
import { introspect } from '../session/statements/introspection.ts';
import { endIfSilent } from './patience.ts';

/** Rounds of introspection: each may name types that are still unknown. */
const MAX_ROUNDS = 64;

/** A connection apart from all others, on which the stream can ask what a walsender does not answer. */
export async function openConnection(
  context: SessionContext,
  signal: AbortSignal | null = null,
): Promise<Connection> {
  return Connection[CREATE](await openClientSession(context, signal));
}

/**
 * Asks something on such a connection, in the time that connecting has: one that falls silent must not hold
 * the stream up without end.
 */
export async function askApart<T>(
  context: SessionContext,
  signal: AbortSignal | null,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const client = await openClientSession(context, signal);
  const connection = Connection[CREATE](client);
  const timer = endIfSilent(client.session, context.config.timeout, signal);
  try {
    return await work(connection);
  } finally {
    timer?.cancel();
    connection.terminate();
  }
}

/**
 * Asks for types on a connection of its own, since a walsender that streams answers nothing.
 *
 * @param codecs of the walsender's session
 * @param isOutdated what is known of types is wrong
 */
export async function learnTypesApart(
  context: SessionContext,
  codecs: CodecSource,
  oids: readonly number[],
  isOutdated: boolean = false,
  signal: AbortSignal | null = null,
): Promise<void> {
  if (isOutdated) codecs.forget();
  codecs.catchUp();
  if (codecs.missing(oids).length === 0) {
    await codecs.load?.(oids);
    return;
  }
  const { session } = await openClientSession(context, signal);
  const timer = endIfSilent(session, context.config.timeout, signal);
  try {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const missing = codecs.missing(oids);
      if (missing.length === 0) {
        await codecs.load?.(oids);
        return;
      }
      const request = new InnerRequests((host, parent) => introspect(host, parent, missing), null);
      session.submit(request);
      codecs.define(await request.promise);
    }
    throw new InternalClientError('types refer to each other without end');
  } finally {
    timer?.cancel();
    session.terminateGracefully();
  }
}
