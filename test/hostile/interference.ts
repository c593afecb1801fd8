import { expect } from 'vitest';
import {
  InterfaceError,
  ProtocolError,
  TransactionResolutionUnknownError,
} from '../../src/index.ts';
import type { Tamper } from '../support/fakes/puppet-stream.ts';
import {
  type Conversation,
  conversationStream,
  converse,
  inWords,
  type Outcome,
} from './conversation.ts';

/** Classes of what the calls of a broken conversation may be rejected with. */
const HONEST: ReadonlySet<string> = new Set([
  'ProtocolError',
  'ConnectionDoesNotExistError',
  'ConnectionFailureError',
  'TransactionResolutionUnknownError',
]);

/** What else may come of a step, given what was interfered with. */
export type Tolerance = (step: string, outcome: Outcome) => boolean;

/**
 * Has a conversation in which the message number `at` is delivered otherwise, and checks what
 * must hold whatever it is: every step ends, with its right result or with an honest error, and
 * after such an error the connection is closed and nothing left open. Returns the first error.
 */
export async function interfere(
  unbroken: Conversation,
  at: number,
  tamper: Tamper,
  tolerated: Tolerance = () => false,
): Promise<unknown> {
  const stream = conversationStream({
    tamper: (message, index) => (index === at ? tamper(message, index) : null),
  });
  let step = 'connect';
  const conversation = converse(stream, (name) => {
    step = name;
  });
  const { outcomes, connection } = await withinSeconds(15, conversation, () => step);
  expect(stream.destroyed).toBe(true);
  if (connection !== null) expect(connection.isClosed).toBe(true);
  let first: unknown = null;
  for (const [step, outcome] of outcomes) {
    const usual = unbroken.outcomes.get(step);
    if (usual !== undefined && isSame(outcome, usual)) continue;
    if (step === 'setting' || tolerated(step, outcome)) continue;
    if ('value' in outcome) throw new Error(`${step} gave ${JSON.stringify(outcome.value)}`);
    const error = reasonOf(step, outcome.error);
    if (error === null) throw outcome.error;
    first ??= error;
  }
  return first;
}

/** The honest error that a step was rejected with, null for any other. */
function reasonOf(step: string, error: unknown): unknown {
  if (!(error instanceof Error)) return null;
  if (HONEST.has(error.name)) return error;
  if (!(error instanceof InterfaceError)) return null;
  // Either the connection was closed before, or the client refused what it was asked for.
  return step === 'connect' ? error : (error.cause ?? null);
}

/** The conversation, unless it comes to a standstill. */
function withinSeconds(seconds: number, conversation: Promise<Conversation>, step: () => string) {
  let timer: NodeJS.Timeout | undefined;
  const standstill = new Promise<never>((_, reject) => {
    const fail = (): void => reject(new Error(`nothing came of the step "${step()}"`));
    timer = setTimeout(fail, seconds * 1000);
  });
  return Promise.race([conversation, standstill]).finally(() => clearTimeout(timer));
}

function isSame(one: Outcome, other: Outcome): boolean {
  return JSON.stringify(inWords(one)) === JSON.stringify(inWords(other));
}

/** A ProtocolError, or what it becomes when the server was just committing. */
export function isProtocolError(error: unknown): boolean {
  return error instanceof ProtocolError || error instanceof TransactionResolutionUnknownError;
}
