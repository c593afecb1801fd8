import type { PostgresErrorOptions, ServerMessageFields } from './postgres-error.ts';
import { type PostgresError, PostgresLogMessage, UnknownPostgresError } from './postgres-error.ts';
import { InvalidCachedStatementError } from './sqlstate.generated.ts';
import { ERROR_CLASSES, WARNING_CLASSES } from './sqlstate-lookup.generated.ts';

/** For duplicate_prepared_statement and invalid_sql_statement_name: nearly always a pooler. */
const POOLER_HINT =
  'Is there a connection pooler between client and server? One that hands each transaction or ' +
  'statement to another server session (PgBouncer with pool_mode=transaction or statement) ' +
  'mixes up the prepared statements of its clients. Connect with statementCacheSize: 0, ' +
  'let the pooler track prepared statements (max_prepared_statements of PgBouncer 1.21 and ' +
  'later), or connect to the server directly.';

function withPoolerHint(fields: ServerMessageFields): ServerMessageFields {
  const hint = fields.hint === null ? POOLER_HINT : `${fields.hint}\n${POOLER_HINT}`;
  return { ...fields, hint };
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
  const pooled = fields.sqlstate === '42P05' || fields.sqlstate === '26000';
  const given = pooled ? withPoolerHint(fields) : fields;
  const message =
    fields.message ||
    `the server reported an error without a message (SQLSTATE ${fields.sqlstate ?? 'missing'})`;
  return new (errorClass(given))(message, given, options);
}

/** What a NoticeResponse says: a PostgresWarning for SQLSTATE 01 and 02, else as it is. */
export function postgresLogMessageFrom(fields: ServerMessageFields): PostgresLogMessage {
  const sqlstate = fields.sqlstate ?? '';
  const messageClass =
    WARNING_CLASSES.get(sqlstate) ??
    (sqlstate.startsWith('01') ? WARNING_CLASSES.get('01000') : undefined) ??
    PostgresLogMessage;
  return new messageClass(fields.message || 'the server sent a notice without a message', fields);
}
