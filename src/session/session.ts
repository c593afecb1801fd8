import { builtinCodecs } from '../codecs/builtin-codecs.ts';
import type { CodecSource } from '../codecs/codec-source.ts';
import type {
  PostgresError,
  PostgresLogMessage,
  ServerMessageFields,
} from '../errors/postgres-error.ts';
import { postgresErrorFrom } from '../errors/server-message.ts';
import type { TransactionStatus } from '../protocol/backend/session.ts';
import { writeTerminate } from '../protocol/frontend/query.ts';
import type { MessageWriter } from '../protocol/writer.ts';
import type { Room } from '../runtime/room.ts';
import type { ByteStream, TlsState } from '../transport/byte-stream.ts';
import type { Clock, Timer } from '../transport/clock.ts';
import type { StandstillWatch } from '../transport/standstill-watch.ts';
import { Canceller } from './cancelling/canceller.ts';
import { endedError, lostConnection } from './ending.ts';
import { Inbox, type InboxOwner } from './inbox.ts';
import { Outbox } from './outbox.ts';
import { isInTransaction, Preamble } from './preamble.ts';
import { ProcessHold } from './process-hold.ts';
import type { Catalog, Request } from './request.ts';
import { RequestQueue } from './request-queue.ts';
import { calledBySource } from './requests/feed.ts';
import type { Server } from './server.ts';
import type { SessionObserver } from './session-observer.ts';
import { sourceWatch } from './source-watch.ts';
import { catalog } from './statements/catalog-room.ts';
import { KnownStatements } from './statements/known-statements.ts';
import type { StatementCacheOptions } from './statements/statement-cache.ts';
import { TypeChanges } from './statements/type-changes.ts';

/** Where a session has been opened to. */
export interface SessionPeer {
  /** As it was given: a name, an address, or a socket's directory. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
}

/**
 * What a session stands still for while nothing is due from the server: its holder, who asks nothing; the
 * reader of a result, who takes no more; or the source of what is being sent.
 */
export type Standstill = 'holder' | 'reader' | 'source';

/** What start-up has found out and a session begins with. */
export interface SessionParts {
  readonly transport: ByteStream;
  readonly clock: Clock;
  readonly registry: CodecSource;
  readonly statements: StatementCacheOptions;
  readonly server: Server;
  readonly processId: number;
  /**
   * Sends a CancelRequest for this session; settles when the server has closed that connection. False: it has not in
   * time, and the signal may still come.
   */
  readonly sendCancel: () => Promise<boolean>;
  readonly transactionStatus: TransactionStatus;
  /** What the server said besides at start-up. */
  readonly notices: readonly PostgresLogMessage[];
}

/** How long a peer that was said goodbye to has to close its side, in milliseconds. */
const CLOSE_TIMEOUT = 1000;

/**
 * The engine of one server session. Requests are written in the order in which they were
 * submitted, as soon as they are, and all that are written in one turn of the event loop
 * travel in one flight; answers are given to them in the same order. Everything that ends a
 * session goes through `destroy`, which settles every request once.
 */
export class Session implements InboxOwner {
  readonly registry: CodecSource;
  readonly clock: Clock;
  readonly server: Server;
  /** The backend's process ID. */
  readonly processId: number;
  readonly statements: KnownStatements;
  readonly typeChanges: TypeChanges;
  readonly catalog: Room<Catalog> = catalog;
  readonly outbox: Outbox;
  /** The outbox's. */
  readonly writer: MessageWriter;
  readonly inbox: Inbox;
  /** The requests in their order. */
  readonly queue: RequestQueue = new RequestQueue(this);
  readonly canceller: Canceller;
  readonly sourceWatch: StandstillWatch;
  /** What the server said besides at start-up, when nobody could listen yet. */
  readonly startUpNotices: readonly PostgresLogMessage[];
  transactionStatus: TransactionStatus;
  /** What the open transaction has failed by, or the last one, until something else is answered. */
  transactionFailure: PostgresError | null = null;
  /** The transaction that is to be begun with the next request. */
  readonly preamble: Preamble = new Preamble();
  /** Requests that were submitted, ever. */
  requests = 0;
  /** When the server last said anything, in the clock's milliseconds. */
  lastProgress = 0;
  observer: SessionObserver | null = null;
  peer: SessionPeer | null = null;

  readonly #transport: ByteStream;
  #ended = false;
  #reason: Error | null = null;
  #lastWords: ServerMessageFields | null = null;
  #goneWaiters: (() => void)[] = [];
  readonly #lingering = new Set<Request>();
  #closeTimer: Timer | null = null;
  /** Calls that are not in the queue and wait until it is empty. */
  #followers = 0;
  readonly #hold: ProcessHold;

