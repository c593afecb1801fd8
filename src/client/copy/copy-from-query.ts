import { InvalidArgumentError } from '../../errors/client-errors.ts';
import { hasBackslashes } from '../../session/has-backslashes.ts';
import type { Turn } from '../../session/requests/turn.ts';
import { hasSeveralStatements } from '../../sql/several-statements.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { argsOf, type QueryObject } from '../calls/call.ts';
import { checkOptions, type OptionNames } from '../calls/known-options.ts';
import type { ClientSession } from '../client-session.ts';
import { COMMON_OPTIONS, FORMAT_OPTIONS } from './copy-options.ts';
import { type CopyOutOptions, copyOut } from './copy-out.ts';
import { copyQueryToStdout } from './copy-statement.ts';
import { inlineArguments, plainText } from './inline-arguments.ts';

const { columns: _columns, schema: _schema, ...CALL_OPTIONS } = COMMON_OPTIONS;
const OPTIONS: OptionNames<CopyOutOptions> = {
  output: true,
  ...FORMAT_OPTIONS,
  ...CALL_OPTIONS,
};

/** Copies the result of a query to an output; see Queryable.copyFromQuery. */
export async function copyFromQuery(
  client: ClientSession,
  query: QueryObject,
  options: CopyOutOptions,
  deadline: Deadline | null,
): Promise<string> {
  checkOptions('copyFromQuery', options, OPTIONS);
  const { session } = client;
  const textOf = (text: string): string => copyQueryToStdout(text, options, session.server.version);
  const select = plainText(session, query.text);
  if (hasSeveralStatements(select, hasBackslashes(session.server.settings))) {
    // Its brackets could end those around it, and what follows would be executed as well.
    throw new InvalidArgumentError('the query of a COPY must be one statement, without a ";"');
  }
  const plain = textOf(select);
  const { output, onProgress, timeout = query.timeout } = options;
  const given = { output, onProgress, timeout };
  const args = argsOf(query);
  if (args.length === 0) return copyOut(client, plain, given, deadline);
  const lookUp = async (turn: Turn): Promise<string> => {
    const { text } = await inlineArguments(session, turn, query);
    return textOf(text);
  };
  return copyOut(client, plain, given, deadline, lookUp, args);
}
