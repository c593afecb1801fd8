import { statementKind } from '../../sql/statement-kind.ts';
import type { Deadline } from '../../transport/deadline.ts';
import type { Request, RequestHost } from '../request.ts';
import { prepareStatement, withQuery } from '../statements/preparation.ts';
import type { Statement } from '../statements/statement.ts';
import { newStatementName } from '../statements/statement-name.ts';
import { InnerRequests } from './inner-requests.ts';

/**
 * A request that prepares a statement which its caller keeps, under a name of its own unless
 * one is given.
 */
export function prepareStatementRequest(
  text: string,
  name: string | undefined,
  session: RequestHost,
  deadline: Deadline | null,
): Request<Statement> {
  // Without a statement cache there is a pooler in between, where names are of no use. An unnamed
  // statement's columns are asked for with each execution.
  const isKept = session.statements.named.accepts('') && !statementKind(text).parsedAnew;
  const unnamed = name === undefined && !isKept;
  const given = unnamed ? '' : (name ?? newStatementName());
  return new InnerRequests(async (_session, parent) => {
    try {
      const statement = await prepareStatement(session, parent, text, given);
      const { surroundings } = session.statements;
      statement.scope = surroundings.scope;
      statement.definitions = surroundings.definitions.count;
      // The call was ended meanwhile: the server need not keep the statement.
      if (parent.abandoned) session.statements.close(given);
      return statement;
    } catch (error) {
      throw withQuery(error, text);
    }
  }, deadline);
}
