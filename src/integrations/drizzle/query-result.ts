import type { PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type { FieldDescription } from '../../protocol/backend/result.ts';
import type { QueryResult } from '../../session/requests/query-result.ts';

/** A column of a result, by node-postgres's names. */
export interface AsyncpgField {
  /** The column's name. */
  readonly name: string;
  /** The OID of the table that it is taken from, else 0. */
  readonly tableID: number;
  /** Its number in that table, else 0. */
  readonly columnID: number;
  /** The OID of its type. */
  readonly dataTypeID: number;
  /** Bytes of a value; negative: they vary. */
  readonly dataTypeSize: number;
  /** What was said of the type, as the 10 and the 2 of `numeric(10,2)`; -1: nothing. */
  readonly dataTypeModifier: number;
  /** The format in which the values came. */
  readonly format: string;
}

/** What `db.execute` and a query without RETURNING come to: node-postgres's result. */
export interface AsyncpgQueryResult<T = Record<string, unknown>> {
  /** The rows, each a plain object. */
  rows: T[];
  /** How many rows the command has changed or returned; null for one that counts none. */
  rowCount: number | null;
  /** The command: `INSERT`, `SELECT`. */
  command: string;
  /** Always 0: PostgreSQL has no OIDs of rows any more. */
  oid: number;
  /** The columns. */
  fields: AsyncpgField[];
}

/** The result's type by that of its rows, for Drizzle. */
export interface AsyncpgQueryResultHKT extends PgQueryResultHKT {
  /** The result of rows of the type `row`. */
  type: AsyncpgQueryResult<
    this['row'] extends Record<string, any> ? this['row'] : Record<string, unknown>
  >;
}

const TAG = /^([A-Za-z]+)(?:.* (\d+)$)?/;

/** Makes node-postgres's result of the driver's. */
export function queryResult({ rows, fields, tag }: QueryResult): AsyncpgQueryResult {
  const [, command = '', count] = TAG.exec(tag) ?? [];
  return {
    rows: rows as Record<string, unknown>[],
    rowCount: count === undefined ? null : Number(count),
    command,
    oid: 0,
    fields: (fields ?? []).map(fieldOf),
  };
}

function fieldOf(field: FieldDescription): AsyncpgField {
  return {
    name: field.name,
    tableID: field.tableOid,
    columnID: field.columnNumber,
    dataTypeID: field.typeOid,
    dataTypeSize: field.typeSize,
    dataTypeModifier: field.typeModifier,
    format: field.format === 1 ? 'binary' : 'text',
  };
}
