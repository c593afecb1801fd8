import { builtinModule } from '../runtime/builtin-module.ts';
import { checkPassword } from './password.ts';

/**
 * The PasswordMessage that answers an MD5 request: the hash of the stored hash and the salt.
 *
 * PostgreSQL manual, section 54.2.1 "Start-up", AuthenticationMD5Password.
 *
 * @throws InvalidArgumentError when the password has a NUL character or a lone surrogate, and
 *   what `node:crypto` throws where MD5 is switched off (FIPS).
 */
export function md5Password(user: string, password: string, salt: Uint8Array): string {
  checkPassword(password);
  const { createHash } = builtinModule('node:crypto');
  const stored = createHash('md5').update(password, 'utf8').update(user, 'utf8').digest('hex');
  return `md5${createHash('md5').update(stored, 'latin1').update(salt).digest('hex')}`;
}
