import type { QueryResult } from '../session/requests/query-result.ts';
import { ScriptResultsRequest } from '../session/requests/script-results-request.ts';
import type { StatementKind } from '../sql/statement-kind.ts';
import type { Deadline } from '../transport/deadline.ts';
import type { QueryObject } from './calls/call.ts';
import type { ClientSession } from './client-session.ts';
import { CODECS } from './internals.ts';

/** What a script of no statement comes to. */
const EMPTY: QueryResult = Object.freeze({ rows: Object.freeze([]), fields: null, tag: '' });

/** Executes a script of statements without arguments, and resolves to the result of the last one. */
export function scriptResult(
  client: ClientSession,
  { text, rows, timeout, [CODECS]: codecs }: QueryObject,
  deadline: Deadline | null,
  kind: StatementKind,
): Promise<QueryResult> {
  const request = new ScriptResultsRequest(text, deadline, rows, kind.repeatable, codecs);
  client.submit(request, text, kind);
  const answer = client.answerOf(request, kind).then((results) => results.at(-1) ?? EMPTY);
  return client.logged(answer, text, [], timeout);
}
