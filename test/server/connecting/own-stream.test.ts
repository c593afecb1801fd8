import { once } from 'node:events';
import net from 'node:net';
import { Duplex, type DuplexOptions } from 'node:stream';
import { describe, expect, it } from 'vitest';
import {
  ConnectionDoesNotExistError,
  ConnectionFailureError,
  connect,
} from '../../../src/index.ts';
import { testServer } from '../../support/servers/server.ts';

const { dsn, host, port } = testServer();

async function open(): Promise<net.Socket> {
  const socket = net.connect(port, host);
  await once(socket, 'connect');
  return socket;
}

type Write = (chunk: Buffer, done: (error?: Error) => void, stream: Duplex) => void;

interface Odd {
  readonly options?: DuplexOptions;
  /** In place of what is written behind the third. */
  readonly write?: Write;
  /** What it gives of what has come. */
  readonly give?: (chunk: Buffer) => unknown;
}

/** A stream over a socket, as a tunnel or a proxy may give one, that does something its own way. */
async function tunnel({ options, write, give }: Odd): Promise<Duplex> {
  const socket = await open();
  let writes = 0;
  const stream: Duplex = new Duplex({
    ...options,
    read() {},
    write(chunk: Buffer, _encoding, done) {
      if (write !== undefined && ++writes > 3) write(chunk, done, stream);
      else socket.write(chunk, done);
    },
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk) => stream.push(give === undefined ? chunk : give(chunk)));
  socket.on('end', () => stream.push(null));
  return stream;
}

const SILENT: DuplexOptions = { autoDestroy: false, emitClose: false };

describe('a stream of the dial function', () => {
  it.each<[string, Odd]>([
    ['is like any other', {}],
    ['tells nothing of its end', { options: SILENT }],
    [
      'gives bytes that are no Buffer',
      { options: { readableObjectMode: true }, give: (chunk) => new Uint8Array(chunk) },
    ],
    [
      'gives a part of a larger array',
      {
        options: { readableObjectMode: true },
        give: (chunk) => new Uint8Array([7, ...chunk, 7]).subarray(1, -1),
      },
    ],
  ])('that %s is connected by', async (_, odd) => {
    const connection = await connect(dsn, { dial: () => tunnel(odd), ssl: 'disable' });
    expect(await connection.fetchVal('SELECT $1::int4', 7)).toBe(7);
    await connection.close();
  });

  it.each<[string, () => Promise<Duplex>]>([
    ['text', async () => (await tunnel({})).setEncoding('utf8')],
    ['text, of a socket', async () => (await open()).setEncoding('latin1')],
    [
      'text, one by one',
      () => tunnel({ options: { readableObjectMode: true }, give: (chunk) => `${chunk}` }),
    ],
    [
      'what is no bytes',
      () => tunnel({ options: { readableObjectMode: true }, give: (chunk) => ({ chunk }) }),
    ],
  ])('that gives %s is refused', async (name, dial) => {
    const connecting = connect(dsn, { dial, ssl: 'disable' });
    await expect(connecting).rejects.toThrow(ConnectionFailureError);
    await expect(connecting).rejects.toThrow(
      name.startsWith('text')
        ? 'the stream of the dial function gives text; it must have no encoding'
        : 'the stream of the dial function gives what is no bytes',
    );
  });

  const fails: Write = (_chunk, done) => done(new Error('it failed'));
  it.each<[string, string | null, Odd]>([
    ['fails', 'it failed', { write: fails }],
    ['fails and does not say that it is closed', 'it failed', { options: SILENT, write: fails }],
    [
      'fails and closes without a word',
      'it failed',
      { options: { emitClose: false }, write: fails },
    ],
    [
      'only tells of an error',
      'it failed',
      {
        options: SILENT,
        write: (_chunk, _done, stream) => void stream.emit('error', new Error('it failed')),
      },
    ],
    ['ends', null, { options: SILENT, write: (_chunk, _done, stream) => void stream.push(null) }],
    [
      'says that it is closed while it is written to',
      null,
      { options: SILENT, write: (_chunk, _done, stream) => void stream.emit('close') },
    ],
    [
      'says that it has ended while it is written to',
      null,
      { options: SILENT, write: (_chunk, _done, stream) => void stream.emit('end') },
    ],
  ])('that %s ends the call under way, which may have been executed', async (_, cause, odd) => {
    const connection = await connect(dsn, { dial: () => tunnel(odd), ssl: 'disable' });
    const call = (async () => {
      for (let i = 0; i < 5; i++) await connection.fetchVal('SELECT $1::int4', i);
    })();
    const error: unknown = await call.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConnectionDoesNotExistError);
    expect(error).toMatchObject({ safeToRetry: false });
    if (cause !== null) expect(error).toMatchObject({ cause: { message: cause } });
    expect(connection.isClosed).toBe(true);
  });

  it.each([0, 3])('whose write throws behind %i of them ends the connection', async (good) => {
    const dial = async (): Promise<Duplex> => {
      const stream = await tunnel({});
      const { write } = stream;
      let writes = 0;
      stream.write = ((...args: Parameters<Duplex['write']>) => {
        if (writes++ >= good) throw new Error('it threw');
        return write.apply(stream, args);
      }) as Duplex['write'];
      return stream;
    };
    const call = (async () => {
      const connection = await connect(dsn, { dial, ssl: 'disable' });
      for (let i = 0; i < 5; i++) await connection.fetchVal('SELECT $1::int4', i);
    })();
    await expect(call).rejects.toMatchObject({ cause: { message: 'it threw' } });
  });

  it('whose destroy throws is given up all the same', async () => {
    const dial = async (): Promise<Duplex> => {
      const stream = await tunnel({ options: SILENT });
      const { destroy } = stream;
      stream.destroy = () => {
        destroy.call(stream);
        throw new Error('it threw');
      };
      return stream;
    };
    const connection = await connect(dsn, { dial, ssl: 'disable' });
    const call = connection.fetchVal('SELECT pg_sleep(0.1)');
    connection.terminate();
    await expect(call).rejects.toThrow(ConnectionDoesNotExistError);
  });
});
