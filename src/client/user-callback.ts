/**
 * Calls a function of the user's whose result nobody waits for. What it throws or rejects with is
 * nobody's answer: it becomes a process warning, and harms no connection.
 *
 * @param what names the callback in the warning
 */
export function callUser(what: string, callback: () => unknown): void {
  try {
    const result = callback();
    if (result instanceof Promise) result.catch((error: unknown) => report(what, error));
  } catch (error) {
    report(what, error);
  }
}

function report(what: string, error: unknown): void {
  const warning = new Error(`a ${what} failed: ${error instanceof Error ? error.message : error}`, {
    cause: error,
  });
  warning.name = 'AsyncpgCallbackWarning';
  process.emitWarning(warning);
}
