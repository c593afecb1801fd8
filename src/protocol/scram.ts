/**
 * The client's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677), without I/O
 * and without the slow derivation of the salted password, which belongs off the event loop.
 *
 * PostgreSQL manual, section 54.3.1 "SCRAM-SHA-256 Authentication".
 */
import type { KeyObject } from 'node:crypto';
import { InterfaceError, ProtocolError } from '../errors/client-errors.ts';
import { builtinModule } from '../runtime/builtin-module.ts';

/** Below this a stolen exchange is too cheap to search for the password. 4,096 is usual. */
const MIN_SCRAM_ITERATIONS = 1024;
/** Above this a server would only burn the client's time. */
const MAX_SCRAM_ITERATIONS = 10_000_000;

/** Bytes of SHA-256, of all keys here and of the salted password. */
export const SCRAM_KEY_LENGTH = 32;

const NONCE_BYTES = 18;

/** What the client can do about channel binding, and what it does. */
export type ScramChannelBinding =
  /** The client does not bind, e.g. without TLS: SCRAM-SHA-256. */
  | 'unsupported'
  /** The client could bind but the server did not offer it: SCRAM-SHA-256, and the server
   * refuses if it did offer it, as then somebody in between took the offer away. */
  | 'not-offered'
  /** The exchange is bound to the TLS connection: SCRAM-SHA-256-PLUS. */
  | { readonly type: 'tls-server-end-point'; readonly data: Uint8Array };

/** The keys of a password, salt and iteration count. They are worth caching, and secret. */
export interface ScramKeys {
  readonly clientKey: Buffer;
  /** The hash of the client key, which is all that the server has of it. */
  readonly storedKey: KeyObject;
  readonly serverKey: KeyObject;
}

/** What the salted password is derived from, besides the password. */
export interface ScramServerFirst {
  readonly salt: Buffer;
  readonly iterations: number;
}

/** What an exchange is made with. */
export interface ScramClientOptions {
  readonly channelBinding: ScramChannelBinding;
  /** Printable ASCII without a comma. By default 18 random bytes in base64. */
  readonly nonce?: string;
  /** The fewest iterations that are accepted. Default 1,024. */
  readonly minIterations?: number;
  /** The most iterations that are accepted. Default 10,000,000. */
  readonly maxIterations?: number;
}

/**
 * The keys of a salted password, which is
 * `pbkdf2(saslprep(password), salt, iterations, 32, 'sha256')`.
 */
export function deriveScramKeys(saltedPassword: Uint8Array): ScramKeys {
  const { createHash, createSecretKey } = builtinModule('node:crypto');
  const salted = createSecretKey(saltedPassword);
  const clientKey = hmac(salted, 'Client Key');
  return {
    clientKey,
    storedKey: createSecretKey(createHash('sha256').update(clientKey).digest()),
    serverKey: createSecretKey(hmac(salted, 'Server Key')),
  };
}

/** With a key as bytes, Node.js 24 takes five times as long. */
function hmac(key: KeyObject, text: string): Buffer {
  return builtinModule('node:crypto').createHmac('sha256', key).update(text, 'utf8').digest();
}

type Step = 'client-first' | 'server-first' | 'client-final' | 'server-final' | 'done' | 'failed';

/**
 * One exchange. The steps are taken once each, in this order; a failed one ends it:
 *
 *     const scram = new ScramClient({ channelBinding: 'unsupported' });
 *     send(scram.mechanism, scram.clientFirst());
 *     const { salt, iterations } = scram.serverFirst(received);
 *     const salted = await pbkdf2(saslprep(password), salt, iterations, 32, 'sha256');
 *     send(scram.clientFinal(deriveScramKeys(salted)));
 *     scram.serverFinal(received);   // only now is the server known to know the password
 *
 * Whatever is wrong with what the server sent, its signature included, is a ProtocolError. A
 * step that the caller takes out of order is an InterfaceError.
 */
export class ScramClient {
  readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-256-PLUS';
  readonly #gs2Header: string;
  readonly #bindingData: Uint8Array;
  readonly #clientNonce: string;
  readonly #minIterations: number;
  readonly #maxIterations: number;
  #step: Step = 'client-first';
  #serverFirst = '';
  #nonce = '';
  #serverSignature: Buffer = Buffer.alloc(0);

  constructor(options: ScramClientOptions) {
    const { channelBinding } = options;
    const { randomBytes } = builtinModule('node:crypto');
    const nonce = options.nonce ?? randomBytes(NONCE_BYTES).toString('base64');
    if (!/^[\x21-\x2b\x2d-\x7e]+$/.test(nonce)) {
      throw new InterfaceError('a SCRAM nonce is printable ASCII without a comma');
    }
    if (typeof channelBinding === 'string') {
      this.mechanism = 'SCRAM-SHA-256';
      this.#gs2Header = channelBinding === 'not-offered' ? 'y,,' : 'n,,';
      this.#bindingData = new Uint8Array(0);
    } else {
      // Empty data would bind to nothing and still look bound.
      if (channelBinding.data.length === 0) {
        throw new InterfaceError('channel binding needs the hash of a certificate');
      }
      this.mechanism = 'SCRAM-SHA-256-PLUS';
      this.#gs2Header = `p=${channelBinding.type},,`;
      this.#bindingData = channelBinding.data;
    }
    this.#clientNonce = nonce;
    this.#minIterations = options.minIterations ?? MIN_SCRAM_ITERATIONS;
    this.#maxIterations = options.maxIterations ?? MAX_SCRAM_ITERATIONS;
  }

