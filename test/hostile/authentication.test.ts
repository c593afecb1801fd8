import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  type ConnectOptions,
  connect,
  InterfaceError,
  ProtocolError,
  TimeoutError,
} from '../../src/index.ts';
import { writeAuthentication } from '../../src/protocol/backend/authentication.ts';
import { expectMessage, expectStartup, send, startSession } from '../support/fakes/script.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';
import { ScriptedServer } from '../support/fakes/scripted-server.ts';
import {
  ACCEPTED,
  AFTER,
  ALPHABET,
  Gatekeeper,
  isAccepted,
  mayBeAccepted,
  PASSWORD,
  type Word,
} from './gatekeeper.ts';

/** Clear text is asked for by name. */
const ANY_METHOD = 'password,md5,gss,sspi,scram-sha-256,none';
async function attempt(
  gatekeeper: Gatekeeper,
  options: ConnectOptions = {},
): Promise<'in' | Error> {
  try {
    const connection = await connect({
      host: '192.0.2.1',
      user: 'ada',
      password: PASSWORD,
      database: 'shop',
      ssl: 'disable',
      timeout: 20_000,
      maxProtocolVersion: '3.2',
      dial: () => gatekeeper.stream,
      ...options,
    });
    connection.terminate();
    return 'in';
  } catch (error) {
    return error as Error;
  }
}

/** All sequences up to a length whose parts before the last may lead in, `prefix` aside. */
function* sequences(depth: number, prefix: readonly Word[] = []): Generator<Word[]> {
  for (const word of ALPHABET) {
    const sequence = [...prefix, word];
    yield sequence;
    if (depth > 1 && !isAccepted(sequence) && mayBeAccepted(sequence)) {
      yield* sequences(depth - 1, sequence);
    }
  }
}

/** No part of an error tells the password or a hash of it. */
function checkSecrecy(error: unknown, { answers }: Gatekeeper): void {
  const all = inspect(error, { depth: Infinity, showHidden: true }) + JSON.stringify(error);
  expect(all).not.toContain(PASSWORD);
  for (const answer of answers) {
    const secret = answer.subarray(5).toString('latin1').replace(/\0$/, '').split('p=').at(-1)!;
    if (!secret.includes('SCRAM')) expect(all).not.toContain(secret);
  }
}

function checkCapture({ stream, answers }: Gatekeeper, clearText: boolean): void {
  const { received } = stream;
  expect(received.includes(PASSWORD)).toBe(clearText);
  // SASL takes two messages; otherwise one is all that a client may say of its password.
  const sasl = answers[0]?.includes('SCRAM-SHA-256') === true;
  expect(answers.length).toBeLessThanOrEqual(sasl ? 2 : 1);
  for (const answer of answers) expect(String.fromCharCode(answer[0]!)).toBe('p');
}

describe('before AuthenticationOk', () => {
  test('only the sequences of one method lead in, of all up to five messages', async () => {
    let led = 0;
    for (const sequence of sequences(5)) {
      const gatekeeper = new Gatekeeper();
      const result = attempt(gatekeeper, { requireAuth: ANY_METHOD });
      await gatekeeper.converse(sequence);
      const outcome = await result;
      const label = sequence.join(' ');
      if (isAccepted(sequence)) {
        expect(outcome, label).toBe('in');
        led += 1;
      } else {
        expect(outcome, label).toBeInstanceOf(Error);
        expect(gatekeeper.stream.destroyed, label).toBe(true);
        checkSecrecy(outcome, gatekeeper);
      }
      const first = sequence.find((word) => word !== 'v');
      const position = first === undefined ? -1 : sequence.indexOf(first);
      checkCapture(gatekeeper, first === 'Cleartext' && position <= 1);
    }
    expect(led).toBe(ACCEPTED.length);
  });

  test('nothing leads in that comes all at once, but what needs no answer', async () => {
    for (const one of ALPHABET) {
      for (const two of ALPHABET) {
        for (const three of ['Ok', 'SASL', 'Z', 'K', 'S', 'E'] as const) {
          const gatekeeper = new Gatekeeper();
          const all = [one, two, three].map((word) => gatekeeper.encode(word));
          gatekeeper.stream.say(Buffer.concat([...all, ...AFTER]));
          const outcome = await attempt(gatekeeper);
          const label = `${one} ${two} ${three}`;
          // The first may let everybody in; what follows is then the session's.
          const settings = three === 'S';
          const allowed =
            (one === 'Ok' && (two === 'S' || two === 'N') && settings) ||
            ((one === 'MD5' || one === 'v') && two === 'Ok' && settings) ||
            (one === 'v' && two === 'MD5' && three === 'Ok');
          expect(outcome === 'in', label).toBe(allowed);
          checkCapture(gatekeeper, false);
        }
      }
    }
  });

  test('a SASL exchange begun ends with a verified server, or not at all', async () => {
    const endings: readonly (readonly Word[])[] = [
      ['SASL', 'Ok'],
      ['SASL', 'Continue', 'Ok'],
      ['SASL', 'Continue', 'FalseFinal', 'Ok'],
      ['SASL', 'Continue', 'Continue'],
      ['SASL', 'Continue', 'Final', 'Final', 'Ok'],
      ['SASL', 'Continue', 'Final', 'SASL'],
      ['SASL', 'Continue', 'Final', 'Cleartext'],
      ['SASL', 'SASL', 'Continue', 'Final', 'Ok'],
    ];
    for (const sequence of endings) {
      const gatekeeper = new Gatekeeper();
      const result = attempt(gatekeeper, { requireAuth: 'scram-sha-256,password' });
      await gatekeeper.converse(sequence);
      expect(await result, sequence.join(' ')).toBeInstanceOf(ProtocolError);
      checkCapture(gatekeeper, false);
    }
  });
});

