import { builtinType, findBuiltinType } from '../../codecs/builtin-types.ts';
import { COLUMN, type ColumnType } from './driver-adapter.ts';
import { DriverAdapterError } from './driver-adapter-error.ts';

type Kind = keyof typeof COLUMN;

/** PostgreSQL's types that Prisma has one for, as columns and as arrays. */
const TYPES: readonly [name: string, column: Kind | null, list: Kind | null][] = [
  ['bit', 'text', 'textList'],
  ['bool', 'boolean', 'booleanList'],
  ['bpchar', 'text', 'textList'],
  ['bytea', 'bytes', 'bytesList'],
  ['char', null, 'characterList'],
  ['cidr', 'text', 'textList'],
  ['date', 'date', 'dateList'],
  ['float4', 'float', 'floatList'],
  ['float8', 'double', 'doubleList'],
  ['inet', 'text', 'textList'],
  ['int2', 'int32', 'int32List'],
  ['int4', 'int32', 'int32List'],
  ['int8', 'int64', 'int64List'],
  ['json', 'json', 'jsonList'],
  ['jsonb', 'json', 'jsonList'],
  ['money', 'numeric', 'numericList'],
  ['name', 'text', null],
  ['numeric', 'numeric', 'numericList'],
  ['oid', 'int64', 'int64List'],
  ['text', 'text', 'textList'],
  ['time', 'time', 'timeList'],
  ['timestamp', 'dateTime', 'dateTimeList'],
  ['timestamptz', 'dateTime', 'dateTimeList'],
  ['timetz', 'time', null],
  ['uuid', 'uuid', 'uuidList'],
  ['varbit', 'text', 'textList'],
  ['varchar', 'text', 'textList'],
  ['xml', 'text', 'textList'],
];

const BY_OID: ReadonlyMap<number, ColumnType> = new Map(
  TYPES.flatMap(([name, column, list]) => [...entry(name, column), ...entry(`_${name}`, list)]),
);

function entry(name: string, kind: Kind | null): [oid: number, type: ColumnType][] {
  return kind === null ? [] : [[findBuiltinType(name)!.oid, COLUMN[kind]]];
}

/** From here on object ids are those of types that users and extensions have made. */
const FIRST_OF_USERS = 16384;

/** Whether Prisma has arrays of this type as lists. */
export function isList(oid: number): boolean {
  return (BY_OID.get(oid) ?? 0) >= COLUMN.int32List;
}

/**
 * Prisma's type of a column. What users and extensions have made, enums above all, is text.
 *
 * @throws DriverAdapterError for a type that Prisma has none for
 */
export function columnTypeOf(oid: number): ColumnType {
  const type = BY_OID.get(oid);
  if (type !== undefined) return type;
  if (oid >= FIRST_OF_USERS) return COLUMN.text;
  throw new DriverAdapterError({ kind: 'UnsupportedNativeDataType', type: nameOf(oid) });
}

function nameOf(oid: number): string {
  const type = builtinType(oid);
  if (type === undefined) return 'Unknown';
  return type.name.startsWith('_') ? `${type.name.slice(1)}[]` : type.name;
}
