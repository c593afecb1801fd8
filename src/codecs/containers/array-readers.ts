import { viewOf } from '../../protocol/view.ts';
import { int32At, malformed } from '../bytes.ts';
import type { Codec } from '../codec.ts';
import { TextRun } from '../text-run.ts';
import { text } from '../types/text.ts';
import { inside } from '../undecodable.ts';

/*
 * The elements of an array in its binary form, each with its length before it. The common types
 * have loops of their own; the benchmark `arrays` measures that of int4.
 */

/** Reads `count` elements with their lengths, which must end exactly at `end`. */
export type ElementsReader = (buffer: Buffer, at: number, end: number, count: number) => unknown[];

/** Reads NULL, whose length is -1. Any other length that is no element's is malformed. */
function nullOr(size: number): null {
  if (size === -1) return null;
  throw malformed('array', `an element has the length ${size}`);
}

function sizeAt(buffer: Buffer, at: number, end: number): number {
  if (end - at < 4) throw malformed('array', 'it ends too early');
  return int32At(buffer, at);
}

/** Elements of one size, read without a call through the codec. */
function fixedReader(
  elementSize: number,
  read: (view: DataView, at: number) => unknown,
): ElementsReader {
  return (buffer, start, end, count) => {
    const view = viewOf(buffer);
    const values = new Array<unknown>(count);
    let at = start;
    for (let i = 0; i < count; i++) {
      const size = sizeAt(buffer, at, end);
      at += 4;
      if (size === elementSize && end - at >= elementSize) {
        values[i] = read(view, at);
        at += elementSize;
      } else {
        values[i] = nullOr(size);
      }
    }
    return ended(values, at, end);
  };
}

function ended(values: unknown[], at: number, end: number): unknown[] {
  if (at !== end) throw malformed('array', `${end - at} bytes follow its end`);
  return values;
}

/** int4 once more with everything in the loop: the most common array by far. */
function readInt4s(buffer: Buffer, start: number, end: number, count: number): unknown[] {
  const view = viewOf(buffer);
  const values = new Array<number | null>(count);
  let at = start;
  for (let i = 0; i < count; i++) {
    if (end - at >= 8 && view.getInt32(at) === 4) {
      values[i] = view.getInt32(at + 4);
      at += 8;
    } else {
      values[i] = nullOr(sizeAt(buffer, at, end));
      at += 4;
    }
  }
  return ended(values, at, end);
}

const run = new TextRun();

function readTexts(buffer: Buffer, start: number, end: number, count: number): unknown[] {
  const values = new Array<string | null>(count);
  run.stretch(end);
  let at = start;
  for (let i = 0; i < count; i++) {
    const size = sizeAt(buffer, at, end);
    at += 4;
    if (size >= 0 && size <= end - at) {
      try {
        values[i] = run.text(buffer, at, size);
      } catch (error) {
        throw inside(error, i);
      }
      at += size;
    } else {
      values[i] = nullOr(size);
    }
  }
  return ended(values, at, end);
}

function codecReader({ binary }: Codec): ElementsReader {
  return (buffer, start, end, count) => {
    const values = new Array<unknown>(count);
    let at = start;
    for (let i = 0; i < count; i++) {
      const size = sizeAt(buffer, at, end);
      at += 4;
      if (size >= 0 && size <= end - at) {
        try {
          values[i] = binary!.decode(buffer, at, at + size);
        } catch (error) {
          throw inside(error, i);
        }
        at += size;
      } else {
        values[i] = nullOr(size);
      }
    }
    return ended(values, at, end);
  };
}

/** The reader for elements of this type, whose codec has a binary form. */
export function elementsReader(element: Codec): ElementsReader {
  switch (element.inline) {
    case 'int4':
      return readInt4s;
    case 'int8':
      return fixedReader(8, (view, at) => view.getBigInt64(at));
    case 'float8':
      return fixedReader(8, (view, at) => view.getFloat64(at));
    default:
      return element.binary === text.binary ? readTexts : codecReader(element);
  }
}
