import type { CallCodecs } from '../../codecs/codec-source.ts';
import { InvalidArgumentError } from '../../errors/client-errors.ts';
import { PostgresError, type ServerMessageFields } from '../../errors/postgres-error.ts';
import { writeSync } from '../../protocol/frontend/query.ts';
import { settingsAhead } from '../../sql/opening.ts';
import { statementKind } from '../../sql/statement-kind.ts';
import type { SurroundingsChange } from '../../sql/surroundings-change.ts';
import type { Deadline } from '../../transport/deadline.ts';
import type { Row } from '../../values/row.ts';
import type { RowForm } from '../../values/row-form.ts';
import { isInTransaction } from '../preamble.ts';
import type { RequestHost } from '../request.ts';
import { runInner } from '../run-inner.ts';
import { learnArrayNulls } from '../statements/array-nulls.ts';
import { forgetMisfit } from '../statements/outdated.ts';
import { learnAll, statementFor } from '../statements/preparation.ts';
import { complete, RowCollector } from '../statements/row-collector.ts';
import { settle } from '../statements/settle.ts';
import { type Statement, withRows } from '../statements/statement.ts';
import { changesBy } from '../statements/surroundings.ts';
import { checkPreparable } from './prepare-request.ts';
import { QueryRequest } from './query-request.ts';
import type { QueryResult } from './query-result.ts';
import { rehearsal, rehearsedAmong } from './rehearsal.ts';
import { StatementRequest } from './statement-request.ts';

/** One query of a batch. */
export interface BatchItem {
  readonly text: string;
  readonly args: readonly unknown[];
  readonly prepare: boolean;
  /** What its rows are made. */
  readonly form: RowForm;
  /** What its arguments are written and its rows are read by, in place of the session's codecs. */
  readonly codecs?: CallCodecs | undefined;
}

/** What one query of a batch came to. */
export interface BatchResult<R = Row> {
  /** The rows; none for a statement that returns none. */
  readonly rows: R[];
  /** The command tag. */
  readonly tag: string;
}

/**
 * Several queries in one flight under one Sync: all have an effect, or none. Those that are not
 * known yet are described first, all in one flight as well.
 */
