import {
  type Authentication,
  readAuthentication,
  writeAuthentication,
} from '../../src/protocol/backend/authentication.ts';
import {
  readErrorResponse,
  readNoticeResponse,
  writeErrorResponse,
  writeNoticeResponse,
} from '../../src/protocol/backend/response.ts';
import * as result from '../../src/protocol/backend/result.ts';
import * as session from '../../src/protocol/backend/session.ts';
import * as copy from '../../src/protocol/copy.ts';
import type { Sample } from './messages.ts';

export const NO_FIELDS = {
  severity: null,
  sqlstate: null,
  message: null,
  detail: null,
  hint: null,
  position: null,
  internalPosition: null,
  internalQuery: null,
  context: null,
  schemaName: null,
  tableName: null,
  columnName: null,
  dataTypeName: null,
  constraintName: null,
  serverSourceFilename: null,
  serverSourceLine: null,
  serverSourceFunction: null,
} as const;

const ALL_FIELDS = {
  severity: 'ERROR',
  sqlstate: '23505',
  message: 'duplicate key value violates unique constraint "naïve_pkey"',
  detail: 'Key (id)=(1) already exists.',
  hint: 'Take another.',
  position: 8,
  internalPosition: 4294967295,
  internalQuery: 'select 1',
  context: 'PL/pgSQL function f() line 1',
  schemaName: 'public',
  tableName: 'naïve',
  columnName: 'id',
  dataTypeName: 'int4',
  constraintName: 'naïve_pkey',
  serverSourceFilename: 'nbtinsert.c',
  serverSourceLine: '666',
  serverSourceFunction: '_bt_check_unique',
} as const;

function authentication(value: Authentication, openFrom?: number): Sample {
  return {
    name: `Authentication${value.method}`,
    type: 'R',
    write: (writer) => writeAuthentication(writer, value),
    read: readAuthentication,
    value,
    ...(openFrom === undefined ? {} : { openFrom }),
  };
}

function bare(name: string, type: string, write: Sample['write']): Sample {
  return { name, type, write, read: (reader) => reader.finish(name), value: undefined };
}

const COLUMNS: readonly result.FieldDescription[] = [
  {
    name: 'id',
    tableOid: 4_000_000_000,
    columnNumber: -1,
    typeOid: 23,
    typeSize: 4,
    typeModifier: -1,
    format: 1,
  },
  {
    name: '?column?',
    tableOid: 0,
    columnNumber: 0,
    typeOid: 4_294_967_295,
    typeSize: -1,
    typeModifier: 655_366,
    format: 0,
  },
];

const COPY_RESPONSE = { format: 1, columnFormats: [1, 1, 0] } as const;

