import { ProtocolError } from '../../errors/client-errors.ts';
import type { PostgresError, ServerMessageFields } from '../../errors/postgres-error.ts';
import { readCommandComplete } from '../../protocol/backend/result.ts';
import { readCopyBothResponse, writeCopyDone } from '../../protocol/copy.ts';
import { Backend, HEADER_LENGTH } from '../../protocol/message-type.ts';
import { MessageReader } from '../../protocol/reader.ts';
import {
  KEEPALIVE_LENGTH,
  type Keepalive,
  readKeepalive,
  type StatusUpdate,
  Walsender,
  writeStatusUpdate,
  XLOG_HEADER,
} from '../../protocol/replication/walsender.ts';
import { viewOf } from '../../protocol/view.ts';
import { Request, type RequestHost } from '../request.ts';
import { unexpectedMessage } from '../unexpected.ts';
import { sendSimple } from './simple-request.ts';

/**
 * What became of data. `taken`: more may come. Otherwise nothing does until `session.inbox.resume()`:
 * `enough`, it was the last for now; `again`, it could not be taken, and is what comes first then.
 */
export type Verdict = 'taken' | 'enough' | 'again';

/** Takes what a walsender sends. */
export interface WalSink {
  /**
   * Takes the data of an XLogData, `buffer[start, end)`, valid only during the call.
   *
   * @param lsn where the data begins
   */
  data(buffer: Buffer, start: number, end: number, lsn: () => bigint): Verdict;
  keepalive(keepalive: Keepalive): void;
  /** So many bytes of what has just been read were taken, and nothing is left of them. */
  hasRead?(length: number): void;
}

/** The longest CopyData of a run: see the framer, which looks at those that are longer. */
const MAX_LENGTH = 0x3fffffff;

/** How far it has come. `ended`: the server has nothing more to send. */
type Stage = 'asked' | 'streaming' | 'ended' | 'over';

/**
 * START_REPLICATION: data in one direction and status updates in the other, until either side has
 * enough. It holds the queue meanwhile. Resolves when the server has ended it, and sends nothing
 * more.
 */
export class CopyBothRequest extends Request<void> {
  readonly text: string;
  /** Resolves when the server streams; rejects as the request does. */
  readonly begun: Promise<void>;
  readonly #sink: WalSink;
  #begin!: () => void;
  #session: RequestHost | null = null;
  #stage: Stage = 'asked';
  #isDone = false;
  #headerAt = 0;
  #buffer: Buffer = Buffer.alloc(0);
  readonly #lsn = (): bigint => viewOf(this.#buffer).getBigUint64(this.#headerAt + 1);

  constructor(text: string, sink: WalSink) {
    super(null);
    this.text = text;
    this.#sink = sink;
    const streaming = new Promise<void>((resolve) => {
      this.#begin = resolve;
    });
    this.begun = Promise.race([streaming, this.promise]);
    // Whoever awaits the one need not await the other.
    this.begun.catch(() => {});
    this.promise.catch(() => {});
  }

  override start(session: RequestHost): void {
    this.#session = session;
    session.queue.hold(this);
    sendSimple(session, this, this.text);
    if (this.state === 'done') session.queue.release(this);
  }

  override copyData(
    session: RequestHost,
    buffer: Buffer,
    start: number,
    firstEnd: number,
    limit: number,
  ): number {
    if (this.#stage !== 'streaming') unexpectedMessage(Backend.CopyData);
    // Nobody wants what was under way.
    if (this.#isDone) return firstEnd;
    const view = viewOf(buffer);
    let at = start;
    let end = firstEnd;
    for (;;) {
      const verdict = this.#take(buffer, at + HEADER_LENGTH, end);
      if (session.isEnded) return end;
      if (verdict !== 'taken') {
        session.inbox.hold();
        return verdict === 'again' ? at : end;
      }
      at = end;
      if (limit - at < HEADER_LENGTH || buffer[at] !== Backend.CopyData) break;
      const length = view.getInt32(at + 1);
      if (length < 4 || length > MAX_LENGTH || length > limit - at - 1) break;
      end = at + 1 + length;
    }
    this.#sink.hasRead?.(at - start);
    return at;
  }

  #take(buffer: Buffer, at: number, end: number): Verdict {
    const kind = at < end ? buffer[at] : 0;
    if (kind === Walsender.XLogData && end - at >= XLOG_HEADER) {
      this.#buffer = buffer;
      this.#headerAt = at;
      return this.#sink.data(buffer, at + XLOG_HEADER, end, this.#lsn);
    }
    if (kind === Walsender.Keepalive && end - at === KEEPALIVE_LENGTH) {
      this.#sink.keepalive(readKeepalive(new MessageReader(buffer, at + 1, end)));
      return 'taken';
    }
    throw new ProtocolError(`malformed message of a walsender: ${end - at} bytes`);
  }

  override message(
    _session: RequestHost,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    switch (type) {
      case Backend.CopyBothResponse:
        if (this.#stage !== 'asked') break;
        readCopyBothResponse(new MessageReader(buffer, start, end));
        this.#stage = 'streaming';
        this.#begin();
        return;
      case Backend.CopyDone:
        if (this.#stage !== 'streaming') break;
        this.stop();
        this.#stage = 'ended';
        return;
      case Backend.RowDescription:
        // A physical timeline that is over is followed by which comes next.
        if (this.#stage !== 'ended') break;
        this.rowsDue = true;
        return;
      case Backend.CommandComplete:
        // A server that shuts down says so without a CopyDone; after one there are two of these.
        if (this.#stage === 'asked') break;
        readCommandComplete(new MessageReader(buffer, start, end));
        this.rowsDue = false;
        this.stop();
        this.#stage = 'over';
        return;
    }
    unexpectedMessage(type, 'during replication');
  }

  override dataRow(): void {
    // Which timeline comes next is asked for with TIMELINE_HISTORY.
  }

  /** Tells the server how far the client has come. */
  status(update: StatusUpdate): void {
    const session = this.#session;
    if (session === null || this.#isDone || this.#stage !== 'streaming' || session.isEnded) return;
    writeStatusUpdate(session.writer, update);
    session.outbox.flushSoon();
  }

  /** Says CopyDone: the client has enough. What is under way already is dropped. */
  stop(): void {
    const session = this.#session;
    if (session === null || this.#isDone || this.#stage !== 'streaming' || session.isEnded) return;
    this.#isDone = true;
    writeCopyDone(session.writer);
    session.outbox.flushSoon();
  }

  override serverError(
    session: RequestHost,
    error: PostgresError,
    fields: ServerMessageFields,
  ): void {
    error.query = this.text;
    super.serverError(session, error, fields);
    this.rowsDue = false;
    this.#stage = 'over';
  }

  override get isAnswered(): boolean {
    return this.#stage === 'over';
  }

  override ready(session: RequestHost): void {
    if (this.error === null) this.resolve();
    else this.fail(this.error);
    session.queue.release(this);
  }
}
