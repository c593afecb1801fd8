import { describe, expect, it } from 'vitest';
import {
  ClientConfigurationError,
  type ConnectOptions,
  connect,
  type GssContext,
  type GssProvider,
  InterfaceError,
  ProtocolError,
  TimeoutError,
  UnsupportedClientFeatureError,
} from '../../src/index.ts';
import {
  type Authentication,
  writeAuthentication,
} from '../../src/protocol/backend/authentication.ts';
import {
  expectEnd,
  expectMessage,
  expectStartup,
  type Script,
  send,
  startSession,
} from '../support/fakes/script.ts';
import { ScriptedServer } from '../support/fakes/scripted-server.ts';

const say = (answer: Authentication) => send((writer) => writeAuthentication(writer, answer));
const expectToken = (text: string) => expectMessage('SASLResponse', { data: Buffer.from(text) });
const token = (text: string) => say({ method: 'GSSContinue', data: Buffer.from(text) });

function at(server: ScriptedServer, options: ConnectOptions = {}) {
  return connect({
    host: server.host,
    port: server.port,
    user: 'ada',
    password: 'not asked for',
    ssl: 'disable',
    ...options,
  });
}

/** A provider that sends these texts and writes down what it gets. */
function provider(texts: readonly string[], got: (string | null)[] = []): GssProvider {
  return function* () {
    for (const text of texts) got.push((yield Buffer.from(text))?.toString() ?? null);
  };
}

describe('GSSAPI and SSPI', () => {
  it.each(['gss', 'sspi'] as const)('%s takes as many tokens as it needs', async (method) => {
    await using server = await ScriptedServer.listen([
      expectStartup(),
      say({ method: method === 'gss' ? 'GSS' : 'SSPI' }),
      expectToken('one'),
      token('two'),
      expectToken('three'),
      // The last word is the server's, which the client does not answer.
      token('four'),
      startSession(),
    ]);
    const got: (string | null)[] = [];
    const contexts: GssContext[] = [];
    const connection = await at(server, {
      requireAuth: method,
      krbsrvname: 'pg',
      gsslib: 'sspi',
      gssProvider: async (context) => {
        contexts.push(context);
        return provider(['one', 'three'], got)(context);
      },
    });
    connection.terminate();
    expect(got).toEqual(['two', 'four']);
    const [{ signal, ...context }] = contexts as [GssContext];
    expect(signal.aborted).toBe(false);
    expect(context).toEqual({
      method,
      service: 'pg',
      host: '127.0.0.1',
      library: 'sspi',
      user: 'ada',
    });
    await server.finished();
  });

  it('tells the provider when the server is content without a further token', async () => {
    const script: Script = [
      expectStartup(),
      say({ method: 'GSS' }),
      expectToken('one'),
      startSession(),
    ];
    await using server = await ScriptedServer.listenFor([script, script]);
    const got: (string | null)[] = [];
    const connection = await at(server, { gssProvider: provider(['one'], got) });
    connection.terminate();
    expect(got).toEqual([null]);
    const proof = new Error('the server has not proved who it is');
    await expect(
      at(server, {
        async *gssProvider() {
          if ((yield Buffer.from('one')) === null) throw proof;
        },
      }),
    ).rejects.toBe(proof);
  });

  it.each(['GSS', 'SSPI'] as const)('%s is refused without a provider', async (method) => {
    await using server = await ScriptedServer.listen([
      expectStartup(),
      say({ method }),
      expectEnd(),
    ]);
    await expect(at(server)).rejects.toThrow(UnsupportedClientFeatureError);
    await server.finished();
  });

  it('is refused where requireAuth does not name the one that the server asks for', async () => {
    const script = (method: 'GSS' | 'SSPI'): Script => [
      expectStartup(),
      say({ method }),
      expectEnd(),
    ];
    await using server = await ScriptedServer.listenFor([script('GSS'), script('SSPI')]);
    const gssProvider = (): never => {
      throw new Error('it was called');
    };
    await expect(at(server, { gssProvider, requireAuth: 'sspi' })).rejects.toThrow('"gss"');
    await expect(at(server, { gssProvider, requireAuth: '!sspi' })).rejects.toThrow('"sspi"');
    await server.finished();
  });

  it('fails with what the provider throws, at once and later', async () => {
    const script: Script = [expectStartup(), say({ method: 'GSS' }), expectEnd()];
    const longer: Script = [
      expectStartup(),
      say({ method: 'GSS' }),
      expectToken('one'),
      token('two'),
      expectEnd(),
    ];
    await using server = await ScriptedServer.listenFor([script, longer]);
    const reason = new Error('no ticket');
    const gssProvider = (): never => {
      throw reason;
    };
    await expect(at(server, { gssProvider })).rejects.toBe(reason);
    let finished = false;
    await expect(
      at(server, {
        async *gssProvider() {
          try {
            yield Buffer.from('one');
            throw reason;
          } finally {
            finished = true;
          }
        },
      }),
    ).rejects.toBe(reason);
    expect(finished).toBe(true);
    await server.finished();
  });

  it('ends with the time-out when the provider hangs, and lets it know', async () => {
    await using server = await ScriptedServer.listen([
      expectStartup(),
      say({ method: 'GSS' }),
      expectEnd(),
    ]);
    let signal: AbortSignal | undefined;
    const error = await at(server, {
      timeout: 100,
      gssProvider: (context) => {
        signal = context.signal;
        return new Promise(() => {});
      },
    }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TimeoutError);
    expect((error as Error).message).toContain('authenticating');
    expect(signal!.aborted).toBe(true);
    await server.finished();
  });

  it('ends after sixteen tokens, and lets the provider clean up', async () => {
    const rounds = Array.from({ length: 16 }, (): Script => [expectToken('more'), token('more')]);
    await using server = await ScriptedServer.listen([
      expectStartup(),
      say({ method: 'GSS' }),
      rounds,
      expectEnd(),
    ]);
    let finished = false;
    const error = await at(server, {
      *gssProvider() {
        try {
          for (;;) yield Buffer.from('more');
        } finally {
          finished = true;
        }
      },
    }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ProtocolError);
    expect((error as Error).message).toContain('16 tokens');
    expect(finished).toBe(true);
    await server.finished();
  });

  it('is over when the server goes on after the end, or with another method', async () => {
    const script = (...after: Script): Script => [
      expectStartup(),
      say({ method: 'GSS' }),
      expectToken('one'),
      ...after,
      expectEnd(),
    ];
    await using server = await ScriptedServer.listenFor([
      script(token('two'), token('three')),
      script(say({ method: 'CleartextPassword' })),
      [expectStartup(), token('zero'), expectEnd()],
    ]);
    for (let i = 0; i < 3; i++) {
      const error = await at(server, { gssProvider: provider(['one']) }).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(ProtocolError);
    }
    await server.finished();
  });

  it.each<[string, unknown]>([
    ['no iterator', {}],
    ['nothing', undefined],
    ['an iterator of texts', ['one'].values()],
  ])('is a wrong option when the provider gives %s', async (_name, given) => {
    await using server = await ScriptedServer.listen([
      expectStartup(),
      say({ method: 'GSS' }),
      expectEnd(),
    ]);
    const error = await at(server, { gssProvider: () => given as never }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ClientConfigurationError);
    expect((error as Error).message).toContain('gssProvider');
    await server.finished();
  });

  it('needs a first token', async () => {
    await using server = await ScriptedServer.listen([
      expectStartup(),
      say({ method: 'GSS' }),
      expectEnd(),
    ]);
    await expect(at(server, { gssProvider: provider([]) })).rejects.toThrow(InterfaceError);
    await server.finished();
  });
});