/** One or more of every message that a server sends. */
export const BACKEND_SAMPLES: readonly Sample[] = [
  authentication({ method: 'Ok' }),
  authentication({ method: 'KerberosV5' }),
  authentication({ method: 'CleartextPassword' }),
  authentication({ method: 'MD5Password', salt: Buffer.from([1, 0, 255, 4]) }),
  authentication({ method: 'GSS' }),
  authentication({ method: 'GSSContinue', data: Buffer.from([0, 1]) }, 4),
  authentication({ method: 'SSPI' }),
  authentication({ method: 'SASL', mechanisms: ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'] }),
  authentication({ method: 'SASLContinue', data: Buffer.from('r=abc') }, 4),
  authentication({ method: 'SASLFinal', data: Buffer.from('v=abc') }, 4),
  authentication({ method: 'Unknown', code: 99 }, 4),
  {
    name: 'BackendKeyData',
    type: 'K',
    write: (writer) => session.writeBackendKeyData(writer, -5, Buffer.from([0, 1, 2, 255])),
    read: session.readBackendKeyData,
    value: { processId: -5, secretKey: Buffer.from([0, 1, 2, 255]) },
    openFrom: 8,
  },
  {
    name: 'ParameterStatus',
    type: 'S',
    write: (writer) => session.writeParameterStatus(writer, '__proto__', ''),
    read: session.readParameterStatus,
    value: { name: '__proto__', value: '' },
  },
  ...(['I', 'T', 'E'] as const).map((status) => ({
    name: `ReadyForQuery (${status})`,
    type: 'Z',
    write: (writer: Parameters<Sample['write']>[0]) => session.writeReadyForQuery(writer, status),
    read: session.readReadyForQuery,
    value: status,
  })),
  {
    name: 'NotificationResponse',
    type: 'A',
    write: (writer) =>
      session.writeNotificationResponse(writer, { pid: 7, channel: 'né', payload: '😀' }),
    read: session.readNotificationResponse,
    value: { pid: 7, channel: 'né', payload: '😀' },
  },
  {
    name: 'NegotiateProtocolVersion',
    type: 'v',
    write: (writer) => session.writeNegotiateProtocolVersion(writer, 0x30000, ['_pq_.a', '']),
    read: session.readNegotiateProtocolVersion,
    value: { newestVersion: 0x30000, unrecognizedOptions: ['_pq_.a', ''] },
  },
  {
    name: 'ErrorResponse',
    type: 'E',
    write: (writer) => writeErrorResponse(writer, ALL_FIELDS),
    read: readErrorResponse,
    value: ALL_FIELDS,
  },
  {
    name: 'ErrorResponse (empty)',
    type: 'E',
    write: (writer) => writeErrorResponse(writer, {}),
    read: readErrorResponse,
    value: NO_FIELDS,
  },
  {
    name: 'NoticeResponse',
    type: 'N',
    write: (writer) => writeNoticeResponse(writer, { severity: 'NOTICE', message: 'hm' }),
    read: readNoticeResponse,
    value: { ...NO_FIELDS, severity: 'NOTICE', message: 'hm' },
  },
  {
    name: 'RowDescription',
    type: 'T',
    write: (writer) => result.writeRowDescription(writer, COLUMNS),
    read: result.readRowDescription,
    value: COLUMNS,
  },
  {
    name: 'RowDescription (no columns)',
    type: 'T',
    write: (writer) => result.writeRowDescription(writer, []),
    read: result.readRowDescription,
    value: [],
  },
  {
    name: 'ParameterDescription',
    type: 't',
    write: (writer) => result.writeParameterDescription(writer, [25, 4_294_967_295]),
    read: result.readParameterDescription,
    value: [25, 4_294_967_295],
  },
  {
    name: 'DataRow',
    type: 'D',
    write: (writer) =>
      result.writeDataRow(writer, [null, Buffer.alloc(0), Buffer.from([0, 255, 0])]),
    read: result.readDataRow,
    value: [null, Buffer.alloc(0), Buffer.from([0, 255, 0])],
  },
  {
    name: 'CommandComplete',
    type: 'C',
    write: (writer) => result.writeCommandComplete(writer, 'INSERT 0 3'),
    read: result.readCommandComplete,
    value: 'INSERT 0 3',
  },
  bare('ParseComplete', '1', result.writeParseComplete),
  bare('BindComplete', '2', result.writeBindComplete),
  bare('CloseComplete', '3', result.writeCloseComplete),
  bare('NoData', 'n', result.writeNoData),
  bare('PortalSuspended', 's', result.writePortalSuspended),
  bare('EmptyQueryResponse', 'I', result.writeEmptyQueryResponse),
  {
    name: 'CopyInResponse',
    type: 'G',
    write: (writer) => copy.writeCopyInResponse(writer, COPY_RESPONSE),
    read: copy.readCopyInResponse,
    value: COPY_RESPONSE,
  },
  {
    name: 'CopyOutResponse',
    type: 'H',
    write: (writer) => copy.writeCopyOutResponse(writer, COPY_RESPONSE),
    read: copy.readCopyOutResponse,
    value: COPY_RESPONSE,
  },
  {
    name: 'CopyBothResponse',
    type: 'W',
    write: (writer) => copy.writeCopyBothResponse(writer, { format: 0, columnFormats: [] }),
    read: copy.readCopyBothResponse,
    value: { format: 0, columnFormats: [] },
  },
  {
    name: 'CopyData',
    type: 'd',
    write: (writer) => copy.writeCopyData(writer, Buffer.from([0, 1, 2])),
    read: copy.readCopyData,
    value: Buffer.from([0, 1, 2]),
    openFrom: 0,
  },
  bare('CopyDone', 'c', copy.writeCopyDone),
];
