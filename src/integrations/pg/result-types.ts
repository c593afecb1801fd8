/*
 * What queries give, as `@types/pg` 8 types it.
 */

/** A column of a result. */
export interface FieldDef {
  name: string;
  tableID: number;
  columnID: number;
  dataTypeID: number;
  dataTypeSize: number;
  dataTypeModifier: number;
  format: string;
}

/** What a query gives besides its rows. */
export interface QueryResultBase {
  /** `SELECT`, `INSERT`, … */
  command: string;
  /** Null for commands that count none. */
  rowCount: number | null;
  oid: number;
  fields: FieldDef[];
}

/** A row: its values by the names of its columns. */
export interface QueryResultRow {
  [column: string]: any;
}

/** What a query gives. */
export interface QueryResult<R extends QueryResultRow = any> extends QueryResultBase {
  rows: R[];
}

/** What a query gives whose rows are arrays. */
export interface QueryArrayResult<R extends any[] = any[]> extends QueryResultBase {
  rows: R[];
}

/** A result while its rows come in. */
export interface ResultBuilder<R extends QueryResultRow = any> extends QueryResult<R> {
  addRow(row: R): void;
}
