import { Backend } from '../../protocol/message-type.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { failedReset } from '../ending.ts';
import type { RequestHost } from '../request.ts';
import { ScriptRequest } from './script-request.ts';

/** The script that was sent last, and its text: sessions of one kind of server have the same. */
let lastScript = '';
let lastText = '';

/** As one transaction. Of a serializable one the COMMIT might fail as well, and leave no failed transaction. */
function textOf(script: string): string {
  if (script !== lastScript) {
    lastText = `BEGIN ISOLATION LEVEL READ COMMITTED;\n${script}COMMIT;`;
    lastScript = script;
  }
  return lastText;
}

/**
 * Undoes what was left in the session, and lets the requests of the next user travel behind it
 * without waiting. It is a transaction block in one Query: where a statement of it fails, the COMMIT at
 * its end is not executed either. So the session stays in the failed transaction, in which the server
 * refuses whatever is `skippable`, and nothing else is started before the answer.
 */
export class ResetRequest extends ScriptRequest {
  readonly #failed: (error: unknown) => void;

  /** @param failed ends the session, at once: what was left in it is still there */
  constructor(script: string, deadline: Deadline | null, failed: (error: unknown) => void) {
    super(textOf(script), deadline);
    this.#failed = failed;
  }

  override get unanswered(): Error {
    return failedReset(this.error);
  }

  override start(session: RequestHost): void {
    session.queue.guard = this;
    super.start(session);
  }

  /** What its statements say is of no interest, only that each is answered. It is read after each lease that wrote. */
  override message(
    session: RequestHost,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    if (type === Backend.CommandComplete || type === Backend.RowDescription) {
      this.progress.message(this, type);
    } else {
      super.message(session, type, buffer, start, end);
    }
  }

  override ready(session: RequestHost): void {
    const { queue } = session;
    queue.guard = null;
    if (this.error === null) {
      session.server.takeForOwn();
    } else {
      queue.hasSkipped = session.transactionStatus === 'E';
      this.#failed(this.error);
    }
    super.ready(session);
  }
}
