import type { MessageWriter } from '../../protocol/writer.ts';
import { isDataView } from '../../values/builtins.ts';
import { int32At, malformed, uint32At } from '../bytes.ts';
import type { Codec, CodecForms, InlineKind } from '../codec.ts';
import { BINARY, TEXT } from '../codec.ts';
import { inside, insideDimensions } from '../undecodable.ts';
import { nested, Unencodable, undefinedValue, wrongKind } from '../unencodable.ts';
import { type ElementsReader, elementsReader } from './array-readers.ts';
import { type ArrayShape, MAX_DIMENSIONS, parseArrayText, printArrayText } from './array-text.ts';

/*
 * Arrays of any type as nested JavaScript arrays.
 * https://www.postgresql.org/docs/current/arrays.html
 */

/**
 * Under this key an array has the lower bounds of its dimensions, outermost first, when they
 * are not all 1. The property is not enumerable; sent back, the bounds are kept.
 */
export const ARRAY_LOWER_BOUNDS: unique symbol = Symbol('asyncpg.arrayLowerBounds');

/** What is particular to one array type. */
export interface ArrayTraits {
  /** What stands between elements in text: `;` for box, else `,`. */
  readonly delimiter: string;
  /** Whether a JavaScript array inside the argument is an element and no further dimension. */
  isElement(value: readonly unknown[]): boolean;
  /** Elements may be JavaScript arrays: the number of dimensions does not show by itself. */
  readonly ambiguous: boolean;
  /** Elements are read by a user's function: only the values tell whether they are arrays. */
  readonly custom: boolean;
}

export const PLAIN_ARRAY: ArrayTraits = {
  delimiter: ',',
  isElement: () => false,
  ambiguous: false,
  custom: false,
};

/** Cuts a flat list of elements into nested arrays and notes unusual lower bounds. */
function nestArray(
  flat: unknown[],
  { dimensions, lowerBounds }: ArrayShape,
  { ambiguous, custom }: ArrayTraits,
): unknown[] {
  const hidden = (ambiguous && dimensions.length > 1) || (custom && flat.some(Array.isArray));
  let level = flat;
  for (let d = dimensions.length - 1; d > 0; d--) {
    const size = dimensions[d]!;
    const outer: unknown[] = [];
    for (let i = 0; i < level.length; i += size) outer.push(level.slice(i, i + size));
    level = outer;
  }
  if (hidden || lowerBounds.some((bound) => bound !== 1)) {
    Object.defineProperty(level, ARRAY_LOWER_BOUNDS, {
      value: lowerBounds,
      writable: true,
      configurable: true,
    });
  }
  return level;
}

/** The elements of an argument in one list, and its shape. */
function flattenArray(
  value: unknown,
  { isElement }: ArrayTraits,
): ArrayShape & { flat: readonly unknown[] } {
  const outermost = checkedArray(value);
  const lowerBounds: unknown = Reflect.get(outermost, ARRAY_LOWER_BOUNDS);
  const count = Array.isArray(lowerBounds) ? lowerBounds.length : undefined;
  const dimensions = dimensionsOf(outermost, count, isElement);
  if (dimensions.length > MAX_DIMENSIONS) {
    throw new Unencodable(`an array has at most ${MAX_DIMENSIONS} dimensions`);
  }
  let flat = outermost;
  if (dimensions.length > 1) {
    const elements: unknown[] = [];
    collect(outermost, dimensions, 0, elements);
    flat = elements;
  }
  if (flat.length === 0) return { flat, dimensions: [], lowerBounds: [] };
  return {
    flat,
    dimensions,
    lowerBounds: count === undefined ? dimensions.map(() => 1) : checkedBounds(lowerBounds),
  };
}

function checkedArray(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  // Typed arrays are arrays of numbers; a Buffer is one value, bytea.
  if (ArrayBuffer.isView(value) && !isDataView(value) && !Buffer.isBuffer(value)) {
    return Array.from(value as unknown as ArrayLike<unknown>);
  }
  throw wrongKind('an array', value);
}

