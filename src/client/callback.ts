/**
 * Calls what the user has given to be called. Its failure is nobody's answer: what it throws or
 * rejects with is reported, and harms neither a connection nor another callback.
 */
export function callBack(what: string, callback: () => unknown): void {
  try {
    const result = callback();
    if (result instanceof Promise) {
      result.catch((error: unknown) => reportCallbackError(what, error));
    }
  } catch (error) {
    reportCallbackError(what, error);
  }
}

function reportCallbackError(what: string, error: unknown): void {
  const warning = new Error(`${what} failed: ${error instanceof Error ? error.message : error}`, {
    cause: error,
  });
  warning.name = 'AsyncpgCallbackWarning';
  process.emitWarning(warning);
}