describe('the server’s first SCRAM message', () => {
  const CASES: Readonly<Record<string, (nonce: string) => string>> = {
    'asks for two thousand million iterations': (nonce) => `r=${nonce}x,s=c2FsdA==,i=2000000000`,
    'asks for one iteration more than the limit': (nonce) => `r=${nonce}x,s=c2FsdA==,i=10000001`,
    'asks for one iteration fewer than the limit': (nonce) => `r=${nonce}x,s=c2FsdA==,i=1023`,
    'asks for one iteration': (nonce) => `r=${nonce}x,s=c2FsdA==,i=1`,
    'asks for no iteration': (nonce) => `r=${nonce}x,s=c2FsdA==,i=0`,
    'asks for fewer than no iterations': (nonce) => `r=${nonce}x,s=c2FsdA==,i=-1`,
    'has an iteration count with something behind it': (nonce) => `r=${nonce}x,s=c2FsdA==,i=4096x`,
    'has an iteration count in scientific notation': (nonce) => `r=${nonce}x,s=c2FsdA==,i=5e3`,
    'has an empty iteration count': (nonce) => `r=${nonce}x,s=c2FsdA==,i=`,
    'has no salt': (nonce) => `r=${nonce}x,s=,i=4096`,
    'has a salt that is no base64': (nonce) => `r=${nonce}x,s=%%%,i=4096`,
    'has the nonce of another exchange': () => 'r=AAAAAAAAAAAAAAAAAAAAAAAAx,s=c2FsdA==,i=4096',
    'adds nothing to the nonce': (nonce) => `r=${nonce},s=c2FsdA==,i=4096`,
    'shortens the nonce': (nonce) => `r=${nonce.slice(0, -1)},s=c2FsdA==,i=4096`,
    'asks for an extension': (nonce) => `m=new,r=${nonce}x,s=c2FsdA==,i=4096`,
    'has an attribute more': (nonce) => `r=${nonce}x,s=c2FsdA==,i=4096,x=1`,
    'is empty': () => '',
  };

  test.for(Object.entries(CASES))('ends the exchange when it %s', async ([, serverFirst]) => {
    const gatekeeper = new Gatekeeper();
    const result = attempt(gatekeeper);
    await gatekeeper.converse(['SASL'], []);
    const nonce = /r=([^,]*)$/.exec(gatekeeper.answers[0]!.toString('latin1'))![1]!;
    const data = Buffer.from(serverFirst(nonce));
    gatekeeper.stream.say(
      encoded((writer) => writeAuthentication(writer, { method: 'SASLContinue', data })),
    );
    expect(await result).toBeInstanceOf(ProtocolError);
    // No proof was made of it.
    expect(gatekeeper.answers).toHaveLength(1);
  });
});

