import type { PostgresError, ServerMessageFields } from '../../errors/postgres-error.ts';
import { writeClose } from '../../protocol/frontend/query.ts';
import { Backend } from '../../protocol/message-type.ts';
import { type Opening, textOfOpenings, writeOpening } from '../preamble.ts';
import { Request, type RequestHost } from '../request.ts';
import { unexpectedMessage } from '../unexpected.ts';
import { AwaitedAnswers } from './awaited-answers.ts';
import { copyNeedsItsCall, refuseCopyIn } from './copy-refusal.ts';
import { noteOpening } from './note-opening.ts';

/**
 * A request of the extended protocol. A BEGIN that waits in the session goes ahead of it,
 * before the same Sync: if that fails, nothing that follows is executed.
 */
export abstract class ExtendedRequest<R> extends Request<R> {
  readonly #awaited = new AwaitedAnswers();
  /** How many of the awaited answers are to messages that went ahead of the request's own. */
  #ahead = 0;
  /** The statements that begin the transaction, if they went ahead of the request. */
  #begin: readonly Opening[] | null = null;
  /** The server skips whatever else was written, up to Sync. */
  #skipped = false;
  /** The server sends the data of a COPY, which is dropped. */
  #copyingOut = false;

  /** Writes the request's messages. What it throws, it fails with, and nothing of it is sent. */
  protected abstract write(session: RequestHost): void;

  /** Has the messages written; leaves no trace of them when a value cannot be encoded. */
  protected send(session: RequestHost): void {
    const { writer } = session;
    const mark = writer.mark();
    const closes = session.statements.takeCloses();
    const begin = session.preamble.take();
    this.#begin = begin;
    this.#awaited.clear();
    this.#skipped = false;
    try {
      this.#writeAhead(session, closes, begin);
      const own = writer.mark();
      this.write(session);
      this.awaitAnswers(session, own);
      this.rowsDue = this.#ahead === 0 && this.#awaited.isExecuting;
    } catch (error) {
      writer.rollback(mark);
      session.preamble.putBack(begin);
      if (begin !== null) session.statements.surroundings.expectNothing();
      session.statements.returnCloses(closes);
      this.refused(session, error);
      return;
    }
    session.queue.sent(this);
    if (begin === null) return;
    this.openings = begin;
    noteOpening(session, this, begin);
  }

  /** Writes what travels ahead: Close of statements that are forgotten, a waiting BEGIN. */
  #writeAhead(
    session: RequestHost,
    closes: readonly string[],
    begin: readonly Opening[] | null,
  ): void {
    const { writer } = session;
    const mark = writer.mark();
    for (const name of closes) writeClose(writer, 'S', name);
    for (const opening of begin ?? []) writeOpening(writer, opening);
    this.awaitAnswers(session, mark);
    this.#ahead = this.#awaited.left;
  }

  /** What was written since `mark` is answered after all that was written before. */
  protected awaitAnswers(session: RequestHost, mark: number): void {
    this.#awaited.add(session.writer, mark);
  }

  /** Nothing was sent, as a value cannot be encoded. */
  protected refused(_session: RequestHost, error: unknown): void {
    this.fail(error);
  }

  override message(
    session: RequestHost,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    if (this.#awaited.take(type)) {
      if (this.#ahead > 0) this.#ahead -= 1;
      else if (type !== Backend.CloseComplete) this.answer(session, type, buffer, start, end);
      this.rowsDue = this.#ahead === 0 && this.#awaited.isExecuting;
    } else if (!this.#isCopy(session, type)) {
      unexpectedMessage(type, 'in answer to a query');
    }
  }

  /** One answer to the request's own messages. */
  protected abstract answer(
    session: RequestHost,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void;

  /** The server waits for the data of a COPY. */
  protected copyIn(session: RequestHost): void {
    refuseCopyIn(session, this, true);
  }

  /** The data of a COPY comes next, and is dropped. */
  protected copyOut(): void {
    this.error ??= copyNeedsItsCall('to client');
  }

  /** All that was written ahead of it was done. */
  protected get isReached(): boolean {
    return this.#ahead === 0;
  }

  /** Whether the message belongs to a COPY, which is no query: it fails, the session goes on. */
  #isCopy(session: RequestHost, type: number): boolean {
    const expected = this.#copyingOut;
    switch (type) {
      case Backend.CopyInResponse:
        if (!this.rowsDue) return false;
        // Other messages in place of data end the COPY with an error, up to the next Sync.
        if (this.#awaited.left > 1) this.error ??= copyNeedsItsCall('from client');
        else this.copyIn(session);
        return true;
      case Backend.CopyOutResponse:
        if (!this.rowsDue) return false;
        this.copyOut();
        this.#copyingOut = true;
        return true;
      case Backend.CopyData:
        return expected;
      case Backend.CopyDone:
        this.#copyingOut = false;
        return expected;
      default:
        return false;
    }
  }

  override serverError(
    session: RequestHost,
    error: PostgresError,
    fields: ServerMessageFields,
  ): void {
    this.#awaited.clear();
    this.#skipped = true;
    this.#copyingOut = false;
    this.rowsDue = false;
    if (this.isBeginning) error.query = textOfOpenings(this.#begin!);
    super.serverError(session, error, fields);
  }

  /** The transaction is being begun ahead of the request, and nothing of the request itself was reached. */
  protected get isBeginning(): boolean {
    return this.#ahead > 0 && this.#begin !== null;
  }

  /** The server has done all that was written: what has failed is only this side. */
  protected get isCarriedOut(): boolean {
    return !this.#skipped;
  }

  override get isAnswered(): boolean {
    return this.#skipped || this.#awaited.left === 0;
  }
}
