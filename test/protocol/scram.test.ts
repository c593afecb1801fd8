import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { InterfaceError, ProtocolError } from '../../src/errors/client-errors.ts';
import {
  deriveScramKeys,
  ScramClient,
  type ScramClientOptions,
  type ScramKeys,
} from '../../src/protocol/scram.ts';

/** RFC 7677, section 3, with the user's name left out as PostgreSQL wants it. */
const NONCE = 'rOprNGfwEbeRWgbNEkqO';
const SERVER_NONCE = `${NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0`;
const SALT = 'W22ZaJ0SNY7soEsUEjb6gQ==';
const SERVER_FIRST = `r=${SERVER_NONCE},s=${SALT},i=4096`;

function keysOf(password: string, salt: Buffer, iterations: number): ScramKeys {
  return deriveScramKeys(pbkdf2Sync(password, salt, iterations, 32, 'sha256'));
}

const KEYS = keysOf('pencil', Buffer.from(SALT, 'base64'), 4096);

function client(options: Partial<ScramClientOptions> = {}): ScramClient {
  return new ScramClient({ channelBinding: 'unsupported', nonce: NONCE, ...options });
}

/** A client that has sent its first message. */
function begun(options: Partial<ScramClientOptions> = {}): ScramClient {
  const scram = client(options);
  scram.clientFirst();
  return scram;
}

/** A client that has sent its last message. */
function proved(): ScramClient {
  const scram = begun();
  scram.serverFirst(Buffer.from(SERVER_FIRST));
  scram.clientFinal(KEYS);
  return scram;
}

/** A server's side, from its definition in RFC 5802, section 3. */
function serverOf(
  keys: ScramKeys,
  clientFirstBare: string,
  serverFirst: string,
  clientFinal: string,
): { proved: boolean; signature: string } {
  const [withoutProof = '', proof = ''] = clientFinal.split(/,p=(?=[^,]*$)/);
  const authMessage = `${clientFirstBare},${serverFirst},${withoutProof}`;
  const storedKey = createHash('sha256').update(keys.clientKey).digest();
  const signature = createHmac('sha256', storedKey).update(authMessage).digest();
  const clientKey = Buffer.from(proof, 'base64').map((byte, i) => byte ^ (signature[i] ?? 0));
  return {
    proved: createHash('sha256').update(clientKey).digest().equals(storedKey),
    signature: createHmac('sha256', keys.serverKey).update(authMessage).digest('base64'),
  };
}

