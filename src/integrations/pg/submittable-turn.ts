import { Backend } from '../../protocol/message-type.ts';
import { ForeignRequest, type ForeignSpeaker } from '../../session/requests/foreign-request.ts';
import type { Session } from '../../session/session.ts';
import { nextTick } from '../../transport/turn.ts';
import { isError } from '../../values/builtins.ts';
import type { Answer, Connection } from './connection.ts';
import { readMessage } from './messages.ts';
import type { SubmittableHandlers } from './query.ts';
import { safely } from './safely.ts';

/** A query that speaks the protocol on its own. */
export interface Submittable extends SubmittableHandlers {
  submit(connection: Connection): unknown;
}

/** What a turn needs of the client. */
export interface TurnHost {
  readonly connection: Connection;
  /** The turn has begun: from now on what is said by way of the connection is its. */
  turnBegun(turn: SubmittableTurn): void;
  /** The query has failed, and is told of nothing that follows. */
  turnFailed(turn: SubmittableTurn): void;
  /** The query is over, but not told yet. */
  turnOver(turn: SubmittableTurn): void;
  /** It was told, and the next one may begin. */
  turnEnded(turn: SubmittableTurn): void;
}

/** The methods by which a query takes messages, by their names. It may go without those that it is never sent. */
const HANDLERS = {
  rowDescription: 'handleRowDescription',
  dataRow: 'handleDataRow',
  portalSuspended: 'handlePortalSuspended',
  emptyQuery: 'handleEmptyQuery',
  commandComplete: 'handleCommandComplete',
  copyInResponse: 'handleCopyInResponse',
  copyData: 'handleCopyData',
} as const satisfies Record<string, keyof SubmittableHandlers>;

/** The turn of a submittable: hands it the messages of the server until the last ReadyForQuery. */
export class SubmittableTurn implements ForeignSpeaker {
  readonly query: Submittable;
  readonly request: ForeignRequest;
  readonly #host: TurnHost;
  readonly #session: Session;
  #hasFailed = false;
  #isOver = false;
  /** Messages were sent that are answered. */
  #hasSpoken = false;
  /** Messages were sent that are answered only with the next Sync. */
  #owesSync = false;
  #isToldReady = false;
  /** It is begun in the call that asks for it, which is told what `submit` throws. */
  #isAsked = false;
  #thrown: { error: unknown } | null = null;

  constructor(host: TurnHost, session: Session, query: Submittable) {
    this.#host = host;
    this.#session = session;
    this.query = query;
    this.request = new ForeignRequest(this);
  }

