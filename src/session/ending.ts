import { InterfaceError, ProtocolError } from '../errors/client-errors.ts';
import { ConnectionDoesNotExistError } from '../errors/generated/sqlstate.ts';
import type { ServerMessageFields } from '../errors/postgres-error.ts';
import { endedBeforeWork, postgresErrorFrom } from '../errors/server-message.ts';

/**
 * What idle_in_transaction_session_timeout and idle_session_timeout end a session with: the server looks for
 * them ahead of each request, so that nothing of what comes then is begun. PostgreSQL manual, "Client Connection Defaults".
 */
export const IDLE_LIMITS: readonly unknown[] = ['25P03', '57P05'];

/**
 * The error of one call that the end of its session concerns, a fresh one for each: what the
 * server said last, if it said anything, or why the client gave the connection up.
 */
export function endedError(
  lastWords: ServerMessageFields | null,
  reason: Error | null,
  safeToRetry: boolean,
): Error {
  if (lastWords !== null) {
    const isBegun = !IDLE_LIMITS.includes(lastWords.sqlstate) && !endedBeforeWork(lastWords);
    return postgresErrorFrom(lastWords, { safeToRetry: safeToRetry || !isBegun });
  }
  if (reason === null) {
    // By its own user, who would close the next one as well.
    const options = { safeToRetry, isTransient: false };
    return new ConnectionDoesNotExistError('the connection was closed', {}, options);
  }
  if (reason instanceof ProtocolError) {
    return new ProtocolError(reason.message, { cause: reason, safeToRetry });
  }
  // What the user has done to the session, such as another client_encoding, would end the next one too.
  const isTransient = !(reason instanceof InterfaceError);
  const options = { cause: reason.cause ?? reason, safeToRetry, isTransient };
  return new ConnectionDoesNotExistError(reason.message, {}, options);
}

/**
 * Why a session ends whose connection is gone.
 *
 * @param cause the system's error if it gave one
 * @param wasIdle nothing was asked for
 */
export function lostConnection(cause: Error | null, wasIdle: boolean): ConnectionDoesNotExistError {
  const message = wasIdle
    ? 'the connection was lost while nothing was asked for: the server or the network has closed it'
    : 'the connection was closed in the middle of operation';
  return new ConnectionDoesNotExistError(message, {}, cause === null ? {} : { cause });
}

/** Why a session ends in which something was left that cannot be undone. */
export function failedReset(cause: unknown): ConnectionDoesNotExistError {
  return new ConnectionDoesNotExistError(
    'the connection was closed: what its previous user had left in it could not be undone',
    {},
    { cause },
  );
}

/** Why a session ends whose server neither stops nor answers a query that was cancelled. */
export function unansweredCancel(): ConnectionDoesNotExistError {
  return new ConnectionDoesNotExistError(
    'the connection was closed: the server did not answer a cancelled query',
  );
}

/** Why a session ends whose server says nothing while a transaction is to be rolled back. */
export function unansweredRollback(): ConnectionDoesNotExistError {
  return new ConnectionDoesNotExistError(
    'the connection was closed: the server did not answer while a transaction was rolled back',
  );
}

/** Why a session ends on which nothing can be sent any more, as a cancel might come at any time and strike it. */
export function lateCancel(): ConnectionDoesNotExistError {
  return new ConnectionDoesNotExistError(
    'the connection was closed: the server did not take the cancellation of a query in time, and might apply it to the next one',
  );
}

/**
 * The error of a call on a connection that is over. It is as transient as what ended the
 * connection: one that was lost is worth another try, one that its user closed is not.
 *
 * @param reason what ended it; null: its user
 */
export function connectionClosed(reason: Error | null): InterfaceError {
  if (reason === null) {
    return new InterfaceError('the connection is closed', { safeToRetry: true });
  }
  const isTransient = 'isTransient' in reason && reason.isTransient === true;
  return new InterfaceError(`the connection is closed: ${reason.message}`, {
    safeToRetry: true,
    cause: reason,
    isTransient,
  });
}