describe('the keys of RFC 7677', () => {
  // The RFC's exchange names its user, which this client never does; its proof and signature
  // follow from the keys alone, so that the keys are right when those are.
  test('make its proof and its signature', () => {
    const bare = `n=user,r=${NONCE}`;
    const final = `c=biws,r=${SERVER_NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`;
    expect(serverOf(KEYS, bare, SERVER_FIRST, final)).toEqual({
      proved: true,
      signature: '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    });
  });
});

describe('an exchange', () => {
  test('without channel binding proves the password and verifies the server', () => {
    const scram = client();
    expect(scram.mechanism).toBe('SCRAM-SHA-256');
    expect(scram.clientFirst().toString()).toBe(`n,,n=,r=${NONCE}`);
    expect(scram.serverFirst(Buffer.from(SERVER_FIRST))).toEqual({
      salt: Buffer.from(SALT, 'base64'),
      iterations: 4096,
    });
    const final = scram.clientFinal(KEYS).toString();
    expect(final.startsWith(`c=biws,r=${SERVER_NONCE},p=`)).toBe(true);
    const server = serverOf(KEYS, `n=,r=${NONCE}`, SERVER_FIRST, final);
    expect(server.proved).toBe(true);
    expect(scram.done).toBe(false);
    scram.serverFinal(Buffer.from(`v=${server.signature}`));
    expect(scram.done).toBe(true);
  });

  test('with a wrong password proves nothing', () => {
    const scram = begun();
    scram.serverFirst(Buffer.from(SERVER_FIRST));
    const wrong = keysOf('pencils', Buffer.from(SALT, 'base64'), 4096);
    const final = scram.clientFinal(wrong).toString();
    expect(serverOf(KEYS, `n=,r=${NONCE}`, SERVER_FIRST, final).proved).toBe(false);
  });

  test('over a connection that could be bound says so', () => {
    const scram = client({ channelBinding: 'not-offered' });
    expect(scram.mechanism).toBe('SCRAM-SHA-256');
    expect(scram.clientFirst().toString()).toBe(`y,,n=,r=${NONCE}`);
    scram.serverFirst(Buffer.from(SERVER_FIRST));
    const binding = Buffer.from('y,,').toString('base64');
    expect(scram.clientFinal(KEYS).toString().startsWith(`c=${binding},`)).toBe(true);
  });

  test('that is bound sends the hash of the certificate under its proof', () => {
    const data = createHash('sha256').update('a certificate').digest();
    const scram = client({ channelBinding: { type: 'tls-server-end-point', data } });
    expect(scram.mechanism).toBe('SCRAM-SHA-256-PLUS');
    expect(scram.clientFirst().toString()).toBe(`p=tls-server-end-point,,n=,r=${NONCE}`);
    scram.serverFirst(Buffer.from(SERVER_FIRST));
    const final = scram.clientFinal(KEYS).toString();
    const [, binding = ''] = /^c=([^,]+),/.exec(final) ?? [];
    expect(Buffer.from(binding, 'base64')).toEqual(
      Buffer.concat([Buffer.from('p=tls-server-end-point,,'), data]),
    );
    expect(serverOf(KEYS, `n=,r=${NONCE}`, SERVER_FIRST, final).proved).toBe(true);
  });

  test('is never bound to nothing', () => {
    const channelBinding = { type: 'tls-server-end-point', data: Buffer.alloc(0) } as const;
    expect(() => client({ channelBinding })).toThrow(InterfaceError);
  });

  test('has a nonce of its own of at least 18 bytes', () => {
    const first = new ScramClient({ channelBinding: 'unsupported' }).clientFirst().toString();
    const second = new ScramClient({ channelBinding: 'unsupported' }).clientFirst().toString();
    expect(first).toMatch(/^n,,n=,r=[A-Za-z0-9+/]{24}$/);
    expect(second).not.toBe(first);
  });

  test.each(['', 'a,b', 'a b', 'é', 'a\0'])('refuses the nonce %j', (nonce) => {
    expect(() => client({ nonce })).toThrow(InterfaceError);
  });
});

describe("the server's first message is refused", () => {
  test.each([
    ['with a nonce that does not begin with the client’s', `r=x${SERVER_NONCE},s=${SALT},i=4096`],
    ['with the nonce of the client and no more', `r=${NONCE},s=${SALT},i=4096`],
    ['with a part of the client’s nonce', `r=${NONCE.slice(0, 10)},s=${SALT},i=4096`],
    ['with a nonce that is not printable', `r=${SERVER_NONCE}\x7f,s=${SALT},i=4096`],
    ['with a mandatory extension', `m=x,${SERVER_FIRST}`],
    ['with an extension at its end', `${SERVER_FIRST},x=y`],
    ['with an error', 'e=other-error'],
    ['without a salt', `r=${SERVER_NONCE},s=,i=4096`],
    ['with a salt that is no base64', `r=${SERVER_NONCE},s=W22!,i=4096`],
    ['with a salt without its padding', `r=${SERVER_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ,i=4096`],
    ['with a salt in URL base64', `r=${SERVER_NONCE},s=-_-_,i=4096`],
    ['with a salt that has bits too many', `r=${SERVER_NONCE},s=AB==,i=4096`],
    ['with its parts in another order', `s=${SALT},r=${SERVER_NONCE},i=4096`],
    ['when it is empty', ''],
    ['when it goes on after a line', `${SERVER_FIRST}\n`],
    ['when a NUL follows', `${SERVER_FIRST}\0`],
    ...['0', '-1', '+4096', '4096x', '1e4', '4096.0', '', ' 4096', '04096', '0x1000'].map(
      (count) => [`with the iteration count "${count}"`, `r=${SERVER_NONCE},s=${SALT},i=${count}`],
    ),
    ...['1', '1023', '10000001', '2000000000', '9'.repeat(400)].map((count) => [
      `with ${count.slice(0, 12)} iterations`,
      `r=${SERVER_NONCE},s=${SALT},i=${count}`,
    ]),
  ])('%s', (_why, message = '') => {
    const scram = begun();
    expect(() => scram.serverFirst(Buffer.from(message))).toThrow(ProtocolError);
    // The exchange is over: the right message comes too late.
    expect(() => scram.serverFirst(Buffer.from(SERVER_FIRST))).toThrow(ProtocolError);
    expect(() => scram.clientFinal(KEYS)).toThrow(InterfaceError);
  });

  test('when it is another exchange’s', () => {
    const scram = begun({ nonce: 'another' });
    expect(() => scram.serverFirst(Buffer.from(SERVER_FIRST))).toThrow(ProtocolError);
  });
});

describe('the bounds of the iteration count', () => {
  function iterations(count: number, options: Partial<ScramClientOptions> = {}): number {
    const message = `r=${SERVER_NONCE},s=${SALT},i=${count}`;
    return begun(options).serverFirst(Buffer.from(message)).iterations;
  }

  test.each([1024, 10_000_000])('include %i', (count) => {
    expect(iterations(count)).toBe(count);
  });

  test('can be moved', () => {
    expect(iterations(1, { minIterations: 1 })).toBe(1);
    expect(() => iterations(4097, { maxIterations: 4096 })).toThrow(ProtocolError);
  });
});

describe("the server's last message", () => {
  const right = (): string => {
    const scram = begun();
    scram.serverFirst(Buffer.from(SERVER_FIRST));
    const final = scram.clientFinal(KEYS).toString();
    return serverOf(KEYS, `n=,r=${NONCE}`, SERVER_FIRST, final).signature;
  };

  test('is accepted once', () => {
    const scram = proved();
    scram.serverFinal(Buffer.from(`v=${right()}`));
    expect(() => scram.serverFinal(Buffer.from(`v=${right()}`))).toThrow(ProtocolError);
    expect(scram.done).toBe(false);
  });

  test.each([
    ['another signature', () => `v=${Buffer.alloc(32).toString('base64')}`],
    ['a part of the signature', () => `v=${right().slice(0, 40)}`],
    ['an empty signature', () => 'v='],
    ['no signature', () => ''],
    ['a signature without its padding', () => `v=${right().replace(/=+$/, '')}`],
    ['something after the signature', () => `v=${right()},x=y`],
    ['another attribute', () => `x=${right()}`],
    ['an error', () => 'e=invalid-proof'],
  ])('is refused with %s, and the exchange is over', (_what, message) => {
    const scram = proved();
    expect(() => scram.serverFinal(Buffer.from(message()))).toThrow(ProtocolError);
    expect(() => scram.serverFinal(Buffer.from(`v=${right()}`))).toThrow(ProtocolError);
    expect(scram.done).toBe(false);
  });

  test('may name an error, of which only a plain word is shown', () => {
    expect(() => proved().serverFinal(Buffer.from('e=invalid-proof'))).toThrow('invalid-proof');
    expect(() => proved().serverFinal(Buffer.from('e=<script>\n'))).toThrow(/malformed$/);
  });
});

describe('a step out of order', () => {
  test('is an InterfaceError when the caller takes it', () => {
    const scram = client();
    expect(() => scram.clientFinal(KEYS)).toThrow(InterfaceError);
    scram.clientFirst();
    expect(() => scram.clientFirst()).toThrow(InterfaceError);
    expect(() => scram.clientFinal(KEYS)).toThrow(InterfaceError);
  });

  test('is a ProtocolError when the server takes it', () => {
    expect(() => client().serverFirst(Buffer.from(SERVER_FIRST))).toThrow(ProtocolError);
    expect(() => begun().serverFinal(Buffer.from('v=AAAA'))).toThrow(ProtocolError);
    expect(() => proved().serverFirst(Buffer.from(SERVER_FIRST))).toThrow(ProtocolError);
    const waiting = begun();
    waiting.serverFirst(Buffer.from(SERVER_FIRST));
    expect(() => waiting.serverFinal(Buffer.from('v=AAAA'))).toThrow(ProtocolError);
  });
});
