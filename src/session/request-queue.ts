import { isInTransaction } from './preamble.ts';
import type { HostQueue, Request, RequestHost } from './request.ts';
import { RequestDeque } from './request-deque.ts';
import type { Feed } from './requests/feed.ts';

/** A request that was on the wire already and needs the queue once more. */
interface Returning {
  readonly request: Request;
  /** Everything that was sent has to be answered first. */
  readonly afterAll: boolean;
  readonly go: () => void;
}

/** What the queue needs of its session. */
interface QueueOwner extends RequestHost {
  /** A fresh error for a request that the end of the session concerns. */
  endedError(safeToRetry: boolean): Error;
  /** Told while data is taken from a source that may wait. */
  readonly sourceWatch: { begin(): void; end(): void };
}

/**
 * The order of a session's requests. They are started in the order in which they came, as soon
 * as the queue is free, and answered in the order in which they were sent.
 *
 * The queue is not free while a request holds it, while it is barred, or while the peer is slow to
 * take what was written.
 */
export class RequestQueue implements HostQueue {
  /** The request whose answers come now. */
  head: Request | null = null;
  /** While it is unanswered only what is skippable is started: if it fails, the server refuses that. */
  guard: Request | null = null;
  /** A guard has failed, and nothing behind it was executed. */
  hasSkipped = false;
  readonly #session: QueueOwner;
  readonly #pending = new RequestDeque();
  readonly #inFlight = new RequestDeque();
  readonly #returning: Returning[] = [];
  #holder: Request | null = null;
  /** How often the holder holds it, as it may do so once more for a part of its work. */
  #holds = 0;
  /** What holds it and takes, or took, its data from a source that is watched. */
  #fed: Request | null = null;
  /** Those that hold it too, for which the holder works: the last is the innermost. */
  readonly #outer: { readonly request: Request; holds: number }[] = [];
  #isBarred = false;
  /** A request writes, and may run the user's code for it: getters, iterators, encoders. */
  #isStarting = false;
  #idleWaiters: (() => void)[] = [];
  readonly #writtenWaiters: (() => void)[] = [];

  constructor(session: QueueOwner) {
    this.#session = session;
  }

  /** Requests that are written and not answered, or wait to be written. */
  get load(): number {
    const waiting = this.#pending.length + this.#returning.length;
    return this.#inFlight.length + waiting + (this.#holder === null ? 0 : 1);
  }

  /** Whether there is anything behind the head; what ends its own transaction is a part of it. */
  get hasFollowers(): boolean {
    if (this.#holder?.isInOwnTransaction !== true || this.head?.isInOwnTransaction !== true) {
      const twice = this.#holder !== null && this.#holder === this.head ? 1 : 0;
      return this.load - twice > 1;
    }
    return this.#pending.length > 0 || this.#returning.length > 0;
  }

  /** Requests that were not started. */
  get waiting(): number {
    return this.#pending.length;
  }

  /** Requests that are written and not answered. */
  get inFlight(): number {
    return this.#inFlight.length;
  }

  /** Whether it is held, and not by this request. */
  isHeldByOther(request: Request): boolean {
    return this.#holder !== null && this.#holder !== request;
  }

  /** What the request that holds the queue takes its data from: see Request. */
  get feed(): Feed | null {
    return this.#holder?.feed ?? null;
  }

  /** The request that holds the queue, if it takes its data from such a source now. */
  get feeding(): Request | null {
    return this.#holder?.isFeeding ? this.#holder : null;
  }

  /** Nothing is under way: no request, and nothing that bars the queue. */
  get isIdle(): boolean {
    return this.load === 0 && !this.#isBarred;
  }

  /** The same, or the guard alone is: what comes next is as if that had been answered. */
  get isFree(): boolean {
    return this.load === (this.guard === null ? 0 : 1) && !this.#isBarred;
  }

