import type { Hash } from 'node:crypto';
import { UnsupportedClientFeatureError } from '../errors/client-errors.ts';
import { builtinModule } from '../runtime/builtin-module.ts';
import { checkPassword } from './password.ts';

/**
 * The PasswordMessage that answers an MD5 request: the hash of the stored hash and the salt.
 *
 * PostgreSQL manual, section 54.2.1 "Start-up", AuthenticationMD5Password.
 *
 * @throws InvalidArgumentError when the password has a NUL character or a lone surrogate;
 *   UnsupportedClientFeatureError where MD5 is switched off (FIPS).
 */
export function md5Password(user: string, password: string, salt: Uint8Array): string {
  checkPassword(password);
  const stored = md5().update(password, 'utf8').update(user, 'utf8').digest('hex');
  return `md5${md5().update(stored, 'latin1').update(salt).digest('hex')}`;
}

function md5(): Hash {
  const { createHash } = builtinModule('node:crypto');
  try {
    return createHash('md5');
  } catch (cause) {
    throw new UnsupportedClientFeatureError(
      'the server asks for an MD5-hashed password, and this process has no MD5: it runs in FIPS mode',
      {
        cause,
        hint: "Set password_encryption to 'scram-sha-256' on the server, set the password anew, and let pg_hba.conf ask for scram-sha-256.",
      },
    );
  }
}
