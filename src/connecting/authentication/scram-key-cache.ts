import type { KeyObject } from 'node:crypto';
import { saslprep } from '../../protocol/saslprep.ts';
import { deriveScramKeys, SCRAM_KEY_LENGTH, type ScramKeys } from '../../protocol/scram.ts';
import { builtinModule } from '../../runtime/builtin-module.ts';

/** How many derivations are kept; each takes some hundred bytes. */
const CAPACITY = 256;
/** Passwords are told apart by a keyed hash, so that no cache holds one. */
let fingerprintKey: KeyObject | null = null;

/**
 * The keys that SCRAM derives from a password, for the salt and the iteration count that the
 * server keeps with it. Deriving them takes milliseconds of CPU by design, and is the greater
 * part of what connecting costs: it happens off the event loop, once for all connections that
 * need the same. Those used last are kept.
 */
export class ScramKeyCache {
  readonly #kept = new Map<string, Promise<ScramKeys>>();

  keys(password: string, salt: Buffer, iterations: number): Promise<ScramKeys> {
    const prepared = saslprep(password);
    const name = JSON.stringify([salt.toString('base64'), iterations, fingerprint(prepared)]);
    const keys = this.#kept.get(name) ?? derive(prepared, salt, iterations);
    this.#kept.delete(name);
    this.#kept.set(name, keys);
    if (this.#kept.size > CAPACITY) this.#kept.delete(this.#kept.keys().next().value!);
    keys.catch(() => this.#kept.delete(name));
    return keys;
  }
}

function derive(password: string, salt: Buffer, iterations: number): Promise<ScramKeys> {
  const { pbkdf2 } = builtinModule('node:crypto');
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, SCRAM_KEY_LENGTH, 'sha256', (error, salted) => {
      if (error !== null) reject(error);
      else resolve(deriveScramKeys(salted));
    });
  });
}

function fingerprint(password: string): string {
  const { createHmac, createSecretKey, randomBytes } = builtinModule('node:crypto');
  fingerprintKey ??= createSecretKey(randomBytes(32));
  return createHmac('sha256', fingerprintKey).update(password).digest('base64');
}
