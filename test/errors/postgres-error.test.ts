import { expect, expectTypeOf, test } from 'vitest';
import {
  ConnectionDoesNotExistError,
  ConnectionFailureError,
  DataError,
  DuplicatePreparedStatementError,
  FeatureNotSupportedError,
  IntegrityConstraintViolationError,
  InvalidCachedStatementError,
  InvalidSQLStatementNameError,
  NoData,
  PostgresWarning,
  StringDataRightTruncation,
  UniqueViolationError,
} from '../../src/errors/generated/sqlstate.ts';
import type { ServerMessageFields } from '../../src/errors/postgres-error.ts';
import {
  PostgresError,
  PostgresLogMessage,
  UnknownPostgresError,
} from '../../src/errors/postgres-error.ts';
import { postgresErrorFrom, postgresLogMessageFrom } from '../../src/errors/server-message.ts';

const NOTHING: ServerMessageFields = {
  severity: null,
  sqlstate: null,
  message: null,
  detail: null,
  hint: null,
  position: null,
  internalPosition: null,
  internalQuery: null,
  context: null,
  schemaName: null,
  tableName: null,
  columnName: null,
  dataTypeName: null,
  constraintName: null,
  serverSourceFilename: null,
  serverSourceLine: null,
  serverSourceFunction: null,
};

const EVERYTHING: ServerMessageFields = {
  severity: 'ERROR',
  sqlstate: '23505',
  message: 'duplicate key value violates unique constraint "account_email_key"',
  detail: 'Key (email)=(a@example.com) already exists.',
  hint: 'Use another one.',
  position: 7,
  internalPosition: 3,
  internalQuery: 'SELECT 1',
  context: 'PL/pgSQL function f() line 1 at SQL statement',
  schemaName: 'public',
  tableName: 'account',
  columnName: 'email',
  dataTypeName: 'citext',
  constraintName: 'account_email_key',
  serverSourceFilename: 'nbtinsert.c',
  serverSourceLine: '664',
  serverSourceFunction: '_bt_check_unique',
};

const fieldsOf = (fields: Partial<ServerMessageFields>): ServerMessageFields => ({
  ...NOTHING,
  ...fields,
});

test('an error has every field that the server sent', () => {
  const error = postgresErrorFrom(EVERYTHING);
  for (const [field, value] of Object.entries(EVERYTHING)) {
    expect(error[field as keyof PostgresError], field).toBe(value);
  }
  expect(error.code).toBe('23505');
});

test('a field that the server did not send is null, not undefined', () => {
  const error = postgresErrorFrom(NOTHING);
  for (const field of Object.keys(NOTHING)) {
    if (field !== 'message') expect(error[field as keyof PostgresError], field).toBeNull();
  }
  expect(error.query).toBeNull();
  expect(error.code).toBeNull();
});

test('the class is that of the SQLSTATE, under the class of its section', () => {
  const error = postgresErrorFrom(EVERYTHING);
  expect(error).toBeInstanceOf(UniqueViolationError);
  expect(error).toBeInstanceOf(IntegrityConstraintViolationError);
  expect(error).toBeInstanceOf(PostgresError);
  expect(error).toBeInstanceOf(Error);
  expect(error.constructor).toBe(UniqueViolationError);
});

test('a FATAL error is of the class of its SQLSTATE too', () => {
  const error = postgresErrorFrom(fieldsOf({ severity: 'FATAL', sqlstate: '57P01', message: 'x' }));
  expect(error.name).toBe('AdminShutdownError');
  expect(error.severity).toBe('FATAL');
});

test.each(['ZZ999', '23999', '00000', '01000', '', 'constructor'])(
  'the SQLSTATE %j, which no error has, is an UnknownPostgresError that keeps it',
  (sqlstate) => {
    const error = postgresErrorFrom(fieldsOf({ sqlstate, message: 'x' }));
    expect(error.constructor).toBe(UnknownPostgresError);
    expect(error.sqlstate).toBe(sqlstate);
  },
);

test('a stale cached plan is told from other features that are not supported', () => {
  const stale = fieldsOf({ sqlstate: '0A000', serverSourceFunction: 'RevalidateCachedQuery' });
  expect(postgresErrorFrom(stale).constructor).toBe(InvalidCachedStatementError);
  expect(postgresErrorFrom(stale)).toBeInstanceOf(FeatureNotSupportedError);
  const other = fieldsOf({ sqlstate: '0A000', serverSourceFunction: 'transformOnConflict' });
  expect(postgresErrorFrom(other).constructor).toBe(FeatureNotSupportedError);
});

