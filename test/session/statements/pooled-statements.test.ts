import { expect, it, onTestFinished } from 'vitest';
import { type Connection, connect, type Transaction } from '../../../src/index.ts';
import { writeErrorResponse } from '../../../src/protocol/backend/response.ts';
import {
  type FieldDescription,
  writeBindComplete,
  writeCloseComplete,
  writeCommandComplete,
  writeDataRow,
  writeParameterDescription,
  writeParseComplete,
  writeRowDescription,
} from '../../../src/protocol/backend/result.ts';
import { writeReadyForQuery } from '../../../src/protocol/backend/session.ts';
import type { MessageWriter } from '../../../src/protocol/writer.ts';
import {
  acceptStartup,
  expectMessage,
  ignoreRest,
  type Script,
  send,
} from '../../support/fakes/script.ts';
import { ScriptedServer } from '../../support/fakes/scripted-server.ts';

const TEXT = 'SELECT n FROM t';
const OUTDATED = {
  severity: 'ERROR',
  sqlstate: '0A000',
  message: 'cached plan must not change result type',
  serverSourceFunction: 'RevalidateCachedQuery',
};
const LOST = {
  severity: 'ERROR',
  sqlstate: '26000',
  message: 'prepared statement "asyncpg_1" does not exist',
};

const COLUMN: FieldDescription = {
  name: 'n',
  typeOid: 25,
  tableOid: 0,
  columnNumber: 0,
  typeSize: -1,
  typeModifier: -1,
  format: 0,
};

function fails(error: typeof OUTDATED | typeof LOST): Script {
  return [
    send((writer) => {
      writeErrorResponse(writer, error);
      writeReadyForQuery(writer, 'I');
    }),
  ];
}

/** Parse and Describe, under a name or without. */
function parse(named: boolean): Script {
  return [
    expectMessage('Parse', ({ statement }) => (statement !== '') === named),
    expectMessage('Describe', { target: 'S' }),
    expectMessage('Sync'),
  ];
}

const parsed = send((writer) => {
  writeParseComplete(writer);
  writeParameterDescription(writer, []);
  writeRowDescription(writer, [COLUMN]);
  writeReadyForQuery(writer, 'I');
});

const namedExecution: Script = [
  expectMessage('Bind', ({ statement }) => statement !== ''),
  expectMessage('Execute'),
  expectMessage('Sync'),
];

/** All of it in one flight. */
const unnamedExecution: Script = [
  expectMessage('Parse', { statement: '', text: TEXT }),
  expectMessage('Bind', { statement: '' }),
  expectMessage('Describe', { target: 'P' }),
  expectMessage('Execute'),
  expectMessage('Sync'),
  send((writer) => {
    writeParseComplete(writer);
    writeBindComplete(writer);
    writeRowDescription(writer, [COLUMN]);
    writeDataRow(writer, [Buffer.from('1')]);
    writeCommandComplete(writer, 'SELECT 1');
    writeReadyForQuery(writer, 'I');
  }),
];

/** What is forgotten is closed with the next flight. */
const closing: Script = [expectMessage('Close', { target: 'S' }), send(writeCloseComplete)];

async function against(script: Script): Promise<{ c: Connection; server: ScriptedServer }> {
  const server = await ScriptedServer.listen([acceptStartup(), script, ignoreRest()]);
  onTestFinished(() => server.close());
  const c = await connect({ host: server.host, port: server.port, user: 'test', ssl: false });
  onTestFinished(() => c.terminate());
  return { c, server };
}

it('does without names when a new one brings back an old plan', async () => {
  const { c, server } = await against([
    parse(true),
    fails(OUTDATED),
    parse(false),
    parsed,
    unnamedExecution,
    unnamedExecution,
  ]);
  expect(await c.fetch(TEXT)).toEqual([{ n: '1' }]);
  expect(await c.fetch(TEXT)).toEqual([{ n: '1' }]);
  await server.finished();
});

