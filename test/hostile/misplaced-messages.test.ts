import { beforeAll, describe, expect, test } from 'vitest';
import { InterfaceError } from '../../src/index.ts';
import { writeAuthentication } from '../../src/protocol/backend/authentication.ts';
import { writeErrorResponse, writeNoticeResponse } from '../../src/protocol/backend/response.ts';
import * as result from '../../src/protocol/backend/result.ts';
import * as session from '../../src/protocol/backend/session.ts';
import * as copy from '../../src/protocol/copy.ts';
import { PROTOCOL_3_0 } from '../../src/protocol/frontend/startup.ts';
import type { MessageWriter } from '../../src/protocol/writer.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';
import {
  type Conversation,
  conversationStream,
  converse,
  distinct,
  type Line,
  script,
} from './conversation.ts';
import { interfere, isProtocolError, type Tolerance } from './interference.ts';

/** A whole message of every type, by its name, that no query of the conversation asked for. */
const INTRUDERS: Readonly<Record<string, (writer: MessageWriter) => void>> = {
  AuthenticationOk: (writer) => writeAuthentication(writer, { method: 'Ok' }),
  AuthenticationCleartextPassword: (writer) =>
    writeAuthentication(writer, { method: 'CleartextPassword' }),
  BackendKeyData: (writer) => session.writeBackendKeyData(writer, 1, Buffer.from('evil')),
  BindComplete: result.writeBindComplete,
  CloseComplete: result.writeCloseComplete,
  CommandComplete: (writer) => result.writeCommandComplete(writer, 'EVIL 1'),
  CopyBothResponse: (writer) =>
    copy.writeCopyBothResponse(writer, { format: 0, columnFormats: [0] }),
  CopyData: (writer) => copy.writeCopyData(writer, Buffer.from('evil\n')),
  CopyDone: copy.writeCopyDone,
  // The columns of no query here: among a query's rows it is malformed.
  DataRow: (writer) => result.writeDataRow(writer, [null, null, Buffer.from('evil')]),
  EmptyQueryResponse: result.writeEmptyQueryResponse,
  NegotiateProtocolVersion: (writer) => session.writeNegotiateProtocolVersion(writer, PROTOCOL_3_0),
  NoData: result.writeNoData,
  ParameterDescription: (writer) => result.writeParameterDescription(writer, [25]),
  ParseComplete: result.writeParseComplete,
  PortalSuspended: result.writePortalSuspended,
  ReadyForQuery: (writer) => session.writeReadyForQuery(writer),
  RowDescription: (writer) => result.writeRowDescription(writer, []),
};

/** Messages that the server may send at any time, once it has let the client in. */
const ASIDES: Readonly<Record<string, (writer: MessageWriter) => void>> = {
  NoticeResponse: (writer) =>
    writeNoticeResponse(writer, { severity: 'NOTICE', sqlstate: '00000', message: 'psst' }),
  NotificationResponse: (writer) =>
    session.writeNotificationResponse(writer, { pid: 1, channel: 'other', payload: '' }),
  ParameterStatus: (writer) => session.writeParameterStatus(writer, 'TimeZone', 'UTC'),
};

let unbroken: Conversation;
let places: Line[];

beforeAll(async () => {
  unbroken = await converse(conversationStream());
  places = distinct(await script(), 1);
});

function ahead(line: Line, write: (writer: MessageWriter) => void): Buffer {
  return Buffer.concat([encoded(write), line.message]);
}

/** Where the server alone knows what was to be answered, its statements and tags may be any. */
const FREE: Readonly<Record<string, readonly unknown[]>> = {
  script: ['EVIL 1', 'SELECT 3', ''],
  'empty script': ['EVIL 1'],
};

const isFree: Tolerance = (step, outcome) =>
  'value' in outcome && FREE[step]?.includes(outcome.value) === true;

const isData: Tolerance = (step, outcome) =>
  step === 'copy out' && 'value' in outcome && JSON.stringify(outcome.value).includes('evil');

const MANY = { timeout: 120_000 };

describe('a message that nothing asked for', MANY, () => {
  test.for(Object.entries(INTRUDERS))(
    'ends the connection rather than be taken for an answer: %s',
    async ([name, write]) => {
      const tolerated: Tolerance = (step, outcome) =>
        (name === 'CopyData' && isData(step, outcome)) || isFree(step, outcome);
      let refused = 0;
      for (const line of places) {
        const error = await interfere(
          unbroken,
          line.index,
          () => ({ chunks: [ahead(line, write)] }),
          tolerated,
        );
        if (isProtocolError(error) || error instanceof InterfaceError) refused += 1;
        // Unless it was asked for just there, or says nothing new.
        else expect(error, `ahead of ${line.type} behind ${line.context}`).toBeNull();
      }
      expect(refused).toBeGreaterThan(places.length / 2);
    },
  );

  test.for(Object.entries(ASIDES))(
    'changes nothing when it may come at any time: %s',
    async ([, write]) => {
      for (const line of places) {
        if (line.step === 'connect') continue;
        const chunks = [ahead(line, write)];
        expect(await interfere(unbroken, line.index, () => ({ chunks }))).toBeNull();
      }
    },
  );

  test('is an error of the query that runs, if it is one, and of that alone', async () => {
    for (const line of places) {
      if (line.step === 'connect') continue;
      const error = encoded((writer) =>
        writeErrorResponse(writer, { severity: 'ERROR', sqlstate: '22012', message: 'evil' }),
      );
      await interfere(
        unbroken,
        line.index,
        () => ({ chunks: [error, line.message] }),
        (_, outcome) =>
          'error' in outcome && (outcome.error as { sqlstate?: string }).sqlstate === '22012',
      );
    }
  });

  test('is missed, or comes twice, and no query gets the answer of another', async () => {
    for (const line of places) {
      const { index, message, type } = line;
      await interfere(
        unbroken,
        index,
        () => ({ chunks: [], end: 'after flight' }),
        isDoubled(type),
      );
      await interfere(unbroken, index, () => ({ chunks: [message, message] }), isDoubled(type));
    }
  });
});

/** A server that repeats or leaves out data sends other data: that is its word. */
function isDoubled(type: string): Tolerance {
  return (step, outcome) => ('Dd'.includes(type) && 'value' in outcome) || isFree(step, outcome);
}
