import { DecodeError, InterfaceError, ProtocolError } from '../../errors/client-errors.ts';
import { viewOf } from '../../protocol/view.ts';
import { canGenerateCode, MAX_GENERATED } from '../../values/code-generation.ts';
import { define } from '../../values/own-property.ts';
import { type Row, type RowShape, rowShape } from '../../values/row.ts';
import type { RowForm } from '../../values/row-form.ts';
import { int16At, int32At } from '../bytes.ts';
import { BINARY, type Codec, type Format } from '../codec.ts';
import type { TextRun } from '../text-run.ts';
import { isOfValue, placeInside } from '../undecodable.ts';

/** The global one is a getter: using it takes a tenth of the time of a copy of 1,000 bytes. */
const { Buffer } = globalThis;

/** One column of a result: its name, its type's codec and the format asked for. */
export interface Column {
  readonly name: string;
  readonly codec: Codec;
  readonly format: Format;
}

/** Decodes the body of one DataRow, `buffer[start, end)`. Throws ProtocolError or DecodeError. */
export type RowDecoder<R = Row> = (buffer: Buffer, start: number, end: number, run: TextRun) => R;

/** Decodes a value that is not NULL: `size` bytes at `at`, inside the row. */
type ValueDecoder = (buffer: Buffer, at: number, size: number, run: TextRun) => unknown;

/** Which columns can be told apart by code alone; everything else goes through `call`. */
type Step =
  | 'bool'
  | 'int2'
  | 'int4'
  | 'uint4'
  | 'int8'
  | 'float4'
  | 'float8'
  | 'text'
  | 'json'
  | 'bytea'
  | 'timestamp'
  | 'call';

export function stepOf({ codec, format }: Column): Step {
  const { inline } = codec;
  if (inline === null || format !== codec.resultFormat) return 'call';
  // The shortcuts of these two work on characters, all others on binary values.
  if (inline === 'text') return 'text';
  if (inline === 'json') return format === BINARY ? 'call' : 'json';
  return format === BINARY ? inline : 'call';
}

export function valueDecoder({ codec, format, name }: Column): ValueDecoder {
  if (format === BINARY) {
    const { binary } = codec;
    if (binary === null) throw new Error(`column ${name}: ${codec.type.name} has no binary form`);
    return (buffer, at, size) => binary.decode(buffer, at, at + size);
  }
  const { text } = codec;
  if (text === null) throw new Error(`column ${name}: ${codec.type.name} has no text form`);
  return (buffer, at, size, run) => text.decode(run.text(buffer, at, size));
}

interface Compiled {
  /** How many results have begun with it. */
  begun: number;
  readonly columns: readonly Column[];
  readonly form: RowForm;
  readonly generate: boolean;
  readonly decode: RowDecoder<unknown>;
}

/**
 * The decoders by the rows that they make. All connections that run a query share its decoder:
 * each copy of generated code would have to be optimised anew by the engine.
 */
const compiled = new WeakMap<RowShape, Compiled[]>();
/** Results with the same names, of other types each, with and without generated code. */
const MAX_VARIANTS = 16;

/** The decoder that makes records of a result's rows. */
export function compileRowDecoder(columns: readonly Column[], generate?: boolean): RowDecoder {
  return compileDecoder(columns, 'record', generate) as RowDecoder;
}

/**
 * The decoder for a result's columns. Where code may be generated it is written out column by
 * column, otherwise it is built of closures; both give the same rows and errors.
 */
export function compileDecoder(
  columns: readonly Column[],
  form: RowForm,
  generate: boolean = canGenerateCode(),
): RowDecoder<unknown> {
  return compile(columns, form, generate);
}

/** So many results begin with a decoder that is not generated. */
export const FEW_RESULTS = 4;

/**
 * The decoder for a result that begins. There may be a few rows of it and hardly another one, as in a
 * short program: code is not generated before such columns have come some times.
 */
export function decoderToBegin(columns: readonly Column[], form: RowForm): RowDecoder<unknown> {
  return compile(columns, form, null);
}

