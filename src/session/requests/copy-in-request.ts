import { InterfaceError } from '../../errors/client-errors.ts';
import type { PostgresError, ServerMessageFields } from '../../errors/postgres-error.ts';
import {
  type CopyResponse,
  readCopyInResponse,
  writeCopyDone,
  writeCopyFail,
} from '../../protocol/copy.ts';
import { Backend, Frontend } from '../../protocol/message-type.ts';
import { MessageReader } from '../../protocol/reader.ts';
import type { MessageWriter } from '../../protocol/writer.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { nextTurn, soon } from '../../transport/turn.ts';
import { isInTransaction } from '../preamble.ts';
import type { RequestHost } from '../request.ts';
import { unexpectedMessage } from '../unexpected.ts';
import type { CopyInput } from './copy-input.ts';
import { COPY_BLOCK, type CopyColumns, CopyRequest } from './copy-request.ts';
import type { Feed } from './feed.ts';

/**
 * Writes the pieces of an input as the data of a COPY; a RecordEncoder is one. What it throws fails
 * the COPY.
 */
export interface CopyEncoder {
  /** What comes before the first piece. */
  header(writer: MessageWriter): void;
  /**
   * Writes a piece; `index` counts them from 0. True: there is more of it, which the next call,
   * for a message of its own, writes in place of a new piece.
   */
  write(writer: MessageWriter, piece: unknown, index: number): unknown;
  /** What comes after the last piece. */
  trailer(writer: MessageWriter): void;
}

/** What a COPY FROM takes. */
export interface CopyData {
  readonly input: CopyInput;
  readonly encoder: CopyEncoder;
  /** What the encoder writes; null: the server alone knows whether that is right. */
  readonly columns: CopyColumns | null;
  /** Told how much is on its way. What it throws fails the COPY. */
  readonly onSent: (bytes: number, pieces: number) => void;
}

/** What a message seldom exceeds. */
const ROOMY = COPY_BLOCK + 8 * 1024;

/** Where the request stands with its data. */
type Stage =
  /** The statement has not been sent. */
  | 'unsent'
  /** The server has not said yet that it waits for data. */
  | 'asked'
  | 'feeding'
  /** CopyDone or CopyFail was written, or the server wants no more. */
  | 'over';

/** `wait`: the next piece is not there yet. `end`: that was all. */
type Step = 'more' | 'wait' | 'end';

/**
 * COPY … FROM STDIN. It holds the queue until its data is written, no faster than the server
 * takes it. Data is pulled only while the server wants it; if it ends in failure, or the call
 * is ended, the server is told so with CopyFail, which undoes the COPY.
 */
export class CopyInRequest extends CopyRequest {
  readonly #data: CopyData;
  readonly #begun: Promise<CopyResponse>;
  #begin!: (response: CopyResponse) => void;
  #session: RequestHost | null = null;
  #stage: Stage = 'unsent';
  /** What the server has said so far. */
  #answer: 'none' | 'waits for data' | 'complete' = 'none';
  /** The encoder is at work: there may be half a message in the writer. */
  #writing = false;
  #failure: { error: unknown } | null = null;
  #pieces = 0;
  /** The last piece was not written to its end. */
  #isCut = false;
  /** Bytes of data that were written. */
  #bytes = 0;

