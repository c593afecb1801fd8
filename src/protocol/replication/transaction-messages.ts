/**
 * The messages of pgoutput that begin and end transactions. Times are microseconds since 2000-01-01.
 *
 * PostgreSQL manual, section 54.9 "Logical Replication Message Formats".
 */
import type { MessageReader } from '../reader.ts';
import type { MessageWriter } from '../writer.ts';

/** Begin: of a transaction that is sent as a whole, after its commit. */
export interface Begin {
  /** Where its commit is in the log. */
  readonly finalLsn: bigint;
  readonly time: bigint;
  readonly xid: number;
}

/** The end of a transaction: where that is in the log, and where what follows begins. */
export interface Commit {
  readonly lsn: bigint;
  readonly endLsn: bigint;
  readonly time: bigint;
}

/** A transaction that is, or was, prepared under the name `gid`. */
export interface Prepare extends Commit {
  readonly xid: number;
  readonly gid: string;
}

/** Rollback Prepared. */
export interface RollbackPrepared {
  readonly prepareEndLsn: bigint;
  readonly endLsn: bigint;
  readonly prepareTime: bigint;
  readonly time: bigint;
  readonly xid: number;
  readonly gid: string;
}

/** Stream Start: what follows is a part of a transaction that is still in progress. */
export interface StreamStart {
  readonly xid: number;
  readonly isFirst: boolean;
}

/** Stream Abort: of a whole transaction, or of one of its savepoints. */
export interface StreamAbort {
  readonly xid: number;
  /** The transaction's own, or a savepoint's. */
  readonly subXid: number;
  /** Where and when; with `streaming 'parallel'` alone. */
  readonly abort: { readonly lsn: bigint; readonly time: bigint } | null;
}

/** Stream Commit. */
export interface StreamCommit extends Commit {
  readonly xid: number;
}

/** Flags that no version defines yet. */
const NO_FLAGS = 0;

/** Begin. */
export function writeBegin(writer: MessageWriter, begin: Begin): void {
  writer.uint8(0x42);
  writer.uint64(begin.finalLsn);
  writer.int64(begin.time);
  writer.uint32(begin.xid);
}

/** Reads a Begin behind its first byte, as all of these do. */
export function readBegin(reader: MessageReader): Begin {
  const begin = { finalLsn: reader.uint64(), time: reader.int64(), xid: reader.uint32() };
  reader.finish('Begin');
  return begin;
}

function writeEnd(writer: MessageWriter, { lsn, endLsn, time }: Commit): void {
  writer.uint8(NO_FLAGS);
  writer.uint64(lsn);
  writer.uint64(endLsn);
  writer.int64(time);
}

function readEnd(reader: MessageReader): Commit {
  reader.uint8();
  return { lsn: reader.uint64(), endLsn: reader.uint64(), time: reader.int64() };
}

/** Commit. */
export function writeCommit(writer: MessageWriter, commit: Commit): void {
  writer.uint8(0x43);
  writeEnd(writer, commit);
}

export function readCommit(reader: MessageReader): Commit {
  const commit = readEnd(reader);
  reader.finish('Commit');
  return commit;
}

/** Begin Prepare: Begin of one that was prepared. */
export function writeBeginPrepare(writer: MessageWriter, prepare: Prepare): void {
  writer.uint8(0x62);
  writer.uint64(prepare.lsn);
  writer.uint64(prepare.endLsn);
  writer.int64(prepare.time);
  writer.uint32(prepare.xid);
  writer.cstring(prepare.gid);
}

export function readBeginPrepare(reader: MessageReader): Prepare {
  const prepare = {
    lsn: reader.uint64(),
    endLsn: reader.uint64(),
    time: reader.int64(),
    xid: reader.uint32(),
    gid: reader.cstring(),
  };
  reader.finish('Begin Prepare');
  return prepare;
}

