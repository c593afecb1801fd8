import type { Request } from '../../session/request.ts';
import { UntypedQueryRequest } from '../../session/requests/untyped-query-request.ts';
import { UntypedScriptRequest } from '../../session/requests/untyped-script-request.ts';
import { nextTick } from '../../transport/turn.ts';
import type { Connection } from './connection.ts';
import { DatabaseError } from './database-error.ts';
import { KeptStatements } from './kept-statements.ts';
import type { Link } from './link.ts';
import { Query } from './query.ts';
import { QueryRun, type RunHost } from './query-run.ts';
import { readsAsMade } from './result.ts';
import { type Submittable, SubmittableTurn, type TurnHost } from './submittable-turn.ts';
import type { ParserSource } from './type-overrides.ts';
import { prepareValue } from './utils.ts';
import { wellFormed } from './well-formed.ts';

/** A query of this library's own or of somebody else's. */
export type Queued = Query | Submittable;

/** What a dispatcher needs of its client. */
export interface DispatcherHost {
  readonly connection: Connection;
  readonly pipeline: boolean;
  /** What tells parsers where neither result nor query does. */
  readonly _types: ParserSource;
  /** A query of the library's own is over, with an error or null. */
  queryOver(query: Query, error: unknown): void;
  /** A query that speaks for itself has failed, and is told of nothing that follows. */
  submittableFailed(query: Submittable): void;
  /** It is over, but not told yet. */
  submittableOver(): void;
  /** It was told, and the next one may go. */
  submittableEnded(): void;
}

const OWN = Query.prototype;
/** As they were made: what somebody puts in their place, in a class or an object, is asked. */
const { submit, prepare, _getRows } = OWN;
const { handleRowDescription, handleDataRow, handlePortalSuspended, handleEmptyQuery } = OWN;
const { handleCommandComplete, handleCopyInResponse, handleCopyData } = OWN;

/** Whether the short way has the same effect as all the messages, one by one, for who is told of them. */
function goesTheShortWay(query: Queued, connection: Connection): query is Query {
  return (
    query instanceof Query &&
    query.submit === submit &&
    query.prepare === prepare &&
    query._getRows === _getRows &&
    query.handleRowDescription === handleRowDescription &&
    query.handleDataRow === handleDataRow &&
    query.handlePortalSuspended === handlePortalSuspended &&
    query.handleEmptyQuery === handleEmptyQuery &&
    query.handleCommandComplete === handleCommandComplete &&
    query.handleCopyInResponse === handleCopyInResponse &&
    query.handleCopyData === handleCopyData &&
    readsAsMade(query._result) &&
    !connection.hearsAnswers
  );
}

/** Characters of a name that the server keeps. */
const MAX_NAME = 63;
const NO_VALUES: readonly never[] = [];
const always = (): boolean => true;

/** A COPY for whose data the server would wait: nothing may be sent behind it. */
const COPY_FROM_STDIN = /stdin/i;

/** Puts the queries of one client on the wire. */
export class Dispatcher {
  readonly #host: DispatcherHost;
  readonly #link: Link;
  /** With the option `prepare`. */
  #statements: KeptStatements | null = null;
  /** What was sent last; without a pipeline that is the active query's. */
  #query: Queued | null = null;
  #request: Request | null = null;
  #run: RunHost | null = null;
  #turns: TurnHost | null = null;

  constructor(host: DispatcherHost, link: Link) {
    this.#host = host;
    this.#link = link;
  }

  /** From now on texts are kept as statements. */
  keepStatements(): void {
    this.#statements = new KeptStatements(this.#link.session!.statements);
  }

