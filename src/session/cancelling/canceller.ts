import { InterfaceError } from '../../errors/client-errors.ts';
import type { Clock } from '../../transport/clock.ts';
import { lateCancel } from '../ending.ts';
import type { Request, RequestHost } from '../request.ts';
import type { RequestQueue } from '../request-queue.ts';
import { SyncRequest } from '../requests/sync-request.ts';
import { Cancellation } from './cancellation.ts';

/** What the canceller needs of its session. */
interface CancellerOwner extends RequestHost {
  readonly clock: Clock;
  readonly queue: RequestQueue;
  destroy(reason: Error | null): void;
}

/**
 * Ends a session's requests whose callers wait no longer. One that was not sent is taken out of
 * the queue; one that was is abandoned, and the server is asked to stop it as soon as it is the one
 * that the server works on.
 */
export class Canceller {
  readonly #session: CancellerOwner;
  readonly #send: () => Promise<boolean>;
  #current: Cancellation | null = null;
  /**
   * The server has not taken a CancelRequest in time, being overloaded or behind a slow network: it comes when it
   * likes, and strikes what it finds.
   */
  #isLate = false;

  /** @param send see SessionParts.sendCancel */
  constructor(session: CancellerOwner, send: () => Promise<boolean>) {
    this.#session = session;
    this.#send = send;
  }

  /** Whether a cancel is under way, which may strike whatever is sent. */
  get isActive(): boolean {
    return this.#current !== null;
  }

  /** The request's time is up, or its signal was aborted. */
  expire(request: Request): void {
    // The call may not have disposed its deadline yet.
    if (request.state === 'done' || request.abandoned) return;
    const deadline = request.deadline!;
    if (request.state === 'queued') {
      this.#session.queue.withdraw(request);
      request.fail(deadline.reason(false));
      return;
    }
    request.abandon(deadline.reason(true));
    this.abort(request);
  }

  /** Ends a request that its caller wants nothing more of, wherever it stands, or that there is a reason to end. */
  dismiss(request: Request, reason?: Error): void {
    if (request.state === 'done') return;
    if (request.state === 'queued') {
      this.#session.queue.withdraw(request);
      request.fail(reason ?? new InterfaceError('the call was given up before it was sent'));
      return;
    }
    if (!request.abandoned) {
      request.abandon(reason ?? new InterfaceError('the call was given up by its caller'));
      this.abort(request);
    }
  }

  /** Has the server stop a request that was sent, or those that work for it; each only while it runs. */
  abort(request: Request): void {
    const sent = workersOf(request).filter(({ state }) => state === 'sent');
    if (sent.length === 0) return;
    for (const worker of sent) worker.abandon(request.error);
    this.#session.outbox.flush();
    this.cancelAbandoned();
  }

  /** ReadyForQuery of this request has come. */
  answered(request: Request): void {
    const current = this.#current;
    if (current === null) return;
    request.struck = current.target !== request;
    current.finished(request);
  }

  /** Has the server stop what it works on now, if nobody waits for that any more. */
  cancelAbandoned(): void {
    const { head } = this.#session.queue;
    if (!head?.abandoned) return;
    // A cancel may still be under way; if it strikes this one, no second one is needed.
    if (this.#current !== null && !this.#current.isDelivered) return;
    this.#current?.stop();
    this.#cancel(head);
  }

  /**
   * Sends a CancelRequest for the request that the server is working on. Nothing new is sent
   * until it is certain that the cancel can hit nothing else; if that takes too long, the
   * connection is given up.
   */
  #cancel(target: Request): void {
    const session = this.#session;
    const cancellation = new Cancellation(target, session.clock, {
      send: async () => {
        if (!(await this.#send())) this.#isLate = true;
      },
      delivered: () => {
        this.cancelAbandoned();
        session.queue.onceWritten(() => {
          if (this.#current !== cancellation) return;
          session.submitInner(new SyncRequest(() => cancellation.fenced()));
        });
      },
      settled: () => {
        if (this.#isLate) {
          session.destroy(lateCancel());
          return;
        }
        if (this.#current === cancellation) {
          this.#current = null;
          session.queue.unbar();
        }
        this.cancelAbandoned();
        session.queue.pump();
      },
      giveUp: () => session.destroy(target.unanswered),
    });
    this.#current = cancellation;
    session.queue.bar();
    cancellation.start();
  }

  /** The session has ended. */
  stop(): void {
    this.#current?.stop();
    this.#current = null;
  }
}

/** The requests that work for this one at the moment; none do: itself. */
function workersOf(request: Request): Request[] {
  return request.inner?.size ? [...request.inner].flatMap(workersOf) : [request];
}
