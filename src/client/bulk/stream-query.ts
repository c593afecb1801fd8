import { InterfaceError } from '../../errors/client-errors.ts';
import { PortalRequest, type PortalRows } from '../../session/requests/portal-request.ts';
import { StreamRequest } from '../../session/requests/stream-request.ts';
import type { Statement } from '../../session/statements/statement.ts';
import { statementKind } from '../../sql/statement-kind.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { argsOf, isPrepared, type QueryObject } from '../calls/call.ts';
import { commentOf, withComment } from '../calls/query-comment.ts';
import type { ClientSession } from '../client-session.ts';
import { CODECS } from '../internals.ts';
import { newPortal } from './new-portal.ts';
import { PortalScope } from './portal-scope.ts';
import type { StreamBuffer } from './row-stream.ts';

/** Rows that are fetched at once through a portal, at the most; and at first, when it is not known how large they are. */
const FETCH = 256;
const FIRST_FETCH = 16;
/** The same in bytes. */
const FETCH_BYTES = 4 * 1024 * 1024;

/** Runs a query into the buffer. Resolves when the connection is free again. */
export async function streamQuery(
  client: ClientSession,
  query: QueryObject,
  buffer: StreamBuffer,
  deadline: Deadline | null,
  statement: Statement | null = null,
): Promise<void> {
  const run = client.isInTransaction ? streamPortal : streamWhole;
  const comment = statement === null ? commentOf(query.text) : null;
  const sent =
    comment === null
      ? query
      : {
          text: withComment(query.text, comment),
          args: query.args,
          rows: query.rows,
          prepare: false,
          [CODECS]: query[CODECS],
        };
  const running = unlessLeft(run(client, sent, buffer, deadline, statement), buffer);
  try {
    await client.logged(running, query.text, argsOf(query), query.timeout);
  } catch (error) {
    if (deadline?.expired) buffer.discard();
    throw error;
  }
}

/** That the consumer has left is no failure, not to a logger either. */
export async function unlessLeft<R>(
  running: Promise<R>,
  buffer: StreamBuffer,
): Promise<R | undefined> {
  try {
    return await running;
  } catch (error) {
    if (!buffer.closed) throw error;
    return undefined;
  }
}

/** Everything in one answer. It can be left by a cancel only. */
async function streamWhole(
  client: ClientSession,
  query: QueryObject,
  buffer: StreamBuffer,
  deadline: Deadline | null,
  statement: Statement | null,
): Promise<void> {
  const { session } = client;
  const request = new StreamRequest(
    query.text,
    argsOf(query),
    buffer,
    deadline,
    statement,
    isPrepared(query),
    query.rows,
    query[CODECS],
  );
  client.submit(request, query.text, statementKind(query.text));
  buffer.attach(session, (reason) => session.canceller.dismiss(request, reason));
  client.streams.add(buffer);
  try {
    await request.promise;
  } finally {
    client.streams.delete(buffer);
    // Whatever ended the stream, the session reads on.
    if (!session.isEnded) session.inbox.resume();
  }
}

/** Part by part, inside a transaction, which a cancel would make fail. */
async function streamPortal(
  client: ClientSession,
  query: QueryObject,
  buffer: StreamBuffer,
  deadline: Deadline | null,
  statement: Statement | null,
): Promise<void> {
  const { session, owner } = client;
  const own = client.transactions.at(-1);
  /** What the portal was opened in, once it is. */
  let scope: PortalScope | null = null;
  /** The portal has gone with its transaction or a savepoint; what is open now is another, perhaps of the session's next holder. */
  const isGone = (): boolean =>
    client.owner !== owner ||
    (own === undefined ? session.transactionStatus === 'I' : own.state !== 'open') ||
    scope?.isGone === true;
  const kind = statementKind(query.text);
  const portal = newPortal(query);
  const step = (fetch: number, limit: Deadline | null): Promise<PortalRows> => {
    const request = new PortalRequest(portal, { fetch, close: fetch === 0 }, limit, statement);
    client.submit(request, query.text, kind);
    return request.promise;
  };
  let wake = (): void => {};
  buffer.attach({ hasFollowers: false, inbox: { resume: () => wake() } }, () => wake());
  let exhausted = false;
  let fetch = FIRST_FETCH;
  try {
    while (!buffer.closed && !exhausted) {
      if (portal.statement !== null && isGone() && !session.isEnded) {
        throw new InterfaceError(
          'the transaction or savepoint that the stream was opened in has ended before it was read',
        );
      }
      scope ??= new PortalScope(client.transactions);
      const { rows, bytes, ...part } = await step(fetch, deadline);
      exhausted = part.exhausted;
      let hasRoom = true;
      const mean = bytes / Math.max(1, rows.length);
      for (const row of rows) hasRoom = buffer.push(row, mean);
      fetch = Math.max(1, Math.min(FETCH, Math.floor(FETCH_BYTES / Math.max(1, mean))));
      if (exhausted || buffer.closed) break;
      if (!hasRoom) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          deadline?.watch(() => resolve());
        });
      }
      if (deadline?.expired) throw deadline.reason(true);
    }
  } finally {
    // Until it is closed, a portal keeps its tables from being altered, even at its end.
    const isOpen = portal.statement !== null && session.transactionStatus === 'T' && !isGone();
    // If that fails, the portal has gone with its transaction; the stream is what it is.
    if (isOpen && !session.isEnded) await step(0, null).catch(() => {});
  }
}