  /** Whether the server has proved that it knows the password. */
  get done(): boolean {
    return this.#step === 'done';
  }

  /** The client's first message. The user's name is left out: the server has it already. */
  clientFirst(): Buffer {
    this.#callerAt('client-first');
    this.#step = 'server-first';
    return Buffer.from(this.#gs2Header + this.#clientFirstBare(), 'latin1');
  }

  /** Takes the server's first message, the data of AuthenticationSASLContinue. */
  serverFirst(data: Uint8Array): ScramServerFirst {
    const message = this.#serverAt('server-first', data);
    if (message.startsWith('m=')) {
      throw new ProtocolError('the server asks for a SCRAM extension that is not known');
    }
    const match = /^r=([\x21-\x2b\x2d-\x7e]+),s=([^,]*),i=([^,]*)$/.exec(message);
    if (match === null) throw new ProtocolError("the server's first SCRAM message is malformed");
    const [, nonce = '', encodedSalt = '', iterationCount = ''] = match;
    if (!nonce.startsWith(this.#clientNonce) || nonce.length === this.#clientNonce.length) {
      throw new ProtocolError("the server's SCRAM nonce does not continue the client's");
    }
    const salt = base64(encodedSalt);
    if (salt === null || salt.length === 0) {
      throw new ProtocolError("the server's SCRAM salt is no base64 of at least one byte");
    }
    this.#serverFirst = message;
    this.#nonce = nonce;
    const iterations = this.#iterations(iterationCount);
    this.#step = 'client-final';
    return { salt, iterations };
  }

  #iterations(text: string): number {
    if (!/^[1-9][0-9]*$/.test(text)) {
      throw new ProtocolError("the server's SCRAM iteration count is no positive integer");
    }
    const iterations = Number(text);
    if (iterations < this.#minIterations || iterations > this.#maxIterations) {
      throw new ProtocolError(
        `the server asks for ${text.slice(0, 20)} SCRAM iterations, ` +
          `accepted are ${this.#minIterations} to ${this.#maxIterations}`,
        {
          hint:
            'If the server is the right one, set its scram_iterations within these bounds ' +
            'and set the password again.',
        },
      );
    }
    return iterations;
  }

  /** The client's last message, with the proof that it knows the password. */
  clientFinal(keys: ScramKeys): Buffer {
    this.#callerAt('client-final');
    const binding = Buffer.concat([Buffer.from(this.#gs2Header, 'latin1'), this.#bindingData]);
    const withoutProof = `c=${binding.toString('base64')},r=${this.#nonce}`;
    const authMessage = `${this.#clientFirstBare()},${this.#serverFirst},${withoutProof}`;
    const { clientKey, storedKey, serverKey } = keys;
    const proof = hmac(storedKey, authMessage);
    for (let i = 0; i < SCRAM_KEY_LENGTH; i++) proof[i] = proof[i]! ^ clientKey[i]!;
    this.#serverSignature = hmac(serverKey, authMessage);
    this.#step = 'server-final';
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`, 'latin1');
  }

  /** Takes the server's last message, the data of AuthenticationSASLFinal, and verifies it. */
  serverFinal(data: Uint8Array): void {
    const message = this.#serverAt('server-final', data);
    if (message.startsWith('e=')) {
      const reason = /^e=([a-z0-9-]{1,64})$/.exec(message)?.[1] ?? 'for a reason that is malformed';
      throw new ProtocolError(`the server refused the SCRAM exchange: ${reason}`);
    }
    const signature = message.startsWith('v=') ? base64(message.slice(2)) : null;
    if (signature === null) {
      throw new ProtocolError("the server's last SCRAM message is malformed");
    }
    if (
      signature.length !== this.#serverSignature.length ||
      !builtinModule('node:crypto').timingSafeEqual(signature, this.#serverSignature)
    ) {
      throw new ProtocolError("the server's SCRAM signature is wrong", {
        detail: 'The server does not know the password: it may not be the one that was meant.',
      });
    }
    this.#step = 'done';
  }

  #clientFirstBare(): string {
    return `n=,r=${this.#clientNonce}`;
  }

  #callerAt(step: Step): void {
    if (this.#step !== step) {
      throw new InterfaceError(`SCRAM is at its step ${this.#step}, not at ${step}`);
    }
  }

  /** The server's message as ASCII. It fails for good unless the caller moves the step on. */
  #serverAt(step: Step, data: Uint8Array): string {
    const at = this.#step;
    this.#step = 'failed';
    if (at !== step) throw new ProtocolError(`the server sent ${step} of SCRAM out of order`);
    return Buffer.from(data.buffer, data.byteOffset, data.length).toString('latin1');
  }
}

/** Strict base64: padded, and nothing that encoding it again would write otherwise. */
function base64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}
