import { InvalidArgumentError } from '../errors/client-errors.ts';
import { Unencodable } from './codec.ts';
import { kindOf } from './refusal.ts';

/** The error for a value of the right kind that its type cannot hold. */
export function outOfRange(value: unknown, type: string): Unencodable {
  return new Unencodable(`${kindOf(value)} is out of range for ${type}`);
}

/** An error of encoding a part, as an error of encoding the whole: its path grows by `step`. */
export function nested(error: unknown, step: string): unknown {
  if (error instanceof Unencodable) {
    error.path = step + error.path;
    return error;
  }
  // The writer's own refusals (a NUL, a lone surrogate) do not know where they are.
  if (error instanceof InvalidArgumentError) {
    const reason = new Unencodable(error.message, { cause: error });
    reason.path = step;
    return reason;
  }
  return error;
}
