import { processWarning } from '../runtime/process-warning.ts';
import type { Deadline } from '../transport/deadline.ts';
import { StandstillWatch } from '../transport/standstill-watch.ts';
import { within } from '../transport/within.ts';
import type { ClientSession } from './client-session.ts';

/**
 * Waits for what is under way, then closes the connection.
 *
 * @param deadline when it is terminated, whatever is under way
 * @param isPatient whether transactions that calls run are waited for, and what waits for them, and not only what
 *   the server has been asked; it is looked at again with each step of the gate
 */
export async function closeClient(
  client: ClientSession,
  deadline: Deadline | null,
  isPatient: () => boolean,
): Promise<void> {
  const { session } = client;
  const gone = leave(client, deadline === null, isPatient);
  if (deadline === null) {
    await (client.isAtRest ? gone : watchedClose(client, gone));
    return;
  }
  try {
    await within(deadline, gone);
  } catch (error) {
    if (deadline.expired) session.destroy(null);
    throw error;
  } finally {
    deadline.dispose();
  }
}

/** Resolves when the server has closed its side, or does not react although `isHasty`. */
async function leave(
  client: ClientSession,
  isHasty: boolean,
  isPatient: () => boolean,
): Promise<void> {
  const { gate, session } = client;
  for (;;) {
    if (!session.isIdle) await session.whenIdle();
    else if (!client.isAtRest && !client.isHeldOpen && isPatient()) await gate.whenAdvanced();
    else break;
    if (session.isEnded) break;
  }
  session.terminateGracefully(isHasty ? undefined : null);
  await session.whenGone();
}

/**
 * Waits until a connection is closed. Meanwhile it is looked whether what the close waits for goes on; if not, that is
 * warned of.
 */
async function watchedClose(client: ClientSession, gone: Promise<void>): Promise<void> {
  const { session } = client;
  const place = new Error();
  const watched = {
    isStill: () => !session.isEnded && session.standstill !== null && !client.isAtRest,
    mark: () => session.activity,
    tell: (milliseconds: number) => {
      watch.end();
      warnOfClose(milliseconds, place.stack ?? '');
    },
  };
  // A connection whose rows nobody takes does not keep the process, and it would end without a word.
  const watch = new StandstillWatch(session.clock, watched, true);
  await watch.during(gone);
}

function warnOfClose(milliseconds: number, stack: string): void {
  processWarning(
    'AsyncpgSlowCloseWarning',
    `the close of a connection has waited ${milliseconds} ms for a stream, COPY or transaction that does not go on: if what ` +
      'takes its data, gives it, or asks the next query, waits for the close, neither ends. Close the connection behind it, or give the close a timeout',
    stack.replace(/^Error/, 'It was closed'),
  );
}
