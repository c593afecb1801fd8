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

/** What the error may come from where a pooler is between client and server. */
function poolerHint({ sqlstate, message }: ServerMessageFields): string | null {
  if (sqlstate === '42P05' || sqlstate === '26000') return POOLER_HINT;
  if (sqlstate === '08P01' && UNSUPPORTED_PARAMETER.test(message ?? '')) return PARAMETER_HINT;
  return null;
}

function withPoolerHint(fields: ServerMessageFields): ServerMessageFields {
  const hint = poolerHint(fields);
  if (hint === null) return fields;
  return { ...fields, hint: fields.hint === null ? hint : `${fields.hint}\n${hint}` };
}

function errorClass(fields: ServerMessageFields): typeof PostgresError {
  // The server has no SQLSTATE of its own for a cached plan that has become invalid; only the
  // function that raises it tells this from other features that are not supported.
  if (fields.sqlstate === '0A000' && fields.serverSourceFunction === 'RevalidateCachedQuery') {
    return InvalidCachedStatementError;
  }
  return ERROR_CLASSES.get(fields.sqlstate ?? '') ?? UnknownPostgresError;
}

/** The error that an ErrorResponse stands for, of the class of its SQLSTATE. */
export function postgresErrorFrom(
  fields: ServerMessageFields,
  options?: PostgresErrorOptions,
): PostgresError {
  const given = withPoolerHint(fields);
  const message =
    fields.message ||
    `the server reported an error without a message (SQLSTATE ${fields.sqlstate ?? 'missing'})`;
  const errorOf = errorClass(given);
  // What was prepared is forgotten with it: the next transaction is right.
  const isOutdated = errorOf === InvalidCachedStatementError;
  return new errorOf(message, given, isOutdated ? { isTransient: true, ...options } : options);
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
