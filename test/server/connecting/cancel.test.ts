import { once } from 'node:events';
import net from 'node:net';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { TempCluster } from '../../../src/cluster/index.ts';
import {
  type Connection,
  type ConnectOptions,
  connect,
  type DialFunction,
  TimeoutError,
} from '../../../src/index.ts';
import { Authority } from '../../support/servers/certificates.ts';
import { hasServer, testServer } from '../../support/servers/server.ts';

/** The request codes that begin a connection, after its length. */
const CANCEL_REQUEST = 80877102;
const SSL_REQUEST = 80877103;
const CLIENT_HELLO = 0x16; // the type of a TLS record

let authority: Authority;
let cluster: TempCluster;

beforeAll(async () => {
  authority = await Authority.create();
  const server = await authority.issue({ altNames: ['DNS:db.test'] });
  cluster = await TempCluster.start({
    settings: { ssl: true, ssl_cert_file: 'server.crt', ssl_key_file: 'server.key' },
    files: { 'server.crt': server.cert, 'server.key': server.key },
  });
});

afterAll(async () => {
  await cluster?.stop();
  await authority?.[Symbol.asyncDispose]();
});

beforeEach(() => {
  vi.stubEnv('HOME', authority.folder);
});

/** Dials a server on this machine and keeps what is written on each of the connections. */
function recorder(port: number): { readonly written: Buffer[][]; readonly dial: DialFunction } {
  const written: Buffer[][] = [];
  const dial: DialFunction = () => {
    const socket = net.connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    written.push(chunks);
    const stream = new Duplex({
      read: () => socket.resume(),
      write(chunk: Buffer, _, done) {
        chunks.push(Buffer.from(chunk));
        socket.write(chunk, () => done());
      },
      final: (done) => {
        socket.end(() => done());
      },
      destroy: (error, done) => {
        socket.destroy();
        done(error);
      },
    });
    socket.on('data', (chunk) => {
      if (!stream.push(chunk)) socket.pause();
    });
    socket.on('end', () => stream.push(null));
    socket.on('error', (error) => stream.destroy(error));
    return stream;
  };
  return { written, dial };
}

/** Has a query run into its time-out, and shows that the connection is as good as before. */
async function timeOut(connection: Connection): Promise<void> {
  const pid = await connection.fetchVal('SELECT pg_backend_pid()');
  const long = connection.execute({ text: 'SELECT pg_sleep(120)', timeout: 100 });
  await expect(long).rejects.toThrow(TimeoutError);
  expect(await connection.fetchVal('SELECT pg_backend_pid()')).toBe(pid);
  const after = connection.execute({ text: 'SELECT pg_sleep(120)', timeout: 100 });
  await expect(after).rejects.toThrow(TimeoutError);
  expect(await connection.fetchVal('SELECT pg_backend_pid()')).toBe(pid);
}

function options(more: ConnectOptions): ConnectOptions {
  return { host: 'db.test', user: 'postgres', database: 'postgres', ...more };
}

describe('a cancel request', () => {
  it('goes through TLS when the session does', async () => {
    const { written, dial } = recorder(cluster.port);
    const dsn = `sslmode=verify-full sslrootcert=${authority.rootFile}`;
    await using connection = await connect(dsn, options({ dial }));
    await timeOut(connection);
    expect(written).toHaveLength(3);
    for (const chunks of written) {
      const bytes = Buffer.concat(chunks);
      expect(bytes.readInt32BE(4)).toBe(SSL_REQUEST);
      expect(bytes[8]).toBe(CLIENT_HELLO);
    }
  });

  it('goes through TLS from its first byte when the session does', async () => {
    const { written, dial } = recorder(cluster.port);
    await using connection = await connect(options({ dial, ssl: 'require', directTls: true }));
    await timeOut(connection);
    expect(written.map((chunks) => chunks[0]?.[0])).toEqual([
      CLIENT_HELLO,
      CLIENT_HELLO,
      CLIENT_HELLO,
    ]);
  });

  it('asks for no TLS on a stream of the option dial that has it already', async () => {
    const ca = await authority.root();
    const dial: DialFunction = async () => {
      const given = { port: cluster.port, host: '127.0.0.1', servername: 'db.test', ca };
      const socket = tls.connect({ ...given, ALPNProtocols: ['postgresql'] });
      await once(socket, 'secureConnect');
      return socket;
    };
    for (const ssl of ['disable', 'prefer'] as const) {
      await using connection = await connect(options({ dial, ssl }));
      await timeOut(connection);
    }
  });

  it('goes without TLS when the session does', async () => {
    const { written, dial } = recorder(cluster.port);
    await using connection = await connect(options({ dial, ssl: 'allow' }));
    await timeOut(connection);
    const [, first, second] = written.map((chunks) => Buffer.concat(chunks));
    expect(first).toHaveLength(16);
    expect(first?.readInt32BE(4)).toBe(CANCEL_REQUEST);
    expect(second).toEqual(first);
  });

  it.each(['disable', 'require'] as const)(
    'has the long key of protocol 3.2, with ssl %s',
    async (ssl) => {
      const { host, port } = cluster;
      await using connection = await connect(
        options({ host, port, ssl, maxProtocolVersion: '3.2' }),
      );
      await timeOut(connection);
    },
  );

  it('carries 32 bytes of key with protocol 3.2 and 4 with 3.0', async () => {
    for (const [maxProtocolVersion, bytes] of [
      ['3.2', 32],
      ['3.0', 4],
    ] as const) {
      const { written, dial } = recorder(testServer().port);
      await using connection = await connect(options({ dial, maxProtocolVersion }));
      await timeOut(connection);
      const request = Buffer.concat(written[1]!);
      expect(request.readInt32BE(4)).toBe(CANCEL_REQUEST);
      expect(request).toHaveLength(12 + bytes);
    }
  });

  it('goes through a Unix socket when the session does', async () => {
    const { socketDirectory: host, port } = testServer();
    await using connection = await connect({ host, port, user: 'postgres' });
    await timeOut(connection);
  });

  it.skipIf(!hasServer(15))('reaches older servers that were asked for protocol 3.2', async () => {
    const { host, port } = testServer(15);
    await using connection = await connect(options({ host, port, maxProtocolVersion: '3.2' }));
    await timeOut(connection);
  });
});
