import type { PostgresLogMessage } from '../errors/postgres-error.ts';
import type { Room } from '../runtime/room.ts';
import { connectionClosed } from '../session/ending.ts';
import type { Request } from '../session/request.ts';
import { refusedCopy } from '../session/requests/copy-refusal.ts';
import { QueryRequest, type Wanted } from '../session/requests/query-request.ts';
import { ScriptRequest } from '../session/requests/script-request.ts';
import { Turn } from '../session/requests/turn.ts';
import type { Session, SessionPeer } from '../session/session.ts';
import type { SessionObserver } from '../session/session-observer.ts';
import type { Statement } from '../session/statements/statement.ts';
import { quoteWholeIdentifier } from '../sql/quote.ts';
import { type StatementKind, statementKind } from '../sql/statement-kind.ts';
import { Deadline } from '../transport/deadline.ts';
import { RECORDS, type RowStyle } from '../values/column-names.ts';
import { argsOf, type CallOptions, eitherSignal, type QueryObject } from './calls/call.ts';
import { CallGate, type Pass } from './calls/call-gate.ts';
import { commentOf, withComment } from './calls/query-comment.ts';
import { QueryLog } from './calls/query-log.ts';
import { isTraced, traced } from './calls/tracing.ts';
import { CODECS } from './internals.ts';
import { Listeners, type ListenHost, type Listening } from './listening/listeners.ts';
import { SessionEffects } from './session-effects.ts';
import { endedByStatement, OpenTransaction } from './transactions/open-transaction.ts';
import { SavepointNames } from './transactions/savepoint-names.ts';

/** Which session a traced call was made on. */
interface SessionTraits extends Partial<SessionPeer> {
  readonly serverPid: number;
}

/** A lease of a client session: itself, or a pass of its gate. */
type Held = { readonly client: ClientSession; readonly sent?: () => void };

/**
 * One server session with what belongs to it on the client's side for as long as it lives,
 * whichever Connection has it: listeners, loggers, the stack of transactions. `Owner` is that Connection,
 * which this file does not know.
 */
export class ClientSession<Owner = any> implements ListenHost<Owner>, SessionObserver {
  /** A session that is not a pool's is its own lease: see lease.ts. */
  readonly client = this;
  readonly session: Session;
  readonly commandTimeout: number | null;
  /** What rows are made, unless a call says otherwise. */
  readonly rowStyle: RowStyle;
  /** The object that has the session now: what callbacks are given. */
  owner: Owner | null = null;
  readonly listeners: Listeners<Owner>;
  readonly log: QueryLog;
  /** The open transactions, outermost first. */
  readonly transactions: OpenTransaction[] = [];
  /** Where calls wait for these to end. */
  readonly gate: CallGate<ClientSession>;
  /** Calls that are not in the queue all the time, such as those that load code first. */
  calls = 0;
  /** The functions of transactions that run. */
  running = 0;
  /** The buffers of streams whose result is under way. */
  readonly streams: Set<{ endIfUnread(reason: () => Error): void }> = new Set();
  /** The statements that the holder has prepared, by name. */
  readonly prepared: Set<string> = new Set();
  readonly savepointNames: SavepointNames = new SavepointNames();
  readonly effects: SessionEffects = new SessionEffects();
  /** The server is to roll back a transaction that nobody has asked for: see transactionEnded. */
  #endsAnother = false;

  constructor(session: Session, commandTimeout: number | null, rowStyle: RowStyle = RECORDS) {
    this.session = session;
    this.commandTimeout = commandTimeout;
    this.rowStyle = rowStyle;
    this.log = new QueryLog(session.clock);
    this.listeners = new Listeners<Owner>(this, session.startUpNotices);
    this.gate = new CallGate<ClientSession>(this);
    session.observer = this;
  }

  /** The deadline of one call: its own time-out or the connection's, and its signal. */
  deadline(timeout: number | undefined, signal?: AbortSignal | undefined): Deadline | null {
    return Deadline.of(this.session.clock, timeout ?? this.commandTimeout, signal);
  }

  /** The same of a user's call, which what holds for the transaction ends as well that it is made in. */
  deadlineInside(
    timeout: number | undefined,
    signal: AbortSignal | undefined,
    asked?: OpenTransaction,
  ): Deadline | null {
    const own = this.transactions.length === 0 ? undefined : (asked ?? OpenTransaction.on(this));
    return this.deadline(timeout ?? own?.timeout, eitherSignal(own?.signal, signal));
  }

