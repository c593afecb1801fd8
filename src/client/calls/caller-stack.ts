import { InterfaceError, InternalClientError, TimeoutError } from '../../errors/client-errors.ts';
import { PostgresError } from '../../errors/postgres-error.ts';
import { builtinModule } from '../../runtime/builtin-module.ts';

const locatedErrors = new WeakSet<object>();

let ownFrames: readonly string[] | null = null;

/** Where this library's own code is, as it appears in stacks: as a URL or as a path. */
function findOwnFrames(): readonly string[] {
  // In a bundle that is CommonJS there is no URL, and nothing to tell the library by.
  const url = import.meta.url as string | undefined;
  if (url === undefined) return [];
  const home = new URL('..', url);
  if (home.protocol !== 'file:') return [home.href];
  return [home.href, builtinModule('node:url').fileURLToPath(home)];
}

/** Whether a stack leads to code that is neither this library's nor the engine's. */
function showsCaller(stack: string | undefined): boolean {
  ownFrames ??= findOwnFrames();
  const own = ownFrames;
  return (stack ?? '')
    .split('\n')
    .some(
      (line) =>
        /^\s+at .*:\d+:\d+\)?$/.test(line) &&
        !/\bnode:|\beval at\b/.test(line) &&
        !own.some((place) => line.includes(place)),
    );
}

/**
 * Gives an error the stack of the call that it ends. The error was made where the answer
 * arrived, far from the caller; here, in the continuation of the caller's own await, the
 * engine knows the asynchronous frames. So a stack costs nothing until something fails.
 *
 * When nobody awaits the call yet there are no such frames; then an error that was made while the
 * caller was calling keeps the stack that it has.
 */
export function atCaller(error: unknown): unknown {
  if (isOwn(error)) locate(error);
  return error;
}

/**
 * What a function of the user's has thrown keeps the line that it shows, where the call that ran the
 * function ends with it: the line is one of that function's, and the call's own would tell less.
 */
export function keepLine(error: unknown): void {
  if (isOwn(error) && showsCaller(error.stack)) locatedErrors.add(error);
}

function isOwn(error: unknown): error is Error {
  return (
    error instanceof PostgresError ||
    error instanceof InterfaceError ||
    error instanceof InternalClientError ||
    error instanceof TimeoutError
  );
}

/** Runs a call; what it is rejected with shows the line of the caller. */
export async function located<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    throw atCaller(error);
  }
}

function locate(error: Error): void {
  const { stack } = error;
  const isShown = showsCaller(stack);
  // An error that passes through an outer call, a transaction's, keeps the line of the inner one.
  if (isShown && locatedErrors.has(error)) return;
  Error.captureStackTrace?.(error, atCaller);
  if ((isShown || locatedErrors.has(error)) && !showsCaller(error.stack))
    error.stack = stack as string;
  locatedErrors.add(error);
}
