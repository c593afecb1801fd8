import type { PostgresError } from '../../errors/postgres-error.ts';
import { writeBind, writeExecute, writeParse } from '../../protocol/frontend/query.ts';
import { PromisedRequest } from '../request.ts';
import type { RowCollector } from '../row-collector.ts';
import type { Session } from '../session.ts';

/** ParseComplete, BindComplete and CommandComplete of the BEGIN that travels ahead. */
const PREAMBLE_ANSWERS = 3;

const NO_PARAMETERS = {
  portal: '',
  statement: '',
  parameterFormats: [],
  parameters: [],
  resultFormats: [],
} as const;

/**
 * A request of the extended protocol. A BEGIN that waits in the session goes ahead of it,
 * before the same Sync: if the BEGIN fails, nothing that follows is executed.
 */
export abstract class ExtendedRequest<R> extends PromisedRequest<R> {
  #preambleAnswers = 0;

  /** Writes the messages with `write`; leaves no trace of them when a value cannot be encoded. */
  protected send(session: Session, write: () => void): void {
    session.writeCloses();
    const { writer, preamble } = session;
    const mark = writer.mark();
    try {
      if (preamble !== null) this.#writePreamble(session, preamble);
      write();
    } catch (error) {
      writer.rollback(mark);
      session.preamble = preamble;
      this.#preambleAnswers = 0;
      this.refused(session, error);
      return;
    }
    session.sent(this);
  }

  /** Nothing was sent, as a value cannot be encoded. */
  protected refused(_session: Session, error: unknown): void {
    this.fail(error);
  }

  /** Whether it failed by a cancel that was meant for the request before it. */
  get wasStruck(): boolean {
    return this.struck && (this.error as PostgresError | null)?.sqlstate === '57014';
  }

  /** Begins to write messages that will go on over several turns. Nothing of it is undone. */
  protected open(session: Session): void {
    session.writeCloses();
    if (session.preamble !== null) this.#writePreamble(session, session.preamble);
    session.enlist(this);
  }

  #writePreamble(session: Session, preamble: string): void {
    const { writer } = session;
    writeParse(writer, '', preamble);
    writeBind(writer, NO_PARAMETERS);
    writeExecute(writer, '');
    session.preamble = null;
    this.#preambleAnswers = PREAMBLE_ANSWERS;
  }

  /** Calls `done` when all rows are there; the line is held while types are asked for. */
  protected whenComplete(
    session: Session,
    collectors: readonly RowCollector[],
    done: () => void,
  ): void {
    const incomplete = collectors.filter((collector) => collector.isIncomplete);
    if (incomplete.length === 0 || this.abandoned) {
      done();
      return;
    }
    this.state = 'preparing';
    session.takeLine(this, () => {
      if (this.abandoned) {
        done();
        return;
      }
      session.hold(this);
      const completed = incomplete.reduce(
        (before, collector) => before.then(() => collector.complete(session, this)),
        Promise.resolve(),
      );
      completed
        .then(done, (error: unknown) => this.fail(error))
        .finally(() => session.release(this));
    });
  }

  override message(
    session: Session,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    if (this.#preambleAnswers > 0) this.#preambleAnswers -= 1;
    else this.answer(session, type, buffer, start, end);
  }

  /** One answer to the request's own messages. */
  protected abstract answer(
    session: Session,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void;
}
