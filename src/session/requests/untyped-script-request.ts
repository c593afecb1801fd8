import { readCommandComplete } from '../../protocol/backend/result.ts';
import { Backend } from '../../protocol/message-type.ts';
import { MessageReader } from '../../protocol/reader.ts';
import { Request, type RequestHost } from '../request.ts';
import { refuseCopyIn } from './copy-refusal.ts';
import { ScriptProgress } from './script-progress.ts';
import { sendSimple } from './simple-request.ts';
import { NO_COPY_SOURCE, tellOver } from './untyped-query-request.ts';
import type { UntypedResults } from './untyped-results.ts';

/** One Query of any number of statements, each of which has results of its own. */
export class UntypedScriptRequest extends Request<void> {
  readonly text: string;
  readonly #results: UntypedResults;
  readonly #alone: boolean;
  /** The session whose queue it holds. */
  #held: RequestHost | null = null;
  readonly #progress = new ScriptProgress();

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
    this.#progress.message(this, type);
    switch (type) {
      case Backend.CommandComplete:
        this.#results.completed(readCommandComplete(new MessageReader(buffer, start, end)));
        return;
      case Backend.EmptyQueryResponse:
        this.#results.completed('');
        return;
      case Backend.RowDescription:
        this.#results.described(buffer, start, end);
        return;
      case Backend.CopyInResponse:
        refuseCopyIn(session, this, false, NO_COPY_SOURCE);
    }
  }

  override errorBody(buffer: Buffer, start: number, end: number): void {
    this.#progress.ended(this);
    if (!this.abandoned) this.#results.error(buffer, start, end);
  }

  override get isAnswered(): boolean {
    return this.#progress.isAnswered;
  }

  override ready(): void {
    this.fail(this.error);
  }

  // Nobody has the promise: the results are told instead.

  override fail(error: unknown): void {
    this.#held?.queue.release(this);
    tellOver(this, this.#results, error);
  }

  override abandon(): void {
    if (this.state !== 'done') this.abandoned = true;
  }
}