export class BatchRequest extends StatementRequest<BatchResult[]> {
  /** Those that are sent in one flight. */
  #items: readonly BatchItem[];
  readonly #all: readonly BatchItem[];
  /** The tags of those before them that were executed already: see `#executeAhead`. */
  readonly #ahead: string[] = [];
  readonly #hasFields: boolean;
  #results: {
    readonly result: RowCollector;
    readonly tag: string;
    readonly statement: Statement | null;
  }[] = [];
  #statements: Statement[] = [];
  #result = new RowCollector();
  /** What the rows of the query are read by that is answered now. */
  #codecs: CallCodecs | undefined;
  #typesMayChange = false;

  /** @param hasFields whether the results tell of the columns as well: then each is a `QueryResult` */
  constructor(items: readonly BatchItem[], deadline: Deadline | null, hasFields: boolean = false) {
    super('', deadline);
    this.#items = items;
    this.#all = items;
    this.#hasFields = hasFields;
  }

  /** Those that set the transaction, with the SETs before them. */
  get #aheadOfOthers(): number {
    return settingsAhead(this.#items);
  }

  protected override get isToBeSettled(): boolean {
    return this.#aheadOfOthers === 0;
  }

  protected override startSettled(session: RequestHost): void {
    const { isUnsettled } = session.statements.surroundings;
    const ahead = this.#aheadOfOthers;
    if (ahead > 0 && (isUnsettled || !this.#areKnown(session))) {
      if (session.queue.inFlight > 0) {
        // There may be a BEGIN among it.
        session.queue.comeBackAfterAll(this, () => session.queue.start(this));
        return;
      }
      // In a transaction that was begun, no question may come before it; else it is what begins one.
      const isBegun = session.transactionStatus !== 'E' && isInTransaction(session);
      const work = isBegun ? this.#executeAhead(session, ahead) : settle(session, this);
      session.queue.holdWhile(this, work, () => this.#startAll(session));
      return;
    }
    this.#startAll(session);
  }

  #areKnown(session: RequestHost): boolean {
    const { epoch } = session.registry;
    return this.#knownStatements(session).every(
      (statement) => statement?.epoch === epoch && !statement.isUnconfirmed,
    );
  }

  #startAll(session: RequestHost): void {
    const known = this.#knownStatements(session);
    if (this.#areKnown(session)) {
      this.#execute(session, known as Statement[]);
      return;
    }
    const unknown = new Set<string>();
    known.forEach((statement, i) => {
      if (statement === undefined) unknown.add(this.#items[i]!.text);
    });
    this.holdToPrepare(session, this.#prepareAll(session, unknown), (statements) =>
      this.#execute(session, statements),
    );
  }

  /**
   * Executes what sets the transaction that is open, as describing the queries behind it is a query to the server.
   *
   * @param count so many of the items, all of them SETs
   */
  async #executeAhead(session: RequestHost, count: number): Promise<void> {
    for (const { text, args } of this.#items.slice(0, count)) {
      const request = new SettingRequest(text, args, { wanted: 'tag', prepare: false }, null);
      const tag = await runInner(session, this, request).catch(throwAt(this.#ahead.length, text));
      this.#ahead.push(tag as string);
      this.#items = this.#items.slice(1);
    }
    await settle(session, this);
  }

  /** What is known of each query, in the surroundings that those before it set. */
  #knownStatements(session: RequestHost): (Statement | undefined)[] {
    const { statements } = session;
    const { surroundings } = statements;
    const changes: SurroundingsChange[] = [...session.preamble.changes];
    let isCertain = true;
    const known = this.#items.map((item) => {
      const { text, prepare } = item;
      const found = isCertain ? statements.storeFor(text, prepare).get(text) : undefined;
      if (statementKind(text).changesSurroundings) {
        changes.push(...changesBy(item));
        isCertain = changes.every((change) => change.does === 'set' && change.value !== null);
        if (isCertain) surroundings.expect(changes);
      }
      return found;
    });
    if (changes.length > 0) surroundings.expect(session.preamble.changes);
    return known;
  }

  async #prepareAll(session: RequestHost, unknown: ReadonlySet<string>): Promise<Statement[]> {
    const { registry, server } = session;
    checkPreparable(unknown, server);
    const last = this.#items.length - 1;
    /** Where the surroundings may be others than before. */
    const turns = rehearsedAmong(this.#items.slice(0, last)).map((index) => index + 1);
    const statements = await this.#prepare(session, 0, turns[0]);
    if (turns.length > 0) {
      await rehearsal(session, this, async (rehearse) => {
        for (const [i, turn] of turns.entries()) {
          await rehearse(this.#items[turn - 1]!).catch(
            throwAt(this.#ahead.length + turn - 1, this.#items[turn - 1]!.text),
          );
          statements.push(...(await this.#prepare(session, turn, turns[i + 1])));
        }
      });
    }
    // A type learnt for a later query may have changed the codecs of an earlier one.
    for (const [index, statement] of statements.entries()) {
      if (statement.epoch === registry.epoch) continue;
      await learnAll(session, this, statement.description);
      const recompiled = statement.current(registry, false);
      const { text, prepare } = this.#items[index]!;
      session.statements.storeFor(text, prepare).replace(text, statement, recompiled);
      statements[index] = recompiled;
    }
    return statements;
  }

  /** Has the queries from one place to another described, all in one flight. */
  async #prepare(session: RequestHost, from: number, to?: number): Promise<Statement[]> {
    const found = new Map<string, Promise<Statement>>();
    const find = ({ text, prepare }: BatchItem, index: number): Promise<Statement> => {
      const named = session.statements.storeFor(text, prepare) === session.statements.named;
      const key = `${named}:${text}`;
      let statement = found.get(key);
      if (statement === undefined) {
        statement = statementFor(session, this, text, null, named).catch((error) => {
          if (error instanceof PostgresError && error.query === text) {
            noteDefined(error, this.#items.slice(0, from + index));
          }
          return throwAt(this.#ahead.length + from + index, text)(error);
        });
        found.set(key, statement);
      }
      return statement;
    };
    const statements = this.#items.slice(from, to).map(find);
    const all = Promise.all(statements);
    all.catch(() => {});
    // One may have failed while types are still asked for on behalf of another: until that is over too, nothing else
    // may be started, or the questions would come in the middle of a COPY.
    await Promise.allSettled(statements);
    return all;
  }

  #execute(session: RequestHost, statements: Statement[]): void {
    const sendsArrayTexts = statements.some((statement) => statement.sendsArrayTexts);
    const learning = sendsArrayTexts ? learnArrayNulls(session, this) : null;
    if (learning !== null) {
      session.queue.holdWhile(this, learning, () => this.#execute(session, statements));
      return;
    }
    let isInDoubt = false;
    let isDropped = false;
    this.#statements = statements.map((statement, index) => {
      const { text, prepare } = this.#items[index]!;
      const { kind, leavesSurroundings } = statement;
      const areDropped = isDropped;
      isDropped ||= kind.dropsStatements;
      // What a query before it defines, or may set by a function, is not known yet.
      const isDoubtful = isInDoubt;
      isInDoubt ||= kind.changesSchema || (kind.callsUnknown && leavesSurroundings !== true);
      if (isDoubtful) return statement.withAnyColumns(session.registry);
      // One that a query before it drops is not there, and one that the others have crowded out of
      // the cache is about to be closed.
      const isOpen =
        statement.name === '' ||
        (!areDropped && session.statements.storeFor(text, prepare).has(text, statement));
      return isOpen ? statement : statement.unnamed(session.registry);
    });
    this.#results = [];
    this.#typesMayChange = false;
    this.statement = null;
    this.#begin();
    if (session.typeChanges.isOpen || statements.some(({ changesTypes }) => changesTypes)) {
      session.typeChanges.starting(this, this.#items.map(({ text }) => text).join(';'));
    }
    this.send(session);
    if (this.isSent) {
      session.statements.surroundings.sent(this, this.#items, this.#statements);
    }
  }

  /** The next statement is the one whose answers come. */
  #begin(): void {
    const index = this.#results.length;
    // What was known of types before the batch was sent holds up to a change within it.
    this.#typesMayChange ||= this.statement?.changesTypes === true;
    const item = this.#items[index];
    this.#result = new RowCollector(item?.form, this.#typesMayChange);
    this.#codecs = item?.codecs;
    this.text = item?.text ?? '';
    this.statement = this.#statements[index] ?? null;
    this.bound = false;
  }

  protected override write({ writer }: RequestHost): void {
    this.#statements.forEach((described, index) => {
      const { args, codecs } = this.#items[index]!;
      const statement = described.withCodecs(codecs);
      statement.writeParseIfUnnamed(writer);
      statement.writeBind(
        writer,
        args,
        '',
        (i) => `query argument $${i + 1} of query ${this.#ahead.length + index} in the batch`,
      );
      statement.writeDescribeIfUnnamed(writer);
      statement.writeExecute(writer);
    });
    writeSync(writer);
  }

  /** The next call asks for what may have been outdated. */
  protected override refused(session: RequestHost, error: unknown): void {
    if (error instanceof InvalidArgumentError) {
      const { registry } = session;
      const oids = this.#statements.flatMap(({ description }) => description.parameterOids);
      if (registry.composites(oids).length > 0) registry.forget();
      for (const { text } of this.#items) session.statements.unnamed.delete(text);
      for (const statement of this.#statements) forgetMisfit(session, statement);
    }
    this.fail(error);
  }

  override dataRow(session: RequestHost, buffer: Buffer, start: number, end: number): void {
    const statement = withRows(this.statement);
    if (this.abandoned || this.error !== null) return;
    const reader = statement.withCodecs(this.#codecs);
    this.error = this.#result.add(session, reader, buffer, start, end);
  }

  protected override completed(tag: string): void {
    this.#results.push({ result: this.#result, tag, statement: this.statement });
    this.#begin();
  }

  override serverError(
    session: RequestHost,
    error: PostgresError,
    fields: ServerMessageFields,
  ): void {
    super.serverError(session, error, fields);
    // What fails before the first query, or behind the last one, is none of theirs.
    if (this.isBeginning) return;
    const item = this.#items[this.#results.length];
    error.query = item?.text ?? null;
    if (item !== undefined) error.itemIndex = this.#ahead.length + this.#results.length;
  }

  protected override succeed(session: RequestHost): void {
    const collectors = this.#results.map(({ result }) => result);
    complete(session, this, collectors, () => {
      const ahead = this.#ahead.map((tag) => ({ rows: [], fields: [], tag }));
      if (this.#hasFields) this.resolve([...ahead, ...this.#withFields()]);
      else this.resolve([...ahead.map(({ rows, tag }) => ({ rows, tag })), ...this.#plain()]);
    });
  }

  #plain(): BatchResult[] {
    return this.#results.map(({ result, tag }) => ({ rows: result.rows, tag }));
  }

  #withFields(): (BatchResult & QueryResult)[] {
    return this.#results.map(({ result, tag, statement }) => {
      return { rows: result.rows, fields: statement!.description.fields, tag };
    });
  }

  protected override undone(): void {
    super.undone();
    this.#items = this.#all;
    this.#ahead.length = 0;
  }

  /** Outside of a transaction the batch is one, and has been undone unless it was ended in it. */
  protected override get canLearnAnew(): boolean {
    return !this.#items
      .slice(0, this.#results.length)
      .some(({ text }) => statementKind(text).mayCommit);
  }

  protected override get isUndone(): boolean {
    return this.#items.every(({ text }) => statementKind(text).repeatable);
  }
}

/** A SET, whose text means the same in all surroundings: to ask for these would be a query. */
class SettingRequest extends QueryRequest {
  protected override get isToBeSettled(): boolean {
    return false;
  }
}

/** SQLSTATEs for what is not there: a column, a function, a table, a type or the like, a schema. */
const MISSING: ReadonlySet<string | null> = new Set(['42703', '42883', '42P01', '42704', '3F000']);

const DESCRIBED_FIRST =
  'All queries of a batch are described before the first one is executed: what one of them makes, another one cannot use. ' +
  'Run it ahead of the batch, or all of them one by one in a transaction.';

/** Tells of a query that cannot be described, behind one that may have made what it needs, that it was none yet. */
function noteDefined(error: PostgresError, before: readonly BatchItem[]): void {
  if (!MISSING.has(error.sqlstate)) return;
  if (!before.some(({ text }) => statementKind(text).changesSchema)) return;
  const hint = error.hint === null ? DESCRIBED_FIRST : `${error.hint}\n${DESCRIBED_FIRST}`;
  (error as { hint: string | null }).hint = hint;
}

/** Says in an error of the server's which query of the batch it is of. */
function throwAt(index: number, text: string): (error: unknown) => never {
  return (error) => {
    // The statements that begin the transaction travel with the first one that is prepared.
    if (error instanceof PostgresError && error.query === text) error.itemIndex = index;
    throw error;
  };
}
