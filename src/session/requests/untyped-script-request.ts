import { readCommandComplete } from '../../protocol/backend/result.ts';
import { Backend } from '../../protocol/message-type.ts';
import { MessageReader } from '../../protocol/reader.ts';
import { Request, type RequestHost } from '../request.ts';
import { unexpectedMessage } from '../unexpected.ts';
import { refuseCopyIn } from './copy-refusal.ts';
import { sendSimple } from './simple-request.ts';
import { NO_COPY_SOURCE, settle } from './untyped-query-request.ts';
import type { UntypedResults } from './untyped-results.ts';

/** One Query of any number of statements, each of which has results of its own. */
export class UntypedScriptRequest extends Request<void> {
  readonly text: string;
  readonly #results: UntypedResults;
  readonly #alone: boolean;
  /** The session whose queue it holds. */
  #held: RequestHost | null = null;
  /** What the server is about: a statement's rows or the data of its COPY, else neither. */
  #sending: 'rows' | 'copy' | null = null;
  /** A statement has ended, or all that are left have failed. */
  #answered = false;

  /** @param alone nothing is sent behind it before it is answered */
  constructor(text: string, results: UntypedResults, alone: boolean) {
    super(null);
    this.text = text;
    this.#results = results;
    this.#alone = alone;
  }

  override start(session: RequestHost): void {
    if (this.#alone) {
      this.#held = session;
      session.queue.hold(this);
    }
    sendSimple(session, this, this.text);
  }

  override dataRow(session: RequestHost, buffer: Buffer, start: number, end: number): void {
    if (!this.abandoned) this.#results.row(buffer, start, end, session.inbox.textRun);
  }

  override message(
    session: RequestHost,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    const sending = this.#sending;
    switch (type) {
      case Backend.CommandComplete:
        if (sending === 'copy') break;
        this.#end();
        this.#results.completed(readCommandComplete(new MessageReader(buffer, start, end)));
        return;
      case Backend.EmptyQueryResponse:
        if (sending !== null) break;
        this.#end();
        this.#results.completed('');
        return;
      case Backend.RowDescription:
        if (sending !== null) break;
        this.#sending = 'rows';
        this.rowsDue = true;
        this.#results.described(buffer, start, end);
        return;
      case Backend.CopyData:
        if (sending !== 'copy') break;
        return;
      case Backend.CopyDone:
        if (sending !== 'copy') break;
        this.#sending = null;
        return;
      case Backend.CopyOutResponse:
        if (sending !== null) break;
        this.#sending = 'copy';
        return;
      case Backend.CopyInResponse:
        if (sending !== null) break;
        refuseCopyIn(session, this, false, NO_COPY_SOURCE);
        return;
    }
    unexpectedMessage(type, 'in answer to a script');
  }

  #end(): void {
    this.#sending = null;
    this.rowsDue = false;
    this.#answered = true;
  }

  override errorBody(buffer: Buffer, start: number, end: number): void {
    this.#end();
    if (!this.abandoned) this.#results.error(buffer, start, end);
  }

  override get isAnswered(): boolean {
    return this.#answered && this.#sending === null;
  }

  override ready(): void {
    this.fail(this.error);
  }

  // Nobody has the promise: the results are told instead.

  override fail(error: unknown): void {
    this.#held?.queue.release(this);
    settle(this, this.#results, error);
  }

  override abandon(): void {
    if (this.state !== 'done') this.abandoned = true;
  }
}
