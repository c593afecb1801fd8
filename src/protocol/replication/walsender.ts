/**
 * What travels inside of CopyData between a walsender and its client. Times are microseconds since
 * 2000-01-01.
 *
 * PostgreSQL manual, section 54.4 "Streaming Replication Protocol".
 */
import { Frontend } from '../message-type.ts';
import type { MessageReader } from '../reader.ts';
import { viewOf } from '../view.ts';
import type { MessageWriter } from '../writer.ts';

/** The first byte of each of them. */
export const Walsender = {
  XLogData: 0x77, // 'w'
  Keepalive: 0x6b, // 'k'
  StatusUpdate: 0x72, // 'r'
} as const;

/** What comes in front of the data of an XLogData, its first byte included. */
export const XLOG_HEADER = 25;
/** The whole of a keepalive. */
export const KEEPALIVE_LENGTH = 18;

/** Milliseconds from 1970 to 2000. */
const EPOCH = 946_684_800_000;

/** A time of the protocol, of milliseconds since 1970. */
export function protocolTime(milliseconds: number): bigint {
  return BigInt(Math.round((milliseconds - EPOCH) * 1000));
}

/** The date of a time of the protocol. */
export function dateOf(time: bigint): Date {
  return new Date(Number(time / 1000n) + EPOCH);
}

/** What is ahead of the data of an XLogData. */
export interface XLogHeader {
  /** Where the data begins in the log; 0 if it is of no place of its own. */
  readonly start: bigint;
  /** The end of the log on the server. */
  readonly end: bigint;
  readonly time: bigint;
}

/** XLogData: a piece of the log, or one message of an output plugin. */
export function writeXLogData(writer: MessageWriter, header: XLogHeader, data: Uint8Array): void {
  writer.uint8(Walsender.XLogData);
  writer.uint64(header.start);
  writer.uint64(header.end);
  writer.int64(header.time);
  writer.bytes(data);
}

/** Reads the XLogData behind its first byte; its data is all that is left. */
export function readXLogHeader(reader: MessageReader): XLogHeader {
  return { start: reader.uint64(), end: reader.uint64(), time: reader.int64() };
}

/**
 * Where data begins in the log, of an XLogData whose data is at `start` of the buffer. A number is cheaper than a
 * bigint, and exact: what is in the log begins at every eighth byte, so up to 2^56.
 */
export function dataStart(buffer: Buffer, start: number): number {
  const view = viewOf(buffer);
  const at = start - XLOG_HEADER + 1;
  return view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
}

/** Primary keepalive: everything up to `end` was sent. */
export interface Keepalive {
  readonly end: bigint;
  readonly time: bigint;
  /** The client is to answer at once, as it is taken for dead otherwise. */
  readonly wantsReply: boolean;
}

/** The primary keepalive. */
export function writeKeepalive(writer: MessageWriter, keepalive: Keepalive): void {
  writer.uint8(Walsender.Keepalive);
  writer.uint64(keepalive.end);
  writer.int64(keepalive.time);
  writer.uint8(keepalive.wantsReply ? 1 : 0);
}

/** Reads a keepalive behind its first byte. */
export function readKeepalive(reader: MessageReader): Keepalive {
  const keepalive = {
    end: reader.uint64(),
    time: reader.int64(),
    wantsReply: reader.uint8() !== 0,
  };
  reader.finish('keepalive');
  return keepalive;
}

/** Standby status update: how far the client has come. */
export interface StatusUpdate {
  /** Everything before was received. */
  readonly written: bigint;
  /** Everything before was processed for good, and need not be sent ever again. */
  readonly flushed: bigint;
  readonly applied: bigint;
  readonly time: bigint;
  /** The server is to answer with a keepalive at once. */
  readonly wantsReply: boolean;
}

/** A standby status update in a CopyData of its own. */
export function writeStatusUpdate(writer: MessageWriter, status: StatusUpdate): void {
  writer.begin(Frontend.CopyData);
  writer.uint8(Walsender.StatusUpdate);
  writer.uint64(status.written);
  writer.uint64(status.flushed);
  writer.uint64(status.applied);
  writer.int64(status.time);
  writer.uint8(status.wantsReply ? 1 : 0);
  writer.end();
}

/** Reads the body of a CopyData with a status update in it. */
export function readStatusUpdate(reader: MessageReader): StatusUpdate {
  if (reader.uint8() !== Walsender.StatusUpdate) reader.fail('it is none');
  const status = {
    written: reader.uint64(),
    flushed: reader.uint64(),
    applied: reader.uint64(),
    time: reader.int64(),
    wantsReply: reader.uint8() !== 0,
  };
  reader.finish('standby status update');
  return status;
}
