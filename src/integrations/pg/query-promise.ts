import { isError } from '../../values/builtins.ts';
import type { Query, QueryCallback } from './query.ts';

function settling(
  resolve: (result: unknown) => void,
  reject: (error: unknown) => void,
): QueryCallback {
  return (error, result) => {
    if (error) reject(error);
    else resolve(result);
  };
}

/** What a query without a callback comes to. */
export function promiseOf(query: Query, PromiseClass: PromiseConstructor): Promise<any> {
  return new PromiseClass<any>((resolve, reject) => {
    query.callback = settling(resolve, reject);
  }).catch((error: unknown) => {
    // Here the engine knows who awaits it; where the answer came it did not.
    if (isError(error)) Error.captureStackTrace?.(error);
    throw error;
  });
}
