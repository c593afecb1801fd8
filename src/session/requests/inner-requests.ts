import type { Deadline } from '../../transport/deadline.ts';
import { Request, type RequestHost } from '../request.ts';
import { unexpected } from '../unexpected.ts';

/** What there is to do; `parent` is the request on whose behalf it is done. */
export type InnerWork<R> = (session: RequestHost, parent: Request) => Promise<R>;

/** Several inner requests, one after the other: holds the queue until all are answered. */
export class InnerRequests<R> extends Request<R> {
  readonly #work: InnerWork<R>;

  constructor(work: InnerWork<R>, deadline: Deadline | null) {
    super(deadline);
    this.#work = work;
  }

  override start(session: RequestHost): void {
    session.queue.holdWhile(this, this.#work(session, this), (result) => this.resolve(result));
  }

  override message(): void {
    unexpected('message');
  }

  override ready(): void {
    unexpected('ReadyForQuery');
  }
}
