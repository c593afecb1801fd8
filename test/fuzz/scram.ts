/** The client's side of SCRAM, and what becomes of passwords. */
import { ok } from 'node:assert';
import fc from 'fast-check';
import { ProtocolError } from '../../src/errors/client-errors.ts';
import { saslprep } from '../../src/protocol/saslprep.ts';
import { deriveScramKeys, ScramClient } from '../../src/protocol/scram.ts';
import { ScramServer, saltedPassword } from '../support/fakes/scram-server.ts';
import { mutated, noise, pieces, type Target, target } from './target.ts';

const SALTED = saltedPassword('correct horse');
const KEYS = deriveScramKeys(SALTED);
const NONCE = 'clientnonce';

function begun(): { client: ScramClient; server: ScramServer; first: Buffer } {
  const client = new ScramClient({ channelBinding: 'unsupported', nonce: NONCE });
  const server = new ScramServer(SALTED);
  return {
    client,
    server,
    first: Buffer.from(server.first(client.clientFirst().toString('latin1'))),
  };
}

/** Whether a step was taken; that a message is refused is a ProtocolError and nothing else. */
function isTaken(step: () => void): boolean {
  try {
    step();
    return true;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return false;
  }
}

const HONEST = begun();
HONEST.client.serverFirst(HONEST.first);
const LAST = Buffer.from(HONEST.server.final(HONEST.client.clientFinal(KEYS).toString('latin1')));

const words = pieces(
  ['r=', 's=', 'i=', 'v=', 'e=', 'm=', ',', NONCE, 'x', '4096', 'c2FsdA==', '=', '0', '-1', ' '],
  10,
).map((text) => Buffer.from(text));

export const SCRAM_TARGETS: readonly Target[] = [
  target('scram-first', fc.oneof(mutated(fc.constant(HONEST.first)), words, noise), (message) => {
    const { client } = begun();
    const taken = isTaken(() => {
      const { salt, iterations } = client.serverFirst(message);
      ok(salt.length > 0 && iterations >= 1024 && iterations <= 10_000_000);
    });
    // Once it was refused nothing is sent: the exchange is over.
    if (taken) ok(message.toString('latin1').startsWith(`r=${NONCE}`));
    else ok(!isTakenByCaller(client));
  }),
  target('scram-last', fc.oneof(mutated(fc.constant(LAST)), words, noise), (message) => {
    const { client, first } = begun();
    client.serverFirst(first);
    client.clientFinal(KEYS);
    const taken = isTaken(() => client.serverFinal(message));
    // The server's signature in any spelling of base64 that stands for the same bytes, or none.
    const signature = (text: Buffer) => Buffer.from(text.toString('latin1', 2), 'base64');
    if (taken) ok(client.done && signature(message).equals(signature(LAST)));
    else ok(!client.done);
  }),
  target('saslprep', fc.string({ unit: 'binary', maxLength: 12 }), (password) => {
    if (password.includes('\0') || !password.isWellFormed()) return;
    const prepared = saslprep(password);
    ok(prepared.length > 0 || password === '');
    ok(/\P{ASCII}/u.test(password) || prepared === password);
  }),
];

function isTakenByCaller(client: ScramClient): boolean {
  try {
    client.clientFinal(KEYS);
    return true;
  } catch {
    return false;
  }
}
