import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ConnectOptions, connect, type SslMode } from '../../src/index.ts';
import { writeAuthentication } from '../../src/protocol/backend/authentication.ts';
import { writeErrorResponse } from '../../src/protocol/backend/response.ts';
import { failure } from '../support/connections.ts';
import { FakeStream } from '../support/fakes/fake-stream.ts';
import { greeting } from '../support/fakes/puppet.ts';
import {
  acceptStartup,
  close,
  expectStartup,
  ignoreRest,
  reset,
  run,
  type Script,
  sendRaw,
  wait,
} from '../support/fakes/script.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';
import { ScriptedServer } from '../support/fakes/scripted-server.ts';
import { to } from './phases.ts';

const EVIL = 'evil text of somebody in the middle';

const ERROR_RESPONSE = encoded((writer) =>
  writeErrorResponse(writer, { severity: 'FATAL', sqlstate: '28000', message: EVIL }),
);
/** Everything that a server says to somebody it lets in. */
const WELCOME = Buffer.concat(greeting());

/** Answers to SSLRequest that are neither yes nor no. */
const ANSWERS: Readonly<Record<string, Script>> = {
  'yes, and more that was not encrypted': [sendRaw(Buffer.concat([Buffer.from('S'), WELCOME]))],
  'yes, twice': [sendRaw('SS')],
  'no, and more': [sendRaw(Buffer.concat([Buffer.from('N'), WELCOME]))],
  'an ErrorResponse': [sendRaw(ERROR_RESPONSE)],
  'the beginning of one': [sendRaw('E')],
  'something else': [sendRaw('X')],
  'a NUL': [sendRaw('\0')],
  'yes to GSS encryption': [sendRaw('G')],
  AuthenticationOk: [sendRaw(encoded((writer) => writeAuthentication(writer, { method: 'Ok' })))],
};

/** Ways not to answer. */
const ENDINGS: Readonly<Record<string, Script>> = {
  FIN: [close()],
  RST: [wait(20), reset()],
  silence: [
    run('silence', async (connection) => {
      while (!connection.ended) await new Promise((resolve) => setTimeout(resolve, 5));
    }),
  ],
};

const STRICT: readonly SslMode[] = ['require', 'verify-ca', 'verify-full'];

let directory: string;
/** A root certificate, without which nothing can be verified. */
let rootCertificate: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'asyncpg-'));
  rootCertificate = join(directory, 'root.crt');
  writeFileSync(rootCertificate, rootCertificates[0]!);
});

afterAll(() => rmSync(directory, { recursive: true }));

function failureOf(server: ScriptedServer, ssl: SslMode): Promise<Error> {
  const options = { ...to(server), timeout: 300 };
  if (!ssl.startsWith('verify')) return failure(connect({ ...options, ssl }));
  const dsn = `postgres://?sslmode=${ssl}&sslrootcert=${rootCertificate}`;
  return failure(connect(dsn, { ...options, ssl: undefined }));
}

/** What must hold of everything that was said in clear: SSLRequest, nothing else. */
function checkNothingInClear(server: ScriptedServer): void {
  expect(server.connections.length).toBeGreaterThan(0);
  for (const connection of server.connections) expect(connection.received).toHaveLength(8);
}

describe('an answer to SSLRequest', () => {
  const all = Object.entries({ ...ANSWERS, ...ENDINGS });

  test.for(STRICT.flatMap((ssl) => all.map(([answer, steps]) => [ssl, answer, steps] as const)))(
    'under %s fails the attempt, nothing more said in clear: %s',
    async ([ssl, , steps]) => {
      await using server = await ScriptedServer.listen(
        [expectStartup('SSLRequest'), ...steps, ignoreRest()],
        { repeatLast: true },
      );
      const error = await failureOf(server, ssl);
      expect(error.message).not.toContain(EVIL);
      checkNothingInClear(server);
    },
  );

  test.for(Object.entries(ANSWERS))(
    'under prefer fails the attempt, no other follows: %s',
    async ([, steps]) => {
      await using server = await ScriptedServer.listenFor(
        [
          [expectStartup('SSLRequest'), ...steps, ignoreRest()],
          [acceptStartup(), ignoreRest()],
        ],
        { repeatLast: true },
      );
      const error = await failureOf(server, 'prefer');
      expect(error.name).toBe('ProtocolError');
      expect(error.message).not.toContain(EVIL);
      expect(server.connections).toHaveLength(1);
      checkNothingInClear(server);
    },
  );

  test('of no is taken under prefer, on the same connection', async () => {
    await using server = await ScriptedServer.listen([
      expectStartup('SSLRequest'),
      sendRaw('N'),
      acceptStartup(),
      ignoreRest(),
    ]);
    const connection = await connect(to(server, { ssl: 'prefer' }));
    await connection.close();
  });

  test.for(STRICT)('of no fails the attempt under %s', async (ssl) => {
    await using server = await ScriptedServer.listen(
      [expectStartup('SSLRequest'), sendRaw('N'), ignoreRest()],
      { repeatLast: true },
    );
    const error = await failureOf(server, ssl);
    expect(error.name).toBe('InterfaceError');
    checkNothingInClear(server);
  });

  test.for(['disable', 'allow'] as const)('is not asked for first under %s', async (ssl) => {
    await using server = await ScriptedServer.listen([
      expectStartup('StartupMessage'),
      sendRaw(WELCOME),
      ignoreRest(),
    ]);
    const connection = await connect(to(server, { ssl }));
    await connection.close();
  });
});

describe('what comes unasked before TLS', () => {
  const options = (stream: FakeStream, extra: ConnectOptions = {}): ConnectOptions => ({
    host: 'db.example',
    user: 'ada',
    password: 'correct horse',
    database: 'shop',
    ssl: 'require',
    timeout: 2000,
    dial: () => stream,
    ...extra,
  });

  test.for<readonly [string, string, (stream: FakeStream) => void]>([
    ['ahead of the answer', 'ProtocolError', (stream) => stream.say(WELCOME, Buffer.from('S'))],
    [
      'behind the answer, before the handshake has begun',
      'ProtocolError',
      (stream) => {
        stream.push(Buffer.from('S'));
        stream.push(WELCOME);
      },
    ],
    [
      'behind the answer, in the handshake',
      'ConnectionFailureError',
      (stream) => stream.say(Buffer.from('S'), WELCOME),
    ],
  ])('is never taken for what the server says under TLS: %s', async ([, name, speak]) => {
    const stream = new FakeStream((to, chunk) => {
      if (chunk.length === 8) speak(to);
    });
    await expect(connect(options(stream))).rejects.toMatchObject({ name });
    expect(stream.destroyed).toBe(true);
    expect(stream.received.includes('ada')).toBe(false);
  });

  test('is never taken either when TLS begins at once', async () => {
    const stream = new FakeStream((to) => to.say(WELCOME));
    const error = await connect(options(stream, { directTls: true })).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(Error);
    expect(stream.destroyed).toBe(true);
    expect(stream.received.includes('database')).toBe(false);
  });
});