  /** Sends a query. */
  start(query: Queued): void {
    const isOwn = goesTheShortWay(query, this.#host.connection);
    this.#statements?.passing((query as Query).text, isOwn);
    if (isOwn) this.#sendOwn(query, this.#statements);
    else this.#ask(query);
  }

  /** Has the server stop the active query: nobody waits for its answers any more. */
  stop(query: Queued): void {
    if (this.#query === query) this.#link.session?.canceller.dismiss(this.#request!);
  }

  #ask(query: Submittable): void {
    const turn = new SubmittableTurn(this.#turnHost, this.#link.session!, query);
    this.#query = query;
    this.#request = turn.request;
    turn.ask();
  }

  #send(query: Queued, request: Request): void {
    this.#query = query;
    this.#request = request;
    this.#link.session!.submit(request);
  }

  #sendOwn(query: Query, statements: KeptStatements | null): void {
    const refusal = query._refusal(this.#host.connection);
    if (refusal !== null) {
      nextTick(() => this.#host.queryOver(query, refusal));
      return;
    }
    this.#send(query, this.#requestFor(query, statements));
  }

  #requestFor(query: Query, statements: KeptStatements | null): Request {
    const run = new QueryRun(this.#runHost, query);
    const { name } = query;
    const text = wellFormed(query.text);
    const alone = this.#host.pipeline && COPY_FROM_STDIN.test(text);
    if (!query.requiresPreparation()) return new UntypedScriptRequest(text, run, alone);
    const types: any = query.types;
    const sent = {
      text,
      statement: name || '',
      describe: true,
      parse: name ? () => this.#mustParse(run, name) : always,
      parameterTypes: Array.isArray(types) ? types : NO_VALUES,
      portal: query.portal,
      values: query.values || NO_VALUES,
      prepare: prepareValue,
      binary: Boolean(query.binary),
      maxRows: Number(query.rows) || 0,
      alone,
      watched: this.#statements !== null || this.#link.hasDriver,
    };
    // The text alone does not say what it is, if types of parameters are told.
    if (statements !== null && !name && sent.parameterTypes === NO_VALUES) {
      const choose = (): boolean => statements.choose(sent, run);
      sent.parse = choose;
      run.sent = sent;
    }
    return new UntypedQueryRequest(sent, run);
  }

  #mustParse(run: QueryRun, name: string): boolean {
    const { connection } = this.#host;
    const { query } = run;
    // Another query may have taken the name since this one joined the queue.
    const refusal = query._refusal(connection);
    if (refusal !== null) throw refusal;
    if (query.hasBeenParsed(connection)) return false;
    if (name.length > MAX_NAME) {
      process.emitWarning(
        `Postgres only supports ${MAX_NAME} characters for query names, and ${name} has ${name.length}. ` +
          'This can cause conflicts and silent errors executing queries.',
      );
    }
    connection.submittedNamedStatements[name] = query.text ?? '';
    run.isNaming = true;
    return true;
  }

  /**
   * Whether a query with a statement that is kept has failed because of that alone: then it is sent
   * once more, without a name.
   */
  #startsAgain(run: QueryRun, error: unknown): boolean {
    const statements = this.#statements!;
    const sent = run.sent!;
    if (error === null) statements.succeeded(sent, run);
    if (!(error instanceof DatabaseError) || !statements.failed(sent, run, error)) return false;
    // In a transaction all is lost, whatever the reason.
    if (this.#link.session!.transactionStatus !== 'I') return false;
    this.#sendOwn(run.query, null);
    return true;
  }

  get #runHost(): RunHost {
    this.#run ??= {
      types: this.#host._types,
      statementParsed: ({ kept, query: { name, text } }) => {
        if (kept !== null) kept.isParsed = true;
        if (!name) return;
        const { connection } = this.#host;
        connection.parsedStatements[name] = text;
        delete connection.submittedNamedStatements[name];
      },
      queryOver: (run, error) => {
        // Then the end of the session tells all queries at once.
        if (this.#link.session!.isEnded) return;
        if (run.kept !== null && this.#startsAgain(run, error)) return;
        // What was refused has not named anything: the name may be that of a query not yet answered.
        if (error !== null && run.isNaming) {
          delete this.#host.connection.submittedNamedStatements[run.query.name!];
        }
        this.#host.queryOver(run.query, error);
      },
    };
    return this.#run;
  }

  get #turnHost(): TurnHost {
    const host = this.#host;
    const link = this.#link;
    this.#turns ??= {
      connection: host.connection,
      turnBegun: (turn) => {
        link.turn = turn;
      },
      turnFailed: ({ query }) => host.submittableFailed(query),
      turnOver: () => host.submittableOver(),
      turnEnded: (turn) => {
        if (link.turn === turn) link.turn = null;
        host.submittableEnded();
      },
    };
    return this.#turns;
  }
}
