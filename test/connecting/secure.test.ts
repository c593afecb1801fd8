import net, { type AddressInfo } from 'node:net';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  ConnectionFailureError,
  type ConnectOptions,
  connect,
  ProtocolError,
} from '../../src/index.ts';
import { failure } from '../support/connections.ts';
import { Authority, type Certificate } from '../support/servers/certificates.ts';

let authority: Authority;
let certificate: Certificate;

beforeAll(async () => {
  authority = await Authority.create();
  certificate = await authority.issue({ altNames: ['DNS:db.test', 'IP:127.0.0.1'] });
});

afterAll(() => authority?.[Symbol.asyncDispose]());

/** A server that speaks TLS and nothing else, and what it got to see. */
interface TlsServer extends AsyncDisposable {
  readonly port: number;
  readonly serverNames: (string | false | null)[];
  /** What came encrypted, after which the server hangs up. */
  readonly received: Buffer[];
}

async function listen(
  negotiation: 'postgres' | 'direct',
  alpn: readonly string[] | null,
): Promise<TlsServer> {
  const serverNames: (string | false | null)[] = [];
  const received: Buffer[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    const begin = (): void => {
      const secure = new tls.TLSSocket(socket, {
        isServer: true,
        cert: certificate.cert,
        key: certificate.key,
        ...(alpn === null ? {} : { ALPNProtocols: [...alpn] }),
      });
      secure.on('error', () => {});
      secure.on('secure', () =>
        serverNames.push((secure as { servername?: string }).servername ?? null),
      );
      secure.on('data', (chunk) => {
        received.push(chunk);
        secure.end();
      });
    };
    if (negotiation === 'direct') begin();
    else
      socket.once('data', () => {
        socket.write('S');
        begin();
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    serverNames,
    received,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function refusal(server: TlsServer, options: ConnectOptions): Promise<Error> {
  return failure(
    connect({
      host: 'db.test',
      hostaddr: '127.0.0.1',
      port: server.port,
      user: 'ada',
      ssl: 'require',
      ...options,
    }),
  );
}

describe('the name of the server', () => {
  it('is sent in clear to the server (SNI) when it is a name', async () => {
    await using server = await listen('postgres', null);
    await refusal(server, {});
    await refusal(server, { host: '127.0.0.1' });
    await using second = await listen('postgres', null);
    await connect('sslsni=0', {
      host: 'db.test',
      hostaddr: '127.0.0.1',
      port: second.port,
      user: 'ada',
      ssl: 'require',
    }).catch(() => {});
    expect(server.serverNames).toEqual(['db.test', false]);
    expect(second.serverNames).toEqual([false]);
  });
});

describe('the protocol that TLS agrees on (ALPN)', () => {
  it('is postgresql, or none with a server that was asked first', async () => {
    for (const alpn of [['postgresql'], ['http/1.1', 'postgresql'], null]) {
      await using server = await listen('postgres', alpn);
      const error = await refusal(server, {});
      expect(error).toBeInstanceOf(ConnectionFailureError);
      expect(server.received).toHaveLength(1);
    }
    await using server = await listen('direct', ['postgresql']);
    await refusal(server, { directTls: true });
    expect(server.received).toHaveLength(1);
  });

  it('must be agreed on with direct TLS, or not a byte is said', async () => {
    await using server = await listen('direct', null);
    const error = await refusal(server, { directTls: true });
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({ message: expect.stringContaining('ALPN') });
    expect(server.received).toEqual([]);
  });

  it('fails the handshake when the server knows others only', async () => {
    await using server = await listen('direct', ['http/1.1']);
    expect(await refusal(server, { directTls: true })).toBeInstanceOf(ConnectionFailureError);
    expect(server.received).toEqual([]);
  });
});

it('what Bun finds wrong with a certificate that nobody checks is no failure', async () => {
  await using server = await listen('postgres', null);
  const { connect: begin } = tls;
  using _spy = vi.spyOn(tls, 'connect').mockImplementation(((given: tls.ConnectionOptions) => {
    const socket = begin(given);
    const emit = socket.emit.bind(socket) as (event: string, ...values: unknown[]) => boolean;
    // As Bun 1.4 does.
    const found = new Error('self signed certificate');
    socket.emit = (event: string, ...values: unknown[]) =>
      emit(event, ...(event === 'secureConnect' ? [found] : values));
    return socket;
  }) as typeof tls.connect);
  expect((await refusal(server, {})).message).toContain('closed the connection at start-up');
  expect(server.received).toHaveLength(1);
});

describe('a connection that breaks under TLS', () => {
  it('is a connection failure whether it ends in the handshake or after it', async () => {
    for (const moment of ['hello', 'startup'] as const) {
      const server = net.createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', () => {
          socket.write('S');
          if (moment === 'hello') {
            socket.once('data', () => socket.resetAndDestroy());
          } else {
            const secure = new tls.TLSSocket(socket, { isServer: true, ...certificate });
            secure.on('error', () => {});
            secure.once('data', () => socket.resetAndDestroy());
          }
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const error = await connect({ host: '127.0.0.1', port, user: 'ada', ssl: 'require' }).catch(
        (reason: unknown) => reason,
      );
      expect(error, moment).toBeInstanceOf(ConnectionFailureError);
      expect((error as Error).cause, moment).toMatchObject({ code: 'ECONNRESET' });
      expect(error, moment).toMatchObject({ isTransient: true });
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