test('the message is the primary message alone, and the string adds DETAIL and HINT', () => {
  const error = postgresErrorFrom(EVERYTHING);
  expect(error.message).toBe(EVERYTHING.message);
  expect(String(error)).toBe(
    'UniqueViolationError: duplicate key value violates unique constraint "account_email_key"\n' +
      'DETAIL:  Key (email)=(a@example.com) already exists.\nHINT:  Use another one.',
  );
  expect(String(postgresErrorFrom(fieldsOf({ sqlstate: '22012', message: 'x' })))).toBe(
    'DivisionByZeroError: x',
  );
});

test.each([null, ''])('a message is never empty (%j)', (message) => {
  expect(postgresErrorFrom(fieldsOf({ sqlstate: 'XX000', message })).message).toMatch(/XX000/);
  expect(postgresLogMessageFrom(fieldsOf({ message })).message).not.toBe('');
});

test.each(['42P05', '26000'])('%s hints at connection poolers, after the own hint', (sqlstate) => {
  const alone = postgresErrorFrom(fieldsOf({ sqlstate, message: 'x' }));
  expect(alone.hint).toMatch(/pooler.*PgBouncer.*statementCacheSize: 0/s);
  const both = postgresErrorFrom(fieldsOf({ sqlstate, message: 'x', hint: 'Server says.' }));
  expect(both.hint).toBe(`Server says.\n${alone.hint}`);
  expect(alone).toBeInstanceOf(
    sqlstate === '42P05' ? DuplicatePreparedStatementError : InvalidSQLStatementNameError,
  );
});

test('a start-up parameter that a pooler refuses hints at what to do', () => {
  const message = 'unsupported startup parameter: search_path';
  expect(postgresErrorFrom(fieldsOf({ sqlstate: '08P01', message })).hint).toMatch(
    /pooler.*ALTER ROLE.*ignore_startup_parameters/,
  );
  const other = fieldsOf({ sqlstate: '08P01', message: 'invalid message format' });
  expect(postgresErrorFrom(other).hint).toBeNull();
});

test('other errors get no hint of ours', () => {
  expect(postgresErrorFrom(fieldsOf({ sqlstate: '42601', message: 'x' })).hint).toBeNull();
});

test.each([
  ['40001', true],
  ['40P01', true],
  ['53300', true],
  ['55P03', true],
  ['57P01', true],
  ['08006', true],
  ['25P03', true],
  ['25P04', true],
  ['25P02', false],
  ['57014', false],
  ['23505', false],
  ['42601', false],
  ['40002', false],
  ['55000', false],
  ['55006', true],
  ['55P02', false],
  ['55P03', true],
  ['55P04', false],
])('%s is worth another try of the whole transaction: %s', (sqlstate, isTransient) => {
  const error = postgresErrorFrom(fieldsOf({ sqlstate, message: 'x' }));
  expect(error.isTransient).toBe(isTransient);
  expect(error.safeToRetry).toBe(false);
});

test.each([
  ['server conn crashed?', true],
  ['query_wait_timeout', true],
  ['query timeout', true],
  ['client_idle_timeout', true],
  ['client_login_timeout (server down)', true],
  ['idle transaction timeout', true],
  ['transaction timeout', true],
  ['server shutting down', true],
  ['server login has been failing, cached error: connect failed (server_login_retry)', true],
  ['no more connections allowed (max_client_conn)', true],
  ['client connections exceeded (max_db_client_connections)', true],
  ['database removed', true],
  ['admin forced disconnect', true],
  ['the database system is starting up', true],
  ['transaction blocks not allowed in statement pooling mode', false],
  ['unsupported startup parameter: search_path', false],
  ['SASL authentication failed', false],
  ['role "app" does not exist', false],
])('what PgBouncer ends a connection with passes by itself: %j, %s', (message, isTransient) => {
  const fields = { severity: 'FATAL', sqlstate: '08P01', message };
  expect(postgresErrorFrom(fieldsOf(fields)).isTransient).toBe(isTransient);
  const ofTheServer = { ...fields, serverSourceFunction: 'ProcessQuery' };
  expect(postgresErrorFrom(fieldsOf(ofTheServer)).isTransient).toBe(false);
});

test('whoever raises an error tells what is known about trying again', () => {
  const error = postgresErrorFrom(fieldsOf({ sqlstate: '40001', message: 'x' }), {
    safeToRetry: true,
    isTransient: false,
  });
  expect(error.safeToRetry).toBe(true);
  expect(error.isTransient).toBe(false);
});

