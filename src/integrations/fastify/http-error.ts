import { InterfaceError, InternalClientError, TimeoutError } from '../../errors/client-errors.ts';
import {
  InFailedSQLTransactionError,
  InvalidCachedStatementError,
} from '../../errors/generated/sqlstate.ts';
import { named } from '../../errors/named.ts';
import { PostgresError } from '../../errors/postgres-error.ts';
import { isError } from '../../values/builtins.ts';
import { isLost } from '../is-lost.ts';

/** What a client may be told of a failure in the database: no value, no name of a table. */
interface Answer {
  readonly statusCode: number;
  /** A word for programs, in PostgreSQL's own spelling where it has one. */
  readonly code: string;
  readonly message: string;
}

const UNAVAILABLE: Answer = {
  statusCode: 503,
  code: 'database_unavailable',
  message: 'The database cannot be reached at the moment.',
};
const OVERLOADED: Answer = {
  statusCode: 503,
  code: 'database_overloaded',
  message: 'The database is busy; the request was not begun.',
};
const TIMED_OUT: Answer = {
  statusCode: 504,
  code: 'database_timeout',
  message: 'The database did not answer in time.',
};
const UNKNOWN_OUTCOME: Answer = {
  statusCode: 504,
  code: 'transaction_resolution_unknown',
  message: 'The connection to the database was lost: the change may or may not have been made.',
};
const CONFLICTING_REQUESTS: Answer = {
  statusCode: 503,
  code: 'serialization_failure',
  message: 'Another request was changing the same data; nothing was changed.',
};
const SCHEMA_CHANGED: Answer = {
  statusCode: 503,
  code: 'schema_changed',
  message: 'The database was being changed; nothing was changed by the request.',
};

const FAULT: Answer = {
  statusCode: 500,
  code: 'database_error',
  message: 'Something went wrong.',
};

/** By SQLSTATE, and failing that by its class. PostgreSQL manual, "PostgreSQL Error Codes". */
const ANSWERS: Readonly<Record<string, Answer>> = {
  '23505': {
    statusCode: 409,
    code: 'unique_violation',
    message: 'Something with the same unique value is there already.',
  },
  '23P01': {
    statusCode: 409,
    code: 'exclusion_violation',
    message: 'This conflicts with something that is there already.',
  },
  '23503': {
    statusCode: 409,
    code: 'foreign_key_violation',
    message: 'This refers to something that does not exist, or is still referred to.',
  },
  '23514': {
    statusCode: 422,
    code: 'check_violation',
    message: 'A value breaks a rule of the data.',
  },
  '23502': {
    statusCode: 422,
    code: 'not_null_violation',
    message: 'A value that is needed is missing.',
  },
  '40001': CONFLICTING_REQUESTS,
  '40P01': CONFLICTING_REQUESTS,
  '55P03': OVERLOADED,
  // statement_timeout and transaction_timeout.
  '57014': TIMED_OUT,
  '25P04': TIMED_OUT,
  // idle_in_transaction_session_timeout: the session is gone.
  '25P03': UNAVAILABLE,
  // A server that shuts down, crashed, or is only starting.
  '57P01': UNAVAILABLE,
  '57P02': UNAVAILABLE,
  '57P03': UNAVAILABLE,
  '57P05': UNAVAILABLE,
  // Writing to a standby: the primary has just moved.
  '25006': UNAVAILABLE,
  '08007': UNKNOWN_OUTCOME,
  '08': UNAVAILABLE,
  '53': OVERLOADED,
};

/**
 * A failure in the database as an answer to an HTTP request. Fastify sends `statusCode`, `code`,
 * `message` and `headers`; the error underneath is the `cause`, which is logged and never sent.
 */
export class DatabaseHttpError extends Error {
  static {
    named(this, 'DatabaseHttpError');
  }
  /** The status of the answer. */
  readonly statusCode: number;
  /** A word for programs, in PostgreSQL's own spelling where it has one. */
  readonly code: string;
  /** `retry-after`, where the request may be sent again. */
  readonly headers: Readonly<Record<string, string>>;

  /** @internal */
  constructor(answer: Answer, cause: unknown, mayRepeat: boolean) {
    super(answer.message, { cause });
    this.statusCode = answer.statusCode;
    this.code = answer.code;
    this.headers = answer.statusCode === 503 && mayRepeat ? { 'retry-after': '1' } : {};
  }
}

