import { isError } from './builtins.ts';

/** The message of what was thrown, which may be a value that cannot even be made a string. */
export function messageOf(cause: unknown): string {
  try {
    return String(isError(cause) ? cause.message : cause);
  } catch {
    return 'it threw a value that has no text';
  }
}
