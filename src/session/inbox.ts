import { TextRun } from '../codecs/text-run.ts';
import {
  PostgresError,
  type PostgresLogMessage,
  type ServerMessageFields,
} from '../errors/postgres-error.ts';
import { postgresErrorFrom, postgresLogMessageFrom } from '../errors/server-message.ts';
import { readErrorResponse, readNoticeResponse } from '../protocol/backend/response.ts';
import { readNotificationResponse, type TransactionStatus } from '../protocol/backend/session.ts';
import { Framer, type MessageSink } from '../protocol/framer.ts';
import { Backend } from '../protocol/message-type.ts';
import { MessageReader } from '../protocol/reader.ts';
import type { ByteStream, ByteStreamHandler } from '../transport/byte-stream.ts';
import type { Clock } from '../transport/clock.ts';
import { isError } from '../values/builtins.ts';
import type { Request, RequestHost } from './request.ts';
import { unexpected, unexpectedMessage } from './unexpected.ts';

/** What an inbox needs of its session. */
export interface InboxOwner extends RequestHost {
  /** When the server last said anything, in the clock's milliseconds. */
  lastProgress: number;
  /** What the open transaction has failed by, once it has. */
  transactionFailure: PostgresError | null;
  /** ReadyForQuery has come, for the request that is the head of the queue no more. */
  answered(request: Request, status: TransactionStatus): void;
  notice(message: PostgresLogMessage): void;
  notification(channel: string, payload: string, pid: number): void;
  /** The body of a message that answers no request, or of the server's last words. */
  unasked(type: number, buffer: Buffer, start: number, end: number): void;
  /** The server's last words: it closes the connection. */
  lastWords(fields: ServerMessageFields): void;
  /** The system has taken everything that was written. */
  drained(): void;
  /** The peer sends nothing more; the connection is closed soon. */
  left(error: Error | null): void;
  /** No more comes; `error` is null when the peer closed in good order. */
  closed(error: Error | null): void;
  destroy(reason: Error | null): void;
}

const STATUS: ReadonlyMap<number, TransactionStatus> = new Map([
  [0x49, 'I'],
  [0x54, 'T'],
  [0x45, 'E'],
]);

/** in_failed_sql_transaction: the statement was refused for an earlier error. */
const IN_FAILED_TRANSACTION = '25P02';

/** read_only_sql_transaction: a write where there can be none. */
const READ_ONLY = '25006';

/**
 * What the server says to a session: each message goes to the request whose answers come now, or
 * to the session if it answers no request.
 */
export class Inbox implements MessageSink, ByteStreamHandler {
  readonly textRun: TextRun = new TextRun();
  readonly #owner: InboxOwner;
  readonly #transport: ByteStream;
  readonly #clock: Clock;
  readonly #framer: Framer = new Framer(this);
  #isPaused = false;
  /** Somebody has enough in the middle of what has arrived; the rest of that. */
  #isHeld = false;
  #kept: Buffer | null = null;
  #isFeeding = false;
  /** A statement was executed in a failed transaction: it has ended that, or gone back to a savepoint. */
  #isRecovered = false;
  /**
   * Is offered each chunk before the framer reads it: true if it takes it. What it took and does not need is to be
   * given back by `feed`.
   */
  tap: ((chunk: Buffer, length: number) => boolean) | null = null;

  constructor(owner: InboxOwner, transport: ByteStream, clock: Clock) {
    this.#owner = owner;
    this.#transport = transport;
    this.#clock = clock;
    this.#framer.phase = 'ready';
  }

  // ── Reading ─────────────────────────────────────────────────────────────────────────────

