/**
 * What the output plugin pgoutput sends, one message in each XLogData, of its versions 1 to 4.
 *
 * PostgreSQL manual, section 54.5 "Logical Streaming Replication Protocol".
 */
import { ProtocolError } from '../../errors/client-errors.ts';
import { describeMessageType } from '../message-type.ts';
import { MessageReader } from '../reader.ts';
import { viewOf } from '../view.ts';
import {
  DELETE,
  INSERT,
  type LogicalMessage,
  type OriginMessage,
  type RelationMessage,
  readLogicalMessage,
  readOrigin,
  readRelation,
  readTruncate,
  readType,
  type TruncateMessage,
  UPDATE,
} from './change-messages.ts';
import {
  type Begin,
  type Commit,
  type Prepare,
  type RollbackPrepared,
  readBegin,
  readBeginPrepare,
  readCommit,
  readCommitPrepared,
  readPrepare,
  readRollbackPrepared,
  readStreamAbort,
  readStreamCommit,
  readStreamPrepare,
  readStreamStart,
  readStreamStop,
  type StreamAbort,
  type StreamCommit,
  type StreamStart,
} from './transaction-messages.ts';

/**
 * Takes the messages. `xid` is that of the streamed transaction or savepoint that a message is of,
 * and 0 outside of one. Tuples are decoded in place: they begin at `at`, and the buffer is valid
 * only during the call.
 */
export interface PgOutputSink {
  begin(begin: Begin): void;
  commit(commit: Commit): void;
  origin(origin: OriginMessage): void;
  relation(relation: RelationMessage): void;
  insert(oid: number, xid: number, buffer: Buffer, at: number, end: number): void;
  update(oid: number, xid: number, buffer: Buffer, at: number, end: number): void;
  delete(oid: number, xid: number, buffer: Buffer, at: number, end: number): void;
  truncate(truncate: TruncateMessage, xid: number): void;
  message(message: LogicalMessage, xid: number): void;
  streamStart(start: StreamStart): void;
  streamStop(): void;
  streamCommit(commit: StreamCommit): void;
  streamAbort(abort: StreamAbort): void;
  beginPrepare(prepare: Prepare): void;
  prepare(prepare: Prepare): void;
  streamPrepare(prepare: Prepare): void;
  commitPrepared(prepare: Prepare): void;
  rollbackPrepared(rollback: RollbackPrepared): void;
}

/**
 * Reads the message `buffer[start, end)` and hands it to the sink.
 *
 * @param streamed it is between Stream Start and Stream Stop
 * @throws ProtocolError for one that is malformed or unknown
 */
export function readPgOutput(
  buffer: Buffer,
  start: number,
  end: number,
  streamed: boolean,
  sink: PgOutputSink,
): void {
  const type = end > start ? buffer[start]! : 0;
  if (type === INSERT || type === UPDATE || type === DELETE) {
    const at = start + (streamed ? 5 : 1);
    // A table, the kind of the tuple and the count of its values.
    if (end - at < 7) throw new ProtocolError('malformed row message: it ends too early');
    const view = viewOf(buffer);
    const xid = streamed ? view.getUint32(start + 1) : 0;
    const oid = view.getUint32(at);
    if (type === INSERT) sink.insert(oid, xid, buffer, at + 4, end);
    else if (type === UPDATE) sink.update(oid, xid, buffer, at + 4, end);
    else sink.delete(oid, xid, buffer, at + 4, end);
    return;
  }
  const reader = new MessageReader(buffer, start + 1, end);
  switch (type) {
    case 0x42:
      sink.begin(readBegin(reader));
      return;
    case 0x43:
      sink.commit(readCommit(reader));
      return;
    case 0x4f:
      sink.origin(readOrigin(reader));
      return;
    case 0x53:
      sink.streamStart(readStreamStart(reader));
      return;
    case 0x45:
      readStreamStop(reader);
      sink.streamStop();
      return;
    case 0x63:
      sink.streamCommit(readStreamCommit(reader));
      return;
    case 0x41:
      sink.streamAbort(readStreamAbort(reader));
      return;
    case 0x62:
      sink.beginPrepare(readBeginPrepare(reader));
      return;
    case 0x50:
      sink.prepare(readPrepare(reader));
      return;
    case 0x70:
      sink.streamPrepare(readStreamPrepare(reader));
      return;
    case 0x4b:
      sink.commitPrepared(readCommitPrepared(reader));
      return;
    case 0x72:
      sink.rollbackPrepared(readRollbackPrepared(reader));
      return;
  }
  const xid = streamed ? reader.uint32() : 0;
  switch (type) {
    case 0x52:
      sink.relation(readRelation(reader));
      return;
    case 0x59:
      // Types are asked for by their OIDs.
      readType(reader);
      return;
    case 0x54:
      sink.truncate(readTruncate(reader), xid);
      return;
    case 0x4d:
      sink.message(readLogicalMessage(reader), xid);
      return;
  }
  throw new ProtocolError(`pgoutput sent the unknown message ${describeMessageType(type)}`);
}
