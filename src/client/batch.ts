import { InvalidArgumentError } from '../errors/client-errors.ts';
import { BatchRequest, type BatchResult } from '../session/requests/batch-request.ts';
import type { Deadline } from '../transport/deadline.ts';
import type { RowStyle } from '../values/column-names.ts';
import type { RowForm, RowOf } from '../values/row-form.ts';
import {
  argsOf,
  type CallOptions,
  isPrepared,
  type Query,
  type QueryObject,
  toQuery,
} from './call.ts';
import type { RowTypeOf } from './checked-queries.ts';
import type { ClientSession } from './client-session.ts';
import { CODECS } from './internals.ts';
import { commentOf, withComment } from './query-comment.ts';

/** What a batch comes to: a result for each query, in order. */
export type BatchResults<F extends RowForm, Q extends readonly Query[]> = {
  -readonly [K in keyof Q]: BatchResult<RowOf<FormOf<F, Q[K]>, RowTypeOf<Q[K]>>>;
};

/** What the rows of a query are made, where others are made `F`. */
type FormOf<F extends RowForm, Q> = Q extends { readonly rows: infer G extends RowForm } ? G : F;

/** The queries of a batch, each as an object. */
export function callsOf(queries: readonly Query[], style: RowStyle): QueryObject[] {
  if (!Array.isArray(queries)) throw new InvalidArgumentError('a batch is an array of queries');
  return queries.map((query) => toQuery(query, [], style));
}

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
  return client.logged(promise, all, items, undefined, 'query', items.length);
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
