import type { MessageReader } from '../../src/protocol/reader.ts';
import * as change from '../../src/protocol/replication/change-messages.ts';
import * as transaction from '../../src/protocol/replication/transaction-messages.ts';
import type { MessageWriter } from '../../src/protocol/writer.ts';

/** One message of pgoutput: how it is written, and how what is behind its first byte is read. */
export interface PgOutputSample {
  readonly name: string;
  readonly write: (writer: MessageWriter) => void;
  readonly read: (reader: MessageReader) => unknown;
  readonly rewrite: (writer: MessageWriter, value: never) => void;
  readonly value: unknown;
  /** From which length on a shorter one is a message too. */
  readonly openFrom?: number;
}

function sample<T>(
  name: string,
  write: (writer: MessageWriter, value: T) => void,
  read: (reader: MessageReader) => T,
  value: T,
  openFrom?: number,
): PgOutputSample {
  const made = { name, write: (writer: MessageWriter) => write(writer, value), read, value };
  return { ...made, rewrite: write, ...(openFrom === undefined ? {} : { openFrom }) };
}

const END = { lsn: 0x1_0000_0001n, endLsn: 0xffff_ffff_ffff_ffffn, time: -1n };
const PREPARE = { ...END, xid: 4_294_967_295, gid: 'naïve 1' };
const text = (value: string): change.Cell => ({ format: 'text', bytes: Buffer.from(value) });
const binary = (...bytes: number[]): change.Cell => ({
  format: 'binary',
  bytes: Buffer.from(bytes),
});
const NEW = [text('ein'), binary(0, 1), null, 'unchanged'] as const;
const ROW = { relation: 16_384, old: null, key: null, new: NEW };

function row(
  name: string,
  type: Parameters<typeof change.writeRow>[1],
  value: change.RowMessage,
): PgOutputSample {
  return sample(
    name,
    (writer, message) => change.writeRow(writer, type, message),
    (reader) => change.readRow(reader, type),
    value,
  );
}

/** Each message of versions 1 to 4. */
export const PGOUTPUT_SAMPLES: readonly PgOutputSample[] = [
  sample('Begin', transaction.writeBegin, transaction.readBegin, {
    finalLsn: 0x16_b374_d848n,
    time: 815_529_600_000_000n,
    xid: 731,
  }),
  sample('Commit', transaction.writeCommit, transaction.readCommit, END),
  sample('Begin Prepare', transaction.writeBeginPrepare, transaction.readBeginPrepare, PREPARE),
  sample('Prepare', transaction.writePrepare, transaction.readPrepare, PREPARE),
  sample('Stream Prepare', transaction.writeStreamPrepare, transaction.readStreamPrepare, PREPARE),
  sample(
    'Commit Prepared',
    transaction.writeCommitPrepared,
    transaction.readCommitPrepared,
    PREPARE,
  ),
  sample('Rollback Prepared', transaction.writeRollbackPrepared, transaction.readRollbackPrepared, {
    prepareEndLsn: 1n,
    endLsn: 2n,
    prepareTime: 3n,
    time: 4n,
    xid: 5,
    gid: '',
  }),
  sample('Stream Start', transaction.writeStreamStart, transaction.readStreamStart, {
    xid: 7,
    isFirst: true,
  }),
  sample(
    'Stream Stop',
    (writer) => transaction.writeStreamStop(writer),
    (reader) => transaction.readStreamStop(reader),
    undefined,
  ),
  sample('Stream Commit', transaction.writeStreamCommit, transaction.readStreamCommit, {
    xid: 7,
    ...END,
  }),
  sample('Stream Abort', transaction.writeStreamAbort, transaction.readStreamAbort, {
    xid: 7,
    subXid: 8,
    abort: null,
  }),
  sample(
    'Stream Abort of version 4',
    transaction.writeStreamAbort,
    transaction.readStreamAbort,
    { xid: 7, subXid: 8, abort: { lsn: 9n, time: 10n } },
    9,
  ),
  sample('Relation', change.writeRelation, change.readRelation, {
    oid: 16_384,
    schema: 'public',
    table: 'naïve',
    replicaIdentity: 'index',
    columns: [
      { isKey: true, name: 'id', typeOid: 23, typeModifier: -1 },
      { isKey: false, name: '', typeOid: 4_000_000_000, typeModifier: 8 },
    ],
  }),
  sample('Type', change.writeType, change.readType, { oid: 1, schema: 'public', name: 'mood' }),
  row('Insert', change.INSERT, ROW),
  row('Update', change.UPDATE, ROW),
  row('Update with a key', change.UPDATE, { ...ROW, key: NEW }),
  row('Update with the old row', change.UPDATE, { ...ROW, old: NEW }),
  row('Delete', change.DELETE, { ...ROW, key: NEW, new: null }),
  row('Delete with the old row', change.DELETE, { ...ROW, old: NEW, new: null }),
  sample('Truncate', change.writeTruncate, change.readTruncate, {
    relations: [16_384, 16_390],
    cascade: false,
    restartIdentity: true,
  }),
  sample('Message', change.writeLogicalMessage, change.readLogicalMessage, {
    transactional: true,
    lsn: 5n,
    prefix: 'outbox',
    content: Buffer.from([0, 1, 255]),
  }),
  sample('Origin', change.writeOrigin, change.readOrigin, { lsn: 0n, name: 'node 2' }),
];
