import { describe, expect, it } from 'vitest';
import { createPool } from '../../src/index.ts';
import { writeErrorResponse } from '../../src/protocol/backend/response.ts';
import {
  writeBindComplete,
  writeCloseComplete,
  writeCommandComplete,
  writeDataRow,
  writeParameterDescription,
  writeParseComplete,
  writeRowDescription,
} from '../../src/protocol/backend/result.ts';
import { writeReadyForQuery } from '../../src/protocol/backend/session.ts';
import type { MessageWriter } from '../../src/protocol/writer.ts';
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

/**
 * The server heeds a cancel only after the query that it was meant for has ended: then it
 * strikes the one that comes next, somebody else's.
 */
function canceled(writer: MessageWriter): void {
  writeErrorResponse(writer, {
    severityLocalized: 'ERROR',
    severity: 'ERROR',
    sqlstate: '57014',
    message: 'canceling statement due to user request',
  } as never);
  writeReadyForQuery(writer);
}

function done(writer: MessageWriter): void {
  writeCommandComplete(writer, 'SELECT 1');
  writeReadyForQuery(writer);
}

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
  done(writer);
}

/** Runs two calls that share a connection; the first is aborted while the second is in flight. */
async function neighbours(
  second: (pool: Awaited<ReturnType<typeof createPool>>) => Promise<unknown>,
  script: (cancel: { arrived: Promise<void>; finish: () => void }) => Script,
): Promise<unknown> {
  let abortNow = (): void => {};
  const aborting = new Promise<void>((resolve) => {
    abortNow = resolve;
  });
  let cancelArrived = (): void => {};
  const arrived = new Promise<void>((resolve) => {
    cancelArrived = resolve;
  });
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  await using server = await ScriptedServer.listenFor([
    [
      acceptStartup({ secretKey: Buffer.from('key!') }),
      expectMessage('Query', { text: 'SELECT 1' }),
      run('both are sent', () => abortNow()),
      script({ arrived, finish }),
    ],
    [
      expectStartup('CancelRequest'),
      run('the cancel is here', () => cancelArrived()),
      wait(finished),
      close(),
    ],
  ]);
  const pool = await createPool({
    host: server.host,
    port: server.port,
    user: 'test',
    database: 'test',
    ssl: 'disable',
    minSize: 1,
    maxSize: 1,
  });
  const abort = new AbortController();
  void aborting.then(() => abort.abort(new Error('aborted')));
  const first = pool.execute({ text: 'SELECT 1', signal: abort.signal });
  const answer = second(pool);
  await expect(first).rejects.toThrow('aborted');
  const result = await answer;
  pool.terminate();
  return result;
}

describe('a cancel that strikes a neighbour on a shared connection', () => {
  it('does not fail a statement of execute(): it is sent again', async () => {
    const tag = await neighbours(
      (pool) => pool.execute('SELECT 2'),
      ({ arrived, finish }) => [
        wait(arrived),
        run('the cancel is over', finish),
        expectMessage('Query', { text: 'SELECT 2' }),
        send(done),
        send(canceled),
        expectMessage('Sync'),
        send((writer) => writeReadyForQuery(writer)),
        expectMessage('Query', { text: 'SELECT 2' }),
        send(done),
        ignoreRest(),
      ],
    );
    expect(tag).toBe('SELECT 1');
  });

  it.each([false, true])(
    'does not fail a query that was being prepared (parsed already: %s)',
    async (isParsed) => {
      const value = await neighbours(
        (pool) => pool.fetchVal('SELECT 7'),
        ({ arrived, finish }) => [
          wait(arrived),
          expectMessage('Parse'),
          expectMessage('Describe'),
          expectMessage('Sync'),
          send(done),
          send((writer) => {
            if (isParsed) writeParseComplete(writer);
            canceled(writer);
          }),
          // The cancelled one may have prepared the statement, under the same name.
          expectMessage('Close'),
          expectMessage('Parse'),
          expectMessage('Describe'),
          expectMessage('Sync'),
          run('the cancel is over', finish),
          expectMessage('Sync'),
          send((writer) => {
            writeCloseComplete(writer);
            described(writer);
            writeReadyForQuery(writer);
          }),
          expectMessage('Bind'),
          expectMessage('Execute'),
          expectMessage('Sync'),
          send(answered),
          ignoreRest(),
        ],
      );
      expect(value).toBe(7);
    },
  );
});
