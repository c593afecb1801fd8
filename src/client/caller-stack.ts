import { InterfaceError, InternalClientError, TimeoutError } from '../errors/client-errors.ts';
import { PostgresError } from '../errors/postgres-error.ts';

const located = new WeakSet<object>();

/**
 * Gives an error the stack of the call that it ends. The error was made where the answer
 * arrived, far from the caller; here, in the continuation of the caller's own await, the
 * engine knows the asynchronous frames. So a stack costs nothing until something fails.
 */
export function atCaller(error: unknown): unknown {
  // An error that passes through an outer call, a transaction's, keeps the line of the inner one.
  if (typeof error !== 'object' || error === null || located.has(error)) return error;
  if (
    error instanceof PostgresError ||
    error instanceof InterfaceError ||
    error instanceof InternalClientError ||
    error instanceof TimeoutError
  ) {
    Error.captureStackTrace?.(error, atCaller);
    located.add(error);
  }
  return error;
}
