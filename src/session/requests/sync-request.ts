import { writeSync } from '../../protocol/frontend/query.ts';
import { Request } from '../request.ts';
import type { Session } from '../session.ts';

/** A lone Sync: when it is answered, everything before it is over on the server. */
export class SyncRequest extends Request<void> {
  readonly #done: () => void;

  constructor(done: () => void) {
    super(null);
    // If the session ends, so has whatever waited for this.
    this.promise.catch(() => {});
    this.#done = done;
  }

  override start(session: Session): void {
    writeSync(session.writer);
    session.queue.sent(this);
  }

  override message(session: Session, type: number): void {
    session.unexpectedMessage(type);
  }

  override ready(): void {
    this.resolve();
    this.#done();
  }
}
