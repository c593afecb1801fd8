import type { Session } from '../session/session.ts';
import type { StatementKind } from '../sql/statement-kind.ts';
import { resetScript } from './reset-script.ts';

/** What the calls on a session may have left in it, and what undoes that. */
export class SessionEffects {
  /** Something was done that outlives a transaction. */
  areLasting = false;
  /** Something was done that may have called functions unseen. */
  mayBeOfTriggers = false;
  /** What had been set in the session was undone, even if it was set on purpose. */
  wereUndone = false;
  /** Something was not undone by that, as nothing can undo it. */
  haveOutlasted = false;
  #outlastReset = false;
  #preparesBySql = false;

  /** Notes what a query may leave in the session. */
  note(kind: StatementKind): void {
    if (kind.firesTriggers) this.mayBeOfTriggers = true;
    if (!kind.lasting) return;
    this.areLasting = true;
    if (kind.outlastsReset) this.#outlastReset = true;
    if (kind.mentionsPrepare) this.#preparesBySql = true;
  }

  /** There is nothing to undo. */
  clear(): void {
    this.areLasting = false;
    this.mayBeOfTriggers = false;
    this.#outlastReset = false;
    this.#preparesBySql = false;
  }

  /** The script that undoes it all; from here on there is nothing to undo. */
  undoing({ server, statements }: Session): string {
    this.wereUndone = true;
    if (this.#outlastReset) this.haveOutlasted = true;
    let script = resetScript(server.capabilities);
    if (this.#preparesBySql) {
      // The session's own statements go with them.
      script += 'DEALLOCATE ALL;';
      statements.named.clear();
    }
    this.clear();
    return script;
  }
}