describe('requireAuth', () => {
  const METHODS: Readonly<Record<string, readonly Word[]>> = {
    none: ['Ok'],
    password: ['Cleartext', 'Ok'],
    md5: ['MD5', 'Ok'],
    'scram-sha-256': ['SASL', 'Continue', 'Final', 'Ok'],
  };
  const names = Object.keys(METHODS);
  const settings = [
    ...names,
    ...names.map((name) => `!${name}`),
    'md5,scram-sha-256',
    'gss',
    '!none,!gss',
  ];

  test.for(settings.flatMap((setting) => names.map((method) => [setting, method] as const)))(
    '%s: a server that asks for %s',
    async ([requireAuth, method]) => {
      const named = requireAuth.replaceAll('!', '').split(',');
      const negated = requireAuth.startsWith('!');
      // Clear text is sent where others can read it only if it is named, and not if it is left over.
      const allowed = negated
        ? !named.includes(method) && method !== 'password'
        : named.includes(method);
      const gatekeeper = new Gatekeeper();
      const result = attempt(gatekeeper, { requireAuth });
      await gatekeeper.converse(METHODS[method]!);
      const outcome = await result;
      if (allowed) {
        expect(outcome).toBe('in');
      } else {
        expect(outcome).toBeInstanceOf(InterfaceError);
        expect(gatekeeper.answers).toEqual([]);
      }
    },
  );
});

describe('channelBinding: require', () => {
  test.for<readonly Word[]>([['Ok'], ['Cleartext', 'Ok'], ['MD5', 'Ok'], ['SASL'], ['GSS']])(
    'tells %j nothing at all',
    async (sequence) => {
      const gatekeeper = new Gatekeeper();
      const result = attempt(gatekeeper, {
        channelBinding: 'require',
        requireAuth: 'none,password,md5,scram-sha-256,gss',
      });
      await gatekeeper.converse(sequence);
      expect(await result).toBeInstanceOf(InterfaceError);
      expect(gatekeeper.answers).toEqual([]);
    },
  );
});

describe('a password in clear text', () => {
  test('is not sent over a connection that others may read', async () => {
    const gatekeeper = new Gatekeeper();
    const result = attempt(gatekeeper);
    await gatekeeper.converse(['Cleartext', 'Ok']);
    const error = await result;
    expect(error).toBeInstanceOf(InterfaceError);
    expect((error as InterfaceError).hint).toContain('requireAuth');
    checkCapture(gatekeeper, false);
  });

  test('is sent over one when requireAuth names it', async () => {
    const gatekeeper = new Gatekeeper();
    const result = attempt(gatekeeper, { requireAuth: 'password' });
    await gatekeeper.converse(['Cleartext', 'Ok']);
    expect(await result).toBe('in');
    checkCapture(gatekeeper, true);
  });

  test.for(['loopback', 'a Unix socket'])('is sent over %s', async (where) => {
    const directory = mkdtempSync(join(tmpdir(), 'asyncpg-'));
    try {
      await using server = await ScriptedServer.listen(
        [
          expectStartup(),
          send((writer) => writeAuthentication(writer, { method: 'CleartextPassword' })),
          expectMessage('PasswordMessage', { password: PASSWORD }),
          startSession(),
        ],
        where === 'loopback' ? {} : { path: join(directory, '.s.PGSQL.5432') },
      );
      const host =
        where === 'loopback' ? { host: server.host, port: server.port } : { host: directory };
      const connection = await connect({
        ...host,
        user: 'ada',
        password: PASSWORD,
        database: 'shop',
        ssl: 'disable',
      });
      await connection.close();
      await server.finished();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('the password function', () => {
  test.for([
    ['it was asked for a password', ['Cleartext'] as const],
    ['it was asked for an MD5 hash', ['MD5'] as const],
    ['SASL began', ['SASL'] as const],
  ] as const)('is waited for no longer than the time-out, after %s', async ([, sequence]) => {
    const gatekeeper = new Gatekeeper();
    const result = attempt(gatekeeper, {
      password: () => new Promise<string>(() => {}),
      requireAuth: 'password,md5,scram-sha-256',
      timeout: 50,
    });
    await gatekeeper.converse(sequence);
    expect(await result).toBeInstanceOf(TimeoutError);
    expect(gatekeeper.stream.destroyed).toBe(true);
    expect(gatekeeper.answers).toEqual([]);
  });

  test('may come too late: nothing is sent then', async () => {
    const gatekeeper = new Gatekeeper();
    let give: (password: string) => void = () => {};
    const result = attempt(gatekeeper, {
      password: () =>
        new Promise<string>((resolve) => {
          give = resolve;
        }),
      timeout: 50,
    });
    await gatekeeper.converse(['MD5']);
    expect(await result).toBeInstanceOf(TimeoutError);
    give(PASSWORD);
    await new Promise(setImmediate);
    expect(gatekeeper.answers).toEqual([]);
  });

  test('fails the attempt with what it throws', async () => {
    const gatekeeper = new Gatekeeper();
    const failure = new Error('the vault is sealed');
    const result = attempt(gatekeeper, { password: () => Promise.reject(failure) });
    await gatekeeper.converse(['MD5']);
    expect(await result).toBe(failure);
  });
});
