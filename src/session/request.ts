import type { CodecSource } from '../codecs/codec-source.ts';
import type { DomainCodecs } from '../codecs/domain-codecs.ts';
import type { TextRun } from '../codecs/text-run.ts';
import type { TypeDescription } from '../codecs/type-description.ts';
import type { PostgresError, ServerMessageFields } from '../errors/postgres-error.ts';
import type { FieldDescription } from '../protocol/backend/result.ts';
import type { TransactionStatus } from '../protocol/backend/session.ts';
import { Backend, HEADER_LENGTH } from '../protocol/message-type.ts';
import type { MessageWriter } from '../protocol/writer.ts';
import type { Room } from '../runtime/room.ts';
import type { Deadline } from '../transport/deadline.ts';
import { unansweredCancel } from './ending.ts';
import type { Outbox } from './outbox.ts';
import type { Opening, Preamble } from './preamble.ts';
import type { Feed } from './requests/feed.ts';
import type { Server } from './server.ts';
import type { KnownStatements } from './statements/known-statements.ts';
import type { TypeChanges } from './statements/type-changes.ts';
import { unexpected } from './unexpected.ts';

/** What a request may touch of its session. */
export interface RequestHost {
  readonly registry: CodecSource;
  readonly server: Server;
  readonly statements: KnownStatements;
  readonly typeChanges: TypeChanges;
  /** How it asks the server's catalog, and in which codecs. Who imports these stands above an `import()`. */
  readonly catalog: Room<Catalog>;
  readonly catalogCodecs: CodecSource;
  readonly queue: HostQueue;
  readonly outbox: Outbox;
  /** The outbox's. */
  readonly writer: MessageWriter;
  readonly inbox: HostInbox;
  readonly preamble: Preamble;
  /** As the last ReadyForQuery has told it; a request's own transaction is none. */
  readonly transactionStatus: TransactionStatus;
  /** Whether a request may begin a transaction for itself, if none is open. */
  readonly mayBeginOwn: boolean;
  readonly isEnded: boolean;
  /** Whether a cancel is under way, which may strike whatever is sent. */
  readonly isCancelling: boolean;
  /** Starts a request on behalf of the one that holds the queue. */
  submitInner(request: Request): void;
  /** Ends a request whose time is up, or whose signal was aborted. */
  expire(request: Request): void;
  /** See Session. */
  linger(request: Request): void;
  /** Has the server stop a request that was sent. */
  abort(request: Request): void;
}

/** What the server's catalog is asked, on behalf of the request that holds the queue. */
export interface Catalog {
  introspect(
    session: RequestHost,
    parent: Request,
    oids: readonly number[],
  ): Promise<TypeDescription[]>;
  findTypeOid(
    session: RequestHost,
    parent: Request,
    name: string,
    schema: string,
  ): Promise<number | null>;
  domainColumns(
    session: RequestHost,
    parent: Request,
    domains: DomainCodecs,
    fields: readonly FieldDescription[],
    name: string,
    named: NamedForAWhile | null,
  ): Promise<readonly number[] | undefined>;
  askForSurroundings(session: RequestHost, parent: Request): Promise<void>;
  askForArrayNulls(session: RequestHost, parent: Request): Promise<void>;
}

/** How a statement is prepared under a name for a while, and what is known under no name any more. */
export interface NamedForAWhile {
  prepare(): Promise<string>;
  close(name: string): void;
}

/** What a request may do with the queue that it is in: RequestQueue, which says more of each. */
export interface HostQueue {
  /** The request whose answers come now. */
  readonly head: Request | null;
  /** Requests that are written and not answered. */
  readonly inFlight: number;
  isHeldByOther(request: Request): boolean;
  /** See RequestQueue. */
  guard: Request | null;
  hasSkipped: boolean;
  start(request: Request): void;
  sent(request: Request): void;
  advance(): void;
  hold(request: Request): void;
  release(request: Request): void;
  holdWhile<T>(request: Request, work: Promise<T>, go: (result: T) => void): void;
  inPlace<R>(work: () => R): R;
  comeBack(request: Request, go: () => void): void;
  comeBackAfterAll(request: Request, go: () => void): void;
  repeat(request: Request): void;
}

/** What a request may do with what comes from the server. */
interface HostInbox {
  readonly textRun: TextRun;
  /** Stops reading from the server until `resume`. */
  pause(): void;
  /** The same in the middle of what has arrived: the rest of that is kept as it is. */
  hold(): void;
  resume(): void;
}

/** The command tags of what ends a transaction. */
const ENDS: ReadonlySet<string> = new Set(['COMMIT', 'ROLLBACK', 'PREPARE TRANSACTION']);

/**
 * Whether a request ends the transaction that it is sent in. `own`: it is how the driver does that.
 * `possible`: a statement in it may, so that what follows must not be sent before it is known;
 * `done`: one has, although another transaction may have been begun since.
 */
export type Ending = 'none' | 'own' | 'possible' | 'done';

/** Where a request stands. */
export type RequestState = 'queued' | 'preparing' | 'sent' | 'done';

/**
 * One unit of work on a session: what it writes ends with exactly one Sync (or is one Query),
 * so exactly one ReadyForQuery answers it and its errors reach no other request.
 *
 * `start` writes, `message` and `dataRow` take the answers, `ready` ends it. The caller's
 * promise may be rejected long before: then the request is `abandoned` and only drains.
 */
