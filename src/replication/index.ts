// So that the declarations find the types of Node, whatever `types` their user has configured.
/// <reference types="node" preserve="true" />

/**
 * Change streams: what was committed, in order and without a gap, by logical replication.
 *
 * @module asyncpg/replication
 */
export { UNCHANGED } from '../values/unchanged.ts';
export type {
  Change,
  DeleteChange,
  InsertChange,
  MessageChange,
  PreparedChange,
  Relation,
  RelationColumn,
  TruncateChange,
  UpdateChange,
} from './change.ts';
export type {
  BatchOptions,
  ChangeBatch,
  ChangeStream,
  ChangeStreamStats,
  StreamPosition,
} from './change-stream.ts';
export {
  PublicationMissingError,
  ReplicationDivergedError,
  SlotInvalidatedError,
  SlotLostError,
} from './errors.ts';
export { openChangeStream } from './open-change-stream.ts';
export type { ChangeStreamOptions, SlotWarning } from './options.ts';
export type { RawMessage, RawStream } from './raw-stream.ts';
export {
  type CreateSlotOptions,
  connectReplication,
  type ReplicationConnection,
  type StartOptions,
} from './replication-connection.ts';
export { type DropSlotOptions, dropSlot, type SlotStatus, slotStatus } from './slots.ts';
export type { ChangeTransaction, TransactionOutcome } from './transaction.ts';
export type { SystemIdentity } from './walsender.ts';
