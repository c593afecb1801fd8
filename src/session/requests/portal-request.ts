import type { CallCodecs } from '../../codecs/codec-source.ts';
import { InFailedSQLTransactionError } from '../../errors/generated/sqlstate.ts';
import { writeClose, writeExecute, writeSync } from '../../protocol/frontend/query.ts';
import { Backend } from '../../protocol/message-type.ts';
import type { Deadline } from '../../transport/deadline.ts';
import type { Row } from '../../values/row.ts';
import type { RowForm } from '../../values/row-form.ts';
import type { RequestHost } from '../request.ts';
import { complete, RowCollector } from '../statements/row-collector.ts';
import { type Statement, withRows } from '../statements/statement.ts';
import { StatementRequest } from './statement-request.ts';

/** A portal that stays open between requests, inside a transaction. */
export interface Portal {
  readonly name: string;
  readonly text: string;
  readonly args: readonly unknown[];
  /** False: bound from the unnamed statement. */
  readonly prepare: boolean;
  /** What its rows are made. */
  readonly form: RowForm;
  /** What its arguments are written and its rows are read by, in place of the session's codecs. */
  readonly codecs: CallCodecs | undefined;
  /** Set when Bind is written. */
  statement: Statement | null;
  /** The server has said that it is. */
  isBound: boolean;
}

export interface PortalStep {
  /** The most rows to fetch; 0: none. */
  readonly fetch: number;
  /** Closes the portal after it. */
  readonly close: boolean;
}

export interface PortalRows {
  /** As which the rows came, all together. */
  readonly bytes: number;
  readonly rows: Row[];
  /** The last row has been reached. */
  readonly exhausted: boolean;
}

/** One step with a portal: binds it if that was not done, fetches, closes. */
export class PortalRequest extends StatementRequest<PortalRows> {
  readonly #portal: Portal;
  readonly #step: PortalStep;
  readonly #result: RowCollector;
  #bytes = 0;
  #exhausted = false;
  /** It is what binds the portal. */
  #binds = false;

  constructor(
    portal: Portal,
    step: PortalStep,
    deadline: Deadline | null,
    given: Statement | null,
  ) {
    super(portal.text, deadline, portal.statement ?? given, portal.prepare);
    this.#portal = portal;
    this.#result = new RowCollector(portal.form);
    this.#step = step;
  }

  protected override undone(): void {
    super.undone();
    // It was not bound.
    this.#portal.statement = null;
  }

  protected override write({ writer }: RequestHost): void {
    const portal = this.#portal;
    if (portal.statement === null) {
      this.#binds = true;
      const statement = this.statement!.withCodecs(portal.codecs);
      statement.writeParseIfUnnamed(writer);
      statement.writeBind(writer, portal.args, portal.name);
      statement.writeDescribeIfUnnamed(writer, portal.name);
      portal.statement = this.statement;
    }
    if (this.#step.fetch > 0) writeExecute(writer, portal.name, this.#step.fetch);
    if (this.#step.close) writeClose(writer, 'P', portal.name);
    writeSync(writer);
  }

  override dataRow(session: RequestHost, buffer: Buffer, start: number, end: number): void {
    const statement = withRows(this.statement);
    if (this.abandoned || this.error !== null) return;
    const reader = statement.withCodecs(this.#portal.codecs);
    this.#bytes += end - start;
    this.error = this.#result.add(session, reader, buffer, start, end);
  }

  protected override answer(
    session: RequestHost,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    if (type === Backend.PortalSuspended) return;
    if (type === Backend.EmptyQueryResponse && !this.#portal.isBound) {
      // Of a portal whose query could not be planned the server has an empty one.
      this.error ??= new InFailedSQLTransactionError(
        'the cursor is not open: its query has failed, and the transaction with it',
      );
      return;
    }
    super.answer(session, type, buffer, start, end);
    if (type === Backend.BindComplete) this.#portal.isBound = true;
  }

  protected override completed(): void {
    this.#exhausted = true;
  }

  protected override get isBound(): boolean {
    return this.#portal.statement !== null;
  }

  protected override get isRepeatable(): boolean {
    return false;
  }

  protected override get canLearnAnew(): boolean {
    return this.#binds;
  }

  protected override succeed(session: RequestHost): void {
    this.#portal.statement = this.statement;
    complete(session, this, [this.#result], () =>
      this.resolve({ rows: this.#result.rows, bytes: this.#bytes, exhausted: this.#exhausted }),
    );
  }
}
