import { InvalidArgumentError } from '../../errors/client-errors.ts';
import type { MessageWriter } from '../../protocol/writer.ts';
import { BINARY, type Codec, type Format, TEXT } from '../codec.ts';
import { canEncode } from '../one-way.ts';
import { Unencodable, undefinedValue } from '../unencodable.ts';
import { encodeValues, type Place, unencodable } from './argument-encoder.ts';
import { argumentText } from './argument-text.ts';
import { plainStep } from './plain-values.ts';

/** A column that records have a value for. */
export interface RecordColumn {
  readonly name: string;
  /** What it is called in rows, if that is another name: a record may have its value under either. */
  readonly rowName?: string;
  readonly codec: Codec;
}

/** Writes records in a format of COPY. PostgreSQL manual, "COPY", section "File Formats". */
export interface RecordEncoder {
  readonly format: Format;
  readonly count: number;
  /** What comes before the first record. */
  header(writer: MessageWriter): void;
  /** Writes the record with the number `row`, counted from 0. */
  write(writer: MessageWriter, record: unknown, row: number): void;
  /** What comes after the last record. */
  trailer(writer: MessageWriter): void;
}

/**
 * Compiles the encoder for records of these columns, some or all of a table's: in COPY's binary
 * format, or in its text format if the binary form of one of the types is not known. The server
 * wants a binary form for every column of the table, those without a value included. Text is
 * preferred, too, for what a user's encoder gives as text: the server alone can read all of it, and
 * for types of which it does not read every value in binary, such as an empty tsquery.
 */
export function compileRecordEncoder(
  columns: readonly RecordColumn[],
  table: readonly RecordColumn[] = columns,
): RecordEncoder {
  const prefersText = !table.every(hasBinary) || columns.some(needsText);
  const asText = !columns.every(hasBinary) || (prefersText && columns.every(hasText));
  return asText ? textEncoder(columns) : binaryEncoder(columns);
}

/** Whether values must be sent as text: a user's encoder gives it, or some have no binary form. */
const needsText = ({ codec }: RecordColumn): boolean =>
  codec.argumentFormat === TEXT && (codec.isCustom === true || codec.hasTextOnlyValues === true);
const hasBinary = ({ codec }: RecordColumn): boolean => canEncode(codec.binary);
const hasText = ({ codec }: RecordColumn): boolean => canEncode(codec.text);

/** The signature, no flags, and a header extension of length 0. */
const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const END = -1;

function binaryEncoder(columns: readonly RecordColumn[]): RecordEncoder {
  const count = columns.length;
  const codecs = columns.map(({ codec }) => inBinary(codec));
  const steps = Uint8Array.from(codecs, plainStep);
  const valuesOf = recordReader(columns);
  let current = 0;
  const place = placeOf(columns, () => current);
  return {
    format: BINARY,
    count,
    header: (writer) => writer.bytes(HEADER),
    write(writer, record, row) {
      current = row;
      const values = valuesOf(record, row);
      writer.int16(count);
      encodeValues(writer, codecs, steps, values, place);
    },
    trailer: (writer) => writer.int16(END),
  };
}

/** The codec as if arguments were sent in binary; its text shortcut need not hold for that. */
function inBinary(codec: Codec): Codec {
  if (codec.argumentFormat === BINARY) return codec;
  return { ...codec, argumentFormat: BINARY, inline: null };
}

const NULL = '\\N';

/** What would end a value or a row, or begin an escape, with the letter that stands for it. */
const ESCAPES: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\\': '\\\\',
};
const SPECIAL = /[\b\t\n\v\f\r\\]/;
const ALL_SPECIAL = /[\b\t\n\v\f\r\\]/g;

function textEncoder(columns: readonly RecordColumn[]): RecordEncoder {
  const count = columns.length;
  const valuesOf = recordReader(columns);
  let current = 0;
  const place = placeOf(columns, () => current);
  return {
    format: TEXT,
    count,
    header() {},
    write(writer, record, row) {
      current = row;
      const values = valuesOf(record, row);
      for (let i = 0; i < count; i++) {
        if (i > 0) writer.uint8(0x09);
        const { codec } = columns[i]!;
        try {
          writer.utf8(asText(writer, codec, values[i]));
        } catch (error) {
          throw unencodable(error, codec, i, place);
        }
      }
      writer.uint8(0x0a);
    },
    trailer() {},
  };
}

function asText(writer: MessageWriter, { text }: Codec, value: unknown): string {
  if (value === null) return NULL;
  if (value === undefined) throw undefinedValue();
  if (text === null) {
    throw new Unencodable('it has no text form, and another column has no binary form');
  }
  const given = argumentText(writer, text, value);
  return SPECIAL.test(given) ? given.replace(ALL_SPECIAL, (special) => ESCAPES[special]!) : given;
}

function placeOf(columns: readonly RecordColumn[], row: () => number): Place {
  return (index) => `row ${row()}, column ${JSON.stringify(columns[index]!.name)}`;
}

/** The values of a record in the order of the columns: an array, or an object by their names. */
function recordReader(
  columns: readonly RecordColumn[],
): (record: unknown, row: number) => readonly unknown[] {
  const count = columns.length;
  const names = columns.map(({ name }) => name);
  // Every object, or every row, has something under these names; only its own is meant.
  const ownOnly = names.map(isCommon);
  const rowNames = columns.map(({ rowName }) => rowName);
  const values = new Array<unknown>(count);
  return (record, row) => {
    if (Array.isArray(record)) {
      if (record.length === count) return record;
      throw new InvalidArgumentError(
        `record ${row} has ${record.length} value${record.length === 1 ? '' : 's'}, expected ${count}`,
      );
    }
    if (record === null || typeof record !== 'object') {
      throw new InvalidArgumentError(`record ${row} is neither an array of values nor an object`);
    }
    for (let i = 0; i < count; i++) {
      const name = names[i]!;
      const value = (record as Record<string, unknown>)[name];
      if ((value === undefined || ownOnly[i]!) && !has(record, name, ownOnly[i]!)) {
        const rowName = rowNames[i];
        if (rowName !== undefined && has(record, rowName, isCommon(rowName))) {
          values[i] = (record as Record<string, unknown>)[rowName];
          continue;
        }
        throw new InvalidArgumentError(
          `record ${row} has no value for the column ${JSON.stringify(name)}`,
          { hint: 'Pass null for NULL, or name the columns that are to be copied.' },
        );
      }
      values[i] = value;
    }
    return values;
  };
}

function isCommon(name: string): boolean {
  return name in Object.prototype || name === 'length';
}

function has(record: object, name: string, ownOnly: boolean): boolean {
  return ownOnly ? Object.hasOwn(record, name) : name in record;
}
