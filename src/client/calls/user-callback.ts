import { isThenable } from '../../values/builtins.ts';
import { messageOf } from '../../values/message-of.ts';

/**
 * Calls a function of the user's whose result is not awaited by any call. What it throws or rejects
 * with becomes a process warning, and does not affect the connection.
 *
 * @param what names the callback in the warning, with its article
 */
export function callUser(what: string, callback: () => unknown): void {
  try {
    warnOfRejection(what, callback());
  } catch (error) {
    report(what, error);
  }
}

/** The same for what such a function has returned, where a call rejects with what it throws. */
export function warnOfRejection(what: string, result: unknown): void {
  if (isThenable(result)) result.then(undefined, (error: unknown) => report(what, error));
}

function report(what: string, error: unknown): void {
  const warning = new Error(`${what} failed: ${messageOf(error)}`, {
    cause: error,
  });
  warning.name = 'AsyncpgCallbackWarning';
  process.emitWarning(warning);
}
