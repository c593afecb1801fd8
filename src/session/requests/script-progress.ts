import { Backend } from '../../protocol/message-type.ts';
import type { Request } from '../request.ts';
import { unexpectedMessage } from '../unexpected.ts';

/** How far the answer to one Query is, and with it which messages may come next. */
export class ScriptProgress {
  /** What the server is about: a statement's rows or the data of its COPY, else neither. */
  #sending: 'rows' | 'copy' | null = null;
  /** A statement has ended, or all that are left have failed. */
  #answered = false;

  /** All that was begun has ended: there may be more statements, or nothing but ReadyForQuery. */
  get isAnswered(): boolean {
    return this.#answered && this.#sending === null;
  }

  /** Takes note of a message that came for the request. Throws for one that may not come now. */
  message(request: Request, type: number): void {
    const sending = this.#sending;
    switch (type) {
      case Backend.CommandComplete:
        if (sending === 'copy') break;
        this.ended(request);
        return;
      case Backend.EmptyQueryResponse:
        if (sending !== null) break;
        this.ended(request);
        return;
      case Backend.RowDescription:
        if (sending !== null) break;
        this.#sending = 'rows';
        request.rowsDue = true;
        return;
      case Backend.CopyInResponse:
        if (sending !== null) break;
        return;
      case Backend.CopyOutResponse:
        if (sending !== null) break;
        this.#sending = 'copy';
        return;
      case Backend.CopyData:
        if (sending !== 'copy') break;
        return;
      case Backend.CopyDone:
        if (sending !== 'copy') break;
        this.#sending = null;
        return;
    }
    unexpectedMessage(type, 'in answer to a script');
  }

  /** A statement has ended, or failed and with it all that come after it. */
  ended(request: Request): void {
    this.#sending = null;
    request.rowsDue = false;
    this.#answered = true;
  }

  /** The same text is sent once more. */
  restart(): void {
    this.#answered = false;
  }
}
