import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { writeCommandComplete, writeParseComplete } from '../../../src/protocol/backend/result.ts';
import { writeReadyForQuery } from '../../../src/protocol/backend/session.ts';
import {
  writeParse,
  writeQuery,
  writeSync,
  writeTerminate,
} from '../../../src/protocol/frontend/query.ts';
import {
  PROTOCOL_3_0,
  writeSslRequest,
  writeStartupMessage,
} from '../../../src/protocol/frontend/startup.ts';
import type { MessageWriter } from '../../../src/protocol/writer.ts';
import {
  acceptStartup,
  close,
  expectEnd,
  expectMessage,
  expectStartup,
  ignoreRest,
  reset,
  run,
  type Script,
  send,
  sendInPieces,
  sendRaw,
  startTls,
} from './script.ts';
import { encoded } from './scripted-connection.ts';
import { ScriptedServer } from './scripted-server.ts';

/** A client as plain as can be: it collects what comes. */
class Client {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #changed: () => void = () => undefined;
  error: NodeJS.ErrnoException | null = null;
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#changed();
    });
    socket.on('error', (error) => {
      this.error = error;
    });
    socket.on('close', () => {
      this.closed = true;
      this.#changed();
    });
  }

  static to(server: ScriptedServer): Client {
    return new Client(
      server.host.startsWith('/')
        ? connect(server.host)
        : connect({ host: server.host, port: server.port }),
    );
  }

  send(write: (writer: MessageWriter) => void): void {
    this.socket.write(encoded(write));
  }

  async receive(count: number): Promise<Buffer> {
    while (this.#received.length < count && !this.closed) await this.#change();
    return this.#received;
  }

  async ended(): Promise<Buffer> {
    while (!this.closed) await this.#change();
    return this.#received;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve;
    });
  }
}

const startup = (writer: MessageWriter): void =>
  writeStartupMessage(writer, PROTOCOL_3_0, new Map([['user', 'u']]));

const answer = encoded((writer) => {
  writeCommandComplete(writer, 'SELECT 0');
  writeReadyForQuery(writer);
});

const QUERY: Script = [
  acceptStartup({ processId: 5, secretKey: Buffer.from([1, 2, 3, 4]), parameters: { x: 'y' } }),
  expectMessage('Query', { text: 'select 1' }),
  sendInPieces(answer, 3),
  expectMessage('Terminate'),
  expectEnd(),
];

/** What the server says of a client that sends these bytes and closes its side. */
async function complaint(script: Script, bytes: Uint8Array): Promise<string> {
  const server = await ScriptedServer.listen(script);
  const client = Client.to(server);
  client.socket.end(bytes);
  const failure: unknown = await server.finished().then(
    () => null,
    (error: unknown) => error,
  );
  await client.ended();
  if (failure === null) {
    return server.close().then(
      () => 'nothing',
      (error: Error) => error.message,
    );
  }
  await expect(server.close()).rejects.toBe(failure);
  return (failure as Error).message;
}