test('the client can raise a condition itself, with the error underneath as cause', () => {
  const cause = new Error('ECONNRESET');
  const error = new ConnectionFailureError('the connection was lost', undefined, { cause });
  expect(error.sqlstate).toBe('08006');
  expect(error.message).toBe('the connection was lost');
  expect(error.cause).toBe(cause);
  expect(error.severity).toBeNull();
  expect(error.isTransient).toBe(true);
  expect(new ConnectionDoesNotExistError('connection was closed')).not.toHaveProperty('cause');
  expect(new ConnectionDoesNotExistError('x', { hint: 'Reconnect.' }).hint).toBe('Reconnect.');
});

test('the name is on the prototype, in the stack and in the string', () => {
  const error = new UniqueViolationError('x');
  expect(error.name).toBe('UniqueViolationError');
  expect(Object.hasOwn(error, 'name')).toBe(false);
  expect(error.stack).toMatch(/^UniqueViolationError: x\n/);
});

test('JSON has what is present and helps, and never the text of a query', () => {
  const error = postgresErrorFrom(EVERYTHING);
  error.query = "ALTER ROLE me PASSWORD 'hunter2'";
  const { internalQuery: _, ...shown } = EVERYTHING;
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    name: 'UniqueViolationError',
    ...shown,
    safeToRetry: false,
    isTransient: false,
  });
  expect(JSON.stringify({ ...error })).not.toContain('hunter2');
  expect(Object.keys(postgresErrorFrom(fieldsOf({ sqlstate: '22012', message: 'x' })))).toEqual([
    'sqlstate',
  ]);
});

test('the query can be set after the fact and is not enumerable', () => {
  const error = new DataError('x');
  error.query = 'SELECT 1';
  expect(error.query).toBe('SELECT 1');
  expect(Object.keys(error)).toEqual(['sqlstate']);
});

test('a notice of class 01 or 02 is a PostgresWarning of its class', () => {
  const truncated = postgresLogMessageFrom(
    fieldsOf({ severity: 'WARNING', sqlstate: '01004', message: 'cut' }),
  );
  expect(truncated.constructor).toBe(StringDataRightTruncation);
  expect(truncated).toBeInstanceOf(PostgresWarning);
  expect(truncated).toBeInstanceOf(PostgresLogMessage);
  expect(truncated.name).toBe('StringDataRightTruncation');
  expect(postgresLogMessageFrom(fieldsOf({ sqlstate: '02000' }))).toBeInstanceOf(NoData);
  const unknown = postgresLogMessageFrom(fieldsOf({ sqlstate: '01ABC' }));
  expect(unknown.constructor).toBe(PostgresWarning);
  expect(unknown.sqlstate).toBe('01ABC');
});

test('a notice of severity WARNING is a PostgresWarning, whatever its SQLSTATE', () => {
  for (const sqlstate of ['25001', '00000', '57014', 'ZZZZZ']) {
    const warning = postgresLogMessageFrom(fieldsOf({ severity: 'WARNING', sqlstate }));
    expect(warning.constructor).toBe(PostgresWarning);
    expect(warning).toMatchObject({ severity: 'WARNING', sqlstate });
  }
});

test('any other notice is a PostgresLogMessage and no Error', () => {
  const notice = postgresLogMessageFrom(
    fieldsOf({ severity: 'NOTICE', sqlstate: '00000', message: 'hello', detail: 'more' }),
  );
  expect(notice.constructor).toBe(PostgresLogMessage);
  expect(notice).not.toBeInstanceOf(Error);
  expect(notice.hint).toBeNull();
  expect(String(notice)).toBe('NOTICE:  hello\nDETAIL:  more');
  expect(JSON.parse(JSON.stringify(notice))).toEqual({
    name: 'PostgresLogMessage',
    message: 'hello',
    severity: 'NOTICE',
    sqlstate: '00000',
    detail: 'more',
  });
});

test('classes are told apart at compile time', () => {
  const name = (error: PostgresError): string => {
    if (error instanceof UniqueViolationError) {
      expectTypeOf(error.sqlstate).toEqualTypeOf<'23505'>();
      expectTypeOf(error.code).toEqualTypeOf<'23505'>();
      return 'unique';
    }
    if (error instanceof IntegrityConstraintViolationError) return 'integrity';
    if (error instanceof UnknownPostgresError) return 'unknown';
    return error.name;
  };
  expect(name(new UniqueViolationError('x'))).toBe('unique');
  expect(name(new DataError('x'))).toBe('DataError');
});
