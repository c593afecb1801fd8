import { InterfaceError, InvalidArgumentError } from '../../errors/client-errors.ts';
import type { PostgresError, ServerMessageFields } from '../../errors/postgres-error.ts';
import { writeExecute, writeSync } from '../../protocol/frontend/query.ts';
import { Backend } from '../../protocol/message-type.ts';
import { inContext } from '../../runtime/in-context.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { nextTurn } from '../../transport/turn.ts';
import { isThenable } from '../../values/builtins.ts';
import type { Row } from '../../values/row.ts';
import type { RowForm } from '../../values/row-form.ts';
import type { RequestHost } from '../request.ts';
import { complete, RowCollector } from '../statements/row-collector.ts';
import { type Statement, withRows } from '../statements/statement.ts';
import { Feed } from './feed.ts';
import { checkResult, isAsync, iteratorOf } from './iterating.ts';
import { StatementRequest } from './statement-request.ts';

/** Sets of values, one for each execution of a statement. */
export type ArgumentSets = Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>;

/** What they are called in errors. */
const SETS = 'the sets of values';
/** Bytes of Bind and Execute that are gathered before they are handed to the system. */
const CHUNK = 64 * 1024;
/** A portal that does not exist: executing it fails, and undoes what came before. */
const NO_PORTAL = 'asyncpg_abort';

/**
 * One statement executed once for each set of values, under a single Sync: a transaction of
 * its own unless one is open. Sets are encoded as they are sent, no faster than the server
 * takes them, so that any number of them fits in memory.
 */
export class ExecuteManyRequest extends StatementRequest<Row[]> {
  readonly #sets: ArgumentSets;
  readonly #feed: Feed | null;
  readonly #wantRows: boolean;
  readonly #form: RowForm;
  /** Does what takes the sets in the context of the call, which may have to wait; null: no code of its caller's is in it. */
  readonly #inItsContext: ((work: () => void) => void) | null;
  #result: RowCollector;
  /** Sets that were written. */
  #written = 0;
  /** Sets whose CommandComplete came: the number of the one that fails. */
  #completed = 0;
  #writing = false;
  /** The sets of the first flight; null where they are not there at once. */
  #first: Iterator<readonly unknown[]> | null = null;
  /** The sets have come to their end. */
  #ended = false;
  /** Called when nothing more is to be written. */
  #stop: (() => void) | null = null;

  constructor(
    text: string,
    sets: ArgumentSets,
    wantRows: boolean,
    deadline: Deadline | null,
    statement: Statement | null = null,
    prepare: boolean = true,
    form: RowForm = 'record',
  ) {
    super(text, deadline, statement, prepare);
    this.#form = form;
    this.#result = new RowCollector(form);
    this.#sets = sets;
    this.#feed = isAsync(sets) ? new Feed() : null;
    this.#wantRows = wantRows;
    this.#inItsContext = this.isRepeatable ? null : inContext((work) => work());
  }

