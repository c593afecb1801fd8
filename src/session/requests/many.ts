import { InterfaceError } from '../../errors/client-errors.ts';
import type { PostgresError, ServerMessageFields } from '../../errors/postgres-error.ts';
import { writeExecute, writeSync } from '../../protocol/frontend/query.ts';
import { Backend } from '../../protocol/message-type.ts';
import type { Deadline } from '../../transport/deadline.ts';
import type { Row } from '../../values/row.ts';
import { RowCollector } from '../row-collector.ts';
import type { Session } from '../session.ts';
import type { Statement } from '../statement.ts';
import { StatementRequest } from './statement-request.ts';

type ArgumentSets = Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>;

/** Bytes of Bind and Execute that are gathered before they are handed to the system. */
const CHUNK = 64 * 1024;
/** A portal that does not exist: executing it fails, and undoes what came before. */
const NO_PORTAL = 'asyncpg_abort';

/**
 * One statement executed once for each set of values, under a single Sync: a transaction of
 * its own unless one is open. Sets are encoded as they are sent, no faster than the server
 * takes them, so that any number of them fits in memory.
 */
export class ManyRequest extends StatementRequest<Row[]> {
  readonly #sets: ArgumentSets;
  readonly #wantRows: boolean;
  readonly #result = new RowCollector();
  #statement: Statement | null = null;
  /** Sets whose CommandComplete came: the number of the one that fails. */
  #completed = 0;
  #writing = false;

  constructor(
    text: string,
    sets: ArgumentSets,
    wantRows: boolean,
    deadline: Deadline | null,
    statement: Statement | null = null,
  ) {
    super(text, deadline, statement);
    this.#sets = sets;
    this.#wantRows = wantRows;
  }

  /** Whether any set was executed, as far as is known. */
  get completed(): number {
    return this.#completed;
  }

  protected override execute(session: Session, statement: Statement): void {
    this.#statement = statement;
    this.#writing = true;
    session.hold(this);
    this.open(session);
    this.#write(session, statement).then(
      () => this.#written(session),
      (error: unknown) => {
        // Nobody may believe in part of the sets: the server must fail as well.
        this.error ??= error;
        if (!session.isEnded) writeExecute(session.writer, NO_PORTAL);
        this.#written(session);
      },
    );
  }

  protected override prepared(): void {
    // The line is released when everything is written.
  }

  #written(session: Session): void {
    this.#writing = false;
    if (!session.isEnded) {
      writeSync(session.writer);
      session.flushSoon();
    }
    session.release(this);
  }

  get #stopped(): boolean {
    return this.error !== null || this.abandoned || this.state !== 'sent';
  }

  async #write(session: Session, statement: Statement): Promise<void> {
    const sets = this.#sets;
    if (Symbol.asyncIterator in sets) {
      let index = 0;
      for await (const args of sets) {
        if (this.#stopped) break;
        this.#writeSet(session, statement, args, index++);
        if (session.writer.offset >= CHUNK) {
          session.flush();
          if (session.isCongested) await session.whenDrained();
        }
      }
    } else {
      let index = 0;
      for (const args of sets) {
        if (this.#stopped) break;
        this.#writeSet(session, statement, args, index++);
        if (session.writer.offset >= CHUNK) {
          session.flush();
          if (session.isCongested) await session.whenDrained();
        }
      }
    }
    if (this.abandoned) throw new InterfaceError('the call was aborted');
  }

  #writeSet(session: Session, statement: Statement, args: readonly unknown[], index: number): void {
    const { writer } = session;
    const mark = writer.mark();
    try {
      if (!Array.isArray(args)) {
        throw new InterfaceError(`row ${index} of the arguments is not an array of values`, {
          safeToRetry: true,
        });
      }
      this.writeParseIfUnnamed(session, statement);
      statement.writeBind(writer, args, '', (i) => `query argument $${i + 1} in row ${index}`);
      statement.writeExecute(writer);
    } catch (error) {
      writer.rollback(mark);
      throw error;
    }
  }

  override dataRow(session: Session, buffer: Buffer, start: number, end: number): void {
    const statement = this.#statement;
    if (statement === null || statement.decoder === null) session.unexpected('DataRow');
    if (!this.#wantRows || this.error !== null || this.abandoned) return;
    this.error = this.#result.add(session, statement, buffer, start, end);
  }

  protected override answer(session: Session, type: number): void {
    switch (type) {
      case Backend.BindComplete:
      case Backend.ParseComplete:
        return;
      case Backend.CommandComplete:
      case Backend.EmptyQueryResponse:
        this.#completed += 1;
        return;
      default:
        session.unexpected(`message '${String.fromCharCode(type)}' in answer to a query`);
    }
  }

  override serverError(session: Session, error: PostgresError, fields: ServerMessageFields): void {
    const first = this.error === null;
    super.serverError(session, error, fields);
    if (first) error.itemIndex = this.#completed;
  }

  override ready(session: Session): void {
    if (this.#writing) session.unexpected('ReadyForQuery');
    if (this.error !== null) this.fail(this.error);
    else this.whenComplete(session, [this.#result], () => this.resolve(this.#result.rows));
  }
}
