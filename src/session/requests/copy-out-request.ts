import type { PostgresError, ServerMessageFields } from '../../errors/postgres-error.ts';
import { readCopyOutResponse } from '../../protocol/copy.ts';
import { Backend } from '../../protocol/message-type.ts';
import { MessageReader } from '../../protocol/reader.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { isInTransaction } from '../preamble.ts';
import type { RequestHost } from '../request.ts';
import { valueErrorOf } from '../statements/value-error.ts';
import { unexpectedMessage } from '../unexpected.ts';
import { type CopyColumns, CopyRequest } from './copy-request.ts';

/** What COPY TO hands its data to. */
export interface CopySink {
  /**
   * Takes the body of a CopyData, `buffer[start, end)`, valid only during the call. False:
   * that is enough for now, until `session.inbox.resume()`.
   */
  data(buffer: Buffer, start: number, end: number): boolean;
  /**
   * Takes the bodies of the CopyData messages that follow each other in `buffer[at, limit)`, as
   * far as they are whole. Returns where it stopped; `data` gets the message that begins there.
   */
  readonly run?: (buffer: Buffer, at: number, limit: number) => number;
  /** The data is complete. The call has succeeded when this resolves. */
  end(): Promise<void>;
  /** The COPY has failed: there will be no more, and no end. */
  destroy(error: unknown): void;
  /** Set by the request: to be told why the sink takes no more, while data is still coming. */
  onFailure: ((error: unknown) => void) | null;
}

/** Where the server is with its data. */
type Stage = 'asked' | 'sending' | 'sent' | 'over';

/** COPY … TO STDOUT. Resolves when the sink has taken all of the data. */
export class CopyOutRequest extends CopyRequest {
  readonly #sink: CopySink;
  #session: RequestHost | null = null;
  #stage: Stage = 'asked';
  /** Its own transaction is not ended before the columns are known to be as they were. */
  #isGated: boolean;

  /** @param writes it is undone if its columns are not as they were */
  constructor(
    text: string,
    sink: CopySink,
    columns: CopyColumns | null,
    deadline: Deadline | null,
    writes: boolean = false,
  ) {
    super(text, columns, deadline);
    this.#sink = sink;
    this.#isGated = writes;
    const refuse = (error: unknown): void => this.#refuse(error);
    sink.onFailure = refuse;
  }

  override get mayBeCancelled(): boolean {
    return true;
  }

  override start(session: RequestHost): void {
    this.#session = session;
    const isOutside = !isInTransaction(session);
    super.start(session);
    if (this.hasEnded) return;
    if (this.isInOwnTransaction ? this.#isGated : isOutside) session.queue.hold(this);
    else this.endOwn(session, 'COMMIT');
  }

  override copyData(
    session: RequestHost,
    buffer: Buffer,
    at: number,
    end: number,
    limit: number,
  ): number {
    const isWanted = this.#stage === 'sending' && !this.abandoned && this.error === null;
    const taken = isWanted ? (this.#sink.run?.(buffer, at, limit) ?? at) : at;
    // What a run cannot take goes the long way, message by message, which may pause the reading.
    return taken > at ? taken : super.copyData(session, buffer, at, end, limit);
  }

  override message(
    session: RequestHost,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    const stage = this.#stage;
    switch (type) {
      case Backend.CopyData:
        if (stage !== 'sending') break;
        if (this.abandoned || this.error !== null) return;
        try {
          if (!this.#sink.data(buffer, start, end)) session.inbox.pause();
        } catch (error) {
          this.#refuse(valueErrorOf(session, error));
        }
        return;
      case Backend.CopyOutResponse: {
        if (stage !== 'asked') break;
        this.#stage = 'sending';
        const response = readCopyOutResponse(new MessageReader(buffer, start, end));
        try {
          this.checkColumns(response);
          // Who has been told that it is ended is not to find it done: it comes too late to be cancelled, perhaps.
          if (!this.abandoned) this.#open('COMMIT');
        } catch (error) {
          this.#refuse(error);
        }
        return;
      }
      case Backend.CopyDone:
        if (stage !== 'sending') break;
        this.#stage = 'sent';
        return;
      case Backend.CommandComplete:
        if (stage !== 'sent') break;
        this.#stage = 'over';
        this.complete(buffer, start, end);
        return;
    }
    unexpectedMessage(type, 'in answer to COPY TO');
  }

  /** What becomes of it is known. */
  #open(end: 'COMMIT' | 'ROLLBACK'): void {
    if (!this.#isGated) return;
    this.#isGated = false;
    this.endOwn(this.#session!, end);
    this.#session!.queue.release(this);
  }

  /** The data cannot be taken: the call is rejected and the server told to stop. */
  #refuse(error: unknown): void {
    if (this.state !== 'sent' || this.abandoned) return;
    this.abandon(error);
    this.#session!.abort(this);
  }

  override serverError(
    session: RequestHost,
    error: PostgresError,
    fields: ServerMessageFields,
  ): void {
    this.#stage = 'over';
    super.serverError(session, error, fields);
  }

  override get isAnswered(): boolean {
    return this.#stage === 'over';
  }

  override ready(session: RequestHost): void {
    session.inbox.resume();
    this.#open('ROLLBACK');
    session.queue.release(this);
    if (this.abandoned || this.error !== null) {
      this.fail(this.error);
      return;
    }
    session.linger(this);
    this.#sink.end().then(
      () => this.succeed(),
      (error: unknown) => this.fail(error),
    );
  }

  override fail(error: unknown): void {
    super.fail(error);
    this.#sink.destroy(error);
  }

  override abandon(reason: unknown): void {
    super.abandon(reason);
    // What is still to come is read and dropped.
    if (this.#session?.isEnded === false) this.#session.inbox.resume();
    this.#sink.destroy(reason);
  }
}
