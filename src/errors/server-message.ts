import { InvalidCachedStatementError } from './generated/sqlstate.ts';
import { ERROR_CLASSES, WARNING_CLASSES } from './generated/sqlstate-lookup.ts';
import type { PostgresErrorOptions, ServerMessageFields } from './postgres-error.ts';
import { type PostgresError, PostgresLogMessage, UnknownPostgresError } from './postgres-error.ts';

/** For duplicate_prepared_statement and invalid_sql_statement_name: nearly always a pooler. */
const POOLER_HINT =
  'Is there a connection pooler between client and server? One that hands each transaction or ' +
  'statement to another server session (PgBouncer with pool_mode=transaction or statement) ' +
  'mixes up the prepared statements of its clients. Connect with statementCacheSize: 0, ' +
  'let the pooler track prepared statements (max_prepared_statements of PgBouncer 1.21 and ' +
  'later), or connect to the server directly.';

/** What PgBouncer refuses a connection with whose settings it does not know how to keep. */
const UNSUPPORTED_PARAMETER = /^unsupported startup parameter/;
const PARAMETER_HINT =
  'A connection pooler takes few settings at start-up. Leave this one out of the connection and ' +
  'set it with ALTER ROLE or ALTER DATABASE, or with SET LOCAL in a transaction; or name it in ' +
  "PgBouncer's ignore_startup_parameters, which drops it.";

/**
 * What PgBouncer ends a connection with that was waiting for a session of the server, or at rest: nothing
 * of what the client asks then has been begun.
 */
const NOT_BEGUN =
  /^(query_(wait_)?timeout|client_(idle|login)_timeout|server shutting down|server login has been failing)/;

/**
 * What else PgBouncer ends or refuses a connection with that passes: a session of the server was lost or
 * was taken from it, it is full, or told by its administrator to let go; and what it repeats of a
 * server that lets nobody in for the time being.
 */
const PASSING =
  /^(server conn crashed|server DNS lookup failed|suspend_timeout|(query|(idle )?transaction) timeout|database (removed|configuration changed)|admin forced disconnect|no more connections allowed|client connections exceeded|the database system is |sorry, too many clients|remaining connection slots)/;

/** Whether it is PgBouncer's: it says all of its own in English, by 08P01, and without the place in a source. */
function isPoolers({ sqlstate, serverSourceFunction }: ServerMessageFields): boolean {
  return sqlstate === '08P01' && serverSourceFunction === null;
}

/** Whether a pooler ended the connection ahead of what was asked last. */
export function endedBeforeWork(fields: ServerMessageFields): boolean {
  return isPoolers(fields) && NOT_BEGUN.test(fields.message ?? '');
}

const OUTDATED_HINT =
  'A table has been changed under a statement that was prepared before. One that the driver keeps is prepared anew by the ' +
  'next transaction: run this one again, as transaction({ retries: 1 }, …) does. One of your own, by PREPARE, is for you ' +
  'to prepare again.';

/** What is to be said of what the server says, most of it where a pooler is between client and server. */
function ownHint(fields: ServerMessageFields): string | null {
  const { sqlstate, message } = fields;
  if (isOutdatedPlan(fields)) return OUTDATED_HINT;
  if (sqlstate === '42P05' || sqlstate === '26000') return POOLER_HINT;
  if (sqlstate === '08P01' && UNSUPPORTED_PARAMETER.test(message ?? '')) return PARAMETER_HINT;
  return null;
}

function withOwnHint(fields: ServerMessageFields): ServerMessageFields {
  const hint = ownHint(fields);
  if (hint === null) return fields;
  return { ...fields, hint: fields.hint === null ? hint : `${fields.hint}\n${hint}` };
}

/**
 * The server has no SQLSTATE of its own for a cached plan that has become invalid; only the
 * function that raises it tells this from other features that are not supported.
 */
function isOutdatedPlan({ sqlstate, serverSourceFunction }: ServerMessageFields): boolean {
  return sqlstate === '0A000' && serverSourceFunction === 'RevalidateCachedQuery';
}

/** How the server says where something stands in its source. */
type Place = Pick<ServerMessageFields, 'sqlstate' | 'serverSourceFunction'>;

/**
 * Whether Bind asked for more or fewer columns than there are: that is this driver's doing, not
 * the query's. Its SQLSTATE has other uses; the function that raises it has not.
 */
export function isWrongColumnCount({ sqlstate, serverSourceFunction }: Place): boolean {
  return sqlstate === '08P01' && serverSourceFunction === 'PortalSetResultFormat';
}

function errorClass(fields: ServerMessageFields): typeof PostgresError {
  if (isOutdatedPlan(fields)) return InvalidCachedStatementError;
  return ERROR_CLASSES.get(fields.sqlstate ?? '') ?? UnknownPostgresError;
}

/** The error that an ErrorResponse stands for, of the class of its SQLSTATE. */
export function postgresErrorFrom(
  fields: ServerMessageFields,
  options?: PostgresErrorOptions,
): PostgresError {
  const given = withOwnHint(fields);
  const message =
    fields.message ||
    `the server reported an error without a message (SQLSTATE ${fields.sqlstate ?? 'missing'})`;
  const errorOf = errorClass(given);
  // What was prepared is forgotten with it: the next transaction is right.
  const isOutdated = errorOf === InvalidCachedStatementError;
  const passes =
    isOutdated ||
    isWrongColumnCount(given) ||
    endedBeforeWork(given) ||
    (isPoolers(given) && PASSING.test(message));
  return new errorOf(message, given, passes ? { isTransient: true, ...options } : options);
}

/** What a NoticeResponse says: a PostgresWarning for severity WARNING, and for SQLSTATE 01 and 02. */
export function postgresLogMessageFrom(fields: ServerMessageFields): PostgresLogMessage {
  const sqlstate = fields.sqlstate ?? '';
  const messageClass =
    WARNING_CLASSES.get(sqlstate) ??
    (sqlstate.startsWith('01') || fields.severity === 'WARNING'
      ? WARNING_CLASSES.get('01000')
      : undefined) ??
    PostgresLogMessage;
  return new messageClass(fields.message || 'the server sent a notice without a message', fields);
}
