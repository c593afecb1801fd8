import * as copy from '../../src/protocol/copy.ts';
import * as authentication from '../../src/protocol/frontend/authentication.ts';
import * as query from '../../src/protocol/frontend/query.ts';
import * as startup from '../../src/protocol/frontend/startup.ts';
import type { Sample } from './messages.ts';

function bare(name: string, type: string, write: Sample['write']): Sample {
  return { name, type, write, read: (reader) => reader.finish(name), value: undefined };
}

const BIND: query.Bind = {
  portal: 'p',
  statement: 's_1',
  parameterFormats: [1, 0, 1],
  parameters: [null, Buffer.alloc(0), Buffer.from([0, 0, 0, 1])],
  resultFormats: [1],
};

/** One or more of every message that a client sends. */
export const FRONTEND_SAMPLES: readonly Sample[] = [
  {
    name: 'StartupMessage',
    type: '',
    write: (writer) =>
      startup.writeStartupMessage(
        writer,
        startup.PROTOCOL_3_0,
        new Map([
          ['user', 'zoë'],
          ['__proto__', ''],
        ]),
      ),
    read: startup.readStartupPacket,
    value: {
      type: 'StartupMessage',
      protocolVersion: 196_608,
      parameters: new Map([
        ['user', 'zoë'],
        ['__proto__', ''],
      ]),
    },
  },
  {
    name: 'SSLRequest',
    type: '',
    write: startup.writeSslRequest,
    read: startup.readStartupPacket,
    value: { type: 'SSLRequest' },
  },
  {
    name: 'GSSENCRequest',
    type: '',
    write: startup.writeGssEncRequest,
    read: startup.readStartupPacket,
    value: { type: 'GSSENCRequest' },
  },
  {
    name: 'CancelRequest',
    type: '',
    write: (writer) => startup.writeCancelRequest(writer, 12, Buffer.from([1, 2, 3, 4])),
    read: startup.readStartupPacket,
    value: { type: 'CancelRequest', processId: 12, secretKey: Buffer.from([1, 2, 3, 4]) },
    openFrom: 12,
  },
  {
    name: 'PasswordMessage',
    type: 'p',
    write: (writer) => authentication.writePasswordMessage(writer, 'pässword'),
    read: authentication.readPasswordMessage,
    value: 'pässword',
  },
  {
    name: 'SASLInitialResponse',
    type: 'p',
    write: (writer) =>
      authentication.writeSaslInitialResponse(writer, 'SCRAM-SHA-256', Buffer.from('n,,')),
    read: authentication.readSaslInitialResponse,
    value: { mechanism: 'SCRAM-SHA-256', data: Buffer.from('n,,') },
  },
  {
    name: 'SASLInitialResponse (without data)',
    type: 'p',
    write: (writer) => authentication.writeSaslInitialResponse(writer, 'X', null),
    read: authentication.readSaslInitialResponse,
    value: { mechanism: 'X', data: null },
  },
  {
    name: 'SASLResponse',
    type: 'p',
    write: (writer) => authentication.writeSaslResponse(writer, Buffer.from([0, 1])),
    read: authentication.readSaslResponse,
    value: Buffer.from([0, 1]),
    openFrom: 0,
  },
  {
    name: 'Query',
    type: 'Q',
    write: (writer) => query.writeQuery(writer, 'select 1; select 😀'),
    read: query.readQuery,
    value: 'select 1; select 😀',
  },
  {
    name: 'Parse',
    type: 'P',
    write: (writer) => query.writeParse(writer, 's_1', 'select $1, $2', [0, 4_294_967_295]),
    read: query.readParse,
    value: { statement: 's_1', text: 'select $1, $2', parameterTypes: [0, 4_294_967_295] },
  },
  {
    name: 'Bind',
    type: 'B',
    write: (writer) => query.writeBind(writer, BIND),
    read: query.readBind,
    value: BIND,
  },
  {
    name: 'Describe',
    type: 'D',
    write: (writer) => query.writeDescribe(writer, 'S', 's_1'),
    read: query.readDescribe,
    value: { target: 'S', name: 's_1' },
  },
  {
    name: 'Close',
    type: 'C',
    write: (writer) => query.writeClose(writer, 'P', ''),
    read: query.readClose,
    value: { target: 'P', name: '' },
  },
  {
    name: 'Execute',
    type: 'E',
    write: (writer) => query.writeExecute(writer, 'p', 2_147_483_647),
    read: query.readExecute,
    value: { portal: 'p', maxRows: 2_147_483_647 },
  },
  bare('Sync', 'S', query.writeSync),
  bare('Flush', 'H', query.writeFlush),
  bare('Terminate', 'X', query.writeTerminate),
  {
    name: 'CopyData',
    type: 'd',
    write: (writer) => copy.writeCopyData(writer, Buffer.from([0, 1, 2])),
    read: copy.readCopyData,
    value: Buffer.from([0, 1, 2]),
    openFrom: 0,
  },
  bare('CopyDone', 'c', copy.writeCopyDone),
  {
    name: 'CopyFail',
    type: 'f',
    write: (writer) => copy.writeCopyFail(writer, 'no more'),
    read: copy.readCopyFail,
    value: 'no more',
  },
];
