import { describe, expect, it } from 'vitest';
import { connect, createPool, type Queryable } from '../../src/index.ts';
import { writeErrorResponse } from '../../src/protocol/backend/response.ts';
import {
  writeBindComplete,
  writeCommandComplete,
  writeDataRow,
  writeParameterDescription,
  writeParseComplete,
  writeRowDescription,
} from '../../src/protocol/backend/result.ts';
import { writeReadyForQuery } from '../../src/protocol/backend/session.ts';
import type { MessageWriter } from '../../src/protocol/writer.ts';
import { statementKind } from '../../src/sql/statement-kind.ts';
import { deferred } from '../support/deferred.ts';
import {
  acceptStartup,
  close,
  expectMessage,
  expectStartup,
  ignoreRest,
  run,
  type Script,
  send,
  wait,
} from '../support/fakes/script.ts';
import { ScriptedServer } from '../support/fakes/scripted-server.ts';

const COLUMN = {
  name: 'n',
  tableOid: 0,
  columnNumber: 0,
  typeOid: 23,
  typeSize: 4,
  typeModifier: -1,
  format: 0,
} as const;

function described(writer: MessageWriter): void {
  writeParseComplete(writer);
  writeParameterDescription(writer, []);
  writeRowDescription(writer, [COLUMN]);
  writeReadyForQuery(writer);
}

function answered(writer: MessageWriter): void {
  writeBindComplete(writer);
  writeDataRow(writer, [Buffer.from([0, 0, 0, 7])]);
  writeCommandComplete(writer, 'SELECT 1');
  writeReadyForQuery(writer);
}

function done(writer: MessageWriter): void {
  writeCommandComplete(writer, 'SELECT 1');
  writeReadyForQuery(writer);
}

/** The statement has begun when the cancel strikes it. */
function struck(writer: MessageWriter): void {
  writeBindComplete(writer);
  canceled(writer);
}

function canceled(writer: MessageWriter): void {
  writeErrorResponse(writer, {
    severityLocalized: 'ERROR',
    severity: 'ERROR',
    sqlstate: '57014',
    message: 'canceling statement due to user request',
  } as never);
  writeReadyForQuery(writer);
}

const execution: Script = [expectMessage('Bind'), expectMessage('Execute'), expectMessage('Sync')];

/** A statement that is not kept is parsed anew, and its columns are asked for, each time. */
const unkeptExecution: Script = [
  expectMessage('Parse'),
  expectMessage('Bind'),
  expectMessage('Describe'),
  expectMessage('Execute'),
  expectMessage('Sync'),
];

function unkeptAnswered(writer: MessageWriter): void {
  writeParseComplete(writer);
  writeBindComplete(writer);
  writeRowDescription(writer, [{ ...COLUMN, format: 1 }]);
  writeDataRow(writer, [Buffer.from([0, 0, 0, 7])]);
  writeCommandComplete(writer, 'SELECT 1');
  writeReadyForQuery(writer);
}

function unkeptStruck(writer: MessageWriter): void {
  writeParseComplete(writer);
  writeBindComplete(writer);
  writeRowDescription(writer, [{ ...COLUMN, format: 1 }]);
  canceled(writer);
}

/** It is sent once more, as soon as it is certain that no cancel is left. */
const again: Script = [
  expectMessage('Sync'),
  send((writer) => writeReadyForQuery(writer)),
  execution,
  send(answered),
  ignoreRest(),
];

function optionsFor({ host, port }: ScriptedServer) {
  return { host, port, user: 'test', database: 'test', ssl: 'disable' } as const;
}

/** Calls a statement right behind one that is aborted then. Resolves to what became of it. */
async function behindAborted(on: Queryable, then: Promise<void>, text: string): Promise<unknown> {
  const abort = new AbortController();
  void then.then(() => abort.abort(new Error('aborted')));
  const first = on.execute({ text: 'SELECT 1', signal: abort.signal });
  const second = on.fetchVal(text).catch((error: unknown) => error);
  await expect(first).rejects.toThrow('aborted');
  return await second;
}

/**
 * Runs a statement that is known already right behind one that is aborted, and whose cancel comes
 * so late that it strikes this one. Resolves to what became of it.
 */
async function runStruck(text: string): Promise<unknown> {
  const aborting = deferred();
  const arrived = deferred();
  const finished = deferred();
  const isKept = !statementKind(text).parsedAnew;
  const executed = isKept ? execution : unkeptExecution;
  await using server = await ScriptedServer.listenFor([
    [
      acceptStartup({ secretKey: Buffer.from('key!') }),
      expectMessage('Parse', { text }),
      expectMessage('Describe'),
      expectMessage('Sync'),
      send(described),
      executed,
      send(isKept ? answered : unkeptAnswered),
      expectMessage('Query', { text: 'SELECT 1' }),
      executed,
      run('both are sent', () => aborting.resolve()),
      wait(arrived.promise),
      run('the cancel is over', () => finished.resolve()),
      send(done),
      send(isKept ? struck : unkeptStruck),
      again,
    ],
    [
      expectStartup('CancelRequest'),
      run('the cancel is here', () => arrived.resolve()),
      wait(finished.promise),
      close(),
    ],
  ]);
  const on = await createPool({ ...optionsFor(server), minSize: 1, maxSize: 1 });
  try {
    expect(await on.fetchVal(text)).toBe(7);
    return await behindAborted(on, aborting.promise, text);
  } finally {
    on.terminate();
  }
}