export abstract class Request<R = unknown> {
  readonly promise: Promise<R>;
  state: RequestState = 'queued';
  /** The caller has been told; answers are taken from the wire and dropped. */
  abandoned = false;
  /** What the server or the decoder objected to. */
  error: unknown = null;
  /** Its error 57014 may have been meant for the request before it. */
  struck = false;
  /**
   * The first flight, by `outbox.flushes`, that may carry anything of it or on its behalf; null
   * until it is started. If that has not left, the server knows nothing of this request.
   */
  flight: number | null = null;
  /** DataRow may come now. */
  rowsDue = false;
  /** What it is to the transaction that it is sent in. */
  ending: Ending = 'none';
  /** In a failed transaction the server refuses it as a whole. */
  isSkippable = false;
  /** What it has done may stay if it fails: it could not be repeated if a cancel struck it that is meant for another. */
  isUnrepeatable = false;
  /** The requests that work for this one at the moment, e.g. Parse and Describe for a query: see runInner. */
  inner: Set<Request> | null = null;
  /** The statements that have begun a transaction ahead of it, or of a request that worked for it. */
  openings: readonly Opening[] | null = null;
  /** The call's, which disposes it; a request never does. */
  readonly deadline: Deadline | null;
  #resolve!: (value: unknown) => void;
  #reject!: (reason: unknown) => void;

  constructor(deadline: Deadline | null) {
    this.deadline = deadline;
    this.promise = new Promise<R>((resolve, reject) => {
      this.#resolve = resolve as (value: unknown) => void;
      this.#reject = reject;
    });
  }

  /** Its turn has come: write everything and call `session.queue.sent(this)`. */
  abstract start(session: RequestHost): void;

  /** One answer, other than DataRow, ErrorResponse and ReadyForQuery. */
  abstract message(
    session: RequestHost,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void;

  /**
   * CopyData, and perhaps more of it behind: `buffer[at, end)` is one with its header, and whole
   * messages may follow up to `limit`. Returns the end of those that were taken.
   */
  copyData(session: RequestHost, buffer: Buffer, at: number, end: number, _limit: number): number {
    this.message(session, Backend.CopyData, buffer, at + HEADER_LENGTH, end);
    return end;
  }

  dataRow(_session: RequestHost, _buffer: Buffer, _start: number, _end: number): void {
    unexpected('DataRow');
  }

  /**
   * It takes from its user, or gives to them, what cannot be taken or given twice: if a cancel that is meant
   * for a request before it strikes it, it cannot be repeated.
   */
  get isOnce(): boolean {
    return false;
  }

  /** The server answers it at once: there is nothing to do for it that takes time. */
  get isBrief(): boolean {
    return false;
  }

  /** Why its session ends if the server does not answer it when it was cancelled. */
  get unanswered(): Error {
    return unansweredCancel();
  }

  /**
   * The server may be asked to cancel it, as its time is up, its signal was aborted, or it is left by its reader.
   * Up to PostgreSQL 17 the server signals the backend twice, and the second signal may come when it works on
   * the next request.
   */
  get mayBeCancelled(): boolean {
    return this.deadline !== null;
  }

  /** What it takes its data from, if that may wait and make calls: see Feed. */
  get feed(): Feed | null {
    return null;
  }

  /** The server takes data from it, and it waits, or may, for its source: see Feed. */
  get isFeeding(): boolean {
    return this.feed !== null && this.state === 'sent';
  }

  /** It may end its transaction: nothing is sent behind it until it is answered. */
  get isFence(): boolean {
    return this.ending === 'possible' || this.ending === 'done';
  }

  /** The tag of a statement of a fence; that of ROLLBACK TO is the same as ROLLBACK's. */
  protected noteTag(tag: string): void {
    if (ENDS.has(tag)) this.ending = 'done';
  }

  /** The transaction that it is sent in is its own: nobody else sees that there is one. */
  get isInOwnTransaction(): boolean {
    return false;
  }

  /** The body of the ErrorResponse that `serverError` is about, for a request that reads it itself. */
  errorBody?(buffer: Buffer, start: number, end: number): void;

  /** ErrorResponse. The server sends nothing more but ReadyForQuery. */
  serverError(_session: RequestHost, error: PostgresError, _fields: ServerMessageFields): void {
    this.error ??= error;
  }

  /** Whether everything was answered, so that ReadyForQuery may come. */
  get isAnswered(): boolean {
    return true;
  }

  /**
   * ReadyForQuery: the request has left the wire. Settles the caller's promise.
   *
   * @param reported what the server has said, which is the session's status unless the request is in its own transaction
   */
  abstract ready(session: RequestHost, reported: TransactionStatus): void;

  /** Whether it failed by a cancel that was meant for the request before it. */
  get wasStruck(): boolean {
    return this.struck && (this.error as PostgresError | null)?.sqlstate === '57014';
  }

  /** Settles once: after this only draining is left. */
  protected resolve(value: R): void {
    if (this.state === 'done') return;
    this.state = 'done';
    if (this.abandoned) return;
    this.#resolve(value);
  }

  /** Settles once: after this only draining is left. */
  fail(error: unknown): void {
    if (this.state === 'done' || this.abandoned) {
      this.state = 'done';
      return;
    }
    this.state = 'done';
    this.#reject(error);
  }

  /** Rejects the caller now, while the answers are still to come. */
  abandon(reason: unknown): void {
    if (this.state === 'done' || this.abandoned) return;
    this.abandoned = true;
    this.#reject(reason);
  }
}
