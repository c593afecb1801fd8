import type { PostgresError, ServerMessageFields } from '../../errors/postgres-error.ts';
import { readCommandComplete } from '../../protocol/backend/result.ts';
import {
  checkParameterCount,
  writeDescribe,
  writeExecute,
  writeFlush,
  writeParse,
  writeSync,
} from '../../protocol/frontend/query.ts';
import { Backend, Frontend } from '../../protocol/message-type.ts';
import { MessageReader } from '../../protocol/reader.ts';
import type { MessageWriter } from '../../protocol/writer.ts';
import { statementKind } from '../../sql/statement-kind.ts';
import type { RequestHost } from '../request.ts';
import { type CopyInRefusal, refuseCopyIn } from './copy-refusal.ts';
import { ExtendedRequest } from './extended-request.ts';
import type { UntypedResults } from './untyped-results.ts';

/** A query whose parameters the server gives their types, and whose columns it tells of. */
export interface UntypedQuery {
  readonly text: string;
  /** The name of the statement; empty: unnamed. Read once `parse` was asked. */
  readonly statement: string;
  /**
   * Whether the statement is to be parsed, as it is not known by its name yet. It is asked when the
   * query is sent; what it throws, the query fails with.
   */
  readonly parse: () => boolean;
  /** Whether the columns are asked for: not those of an unnamed portal that are known. Read after `parse`. */
  readonly describe: boolean;
  /** The OIDs of parameters; 0, or none at all, where the server decides. */
  readonly parameterTypes: readonly number[];
  readonly portal: string;
  readonly values: readonly unknown[];
  /**
   * What is sent for a value: text, bytes in binary format, or NULL for null and undefined, which JSON makes of
   * what has no value in it. What it throws, the query fails with.
   */
  readonly prepare: (value: unknown) => string | Uint8Array | null | undefined;
  /** Whether all columns come in binary format, and not as text. */
  readonly binary: boolean;
  /** How many rows are asked for at a time; 0: all. */
  readonly maxRows: number;
  /** Whether nothing is sent behind it before it is answered. */
  readonly alone: boolean;
  /** Whether the session follows what it changes for other statements. */
  readonly watched: boolean;
}

/** A COPY FROM STDIN fails with the error that the server makes of this. */
export const NO_COPY_SOURCE: CopyInRefusal = { reason: 'No source stream defined', error: null };

/**
 * Parse, Bind, Describe and Execute in one flight, without a look at any type: values go as text
 * and come in the format that was asked for.
 */
export class UntypedQueryRequest extends ExtendedRequest<void> {
  readonly #query: UntypedQuery;
  readonly #results: UntypedResults;
  readonly #isPaged: boolean;
  /** Holds the queue until it is answered. */
  readonly #holds: boolean;
  /** The unread rest of the portal is not to be asked for: Sync was sent. */
  #isSynced: boolean;

  constructor(query: UntypedQuery, results: UntypedResults) {
    super(null);
    this.#query = query;
    this.#results = results;
    this.#isPaged = query.maxRows > 0;
    this.#holds = this.#isPaged || query.alone;
    this.#isSynced = !this.#isPaged;
  }

