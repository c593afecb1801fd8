import type { Deadline } from '../../transport/deadline.ts';
import { Request, type RequestHost } from '../request.ts';
import { unexpected } from '../unexpected.ts';
import type { InnerWork } from './inner-requests.ts';

/**
 * A call's turn in the queue, for one that has to look something up before it knows its request. It
 * holds the queue from when its turn has come until the request is started or the call is over, so
 * that no other request comes between. The look-ups are inner requests of it. It sends nothing.
 */
export class Turn extends Request<never> {
  #session: RequestHost | null = null;
  #begin!: () => void;
  readonly #begun: Promise<void>;
  #isHeld = false;
  readonly #isOnce: boolean;

  /** @param isOnce what is submitted in it is once only, and takes its place without waiting any more */
  constructor(deadline: Deadline | null, isOnce: boolean) {
    super(deadline);
    this.#isOnce = isOnce;
    this.#begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
    // Its failure is told by `during` and `submit`.
    this.promise.catch(() => {});
  }

  override get isOnce(): boolean {
    return this.#isOnce;
  }

  override start(session: RequestHost): void {
    this.#session = session;
    this.state = 'preparing';
    this.#isHeld = true;
    session.queue.hold(this);
    this.#begin();
  }

  /**
   * Does `work` when the turn has come. Rejects as soon as the call is ended; the queue is held
   * until `work` is over all the same, as there may be requests to come of it.
   */
  async during<T>(work: InnerWork<T>): Promise<T> {
    await Promise.race([this.#begun, this.promise]);
    if (this.#isOver) return this.promise;
    const session = this.#session!;
    const working = work(session, this);
    session.queue.holdWhile(this, working, () => {});
    return Promise.race([working, this.promise]);
  }

  /**
   * Waits for what the session has no part in, such as a file that is to be opened, when the turn has come. Rejects as
   * soon as the call is ended, and then holds the queue no longer: what is waited for may never come.
   */
  async waitFor<T>(work: () => Promise<T>): Promise<T> {
    await Promise.race([this.#begun, this.promise]);
    if (this.#isOver) return this.promise;
    return Promise.race([work(), this.promise]);
  }

  /**
   * Does `work` in this turn, with what `loading` comes to. What it submits at once, before it awaits anything,
   * has the place of this turn, which is over with that.
   */
  async inPlace<T, R>(loading: Promise<T>, work: (loaded: T) => Promise<R>): Promise<R> {
    try {
      loading.catch(() => {});
      await Promise.race([this.#begun, this.promise]);
      // It has sent nothing.
      this.flight = null;
      const loaded = await Promise.race([loading, this.promise]);
      if (this.#isOver) return await this.promise;
      return this.#session!.queue.inPlace(() => work(loaded));
    } finally {
      this.leave();
    }
  }

  /** Starts the request in this turn, which is over with that. */
  submit<R>(request: Request<R>): Promise<R> {
    const session = this.#session!;
    if (this.#isOver) {
      this.promise.catch((error: unknown) => request.fail(error));
      return request.promise;
    }
    request.flight = this.flight;
    this.deadline?.watch(() => session.expire(request));
    session.queue.start(request);
    this.leave();
    return request.promise;
  }

  get #isOver(): boolean {
    return this.state !== 'preparing' || this.abandoned;
  }

  override fail(error: unknown): void {
    super.fail(error);
    this.leave();
  }

  /** Others go on, if nothing was submitted. The last thing to be done with a turn; idempotent. */
  leave(): void {
    this.state = 'done';
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#session!.queue.release(this);
  }

  override message(): void {
    unexpected('message');
  }

  override ready(): void {
    unexpected('ReadyForQuery');
  }
}