  /** Resolves when nothing is under way any more, at once if so already. */
  whenIdle(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  // ── Starting ────────────────────────────────────────────────────────────────────────────

  /** Starts the request now, or when all that came before it have been. */
  join(request: Request): void {
    if (this.#pending.length > 0 || !this.#mayStart(request)) {
      this.#pending.push(request);
      return;
    }
    this.start(request);
    if (this.#pending.length > 0) this.pump();
  }

  /** Takes out a request that was not started. */
  withdraw(request: Request): void {
    this.#pending.remove(request);
  }

  /** Starts a request now, even if the queue is held or barred: on behalf of what holds or bars it. */
  start(request: Request): void {
    request.flight ??= this.#session.outbox.flushes;
    const isNested = this.#isStarting;
    this.#isStarting = true;
    try {
      request.start(this.#session);
    } catch (error) {
      request.fail(error);
    } finally {
      this.#isStarting = isNested;
    }
    // A request calls code of the user's (encoders, getters), which may have ended the session.
    if (this.#session.isEnded) this.#failEnded(request);
  }

  /**
   * Calls `go` when the queue is free, ahead of all requests that were not started yet: for one
   * that has been on the wire and has more to ask before it is done. Several keep their order.
   */
  comeBack(request: Request, go: () => void): void {
    this.#returning.push({ request, afterAll: false, go });
    this.pump();
  }

  /** The same when everything that was sent has been answered. */
  comeBackAfterAll(request: Request, go: () => void): void {
    this.#returning.push({ request, afterAll: true, go });
    this.pump();
  }

  /**
   * Starts a request a second time, whose failure has left no effect: when everything that was
   * sent behind it is over, and outside of a transaction only. It fails as it has if one is open.
   */
  repeat(request: Request): void {
    const go = (): void => {
      if (isInTransaction(this.#session)) {
        request.fail(request.error);
        return;
      }
      request.error = null;
      request.struck = false;
      this.start(request);
    };
    request.state = 'queued';
    this.comeBackAfterAll(request, go);
  }

  /** No other request is started until as many calls of `release`: there is more to write later. */
  hold(request: Request): void {
    if (this.#holder === request) {
      this.#holds += 1;
    } else {
      if (this.#holder !== null) this.#outer.push({ request: this.#holder, holds: this.#holds });
      this.#holder = request;
      this.#holds = 1;
    }
    if (request.feed === null) return;
    this.#fed = request;
    this.#session.sourceWatch.begin();
  }

  #unwatch(request: Request): void {
    if (this.#fed !== request) return;
    this.#fed = null;
    this.#session.sourceWatch.end();
  }

  release(request: Request): void {
    if (this.#holder !== request) {
      const at = this.#outer.findIndex((outer) => outer.request === request);
      if (at < 0 || --this.#outer[at]!.holds > 0) return;
      this.#outer.splice(at, 1);
      this.#unwatch(request);
      return;
    }
    this.#holds -= 1;
    if (this.#holds > 0) return;
    const outer = this.#outer.pop();
    this.#holder = outer?.request ?? null;
    this.#holds = outer?.holds ?? 0;
    this.#unwatch(request);
    this.#tellWritten();
    this.pump();
  }

  /**
   * Calls `go` when no request is in the middle of what it has to write, COPY data or sets of values:
   * at once if so already. What came between would be taken for a part of that.
   */
  onceWritten(go: () => void): void {
    this.#writtenWaiters.push(go);
    this.#tellWritten();
  }

  #tellWritten(): void {
    if (this.#holder?.state === 'sent') return;
    for (const go of this.#writtenWaiters.splice(0)) go();
  }

  /**
   * Holds the queue for a request while `work` is done for it, and calls `go` with what that came
   * to. The request fails as the work does. If it was ended meanwhile, there is nothing to go on to.
   */
  holdWhile<T>(request: Request, work: Promise<T>, go: (result: T) => void): void {
    request.state = 'preparing';
    this.hold(request);
    work.then(
      (result) => {
        try {
          if (request.abandoned) request.state = 'done';
          else if (request.state === 'preparing') go(result);
        } catch (error) {
          // Thrown by code of the user's that `go` calls.
          request.fail(error);
        }
        this.release(request);
      },
      (error: unknown) => {
        request.fail(error);
        this.release(request);
      },
    );
  }

  /**
   * What `work` submits comes ahead of all that was not started yet, when the queue is free: it is done for the
   * request that holds it.
   */
  inPlace<R>(work: () => R): R {
    const behind = this.#pending.drain();
    try {
      return work();
    } finally {
      for (const request of behind) {
        if (this.#session.isEnded) this.#failEnded(request);
        else this.#pending.push(request);
      }
    }
  }

  /** Nothing is started until `unbar`, not even by the request that holds the queue. */
  bar(): void {
    this.#isBarred = true;
  }

  /** The queue is free again, once it is pumped. */
  unbar(): void {
    this.#isBarred = false;
  }

  /** Starts whatever may be started now. */
  pump(): void {
    this.#letReturn();
    while (this.#pending.length > 0 && this.#mayStart(this.#pending.head!)) {
      const request = this.#pending.shift()!;
      if (request.state === 'queued') this.start(request);
    }
    if (this.#idleWaiters.length > 0 && this.isIdle) this.#tellIdle();
  }

  #mayStart(request: Request): boolean {
    return (
      (this.guard === null || request.isSkippable) &&
      this.#holder === null &&
      !this.#isBarred &&
      !this.#isStarting &&
      this.#returning.length === 0 &&
      !this.#session.outbox.isCongested &&
      !(
        (request.isOnce || request.isUnrepeatable) &&
        this.#inFlight.some((sent) => sent.mayBeCancelled)
      )
    );
  }

  /** Lets requests that have been on the wire go on, as far as the queue is free for them. */
  #letReturn(): void {
    while (!this.#isBarred) {
      const holder = this.#holder;
      // What works for the request that holds the queue need not wait until that has ended.
      const at =
        holder === null
          ? 0
          : this.#returning.findIndex(({ request }) => holder.inner?.has(request));
      const next = this.#returning[at];
      if (next === undefined || (next.afterAll && this.#inFlight.length > 0)) return;
      this.#returning.splice(at, 1);
      if (next.request.state !== 'done') next.go();
    }
  }

  #tellIdle(): void {
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const waiter of waiters) waiter();
  }

  /** Fails every request that was not started, each with an error of its own. */
  refuseWaiting(error: () => unknown): void {
    for (const request of this.#pending.drain()) request.fail(error());
  }

  // ── Answers ─────────────────────────────────────────────────────────────────────────────

  /** The request has written its messages, Sync included: it waits for its answers now. */
  sent(request: Request): void {
    this.enlist(request);
    this.#session.outbox.flushSoon();
  }

  /** The answers that come after those of all earlier requests are this one's. */
  enlist(request: Request): void {
    request.state = 'sent';
    if (request.isFence) this.hold(request);
    this.head ??= request;
    this.#inFlight.push(request);
  }

  /** The head has all its answers: what comes now is the next one's. */
  advance(): void {
    this.#inFlight.shift();
    this.head = this.#inFlight.head;
  }

  /** The session has ended: fails every request, those of which nothing has left as such. */
  end(): void {
    const holder = this.#holder;
    this.#holder = null;
    this.#session.sourceWatch.end();
    this.#isBarred = false;
    this.head = null;
    for (const request of this.#inFlight.drain()) this.#failEnded(request);
    if (holder !== null) this.#failEnded(holder);
    for (const { request } of this.#outer.splice(0)) this.#failEnded(request);
    for (const { request } of this.#returning.splice(0)) this.#failEnded(request);
    for (const request of this.#pending.drain()) this.#failEnded(request);
    this.#tellIdle();
  }

  #failEnded(request: Request): void {
    const { outbox } = this.#session;
    const isUnsent = request.flight === null || request.flight >= outbox.flushes;
    request.fail(this.#session.endedError(isUnsent || this.hasSkipped));
  }
}