  /** Asks the session for its turn. Throws what `submit` throws, if it is its turn at once. */
  ask(): void {
    this.#isAsked = true;
    this.#session.submit(this.request);
    this.#isAsked = false;
    if (this.#thrown !== null) throw this.#thrown.error;
  }

  // ── The session's side ──────────────────────────────────────────────────────────────────

  begin(): void {
    this.#host.turnBegun(this);
    safely(() => {
      const refusal = this.#submit();
      if (isError(refusal)) this.#giveUp(refusal);
    });
  }

  #submit(): unknown {
    try {
      return this.query.submit(this.#host.connection);
    } catch (error) {
      this.#giveUp(null);
      if (!this.#isAsked) throw error;
      // Not through the session, which has more to do.
      this.#thrown = { error };
      return null;
    }
  }

  /** The query does not go on: the next one may begin, once what it has sent is answered. */
  #giveUp(refusal: Error | null): void {
    nextTick(() => {
      if (!this.#hasSpoken) this.#over();
      if (refusal !== null) this.fail(refusal);
      if (!this.#hasSpoken) this.#end();
      else if (this.#owesSync) this.#host.connection.sync();
    });
  }

  /** Something was said by way of the connection. */
  said(answer: Answer): void {
    if (answer === 'none') return;
    this.#hasSpoken = true;
    this.#owesSync = answer === 'later';
    if (answer === 'ready') this.request.awaitReady();
  }

  ready(isLast: boolean): void {
    if (isLast && this.#owesSync) {
      // The answers would come in front of those of the next query.
      this.#ready(false);
      this.#host.connection.sync();
    } else {
      this.#ready(isLast);
    }
  }

  /** Given up before its turn: the next one may begin. Of the end of the session the client tells all queries. */
  failed(): void {
    if (this.#session.isEnded) return;
    this.#over();
    this.#host.turnEnded(this);
  }

  // ── The submittable's side ──────────────────────────────────────────────────────────────

  message(type: number, buffer: Buffer, start: number, end: number): void {
    const message = readMessage(type, buffer, start, end);
    if (message === null) return;
    const { connection } = this.#host;
    const missing = this.#missingHandler(message.name);
    if (this.#hasFailed || missing !== null) this.#refuse(message.name, missing);
    else this.#tell(message, connection);
    const event = type === Backend.ErrorResponse ? 'errorMessage' : message.name;
    if (connection.listenerCount('message') > 0) safely(() => connection.emit('message', message));
    if (connection.listenerCount(event) > 0) safely(() => connection.emit(event, message));
  }

  /** The method that the query does not have for a message of this name; null: it has it, or needs none. */
  #missingHandler(name: string): string | null {
    if (!Object.hasOwn(HANDLERS, name)) return null;
    const handler = HANDLERS[name as keyof typeof HANDLERS];
    return typeof this.query[handler] === 'function' ? null : handler;
  }

  /** The query cannot take a message: it fails, unless it has failed already. */
  #refuse(name: string, missing: string | null): void {
    const { connection } = this.#host;
    // The server would wait for data that nobody sends.
    if (name === 'copyInResponse') connection.sendCopyFail('the query sends no data');
    if (this.#hasFailed) return;
    this.fail(
      new TypeError(
        `The server has answered with ${name}, for which the query has no method ${missing}`,
      ),
    );
    // The server's answers would not come to an end.
    if (this.#owesSync) connection.sync();
  }

  #tell(message: any, connection: Connection): void {
    const { query } = this;
    safely(() => {
      switch (message.name) {
        case 'rowDescription':
          query.handleRowDescription?.(message);
          break;
        case 'dataRow':
          query.handleDataRow?.(message);
          break;
        case 'portalSuspended':
          query.handlePortalSuspended?.(connection);
          break;
        case 'emptyQuery':
          query.handleEmptyQuery?.(connection);
          break;
        case 'commandComplete':
          query.handleCommandComplete?.(message, connection);
          break;
        case 'parseComplete':
          this.#parsed(connection);
          break;
        case 'copyInResponse':
          query.handleCopyInResponse?.(connection);
          break;
        case 'copyData':
          query.handleCopyData?.(message, connection);
          break;
        case 'error':
          this.fail(message);
          break;
      }
    });
  }

  #parsed(connection: Connection): void {
    const { name, text } = this.query as { name?: string; text?: string };
    if (!name) return;
    connection.parsedStatements[name] = text ?? '';
    delete connection.submittedNamedStatements[name];
  }

  /** Tells the query of its error. Nothing else is told it after that. */
  fail(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#host.turnFailed(this);
    const { connection } = this.#host;
    const { name } = this.query as { name?: string };
    if (name) delete connection.submittedNamedStatements[name];
    safely(() => {
      // Nobody else would hear of it.
      if (this.query.handleError === undefined) throw error;
      this.query.handleError(error, connection);
    });
  }

  #ready(isLast: boolean): void {
    const { connection } = this.#host;
    connection.tellReady(this.#session.transactionStatus, () => {
      if (isLast) this.#over();
      if (!this.#hasFailed && !this.#isToldReady) {
        this.#isToldReady = true;
        safely(() => this.query.handleReadyForQuery?.(connection));
      }
      if (isLast) this.#end();
    });
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#host.turnOver(this);
  }

  #end(): void {
    this.request.end();
    this.#host.turnEnded(this);
  }
}
