import { InterfaceError } from '../../errors/client-errors.ts';
import type { PostgresError, ServerMessageFields } from '../../errors/postgres-error.ts';
import { readCommandComplete } from '../../protocol/backend/result.ts';
import {
  type CopyResponse,
  readCopyInResponse,
  writeCopyDone,
  writeCopyFail,
} from '../../protocol/copy.ts';
import { Backend } from '../../protocol/message-type.ts';
import { MessageReader } from '../../protocol/reader.ts';
import type { MessageWriter } from '../../protocol/writer.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { nextTurn } from '../../transport/turn.ts';
import { Request } from '../request.ts';
import type { Session } from '../session.ts';
import { sendScript } from './script-request.ts';

/** `wait`: what comes next is not there yet, see `wait()`. `end`: that was all. */
export type FeedStep = 'more' | 'wait' | 'end';

/** Where the data of a COPY comes from. What it throws fails the COPY. */
export interface CopyFeed {
  /**
   * The text of the statement. What it takes to know that, or to have the data at hand, is
   * done while the request holds the queue; it is the `parent` of inner requests.
   */
  plan(session: Session, parent: Request): string | Promise<string>;
  /** The server waits for data, in this format. */
  begin(response: CopyResponse): void;
  /** Writes whole CopyData messages, about `COPY_BLOCK` bytes at most unless a value is longer. */
  write(writer: MessageWriter): FeedStep;
  /** Resolves when `write` can go on. */
  wait(): Promise<void>;
  /** What was written is on its way. */
  sent(): void;
  /** The COPY has failed: no more is wanted. */
  stop(): void;
}

/** Bytes of COPY data that are gathered before they are handed on, either way. */
export const COPY_BLOCK = 64 * 1024;

/** Where the request stands with its data. */
type Stage =
  /** The statement has not been sent. */
  | 'unsent'
  /** The server has not said yet that it waits for data. */
  | 'asked'
  | 'feeding'
  /** CopyDone or CopyFail was written, or the server wants no more. */
  | 'over';

/**
 * COPY … FROM STDIN. It holds the queue until its data is written, no faster than the server
 * takes it. Data is pulled only while the server wants it; if it ends in failure, or the call
 * is ended, the server is told so with CopyFail, which undoes the COPY.
 * PostgreSQL manual, section 54.2.6 "COPY Operations".
 */
export class CopyInRequest extends Request<string> {
  /** The statement, once it is known. */
  text = '';
  readonly #feed: CopyFeed;
  readonly #begun: Promise<CopyResponse>;
  #begin!: (response: CopyResponse) => void;
  #session: Session | null = null;
  #stage: Stage = 'unsent';
  /** What the server has said so far. */
  #answer: 'none' | 'waits for data' | 'complete' = 'none';
  /** The feed is at work: there may be half a message in the writer. */
  #writing = false;
  #failure: { error: unknown } | null = null;
  #tag = '';

  constructor(feed: CopyFeed, deadline: Deadline | null) {
    super(deadline);
    this.#feed = feed;
    this.#begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
    // Begun here, the feed is pulled in its caller's asynchronous context.
    void this.#run();
  }

  override start(session: Session): void {
    this.#session = session;
    this.state = 'preparing';
    session.queue.hold(this);
    const text = this.#feed.plan(session, this);
    if (typeof text === 'string') {
      this.#send(session, text);
      return;
    }
    text.then(
      (planned) => this.#send(session, planned),
      (error: unknown) => {
        this.fail(error);
        session.queue.release(this);
      },
    );
  }

  #send(session: Session, text: string): void {
    if (this.abandoned) this.state = 'done';
    if (this.state === 'preparing') {
      this.text = text;
      this.#stage = 'asked';
      sendScript(session, this, text);
    }
    if (this.state === 'done') session.queue.release(this);
  }

  async #run(): Promise<void> {
    const response = await this.#begun;
    const session = this.#session!;
    if (this.#stage !== 'feeding') return;
    try {
      this.#feed.begin(response);
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

  /** Writes until the data ends or nobody wants any more of it. */
  async #pump(session: Session): Promise<void> {
    const feed = this.#feed;
    for (;;) {
      if (this.#stage !== 'feeding') return;
      const step = this.#write(session);
      if (this.abandoned) this.#giveUp('the call was ended');
      if (step === 'end' || this.#stage !== 'feeding') return;
      if (session.writer.offset >= COPY_BLOCK) {
        session.outbox.flush();
        feed.sent();
        if (session.outbox.isCongested) await session.outbox.whenDrained();
        // A source that never waits must not keep the server's objections from being read.
        await nextTurn();
      }
      if (step === 'wait' && this.#stage === 'feeding') await feed.wait();
    }
  }

  #write(session: Session): FeedStep {
    const { writer } = session;
    const mark = writer.mark();
    this.#writing = true;
    try {
      const step = this.#feed.write(writer);
      if (step === 'end') this.#feed.sent();
      return step;
    } catch (error) {
      writer.rollback(mark);
      throw error;
    } finally {
      this.#writing = false;
    }
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

  /** Nothing more is written: the queue is free. */
  #finish(): void {
    this.#stage = 'over';
    const session = this.#session!;
    // A CancelRequest is about to follow an abandoned one: it must find nothing else started.
    if (this.abandoned) queueMicrotask(() => session.queue.release(this));
    else session.queue.release(this);
  }

  override message(
    session: Session,
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
        this.#tag = readCommandComplete(new MessageReader(buffer, start, end));
        return;
    }
    session.unexpectedMessage(type, 'in answer to COPY FROM');
  }

  override serverError(session: Session, error: PostgresError, fields: ServerMessageFields): void {
    error.query = this.text;
    this.#answer = 'complete';
    super.serverError(session, error, fields);
    this.#finish();
  }

  override get isAnswered(): boolean {
    return this.#answer === 'complete' && this.#stage === 'over';
  }

  override ready(): void {
    if (this.#failure !== null) this.fail(this.#failure.error);
    else if (this.error !== null) this.fail(this.error);
    else this.resolve(this.#tag);
  }

  override fail(error: unknown): void {
    super.fail(error);
    this.#stage = 'over';
    this.#stopFeed();
  }

  override abandon(reason: unknown): void {
    super.abandon(reason);
    this.#giveUp('the call was ended');
    this.#stopFeed();
  }

  /** Not at once: it may be the feed itself, or what it pulls from, that ends the call. */
  #stopFeed(): void {
    queueMicrotask(() => this.#feed.stop());
  }
}
