import type { PostgresError, ServerMessageFields } from '../../errors/postgres-error.ts';
import {
  type FieldDescription,
  readCommandComplete,
  readRowDescription,
} from '../../protocol/backend/result.ts';
import { readCopyInResponse, readCopyOutResponse } from '../../protocol/copy.ts';
import { writeQuery } from '../../protocol/frontend/query.ts';
import { Backend } from '../../protocol/message-type.ts';
import { MessageReader } from '../../protocol/reader.ts';
import { mayChangeTypes, statementKind } from '../../sql/statement-kind.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { isInTransaction } from '../preamble.ts';
import { Request, type RequestHost } from '../request.ts';
import { BeginRequest } from './begin-request.ts';
import { copyNeedsItsCall, refuseCopyIn } from './copy-refusal.ts';
import { ScriptProgress } from './script-progress.ts';

/**
 * The simple protocol: any number of statements without arguments in one text and, unless it
 * says otherwise, one transaction. What becomes of the rows is its subclasses'.
 */
export abstract class SimpleRequest<R> extends Request<R> {
  readonly text: string;
  #mayRepeat: boolean;
  protected readonly progress: ScriptProgress = new ScriptProgress();

  /** @param isSingle it is one statement, and undone as a whole when it fails */
  constructor(text: string, deadline: Deadline | null, isSingle: boolean = false) {
    super(deadline);
    this.text = text;
    this.#mayRepeat = isSingle;
  }

  override start(session: RequestHost): void {
    if (isInTransaction(session)) this.#mayRepeat = false;
    this.begin();
    if (session.typeChanges.isOpen || mayChangeTypes(this.text)) {
      session.typeChanges.starting(this, this.text);
    }
    sendSimple(session, this, this.text);
  }

  /** It is started, perhaps once more: there are no results yet. */
  protected abstract begin(): void;

  /** Rows of these columns come next. */
  protected abstract described(session: RequestHost, fields: readonly FieldDescription[]): void;

  /** A statement has been executed. `tag`: its command tag; empty for an empty text. */
  protected abstract completed(tag: string): void;

  /** Everything was answered, and nothing has failed. */
  protected abstract succeed(session: RequestHost): void;

  override message(
    session: RequestHost,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    this.progress.message(this, type);
    switch (type) {
      case Backend.CommandComplete: {
        const tag = readCommandComplete(new MessageReader(buffer, start, end));
        if (this.isFence) this.noteTag(tag);
        this.completed(tag);
        return;
      }
      case Backend.EmptyQueryResponse:
        this.completed('');
        return;
      case Backend.RowDescription:
        this.described(session, readRowDescription(new MessageReader(buffer, start, end)));
        return;
      case Backend.CopyInResponse:
        readCopyInResponse(new MessageReader(buffer, start, end));
        refuseCopyIn(session, this, false);
        return;
      case Backend.CopyOutResponse:
        readCopyOutResponse(new MessageReader(buffer, start, end));
        this.error ??= copyNeedsItsCall('to client');
    }
  }

  override serverError(
    _session: RequestHost,
    error: PostgresError,
    _fields: ServerMessageFields,
  ): void {
    error.query = this.text;
    this.error ??= error;
    this.progress.ended(this);
  }

  override get isAnswered(): boolean {
    return this.progress.isAnswered;
  }

  override ready(session: RequestHost): void {
    if (this.error === null) {
      this.succeed(session);
    } else if (this.#mayRepeat && this.wasStruck && !this.abandoned) {
      // The cancel was meant for the request before, and this one was undone.
      this.#mayRepeat = false;
      this.progress.restart();
      session.queue.repeat(this);
    } else {
      this.fail(this.error);
    }
  }
}

/** Sends `text` as one Query, a BEGIN that waits in the session in front of it. */
export function sendSimple(session: RequestHost, request: Request, text: string): void {
  const { writer } = session;
  const mark = writer.mark();
  try {
    // Tried first: what cannot be sent must not begin the transaction.
    writeQuery(writer, text);
  } catch (error) {
    writer.rollback(mark);
    request.fail(error);
    return;
  }
  const begin = session.preamble.take();
  if (begin !== null) {
    writer.rollback(mark);
    request.openings = begin;
    new BeginRequest(begin, request).start(session);
    writeQuery(writer, text);
  }
  session.queue.sent(request);
  const { surroundings } = session.statements;
  // A reset of what was not set changes nothing, and what travels behind it need not wait.
  if (request === session.queue.guard && surroundings.isAsBegun) return;
  if (!statementKind(text).leavesStatements) surroundings.sent(request, [{ text }]);
}