describe('a scripted server', () => {
  test('follows its script and keeps every byte of the client', async () => {
    await using server = await ScriptedServer.listen(QUERY);
    const client = Client.to(server);
    client.send(writeSslRequest);
    expect(await client.receive(1)).toEqual(Buffer.from('N'));
    client.send(startup);
    const greeting = await client.receive(200);
    expect(greeting.includes('x\0y\0')).toBe(true);
    client.send((writer) => writeQuery(writer, 'select 1'));
    client.send(writeTerminate);
    client.socket.end();
    expect((await client.ended()).subarray(-answer.length)).toEqual(answer);
    await server.finished();
    const connection = server.connection();
    expect(connection.startupParameters).toEqual(new Map([['user', 'u']]));
    expect(connection.messages).toEqual(['SSLRequest', 'StartupMessage', 'Query', 'Terminate']);
    expect(connection.received).toEqual(
      encoded((writer) => {
        writeSslRequest(writer);
        startup(writer);
        writeQuery(writer, 'select 1');
        writeTerminate(writer);
      }),
    );
  });

  test('listens on a Unix socket', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'scripted-server-'));
    try {
      const path = join(directory, '.s.PGSQL.5432');
      await using server = await ScriptedServer.listen([expectStartup()], { path });
      const client = Client.to(server);
      client.send(startup);
      await server.finished();
      client.socket.end();
      await client.ended();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('has a script for each connection, and may repeat the last', async () => {
    await using server = await ScriptedServer.listenFor(
      [
        [sendRaw('a'), close()],
        [sendRaw('b'), close()],
      ],
      { repeatLast: true },
    );
    const received: string[] = [];
    for (let i = 0; i < 3; i++) {
      const client = Client.to(server);
      received.push((await client.ended()).toString());
    }
    expect(received).toEqual(['a', 'b', 'b']);
    await server.finished();
  });

  test('can reset a connection', async () => {
    await using server = await ScriptedServer.listen([expectStartup(), reset()]);
    const client = Client.to(server);
    client.send(startup);
    await client.ended();
    expect(client.error?.code).toBe('ECONNRESET');
  });

  test('can go over to TLS, with what is inside captured', async () => {
    // A shared key in place of certificates, which would have to be made first.
    const key = Buffer.alloc(32, 7);
    const psk = { ciphers: 'PSK-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const;
    await using server = await ScriptedServer.listen([
      expectStartup('SSLRequest'),
      sendRaw('S'),
      startTls({ ...psk, pskCallback: () => key }),
      expectStartup(),
      sendRaw('done'),
      expectEnd(),
    ]);
    const plain = connect({ host: server.host, port: server.port });
    plain.write(encoded(writeSslRequest));
    await new Promise((resolve) => plain.once('data', resolve));
    const secure = connectTls({
      ...psk,
      socket: plain,
      pskCallback: () => ({ identity: 'test', psk: key }),
      checkServerIdentity: () => undefined,
    });
    const client = new Client(secure);
    client.send(startup);
    expect((await client.receive(4)).toString()).toBe('done');
    client.socket.end();
    await server.finished();
    expect(server.connection().received).toEqual(
      encoded((writer) => {
        writeSslRequest(writer);
        startup(writer);
      }),
    );
  });
});

describe('a client that does not follow the script', () => {
  test('by sending another message is told of both', async () => {
    const bytes = encoded((writer) => {
      startup(writer);
      writeParse(writer, 's', 'select 1');
    });
    expect(await complaint(QUERY, bytes)).toMatch(
      /^connection 1, step 3 of 6 \(expect Query\): got Parse \{.*'select 1'.*\} in place of Query\nthe client sent before: StartupMessage$/s,
    );
  });

  test('by sending another text is told of it', async () => {
    const bytes = encoded((writer) => {
      startup(writer);
      writeQuery(writer, 'select 2');
    });
    expect(await complaint(QUERY, bytes)).toContain(
      "got Query { text: 'select 2' }, expected { text: 'select 1' }",
    );
  });

  test('by what a predicate refuses is told of it', async () => {
    const bytes = encoded(writeSync);
    const script = [expectMessage('Sync', () => false)];
    expect(await complaint(script, bytes)).toContain('got Sync {}, expected another');
  });

  test('by ending early is told what was missing', async () => {
    const bytes = encoded((writer) => writeQuery(writer, 'select 1')).subarray(0, 8);
    const message = await complaint([expectMessage('Query')], bytes);
    expect(message).toContain('the connection ended before the rest of Query');
    expect(message).toContain('8 bytes');
  });

  test('by a malformed message is told why', async () => {
    const message = await complaint([expectMessage('Query')], Buffer.from('Q\0\0\0\x05x'));
    expect(message).toContain('malformed Query message');
  });

  test('by going on after its end is told of it', async () => {
    const bytes = encoded((writer) => {
      writeSync(writer);
      writeSync(writer);
    });
    expect(await complaint([expectMessage('Sync')], bytes)).toContain(
      'connection 1, after the script: the client sent Sync {}',
    );
    expect(await complaint([expectMessage('Sync'), ignoreRest()], bytes)).toBe('nothing');
  });

  test('by saying goodbye after the end is right', async () => {
    const bytes = encoded((writer) => {
      writeSync(writer);
      writeTerminate(writer);
    });
    expect(await complaint([expectMessage('Sync')], bytes)).toBe('nothing');
  });

  test('by one connection too many is told so', async () => {
    const server = await ScriptedServer.listen([send(writeParseComplete), close()]);
    await Client.to(server).ended();
    await Client.to(server).ended();
    await expect(server.finished()).rejects.toThrow('there is no script for this connection');
    await expect(server.close()).rejects.toThrow('connection 2, accept');
  });

  test('because its own step failed is told of the step', async () => {
    const script = [
      run('look closely', () => {
        throw new Error('nothing to see');
      }),
    ];
    expect(await complaint(script, Buffer.alloc(0))).toBe(
      'connection 1, step 1 of 1 (look closely): nothing to see',
    );
  });
});

test('a server that is closed in the middle of its script says so', async () => {
  const server = await ScriptedServer.listen([expectStartup()]);
  const client = Client.to(server);
  await new Promise((resolve) => client.socket.once('connect', resolve));
  while (server.connections.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await expect(server.close()).rejects.toThrow('the connection ended before StartupMessage');
  await client.ended();
});
