import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  ClientConfigurationError,
  type ConnectOptions,
  connect,
  InterfaceError,
  InvalidAuthorizationSpecificationError,
  type OAuthRequest,
  ProtocolError,
  TimeoutError,
} from '../../src/index.ts';
import {
  type Authentication,
  writeAuthentication,
} from '../../src/protocol/backend/authentication.ts';
import { writeErrorResponse } from '../../src/protocol/backend/response.ts';
import { failure } from '../support/connections.ts';
import { FakeStream } from '../support/fakes/fake-stream.ts';
import {
  expectEnd,
  expectMessage,
  expectStartup,
  type Script,
  send,
  startSession,
} from '../support/fakes/script.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';
import { ScriptedServer } from '../support/fakes/scripted-server.ts';

const TOKEN = 'eyJhbGciOi.very~secret_token-1/2+3==';
const REASONS = JSON.stringify({
  status: 'invalid_token',
  'openid-configuration': 'https://issuer.example/tenant/.well-known/openid-configuration',
  scope: 'db:read db:write',
});

const ask = (...mechanisms: string[]) =>
  send((writer) => writeAuthentication(writer, { method: 'SASL', mechanisms }));
const say = (answer: Authentication) => send((writer) => writeAuthentication(writer, answer));
const expectToken = (bearer: string) =>
  expectMessage('SASLInitialResponse', {
    mechanism: 'OAUTHBEARER',
    data: Buffer.from(`n,,\x01auth=${bearer}\x01\x01`),
  });
/** What a server does with a token that is none to it. */
const refuse = (reasons: string): Script => [
  say({ method: 'SASLContinue', data: Buffer.from(reasons) }),
  expectMessage('SASLResponse', { data: Buffer.from('\x01') }),
  send((writer) =>
    writeErrorResponse(writer, {
      severity: 'FATAL',
      sqlstate: '28000',
      message: 'OAuth bearer authentication failed for user "ada"',
    }),
  ),
];

function at(server: ScriptedServer, options: ConnectOptions = {}) {
  return connect({
    host: server.host,
    port: server.port,
    user: 'ada',
    database: 'shop',
    ssl: 'disable',
    ...options,
  });
}

/** What a promise is rejected with, which must not have the token in it. */
async function discreetFailure(promise: Promise<unknown>): Promise<Error> {
  const error = await failure(promise);
  expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain(TOKEN);
  return error;
}