/**
 * The answer to a request that failed with this error, or null if it is the program's own fault or
 * has nothing to do with the database: then it is a 500, like any other.
 *
 * | Status | For                                                                               |
 * | ------ | --------------------------------------------------------------------------------- |
 * | 409    | `UniqueViolationError`, `ExclusionViolationError`, `ForeignKeyViolationError`      |
 * | 422    | `CheckViolationError`, `NotNullViolationError`                                    |
 * | 503    | no connection in time, server down or full, serialization failure, deadlock, a    |
 * |        | schema that was changed under a statement (`InvalidCachedStatementError`)         |
 * | 504    | a time-out of a query that had been sent, or of its transaction; a COMMIT whose   |
 * |        | answer was lost                                                                   |
 *
 * A 503 has `Retry-After` where nothing was changed, so that the request may be sent again. An
 * `InFailedSQLTransactionError` is answered as the error that had failed the transaction, its `cause`.
 *
 * @example
 * app.setErrorHandler((error, request, reply) => {
 *   request.log.error(error);
 *   const told = toHttpError(error);
 *   return reply.code(told?.statusCode ?? 500).send({ problem: told?.code ?? 'internal' });
 * });
 */
export function toHttpError(error: unknown): DatabaseHttpError | null {
  const failure = firstFailure(underneath(error) ?? error);
  if (failure instanceof TimeoutError) {
    return failure.safeToRetry
      ? new DatabaseHttpError(OVERLOADED, error, true)
      : new DatabaseHttpError(TIMED_OUT, error, false);
  }
  if (isLost(failure)) return new DatabaseHttpError(UNAVAILABLE, error, false);
  if (!(failure instanceof PostgresError)) return null;
  const { sqlstate, safeToRetry, isTransient } = failure;
  if (sqlstate === null) return null;
  const answer =
    failure instanceof InvalidCachedStatementError
      ? SCHEMA_CHANGED
      : (ANSWERS[sqlstate] ?? ANSWERS[sqlstate.slice(0, 2)]);
  if (answer === undefined) return null;
  const isUndone = answer === CONFLICTING_REQUESTS || answer === SCHEMA_CHANGED;
  const rolledBack = isUndone && isTransient;
  return new DatabaseHttpError(answer, error, safeToRetry || rolledBack);
}

/**
 * The driver's error underneath one of Drizzle's or Prisma's, whose message has the query, its values or the call in it;
 * undefined: it is none of theirs.
 */
function underneath(error: unknown): unknown {
  if (!isError(error)) return undefined;
  if ('query' in error && 'params' in error && 'cause' in error) return error.cause;
  const { meta, driverError } = error as PrismaError;
  return meta?.driverAdapterError?.driverError ?? driverError;
}

/** What the transaction had failed by, where the error only says that it has: a statement after that, or COMMIT. */
function firstFailure(error: unknown): unknown {
  return error instanceof InFailedSQLTransactionError ? (error.cause ?? error) : error;
}

/** Of the client, or of its driver adapter alone, as from `$transaction`. */
interface PrismaError extends Error {
  readonly meta?: { readonly driverAdapterError?: PrismaError };
  readonly driverError?: unknown;
}

/**
 * What the plugin answers: a mistake in the program is told to nobody outside either. Errors that have
 * nothing to do with the database are returned as they are.
 */
export function toAnswer(error: unknown): unknown {
  const told = toHttpError(error);
  if (told !== null) return told;
  const cause = underneath(error);
  // Nobody is answered: it is no fault to be logged as one.
  if (cause instanceof ClientDisconnectedError) return cause;
  const isOurs =
    cause !== undefined ||
    error instanceof PostgresError ||
    error instanceof InterfaceError ||
    error instanceof InternalClientError;
  return isOurs ? new DatabaseHttpError(FAULT, error, false) : error;
}

/** Why a request's calls end when its client is gone. Nobody reads the status; the log does. */
export class ClientDisconnectedError extends Error {
  static {
    named(this, 'ClientDisconnectedError');
  }
  /** What some proxies log for it. */
  readonly statusCode = 499;
  /** A word for programs. */
  readonly code = 'client_disconnected';

  constructor() {
    super('the client went away before it was answered');
  }
}
