import { readCommandComplete, readParameterDescription } from '../../protocol/backend/result.ts';
import {
  readBackendKeyData,
  readNotificationResponse,
  readParameterStatus,
  readReadyForQuery,
} from '../../protocol/backend/session.ts';
import { readCopyData } from '../../protocol/copy.ts';
import { Backend } from '../../protocol/message-type.ts';
import { MessageReader } from '../../protocol/reader.ts';
import { databaseErrorFrom, noticeFrom } from './database-error.ts';
import { readFields } from './row-layout.ts';

/** A message of the server as node-postgres tells of it: its name, its length, its fields. */
export interface BackendMessage {
  readonly name: string;
  readonly length: number;
  readonly [field: string]: any;
}

/** What NOTIFY has sent: programs print it, so it has a class of its own, as in node-postgres. */
class NotificationResponseMessage {
  length: number;
  processId: number;
  channel: string;
  payload: string;
  readonly name = 'notification';

  constructor(length: number, processId: number, channel: string, payload: string) {
    this.length = length;
    this.processId = processId;
    this.channel = channel;
    this.payload = payload;
  }
}

/** Between the type byte and the body. */
const LENGTH_SIZE = 4;

/** The messages without fields. */
const BARE: ReadonlyMap<number, string> = new Map([
  [Backend.ParseComplete, 'parseComplete'],
  [Backend.BindComplete, 'bindComplete'],
  [Backend.CloseComplete, 'closeComplete'],
  [Backend.NoData, 'noData'],
  [Backend.PortalSuspended, 'portalSuspended'],
  [Backend.CopyDone, 'copyDone'],
  [Backend.EmptyQueryResponse, 'emptyQuery'],
  [Backend.CopyBothResponse, 'replicationStart'],
]);

const AUTHENTICATION: ReadonlyMap<number, string> = new Map([
  [3, 'authenticationCleartextPassword'],
  [5, 'authenticationMD5Password'],
  [10, 'authenticationSASL'],
  [11, 'authenticationSASLContinue'],
  [12, 'authenticationSASLFinal'],
]);

/** Reads a message whose body is `buffer[start, end)`; null if it is of none of these types. */
export function readMessage(
  type: number,
  buffer: Buffer,
  start: number,
  end: number,
): BackendMessage | null {
  const length = end - start + LENGTH_SIZE;
  const bare = BARE.get(type);
  if (bare !== undefined) return { name: bare, length };
  const reader = new MessageReader(buffer, start, end);
  switch (type) {
    case Backend.DataRow:
      return { name: 'dataRow', length, ...dataRow(buffer, start, end) };
    case Backend.RowDescription: {
      const fields = readFields(buffer, start, end);
      return { name: 'rowDescription', length, fieldCount: fields.length, fields };
    }
    case Backend.ParameterDescription: {
      const dataTypeIDs = readParameterDescription(reader);
      const parameterCount = dataTypeIDs.length;
      return { name: 'parameterDescription', length, parameterCount, dataTypeIDs };
    }
    case Backend.CommandComplete:
      return { name: 'commandComplete', length, text: readCommandComplete(reader) };
    case Backend.ReadyForQuery:
      return { name: 'readyForQuery', length, status: readReadyForQuery(reader) };
    case Backend.CopyData:
      return { name: 'copyData', length, chunk: readCopyData(reader) };
    case Backend.CopyInResponse:
      return copyResponse('copyInResponse', length, reader);
    case Backend.CopyOutResponse:
      return copyResponse('copyOutResponse', length, reader);
    case Backend.ErrorResponse:
      return databaseErrorFrom(buffer, start, end) as unknown as BackendMessage;
    case Backend.NoticeResponse:
      return noticeFrom(buffer, start, end);
    case Backend.NotificationResponse: {
      const { pid, channel, payload } = readNotificationResponse(reader);
      return new NotificationResponseMessage(length, pid, channel, payload);
    }
    case Backend.ParameterStatus: {
      const { name, value } = readParameterStatus(reader);
      return { name: 'parameterStatus', length, parameterName: name, parameterValue: value };
    }
    case Backend.BackendKeyData: {
      const { processId, secretKey } = readBackendKeyData(reader);
      const key = secretKey.readInt32BE(0);
      return { name: 'backendKeyData', length, processID: processId, secretKey: key };
    }
    case Backend.Authentication:
      return authentication(length, reader);
    default:
      return null;
  }
}

/** The values as text, whatever their format is: nobody has ever been given anything else. */
function dataRow(buffer: Buffer, start: number, end: number) {
  const reader = new MessageReader(buffer, start, end);
  const fieldCount = reader.count(4);
  const fields: (string | null)[] = [];
  let at = start + 2;
  for (let i = 0; i < fieldCount; i++) {
    const size = buffer.readInt32BE(at);
    at += 4;
    fields.push(size === -1 ? null : buffer.toString('utf8', at, at + size));
    if (size > 0) at += size;
  }
  return { fieldCount, fields };
}

function copyResponse(name: string, length: number, reader: MessageReader): BackendMessage {
  const binary = reader.uint8() !== 0;
  const count = reader.count(2);
  const columnTypes: number[] = [];
  for (let i = 0; i < count; i++) columnTypes.push(reader.int16());
  return { name, length, binary, columnTypes };
}

function authentication(length: number, reader: MessageReader): BackendMessage {
  const name = AUTHENTICATION.get(reader.int32()) ?? 'authenticationOk';
  switch (name) {
    case 'authenticationMD5Password':
      return { name, length, salt: reader.bytes(4) };
    case 'authenticationSASL': {
      const mechanisms: string[] = [];
      for (let next = reader.cstring(); next !== ''; next = reader.cstring()) mechanisms.push(next);
      return { name, length, mechanisms };
    }
    case 'authenticationSASLContinue':
    case 'authenticationSASLFinal':
      return { name, length, data: reader.rest().toString() };
    default:
      return { name, length };
  }
}
