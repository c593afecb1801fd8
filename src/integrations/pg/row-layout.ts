import {
  compileParsedRow,
  type ParsedColumn,
  type PlainRowForm,
} from '../../codecs/compilers/parsed-row.ts';
import type { RowDecoder } from '../../codecs/compilers/row-decoder.ts';
import { readRowDescription } from '../../protocol/backend/result.ts';
import { latin1Slice } from '../../protocol/native-text.ts';
import { MessageReader } from '../../protocol/reader.ts';
import { emptyRow } from './result.ts';
import type { FieldDef } from './result-types.ts';
import { noParser, type ParserSource, parserOf } from './type-overrides.ts';
import { BYTE_READERS } from './types/byte-readers.ts';
import type { TypeParser } from './types/index.ts';
import { noParse, parseBigInteger } from './types/text-parsers.ts';

/** What a RowDescription describes; the name is what `util.inspect` shows. */
class Field implements FieldDef {
  name: string;
  tableID: number;
  columnID: number;
  dataTypeID: number;
  dataTypeSize: number;
  dataTypeModifier: number;
  format: string;

  constructor(
    name: string,
    tableID: number,
    columnID: number,
    dataTypeID: number,
    dataTypeSize: number,
    dataTypeModifier: number,
    format: string,
  ) {
    this.name = name;
    this.tableID = tableID;
    this.columnID = columnID;
    this.dataTypeID = dataTypeID;
    this.dataTypeSize = dataTypeSize;
    this.dataTypeModifier = dataTypeModifier;
    this.format = format;
  }
}

/** Rows of one layout as one set of parsers makes them. */
export interface RowPlan {
  readonly form: PlainRowForm;
  readonly parsers: readonly TypeParser[];
  readonly decode: RowDecoder<unknown>;
}

/** Parsers of whom each has been told of often enough that another one is hardly the last. */
const MAX_PLANS = 8;

/** The columns of a result, shared by all results with the same ones. */
export class RowLayout {
  readonly #fields: readonly FieldDef[];
  /** A row without values. Making one takes longer than making a row with them. */
  readonly emptyRow: Record<string, unknown>;
  readonly #plans: RowPlan[] = [];

  constructor(fields: readonly FieldDef[]) {
    this.#fields = fields;
    this.emptyRow = emptyRow(fields);
  }

  /** The columns, for one result to keep. */
  fields(): FieldDef[] {
    return this.#fields.map(
      (field) =>
        new Field(
          field.name,
          field.tableID,
          field.columnID,
          field.dataTypeID,
          field.dataTypeSize,
          field.dataTypeModifier,
          field.format,
        ),
    );
  }

  /** How rows are made with the parsers that these types have at the moment. */
  plan(types: ParserSource, form: PlainRowForm): RowPlan {
    const fields = this.#fields;
    const count = fields.length;
    const parsers = new Array<TypeParser>(count);
    for (let i = 0; i < count; i++) {
      const { dataTypeID, format } = fields[i]!;
      parsers[i] = parserOf(types, dataTypeID, format as 'text' | 'binary');
    }
    for (const plan of this.#plans) {
      if (plan.form === form && isSame(plan.parsers, parsers)) return plan;
    }
    const columns = fields.map(({ name, format }, i) => columnOf(name, format, parsers[i]!));
    const plan = { form, parsers, decode: compileParsedRow(columns, form) };
    if (this.#plans.length >= MAX_PLANS) this.#plans.shift();
    this.#plans.push(plan);
    return plan;
  }
}

function isSame(some: readonly TypeParser[], others: readonly TypeParser[]): boolean {
  for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false;
  return true;
}

function columnOf(name: string, format: string, given: TypeParser): ParsedColumn {
  const parse = typeof given === 'function' ? given : noParser;
  if (format === 'binary') return { name, kind: 'bytes', parse };
  if (parse === noParse || parse === parseBigInteger) return { name, kind: 'text' };
  const read = BYTE_READERS.get(parse);
  return read === undefined ? { name, kind: 'parse', parse } : { name, kind: 'read', read };
}

/** Layouts by the body of their RowDescription, up to this many, and none of a longer one. */
const MAX_LAYOUTS = 1000;
const MAX_LENGTH = 16 * 1024;
const layouts = new Map<string, RowLayout>();

/** The layout that a RowDescription, whose body is `buffer[start, end)`, tells. */
export function rowLayout(buffer: Buffer, start: number, end: number): RowLayout {
  if (end - start > MAX_LENGTH) return new RowLayout(readFields(buffer, start, end));
  // The same text for the same bytes: comparing them costs less than reading them.
  const key = latin1Slice(buffer, start, end);
  let layout = layouts.get(key);
  if (layout === undefined) {
    if (layouts.size >= MAX_LAYOUTS) layouts.delete(layouts.keys().next().value as string);
    layout = new RowLayout(readFields(buffer, start, end));
    layouts.set(key, layout);
  }
  return layout;
}

/** The columns of a RowDescription. */
export function readFields(buffer: Buffer, start: number, end: number): FieldDef[] {
  return readRowDescription(new MessageReader(buffer, start, end)).map(
    (field) =>
      new Field(
        field.name,
        field.tableOid,
        field.columnNumber,
        field.typeOid,
        field.typeSize,
        field.typeModifier,
        field.format === 1 ? 'binary' : 'text',
      ),
  );
}