  constructor(parts: SessionParts) {
    const { transport, clock, registry } = parts;
    this.#transport = transport;
    this.#hold = new ProcessHold(transport, this.queue);
    this.clock = clock;
    this.registry = registry;
    this.server = parts.server;
    this.processId = parts.processId;
    this.startUpNotices = parts.notices;
    this.transactionStatus = parts.transactionStatus;
    this.outbox = new Outbox(transport);
    this.writer = this.outbox.writer;
    this.writer.server = this.server;
    this.inbox = new Inbox(this, transport, clock);
    this.canceller = new Canceller(this, parts.sendCancel);
    this.sourceWatch = sourceWatch(this);
    this.statements = new KnownStatements(
      parts.statements,
      clock,
      registry,
      parts.server,
      () => this.#mayRepeat,
    );
    this.typeChanges = new TypeChanges(registry);
    registry.setIntervalStyle(parts.server.settings.get('IntervalStyle'));
    transport.handler = this.inbox;
  }

  // ── Requests ────────────────────────────────────────────────────────────────────────────

  /** Looked up when it is asked for: `@asyncpg/pg` loads codecs when something needs them. */
  get catalogCodecs(): CodecSource {
    return builtinCodecs();
  }

  /** Whether the session is over. */
  get isEnded(): boolean {
    return this.#ended;
  }

  /** Why it is over: the server's last words, the system's error, or null for a plain close. */
  get endReason(): Error | null {
    return this.#reason;
  }

  /** No transaction is open, nor may be when what was sent is answered. */
  get #mayRepeat(): boolean {
    return !isInTransaction(this) && this.queue.inFlight === 0;
  }

  /** Nothing is under way: no request, no cancellation. */
  get isIdle(): boolean {
    return this.queue.isIdle;
  }

  /** The same, or what an earlier user has left is being undone: nothing that is seen from here. */
  get isFree(): boolean {
    return this.queue.isFree;
  }

  /** Resolves when nothing is under way any more, at once if so already, and when it ended. */
  whenIdle(): Promise<void> {
    return this.#ended ? Promise.resolve() : this.queue.whenIdle();
  }

  /**
   * The same for a call that comes next. Like one that is submitted it has what is under way read on, though a
   * reader has enough: that may be waiting for this call.
   */
  async whenIdleForCall(): Promise<void> {
    this.#followers += 1;
    this.inbox.resume();
    try {
      await this.whenIdle();
    } finally {
      this.#followers -= 1;
    }
  }

  /** Whether a call waits until what is under way has been answered. */
  get hasFollowers(): boolean {
    return this.queue.hasFollowers || this.#followers > 0;
  }

  get isCancelling(): boolean {
    return this.canceller.isActive;
  }

  /** Where no statements are kept, there may be a pooler that takes single statements only. */
  get mayBeginOwn(): boolean {
    return this.statements.named.isKeeping && this.#transport.sharesSession !== true;
  }

  /** What it stands still for; null: the server has something to do. */
  get standstill(): Standstill | null {
    if (this.inbox.isPaused) return 'reader';
    if (this.queue.isIdle) return 'holder';
    return this.queue.feeding !== null && !this.outbox.isCongested ? 'source' : null;
  }

  /** Another one whenever anything is written or comes: while it is the same, nothing has happened. */
  get activity(): number {
    return this.outbox.flushes + this.writer.offset + this.lastProgress;
  }

  /** Whether a call waits until the request under way, or the transaction that it is in, is over. */
  get isAwaited(): boolean {
    return this.queue.waiting > 0 || this.observer?.isAwaited === true;
  }

  /** Whether the running code is what the request under way takes its data from. */
  get isCalledBySource(): boolean {
    return this.queue.feed?.isAround === true;
  }

  /** Throws for a caller who would wait for itself. */
  checkCaller(): void {
    if (this.isCalledBySource) throw calledBySource();
  }

  /** Takes a request in its turn. Its promise tells the rest. */
  submit(request: Request): void {
    this.requests += 1;
    // While a slow reader has stopped the reading, this request's answer could not arrive either,
    // and the reader may be waiting for just that answer.
    this.inbox.resume();
    if (this.#ended) {
      request.fail(this.endedError(true));
      return;
    }
    if (this.isCalledBySource) {
      request.fail(calledBySource());
      return;
    }
    const { deadline } = request;
    if (deadline !== null) {
      if (deadline.expired) {
        request.fail(deadline.reason(false));
        return;
      }
      deadline.watch(() => this.expire(request));
    }
    this.queue.join(request);
    this.#hold.submitted();
  }

