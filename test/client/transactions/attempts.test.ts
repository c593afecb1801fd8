import { expect, test, vi } from 'vitest';
import { Attempts } from '../../../src/client/transactions/attempts.ts';
import { InterfaceError, OutdatedSchemaCacheError } from '../../../src/errors/client-errors.ts';
import {
  DeadlockDetectedError,
  InvalidCachedStatementError,
  SerializationError,
  TransactionResolutionUnknownError,
  UniqueViolationError,
} from '../../../src/errors/generated/sqlstate.ts';

function serializationFailure(): SerializationError {
  return new SerializationError('could not serialize access');
}

/** An error with a chain of so many others below it, the innermost of which is a conflict. */
function conflictBelow(errors: number): Error {
  let error: Error = serializationFailure();
  for (let i = 0; i < errors; i++) error = new Error('wrapped', { cause: error });
  return error;
}

test.each([
  ['a serialization failure', serializationFailure(), true],
  ['a deadlock', new DeadlockDetectedError('deadlock detected'), true],
  ['a plan that is outdated', new InvalidCachedStatementError('cached plan must not change'), true],
  ['a changed table', new OutdatedSchemaCacheError('the table was changed'), true],
  ['another error of the server', new UniqueViolationError('duplicate key'), false],
  ['an error of the client', new InterfaceError('no'), false],
  ['one that wraps a conflict', conflictBelow(1), true],
  ['one that wraps it seven times', conflictBelow(7), true],
  ['one that wraps it eight times', conflictBelow(8), false],
  ['what is no error', { cause: serializationFailure() }, false],
  [
    'a COMMIT of which nobody knows what became of it, whatever has ended the connection',
    new TransactionResolutionUnknownError('unknown', {}, { cause: serializationFailure() }),
    false,
  ],
] as const)('another attempt is granted after %s: %s', (_, error, isGranted) => {
  const attempts = new Attempts(1);
  expect(attempts.grant(error)).toBe(isGranted);
  expect(attempts.isPending(error)).toBe(isGranted);
});

test('as many are granted as were asked for', () => {
  const attempts = new Attempts(2);
  const granted = [1, 2, 3].map(() => attempts.grant(serializationFailure()));
  expect(granted).toEqual([true, true, false]);
  expect(new Attempts().grant(serializationFailure())).toBe(false);
});

test('only the attempt for the last failure is pending', () => {
  const attempts = new Attempts(2);
  expect(attempts.isPending(null)).toBe(false);
  const first = serializationFailure();
  attempts.grant(first);
  attempts.grant(serializationFailure());
  expect(attempts.isPending(first)).toBe(false);
});

test('the pause doubles from 10 ms to a second, and up to half of it is left out', () => {
  const attempts = new Attempts(9);
  const longest = vi.spyOn(Math, 'random').mockReturnValue(1);
  const pauses = Array.from({ length: 9 }, () => {
    attempts.grant(serializationFailure());
    return attempts.pause;
  });
  expect(pauses).toEqual([10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
  longest.mockReturnValue(0);
  expect(attempts.pause).toBe(500);
});

test.each([-1, 1.5, Number.NaN, '3'])('%j attempts are refused', (retries) => {
  expect(() => new Attempts(retries as number)).toThrow(
    expect.objectContaining({ name: 'InterfaceError', safeToRetry: true }),
  );
});
