import type { FieldDescription } from '../../protocol/backend/result.ts';
import type { RequestHost } from '../request.ts';
import { Statement } from './statement.ts';

/**
 * An unnamed statement with the columns that its portal really has: the statement itself if
 * they are those that it was described with. If not, its rows come in the formats that were
 * asked for, but have other types, and what was known of this and other statements is forgotten.
 */
export function asDescribed(
  session: RequestHost,
  statement: Statement,
  fields: readonly FieldDescription[] | null,
): Statement {
  const mayHaveDomains = session.registry.domains?.mayBeOf(fields) === true;
  if (statement.returns(fields, mayHaveDomains)) return statement;
  session.statements.unnamed.clear();
  const { parameterOids } = statement.description;
  const description = { parameterOids, fields };
  return new Statement(statement.text, '', description, session.registry, true);
}
