import type { Deadline } from '../../transport/deadline.ts';
import { PromisedRequest, type Request } from '../request.ts';
import type { Session } from '../session.ts';

/** What there is to do; `holder` is the request on whose behalf it is done. */
export type Errand<R> = (session: Session, holder: Request) => Promise<R>;

/** Several inner requests, one after the other: holds the line until all are answered. */
export class ErrandRequest<R> extends PromisedRequest<R> {
  readonly #errand: Errand<R>;

  constructor(errand: Errand<R>, deadline: Deadline | null) {
    super(deadline);
    this.#errand = errand;
  }

  override start(session: Session): void {
    this.state = 'preparing';
    session.line.hold(this);
    this.#errand(session, this).then(
      (result) => {
        this.resolve(result);
        session.line.release(this);
      },
      (error: unknown) => {
        this.fail(error);
        session.line.release(this);
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
