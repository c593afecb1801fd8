import { processWarning } from '../runtime/process-warning.ts';
import type { Session } from '../session/session.ts';
import { StandstillWatch } from '../transport/standstill-watch.ts';

/**
 * Waits until a connection is closed. Meanwhile it is looked whether what the close waits for goes on; if not, that is
 * warned of.
 */
export async function watchedClose(session: Session, gone: Promise<void>): Promise<void> {
  const place = new Error();
  const watched = {
    isStill: () => !session.isEnded && session.standstill !== null && !session.isIdle,
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
    `the close of a connection has waited ${milliseconds} ms for a stream or COPY that does not go on: if what takes its ` +
      'data, or gives it, waits for the close, neither ends. Close the connection behind it, or give the close a timeout',
    stack.replace(/^Error/, 'It was closed'),
  );
}