it.each([
  ['is not there', LOST],
  ['has an old plan', OUTDATED],
])('does without names when a statement that was just prepared %s', async (_, error) => {
  const { c, server } = await against([
    parse(true),
    parsed,
    namedExecution,
    fails(error),
    closing,
    parse(true),
    parsed,
    namedExecution,
    fails(error),
    closing,
    parse(false),
    parsed,
    unnamedExecution,
    unnamedExecution,
  ]);
  expect(await c.fetch(TEXT)).toEqual([{ n: '1' }]);
  expect(await c.fetch(TEXT)).toEqual([{ n: '1' }]);
  await server.finished();
});

/** Of a transaction: BEGIN ahead of what follows in the same flight. */
const begin: Script = [
  expectMessage('Parse', { statement: '', text: 'BEGIN' }),
  expectMessage('Bind'),
  expectMessage('Execute'),
];
const begun = (writer: MessageWriter): void => {
  writeParseComplete(writer);
  writeBindComplete(writer);
  writeCommandComplete(writer, 'BEGIN');
};
const failsBegun = send((writer) => {
  begun(writer);
  writeErrorResponse(writer, OUTDATED);
  writeReadyForQuery(writer, 'E');
});
const rolledBack: Script = [
  expectMessage('Query', { text: 'ROLLBACK' }),
  send((writer) => {
    writeCommandComplete(writer, 'ROLLBACK');
    writeReadyForQuery(writer, 'I');
  }),
];
/** Prepared without a name, executed, and committed. */
const withoutName: Script = [
  begin,
  parse(false),
  send((writer) => {
    begun(writer);
    writeParseComplete(writer);
    writeParameterDescription(writer, []);
    writeRowDescription(writer, [COLUMN]);
    writeReadyForQuery(writer, 'T');
  }),
  unnamedExecution.slice(0, -1),
  send((writer) => {
    writeParseComplete(writer);
    writeBindComplete(writer);
    writeRowDescription(writer, [COLUMN]);
    writeDataRow(writer, [Buffer.from('1')]);
    writeCommandComplete(writer, 'SELECT 1');
    writeReadyForQuery(writer, 'T');
  }),
  expectMessage('Query', { text: 'COMMIT' }),
  send((writer) => {
    writeCommandComplete(writer, 'COMMIT');
    writeReadyForQuery(writer, 'I');
  }),
];

const FIRSTS: readonly (readonly [string, (tx: Transaction) => Promise<unknown>])[] = [
  ['a query', (tx) => tx.fetch(TEXT)],
  ['sets of arguments', (tx) => tx.fetchMany(TEXT, [[]])],
  ['a batch', async (tx) => (await tx.batch([TEXT]))[0]!.rows],
];
it.each(FIRSTS)(
  'does without names in a transaction that is begun anew, where %s may begin it',
  async (_, way) => {
    const { c, server } = await against([
      // Found as it is prepared.
      begin,
      parse(true),
      failsBegun,
      rolledBack,
      withoutName,
    ]);
    expect(await c.transaction(way)).toEqual([{ n: '1' }]);
    await server.finished();
  },
);

it('does without names in a transaction that is begun anew twice, as what it knows has an old plan too', async () => {
  const { c, server } = await against([
    parse(true),
    parsed,
    namedExecution,
    send((writer) => {
      writeBindComplete(writer);
      writeDataRow(writer, [Buffer.from('1')]);
      writeCommandComplete(writer, 'SELECT 1');
      writeReadyForQuery(writer, 'I');
    }),
    begin,
    namedExecution,
    failsBegun,
    rolledBack,
    closing,
    begin,
    parse(true),
    failsBegun,
    rolledBack,
    withoutName,
  ]);
  expect(await c.fetch(TEXT)).toEqual([{ n: '1' }]);
  expect(await c.transaction((tx) => tx.fetch(TEXT))).toEqual([{ n: '1' }]);
  await server.finished();
});
