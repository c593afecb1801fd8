import { Column, getTableName, is, noopDecoder, SQL, Subquery } from 'drizzle-orm';
import type { SelectedFieldsOrdered } from 'drizzle-orm/pg-core';
import { isDate } from '../../values/builtins.ts';
import type { Reading } from './driver-codecs.ts';
import { textArray } from './text-array.ts';

type Field = SelectedFieldsOrdered[number]['field'];
/** What Drizzle reads a driver's value with. */
interface Decoder {
  mapFromDriverValue(value: unknown): unknown;
  /** Of a column. */
  readonly columnType?: string;
  /** Of a column of arrays. */
  readonly baseColumn?: Decoder;
}
type Read = (value: unknown) => unknown;
/** Which tables of a join have a row in each row of the result. */
export type JoinedTables = Readonly<Record<string, boolean>>;

function decoderOf(field: Field): Decoder {
  if (is(field, Column)) return field;
  if (is(field, SQL)) return (field as unknown as { decoder: Decoder }).decoder;
  if (is(field, Subquery)) return (field._.sql as unknown as { decoder: Decoder }).decoder;
  return (field as unknown as { sql: { decoder: Decoder } }).sql.decoder;
}

/** What each column is to be read as, so that Drizzle's classes get what they make exact values of. */
export function readingsOf(fields: SelectedFieldsOrdered): Reading[] {
  const readings: Reading[] = [];
  for (let i = 0; i < fields.length; i++) {
    const reading = readingOf(decoderOf(fields[i]!.field));
    // What is not named is plain.
    if (reading === 'plain') continue;
    while (readings.length < i) readings.push('plain');
    readings.push(reading);
  }
  return readings;
}

function readingOf(decoder: Decoder): Reading {
  switch (decoder.columnType) {
    case 'PgTimestamp':
      return 'date';
    case 'PgJson':
    case 'PgJsonb':
      return 'json';
    case 'PgArray':
      return readingOf(decoder.baseColumn!);
    // The program's own function reads it: of a customType, of mapWith.
    case 'PgCustomColumn':
      return 'node';
    case undefined:
      return decoder === noopDecoder ? 'plain' : 'node';
    default:
      return 'plain';
  }
}

/** How values of a decoder are read; null: as they are. Elements of arrays that are NULL stay null. */
function readOf(decoder: Decoder): Read | null {
  if (decoder === noopDecoder) return null;
  if (decoder.mapFromDriverValue === Column.prototype.mapFromDriverValue) return null;
  if (decoder.columnType === 'PgTimestamp') {
    // Drizzle before 0.45 makes text of what is a Date already, and of that another Date.
    return (value) => (isDate(value) ? value : decoder.mapFromDriverValue(value));
  }
  if (decoder.columnType !== 'PgArray') return (value) => decoder.mapFromDriverValue(value);
  const read = readOf(decoder.baseColumn!);
  return (value) => {
    const elements = typeof value === 'string' ? textArray(value) : value;
    if (read === null || !Array.isArray(elements)) return elements;
    return elements.map((element) => (element === null ? null : read(element)));
  };
}

/** A column, and where its value belongs in the object that is made of a row. */
interface Target {
  readonly read: Read | null;
  readonly key: string;
  /** The keys that lead there; null: it is in the object itself. */
  readonly path: readonly string[] | null;
}

/** An object that is null as a whole if a column of it is: the outer side of a join. */
interface Nullable {
  readonly key: string;
  readonly column: string;
}

/**
 * Makes the objects of a selection of the values of rows, as Drizzle's own `mapResultRow` does. What can be
 * said of a column once is not asked for each row.
 */
export class RowMapper {
  readonly #targets: readonly Target[];
  readonly #nullables: readonly Nullable[];

  constructor(fields: SelectedFieldsOrdered, joined: JoinedTables | undefined) {
    this.#targets = fields.map(({ path, field }) => ({
      read: readOf(decoderOf(field)),
      key: path.at(-1)!,
      path: path.length === 1 ? null : path.slice(0, -1),
    }));
    this.#nullables = joined === undefined ? [] : nullablesOf(fields, joined);
  }

  map(rows: readonly (readonly unknown[])[]): unknown[] {
    return rows.map((row) => this.#object(row));
  }

  #object(row: readonly unknown[]): unknown {
    const targets = this.#targets;
    const object: Record<string, unknown> = {};
    for (let i = 0; i < targets.length; i++) {
      const { read, key, path } = targets[i]!;
      const value = row[i];
      const node = path === null ? object : nodeAt(object, path);
      node[key] = read === null || value === null ? value : read(value);
    }
    for (const { key, column } of this.#nullables) {
      if ((object[key] as Record<string, unknown>)[column] === null) object[key] = null;
    }
    return object;
  }
}

function nodeAt(object: Record<string, unknown>, path: readonly string[]): Record<string, unknown> {
  let node = object;
  for (const key of path) {
    node[key] ??= {};
    node = node[key] as Record<string, unknown>;
  }
  return node;
}

/** Those whose columns are all of one table that may have no row; the first of them tells. */
function nullablesOf(fields: SelectedFieldsOrdered, joined: JoinedTables): Nullable[] {
  const found = new Map<string, { column: string; table: string; isOne: boolean }>();
  for (const { path, field } of fields) {
    if (path.length !== 2 || !is(field, Column)) continue;
    const [key, column] = path as [string, string];
    const table = getTableName(field.table);
    const known = found.get(key);
    if (known === undefined) found.set(key, { column, table, isOne: true });
    else if (known.table !== table) known.isOne = false;
  }
  return [...found]
    .filter(([, { isOne, table }]) => isOne && !joined[table])
    .map(([key, { column }]) => ({ key, column }));
}
