import { InterfaceError, InternalClientError, TimeoutError } from '../errors/client-errors.ts';
import { PostgresError } from '../errors/postgres-error.ts';

/**
 * Gives an error the stack of the call that it ends. The error was made where the answer
 * arrived, far from the caller; here, in the continuation of the caller's own await, the
 * engine knows the asynchronous frames. So a stack costs nothing until something fails.
 */
export function atCaller(error: unknown): unknown {
  if (
    error instanceof PostgresError ||
    error instanceof InterfaceError ||
    error instanceof InternalClientError ||
    error instanceof TimeoutError
  ) {
    Error.captureStackTrace?.(error, atCaller);
  }
  return error;
}
