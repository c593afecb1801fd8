import { isError } from '../../values/builtins.ts';
import type { Query } from './query.ts';

/** What a query without a callback comes to. */
export function promiseOf(query: Query, PromiseClass: PromiseConstructor): Promise<any> {
  return new PromiseClass<any>((resolve, reject) => {
    query.callback = (error, result) => {
      if (error) reject(error);
      else resolve(result);
    };
  }).catch((error: unknown) => {
    // Here the engine knows who awaits it; where the answer came it did not.
    if (isError(error)) Error.captureStackTrace?.(error);
    throw error;
  });
}
