import { Buffer } from 'node:buffer';
import { ProtocolError } from '../../errors/client-errors.ts';
import { viewOf } from '../../protocol/view.ts';
import { canGenerateCode, define } from '../../values/row.ts';
import { int16At, int32At } from '../bytes.ts';
import type { TextRun } from '../text-run.ts';
import type { RowDecoder } from './row-decoder.ts';

/** Makes a value of what the server has sent: of text, or of a copy of the bytes. */
// biome-ignore lint/suspicious/noExplicitAny: text or bytes, as the column's format is
type Parser = (value: any) => unknown;

/**
 * How a column is read: its text as it is, `integer` and `bool` without making a string of it, by a
 * parser that gets the text, or by one that gets the bytes.
 */
export type ParsedKind = 'text' | 'integer' | 'bool' | 'parse' | 'bytes';

/** A column whose values a function makes, and no codec. */
export interface ParsedColumn {
  readonly name: string;
  readonly kind: ParsedKind;
  readonly parse: Parser;
}

/** Plain objects, of whose columns with one name the last counts, or arrays. */
export type PlainRowForm = 'object' | 'array';

/** More columns make code too long for the engine to optimise. */
const MAX_GENERATED = 256;

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

/** More digits may not fit a number exactly, and are left to `parseInt`. */
const SAFE_DIGITS = 15;
const MINUS = 0x2d;
const ZERO = 0x30;

function integerAt(buffer: Buffer, at: number, size: number, run: TextRun): number {
  const isNegative = buffer[at] === MINUS;
  const end = at + size;
  let value = 0;
  let p = isNegative ? at + 1 : at;
  if (p === end || end - p > SAFE_DIGITS) return Number.parseInt(run.text(buffer, at, size), 10);
  for (; p < end; p++) {
    const digit = buffer[p]! - ZERO;
    if (digit < 0 || digit > 9) return Number.parseInt(run.text(buffer, at, size), 10);
    value = value * 10 + digit;
  }
  return isNegative ? 0 - value : value;
}

const LETTER_T = 0x74;
const LETTER_F = 0x66;

function boolAt(buffer: Buffer, at: number, size: number, run: TextRun, parse: Parser): unknown {
  if (size === 1) {
    if (buffer[at] === LETTER_T) return true;
    if (buffer[at] === LETTER_F) return false;
  }
  return parse(run.text(buffer, at, size));
}

function valueAt(
  { kind, parse }: ParsedColumn,
  buffer: Buffer,
  at: number,
  size: number,
  run: TextRun,
): unknown {
  switch (kind) {
    case 'text':
      return run.text(buffer, at, size);
    case 'integer':
      return integerAt(buffer, at, size, run);
    case 'bool':
      return boolAt(buffer, at, size, run, parse);
    case 'bytes':
      return parse(copyOf(buffer, at, size));
    default:
      return parse(run.text(buffer, at, size));
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

function columnCode({ kind }: ParsedColumn, i: number): string {
  let value: string;
  switch (kind) {
    case 'text':
      value = 'r.text(b, p, n)';
      break;
    case 'integer':
      value = 'integerAt(b, p, n, r)';
      break;
    case 'bool':
      value = `boolAt(b, p, n, r, f${i})`;
      break;
    case 'bytes':
      value = `f${i}(copyOf(b, p, n))`;
      break;
    default:
      value = `f${i}(r.text(b, p, n))`;
  }
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
  const [${columns.map((_, i) => `f${i}`).join(', ')}] = parsers;
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
    parsers: columns.map(({ parse }) => parse),
    viewOf,
    malformed,
    tooShort,
    badLength,
    copyOf,
    integerAt,
    boolAt,
  };
  const make = new Function(...Object.keys(inScope), code);
  return make(...Object.values(inScope)) as RowDecoder<unknown>;
}
