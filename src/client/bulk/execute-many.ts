import { InterfaceError, InvalidArgumentError } from '../../errors/client-errors.ts';
import {
  type ArgumentSets,
  ExecuteManyRequest,
} from '../../session/requests/execute-many-request.ts';
import type { Statement } from '../../session/statements/statement.ts';
import { statementKind } from '../../sql/statement-kind.ts';
import type { Deadline } from '../../transport/deadline.ts';
import type { Row } from '../../values/row.ts';
import type { RowForm } from '../../values/row-form.ts';
import { commentOf, withComment } from '../calls/query-comment.ts';
import type { ClientSession } from '../client-session.ts';

/** How a statement is executed for many sets. */
interface ManySets {
  readonly wantRows: boolean;
  /** What rows are made; default: 'record'. */
  readonly form?: RowForm | undefined;
  /** The statement, if the caller has prepared it. */
  readonly statement?: Statement | undefined;
  /** What loggers are told of the call's time-out, in milliseconds. */
  readonly timeout?: number | undefined;
}

/** Executes a statement once for each set; see Queryable.executeMany. */
export async function executeMany(
  client: ClientSession,
  text: string,
  sets: ArgumentSets,
  deadline: Deadline | null,
  { wantRows, form = 'record', statement, timeout }: ManySets,
): Promise<Row[]> {
  if (typeof text !== 'string') {
    throw new InvalidArgumentError('the query of a call with many sets of values is a string');
  }
  if (
    sets === null ||
    typeof sets !== 'object' ||
    !(Symbol.iterator in sets || Symbol.asyncIterator in sets)
  ) {
    throw new InterfaceError('expected an iterable of arrays of values', { safeToRetry: true });
  }
  if (Array.isArray(sets) && sets.length === 0) return [];
  const kind = statementKind(text);
  const comment = statement === undefined ? commentOf(text) : null;
  const prepare = !kind.parsedAnew && comment === null;
  const sent = withComment(text, comment);
  const request = new ExecuteManyRequest(
    sent,
    sets,
    wantRows,
    deadline,
    statement ?? null,
    prepare,
    form,
  );
  client.submit(request, text, kind);
  const args = sets as unknown as readonly unknown[];
  const size = Array.isArray(sets) ? sets.length : undefined;
  return client.logged(request.promise, text, args, timeout, 'query', size);
}
