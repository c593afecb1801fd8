import type { PostgresError, ServerMessageFields } from '../../errors/postgres-error.ts';
import type { FieldDescription } from '../../protocol/backend/result.ts';
import type { Request, RequestHost } from '../request.ts';
import type { StatementDescription } from '../statements/statement.ts';
import { PrepareRequest } from './prepare-request.ts';

/** A query that reads the tables of a COPY, and what the server has said of it. */
export interface CopyModel {
  readonly text: string;
  readonly parameterOids: readonly number[];
  /** The type of a domain's column is the one that the domain is made of. */
  readonly columns: readonly Pick<FieldDescription, 'name' | 'typeOid'>[];
}

/** A COPY that is preceded by its model. */
interface ModelledCopy extends Request {
  /** What is not as it was when the client prepared for the columns; null: all is. */
  change: string | null;
}

/**
 * Finds out whether a COPY's columns are still those that the client has prepared for. Another session
 * may have altered them since, and neither the data nor its format tells: an int8 and a timestamp are
 * eight bytes each. So the model is parsed and described once more in the flight of the COPY, ahead of it.
 *
 * In a transaction that holds the tables as they are, so the COPY begins one for the two if none is open. An ALTER
 * that waits for the model to be over would else come before the COPY. One series of extended messages would do as
 * well, but poolers such as Pgpool-II know COPY as a Query alone.
 */
export class ModelRequest extends PrepareRequest {
  readonly #model: CopyModel;
  readonly #copy: ModelledCopy;

  constructor(model: CopyModel, copy: ModelledCopy) {
    super('', model.text);
    this.#model = model;
    this.#copy = copy;
    // The COPY tells what it has failed with.
    this.promise.catch(() => {});
  }

  override get isInOwnTransaction(): boolean {
    return this.#copy.isInOwnTransaction;
  }

  override start(session: RequestHost): void {
    this.#copy.inner = new Set([this]);
    super.start(session);
  }

  override serverError(
    session: RequestHost,
    error: PostgresError,
    fields: ServerMessageFields,
  ): void {
    error.query = this.#model.text;
    super.serverError(session, error, fields);
  }

  override ready(): void {
    this.#copy.inner = null;
    // What becomes of the COPY behind an error comes of that.
    if (this.error === null) this.#copy.change = changeOf(this.#model, this.description);
    else this.#copy.error ??= this.error;
    super.ready();
  }

  protected override refused(session: RequestHost, error: unknown): void {
    this.#copy.inner = null;
    this.#copy.fail(error);
    super.refused(session, error);
  }
}

function changeOf({ columns, parameterOids }: CopyModel, now: StatementDescription): string | null {
  const fields = now.fields ?? [];
  if (fields.length !== columns.length) {
    return `the table or query has ${fields.length}, not ${columns.length}`;
  }
  for (const [i, was] of columns.entries()) {
    const { name, typeOid } = fields[i]!;
    if (name !== was.name) return `column ${i + 1} is "${name}", not "${was.name}"`;
    if (typeOid !== was.typeOid) return `the type of column "${name}" is another`;
  }
  const isSame = now.parameterOids.join() === parameterOids.join();
  return isSame ? null : 'the types of the parameters are others';
}