/** Calls a statement right behind one that is aborted. Resolves to what became of it. */
async function runBehind(text: string): Promise<unknown> {
  const aborting = deferred();
  const arrived = deferred();
  const finished = deferred();
  await using server = await ScriptedServer.listenFor([
    [
      acceptStartup({ secretKey: Buffer.from('key!') }),
      expectMessage('Query', { text: 'SELECT 1' }),
      run('it is sent', () => aborting.resolve()),
      wait(arrived.promise),
      run('the cancel is over', () => finished.resolve()),
      send(done),
      expectMessage('Sync'),
      send((writer) => writeReadyForQuery(writer)),
      expectMessage('Parse', { text }),
      expectMessage('Describe'),
      expectMessage('Sync'),
      send(described),
      statementKind(text).parsedAnew ? unkeptExecution : execution,
      send(statementKind(text).parsedAnew ? unkeptAnswered : answered),
      ignoreRest(),
    ],
    [
      expectStartup('CancelRequest'),
      run('the cancel is here', () => arrived.resolve()),
      wait(finished.promise),
      close(),
    ],
  ]);
  const on = await connect(optionsFor(server));
  try {
    return await behindAborted(on, aborting.promise, text);
  } finally {
    on.terminate();
  }
}

describe('a statement that shares a connection and is struck by a cancel of a neighbour’s', () => {
  it.each([
    'SELECT 7',
    'select 7;',
    'SELECT 7 ; ;\n',
    '/* app:web */ SELECT 7',
    '/* /* nested */ SET */SELECT 7',
    '-- app:web\nSELECT 7',
    '/* a */ -- b\r\n\t/* c */ SELECT 7',
    'SELECT 7 -- the end;',
    'SELECT 7; /* the end */',
    '(SELECT 1) UNION (SELECT 7)',
    '/* a */ ( /* b */ (SELECT 7))',
    'WITH x AS (SELECT 7) SELECT * FROM x',
    'WITH x AS (DELETE FROM t RETURNING n) SELECT * FROM x',
    'VALUES (7)',
    'TABLE t',
    'SHOW port',
    'INSERT INTO t VALUES (7) RETURNING n',
    "INSERT INTO t VALUES ('COMMIT; SET a = 1') RETURNING n",
    'UPDATE t SET n = 7 RETURNING n',
    'DELETE FROM t RETURNING n',
    'MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE RETURNING n',
    'EXPLAIN SELECT 7',
    'EXPLAIN ANALYZE VERBOSE DELETE FROM t',
    '/* app:web */ EXPLAIN (ANALYZE, FORMAT json) (SELECT 7)',
    'NOTIFY c',
    "/* app:web */ NOTIFY c, 'COMMIT'",
  ])('is sent again: %j', async (text) => {
    expect(await runStruck(text)).toBe(7);
  });
});

describe('a statement that could not be sent again after a cancel of another one struck it', () => {
  it.each([
    'CALL p()',
    '/* SELECT */ CALL p()',
    '-- SELECT\nCALL p()',
    "DO 'select'",
    'SELECT 1; COMMIT',
    'SELECT pg_advisory_lock(1)',
    'SELECT "pg_advisory_lock"(1)',
    'SELECT U&"pg_advisory_\\006cock"(1)',
    "SELECT dblink_exec('INSERT …')",
    'VACUUM t',
    'EXECUTE p',
    'EXPLAIN ANALYZE EXECUTE p',
    '"SELECT" 1',
  ])('is not sent before that cannot come any more: %j', async (text) => {
    expect(await runBehind(text)).toBe(7);
  });
});

it('LISTEN does not wait for the answer of an UNLISTEN that it makes good, whose time is limited', async () => {
  const finished = (tag: string) => (writer: MessageWriter) => {
    writeCommandComplete(writer, tag);
    writeReadyForQuery(writer);
  };
  await using server = await ScriptedServer.listenFor([
    [
      acceptStartup(),
      expectMessage('Query', { text: 'LISTEN "news"' }),
      send(finished('LISTEN')),
      expectMessage('Query', { text: 'UNLISTEN *' }),
      expectMessage('Query', { text: 'LISTEN "news"' }),
      send(finished('UNLISTEN')),
      send(finished('LISTEN')),
      ignoreRest(),
    ],
  ]);
  const connection = await connect({ ...optionsFor(server), commandTimeout: 5000 });
  await connection.addListener('news', () => {});
  expect(await connection.execute('UNLISTEN *')).toBe('UNLISTEN');
  connection.terminate();
});
