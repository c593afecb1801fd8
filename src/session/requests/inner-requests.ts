import type { Deadline } from '../../transport/deadline.ts';
import { PromisedRequest, type Request } from '../request.ts';
import type { Session } from '../session.ts';

/** What there is to do; `parent` is the request on whose behalf it is done. */
export type InnerWork<R> = (session: Session, parent: Request) => Promise<R>;

/** Several inner requests, one after the other: holds the queue until all are answered. */
export class InnerRequests<R> extends PromisedRequest<R> {
  readonly #work: InnerWork<R>;

  constructor(work: InnerWork<R>, deadline: Deadline | null) {
    super(deadline);
    this.#work = work;
  }

  override start(session: Session): void {
    this.state = 'preparing';
    session.queue.hold(this);
    this.#work(session, this).then(
      (result) => {
        this.resolve(result);
        session.queue.release(this);
      },
      (error: unknown) => {
        this.fail(error);
        session.queue.release(this);
      },
    );
  }

  override message(session: Session): void {
    session.unexpected('message');
  }

  override ready(session: Session): void {
    session.unexpected('ReadyForQuery');
  }
}