/** @param wanted whether code is generated; null: where it pays */
function compile(
  columns: readonly Column[],
  form: RowForm,
  wanted: boolean | null,
): RowDecoder<unknown> {
  const shape = rowShape(columns.map((column) => column.name));
  const variants = compiled.get(shape) ?? [];
  const alike = variants.filter(
    (variant) => variant.form === form && sameTypes(variant.columns, columns),
  );
  const generate = wanted ?? (alike.some(({ begun }) => begun >= FEW_RESULTS) && canGenerateCode());
  const known = alike.find((variant) => variant.generate === generate);
  if (known !== undefined) {
    if (!generate && wanted === null) known.begun += 1;
    return known.decode;
  }
  // Code with very long names, which no shared shape has, would stay in the engine's own cache of code.
  const isShort = columns.length <= MAX_GENERATED && shape.isShared;
  const slow = interpreted(columns, maker(form, shape));
  const fast = generate && isShort ? generated(columns, form, shape, slow) : slow;
  const decode = form === 'record' ? fast : withPlainFields(columns, form, fast);
  compiled.set(shape, [
    { columns, form, generate, decode, begun: generate ? FEW_RESULTS : 1 },
    ...variants.slice(0, MAX_VARIANTS - 1),
  ]);
  return decode;
}

/** Whether columns of the same names are decoded alike. */
function sameTypes(some: readonly Column[], others: readonly Column[]): boolean {
  return some.every(({ codec, format }, i) => {
    const other = others[i]!;
    return codec === other.codec && format === other.format;
  });
}

function malformedRow(reason: string): ProtocolError {
  return new ProtocolError(`malformed DataRow message: ${reason}`);
}

/** Adds the column, and the place in its value, to an error of its decoder. */
export function inColumn({ name, codec }: Pick<Column, 'name' | 'codec'>, cause: unknown): unknown {
  // Others are of the types, or of the protocol.
  if (!isOfValue(cause)) return cause;
  const place = placeInside(cause);
  const where = `column ${JSON.stringify(name)} (${codec.type.name})${place === '' ? '' : ` at ${place}`}`;
  if (cause instanceof DecodeError) {
    return new DecodeError(`cannot decode ${where}: ${cause.message}`, { cause });
  }
  // The message has the hint behind it.
  const [reason] = cause.message.split('\n', 1);
  const hint = cause.hint === null ? {} : { hint: cause.hint };
  return new InterfaceError(`cannot read ${where}: ${reason}`, { ...hint, cause });
}

/** Makes a row of its values. */
function maker(form: RowForm, shape: RowShape): (values: unknown[]) => unknown {
  switch (form) {
    case 'record':
      return (values) => shape.make(values);
    case 'object':
      return (values) => shape.makePlain(values);
    case 'array':
      return (values) => values;
  }
}

/** Rows that are plain objects or arrays have plain objects of composite types in them. */
function withPlainFields(
  columns: readonly Column[],
  form: RowForm,
  decode: RowDecoder<unknown>,
): RowDecoder<unknown> {
  const holders = columns.flatMap(({ name, codec: { toPlain } }, i) =>
    toPlain === undefined ? [] : [{ key: form === 'array' ? `${i}` : name, toPlain }],
  );
  if (holders.length === 0) return decode;
  return (buffer, start, end, run) => {
    const row = decode(buffer, start, end, run) as Record<string, unknown>;
    for (const { key, toPlain } of holders) define(row, key, toPlain(row[key]));
    return row;
  };
}

function interpreted(
  columns: readonly Column[],
  make: (values: unknown[]) => unknown,
): RowDecoder<unknown> {
  const decoders = columns.map(valueDecoder);
  const count = columns.length;
  return (buffer, start, end, run) => {
    if (end - start < 2 || int16At(buffer, start) !== count) {
      throw malformedRow(`it does not have the ${count} columns that were announced`);
    }
    const values = new Array<unknown>(count);
    let at = start + 2;
    for (let i = 0; i < count; i++) {
      if (end - at < 4) throw malformedRow('it ends too early');
      const size = int32At(buffer, at);
      at += 4;
      if (size === -1) {
        values[i] = null;
        continue;
      }
      if (size < 0 || size > end - at) throw malformedRow(`a value has the length ${size}`);
      try {
        values[i] = decoders[i]!(buffer, at, size, run);
      } catch (error) {
        throw inColumn(columns[i]!, error);
      }
      at += size;
    }
    if (at !== end) throw malformedRow(`${end - at} bytes follow its end`);
    return make(values);
  };
}

