import { bench, group, do_not_optimize as keep } from 'mitata';
import { ClientSession } from '../../src/client/client-session.ts';
import { Connection } from '../../src/client/connection.ts';
import { CREATE } from '../../src/client/internals.ts';
import { TypeRegistry } from '../../src/codecs/registry.ts';
import { resolveTypeOptions } from '../../src/config/types-option.ts';
import {
  writeBindComplete,
  writeCommandComplete,
  writeDataRow,
} from '../../src/protocol/backend/result.ts';
import { writeReadyForQuery } from '../../src/protocol/backend/session.ts';
import { MessageWriter } from '../../src/protocol/writer.ts';
import { Server } from '../../src/session/server.ts';
import { Session } from '../../src/session/session.ts';
import { Statement } from '../../src/session/statements/statement.ts';
import type { ByteStream } from '../../src/transport/byte-stream.ts';
import { systemClock } from '../../src/transport/clock.ts';

/** What is written is answered in the next turn of the event loop, all at once. */
const unanswered: (() => void)[] = [];

function answerAll(): void {
  for (const answer of unanswered.splice(0)) answer();
}

function answerLater(answer: () => void): void {
  if (unanswered.length === 0) setImmediate(answerAll);
  unanswered.push(answer);
}

const TEXT = 'SELECT 1+1';
const INT4 = 23;

function answerOf(queries: number): Buffer {
  const writer = new MessageWriter();
  for (let i = 0; i < queries; i++) {
    writeBindComplete(writer);
    writeDataRow(writer, [Buffer.from([0, 0, 0, 2])]);
    writeCommandComplete(writer, 'SELECT 1');
    writeReadyForQuery(writer, 'I');
  }
  return Buffer.from(writer.written);
}

/** A connection to nobody, for which `SELECT 1+1` is prepared; each flight holds `queries` of it. */
export function idleConnection(queries: number): Connection {
  const answer = answerOf(queries);
  const transport: ByteStream = {
    handler: { received() {}, drained() {}, closed() {} },
    backlog: 0,
    isClosed: false,
    remoteAddress: null,
    tls: null,
    write: () => {
      answerLater(() => transport.handler.received(answer, answer.length));
      return 'taken';
    },
    startTls: () => Promise.reject(new Error('there is no TLS')),
    pause() {},
    resume() {},
    ref() {},
    unref() {},
    end() {},
    destroy() {},
  };
  const registry = new TypeRegistry(resolveTypeOptions());
  const session = new Session({
    transport,
    clock: systemClock,
    registry,
    statements: { size: 100, lifetime: 0, maxTextLength: 0 },
    server: new Server(),
    processId: 1,
    sendCancel: () => Promise.resolve(true),
    notices: [],
    transactionStatus: 'I',
  });
  const field = {
    ...{ name: '?column?', tableOid: 0, columnNumber: 0, typeOid: INT4 },
    ...{ typeSize: 4, typeModifier: -1, format: 0 as const },
  };
  const described = { parameterOids: [], fields: [field] };
  session.statements.named.set(TEXT, new Statement(TEXT, 's1', described, registry));
  return Connection[CREATE](new ClientSession(session, null));
}

/** One query on each of `count` connections at once, answered together. */
export function queryRound(count: number): () => Promise<unknown> {
  const connections = Array.from({ length: count }, () => idleConnection(1));
  return () => Promise.all(connections.map((connection) => connection.fetch(TEXT)));
}

/** `count` queries at once on one connection, in one flight. */
export function pipelinedRound(count: number): () => Promise<unknown> {
  const connection = idleConnection(count);
  return () => Promise.all(Array.from({ length: count }, () => connection.fetch(TEXT)));
}

group('query: 100 queries, without the network', () => {
  const apart = queryRound(100);
  bench('100 connections, one query each', async () => keep(await apart()));
  const pipelined = pipelinedRound(100);
  bench('one connection, one flight', async () => keep(await pipelined()));
});
