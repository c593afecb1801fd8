import { InvalidArgumentError } from '../errors/client-errors.ts';

/**
 * Refuses a password that PostgreSQL cannot have: with a NUL character, or with no UTF-8 form,
 * which a hash would replace silently. The error never quotes it.
 */
export function checkPassword(password: string): void {
  if (password.includes('\0')) {
    throw new InvalidArgumentError('the password must not contain a NUL character');
  }
  if (!password.isWellFormed()) {
    throw new InvalidArgumentError('the password has a lone surrogate and so no UTF-8 form');
  }
}