/** Microseconds from 2000-01-01 to a Date, where both are exact; the rest takes the codec. */
const MICROS_2000 = 946_684_800_000;

/** Read through `w`, the buffer's view, which throws beyond the buffer's end. */
export const FIXED: Partial<Record<Step, { size: number; code: string }>> = {
  bool: { size: 1, code: 'b[p] !== 0' },
  int2: { size: 2, code: 'w.getInt16(p)' },
  int4: { size: 4, code: 'w.getInt32(p)' },
  uint4: { size: 4, code: 'w.getUint32(p)' },
  int8: { size: 8, code: 'w.getBigInt64(p)' },
  float4: { size: 4, code: 'w.getFloat32(p)' },
  float8: { size: 8, code: 'w.getFloat64(p)' },
};

/** The code that gives column `i` its value, its length being `n` and its bytes at `p`. */
function columnCode(step: Step, i: number): string {
  const head = 'n = w.getInt32(p); p += 4;';
  const fixed = FIXED[step];
  if (fixed !== undefined) {
    return `${head}
      if (n === ${fixed.size}) { v${i} = ${fixed.code}; p += ${fixed.size}; }
      else if (n === -1) v${i} = null; else return slow(b, start, end, r);`;
  }
  let value: string;
  switch (step) {
    case 'text':
      value = 'r.text(b, p, n)';
      break;
    case 'json':
      value = 'parse(r.text(b, p, n))';
      break;
    case 'bytea':
      value = 'bytes(b, p, n)';
      break;
    case 'timestamp':
      value = `n === 8 ? instant(b, w, p, d${i}) : d${i}(b, p, n, r)`;
      break;
    default:
      value = `d${i}(b, p, n, r)`;
  }
  return `${head}
      if (n === -1) v${i} = null;
      else { if (n < 0 || n > end - p) return slow(b, start, end, r); v${i} = ${value}; p += n; }`;
}

/** A copy, so that no value keeps or sees the receive buffer. */
export function bytes(buffer: Buffer, at: number, size: number): Buffer {
  const copy = Buffer.allocUnsafe(size);
  copy.set(buffer.subarray(at, at + size));
  return copy;
}

export function instant(buffer: Buffer, view: DataView, at: number, exact: ValueDecoder): unknown {
  const high = view.getInt32(at);
  if (high > 0x1fffff || high < -0x200000) return exact(buffer, at, 8, NO_RUN);
  const micros = high * 4_294_967_296 + view.getUint32(at + 4);
  return new Date(Math.floor(micros / 1000) + MICROS_2000);
}
const NO_RUN = null as unknown as TextRun;

/**
 * Generated code for one result shape. What comes from the server is never part of the code:
 * names are in the shape, decoders are passed in. Any irregularity, a failing value included,
 * is left to the interpreted decoder, which makes the error for it.
 */
function generated(
  columns: readonly Column[],
  form: RowForm,
  shape: RowShape,
  slow: RowDecoder<unknown>,
): RowDecoder<unknown> {
  const steps = columns.map(stepOf);
  const decoders = columns.map(valueDecoder);
  const values = columns.map((_, i) => `v${i}`);
  const count = columns.length;
  const code = `'use strict';
  const [${columns.map((_, i) => `d${i}`).join(', ')}] = decoders;
  return function decodeRow(b, start, end, r) {
    const w = viewOf(b);
    let p = start + 2, n = 0${values.map((v) => `, ${v} = null`).join('')};
    try {
      if (w.getUint16(start) !== ${count}) return slow(b, start, end, r);
      ${steps.map(columnCode).join('\n      ')}
    } catch { return slow(b, start, end, r); }
    if (p !== end) return slow(b, start, end, r);
    return ${form === 'array' ? `[${values.join(', ')}]` : `new Row(${values.join(', ')})`};
  };`;
  const inScope = {
    Row: form === 'object' ? shape.plainConstructor : shape.constructorOf,
    decoders,
    slow,
    bytes,
    instant,
    viewOf,
    parse: JSON.parse,
  };
  const make = new Function(...Object.keys(inScope), code);
  return make(...Object.values(inScope)) as RowDecoder<unknown>;
}
