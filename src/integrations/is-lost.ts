import { InterfaceError } from '../errors/client-errors.ts';
import { PostgresError } from '../errors/postgres-error.ts';

/** Whether a call was made on a connection that was lost before: the server went away in the middle of a transaction. */
export function isLost(error: unknown): boolean {
  return (
    error instanceof InterfaceError && error.isTransient && error.cause instanceof PostgresError
  );
}