  /**
   * Runs one call, which owns its deadline: that ends with it, whatever happens.
   *
   * @param limits undefined: nothing but the connection's own time-out ends it early
   * @param asked the transaction whose method it is, if it is one's
   */
  async call<R>(
    limits: CallOptions | undefined,
    work: (deadline: Deadline | null) => Promise<R>,
    asked?: OpenTransaction,
  ): Promise<R> {
    const deadline =
      limits === undefined
        ? this.deadline(undefined)
        : this.deadlineInside(limits.timeout, limits.signal, asked);
    try {
      return await work(deadline);
    } finally {
      deadline?.dispose();
    }
  }

  /** The same of what is no user's call, in the time that every command has, unless another is given. */
  async inTime<R>(
    timeout: number | undefined,
    work: (deadline: Deadline | null) => Promise<R>,
  ): Promise<R> {
    const deadline = this.deadline(timeout);
    try {
      return await work(deadline);
    } finally {
      deadline?.dispose();
    }
  }

  /**
   * Does what submits a request, by code that is loaded when it is first needed: the call keeps its place among
   * those that are made meanwhile.
   */
  with<T, R>(
    room: Room<T>,
    deadline: Deadline | null,
    work: (content: T) => Promise<R>,
  ): Promise<R> {
    return room.content === null ? this.#load(room, deadline, work) : work(room.content);
  }

