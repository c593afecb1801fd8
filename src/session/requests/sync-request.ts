import { writeSync } from '../../protocol/frontend/query.ts';
import { Request, type RequestHost } from '../request.ts';
import { unexpectedMessage } from '../unexpected.ts';

/** A lone Sync: when it is answered, everything before it is over on the server. */
export class SyncRequest extends Request<void> {
  readonly #done: () => void;

  constructor(done: () => void) {
    super(null);
    // If the session ends, so has whatever waited for this.
    this.promise.catch(() => {});
    this.#done = done;
  }

  override start(session: RequestHost): void {
    writeSync(session.writer);
    session.queue.sent(this);
  }

  override get isBrief(): boolean {
    return true;
  }

  override message(_session: RequestHost, type: number): void {
    unexpectedMessage(type);
  }

  override ready(): void {
    this.resolve();
    this.#done();
  }
}
