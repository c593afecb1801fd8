/**
 * The messages of pgoutput that describe tables and their changes. Inside of a streamed part of a
 * transaction, between Stream Start and Stream Stop, each but Origin has the id of its transaction or savepoint.
 *
 * PostgreSQL manual, section 54.9 "Logical Replication Message Formats".
 */
import type { MessageReader } from '../reader.ts';
import type { MessageWriter } from '../writer.ts';

/** By which columns rows are told apart: REPLICA IDENTITY. */
type ReplicaIdentity = 'default' | 'nothing' | 'full' | 'index';

/** One column of a table that is replicated. */
interface ColumnMessage {
  readonly name: string;
  readonly typeOid: number;
  readonly typeModifier: number;
  /** It is part of the replica identity. */
  readonly isKey: boolean;
}

/** Relation: what a table is like from here on. */
export interface RelationMessage {
  readonly oid: number;
  /** Empty for `pg_catalog`. */
  readonly schema: string;
  readonly table: string;
  readonly replicaIdentity: ReplicaIdentity;
  readonly columns: readonly ColumnMessage[];
}

/** Type: a type's name, ahead of the Relation with its first column. */
export interface TypeMessage {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
}

/** Truncate. */
export interface TruncateMessage {
  readonly relations: readonly number[];
  readonly cascade: boolean;
  readonly restartIdentity: boolean;
}

/** Message: of pg_logical_emit_message. */
export interface LogicalMessage {
  readonly transactional: boolean;
  readonly lsn: bigint;
  readonly prefix: string;
  readonly content: Buffer;
}

/** Origin: on which server the transaction was made. */
export interface OriginMessage {
  /** Where its commit is in that server's log. */
  readonly lsn: bigint;
  readonly name: string;
}

/** One value: NULL, one that was not sent as it has not changed, or its text or binary form. */
export type Cell =
  | null
  | 'unchanged'
  | { readonly format: 'text' | 'binary'; readonly bytes: Uint8Array };

/** Insert, Update or Delete. */
export interface RowMessage {
  readonly relation: number;
  /** The row before, as a whole. */
  readonly old: readonly Cell[] | null;
  /** The row before, of which only the replica identity's columns are not NULL. */
  readonly key: readonly Cell[] | null;
  readonly new: readonly Cell[] | null;
}

/** The type bytes of the messages that come in numbers. */
export const INSERT = 0x49;
export const UPDATE = 0x55;
export const DELETE = 0x44;

type RowType = typeof INSERT | typeof UPDATE | typeof DELETE;

/** What kind of tuple follows. */
export const NEW_TUPLE = 0x4e; // 'N'
export const OLD_TUPLE = 0x4f; // 'O'
export const KEY_TUPLE = 0x4b; // 'K'

/** What kind of value follows. */
export const NULL_CELL = 0x6e; // 'n'
export const UNCHANGED_CELL = 0x75; // 'u'
export const TEXT_CELL = 0x74; // 't'
export const BINARY_CELL = 0x62; // 'b'

const IDENTITIES: ReadonlyMap<number, ReplicaIdentity> = new Map([
  [0x64, 'default'],
  [0x6e, 'nothing'],
  [0x66, 'full'],
  [0x69, 'index'],
]);

function begin(writer: MessageWriter, type: number, xid: number | null): void {
  writer.uint8(type);
  if (xid !== null) writer.uint32(xid);
}

/** Relation. `xid`: of the streamed part that it is in, or null. */
export function writeRelation(
  writer: MessageWriter,
  relation: RelationMessage,
  xid: number | null = null,
): void {
  begin(writer, 0x52, xid);
  writer.uint32(relation.oid);
  writer.cstring(relation.schema);
  writer.cstring(relation.table);
  for (const [byte, identity] of IDENTITIES) {
    if (identity === relation.replicaIdentity) writer.uint8(byte);
  }
  writer.uint16(relation.columns.length);
  for (const { isKey, name, typeOid, typeModifier } of relation.columns) {
    writer.uint8(isKey ? 1 : 0);
    writer.cstring(name);
    writer.uint32(typeOid);
    writer.int32(typeModifier);
  }
}

/** Reads a Relation behind its first byte and its transaction, as all of these do. */
export function readRelation(reader: MessageReader): RelationMessage {
  const oid = reader.uint32();
  const schema = reader.cstring();
  const table = reader.cstring();
  const replicaIdentity = IDENTITIES.get(reader.uint8());
  if (replicaIdentity === undefined) reader.fail('it has an unknown replica identity');
  const columns: ColumnMessage[] = [];
  for (let n = reader.count(10); n > 0; n--) {
    const isKey = (reader.uint8() & 1) !== 0;
    const name = reader.cstring();
    columns.push({ isKey, name, typeOid: reader.uint32(), typeModifier: reader.int32() });
  }
  reader.finish('Relation');
  return { oid, schema, table, replicaIdentity: replicaIdentity!, columns };
}

