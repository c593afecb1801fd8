import { InvalidArgumentError } from '../../errors/client-errors.ts';
import { refusedCopy } from '../../session/requests/copy-refusal.ts';
import { prepareStatementRequest } from '../../session/requests/prepare-statement-request.ts';
import type { Statement } from '../../session/statements/statement.ts';
import { statementKind } from '../../sql/statement-kind.ts';
import type { Deadline } from '../../transport/deadline.ts';
import type { ClientSession } from '../client-session.ts';

/** Prepares a statement that its caller keeps; see Connection.prepare. */
export function prepareKept(
  client: ClientSession,
  text: string,
  { name, timeout }: { readonly name?: string | undefined; readonly timeout?: number | undefined },
  deadline: Deadline | null,
): Promise<Statement> {
  if (typeof text !== 'string') {
    throw new InvalidArgumentError('the query of a prepared statement is a string');
  }
  if (typeof (name ?? '') !== 'string') {
    throw new InvalidArgumentError('the name of a prepared statement is a string');
  }
  const { session } = client;
  const request = prepareStatementRequest(text, name, session, deadline);
  const { copies } = statementKind(text);
  const refusal = copies === null ? null : refusedCopy(text, session.server.settings);
  if (refusal === null) session.submit(request);
  else request.fail(refusal);
  return client.logged(request.promise, text, [], timeout, 'prepare');
}
