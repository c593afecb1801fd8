import { InterfaceError } from '../../errors/client-errors.ts';
import type { PostgresError, ServerMessageFields } from '../../errors/postgres-error.ts';
import { readCommandComplete } from '../../protocol/backend/result.ts';
import type { CopyResponse } from '../../protocol/copy.ts';
import type { FormatCode } from '../../protocol/format.ts';
import { MessageReader } from '../../protocol/reader.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { Request, type RequestHost } from '../request.ts';
import { type CopyModel, ModelRequest } from './model-request.ts';
import { EndOwnRequest, mayBeginOwn } from './own-transaction.ts';
import { sendSimple } from './simple-request.ts';

/** Bytes of COPY data that are gathered before they are handed on, either way. */
export const COPY_BLOCK = 64 * 1024;

/** The columns of a COPY's data, as the client has prepared for them. */
export interface CopyColumns {
  readonly format: FormatCode;
  readonly count: number;
  /** Null: what the COPY does stays done when its data is refused, and a model that fails would not keep it from that. */
  readonly model: CopyModel | null;
}

/**
 * COPY in either direction: one Query, which the server answers with the format of the data, the
 * data, and a command tag, to which it resolves. PostgreSQL manual, section 54.2.6 "COPY Operations".
 *
 * If the client has prepared for columns, their model, if there is one, travels ahead: see ModelRequest. Outside of
 * a transaction the two get one of their own, which keeps the tables as they are from the one to the other.
 *
 * Outside of a transaction nothing is sent behind a COPY before the server has answered: a pooler in transaction mode
 * takes the session away with its end, and with that the answers to what came behind.
 */
export abstract class CopyRequest extends Request<string> {
  readonly text: string;
  readonly #columns: CopyColumns | null;
  /** What is not as it was when the client prepared for the columns. */
  change: string | null = null;
  protected tag = '';
  #isInOwn = false;
  #end: EndOwnRequest | null = null;

  /** @param columns what the client has prepared for; null: it takes the data as it is */
  constructor(text: string, columns: CopyColumns | null, deadline: Deadline | null) {
    super(deadline);
    this.text = text;
    this.#columns = columns;
  }

  override get isOnce(): boolean {
    return true;
  }

  override start(session: RequestHost): void {
    const model = this.#columns?.model ?? null;
    if (model === null) {
      sendSimple(session, this, this.text);
      return;
    }
    this.#isInOwn = mayBeginOwn(session);
    if (this.#isInOwn) session.preamble.begin(['BEGIN']);
    new ModelRequest(model, this).start(session);
    if (this.hasEnded) {
      if (this.#isInOwn) session.preamble.drop();
      return;
    }
    sendSimple(session, this, this.text);
    if (this.hasEnded) this.endOwn(session, 'ROLLBACK');
  }

  /** It could not be written. */
  protected get hasEnded(): boolean {
    return this.state === 'done';
  }

  override get isInOwnTransaction(): boolean {
    return this.#isInOwn;
  }

  /** Ends the transaction that it has begun for itself, if it has and that is not done. */
  protected endOwn(session: RequestHost, text: 'COMMIT' | 'ROLLBACK'): void {
    if (!this.#isInOwn || this.#end !== null) return;
    this.#end = new EndOwnRequest(text, this.text);
    session.submitInner(this.#end);
  }

  /** The COPY has succeeded. The call has when that is committed. */
  protected succeed(): void {
    const end = this.#end;
    if (end === null) {
      this.resolve(this.tag);
      return;
    }
    this.inner = new Set([end]);
    end.promise.then(
      () => this.resolve(this.tag),
      (error: unknown) => this.fail(error),
    );
  }

  /**
   * Throws InterfaceError if the data has other columns than the client has prepared for, and why it is not
   * known whether it has.
   */
  protected checkColumns({ format, columnFormats }: CopyResponse): void {
    const columns = this.#columns;
    if (columns === null) return;
    if (this.error !== null) throw this.error;
    const isAsPrepared = format === columns.format && columnFormats.length === columns.count;
    const change = isAsPrepared
      ? this.change
      : `they are ${columnFormats.length}, not ${columns.count}`;
    if (change === null) return;
    throw new InterfaceError(`the columns changed while the COPY was prepared: ${change}`, {
      isTransient: columns.model !== null,
    });
  }

  /** Takes the CommandComplete. */
  protected complete(buffer: Buffer, start: number, end: number): void {
    this.tag = readCommandComplete(new MessageReader(buffer, start, end));
  }

  override serverError(
    session: RequestHost,
    error: PostgresError,
    fields: ServerMessageFields,
  ): void {
    error.query = this.text;
    super.serverError(session, error, fields);
  }
}
