import { DecodeError, InterfaceError } from '../../errors/client-errors.ts';
import type { PostgresError, ServerMessageFields } from '../../errors/postgres-error.ts';
import { readCommandComplete } from '../../protocol/backend/result.ts';
import { type CopyResponse, readCopyOutResponse } from '../../protocol/copy.ts';
import { Backend } from '../../protocol/message-type.ts';
import { MessageReader } from '../../protocol/reader.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { PromisedRequest } from '../request.ts';
import type { Session } from '../session.ts';
import { sendScript } from './script.ts';

/** Where the data of a COPY goes to. */
export interface CopyDataSink {
  /** The server will send data, in this format. */
  begin(response: CopyResponse): void;
  /**
   * Takes the body of a CopyData, `buffer[start, end)`, valid only during the call. False:
   * that is enough for now, until `session.resumeReading()`.
   */
  data(buffer: Buffer, start: number, end: number): boolean;
  /** The data is complete. The call has succeeded when this resolves. */
  end(): Promise<void>;
}

/**
 * COPY … TO STDOUT. Resolves to the command tag when the sink has taken all of the data.
 * PostgreSQL manual, section 54.2.6 "COPY Operations".
 */
export class CopyOutRequest extends PromisedRequest<string> {
  readonly text: string;
  readonly #sink: CopyDataSink;
  #session: Session | null = null;
  #tag = '';

  constructor(text: string, sink: CopyDataSink, deadline: Deadline | null) {
    super(deadline);
    this.text = text;
    this.#sink = sink;
  }

  override start(session: Session): void {
    this.#session = session;
    sendScript(session, this, this.text);
  }

  override message(
    session: Session,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    switch (type) {
      case Backend.CopyData:
        if (this.abandoned || this.error !== null) return;
        try {
          if (!this.#sink.data(buffer, start, end)) session.pauseReading();
        } catch (error) {
          this.#refuseOwn(error);
        }
        return;
      case Backend.CopyOutResponse: {
        const response = readCopyOutResponse(new MessageReader(buffer, start, end));
        try {
          this.#sink.begin(response);
        } catch (error) {
          this.#refuseOwn(error);
        }
        return;
      }
      case Backend.CopyDone:
        return;
      case Backend.CommandComplete:
        this.#tag = readCommandComplete(new MessageReader(buffer, start, end));
        return;
      default:
        session.unexpected(`message '${String.fromCharCode(type)}' in answer to COPY TO`);
    }
  }

  /** What the sink cannot use ends the COPY, a broken protocol the session. */
  #refuseOwn(error: unknown): void {
    if (!(error instanceof DecodeError || error instanceof InterfaceError)) throw error;
    this.refuse(error);
  }

  /** The sink takes no more: the call is rejected and the server told to stop. */
  refuse(error: unknown): void {
    if (this.state !== 'sent' || this.abandoned) return;
    this.abandon(error);
    this.#session!.abort(this);
  }

  override serverError(session: Session, error: PostgresError, fields: ServerMessageFields): void {
    error.query = this.text;
    super.serverError(session, error, fields);
  }

  override ready(session: Session): void {
    session.resumeReading();
    if (this.abandoned || this.error !== null) {
      this.fail(this.error);
      return;
    }
    this.#sink.end().then(
      () => this.resolve(this.#tag),
      (error: unknown) => this.fail(error),
    );
  }

  override abandon(reason: unknown): void {
    super.abandon(reason);
    // What is still to come is read and dropped.
    if (this.#session?.isEnded === false) this.#session.resumeReading();
  }
}
