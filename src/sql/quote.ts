import { InvalidArgumentError } from '../errors/client-errors.ts';

/** A name as a quoted SQL identifier. PostgreSQL manual, "Identifiers and Key Words". */
export function quoteIdentifier(name: string): string {
  if (typeof name !== 'string' || name === '') {
    throw new InvalidArgumentError('an SQL identifier must be a string that is not empty');
  }
  if (name.includes('\0')) {
    throw new InvalidArgumentError('an SQL identifier must not contain a NUL character');
  }
  if (!name.isWellFormed()) {
    throw new InvalidArgumentError('an SQL identifier must not contain a lone surrogate');
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** The most bytes that a name has: NAMEDATALEN - 1. */
const MAX_LENGTH = 63;

/**
 * The same for a name that the server would cut off without an error and then take for another:
 * a channel's would not be that of its notifications, a savepoint's might be that of the one
 * before.
 */
export function quoteWholeIdentifier(name: string): string {
  const quoted = quoteIdentifier(name);
  const length = Buffer.byteLength(name);
  if (length > MAX_LENGTH) {
    throw new InvalidArgumentError(
      `an SQL identifier must not be longer than ${MAX_LENGTH} bytes, got ${length}`,
      { hint: 'PostgreSQL would cut it off: choose a shorter name.' },
    );
  }
  return quoted;
}

/** A text as an SQL literal, whatever `standard_conforming_strings` is set to. */
export function quoteLiteral(text: string): string {
  if (typeof text !== 'string') throw new InvalidArgumentError('an SQL literal must be a string');
  if (text.includes('\0')) {
    throw new InvalidArgumentError('an SQL literal must not contain a NUL character');
  }
  if (!text.isWellFormed()) {
    throw new InvalidArgumentError('an SQL literal must not contain a lone surrogate');
  }
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? ` E${quoted}` : quoted;
}
