import { wrongCount } from '../../codecs/compilers/argument-encoder.ts';
import { hasBackslashes } from '../../session/has-backslashes.ts';
import type { Request } from '../../session/request.ts';
import type { Session } from '../../session/session.ts';
import { describeQuery } from '../../session/statements/preparation.ts';
import { quoteArguments } from '../../session/statements/quote-arguments.ts';
import type { StatementDescription } from '../../session/statements/statement.ts';
import { replacePlaceholders, scanQuery } from '../../sql/placeholders.ts';
import { argsOf, type QueryObject } from '../calls/call.ts';

/** A query as COPY takes it: without parameters. */
export interface InlinedQuery {
  readonly text: string;
  readonly description: StatementDescription;
}

/** The text of a query without arguments, and without the semicolon at its end. */
export function plainText(session: Session, text: string): string {
  return text.slice(0, scanQuery(text, hasBackslashes(session.server.settings)).end);
}

/** Has a query described, and its arguments put in place of its placeholders. */
export async function inlineArguments(
  session: Session,
  parent: Request,
  query: QueryObject,
): Promise<InlinedQuery> {
  const description = await describeQuery(session, parent, query.text);
  const { parameterOids } = description;
  const args = argsOf(query);
  if (args.length !== parameterOids.length) {
    throw wrongCount(parameterOids.length, args);
  }
  if (args.length === 0) return { text: plainText(session, query.text), description };
  const expressions = await quoteArguments(session, parent, parameterOids, args);
  const scanned = scanQuery(query.text, hasBackslashes(session.server.settings));
  const text = replacePlaceholders(
    query.text,
    scanned,
    (number) => expressions[number - 1] ?? `$${number}`,
  );
  return { text, description };
}
