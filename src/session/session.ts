import type { CodecSource } from '../codecs/codec-source.ts';
import { TextRun } from '../codecs/text-run.ts';
import { ProtocolError } from '../errors/client-errors.ts';
import type { PostgresLogMessage, ServerMessageFields } from '../errors/postgres-error.ts';
import { postgresErrorFrom, postgresLogMessageFrom } from '../errors/server-message.ts';
import { readErrorResponse, readNoticeResponse } from '../protocol/backend/response.ts';
import { readNotificationResponse, readParameterStatus } from '../protocol/backend/session.ts';
import type { Framer, MessageSink } from '../protocol/framer.ts';
import { writeTerminate } from '../protocol/frontend/query.ts';
import { Backend, describeMessageType } from '../protocol/message-type.ts';
import { MessageReader } from '../protocol/reader.ts';
import type { MessageWriter } from '../protocol/writer.ts';
import type { ByteStream, ByteStreamHandler } from '../transport/byte-stream.ts';
import type { Clock, Timer } from '../transport/clock.ts';
import { Canceller } from './cancelling/canceller.ts';
import { capabilitiesOf, type ServerCapabilities } from './capabilities.ts';
import { checkClientEncoding } from './client-encoding.ts';
import { endedError, lostConnection } from './ending.ts';
import { Outbox } from './outbox.ts';
import { Preamble } from './preamble.ts';
import type { Request } from './request.ts';
import { RequestQueue } from './request-queue.ts';
import { ROLE_SETTINGS } from './server-role.ts';
import type { ServerVersion } from './server-version.ts';
import { StatementCache, type StatementCacheOptions } from './statements/statement-cache.ts';

/** What a session says of itself to whoever holds it. */
export interface SessionObserver {
  notice(message: PostgresLogMessage): void;
  notification(channel: string, payload: string, pid: number): void;
  /** The session has ended, for whatever reason. Called once. */
  ended(reason: Error | null): void;
}

/** What start-up has found out and a session begins with. */
export interface SessionParts {
  readonly transport: ByteStream;
  readonly framer: (sink: MessageSink) => Framer;
  readonly clock: Clock;
  readonly registry: CodecSource;
  readonly statements: StatementCacheOptions;
  readonly settings: Map<string, string>;
  readonly serverVersion: ServerVersion;
  readonly processId: number;
  /** Sends a CancelRequest for this session; settles when the server has closed that connection. */
  readonly sendCancel: () => Promise<void>;
  readonly transactionStatus: TransactionStatus;
}

/** ReadyForQuery's status: idle, in a transaction, in a failed transaction. */
export type TransactionStatus = 'I' | 'T' | 'E';

/** How many unnamed statements' descriptions are kept at least. */
const MIN_DESCRIPTIONS = 100;
/** How long a peer that was said goodbye to has to close its side, in milliseconds. */
const CLOSE_TIMEOUT = 1000;

/** Far beyond what any server reports. */
const MAX_SETTINGS = 200;
const NO_CLOSES: readonly string[] = [];

/** read_only_sql_transaction: a write where there can be none. */
const READ_ONLY = '25006';

const STATUS: ReadonlyMap<number, TransactionStatus> = new Map([
  [0x49, 'I'],
  [0x54, 'T'],
  [0x45, 'E'],
]);

/**
 * The engine of one server session. Requests are written in the order in which they were
 * submitted, as soon as they are, and all that are written in one turn of the event loop
 * travel in one flight; answers are given to them in the same order. Everything that ends a
 * session goes through `destroy`, which settles every request once.
 */
export class Session implements MessageSink, ByteStreamHandler {
  readonly registry: CodecSource;
  readonly clock: Clock;
  /** The statements that are prepared on the server under a name. */
  readonly statements: StatementCache;
  /** What the server has told of statements that are parsed anew for each execution. */
  readonly descriptions: StatementCache;
  readonly settings: Map<string, string>;
  readonly serverVersion: ServerVersion;
  /** What this kind of server can do. */
  readonly capabilities: ServerCapabilities;
  readonly processId: number;
  readonly outbox: Outbox;
  /** The outbox's. */
  readonly writer: MessageWriter;
  /** The requests in their order. */
  readonly queue = new RequestQueue(this);
  readonly canceller: Canceller;
  readonly textRun = new TextRun();
  transactionStatus: TransactionStatus;
  /** The transaction that is to be begun with the next request. */
  readonly preamble = new Preamble();
  /** Requests that were submitted, ever. */
  requests = 0;
  /** When the server last said anything, in the clock's milliseconds. */
  lastProgress = 0;
  /** The server has shown that it may have got another role than when this session began. */
  isRoleInDoubt = false;
  observer: SessionObserver | null = null;