  override start(session: RequestHost): void {
    if (this.#holds) session.queue.hold(this);
    this.send(session);
    if (this.#query.watched && this.state === 'sent') this.#watch(session);
  }

  /** Functions are not counted: the server reports most of what they set. */
  #watch(session: RequestHost): void {
    const { text, values } = this.#query;
    const { changesSurroundings, changesSchema, dropsStatements } = statementKind(text);
    if (!changesSurroundings && !changesSchema && !dropsStatements) return;
    session.statements.surroundings.sent(this, [{ text, args: values }]);
  }

  protected override write({ writer }: RequestHost): void {
    const query = this.#query;
    if (query.parse()) writeParse(writer, query.statement, query.text, query.parameterTypes);
    writeUntypedBind(writer, query);
    if (query.portal === '' && !this.#isPaged) {
      writer.bytes(query.describe ? DESCRIBE_EXECUTE_SYNC : EXECUTE_SYNC);
      return;
    }
    writeDescribe(writer, 'P', query.portal);
    writeExecute(writer, query.portal, query.maxRows);
    if (this.#isPaged) writeFlush(writer);
    else writeSync(writer);
  }

  override dataRow(session: RequestHost, buffer: Buffer, start: number, end: number): void {
    if (!this.abandoned) this.#results.row(buffer, start, end, session.inbox.textRun);
  }

  protected override answer(
    session: RequestHost,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    switch (type) {
      case Backend.ParseComplete:
        this.#results.parsed();
        return;
      case Backend.BindComplete:
        this.#results.bound();
        return;
      case Backend.RowDescription:
        this.#results.described(buffer, start, end);
        return;
      case Backend.CommandComplete:
        this.#results.completed(readCommandComplete(new MessageReader(buffer, start, end)));
        this.#sync(session);
        return;
      case Backend.EmptyQueryResponse:
        this.#results.completed('');
        this.#sync(session);
        return;
      case Backend.PortalSuspended:
        if (this.abandoned) this.#sync(session);
        else this.#nextPage(session);
        return;
    }
  }

  #nextPage(session: RequestHost): void {
    const { writer } = session;
    const mark = writer.mark();
    writeExecute(writer, this.#query.portal, this.#query.maxRows);
    writeFlush(writer);
    this.awaitAnswers(session, mark);
    session.outbox.flushSoon();
  }

  #sync(session: RequestHost): void {
    if (this.#isSynced) return;
    this.#isSynced = true;
    writeSync(session.writer);
    session.outbox.flushSoon();
  }

  protected override copyIn(session: RequestHost): void {
    refuseCopyIn(session, this, true, NO_COPY_SOURCE);
    this.#isSynced = true;
  }

  protected override copyOut(): void {
    // Its data is dropped.
  }

  override errorBody(buffer: Buffer, start: number, end: number): void {
    if (!this.abandoned) this.#results.error(buffer, start, end);
  }

  override serverError(
    session: RequestHost,
    error: PostgresError,
    fields: ServerMessageFields,
  ): void {
    super.serverError(session, error, fields);
    this.#sync(session);
  }

  override get isAnswered(): boolean {
    return this.#isSynced && super.isAnswered;
  }

  override ready(session: RequestHost): void {
    if (this.#holds) session.queue.release(this);
    if (this.error === null) this.resolve();
    else this.fail(this.error);
  }

  protected override refused(session: RequestHost, error: unknown): void {
    if (this.#holds) session.queue.release(this);
    super.refused(session, error);
  }

  // Nobody has the promise: the results are told instead.

  protected override resolve(): void {
    tellOver(this, this.#results, null);
  }

  override fail(error: unknown): void {
    tellOver(this, this.#results, error);
  }

  override abandon(): void {
    if (this.state !== 'done') this.abandoned = true;
  }
}

/** Tells once that a request is over. */
export function tellOver(
  request: { state: string; error: unknown },
  results: UntypedResults,
  error: unknown,
): void {
  if (request.state === 'done') return;
  request.state = 'done';
  results.settled(error);
}

/** Bind of values in the format that each of them has. */
export function writeUntypedBind(
  writer: MessageWriter,
  query: Pick<UntypedQuery, 'portal' | 'statement' | 'values' | 'prepare' | 'binary'>,
): void {
  const { values, prepare } = query;
  const count = values.length;
  checkParameterCount(count);
  writer.begin(Frontend.Bind);
  writer.cstring(query.portal, 'the name of a portal');
  writer.cstring(query.statement, 'the name of a prepared statement');
  writer.uint16(count);
  let format = writer.offset;
  for (let i = 0; i < count; i++) writer.uint16(0);
  writer.uint16(count);
  for (let i = 0; i < count; i++) {
    const value = prepare(values[i]);
    if (value === null || value === undefined) {
      writer.int32(-1);
    } else if (typeof value === 'string') {
      const at = writer.reserveLength();
      writer.utf8Lossy(value);
      writer.patchLength(at);
    } else {
      writer.int32(value.length);
      writer.bytes(value);
      writer.view.setInt16(format, 1);
    }
    format += 2;
  }
  writer.uint16(1);
  writer.uint16(query.binary ? 1 : 0);
  writer.end();
}

/** Describe and Execute of the unnamed portal, and Sync, as they nearly always are. */
const DESCRIBE_EXECUTE_SYNC = Uint8Array.of(
  ...[Frontend.Describe, 0, 0, 0, 6, 0x50, 0],
  ...[Frontend.Execute, 0, 0, 0, 9, 0, 0, 0, 0, 0],
  ...[Frontend.Sync, 0, 0, 0, 4],
);

const EXECUTE_SYNC = DESCRIBE_EXECUTE_SYNC.subarray(7);
