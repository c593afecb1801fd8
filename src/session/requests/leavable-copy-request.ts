import type { RequestHost } from '../request.ts';
import { CopyOutRequest } from './copy-out-request.ts';
import { ScriptRequest } from './script-request.ts';

/** One name for all: the newest savepoint of a name is the one that is meant. */
const SAVEPOINT = 'asyncpg_copy';

/**
 * COPY … TO STDOUT whose reader may leave it. That is done by a cancel, an error to the server, so
 * inside a transaction a savepoint goes ahead in the same flight: it is returned to when the
 * reader has left or could not use a value, and the transaction stays as it was. A call that
 * its deadline has ended fails its transaction, like any other.
 */
export class LeavableCopyRequest extends CopyOutRequest {
  #hasSavepoint = false;
  /** It was ended by its reader or by a value, not by its deadline. */
  #wasLeft = false;

  override start(session: RequestHost): void {
    const { queue, preamble, transactionStatus } = session;
    if (transactionStatus !== 'T' && !preamble.isWaiting) {
      super.start(session);
    } else if (queue.inFlight > 0) {
      // Among what was sent may be the end of the transaction.
      queue.comeBackAfterAll(this, () => queue.start(this));
    } else {
      const begin = preamble.take();
      preamble.begin([...(begin ?? []), `SAVEPOINT ${SAVEPOINT}`]);
      super.start(session);
      this.#hasSavepoint = !preamble.isWaiting;
      if (!this.#hasSavepoint) preamble.putBack(begin);
    }
  }

  override abandon(reason: unknown): void {
    if (!this.abandoned) this.#wasLeft = this.deadline?.expired !== true;
    super.abandon(reason);
  }

  override ready(session: RequestHost): void {
    super.ready(session);
    if (!this.#hasSavepoint) return;
    const { queue, transactionStatus } = session;
    if (transactionStatus === 'E') {
      if (this.#wasLeft) returnToSavepoint(session);
    } else if (queue.inFlight === 0 && !session.isCancelling) {
      // Otherwise it stays until the end of the transaction, which may have come already.
      session.submitInner(quiet(`RELEASE SAVEPOINT ${SAVEPOINT}`));
    }
  }
}

/** Ahead of all that is still to be sent. What was sent behind the COPY has failed with it. */
function returnToSavepoint(session: RequestHost): void {
  const { queue } = session;
  const undo = quiet(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}; RELEASE SAVEPOINT ${SAVEPOINT}`);
  queue.comeBackAfterAll(undo, () => {
    // If the transaction was ended meanwhile, its savepoints are gone as well.
    if (session.transactionStatus === 'E') queue.start(undo);
    else undo.fail(null);
  });
}

/** A script of the request's own. If it fails, the transaction has, and says so to the next call. */
function quiet(text: string): ScriptRequest {
  const request = new ScriptRequest(text, null);
  request.promise.catch(() => {});
  return request;
}