  /** Only an array can be taken from its beginning again. */
  protected override get isRepeatable(): boolean {
    return Array.isArray(this.#sets);
  }

  override get isOnce(): boolean {
    return !this.isRepeatable;
  }

  override get feed(): Feed | null {
    return this.#feed;
  }

  protected override execute(session: RequestHost, statement: Statement): void {
    if (this.#inItsContext === null) this.#carryOut(session, statement);
    else this.#inItsContext(() => this.#carryOut(session, statement));
  }

  #carryOut(session: RequestHost, statement: Statement): void {
    this.#result = new RowCollector(this.#form);
    this.#written = 0;
    this.#completed = 0;
    this.#writing = true;
    this.#ended = false;
    // What the user's own code throws here is thrown before the queue is held.
    const given = iteratorOf(SETS, this.#sets);
    if (this.#feed !== null) {
      const sets = given as AsyncIterator<readonly unknown[]>;
      session.queue.hold(this);
      this.send(session);
      this.#end(
        session,
        sets,
        this.#feed.run(() => this.#pull(session, statement, sets)),
      );
      return;
    }
    const sets = given as Iterator<readonly unknown[]>;
    this.#first = sets;
    session.queue.hold(this);
    this.send(session);
    if (this.#ended || this.state !== 'sent') {
      if (!this.#ended) leave(sets);
      this.#writing = false;
      session.queue.release(this);
      return;
    }
    this.#end(session, sets, this.#writeChunks(session, statement, sets));
  }

  /** What fits in one chunk is sent as a whole, or not at all if a value cannot be encoded. */
  protected override write(session: RequestHost): void {
    const sets = this.#first;
    if (sets === null) return;
    this.#ended = this.#writeChunk(session, this.statement!, sets);
    if (this.#ended) writeSync(session.writer);
  }

  protected override refused(session: RequestHost, error: unknown): void {
    if (this.isRepeatable) {
      super.refused(session, error);
    } else {
      this.forgetMisfit(session);
      this.fail(error);
    }
  }

  /** Ends the writing of sets that went on over several turns. */
  #end(
    session: RequestHost,
    sets: Iterator<unknown> | AsyncIterator<unknown>,
    writing: Promise<void>,
  ) {
    const end = (): void => {
      if (!session.isEnded) {
        // The sets are atomic: what was sent so far must fail on the server as well.
        if (this.#stopped) writeExecute(session.writer, NO_PORTAL);
        writeSync(session.writer);
        session.outbox.flushSoon();
      }
      this.#writing = false;
      session.queue.release(this);
      if (this.#stopped) leave(sets);
    };
    writing.then(end, (error: unknown) => {
      // Its user may reject with nothing: it is a failure all the same.
      this.error ??= error ?? new InterfaceError(`the source of ${SETS} has failed with ${error}`);
      if (error instanceof InvalidArgumentError) this.forgetMisfit(session);
      end();
    });
  }

  get #stopped(): boolean {
    return this.error !== null || this.abandoned || this.state !== 'sent';
  }

  async #writeChunks(
    session: RequestHost,
    statement: Statement,
    sets: Iterator<readonly unknown[]>,
  ): Promise<void> {
    for (;;) {
      session.outbox.flush();
      if (session.outbox.isCongested) await session.outbox.whenDrained();
      // Sets that never wait must not keep the server's objections from being read.
      await nextTurn();
      if (this.#stopped || this.#writeChunk(session, statement, sets)) return;
    }
  }

  /** Whether the sets came to their end. */
  #writeChunk(
    session: RequestHost,
    statement: Statement,
    sets: Iterator<readonly unknown[]>,
  ): boolean {
    const { writer } = session;
    const limit = writer.offset + CHUNK;
    while (writer.offset < limit) {
      const next = sets.next();
      checkResult(SETS, next);
      if (next.done) return true;
      this.#writeSet(session, statement, next.value);
    }
    return false;
  }

  async #pull(
    session: RequestHost,
    statement: Statement,
    sets: AsyncIterator<readonly unknown[]>,
  ): Promise<void> {
    const { writer } = session;
    while (!this.#stopped) {
      const next = await this.#unlessStopped(sets.next());
      if (this.#stopped) return;
      checkResult(SETS, next);
      if (next!.done) return;
      this.#writeSet(session, statement, next!.value);
      if (writer.offset >= CHUNK) {
        session.outbox.flush();
        if (session.outbox.isCongested) await session.outbox.whenDrained();
      }
    }
  }

  /** What the iterator has given, awaited if it is a promise; null when nothing more is to be written before that. */
  #unlessStopped<T>(given: T | PromiseLike<T>): Promise<T | null> {
    return new Promise((resolve, reject) => {
      const stop = (): void => resolve(null);
      this.#stop = stop;
      Promise.resolve(given).then(resolve, reject);
    });
  }

  #writeSet(session: RequestHost, statement: Statement, args: readonly unknown[]): void {
    const { writer } = session;
    const index = this.#written;
    const mark = writer.mark();
    try {
      if (!Array.isArray(args)) {
        throw new InterfaceError(`row ${index} of the arguments is not an array of values`, {
          safeToRetry: true,
        });
      }
      const isFirst = index === 0;
      if (isFirst) statement.writeParseIfUnnamed(writer);
      statement.writeBind(writer, args, '', (i) => `query argument $${i + 1} in row ${index}`);
      if (isFirst) statement.writeDescribeIfUnnamed(writer);
      statement.writeExecute(writer);
      this.#written += 1;
      // `send` sees to what is written before it returns.
      if (this.state === 'sent') this.awaitAnswers(session, mark);
    } catch (error) {
      writer.rollback(mark);
      throw error;
    }
  }

  override dataRow(session: RequestHost, buffer: Buffer, start: number, end: number): void {
    const statement = withRows(this.statement);
    if (!this.#wantRows || this.error !== null || this.abandoned) return;
    this.error = this.#result.add(session, statement, buffer, start, end);
    if (this.error !== null) this.#stop?.();
  }

  /** Leaves the tags unread, of which there is one for each set. */
  protected override answer(
    session: RequestHost,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    const isEnd = type === Backend.CommandComplete || type === Backend.EmptyQueryResponse;
    if (isEnd && !this.isFence) this.#completed += 1;
    else super.answer(session, type, buffer, start, end);
  }

  protected override completed(): void {
    this.#completed += 1;
  }

  override serverError(
    session: RequestHost,
    error: PostgresError,
    fields: ServerMessageFields,
  ): void {
    const first = this.error === null;
    super.serverError(session, error, fields);
    // What fails before the first set, or behind the last one, is none of theirs.
    const isOfSet = !this.isBeginning && this.#completed < this.#written;
    if (first && isOfSet) error.itemIndex = this.#completed;
    this.#stop?.();
  }

  override fail(error: unknown): void {
    super.fail(error);
    this.#stop?.();
  }

  override abandon(reason: unknown): void {
    super.abandon(reason);
    this.#stop?.();
  }

  override get isAnswered(): boolean {
    return !this.#writing && super.isAnswered;
  }

  protected override succeed(session: RequestHost): void {
    complete(session, this, [this.#result], () => this.resolve(this.#result.rows));
  }
}

/** Tells the iterator of the sets that no more are wanted. It may be waiting, so it is not awaited. */
function leave(sets: Iterator<unknown> | AsyncIterator<unknown>): void {
  const ignore = (): void => {};
  try {
    const left: unknown = sets.return?.();
    if (isThenable(left)) left.then(ignore, ignore);
  } catch {
    // The call has failed for another reason already.
  }
}