  /** Starts a request on behalf of the one that holds the queue. */
  submitInner(request: Request): void {
    if (this.#ended) request.fail(this.endedError(false));
    else this.queue.start(request);
  }

  expire(request: Request): void {
    this.canceller.expire(request);
  }

  abort(request: Request): void {
    this.canceller.abort(request);
  }

  // ── What comes from the server ──────────────────────────────────────────────────────────

  drained(): void {
    this.outbox.drained();
    this.queue.pump();
  }

  answered(request: Request, reported: TransactionStatus): void {
    const status = request.isInOwnTransaction ? 'I' : reported;
    const before = this.transactionStatus;
    const { surroundings } = this.statements;
    if (surroundings.isPending) surroundings.answered(request, before, status);
    this.transactionStatus = status;
    if (status !== 'E' && before !== 'E') this.transactionFailure = null;
    if (this.typeChanges.isOpen) this.typeChanges.answered(request, status);
    this.canceller.answered(request);
    const { isFence } = request;
    if (status === 'I' ? before !== 'I' || isFence : request.ending === 'done') {
      this.observer?.transactionEnded(request);
    }
    request.ready(this, reported);
    if (isFence) this.queue.release(request);
    this.canceller.cancelAbandoned();
    this.queue.pump();
  }

  notice(message: PostgresLogMessage): void {
    this.observer?.notice(message);
  }

  notification(channel: string, payload: string, pid: number): void {
    this.observer?.notification(channel, payload, pid);
  }

  unasked(type: number, buffer: Buffer, start: number, end: number): void {
    this.observer?.unasked?.(type, buffer, start, end);
  }

  lastWords(fields: ServerMessageFields): void {
    this.#lastWords = fields;
    this.destroy(null);
  }

  /** What is known of the connection's TLS; null without it. */
  get tls(): TlsState | null {
    return this.#transport.tls;
  }

  /** The runtime's socket, where there is one. */
  get socket(): object | null {
    return this.#transport.socket ?? null;
  }

  /** Keeps the process alive while the session is open, which is how it begins. */
  ref(): void {
    this.#hold.ref();
  }

  /** Lets the process exit while nothing is under way. */
  unref(): void {
    this.#hold.unref();
  }

  // ── The end ─────────────────────────────────────────────────────────────────────────────

  /** Node tells a turn later that the socket is closed: what is called meanwhile would go to nobody. */
  left(error: Error | null): void {
    if (!this.#ended) this.#finish(lostConnection(error, this.isIdle), () => {});
  }

  closed(error: Error | null): void {
    this.#closeTimer?.cancel();
    const waiters = this.#goneWaiters;
    this.#goneWaiters = [];
    for (const waiter of waiters) waiter();
    if (this.#ended) return;
    this.destroy(lostConnection(error, this.isIdle));
  }

  /** Resolves when the connection is closed on both sides: the server has let go of it. */
  whenGone(): Promise<void> {
    if (this.#transport.isClosed) return Promise.resolve();
    return new Promise((resolve) => this.#goneWaiters.push(resolve));
  }

  /**
   * Ends the session in good order: Terminate after everything that was submitted.
   *
   * @param patience milliseconds that the peer has to close its side; null: as long as it takes
   */
  terminateGracefully(patience: number | null = CLOSE_TIMEOUT): void {
    if (this.#ended) return;
    this.#hold.keepForEnd();
    writeTerminate(this.writer);
    this.outbox.flush();
    this.#finish(null, () => this.#transport.end());
    if (patience === null) return;
    this.#closeTimer = this.clock.setTimer(patience, () => this.#transport.destroy(), false);
  }

  /** Ends the session at once. The first reason is kept; every request is settled once. */
  destroy(reason: Error | null): void {
    // It may have been ending in good order; now it ends without waiting for the peer.
    if (this.#ended) this.#transport.destroy();
    else this.#finish(reason, () => this.#transport.destroy());
    if (reason !== null || this.#lastWords !== null) return;
    for (const request of this.#lingering) request.fail(this.endedError(false));
  }

  /**
   * The server has carried out the request, which waits for its caller's own code. The end of the session is nothing
   * to it, unless whoever ends it wants to have everything over at once.
   */
  linger(request: Request): void {
    this.#lingering.add(request);
    const strikeOut = (): void => void this.#lingering.delete(request);
    request.promise.then(strikeOut, strikeOut);
  }

  /**
   * Ends the session at once, unless it is ending: one that ends in good order goes on to wait for its peer, so that
   * what was under way on it fails and nobody hears of its end too early.
   */
  fail(reason: Error | null): void {
    if (!this.#ended) this.destroy(reason);
  }

  #finish(reason: Error | null, close: () => void): void {
    this.#ended = true;
    this.#hold.end();
    this.outbox.close();
    this.typeChanges.ended();
    this.#reason = this.#lastWords === null ? reason : postgresErrorFrom(this.#lastWords);
    this.inbox.close();
    this.canceller.stop();
    close();
    this.queue.end();
    const { observer } = this;
    this.observer = null;
    observer?.ended(this.#reason);
  }

  /** A fresh error for each call that the end of the session concerns. */
  endedError(safeToRetry: boolean): Error {
    return endedError(this.#lastWords, this.#reason, safeToRetry);
  }
}