  readonly #transport: ByteStream;
  readonly #framer: Framer;
  #closes: string[] = [];
  #isPaused = false;
  #ended = false;
  #reason: Error | null = null;
  #lastWords: ServerMessageFields | null = null;
  #goneWaiters: (() => void)[] = [];
  #closeTimer: Timer | null = null;

  constructor(parts: SessionParts) {
    this.#transport = parts.transport;
    this.outbox = new Outbox(parts.transport);
    this.writer = this.outbox.writer;
    this.#framer = parts.framer(this);
    this.clock = parts.clock;
    this.registry = parts.registry;
    this.settings = parts.settings;
    this.serverVersion = parts.serverVersion;
    this.capabilities = capabilitiesOf(parts.settings);
    this.processId = parts.processId;
    this.transactionStatus = parts.transactionStatus;
    this.canceller = new Canceller(this, parts.sendCancel);
    const { statements, clock, registry } = parts;
    this.statements = new StatementCache(statements, clock, registry, (name) =>
      this.closeStatement(name),
    );
    const unnamed = { ...statements, size: Math.max(statements.size, MIN_DESCRIPTIONS) };
    this.descriptions = new StatementCache(unnamed, clock, registry, () => {});
    parts.transport.handler = this;
  }

  // ── Requests ────────────────────────────────────────────────────────────────────────────

  /** Whether the session is over. */
  get isEnded(): boolean {
    return this.#ended;
  }

  /** Why it is over: the server's last words, the system's error, or null for a plain close. */
  get endReason(): Error | null {
    return this.#reason;
  }

  /** Nothing is under way: no request, no cancellation. */
  get isIdle(): boolean {
    return this.queue.isIdle;
  }

  /** Resolves when nothing is under way any more, at once if so already, and when it ended. */
  whenIdle(): Promise<void> {
    return this.#ended ? Promise.resolve() : this.queue.whenIdle();
  }

  get isCancelling(): boolean {
    return this.canceller.isActive;
  }

