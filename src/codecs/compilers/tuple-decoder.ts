import type { Buffer } from 'node:buffer';
import { DecodeError, ProtocolError } from '../../errors/client-errors.ts';
import {
  BINARY_CELL,
  NULL_CELL,
  TEXT_CELL,
  UNCHANGED_CELL,
} from '../../protocol/replication/change-messages.ts';
import { viewOf } from '../../protocol/view.ts';
import { canGenerateCode, MAX_GENERATED } from '../../values/code-generation.ts';
import { type Row, type RowShape, rowShape, rowValues } from '../../values/row.ts';
import { UNCHANGED } from '../../values/unchanged.ts';
import { int16At, int32At } from '../bytes.ts';
import { BINARY, type Codec, TEXT } from '../codec.ts';
import { JSON_TEXT, JSONB } from '../oids.ts';
import type { TextRun } from '../text-run.ts';
import { text } from '../types/text.ts';
import { bytes, FIXED, inColumn, instant, stepOf, valueDecoder } from './row-decoder.ts';

/** One column of a table that is replicated. */
export interface TupleColumn {
  readonly name: string;
  readonly codec: Codec;
  /** It is part of the replica identity. */
  readonly isKey: boolean;
}

/**
 * Decodes a tuple that begins at `start` and ends at `end` or before: see `lastTuple`. Each value says
 * itself whether it is in its text or binary form. Throws ProtocolError or DecodeError.
 *
 * @param old the row before, which has what was not sent since it has not changed; null: nobody has
 */
export type TupleDecoder = (
  buffer: Buffer,
  start: number,
  end: number,
  run: TextRun,
  old: Row | null,
) => Row;

const NONE: readonly string[] = Object.freeze([]);

/** Where the tuple that was decoded last ends, and which of its columns are UNCHANGED. */
export const lastTuple: { end: number; unchanged: readonly string[] } = { end: 0, unchanged: NONE };

/**
 * The decoder for a table's tuples.
 *
 * @param keysOnly the row is made of the replica identity's columns alone; of the others there is
 *   no more than a placeholder
 */
export function compileTupleDecoder(
  columns: readonly TupleColumn[],
  keysOnly: boolean,
  generate: boolean = canGenerateCode(),
): TupleDecoder {
  const kept = columns.filter(({ isKey }) => isKey || !keysOnly);
  const shape = rowShape(kept.map(({ name }) => name));
  const slow = interpreted(columns, keysOnly, shape);
  if (!generate || !shape.isShared || columns.length > MAX_GENERATED) return slow;
  return generated(columns, keysOnly, shape, slow);
}

function malformed(reason: string): ProtocolError {
  return new ProtocolError(`malformed tuple: ${reason}`);
}

function cellValue(
  { codec }: TupleColumn,
  kind: number,
  buffer: Buffer,
  at: number,
  size: number,
  run: TextRun,
): unknown {
  if (kind === TEXT_CELL) {
    if (codec.text === null) throw new DecodeError('its text form is not known');
    return codec.text.decode(run.text(buffer, at, size));
  }
  if (codec.binary === null) throw new DecodeError('its binary form is not known');
  return codec.binary.decode(buffer, at, at + size);
}

function interpreted(
  columns: readonly TupleColumn[],
  keysOnly: boolean,
  shape: RowShape,
): TupleDecoder {
  const count = columns.length;
  return (buffer, start, end, run, old) => {
    if (end - start < 2 || int16At(buffer, start) !== count) {
      throw malformed(`it does not have the ${count} columns that were announced`);
    }
    const before = old === null ? null : rowValues(old);
    const unchanged: string[] = [];
    const values: unknown[] = [];
    let at = start + 2;
    for (const [index, column] of columns.entries()) {
      if (at >= end) throw malformed('it ends too early');
      const kind = buffer[at]!;
      at += 1;
      let value: unknown = null;
      if (kind === UNCHANGED_CELL) {
        value = before === null ? UNCHANGED : before[index];
        if (value === UNCHANGED) unchanged.push(column.name);
      } else if (kind === TEXT_CELL || kind === BINARY_CELL) {
        if (end - at < 4) throw malformed('it ends too early');
        const size = int32At(buffer, at);
        at += 4;
        if (size < 0 || size > end - at) throw malformed(`a value has the length ${size}`);
        if (column.isKey || !keysOnly) {
          try {
            value = cellValue(column, kind, buffer, at, size, run);
          } catch (error) {
            throw inColumn(column, error);
          }
        }
        at += size;
      } else if (kind !== NULL_CELL) {
        throw malformed(`it has a value of the unknown kind ${kind}`);
      }
      if (column.isKey || !keysOnly) values.push(value);
    }
    lastTuple.end = at;
    lastTuple.unchanged = unchanged.length === 0 ? NONE : unchanged;
    return shape.make(values);
  };
}

