import { InvalidArgumentError } from '../errors/client-errors.ts';
import { WITHOUT_MEMORY } from '../runtime/without-memory.ts';
import { kindOf } from '../values/kind-of.ts';

/**
 * Why a value cannot be encoded, e.g. `2147483648 is out of range`. The caller that knows the
 * value's place (argument, row, column) turns it into an InvalidArgumentError.
 */
export class Unencodable extends Error {
  /** Where inside the value, outermost first: `.street`, `[3]`. */
  path = '';
  /** What is of a kind that its type does not take, if that is why: the value itself, or a part of it. */
  refused: unknown = null;
}

/** The error for a value of the wrong kind: `expected a boolean, got the number 1`. */
export function wrongKind(expected: string, value: unknown): Unencodable {
  const error = new Unencodable(`expected ${expected}, got ${kindOf(value)}`);
  error.refused = value;
  return error;
}

/** The error for a value of the right kind that its type cannot hold. */
export function outOfRange(value: unknown, type: string): Unencodable {
  return new Unencodable(`${kindOf(value)} is out of range for ${type}`);
}

/** The error for bytes that are there no more. */
export function withoutMemory(): Unencodable {
  return new Unencodable(WITHOUT_MEMORY);
}

/** The error for a string that is no value's text. The string itself is not shown. */
export function unreadable(expected: string): Unencodable {
  return new Unencodable(`expected ${expected}, got a string that is none`);
}

/** The error for `undefined`, which is never taken for NULL. */
export function undefinedValue(): Unencodable {
  return new Unencodable('undefined is not a value; pass null for NULL');
}

/** Makes an error of encoding a part one of encoding the whole: puts `step` before its path. */
export function nested(error: unknown, step: string): unknown {
  if (error instanceof Unencodable) {
    error.path = step + error.path;
    return error;
  }
  // What the writer refuses (a NUL, a lone surrogate) has no path yet.
  if (error instanceof InvalidArgumentError) {
    const reason = new Unencodable(error.message, { cause: error });
    reason.path = step;
    return reason;
  }
  return error;
}