function checkedBounds(bounds: unknown): readonly number[] {
  const given = bounds as readonly unknown[];
  if (!given.every((bound) => Number.isInteger(bound) && bound === (bound as number) >> 0)) {
    throw new Unencodable('the lower bounds of an array must be 32-bit integers');
  }
  return given as readonly number[];
}

/** The lengths along the first elements. `count`, if given, tells how many dimensions there are. */
function dimensionsOf(
  outermost: readonly unknown[],
  count: number | undefined,
  isElement: (value: readonly unknown[]) => boolean,
): number[] {
  const dimensions = [outermost.length];
  let first: unknown = outermost[0];
  while (
    Array.isArray(first) &&
    dimensions.length <= MAX_DIMENSIONS &&
    (count === undefined ? !isElement(first) : dimensions.length < count)
  ) {
    dimensions.push(first.length);
    first = first[0];
  }
  if (count !== undefined && count !== dimensions.length && outermost.length > 0) {
    throw new Unencodable('the array has other dimensions than its lower bounds');
  }
  return dimensions;
}

function collect(
  level: readonly unknown[],
  dimensions: readonly number[],
  depth: number,
  into: unknown[],
): void {
  if (depth === dimensions.length - 1) {
    for (let i = 0; i < level.length; i++) into.push(level[i]);
    return;
  }
  const size = dimensions[depth + 1]!;
  for (let i = 0; i < level.length; i++) {
    const part = level[i];
    if (!Array.isArray(part) || part.length !== size) {
      const error = Array.isArray(part)
        ? new Unencodable(`${part.length} elements, but ${size} in the parts before it`)
        : wrongKind(`an array of ${size} elements`, part);
      throw nested(error, `[${i}]`);
    }
    try {
      collect(part, dimensions, depth + 1, into);
    } catch (error) {
      throw nested(error, `[${i}]`);
    }
  }
}

/** `[1][0]` for the position of an element in the flat list. */
function elementPath(index: number, dimensions: readonly number[]): string {
  let path = '';
  let rest = index;
  for (let d = dimensions.length - 1; d >= 0; d--) {
    const size = dimensions[d]!;
    path = `[${rest % size}]${path}`;
    rest = Math.floor(rest / size);
  }
  return path;
}

function decodeArray(
  element: Codec,
  readElements: ElementsReader,
  traits: ArrayTraits,
  buffer: Buffer,
  start: number,
  end: number,
): unknown[] {
  if (end - start < 12) throw malformed('array', `${end - start} bytes, at least 12 are needed`);
  const count = int32At(buffer, start);
  const oid = uint32At(buffer, start + 8);
  if (oid !== element.type.oid) {
    throw malformed('array', `its elements have the type ${oid}, not ${element.type.oid}`);
  }
  const first = start + 12 + count * 8;
  if (count < 0 || count > MAX_DIMENSIONS || first > end) {
    throw malformed('array', `${count} dimensions`);
  }
  if (count === 1 && int32At(buffer, start + 16) === 1) {
    return readElements(buffer, first, end, believed(int32At(buffer, start + 12), end - first));
  }
  const dimensions: number[] = [];
  const lowerBounds: number[] = [];
  let total = count === 0 ? 0 : 1;
  for (let at = start + 12; at < first; at += 8) {
    const size = int32At(buffer, at);
    total = believed(total * believed(size, end - first), end - first);
    dimensions.push(size);
    lowerBounds.push(int32At(buffer, at + 4));
  }
  let flat: unknown[];
  try {
    flat = readElements(buffer, first, end, total);
  } catch (error) {
    throw insideDimensions(error, (index) => elementPath(index, dimensions));
  }
  return total === 0 ? flat : nestArray(flat, { dimensions, lowerBounds }, traits);
}

