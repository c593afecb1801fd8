import { ProtocolError } from '../../errors/client-errors.ts';
import { viewOf } from '../../protocol/view.ts';
import { canGenerateCode, MAX_GENERATED } from '../../values/code-generation.ts';
import { define } from '../../values/own-property.ts';
import { int16At, int32At } from '../bytes.ts';
import type { TextRun } from '../text-run.ts';
import type { RowDecoder } from './row-decoder.ts';

/** The global one is a getter. */
const { Buffer } = globalThis;

/** Makes a value of what the server has sent: of text, or of a copy of the bytes. */
// biome-ignore lint/suspicious/noExplicitAny: text or bytes, as the column's format is
type Parser = (value: any) => unknown;

/** Makes a value of the text of `size` bytes at `at`, without a string if it can. */
export type FieldReader = (buffer: Buffer, at: number, size: number, run: TextRun) => unknown;

/** A column whose values a function makes, and no codec. */
export type ParsedColumn = { readonly name: string } & (
  | { /** Its text is the value. */ readonly kind: 'text' }
  | { readonly kind: 'read'; readonly read: FieldReader }
  /** By a parser that gets the text, or by one that gets the bytes. */
  | { readonly kind: 'parse' | 'bytes'; readonly parse: Parser }
);

/** Plain objects, of whose columns with one name the last counts, or arrays. */
export type PlainRowForm = 'object' | 'array';

/**
 * The decoder of rows that are plain objects or arrays. What a parser throws passes through it, and
 * no parser is called twice for a value. Throws ProtocolError for malformed rows.
 */
export function compileParsedRow(
  columns: readonly ParsedColumn[],
  form: PlainRowForm,
  generate: boolean = canGenerateCode(),
): RowDecoder<unknown> {
  return generate && columns.length <= MAX_GENERATED
    ? generated(columns, form)
    : interpreted(columns, form);
}

function malformed(reason: string): never {
  throw new ProtocolError(`malformed DataRow message: ${reason}`);
}

function tooShort(): never {
  malformed('it ends too early');
}

function badLength(size: number): never {
  malformed(`a value has the length ${size}`);
}

function copyOf(buffer: Buffer, at: number, size: number): Buffer {
  const copy = Buffer.allocUnsafe(size);
  copy.set(buffer.subarray(at, at + size));
  return copy;
}

function valueAt(
  column: ParsedColumn,
  buffer: Buffer,
  at: number,
  size: number,
  run: TextRun,
): unknown {
  switch (column.kind) {
    case 'text':
      return run.text(buffer, at, size);
    case 'read':
      return column.read(buffer, at, size, run);
    case 'parse':
      return column.parse(run.text(buffer, at, size));
    case 'bytes':
      return column.parse(copyOf(buffer, at, size));
  }
}

function interpreted(columns: readonly ParsedColumn[], form: PlainRowForm): RowDecoder<unknown> {
  const count = columns.length;
  return (buffer, start, end, run) => {
    if (end - start < 2 || int16At(buffer, start) !== count) {
      malformed(`it does not have the ${count} columns that were announced`);
    }
    const values = new Array<unknown>(count);
    let at = start + 2;
    for (let i = 0; i < count; i++) {
      if (end - at < 4) tooShort();
      const size = int32At(buffer, at);
      at += 4;
      if (size === -1) {
        values[i] = null;
        continue;
      }
      if (size < 0 || size > end - at) badLength(size);
      values[i] = valueAt(columns[i]!, buffer, at, size, run);
      at += size;
    }
    if (at !== end) malformed(`${end - at} bytes follow its end`);
    if (form === 'array') return values;
    const row: Record<string, unknown> = {};
    for (let i = 0; i < count; i++) define(row, columns[i]!.name, values[i]);
    return row;
  };
}

const VALUE_CODE: Readonly<Record<ParsedColumn['kind'], (i: number) => string>> = {
  text: () => 'r.text(b, p, n)',
  read: (i) => `f${i}(b, p, n, r)`,
  parse: (i) => `f${i}(r.text(b, p, n))`,
  bytes: (i) => `f${i}(copyOf(b, p, n))`,
};

function functionOf(column: ParsedColumn): unknown {
  switch (column.kind) {
    case 'text':
      return null;
    case 'read':
      return column.read;
    default:
      return column.parse;
  }
}

function columnCode({ kind }: ParsedColumn, i: number): string {
  const value = VALUE_CODE[kind](i);
  return `if (end - p < 4) tooShort();
    n = w.getInt32(p); p += 4;
    if (n !== -1) { if (n < 0 || n > end - p) badLength(n); v${i} = ${value}; p += n; }`;
}

/** Names come from the server: they are only ever written as quoted property keys. */
function generated(columns: readonly ParsedColumn[], form: PlainRowForm): RowDecoder<unknown> {
  const count = columns.length;
  const pairs = columns.map(({ name }, i) => `[${JSON.stringify(name)}]: v${i}`);
  const values = columns.map((_, i) => `v${i}`);
  const code = `'use strict';
  const [${columns.map((_, i) => `f${i}`).join(', ')}] = functions;
  return function decodeRow(b, start, end, r) {
    const w = viewOf(b);
    let p = start + 2, n = 0${values.map((v) => `, ${v} = null`).join('')};
    if (p > end || w.getUint16(start) !== ${count}) {
      malformed('it does not have the ${count} columns that were announced');
    }
    ${columns.map(columnCode).join('\n    ')}
    if (p !== end) malformed((end - p) + ' bytes follow its end');
    return ${form === 'object' ? `{ ${pairs.join(', ')} }` : `[${values.join(', ')}]`};
  };`;
  const inScope = {
    functions: columns.map(functionOf),
    viewOf,
    malformed,
    tooShort,
    badLength,
    copyOf,
  };
  const make = new Function(...Object.keys(inScope), code);
  return make(...Object.values(inScope)) as RowDecoder<unknown>;
}