  /** Takes a request in its turn. Its promise tells the rest. */
  submit(request: Request): void {
    this.requests += 1;
    // Its answer is behind what nobody reads: whoever slows that down may be waiting for this.
    if (this.#isPaused) this.resumeReading();
    if (this.#ended) {
      request.fail(this.endedError(true));
      return;
    }
    const { deadline } = request;
    if (deadline !== null) {
      if (deadline.expired) {
        request.fail(deadline.reason(false));
        return;
      }
      deadline.watch(() => this.canceller.expire(request));
    }
    this.queue.join(request);
  }

  /** Starts a request on behalf of the one that holds the queue. */
  submitInner(request: Request): void {
    if (this.#ended) request.fail(this.endedError(false));
    else this.queue.start(request);
  }

  /**
   * Forgets every statement: one turned out to be outdated, the others may be as well.
   * `schema`: on the pool's other sessions too, as the schema has changed.
   */
  forgetStatements(schema: boolean): void {
    if (schema) this.registry.schemaChanged();
    this.statements.clear();
    this.descriptions.clear();
  }

  /** Has the statement closed on the server, with the next flight. */
  closeStatement(name: string): void {
    if (name !== '' && !this.#ended) this.#closes.push(name);
  }

  /** The statements to close, whose Close rides along with an extended query. */
  takeCloses(): readonly string[] {
    if (this.#closes.length === 0) return NO_CLOSES;
    const closes = this.#closes;
    this.#closes = [];
    return closes;
  }

  /** They were not closed after all. */
  returnCloses(names: readonly string[]): void {
    this.#closes.unshift(...names);
  }

  // ── Reading ─────────────────────────────────────────────────────────────────────────────

  drained(): void {
    this.outbox.drained();
    this.queue.pump();
  }

  /** Stops reading from the server until `resumeReading`. */
  pauseReading(): void {
    this.#isPaused = true;
    this.#transport.pause();
  }

  resumeReading(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#transport.resume();
  }

  ref(): void {
    this.#transport.ref();
  }

  unref(): void {
    this.#transport.unref();
  }

  received(chunk: Buffer, length: number): void {
    if (this.#ended) return;
    this.lastProgress = this.clock.now();
    try {
      this.#framer.feed(chunk, length);
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  stretch(_buffer: Buffer, limit: number): void {
    this.textRun.stretch(limit);
  }

  dataRow(buffer: Buffer, start: number, end: number): void {
    const head = this.queue.head;
    if (head === null || !head.rowsDue) this.unexpected('DataRow');
    else head.dataRow(this, buffer, start, end);
  }

  copyData(buffer: Buffer, at: number, end: number, limit: number): number {
    const { head } = this.queue;
    if (head === null) this.unexpectedMessage(Backend.CopyData);
    return head.copyData(this, buffer, at, end, limit);
  }

  message(type: number, buffer: Buffer, start: number, end: number): void {
    switch (type) {
      case Backend.ReadyForQuery:
        this.#readyForQuery(buffer, start, end);
        return;
      case Backend.NoticeResponse:
        this.observer?.notice(
          postgresLogMessageFrom(readNoticeResponse(new MessageReader(buffer, start, end))),
        );
        return;
      case Backend.NotificationResponse: {
        const { channel, payload, pid } = readNotificationResponse(
          new MessageReader(buffer, start, end),
        );
        this.observer?.notification(channel, payload, pid);
        return;
      }
      case Backend.ParameterStatus: {
        const { name, value } = readParameterStatus(new MessageReader(buffer, start, end));
        this.settings.set(name, value);
        if (this.settings.size > MAX_SETTINGS) {
          throw new ProtocolError('the server reports too many parameters');
        }
        if (name === 'client_encoding') checkClientEncoding(this.settings);
        if (ROLE_SETTINGS.has(name)) this.isRoleInDoubt = true;
        return;
      }
      case Backend.ErrorResponse:
        this.#errorResponse(readErrorResponse(new MessageReader(buffer, start, end)));
        return;
      default: {
        const head = this.queue.head;
        if (head === null) this.unexpectedMessage(type);
        else head.message(this, type, buffer, start, end);
      }
    }
  }

  /** The server sent what it must not send now. */
  unexpected(what: string): never {
    throw new ProtocolError(`the server sent an unexpected ${what}`);
  }

  /** The server sent a message that must not come now. `where`: in answer to what. */
  unexpectedMessage(type: number, where: string = ''): never {
    const place = where === '' ? '' : ` ${where}`;
    return this.unexpected(`message ${describeMessageType(type)}${place}`);
  }

  #errorResponse(fields: ServerMessageFields): void {
    const fatal = fields.severity === 'FATAL' || fields.severity === 'PANIC';
    if (fatal) {
      // The server is about to close, or should be: nothing more is to be had from it.
      this.#lastWords = fields;
      this.destroy(null);
      return;
    }
    if (fields.sqlstate === READ_ONLY) this.isRoleInDoubt = true;
    const head = this.queue.head;
    if (head === null) this.unexpected('ErrorResponse');
    else head.serverError(this, postgresErrorFrom(fields), fields);
  }

  #readyForQuery(buffer: Buffer, start: number, end: number): void {
    const status = end - start === 1 ? STATUS.get(buffer[start]!) : undefined;
    const request = this.queue.head;
    if (status === undefined || request === null || !request.isAnswered) {
      this.unexpected('ReadyForQuery');
    }
    this.queue.advance();
    this.transactionStatus = status;
    this.canceller.answered(request);
    request.ready(this);
    this.canceller.cancelAbandoned();
    this.queue.pump();
  }

  // ── The end ─────────────────────────────────────────────────────────────────────────────

  closed(error: Error | null): void {
    this.#closeTimer?.cancel();
    const waiters = this.#goneWaiters;
    this.#goneWaiters = [];
    for (const waiter of waiters) waiter();
    if (this.#ended) return;
    this.destroy(lostConnection(error));
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
    writeTerminate(this.writer);
    this.outbox.flush();
    this.#finish(null, () => this.#transport.end());
    if (patience === null) return;
    this.#closeTimer = this.clock.setTimer(patience, () => this.#transport.destroy(), false);
  }

  /** Ends the session at once. The first reason is kept; every request is settled once. */
  destroy(reason: Error | null): void {
    if (this.#ended) {
      // It was ending in good order, and somebody is in a hurry now.
      this.#transport.destroy();
      return;
    }
    this.#finish(reason, () => this.#transport.destroy());
  }

  #finish(reason: Error | null, close: () => void): void {
    this.#ended = true;
    this.outbox.close();
    this.#reason = this.#lastWords === null ? reason : postgresErrorFrom(this.#lastWords);
    this.#framer.stop();
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