function writePrepared(writer: MessageWriter, type: number, prepare: Prepare): void {
  writer.uint8(type);
  writeEnd(writer, prepare);
  writer.uint32(prepare.xid);
  writer.cstring(prepare.gid);
}

function readPrepared(reader: MessageReader, name: string): Prepare {
  const end = readEnd(reader);
  const prepare = { ...end, xid: reader.uint32(), gid: reader.cstring() };
  reader.finish(name);
  return prepare;
}

/** Prepare. */
export function writePrepare(writer: MessageWriter, prepare: Prepare): void {
  writePrepared(writer, 0x50, prepare);
}

export function readPrepare(reader: MessageReader): Prepare {
  return readPrepared(reader, 'Prepare');
}

/** Stream Prepare: Prepare of one that was sent while it was in progress. */
export function writeStreamPrepare(writer: MessageWriter, prepare: Prepare): void {
  writePrepared(writer, 0x70, prepare);
}

export function readStreamPrepare(reader: MessageReader): Prepare {
  return readPrepared(reader, 'Stream Prepare');
}

/** Commit Prepared. */
export function writeCommitPrepared(writer: MessageWriter, prepare: Prepare): void {
  writePrepared(writer, 0x4b, prepare);
}

export function readCommitPrepared(reader: MessageReader): Prepare {
  return readPrepared(reader, 'Commit Prepared');
}

/** Rollback Prepared. */
export function writeRollbackPrepared(writer: MessageWriter, rollback: RollbackPrepared): void {
  writer.uint8(0x72);
  writer.uint8(NO_FLAGS);
  writer.uint64(rollback.prepareEndLsn);
  writer.uint64(rollback.endLsn);
  writer.int64(rollback.prepareTime);
  writer.int64(rollback.time);
  writer.uint32(rollback.xid);
  writer.cstring(rollback.gid);
}

export function readRollbackPrepared(reader: MessageReader): RollbackPrepared {
  reader.uint8();
  const rollback = {
    prepareEndLsn: reader.uint64(),
    endLsn: reader.uint64(),
    prepareTime: reader.int64(),
    time: reader.int64(),
    xid: reader.uint32(),
    gid: reader.cstring(),
  };
  reader.finish('Rollback Prepared');
  return rollback;
}

/** Stream Start. */
export function writeStreamStart(writer: MessageWriter, start: StreamStart): void {
  writer.uint8(0x53);
  writer.uint32(start.xid);
  writer.uint8(start.isFirst ? 1 : 0);
}

export function readStreamStart(reader: MessageReader): StreamStart {
  const start = { xid: reader.uint32(), isFirst: reader.uint8() === 1 };
  reader.finish('Stream Start');
  return start;
}

/** Stream Stop: the part is over. */
export function writeStreamStop(writer: MessageWriter): void {
  writer.uint8(0x45);
}

export function readStreamStop(reader: MessageReader): void {
  reader.finish('Stream Stop');
}

/** Stream Commit. */
export function writeStreamCommit(writer: MessageWriter, commit: StreamCommit): void {
  writer.uint8(0x63);
  writer.uint32(commit.xid);
  writeEnd(writer, commit);
}

export function readStreamCommit(reader: MessageReader): StreamCommit {
  const xid = reader.uint32();
  const commit = { xid, ...readEnd(reader) };
  reader.finish('Stream Commit');
  return commit;
}

/** Stream Abort. */
export function writeStreamAbort(writer: MessageWriter, { xid, subXid, abort }: StreamAbort): void {
  writer.uint8(0x41);
  writer.uint32(xid);
  writer.uint32(subXid);
  if (abort === null) return;
  writer.uint64(abort.lsn);
  writer.int64(abort.time);
}

export function readStreamAbort(reader: MessageReader): StreamAbort {
  const xid = reader.uint32();
  const subXid = reader.uint32();
  const abort = reader.remaining === 0 ? null : { lsn: reader.uint64(), time: reader.int64() };
  reader.finish('Stream Abort');
  return { xid, subXid, abort };
}