/** Type. */
export function writeType(
  writer: MessageWriter,
  { oid, schema, name }: TypeMessage,
  xid: number | null = null,
): void {
  begin(writer, 0x59, xid);
  writer.uint32(oid);
  writer.cstring(schema);
  writer.cstring(name);
}

export function readType(reader: MessageReader): TypeMessage {
  const type = { oid: reader.uint32(), schema: reader.cstring(), name: reader.cstring() };
  reader.finish('Type');
  return type;
}

/** Truncate. */
export function writeTruncate(
  writer: MessageWriter,
  { relations, cascade, restartIdentity }: TruncateMessage,
  xid: number | null = null,
): void {
  begin(writer, 0x54, xid);
  writer.uint32(relations.length);
  writer.uint8((cascade ? 1 : 0) | (restartIdentity ? 2 : 0));
  for (const oid of relations) writer.uint32(oid);
}

export function readTruncate(reader: MessageReader): TruncateMessage {
  const count = reader.uint32();
  const flags = reader.uint8();
  if (count * 4 !== reader.remaining) reader.fail(`it announces ${count} tables`);
  const relations: number[] = [];
  while (reader.remaining > 0) relations.push(reader.uint32());
  reader.finish('Truncate');
  return { relations, cascade: (flags & 1) !== 0, restartIdentity: (flags & 2) !== 0 };
}

/** Message. */
export function writeLogicalMessage(
  writer: MessageWriter,
  message: LogicalMessage,
  xid: number | null = null,
): void {
  begin(writer, 0x4d, xid);
  writer.uint8(message.transactional ? 1 : 0);
  writer.uint64(message.lsn);
  writer.cstring(message.prefix);
  writer.int32(message.content.length);
  writer.bytes(message.content);
}

export function readLogicalMessage(reader: MessageReader): LogicalMessage {
  const message = {
    transactional: (reader.uint8() & 1) !== 0,
    lsn: reader.uint64(),
    prefix: reader.cstring(),
    content: reader.bytes(reader.int32()),
  };
  reader.finish('Message');
  return message;
}

/** Origin. */
export function writeOrigin(writer: MessageWriter, { lsn, name }: OriginMessage): void {
  writer.uint8(0x4f);
  writer.uint64(lsn);
  writer.cstring(name);
}

export function readOrigin(reader: MessageReader): OriginMessage {
  const origin = { lsn: reader.uint64(), name: reader.cstring() };
  reader.finish('Origin');
  return origin;
}

function writeTuple(writer: MessageWriter, kind: number, cells: readonly Cell[]): void {
  writer.uint8(kind);
  writer.uint16(cells.length);
  for (const cell of cells) {
    if (cell === null) writer.uint8(NULL_CELL);
    else if (cell === 'unchanged') writer.uint8(UNCHANGED_CELL);
    else {
      writer.uint8(cell.format === 'text' ? TEXT_CELL : BINARY_CELL);
      writer.int32(cell.bytes.length);
      writer.bytes(cell.bytes);
    }
  }
}

function readTuple(reader: MessageReader): Cell[] {
  const cells: Cell[] = [];
  for (let n = reader.count(1); n > 0; n--) {
    const kind = reader.uint8();
    if (kind === NULL_CELL) cells.push(null);
    else if (kind === UNCHANGED_CELL) cells.push('unchanged');
    else if (kind === TEXT_CELL || kind === BINARY_CELL) {
      const bytes = reader.bytes(reader.int32());
      cells.push({ format: kind === TEXT_CELL ? 'text' : 'binary', bytes });
    } else reader.fail(`it has a value of the unknown kind ${kind}`);
  }
  return cells;
}

/** Insert, Update or Delete, by its type byte. */
export function writeRow(
  writer: MessageWriter,
  type: RowType,
  row: RowMessage,
  xid: number | null = null,
): void {
  begin(writer, type, xid);
  writer.uint32(row.relation);
  if (row.old !== null) writeTuple(writer, OLD_TUPLE, row.old);
  else if (row.key !== null) writeTuple(writer, KEY_TUPLE, row.key);
  if (row.new !== null) writeTuple(writer, NEW_TUPLE, row.new);
}

/** Reads an Insert, an Update or a Delete. A stream decodes the values in place instead. */
export function readRow(reader: MessageReader, type: RowType): RowMessage {
  const relation = reader.uint32();
  let old: Cell[] | null = null;
  let key: Cell[] | null = null;
  let made: Cell[] | null = null;
  let kind = reader.uint8();
  if (type !== INSERT && kind === OLD_TUPLE) old = readTuple(reader);
  else if (type !== INSERT && kind === KEY_TUPLE) key = readTuple(reader);
  const hasBefore = old !== null || key !== null;
  if (type !== DELETE) {
    if (hasBefore) kind = reader.uint8();
    if (kind !== NEW_TUPLE) reader.fail('it has no new row');
    made = readTuple(reader);
  } else if (!hasBefore) reader.fail('it has no old row');
  reader.finish('row');
  return { relation, old, key, new: made };
}