describe('OAUTHBEARER', () => {
  it('sends the token of the function, called once for each connection', async () => {
    const script: Script = [
      expectStartup(),
      ask('OAUTHBEARER'),
      expectToken(`Bearer ${TOKEN}`),
      startSession(),
      expectMessage('Terminate'),
    ];
    await using server = await ScriptedServer.listenFor([script, script]);
    const requests: OAuthRequest[] = [];
    const oauthToken = async (request: OAuthRequest): Promise<string> => {
      requests.push(request);
      return TOKEN;
    };
    for (const requireAuth of [undefined, 'oauth']) {
      const connection = await at(server, { oauthToken, requireAuth });
      await connection.close();
    }
    expect(requests).toHaveLength(2);
    const { signal, ...request } = requests[0]!;
    expect(signal.aborted).toBe(false);
    expect(request).toEqual({
      host: '127.0.0.1',
      port: server.port,
      user: 'ada',
      database: 'shop',
      issuer: null,
      openidConfiguration: null,
      scope: null,
    });
    await server.finished();
  });

  it('asks the server where tokens come from when there is none yet', async () => {
    await using server = await ScriptedServer.listenFor([
      [expectStartup(), ask('OAUTHBEARER'), expectToken(''), refuse(REASONS), expectEnd()],
      [expectStartup(), ask('OAUTHBEARER'), expectToken(`Bearer ${TOKEN}`), startSession()],
    ]);
    const seen: unknown[] = [];
    const connection = await at(server, {
      oauthToken: ({ issuer, openidConfiguration, scope }) => {
        seen.push({ issuer, openidConfiguration, scope });
        return issuer === null ? '' : TOKEN;
      },
    });
    connection.terminate();
    expect(seen).toEqual([
      { issuer: null, openidConfiguration: null, scope: null },
      {
        issuer: 'https://issuer.example/tenant',
        openidConfiguration: 'https://issuer.example/tenant/.well-known/openid-configuration',
        scope: 'db:read db:write',
      },
    ]);
    await server.finished();
  });

  it('fails when there is no token even then', async () => {
    await using server = await ScriptedServer.listenFor([
      [expectStartup(), ask('OAUTHBEARER'), expectToken(''), refuse(REASONS), expectEnd()],
      [expectStartup(), ask('OAUTHBEARER'), expectEnd()],
    ]);
    const error = await discreetFailure(at(server, { oauthToken: () => '' }));
    expect(error).toBeInstanceOf(InterfaceError);
    expect(error.message).toContain('oauthToken gave none');
    await server.finished();
  });

  it('tells what the server has against a token, without the token', async () => {
    const echo = JSON.stringify({ status: 'invalid_token', scope: 's', note: `got ${TOKEN}` });
    await using server = await ScriptedServer.listen([
      expectStartup(),
      ask('OAUTHBEARER'),
      expectToken(`Bearer ${TOKEN}`),
      refuse(echo),
      expectEnd(),
    ]);
    const error = await discreetFailure(at(server, { oauthToken: () => TOKEN }));
    expect(error).toBeInstanceOf(InvalidAuthorizationSpecificationError);
    expect((error.cause as Error).message).toContain('"status":"invalid_token"');
    expect((error.cause as Error).message).toContain('got …');
    await server.finished();
  });

  it.each<[string, Script, RegExp]>([
    ['lets the client in after it has refused the token', [say({ method: 'Ok' })], /went on/],
    ['goes on after that', [say({ method: 'SASLContinue', data: Buffer.from('{}') })], /went on/],
  ])('is over when the server %s', async (_name, after, message) => {
    await using server = await ScriptedServer.listen([
      expectStartup(),
      ask('OAUTHBEARER'),
      expectToken(`Bearer ${TOKEN}`),
      say({ method: 'SASLContinue', data: Buffer.from(REASONS) }),
      expectMessage('SASLResponse'),
      after,
      expectEnd(),
    ]);
    const error = await discreetFailure(at(server, { oauthToken: () => TOKEN }));
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error.message).toMatch(message);
    await server.finished();
  });

  it.each(['', 'no JSON', '[]', '"text"', 'null'])(
    'is a broken protocol when the server answers %j to who asks it',
    async (reasons) => {
      await using server = await ScriptedServer.listen([
        expectStartup(),
        ask('OAUTHBEARER'),
        expectToken(''),
        refuse(reasons),
        expectEnd(),
      ]);
      const error = await discreetFailure(at(server, { oauthToken: () => '' }));
      expect(error).toBeInstanceOf(ProtocolError);
      await server.finished();
    },
  );

  it.each<[string, unknown]>([
    ['no string', 5],
    ['what would begin another field of the message', `mine\x01auth=Bearer theirs`],
    ['a space', 'my secret'],
    ['what is no ASCII', 'tökén'],
  ])('refuses a token that is or has %s, before anything is sent', async (_name, token) => {
    await using server = await ScriptedServer.listen([
      expectStartup(),
      ask('OAUTHBEARER'),
      expectEnd(),
    ]);
    const error = await discreetFailure(at(server, { oauthToken: () => token as string }));
    expect(error).toBeInstanceOf(ClientConfigurationError);
    expect(error.message).toContain('oauthToken');
    if (typeof token === 'string') expect(error.message).not.toContain(token);
    await server.finished();
  });

  it('fails with what the function throws, and with the time-out when it hangs', async () => {
    const script: Script = [expectStartup(), ask('OAUTHBEARER'), expectEnd()];
    await using server = await ScriptedServer.listenFor([script, script]);
    const reason = new Error('no token today');
    const thrown = await discreetFailure(
      at(server, {
        oauthToken: () => {
          throw reason;
        },
      }),
    );
    expect(thrown).toBe(reason);
    let aborted: AbortSignal | null = null;
    const late = await discreetFailure(
      at(server, {
        timeout: 100,
        oauthToken: ({ signal }) => {
          aborted = signal;
          return new Promise(() => {});
        },
      }),
    );
    expect(late).toBeInstanceOf(TimeoutError);
    expect(late.message).toContain('authenticating');
    expect(aborted!.aborted).toBe(true);
    await server.finished();
  });

  it('is refused over a connection that others can read', async () => {
    let called = false;
    const stream = new FakeStream();
    stream.say(
      encoded((writer) =>
        writeAuthentication(writer, { method: 'SASL', mechanisms: ['OAUTHBEARER'] }),
      ),
    );
    const error = await discreetFailure(
      connect({
        host: '192.0.2.1',
        user: 'ada',
        ssl: 'disable',
        requireAuth: 'oauth',
        dial: () => stream,
        oauthToken: () => {
          called = true;
          return TOKEN;
        },
      }),
    );
    expect(error).toBeInstanceOf(InterfaceError);
    expect(error.message).toContain('without encryption');
    expect(called).toBe(false);
    expect(stream.received.includes('OAUTHBEARER')).toBe(false);
  });

  it('needs the function, and the permission of requireAuth and channelBinding', async () => {
    const script: Script = [expectStartup(), ask('OAUTHBEARER'), expectEnd()];
    const cases: [ConnectOptions, RegExp][] = [
      [{}, /needs the oauthToken option/],
      [{ oauthToken: () => TOKEN, requireAuth: 'scram-sha-256' }, /"oauth", which requireAuth/],
      [{ oauthToken: () => TOKEN, requireAuth: '!oauth' }, /"oauth", which requireAuth/],
      [{ oauthToken: () => TOKEN, channelBinding: 'require' }, /channel binding is required/],
    ];
    await using server = await ScriptedServer.listenFor(cases.map(() => script));
    for (const [options, message] of cases) {
      expect((await discreetFailure(at(server, options))).message).toMatch(message);
    }
    await server.finished();
  });

  it('comes after SCRAM where a server offers both, unless requireAuth names it', async () => {
    await using server = await ScriptedServer.listenFor([
      [
        expectStartup(),
        ask('OAUTHBEARER', 'SCRAM-SHA-256'),
        expectMessage('SASLInitialResponse', ({ mechanism }) => mechanism === 'SCRAM-SHA-256'),
        refuse('{}').slice(2),
      ],
      [
        expectStartup(),
        ask('OAUTHBEARER', 'SCRAM-SHA-256'),
        expectToken(`Bearer ${TOKEN}`),
        startSession(),
      ],
    ]);
    const options: ConnectOptions = { oauthToken: () => TOKEN, password: 'pw' };
    await discreetFailure(at(server, options));
    const connection = await at(server, { ...options, requireAuth: 'oauth' });
    connection.terminate();
    await server.finished();
  });
});
