import { processWarning } from '../runtime/process-warning.ts';
import { StandstillWatch } from '../transport/standstill-watch.ts';
import type { ClientSession } from './client-session.ts';

/**
 * Waits until a connection is closed. Meanwhile it is looked whether what the close waits for goes on; if not, that is
 * warned of.
 */
export async function watchedClose(client: ClientSession, gone: Promise<void>): Promise<void> {
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
