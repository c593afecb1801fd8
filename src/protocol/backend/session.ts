/**
 * What the server tells about the session itself: its key, its settings, its state, and the
 * notifications that it listens for.
 *
 * PostgreSQL manual, sections 54.2.1 "Start-up", 54.2.7 "Asynchronous Operations" and 54.7.
 */
import { Backend } from '../message-type.ts';
import type { MessageReader } from '../reader.ts';
import type { MessageWriter } from '../writer.ts';

const MIN_SECRET_KEY = 4;
const MAX_SECRET_KEY = 256;

/** What a CancelRequest must quote. Whoever keeps the key keeps a secret. */
export interface BackendKeyData {
  readonly processId: number;
  /** 4 bytes in protocol 3.0, up to 256 from 3.2 on. */
  readonly secretKey: Buffer;
}

/** Reads a BackendKeyData. */
export function readBackendKeyData(reader: MessageReader): BackendKeyData {
  const processId = reader.int32();
  const secretKey = reader.rest();
  if (secretKey.length < MIN_SECRET_KEY || secretKey.length > MAX_SECRET_KEY) {
    reader.fail(`its key has ${secretKey.length} bytes`);
  }
  reader.finish('BackendKeyData');
  return { processId, secretKey };
}

/** Writes a BackendKeyData. */
export function writeBackendKeyData(
  writer: MessageWriter,
  processId: number,
  secretKey: Uint8Array,
): void {
  writer.begin(Backend.BackendKeyData);
  writer.int32(processId);
  writer.bytes(secretKey);
  writer.end();
}

/** A setting that the server reports, now and whenever it changes. */
export interface ParameterStatus {
  readonly name: string;
  readonly value: string;
}

/** Reads a ParameterStatus. @param likely what it most likely is, and is given back then */
export function readParameterStatus(
  reader: MessageReader,
  likely?: ParameterStatus,
): ParameterStatus {
  const name = likely === undefined ? reader.cstring() : reader.likelyCstring(likely.name);
  const value = likely === undefined ? reader.cstring() : reader.likelyCstring(likely.value);
  reader.finish('ParameterStatus');
  return name === likely?.name && value === likely.value ? likely : { name, value };
}

/** Writes a ParameterStatus. */
export function writeParameterStatus(writer: MessageWriter, name: string, value: string): void {
  writer.begin(Backend.ParameterStatus);
  writer.cstring(name, 'the name of a setting');
  writer.cstring(value, 'the value of a setting');
  writer.end();
}

/** Idle, in a transaction block, or in a failed one. */
export type TransactionStatus = 'I' | 'T' | 'E';

const IDLE = 0x49;
const IN_TRANSACTION = 0x54;
const IN_FAILED_TRANSACTION = 0x45;

/** Reads a ReadyForQuery. */
export function readReadyForQuery(reader: MessageReader): TransactionStatus {
  const status = reader.uint8();
  if (status !== IDLE && status !== IN_TRANSACTION && status !== IN_FAILED_TRANSACTION) {
    reader.fail('it has no known transaction status');
  }
  reader.finish('ReadyForQuery');
  return status === IDLE ? 'I' : status === IN_TRANSACTION ? 'T' : 'E';
}

/** Writes a ReadyForQuery. */
export function writeReadyForQuery(writer: MessageWriter, status: TransactionStatus = 'I'): void {
  writer.begin(Backend.ReadyForQuery);
  writer.uint8(status === 'I' ? IDLE : status === 'T' ? IN_TRANSACTION : IN_FAILED_TRANSACTION);
  writer.end();
}

/** What NOTIFY sent, and the process id of the sender's backend. */
export interface NotificationResponse {
  readonly pid: number;
  readonly channel: string;
  readonly payload: string;
}

/** Reads a NotificationResponse. */
export function readNotificationResponse(reader: MessageReader): NotificationResponse {
  const pid = reader.int32();
  const channel = reader.cstring();
  const payload = reader.cstring();
  reader.finish('NotificationResponse');
  return { pid, channel, payload };
}

/** Writes a NotificationResponse. */
export function writeNotificationResponse(
  writer: MessageWriter,
  notification: NotificationResponse,
): void {
  writer.begin(Backend.NotificationResponse);
  writer.int32(notification.pid);
  writer.cstring(notification.channel, 'the name of a channel');
  writer.cstring(notification.payload, 'the payload of a notification');
  writer.end();
}

/** What the server does not understand of a StartupMessage. It goes on with what it does. */
export interface NegotiateProtocolVersion {
  /**
   * The newest version that the server speaks. The manual calls it the minor version;
   * servers send the whole number, major << 16 | minor.
   */
  readonly newestVersion: number;
  /** The names beginning with `_pq_.` that it does not know. */
  readonly unrecognizedOptions: readonly string[];
}

/** Reads a NegotiateProtocolVersion. */
export function readNegotiateProtocolVersion(reader: MessageReader): NegotiateProtocolVersion {
  const newestVersion = reader.int32();
  const count = reader.int32();
  const unrecognizedOptions: string[] = [];
  if (count < 0 || count > reader.remaining) {
    reader.fail(`it announces ${count} options that it cannot hold`);
  } else {
    for (let i = 0; i < count; i++) unrecognizedOptions.push(reader.cstring());
  }
  reader.finish('NegotiateProtocolVersion');
  return { newestVersion, unrecognizedOptions };
}

/** Writes a NegotiateProtocolVersion. */
export function writeNegotiateProtocolVersion(
  writer: MessageWriter,
  newestVersion: number,
  unrecognizedOptions: readonly string[] = [],
): void {
  writer.begin(Backend.NegotiateProtocolVersion);
  writer.int32(newestVersion);
  writer.int32(unrecognizedOptions.length);
  for (const option of unrecognizedOptions) writer.cstring(option, 'the name of an option');
  writer.end();
}