  /** Takes `chunk[0, length)`, valid only during the call. */
  received(chunk: Buffer, length: number): void {
    if (this.#owner.isEnded) return;
    this.#owner.lastProgress = this.#clock.now();
    if (this.tap?.(chunk, length)) return;
    this.feed(chunk, length);
  }

  /** Reads the messages in `chunk[0, length)`. */
  feed(chunk: Buffer, length: number): void {
    if (this.#owner.isEnded) return;
    if (this.#kept !== null) {
      // A stream may have one more that it had read before it was paused.
      this.#kept = Buffer.concat([this.#kept, chunk.subarray(0, length)]);
      return;
    }
    const taken = this.#feed(chunk, length);
    if (this.#isHeld) this.#kept = Buffer.from(chunk.subarray(taken, length));
  }

  /** Returns how much of it was read. */
  #feed(chunk: Buffer, length: number): number {
    this.#isFeeding = true;
    try {
      return this.#framer.feed(chunk, length);
    } catch (error) {
      this.#owner.destroy(isError(error) ? error : new Error(String(error)));
      return length;
    } finally {
      this.#isFeeding = false;
    }
  }

  /** Reads what was kept, until somebody has enough again. */
  #feedKept(): void {
    const kept = this.#kept;
    if (kept === null || this.#isFeeding) return;
    this.#kept = null;
    const taken = this.#feed(kept, kept.length);
    if (this.#isHeld) this.#kept = kept.subarray(taken);
  }

  drained(): void {
    this.#owner.drained();
  }

  ended(error: Error | null): void {
    this.#owner.left(error);
  }

  closed(error: Error | null): void {
    this.#owner.closed(error);
  }

  /** What has arrived is being read: this is called from within. */
  get isReading(): boolean {
    return this.#isFeeding;
  }

  /** Somebody takes no more for now. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Stops reading from the server until `resume`. */
  pause(): void {
    this.#isPaused = true;
    this.#transport.pause();
  }

  /** The same in the middle of what has arrived: the rest of that is kept as it is. */
  hold(): void {
    this.#isHeld = true;
    this.#framer.hold();
    this.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#isHeld) {
      this.#isHeld = false;
      this.#framer.release();
      this.#feedKept();
    }
    if (!this.#isPaused) this.#transport.resume();
  }

  /** No message is taken any more. */
  close(): void {
    this.#framer.stop();
    this.#kept = null;
  }

  // ── Messages ────────────────────────────────────────────────────────────────────────────

  stretch(_buffer: Buffer, limit: number): void {
    this.textRun.stretch(limit);
  }

  dataRow(buffer: Buffer, start: number, end: number): void {
    const head = this.#owner.queue.head;
    if (head === null || !head.rowsDue) unexpected('DataRow');
    else head.dataRow(this.#owner, buffer, start, end);
  }

  copyData(buffer: Buffer, at: number, end: number, limit: number): number {
    const { head } = this.#owner.queue;
    if (head === null) unexpectedMessage(Backend.CopyData);
    return head.copyData(this.#owner, buffer, at, end, limit);
  }

  message(type: number, buffer: Buffer, start: number, end: number): void {
    const owner = this.#owner;
    switch (type) {
      case Backend.ReadyForQuery:
        this.#readyForQuery(buffer, start, end);
        return;
      case Backend.NoticeResponse:
        owner.unasked(type, buffer, start, end);
        owner.notice(
          postgresLogMessageFrom(readNoticeResponse(new MessageReader(buffer, start, end))),
        );
        return;
      case Backend.NotificationResponse: {
        owner.unasked(type, buffer, start, end);
        const { channel, payload, pid } = readNotificationResponse(
          new MessageReader(buffer, start, end),
        );
        owner.notification(channel, payload, pid);
        return;
      }
      case Backend.ParameterStatus:
        owner.unasked(type, buffer, start, end);
        owner.server.report(new MessageReader(buffer, start, end));
        owner.registry.setIntervalStyle(owner.server.settings.get('IntervalStyle'));
        return;
      case Backend.ErrorResponse:
        this.#errorResponse(buffer, start, end);
        return;
      default: {
        const { head } = owner.queue;
        if (type === Backend.CommandComplete && owner.transactionStatus === 'E') {
          this.#isRecovered = true;
        }
        if (head === null) unexpectedMessage(type);
        else head.message(owner, type, buffer, start, end);
      }
    }
  }

  #errorResponse(buffer: Buffer, start: number, end: number): void {
    const fields = readErrorResponse(new MessageReader(buffer, start, end));
    const owner = this.#owner;
    if (fields.severity === 'FATAL' || fields.severity === 'PANIC') {
      // The server is about to close, or should be: nothing more is to be had from it.
      owner.unasked(Backend.ErrorResponse, buffer, start, end);
      owner.lastWords(lostBefore(owner.queue.head?.error, fields));
      return;
    }
    if (fields.sqlstate === READ_ONLY) owner.server.isRoleInDoubt = true;
    const { head } = owner.queue;
    if (head === null) unexpected('ErrorResponse');
    else {
      head.errorBody?.(buffer, start, end);
      head.serverError(owner, this.#errorInTransaction(fields), fields);
    }
  }

  /** The server's error. One that only says that the transaction has failed before is told with what it failed by. */
  #errorInTransaction(fields: ServerMessageFields): PostgresError {
    const owner = this.#owner;
    if (owner.transactionStatus !== 'E' || this.#isRecovered) {
      this.#isRecovered = false;
      const error = postgresErrorFrom(fields);
      owner.transactionFailure = error;
      return error;
    }
    const cause = owner.transactionFailure;
    if (cause === null || fields.sqlstate !== IN_FAILED_TRANSACTION) {
      return postgresErrorFrom(fields);
    }
    return postgresErrorFrom(fields, { cause, isTransient: cause.isTransient });
  }

  #readyForQuery(buffer: Buffer, start: number, end: number): void {
    const status = end - start === 1 ? STATUS.get(buffer[start]!) : undefined;
    const { queue } = this.#owner;
    const request = queue.head;
    if (status === undefined || request === null || !request.isAnswered) {
      unexpected('ReadyForQuery');
    }
    queue.advance();
    this.#isRecovered = false;
    this.#owner.answered(request, status);
  }
}

const CONNECTION_FAILURE = '08006';
const PROTOCOL_VIOLATION = '08P01';

/**
 * What ends the session. Of a message that has come in part alone the server says that it has lost its client, and then that
 * the rest is no message: the first is what has happened. An end for another reason is not for that.
 */
function lostBefore(error: unknown, fields: ServerMessageFields): ServerMessageFields {
  if (fields.sqlstate !== PROTOCOL_VIOLATION) return fields;
  if (!(error instanceof PostgresError) || error.sqlstate !== CONNECTION_FAILURE) return fields;
  return { ...fields, sqlstate: CONNECTION_FAILURE, message: error.message };
}
