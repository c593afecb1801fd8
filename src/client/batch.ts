import { InvalidArgumentError } from '../errors/client-errors.ts';
import { BatchRequest, type BatchResult } from '../session/requests/batch-request.ts';
import type { Deadline } from '../transport/deadline.ts';
import {
  argsOf,
  type CallOptions,
  isPrepared,
  type Query,
  type QueryObject,
  toQuery,
} from './call.ts';
import type { ClientSession } from './client-session.ts';

/** The queries of a batch, each as an object. */
export function callsOf(queries: readonly Query[]): QueryObject[] {
  if (!Array.isArray(queries)) throw new InvalidArgumentError('a batch is an array of queries');
  return queries.map((query) => toQuery(query, []));
}

/** Has several queries executed in one flight, all or none. */
export async function runBatch(
  client: ClientSession,
  queries: readonly QueryObject[],
  deadline: Deadline | null,
): Promise<BatchResult[]> {
  if (queries.length === 0) return [];
  const items = queries.map((query) => ({
    text: query.text,
    args: argsOf(query),
    prepare: isPrepared(query),
  }));
  const request = new BatchRequest(items, deadline);
  const texts = items.map(({ text }) => text);
  return client.logged(client.submitAll(request, texts), texts.join(';\n'), items);
}

/** What holds for the call that a batch is: the shortest time-out, and every signal. */
export function limitsOf(queries: readonly QueryObject[]): CallOptions {
  const timeouts = queries.flatMap(({ timeout }) => timeout ?? []);
  const signals = [...new Set(queries.flatMap(({ signal }) => signal ?? []))];
  return {
    timeout: timeouts.length === 0 ? undefined : Math.min(...timeouts),
    signal: signals.length > 1 ? AbortSignal.any(signals) : signals[0],
  };
}
