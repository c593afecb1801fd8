import { located } from '../client/calls/caller-stack.ts';
import { configFor, contextFor } from '../client/connect.ts';
import { CONTEXT } from '../client/internals.ts';
import type { SessionContext } from '../connecting/open-session.ts';
import { InvalidArgumentError } from '../errors/client-errors.ts';
import type { Pool } from '../pool/pool.ts';
import type { ChangeStream } from './change-stream.ts';
import { LogicalStream } from './logical-stream.ts';
import { type ChangeStreamOptions, streamSettings } from './options.ts';
import { withoutReplication } from './walsender.ts';

/**
 * Opens a stream of the committed changes of published tables, by logical replication. It loses
 * nothing: the server keeps what was not acknowledged, over any number of lost connections and
 * restarts of either side. It needs `wal_level = logical` and a role with REPLICATION.
 *
 * Values are those that queries have. A transaction that was processed is acknowledged as the loop asks
 * for the next one; a loop that is left by a throw acknowledges nothing, and the transaction comes
 * again.
 *
 * @param source a DSN, or a pool whose server, options and codecs are used; its connections are not
 * @throws PublicationMissingError for a publication that is not there
 * @throws SlotInvalidatedError, SlotLostError for a slot that cannot be gone on with
 * @throws what `connect` throws, when the server cannot be reached
 * @example
 * await using stream = await openChangeStream(pool, { slot: 'search', publication: 'products' });
 * for await (const transaction of stream)
 *   for await (const change of transaction)
 *     if (change.kind === 'insert') await index.add(change.new);
 */
export function openChangeStream(
  source: Pool<any> | string,
  options: ChangeStreamOptions,
): Promise<ChangeStream> {
  return located(async () => {
    // Before anything is waited for: from here on the caller may change them.
    const settings = streamSettings(options ?? ({} as ChangeStreamOptions));
    const context = await contextOf(source);
    settings.signal?.throwIfAborted();
    return await LogicalStream.open(context, settings);
  });
}

async function contextOf(source: Pool<any> | string): Promise<SessionContext> {
  if (typeof source === 'string') {
    return contextFor(withoutReplication(await configFor(source, {})));
  }
  // Not by its class: who needs no pool need not load it.
  if (typeof source === 'object' && source !== null && CONTEXT in source) return source[CONTEXT];
  throw new InvalidArgumentError('openChangeStream takes a pool or a DSN');
}
