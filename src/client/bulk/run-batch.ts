import { BatchRequest, type BatchResult } from '../../session/requests/batch-request.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { argsOf, isPrepared, type QueryObject } from '../calls/call.ts';
import { commentOf, withComment } from '../calls/query-comment.ts';
import type { ClientSession } from '../client-session.ts';
import { CODECS } from '../internals.ts';
import { limitsOf } from './batch.ts';

/** Has several queries executed in one flight, all or none. */
export async function runBatch(
  client: ClientSession,
  queries: readonly QueryObject[],
  deadline: Deadline | null,
  hasFields: boolean = false,
): Promise<BatchResult[]> {
  if (queries.length === 0) return [];
  const items = queries.map((query) => ({
    text: query.text,
    args: argsOf(query),
    prepare: isPrepared(query),
    form: query.rows ?? 'record',
    codecs: query[CODECS],
  }));
  const texts = items.map(({ text }) => text);
  const all = texts.join(';\n');
  const comment = commentOf(all);
  const sent =
    comment === null
      ? items
      : items.map((item) => ({ ...item, text: withComment(item.text, comment), prepare: false }));
  const promise = client.submitAll(new BatchRequest(sent, deadline, hasFields), texts);
  const args = items.map((item) => item.args);
  return client.logged(promise, all, args, limitsOf(queries).timeout, 'query', items.length);
}
