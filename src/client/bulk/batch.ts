import { InvalidArgumentError } from '../../errors/client-errors.ts';
import type { BatchResult } from '../../session/requests/batch-request.ts';
import type { RowStyle } from '../../values/column-names.ts';
import type { RowForm, RowOf } from '../../values/row-form.ts';
import { type CallOptions, type Query, type QueryObject, toQuery } from '../calls/call.ts';
import type { FormOf, RowTypeOf } from '../fragments/checked-queries.ts';

/** What a batch comes to: a result for each query, in order. */
export type BatchResults<F extends RowForm, Q extends readonly Query<RowForm>[]> = {
  -readonly [K in keyof Q]: BatchResult<RowOf<FormOf<F, Q[K]>, RowTypeOf<Q[K]>>>;
};

/** The queries of a batch, each as an object. */
export function callsOf(queries: readonly Query[], style: RowStyle): QueryObject[] {
  if (!Array.isArray(queries)) throw new InvalidArgumentError('a batch is an array of queries');
  return Array.from(queries, (query) => toQuery(query, [], style));
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
