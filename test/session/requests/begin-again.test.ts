import { expect, it, onTestFinished } from 'vitest';
import {
  type Connection,
  ConnectionDoesNotExistError,
  connect,
  InvalidCachedStatementError,
} from '../../../src/index.ts';
import { writeErrorResponse } from '../../../src/protocol/backend/response.ts';
import {
  type FieldDescription,
  writeBindComplete,
  writeCommandComplete,
  writeDataRow,
  writeParameterDescription,
  writeParseComplete,
  writeRowDescription,
} from '../../../src/protocol/backend/result.ts';
import { writeReadyForQuery } from '../../../src/protocol/backend/session.ts';
import type { MessageWriter } from '../../../src/protocol/writer.ts';
import { failure } from '../../support/connections.ts';
import {
  acceptStartup,
  close,
  expectMessage,
  ignoreRest,
  type Script,
  send,
} from '../../support/fakes/script.ts';
import { ScriptedServer } from '../../support/fakes/scripted-server.ts';

const TEXT = 'SELECT n FROM t';

const COLUMN: FieldDescription = {
  name: 'n',
  typeOid: 25,
  tableOid: 0,
  columnNumber: 0,
  typeSize: -1,
  typeModifier: -1,
  format: 0,
};

const named: Script = [
  expectMessage('Bind', ({ statement }) => statement !== ''),
  expectMessage('Execute'),
  expectMessage('Sync'),
];

const row = (writer: MessageWriter, status: 'I' | 'T'): void => {
  writeBindComplete(writer);
  writeDataRow(writer, [Buffer.from('1')]);
  writeCommandComplete(writer, 'SELECT 1');
  writeReadyForQuery(writer, status);
};

/** The statement is known, and then outdated as the first of a transaction, whose ROLLBACK has come. */
const outdated: Script = [
  expectMessage('Parse'),
  expectMessage('Describe'),
  expectMessage('Sync'),
  send((writer) => {
    writeParseComplete(writer);
    writeParameterDescription(writer, []);
    writeRowDescription(writer, [COLUMN]);
    writeReadyForQuery(writer, 'I');
  }),
  named,
  send((writer) => row(writer, 'I')),
  expectMessage('Parse', { text: 'BEGIN' }),
  expectMessage('Bind'),
  expectMessage('Execute'),
  named,
  send((writer) => {
    writeParseComplete(writer);
    writeBindComplete(writer);
    writeCommandComplete(writer, 'BEGIN');
    writeErrorResponse(writer, {
      severity: 'ERROR',
      sqlstate: '0A000',
      message: 'cached plan must not change result type',
      serverSourceFunction: 'RevalidateCachedQuery',
    });
    writeReadyForQuery(writer, 'E');
  }),
  expectMessage('Query', { text: 'ROLLBACK' }),
];

async function against(...script: Script): Promise<{ c: Connection; server: ScriptedServer }> {
  const server = await ScriptedServer.listen([acceptStartup(), outdated, script]);
  onTestFinished(() => server.close());
  const c = await connect({ host: server.host, port: server.port, user: 'test', ssl: false });
  onTestFinished(() => c.terminate());
  expect(await c.fetch(TEXT)).toEqual([{ n: '1' }]);
  return { c, server };
}

it('fails as it has where the server does not undo the transaction', async () => {
  const { c, server } = await against(
    send((writer) => {
      const refused = { severity: 'ERROR', sqlstate: '57014', message: 'canceling statement' };
      writeErrorResponse(writer, refused);
      writeReadyForQuery(writer, 'E');
    }),
    // The transaction's own end.
    expectMessage('Query', { text: 'ROLLBACK' }),
    send((writer) => {
      writeCommandComplete(writer, 'ROLLBACK');
      writeReadyForQuery(writer, 'I');
    }),
    ignoreRest(),
  );
  const error = await failure(c.transaction((tx) => tx.fetch(TEXT)));
  expect(error).toBeInstanceOf(InvalidCachedStatementError);
  expect(c.isInTransaction()).toBe(false);
  await server.finished();
});

it('fails with the connection that is lost meanwhile', async () => {
  const { c, server } = await against(close());
  const error = await failure(c.transaction((tx) => tx.fetch(TEXT)));
  expect(error).toBeInstanceOf(ConnectionDoesNotExistError);
  expect(error['isTransient']).toBe(true);
  expect(c.isClosed).toBe(true);
  await server.finished();
});