  constructor(text: string, data: CopyData, deadline: Deadline | null) {
    super(text, data.columns, deadline);
    this.#data = data;
    this.#begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
    // Begun here, the input is pulled in its caller's asynchronous context.
    const { feed } = data.input;
    void (feed === null ? this.#run() : feed.run(() => this.#run()));
  }

  override get feed(): Feed | null {
    return this.#stage === 'over' ? null : this.#data.input.feed;
  }

  /** Until the server asks for data, e.g. while it waits for a lock, nothing is asked of the source. */
  override get isFeeding(): boolean {
    return this.#stage === 'feeding' && super.isFeeding;
  }

  override start(session: RequestHost): void {
    this.#session = session;
    this.#stage = 'asked';
    session.queue.hold(this);
    super.start(session);
    if (this.state === 'done') session.queue.release(this);
  }

  async #run(): Promise<void> {
    const response = await this.#begun;
    const session = this.#session!;
    if (this.#stage !== 'feeding') return;
    try {
      this.checkColumns(response);
      await this.#pump(session);
    } catch (error) {
      this.#failure ??= { error };
      this.#giveUp('the client failed to provide the data');
      return;
    }
    if (this.#stage !== 'feeding') {
      this.#finish();
      return;
    }
    writeCopyDone(session.writer);
    session.outbox.flushSoon();
    this.#finish();
  }

  /** Writes until the data ends, or the server or the caller wants no more of it. */
  async #pump(session: RequestHost): Promise<void> {
    const { input } = this.#data;
    for (;;) {
      if (this.#stage !== 'feeding') return;
      const step = this.#write(session);
      if (this.abandoned) this.#giveUp('the call was ended');
      const isFull = session.writer.offset >= COPY_BLOCK;
      if (step === 'wait' && (isFull || this.#stage !== 'feeding')) input.leaveAsked();
      if (step === 'end' || this.#stage !== 'feeding') return;
      if (isFull) {
        session.outbox.flush();
        this.#data.onSent(this.#bytes, this.#pieces);
        if (session.outbox.isCongested) await session.outbox.whenDrained();
        // A source that never waits must not keep the server's objections from being read.
        await nextTurn();
      }
      if (step === 'wait' && this.#stage === 'feeding') await input.wait();
    }
  }

  #write({ writer }: RequestHost): Step {
    const mark = writer.mark();
    this.#writing = true;
    try {
      const step = this.#writeMessage(writer);
      if (step === 'end') this.#data.onSent(this.#bytes, this.#pieces);
      return step;
    } catch (error) {
      writer.rollback(mark);
      throw error;
    } finally {
      this.#writing = false;
    }
  }

  /** Writes one CopyData, straight into the write buffer: pieces until there is enough. */
  #writeMessage(writer: MessageWriter): Step {
    const { input, encoder } = this.#data;
    // Once there is much data, in a buffer that need not grow step by step.
    if (this.#bytes >= COPY_BLOCK) writer.ensure(ROOMY);
    const start = writer.offset;
    writer.begin(Frontend.CopyData);
    const body = writer.offset;
    if (this.#bytes === 0) encoder.header(writer);
    let pieces = this.#pieces;
    let isCut = this.#isCut;
    let piece: unknown;
    let step: Step = 'more';
    do {
      if (!isCut) {
        const result = input.take();
        if (result === null) {
          step = 'wait';
          break;
        }
        if (result.done) {
          encoder.trailer(writer);
          step = 'end';
          break;
        }
        piece = result.value;
        pieces += 1;
      }
      isCut = encoder.write(writer, piece, pieces - 1) === true;
    } while (writer.offset - start < COPY_BLOCK);
    this.#pieces = pieces;
    this.#isCut = isCut;
    this.#bytes += writer.offset - body;
    if (writer.offset > body) writer.end();
    else writer.rollback(start);
    return step;
  }

  /** Tells the server that no more data comes, which fails the COPY. */
  #giveUp(reason: string): void {
    // Half a message cannot be followed by another: the pump sees to it when it is whole.
    if (this.#writing || this.#stage === 'unsent' || this.#stage === 'over') return;
    const session = this.#session!;
    // What the server answers to CopyFail has the SQLSTATE of a cancelled query and must not
    // be taken for the effect of a CancelRequest.
    this.error ??= new InterfaceError(reason);
    if (!session.isEnded) {
      writeCopyFail(session.writer, reason);
      session.outbox.flushSoon();
    }
    this.#finish();
  }

  /** Nothing more is written: the queue is free, outside of a transaction once the server has answered. See CopyRequest. */
  #finish(): void {
    this.#stage = 'over';
    const session = this.#session!;
    const isUndone = this.#failure !== null || this.error !== null || this.abandoned;
    this.endOwn(session, isUndone ? 'ROLLBACK' : 'COMMIT');
    if (this.abandoned) {
      // A CancelRequest is about to follow: it must find nothing else started.
      soon(() => session.queue.release(this));
      return;
    }
    if (this.isInOwnTransaction || isInTransaction(session)) session.queue.release(this);
  }

  override message(
    _session: RequestHost,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    switch (type) {
      case Backend.CopyInResponse: {
        if (this.#answer !== 'none') break;
        this.#answer = 'waits for data';
        const response = readCopyInResponse(new MessageReader(buffer, start, end));
        if (this.#stage === 'asked') {
          this.#stage = 'feeding';
          this.#begin(response);
        }
        return;
      }
      case Backend.CommandComplete:
        if (this.#answer !== 'waits for data' || this.#stage !== 'over') break;
        this.#answer = 'complete';
        this.complete(buffer, start, end);
        return;
    }
    unexpectedMessage(type, 'in answer to COPY FROM');
  }

  override serverError(
    session: RequestHost,
    error: PostgresError,
    fields: ServerMessageFields,
  ): void {
    this.#answer = 'complete';
    super.serverError(session, error, fields);
    this.#finish();
  }

  override get isAnswered(): boolean {
    return this.#answer === 'complete' && this.#stage === 'over';
  }

  override ready(session: RequestHost): void {
    session.queue.release(this);
    if (this.#failure !== null) this.fail(this.#failure.error);
    else if (this.error !== null) this.fail(this.error);
    else this.succeed();
  }

  override fail(error: unknown): void {
    super.fail(error);
    this.#stage = 'over';
    this.#stopInput();
  }

  override abandon(reason: unknown): void {
    super.abandon(reason);
    this.#giveUp('the call was ended');
    this.#stopInput();
  }

  /** Not at once: it may be the input itself, or a piece of it, that ends the call. */
  #stopInput(): void {
    soon(() => this.#data.input.stop());
  }
}