/** Each element has at least a length of four bytes. */
function believed(count: number, remaining: number): number {
  if (count < 0 || count * 4 > remaining) {
    throw malformed('array', `${count} elements in ${remaining} bytes`);
  }
  return count;
}

/** The sizes of elements whose length need not be patched in after them. */
const FIXED_SIZES: Partial<Record<InlineKind, number>> = {
  bool: 1,
  int2: 2,
  int4: 4,
  uint4: 4,
  int8: 8,
  float4: 4,
  float8: 8,
  timestamp: 8,
};

function encodeArray(
  writer: MessageWriter,
  element: Codec,
  traits: ArrayTraits,
  value: unknown,
): void {
  const { flat, dimensions, lowerBounds } = flattenArray(value, traits);
  writer.int32(dimensions.length);
  writer.int32(flat.includes(null) ? 1 : 0);
  writer.uint32(element.type.oid);
  for (let d = 0; d < dimensions.length; d++) {
    writer.int32(dimensions[d]!);
    writer.int32(lowerBounds[d]!);
  }
  const binary = element.binary!;
  const size = element.inline === null ? undefined : FIXED_SIZES[element.inline];
  let i = 0;
  try {
    for (; i < flat.length; i++) {
      const part = flat[i];
      if (part === null) writer.int32(-1);
      else if (size !== undefined) {
        writer.int32(size);
        binary.encode(writer, part);
      } else {
        if (part === undefined) throw undefinedValue();
        const at = writer.reserveLength();
        binary.encode(writer, part);
        writer.patchLength(at);
      }
    }
  } catch (error) {
    throw nested(error, elementPath(i, dimensions));
  }
}

function encodeText(element: Codec, traits: ArrayTraits, value: unknown): string {
  const { flat, dimensions, lowerBounds } = flattenArray(value, traits);
  const texts = new Array<string | null>(flat.length);
  let i = 0;
  try {
    for (; i < flat.length; i++) {
      const part = flat[i];
      if (part === undefined) throw undefinedValue();
      texts[i] = part === null ? null : element.text!.encode(part);
    }
  } catch (error) {
    throw nested(error, elementPath(i, dimensions));
  }
  return printArrayText(texts, { dimensions, lowerBounds }, traits.delimiter);
}

function decodeText(element: Codec, traits: ArrayTraits, text: string): unknown[] {
  const { texts, shape } = parseArrayText(text, traits.delimiter);
  const { decode } = element.text!;
  const flat: unknown[] = texts;
  let i = 0;
  try {
    for (; i < flat.length; i++) {
      if (flat[i] !== null) flat[i] = decode(flat[i] as string);
    }
  } catch (error) {
    throw inside(error, elementPath(i, shape.dimensions));
  }
  return shape.dimensions.length === 0 ? flat : nestArray(flat, shape, traits);
}

/** Texts, numbers and such are cheaper to read from binary; the rest as the element alone. */
function resultFormatOf(element: Codec): typeof TEXT | typeof BINARY {
  if (element.binary === null) return TEXT;
  if (element.text === null) return BINARY;
  return element.inline === null ? element.resultFormat : BINARY;
}

/** The codec of arrays whose elements `element` reads and writes. */
export function arrayForms(element: Codec, traits: ArrayTraits): CodecForms {
  const readElements = element.binary === null ? null : elementsReader(element);
  return {
    text:
      element.text === null
        ? null
        : {
            decode: (text) => decodeText(element, traits, text),
            encode: (value) => encodeText(element, traits, value),
          },
    binary:
      readElements === null
        ? null
        : {
            decode: (buffer, start, end) =>
              decodeArray(element, readElements, traits, buffer, start, end),
            encode: (writer, value) => encodeArray(writer, element, traits, value),
          },
    resultFormat: resultFormatOf(element),
    argumentFormat:
      element.binary === null ? TEXT : element.text === null ? BINARY : element.argumentFormat,
    inline: null,
    ...(element.toPlain && { toPlain: element.toPlain }),
  };
}
