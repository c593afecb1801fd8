import { InterfaceError, ProtocolError, TimeoutError } from '../../errors/client-errors.ts';
import { ConnectionFailureError } from '../../errors/generated/sqlstate.ts';
import { PostgresError } from '../../errors/postgres-error.ts';
import type { DatabaseError } from './database-error.ts';

/**
 * What a failure to connect is in node-postgres; null: nothing but the end of the connection, which tells
 * of itself. `said`: what the server said of it, if anything.
 */
export function connectFailure(error: unknown, said: DatabaseError | null): unknown {
  if (error instanceof TimeoutError) return new Error('timeout expired');
  if (error instanceof ConnectionFailureError && error.severity === null) {
    return error.cause ?? null;
  }
  if (error instanceof PostgresError) return said ?? error;
  if (error instanceof InterfaceError && error.message.includes('does not support TLS')) {
    return new Error('The server does not support SSL connections');
  }
  if (error instanceof ProtocolError) {
    return error.message.includes('SSLRequest')
      ? new Error('There was an error establishing an SSL connection')
      : new Error(`received invalid response: ${error.message}`, { cause: error });
  }
  return error;
}

/** The system's error by which a session was lost; null if it has only come to its end. */
export function lossOf(reason: Error | null): unknown {
  if (reason === null || reason instanceof ProtocolError || reason instanceof InterfaceError) {
    return reason;
  }
  return reason.cause ?? null;
}
