import { BINARY, type Codec, TEXT } from '../../codecs/codec.ts';
import { type Column, compileRowDecoder } from '../../codecs/compilers/row-decoder.ts';
import { CopyRows } from '../../session/requests/copy-rows-request.ts';
import { InnerRequests } from '../../session/requests/inner-requests.ts';
import { LeavableCopyRequest } from '../../session/requests/leavable-copy.ts';
import { statementKind } from '../../sql/statement-kind.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { argsOf, type QueryObject } from '../call.ts';
import type { ClientSession } from '../client-session.ts';
import type { StreamBuffer } from '../row-stream.ts';
import { streamQuery } from '../stream-query.ts';
import { copyQueryToStdout } from './copy-options.ts';
import { type InlinedQuery, inlineArguments } from './copy-query.ts';

/**
 * Runs a query by binary COPY, its rows into the buffer. Resolves when the connection is free
 * again. A query with a column that is read as text alone runs as an ordinary stream.
 */
export async function streamBinaryCopy(
  client: ClientSession,
  query: QueryObject,
  buffer: StreamBuffer,
  deadline: Deadline | null,
): Promise<unknown> {
  const { session } = client;
  const { text: inlined, description } = await inline(client, query, deadline);
  const columns = (description.fields ?? []).map((field) => {
    const codec = session.registry.codec(field.typeOid)!;
    return columnOf(field.name, codec);
  });
  if (columns.length === 0 || columns.some(({ codec }) => isReadAsText(codec))) {
    return streamQuery(client, query, buffer, deadline);
  }
  const text = copyQueryToStdout(inlined, { format: 'binary' }, session.serverVersion);
  const rows = new CopyRows(text, session, buffer, compileRowDecoder(columns), columns.length);
  const request = new LeavableCopyRequest(rows, deadline);
  client.noteEffects(statementKind(query.text));
  session.submit(request);
  buffer.attach(session, () => session.canceller.dismiss(request));
  try {
    return await client.logged(request.promise, query.text, argsOf(query), query.timeout, 'copy');
  } catch (error) {
    if (buffer.closed) return '';
    if (deadline?.expired) buffer.discard();
    throw error;
  } finally {
    // Whatever ended the stream, the session reads on.
    if (!session.isEnded) session.resumeReading();
  }
}

/** Types without a known binary form, and those whose text the user's decoder is for. */
function isReadAsText({ binary, isCustom, resultFormat }: Codec): boolean {
  return binary === null || (isCustom === true && resultFormat === TEXT);
}

/** Where the bytes are the same in both formats the decoder may take its shortcut for text. */
function columnOf(name: string, codec: Codec): Column {
  const isText = codec.inline === 'text' && codec.argumentFormat === BINARY;
  return { name, codec, format: isText ? codec.resultFormat : BINARY };
}

/**
 * The query without parameters, and what the server says of it: a request of its own, as
 * it decides what follows.
 */
function inline(
  { session }: ClientSession,
  query: QueryObject,
  deadline: Deadline | null,
): Promise<InlinedQuery> {
  const work = new InnerRequests((_, parent) => inlineArguments(session, parent, query), deadline);
  session.submit(work);
  return work.promise;
}
