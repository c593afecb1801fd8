import type { Deadline } from '../../transport/deadline.ts';
import { Request } from '../request.ts';
import type { Session } from '../session.ts';

/** What there is to do; `parent` is the request on whose behalf it is done. */
export type InnerWork<R> = (session: Session, parent: Request) => Promise<R>;

/** Several inner requests, one after the other: holds the queue until all are answered. */
export class InnerRequests<R> extends Request<R> {
  readonly #work: InnerWork<R>;

  constructor(work: InnerWork<R>, deadline: Deadline | null) {
    super(deadline);
    this.#work = work;
  }

  override start(session: Session): void {
    session.queue.holdWhile(this, this.#work(session, this), (result) => this.resolve(result));
  }

  override message(session: Session): void {
    session.unexpected('message');
  }

  override ready(session: Session): void {
    session.unexpected('ReadyForQuery');
  }
}
