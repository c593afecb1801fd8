import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import * as classes from '../../src/errors/generated/sqlstate.ts';
import { ERROR_CLASSES, WARNING_CLASSES } from '../../src/errors/generated/sqlstate-lookup.ts';
import { PostgresError, PostgresLogMessage } from '../../src/errors/postgres-error.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

// Older versions of Node cannot run a generator written in TypeScript.
const runsTypeScript = typeof process.features.typescript === 'string';

test.runIf(runsTypeScript)('the classes are what the generator makes of the table', () => {
  expect(() =>
    execFileSync(process.execPath, ['tools/generate-sqlstate.ts', '--check'], {
      cwd: root,
      stdio: 'pipe',
    }),
  ).not.toThrow();
});

test('every SQLSTATE of PostgreSQL has a class, and each class its own SQLSTATE', () => {
  expect(ERROR_CLASSES.size).toBe(252);
  expect(WARNING_CLASSES.size).toBe(10);
  for (const [sqlstate, errorClass] of ERROR_CLASSES) {
    expect(new errorClass('x').sqlstate).toBe(sqlstate);
    expect(errorClass.prototype).toBeInstanceOf(PostgresError);
    expect(errorClass.name).toMatch(/Error$/);
  }
  for (const [sqlstate, messageClass] of WARNING_CLASSES) {
    expect(new messageClass('x').sqlstate).toBe(sqlstate);
    expect(messageClass.prototype).toBeInstanceOf(PostgresLogMessage);
    expect(messageClass.name).not.toMatch(/Error$/);
  }
});

test('no two SQLSTATEs share a class, and the name on the prototype is the name exported', () => {
  const all = [...ERROR_CLASSES.values(), ...WARNING_CLASSES.values()];
  expect(new Set(all).size).toBe(all.length);
  const exported: Record<string, unknown> = { ...classes };
  for (const each of all) {
    expect(each.prototype.name).toBe(each.name);
    expect(exported[each.name]).toBe(each);
  }
});

test.each([
  ['01004', 'StringDataRightTruncation', 'PostgresWarning'],
  ['02001', 'NoAdditionalDynamicResultSetsReturned', 'NoData'],
  ['08001', 'ClientCannotConnectError', 'PostgresConnectionError'],
  ['08003', 'ConnectionDoesNotExistError', 'PostgresConnectionError'],
  ['08004', 'ConnectionRejectionError', 'PostgresConnectionError'],
  ['08006', 'ConnectionFailureError', 'PostgresConnectionError'],
  ['08007', 'TransactionResolutionUnknownError', 'PostgresConnectionError'],
  ['10608', 'InvalidArgumentForXqueryError', 'PostgresError'],
  ['22000', 'DataError', 'PostgresError'],
  ['22001', 'StringDataRightTruncationError', 'DataError'],
  ['22024', 'UnterminatedCStringError', 'DataError'],
  ['22P01', 'PostgresFloatingPointError', 'DataError'],
  ['2203G', 'SQLJsonItemCannotBeCastToTargetTypeError', 'DataError'],
  ['23505', 'UniqueViolationError', 'IntegrityConstraintViolationError'],
  ['25P01', 'NoActiveSQLTransactionError', 'InvalidTransactionStateError'],
  ['25P02', 'InFailedSQLTransactionError', 'InvalidTransactionStateError'],
  ['25P04', 'TransactionTimeoutError', 'InvalidTransactionStateError'],
  ['27000', 'TriggeredDataChangeViolationError', 'PostgresError'],
  ['28P01', 'InvalidPasswordError', 'InvalidAuthorizationSpecificationError'],
  ['2F002', 'ModifyingSQLDataNotPermittedError', 'SQLRoutineError'],
  ['38002', 'ModifyingExternalRoutineSQLDataNotPermittedError', 'ExternalRoutineError'],
  ['39004', 'NullValueInExternalRoutineNotAllowedError', 'ExternalRoutineInvocationError'],
  ['40001', 'SerializationError', 'TransactionRollbackError'],
  ['42601', 'PostgresSyntaxError', 'SyntaxOrAccessError'],
  ['57014', 'QueryCanceledError', 'OperatorInterventionError'],
  ['58030', 'PostgresIOError', 'PostgresSystemError'],
  ['HV00P', 'FDWNoSchemasError', 'FDWError'],
  ['P0001', 'RaiseError', 'PLPGSQLError'],
  ['P0004', 'AssertError', 'PLPGSQLError'],
  ['XX000', 'InternalServerError', 'PostgresError'],
])('%s is %s under %s', (sqlstate, name, base) => {
  const found = ERROR_CLASSES.get(sqlstate) ?? WARNING_CLASSES.get(sqlstate);
  expect(found?.name).toBe(name);
  expect(Object.getPrototypeOf(found).name).toBe(base);
});
