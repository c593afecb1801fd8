import { InvalidArgumentError } from '../errors/client-errors.ts';
import { Unencodable } from './codec.ts';

/** A number's or bigint's digits are shown, at most this many of them. */
const SHOWN_DIGITS = 40;

/**
 * What a value is, for error messages: numbers and booleans are shown, whatever may hold a
 * secret is only named by its kind.
 */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'bigint': {
      const digits = String(value);
      return `${digits.length > SHOWN_DIGITS ? `${digits.slice(0, SHOWN_DIGITS)}…` : digits}n`;
    }
    case 'string':
      return 'a string';
    case 'function':
      return 'a function';
    case 'symbol':
      return 'a symbol';
    default:
      return describeObject(value);
  }
}

function describeObject(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : 'a Date';
  const name: unknown = (value as object).constructor?.name;
  if (typeof name !== 'string' || name === '' || name === 'Object') return 'an object';
  return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
}

/** `expected an integer, got a string`. */
export function wrongType(expected: string, value: unknown): Unencodable {
  return new Unencodable(`expected ${expected}, got ${describe(value)}`);
}

/** `70000 is out of range for int2`. */
export function outOfRange(value: unknown, type: string): Unencodable {
  return new Unencodable(`${describe(value)} is out of range for ${type}`);
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
