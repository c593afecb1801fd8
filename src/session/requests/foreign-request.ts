import { Request, type RequestHost } from '../request.ts';

/** Who speaks the protocol on his own for a while. */
export interface ForeignSpeaker {
  /** It is his turn, and the server has nothing else to do. */
  begin(): void;
  /** The body of a message that answers him. Valid only during the call. */
  message(type: number, buffer: Buffer, start: number, end: number): void;
  /** A ReadyForQuery. `isLast`: none is left to come, so that he may end his turn. */
  ready(isLast: boolean): void;
  /** The turn is over before its end, as the session is, or before its begin. */
  failed(error: unknown): void;
}

/**
 * A turn in which somebody else writes messages and gets the answers as they are. It begins when
 * everything before it has been answered, and nothing else is started before its speaker ends it.
 */
export class ForeignRequest extends Request<void> {
  readonly #speaker: ForeignSpeaker;
  #session: RequestHost | null = null;
  /** Messages sent that are answered with a ReadyForQuery, and were not yet. */
  #syncs = 0;
  #isEnlisted = false;

  constructor(speaker: ForeignSpeaker) {
    super(null);
    this.#speaker = speaker;
    this.rowsDue = true;
  }

  override start(session: RequestHost): void {
    this.#session = session;
    if (session.queue.inFlight > 0)
      session.queue.comeBackAfterAll(this, () => this.#begin(session));
    else this.#begin(session);
  }

  #begin(session: RequestHost): void {
    session.queue.hold(this);
    this.#enlist(session);
    this.#speaker.begin();
    session.outbox.flushSoon();
  }

  #enlist(session: RequestHost): void {
    if (this.#isEnlisted) return;
    this.#isEnlisted = true;
    session.queue.sent(this);
  }

  /** A message was written whose answer ends with a ReadyForQuery: Sync or Query. */
  awaitReady(): void {
    this.#syncs += 1;
    if (this.#session !== null) this.#enlist(this.#session);
  }

  /** The speaker has nothing more to say. */
  end(): void {
    if (this.state === 'done' || this.#session === null) return;
    this.state = 'done';
    const { queue } = this.#session;
    // It has said nothing, so that nothing answers it.
    if (this.#isEnlisted) queue.advance();
    queue.release(this);
  }

  override message(
    _session: RequestHost,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    this.#speaker.message(type, buffer, start, end);
  }

  override dataRow(_session: RequestHost, buffer: Buffer, start: number, end: number): void {
    // DataRow has no type byte of its own here.
    this.#speaker.message(0x44, buffer, start, end);
  }

  override errorBody(buffer: Buffer, start: number, end: number): void {
    this.#speaker.message(0x45, buffer, start, end);
  }

  override get isAnswered(): boolean {
    return this.#syncs > 0;
  }

  override ready(session: RequestHost): void {
    this.#syncs -= 1;
    this.#isEnlisted = false;
    if (this.#syncs > 0) this.#enlist(session);
    this.#speaker.ready(this.#syncs === 0);
  }

  override fail(error: unknown): void {
    if (this.state === 'done') return;
    this.state = 'done';
    this.#session?.queue.release(this);
    this.#speaker.failed(error);
  }

  override abandon(): void {
    // Its answers still go to the speaker.
    if (this.state !== 'done') this.abandoned = true;
  }
}
