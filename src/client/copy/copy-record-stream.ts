import { BINARY, type Codec, TEXT } from '../../codecs/codec.ts';
import { columnName } from '../../codecs/column-name.ts';
import { type Column, compileDecoder } from '../../codecs/compilers/row-decoder.ts';
import { isInTransaction } from '../../session/preamble.ts';
import { CopyRows } from '../../session/requests/copy-rows.ts';
import { LeavableCopyRequest } from '../../session/requests/leavable-copy-request.ts';
import type { CopyModel } from '../../session/requests/model-request.ts';
import { mayBeginOwn } from '../../session/requests/own-transaction.ts';
import type { Turn } from '../../session/requests/turn.ts';
import type { StatementDescription } from '../../session/statements/statement.ts';
import { statementKind } from '../../sql/statement-kind.ts';
import type { Deadline } from '../../transport/deadline.ts';
import type { StreamBuffer } from '../bulk/row-stream.ts';
import { streamQuery, unlessLeft } from '../bulk/stream-query.ts';
import { argsOf, type QueryObject } from '../calls/call.ts';
import type { ClientSession } from '../client-session.ts';
import { copyQueryToStdout } from './copy-statement.ts';
import { inTurn } from './in-turn.ts';
import { inlineArguments } from './inline-arguments.ts';

/** In a statement that may write at all. */
const WRITES = /\b(?:insert|update|delete|merge)\b/i;

/**
 * Runs a query by binary COPY, its rows into the buffer. Resolves when the connection is free
 * again. A query with a column that is read as text alone runs as an ordinary stream.
 */
export function streamBinaryCopy(
  client: ClientSession,
  query: QueryObject,
  buffer: StreamBuffer,
  deadline: Deadline | null,
): Promise<unknown> {
  const { session } = client;
  const stream = async (turn: Turn): Promise<unknown> => {
    const { text, description } = await turn.during(() => inlineArguments(session, turn, query));
    const columns = (description.fields ?? []).map((field, i) => {
      const codec = session.registry.codec(description.columnOids?.[i] ?? field.typeOid)!;
      return columnOf(columnName(session.registry, field.name), codec);
    });
    if (columns.length === 0 || columns.some(({ codec }) => isReadAsText(codec))) {
      turn.leave();
      return streamQuery(client, query, buffer, deadline);
    }
    const rows = new CopyRows(session, buffer, compileDecoder(columns, query.rows ?? 'record'));
    const kind = statementKind(query.text);
    const writes = kind.firesTriggers && WRITES.test(query.text);
    const hasModel = !writes || isInTransaction(session) || mayBeginOwn(session);
    const model = hasModel ? modelOf(query.text, description) : null;
    const request = new LeavableCopyRequest(
      copyQueryToStdout(text, { format: 'binary' }, session.server.version),
      rows,
      { format: BINARY, count: columns.length, model },
      deadline,
      writes,
    );
    client.effects.note(kind);
    const copying = unlessLeft(turn.submit(request), buffer);
    buffer.attach(session, (reason) => session.canceller.dismiss(request, reason));
    client.streams.add(buffer);
    try {
      return await client.logged(copying, query.text, argsOf(query), query.timeout, 'copy');
    } catch (error) {
      if (deadline?.expired) buffer.discard();
      throw error;
    } finally {
      client.streams.delete(buffer);
      // Whatever ended the stream, the session reads on.
      if (!session.isEnded) session.inbox.resume();
    }
  };
  return inTurn(session, deadline, stream);
}

function modelOf(text: string, { parameterOids, fields }: StatementDescription): CopyModel {
  return { text, parameterOids, columns: fields ?? [] };
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
