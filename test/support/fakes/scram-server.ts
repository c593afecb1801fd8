import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

const SALT = Buffer.from('salt of the test');
const ITERATIONS = 4096;

/** What a server keeps of a password. It takes milliseconds by design. */
export function saltedPassword(password: string): Buffer {
  return pbkdf2Sync(password, SALT, ITERATIONS, 32, 'sha256');
}

/** The server's side of SCRAM-SHA-256, from its definition in RFC 5802, section 3. */
export class ScramServer {
  readonly #salted: Buffer;
  #clientFirstBare = '';
  #serverFirst = '';

  /** `salted` is what the server keeps of the password: see `saltedPassword`. */
  constructor(salted: Buffer) {
    this.#salted = salted;
  }

  /** The answer to the client's first message, whose GS2 header has no `p=`. */
  first(clientFirst: string): string {
    this.#clientFirstBare = clientFirst.slice(3);
    const nonce = /r=([^,]*)/.exec(clientFirst)?.[1] ?? '';
    this.#serverFirst = `r=${nonce}server,s=${SALT.toString('base64')},i=${ITERATIONS}`;
    return this.#serverFirst;
  }

  /** The answer to the client's last message. Throws when its proof is wrong. */
  final(clientFinal: string): string {
    const [withoutProof = '', proof = ''] = clientFinal.split(',p=');
    const authMessage = `${this.#clientFirstBare},${this.#serverFirst},${withoutProof}`;
    const clientKey = hmac(this.#salted, 'Client Key');
    const signature = hmac(createHash('sha256').update(clientKey).digest(), authMessage);
    const claimed = Buffer.from(proof, 'base64').map((byte, i) => byte ^ (signature[i] ?? 0));
    if (!clientKey.equals(claimed)) throw new Error("the client's proof is wrong");
    return `v=${hmac(hmac(this.#salted, 'Server Key'), authMessage).toString('base64')}`;
  }
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
