import { types as globalTypes } from './global-types.ts';
import type { FieldDef } from './result-types.ts';
import { type ParserSource, parserOf } from './type-overrides.ts';
import type { TypeParser } from './types/index.ts';

/** The kind of a statement, then one or two numbers: `INSERT 0 3`, `SELECT 3`. */
const TAG = /^([A-Za-z]+)(?: (\d+))?(?: (\d+))?/;

/** What a command tag says. */
interface CommandTag {
  readonly command: string;
  /** undefined: it does not say. */
  readonly oid: number | undefined;
  readonly rowCount: number | undefined;
}

/** The tag that was read last: the same one comes again and again. */
let lastText = '';
let lastTag: CommandTag | null = null;

function tagOf(text: string): CommandTag | null {
  if (text === lastText) return lastTag;
  const match = TAG.exec(text);
  lastText = text;
  lastTag = null;
  if (match !== null) {
    const [, command = '', first, second] = match;
    lastTag =
      second === undefined
        ? { command, oid: undefined, rowCount: first === undefined ? undefined : Number(first) }
        : { command, oid: Number(first), rowCount: Number(second) };
  }
  return lastTag;
}

/** The result of one statement. */
export class Result<R = any> {
  /** The first word of the command tag. */
  command: string = null as unknown as string;
  rowCount: number | null = null;
  oid: number = null as unknown as number;
  rows: R[] = [];
  fields: FieldDef[] = [];
  /** One for each column, as what is written by hand may ask for it. */
  _parsers: TypeParser[] | undefined = undefined;
  _types: ParserSource | undefined;
  RowCtor: unknown = null;
  rowAsArray: boolean;
  /** A row without values. */
  declare _prebuiltEmptyResultObject: Record<string, unknown> | null;
  declare parseRow: (rowData: readonly any[]) => any;

  constructor(rowMode?: string, types?: ParserSource) {
    this._types = types;
    this.rowAsArray = rowMode === 'array';
    // An own property only where rows are arrays, which is how it can be told by looking.
    if (this.rowAsArray) this.parseRow = this._parseRowAsArray;
    this._prebuiltEmptyResultObject = null;
  }

  /** Takes the command tag. */
  addCommandComplete(message: { readonly text?: string; readonly command?: string }): void {
    const tag = tagOf(message.text || message.command || '');
    if (tag === null) return;
    this.command = tag.command;
    if (tag.oid !== undefined) this.oid = tag.oid;
    if (tag.rowCount !== undefined) this.rowCount = tag.rowCount;
  }

  _parseRowAsArray(rowData: readonly any[]): any[] {
    return rowData.map((value, i) => (value === null ? null : this._parsers![i]!(value)));
  }

  addRow(row: R): void {
    this.rows.push(row);
  }

  /** Takes the columns of the rows to come. */
  addFields(fields: FieldDef[]): void {
    this.fields = fields;
    const types = this._types;
    if (fields.length > 0) {
      this._parsers = fields.map(({ dataTypeID, format }) => {
        const wanted = (format || 'text') as 'text' | 'binary';
        return parserOf(types || globalTypes, dataTypeID, wanted);
      });
    }
    this._prebuiltEmptyResultObject = emptyRow(fields);
  }
}

Result.prototype.parseRow = function parseRow(this: Result, rowData) {
  const row = { ...this._prebuiltEmptyResultObject };
  for (let i = 0; i < rowData.length; i++) {
    const value = rowData[i];
    const { name, format } = this.fields[i]!;
    // Assigned, not defined: the empty row has an own property of each name, `__proto__` too.
    if (value === null) row[name] = null;
    else row[name] = this._parsers![i]!(format === 'binary' ? Buffer.from(value) : value);
  }
  return row;
};

const { parseRow, _parseRowAsArray, addRow, addFields, addCommandComplete } = Result.prototype;

/** Whether nobody has put another method in the place of one that makes rows of what the server sends. */
export function readsAsMade(result: Result): boolean {
  return (
    result.parseRow === (result.rowAsArray ? _parseRowAsArray : parseRow) &&
    result.addRow === addRow &&
    result.addFields === addFields &&
    result.addCommandComplete === addCommandComplete
  );
}

/** A row of these columns without values: every name is an own property. */
export function emptyRow(fields: readonly FieldDef[]): Record<string, unknown> {
  const row = Object.create(null) as Record<string, unknown>;
  for (const { name } of fields) row[name] = null;
  return { ...row };
}
