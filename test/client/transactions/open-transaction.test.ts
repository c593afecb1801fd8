import { expect, test } from 'vitest';
import {
  endedByStatement,
  OpenTransaction,
} from '../../../src/client/transactions/open-transaction.ts';

function begun(): OpenTransaction {
  const own = new OpenTransaction(undefined, undefined);
  own.home = { owner: null };
  return own;
}

test('a transaction that a statement has ended refuses calls until its code has ended as well', () => {
  const own = begun();
  own.checkOpen('fetch');
  own.noteEnded();
  expect([own.state, own.isOver]).toEqual(['ended', false]);
  expect(() => own.checkOpen('fetch')).toThrow('was ended by a statement that was executed in it');
  own.leaveEnded();
  expect([own.state, own.isOver]).toEqual(['failed', true]);
});

test.each([
  ['open', 'rolled back'],
  ['ended', 'failed'],
  ['committed', 'committed'],
  ['rolled back', 'rolled back'],
] as const)('one that is %s and undone from outside is %s', (state, expected) => {
  const own = begun();
  own.state = state;
  own.markUndone();
  expect(own.state).toBe(expected);
});

test('its function goes on with a session only of the one who had it then', () => {
  const client: { owner: object | null } = { owner: {} };
  const own = begun();
  own.home = client;
  own.owner = client.owner;
  own.isRunning = true;
  expect(own.isUndoneOn(client)).toBe(false);
  own.markUndone();
  expect(own.isUndoneOn(client)).toBe(true);
  expect(own.isUndoneOn({ owner: client.owner })).toBe(false);
  client.owner = {};
  expect(own.isUndoneOn(client)).toBe(false);
  client.owner = own.owner;
  own.isRunning = false;
  expect(own.isUndoneOn(client)).toBe(false);
});

test('the end by a statement has the failure before it as its cause, if there was one', () => {
  const failure = new Error('relation does not exist');
  expect(endedByStatement(failure).cause).toBe(failure);
  for (const none of [undefined, null]) expect('cause' in endedByStatement(none)).toBe(false);
});