  #load<T, R>(
    room: Room<T>,
    deadline: Deadline | null,
    work: (content: T) => Promise<R>,
  ): Promise<R> {
    const innermost = this.transactions.at(-1);
    const turn = new Turn(deadline, false);
    this.session.submit(turn);
    return turn.inPlace(room.open(), (content) => {
      // It was undone meanwhile, by the release of its connection, and not by a request behind this call.
      if (innermost !== undefined && !this.transactions.includes(innermost)) {
        throw innermost.refusal('make a call that waited');
      }
      return work(content);
    });
  }

  /** Executes a query. `statement` is one that the caller has prepared. */
  query(
    query: QueryObject,
    kind: StatementKind,
    wanted: Wanted,
    deadline: Deadline | null,
    statement: Statement | null = null,
    onTag: ((tag: string) => void) | null = null,
  ): Promise<unknown> {
    const comment = statement === null ? commentOf(query.text) : null;
    const request = new QueryRequest(
      withComment(query.text, comment),
      argsOf(query),
      {
        wanted,
        column: query.column,
        form: query.rows,
        // With a comment each text is another one.
        prepare: kind.parsedAnew || comment !== null ? false : query.prepare,
        codecs: query[CODECS],
      },
      deadline,
      statement,
    );
    request.onTag = onTag;
    this.submit(request, query.text, kind);
    return this.logged(this.answerOf(request, kind), query.text, request.args, query.timeout);
  }

  /** Executes a script of statements without arguments. */
  script(
    text: string,
    deadline: Deadline | null = null,
    timeout?: number | undefined,
    kind: StatementKind = statementKind(text),
  ): Promise<string> {
    const request = this.#submitScript(text, deadline, kind, commentOf(text));
    return this.logged(this.answerOf(request, kind), text, [], timeout);
  }

  /** The same as a call of its own, in the time that every command has, unless another is given. */
  command(text: string, timeout?: number): Promise<string> {
    return this.inTime(timeout, (deadline) => this.script(text, deadline));
  }

  listen(text: string, isAwaited: boolean): Listening {
    const deadline = isAwaited ? this.deadline(undefined) : null;
    // Twice is as good as once. So it need not wait for the answer to UNLISTEN, and miss what comes meanwhile.
    const kind = { ...statementKind(text), repeatable: true };
    const request = this.#submitScript(text, deadline, kind);
    const answer = this.logged(request.promise, text, []).finally(() => deadline?.dispose());
    return { request, answer };
  }

  /** Has the server forget a channel, whose last listener was removed, if nobody waits for that. */
  async unlisten(channel: string): Promise<void> {
    let lent: Held | Promise<Held>;
    try {
      lent = this.checkOut(undefined, null);
    } catch {
      // What it is called from has been ended by a statement. Nobody is told what still comes.
      return;
    }
    if (!(lent instanceof Promise)) return await this.#unlisten(channel);
    // It was removed by a stranger to the open transaction, who need not wait for its end.
    lent.then(
      (lease) => {
        const unlistening = this.listeners.has(channel) ? null : this.#unlisten(channel);
        this.giveBack(lease);
        unlistening?.catch(() => {});
      },
      () => {},
    );
  }

  async #unlisten(channel: string): Promise<void> {
    if (this.isEnded) return;
    const text = `UNLISTEN ${quoteWholeIdentifier(channel)}`;
    await this.inTime(undefined, (deadline) => {
      const request = new ScriptRequest(text, deadline);
      this.effects.note(statementKind(text));
      this.session.submit(request);
      return this.logged(request.promise, text, []);
    });
  }

  /** The session is of no use any more. */
  giveUp(reason: Error | null): void {
    this.session.fail(reason);
  }

  /** What a call comes to that may end a transaction or unlisten: when all is listened to again. */
  async #onceListening<R>(promise: Promise<R>): Promise<R> {
    try {
      return await promise;
    } finally {
      const { settled } = this.listeners;
      if (settled !== null) await settled;
    }
  }

  #submitScript(
    text: string,
    deadline: Deadline | null,
    kind: StatementKind,
    comment: string | null = null,
  ): ScriptRequest {
    const request = new ScriptRequest(withComment(text, comment), deadline, kind.repeatable);
    this.submit(request, text, kind);
    return request;
  }

  /** Submits a request for a text of the user's. */
  submit(request: Request, text: string, kind: StatementKind): void {
    if (kind.copies !== null) {
      const refusal = refusedCopy(text, this.session.server.settings);
      if (refusal !== null) {
        request.fail(refusal);
        return;
      }
    }
    this.#noteText(request, kind);
    request.isSkippable = kind.shareable;
    this.session.submit(request);
    if (kind.unlistens) this.listeners.unlistened();
  }

  /** Submits a request for several texts of the user's. */
  submitAll<R>(request: Request<R>, texts: readonly string[]): Promise<R> {
    const { settings } = this.session.server;
    const kinds = texts.map(statementKind);
    for (const [index, { copies }] of kinds.entries()) {
      const refusal = copies === null ? null : refusedCopy(texts[index]!, settings, index);
      if (refusal !== null) {
        request.fail(refusal);
        return request.promise;
      }
    }
    for (const kind of kinds) this.#noteText(request, kind);
    request.isSkippable = kinds.every(({ shareable }) => shareable);
    this.session.submit(request);
    const unlistening = kinds.find(({ unlistens }) => unlistens);
    if (unlistening !== undefined) this.listeners.unlistened();
    const ending = kinds.find(({ endsTransaction }) => endsTransaction);
    const notable = unlistening ?? ending;
    return notable === undefined ? request.promise : this.answerOf(request, notable);
  }

  #noteText(request: Request, kind: StatementKind): void {
    // In a transaction, what a cancel is meant for has failed that already.
    if (!kind.repeatable && !this.isInTransaction) request.isUnrepeatable = true;
    if (kind.endsTransaction && this.transactions.length > 0) request.ending = 'possible';
    this.effects.note(kind);
  }

  /** The promise of a request that was submitted for a text of this kind. */
  answerOf<R>(request: Request<R>, kind: StatementKind): Promise<R> {
    const { promise } = request;
    return kind.endsTransaction || kind.unlistens ? this.#onceListening(promise) : promise;
  }

  /** COMMIT or ROLLBACK, of the driver's own. Resolves to the command tag. */
  endTransaction(text: string, timeout?: number): Promise<string> {
    return this.call({ timeout }, (deadline) => {
      const request = new ScriptRequest(text, deadline);
      request.ending = 'own';
      this.session.submit(request);
      const { promise } = request;
      const answer = this.listeners.isListening ? this.#onceListening(promise) : promise;
      return this.logged(answer, text, []);
    });
  }

  /** The promise of a call, followed by query loggers and tracers if there are any. */
  logged<R>(
    promise: Promise<R>,
    query: string,
    args: readonly unknown[],
    timeout?: number | undefined,
    kind: 'query' | 'prepare' | 'copy' = 'query',
    batchSize?: number | undefined,
  ): Promise<R> {
    if (!this.log.isActive && !isTraced(kind)) return promise;
    const work = (): Promise<R> =>
      this.log.isActive ? this.log.watch(promise, query, args, timeout) : promise;
    return traced(kind, () => ({ query, args, batchSize, ...this.traits }), work);
  }

  /** What the messages of its tracing channels tell of a session. */
  get traits(): SessionTraits {
    const { peer, processId } = this.session;
    return { serverPid: processId, ...peer };
  }

  /**
   * The lease of a call: itself, unless transactions are open that the call is not inside of. Then
   * it is a promise; what it resolves to has to be given to `giveBack`.
   */
  checkOut(
    asked: OpenTransaction | undefined,
    deadline: Deadline | null,
    context?: OpenTransaction | undefined,
  ): Held | Promise<Held> {
    const { gate, transactions } = this;
    if (transactions.length === 0 && gate.isEmpty && this.running === 0) return this;
    const wanted =
      context === undefined
        ? gate.wantedBy(asked, OpenTransaction.current())
        : gate.innermost(OpenTransaction.current(), context);
    if (transactions.at(-1) === wanted && !gate.isWaitedIn(wanted)) return this;
    return gate.enter(wanted, deadline);
  }

  /**
   * Does what submits a request, once the transactions are over that the call is not inside of.
   *
   * @param context what else it is inside of: what made the object that it is a call of
   */
  async whenAdmitted<R>(
    deadline: Deadline | null,
    work: () => Promise<R>,
    context?: OpenTransaction | undefined,
  ): Promise<R> {
    const lent = this.checkOut(undefined, deadline, context);
    const lease = lent instanceof Promise ? await lent : lent;
    try {
      const working = work();
      lease.sent?.();
      return await working;
    } finally {
      this.giveBack(lease);
    }
  }

  /** The call is over. */
  giveBack(lease: Held): void {
    if (lease !== this) this.gate.leave(lease as Pass<ClientSession>);
  }

  /** Whether a transaction is open or about to be: BEGIN may still be on its way. */
  get isInTransaction(): boolean {
    const outermost = this.transactions[0];
    if (outermost !== undefined && outermost.state !== 'ended') return true;
    return !this.#endsAnother && this.session.transactionStatus !== 'I';
  }

  get isEnded(): boolean {
    return this.session.isEnded;
  }

  /** Calls wait until the open transaction has ended. */
  get isAwaited(): boolean {
    return this.gate.isAwaited;
  }

  /** A transaction is open that no call under way ends: what waits for it may wait for ever. */
  get isHeldOpen(): boolean {
    return this.transactions.some(({ isManaged }) => !isManaged);
  }

  /** Whether the running code is inside of a transaction of this session. */
  get isAround(): boolean {
    return OpenTransaction.isInside((home) => home === this);
  }

  /** No call has been made that is not over. */
  get isAtRest(): boolean {
    const { calls, gate, session, transactions } = this;
    return session.isIdle && calls === 0 && transactions.length === 0 && gate.isEmpty;
  }

  // ── What the session tells ──────────────────────────────────────────────────────────────

  notice(message: PostgresLogMessage): void {
    this.listeners.notice(message);
  }

  notification(channel: string, payload: string, pid: number): void {
    this.listeners.notification(channel, payload, pid);
  }

  ended(reason: Error | null): void {
    this.listeners.ended(reason);
  }

  /**
   * If it was not the driver that ended the transaction, nothing more may be sent in the belief that
   * it is open: it would be committed at once.
   */
  transactionEnded(request: Request): void {
    const outermost = this.transactions[0];
    if (outermost !== undefined) outermost.failure = this.session.transactionFailure;
    if (request.ending !== 'own' && this.transactions.length > 0) this.#endedByStatement();
    this.listeners.transactionEnded();
  }

  #endedByStatement(): void {
    const { session, transactions } = this;
    for (const transaction of transactions) transaction.noteEnded();
    session.queue.refuseWaiting(() => endedByStatement());
    // AND CHAIN, or a BEGIN behind it, has begun another one, which nobody has asked for.
    if (session.transactionStatus !== 'I') {
      this.#endsAnother = true;
      this.endTransaction('ROLLBACK').then(
        () => {
          this.#endsAnother = false;
        },
        () => session.fail(null),
      );
    }
    this.gate.advance();
  }

  /** Throws unless the session is alive. */
  checkOpen(): void {
    if (this.session.isEnded) throw connectionClosed(this.session.endReason);
  }
}