const BAD_SIZE = 'if (n < 0 || n > end - p) return slow(b, start, end, r, old);';

/** The code for the value of column `i` in its binary form, its length being `n`, its bytes at `p`. */
function binaryCode({ codec }: TupleColumn, i: number): string {
  if (codec.binary === null) return 'return slow(b, start, end, r, old);';
  // A text is the same in both forms.
  if (codec.binary === text.binary) return `${BAD_SIZE} v${i} = r.text(b, p, n);`;
  const step = stepOf({ name: '', codec, format: BINARY });
  const fixed = FIXED[step];
  if (fixed !== undefined) {
    return `if (n !== ${fixed.size}) return slow(b, start, end, r, old); v${i} = ${fixed.code};`;
  }
  if (codec.inline === 'json' && codec.type.oid === JSONB) {
    // Its text, behind a byte for the version.
    return `if (n < 1 || n > end - p || b[p] !== 1) return slow(b, start, end, r, old); v${i} = parse(r.text(b, p + 1, n - 1));`;
  }
  if (codec.inline === 'json' && codec.type.oid === JSON_TEXT) {
    return `${BAD_SIZE} v${i} = parse(r.text(b, p, n));`;
  }
  if (step === 'bytea') return `${BAD_SIZE} v${i} = bytes(b, p, n);`;
  if (step === 'timestamp') {
    return `${BAD_SIZE} v${i} = n === 8 ? instant(b, w, p, d${i}) : d${i}(b, p, n, r);`;
  }
  return `${BAD_SIZE} v${i} = d${i}(b, p, n, r);`;
}

function textCode({ codec }: TupleColumn, i: number): string {
  if (codec.text === null) return 'return slow(b, start, end, r, old);';
  const step = stepOf({ name: '', codec, format: TEXT });
  if (step === 'text') return `${BAD_SIZE} v${i} = r.text(b, p, n);`;
  if (step === 'json') return `${BAD_SIZE} v${i} = parse(r.text(b, p, n));`;
  return `${BAD_SIZE} v${i} = t${i}(b, p, n, r);`;
}

function columnCode(column: TupleColumn, i: number, keysOnly: boolean): string {
  if (keysOnly && !column.isKey) {
    return `if (b[p++] !== ${NULL_CELL}) return slow(b, start, end, r, old);`;
  }
  return `k = b[p++];
      if (k === ${BINARY_CELL}) { n = w.getInt32(p); p += 4; ${binaryCode(column, i)} p += n; }
      else if (k === ${TEXT_CELL}) { n = w.getInt32(p); p += 4; ${textCode(column, i)} p += n; }
      else if (k !== ${NULL_CELL}) return slow(b, start, end, r, old);`;
}

/**
 * Generated code for one table. What comes from the server is never part of the code: see the row
 * decoder's. Any irregularity, a value that was not sent included, is left to the interpreted one.
 */
function generated(
  columns: readonly TupleColumn[],
  keysOnly: boolean,
  shape: RowShape,
  slow: TupleDecoder,
): TupleDecoder {
  const inScope: Record<string, unknown> = {
    Row: shape.constructorOf,
    slow,
    bytes,
    instant,
    viewOf,
    parse: JSON.parse,
    last: lastTuple,
    none: NONE,
  };
  const kept: string[] = [];
  for (const [i, { name, codec, isKey }] of columns.entries()) {
    if (keysOnly && !isKey) continue;
    kept.push(`v${i}`);
    if (codec.binary !== null) inScope[`d${i}`] = valueDecoder({ name, codec, format: BINARY });
    if (codec.text !== null) inScope[`t${i}`] = valueDecoder({ name, codec, format: TEXT });
  }
  const code = `'use strict';
  return function decodeTuple(b, start, end, r, old) {
    const w = viewOf(b);
    let p = start + 2, n = 0, k = 0${kept.map((v) => `, ${v} = null`).join('')};
    try {
      if (p > end || w.getUint16(start) !== ${columns.length}) return slow(b, start, end, r, old);
      ${columns.map((column, i) => columnCode(column, i, keysOnly)).join('\n      ')}
    } catch { return slow(b, start, end, r, old); }
    if (p > end) return slow(b, start, end, r, old);
    last.end = p;
    last.unchanged = none;
    return new Row(${kept.join(', ')});
  };`;
  const make = new Function(...Object.keys(inScope), code);
  return make(...Object.values(inScope)) as TupleDecoder;
}
