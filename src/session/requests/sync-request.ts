import { writeSync } from '../../protocol/frontend/query.ts';
import { Request } from '../request.ts';
import type { Session } from '../session.ts';

/** A lone Sync: when it is answered, everything before it is over on the server. */
export class Fence extends Request {
  readonly #done: () => void;

  constructor(done: () => void) {
    super(null);
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
    this.state = 'done';
    this.#done();
  }

  override reject(): void {
    // The session has ended, and with it whatever waited for the fence.
  }
}
