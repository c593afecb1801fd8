import {
  makeBoxArray,
  makeGeometryArray,
  type PgCodecs,
  parseGeometryArrayAndNormalize,
  parseGeometryTuple,
  parseGeometryXY,
  parseLineABC,
  parseLineTuple,
  parsePgVector,
  parsePointTuple,
  parsePointXY,
  refineGenericPgCodecs,
} from 'drizzle-orm-next/pg-core';
import type { Reading } from '../drizzle/driver-codecs.ts';
import { textArray } from '../drizzle/text-array.ts';

type Read = (value: any) => unknown;
type ReadArray = (value: any, dimensions: number) => unknown;

/** What each of the functions below wants the driver to read at once. */
const READINGS = new Map<unknown, Reading>();

/** What a column is read as whose values are normalized by this function of a codec's. */
export function readingOf(normalize: unknown): Reading {
  return READINGS.get(normalize) ?? 'plain';
}

/**
 * The part of a codec that reads. Each function takes both what the driver has read at once and what it
 * reads where it is not asked to: text that comes from a cache, or the column of an expression.
 */
function reading(normalize: Read, as: Reading = 'plain') {
  const normalizeArray = eachOf(normalize);
  if (as !== 'plain') {
    READINGS.set(normalize, as);
    READINGS.set(normalizeArray, as);
  }
  return { normalize, normalizeArray };
}

/** Elements that are NULL stay null. Arrays of types that only the database knows come as text. */
function eachOf(normalize: Read | null): ReadArray {
  const each = (elements: unknown[], dimensions: number): unknown[] => {
    for (let i = 0; i < elements.length; i++) {
      const element = elements[i];
      if (element === null) continue;
      if (dimensions > 1) each(element as unknown[], dimensions - 1);
      else elements[i] = normalize!(element);
    }
    return elements;
  };
  return (value, dimensions) => {
    const elements = typeof value === 'string' ? textArray(value) : value;
    return normalize === null || !Array.isArray(elements) ? elements : each(elements, dimensions);
  };
}

/** Of JSON documents each element is one, whatever it is. */
function jsonOf(elements: readonly unknown[], dimensions: number): unknown[] {
  return elements.map((element) =>
    dimensions > 1 && element !== null
      ? jsonOf(element as readonly unknown[], dimensions - 1)
      : JSON.stringify(element),
  );
}

const isText = (value: unknown): value is string => typeof value === 'string';

const time = (value: string | Date): Date => (isText(value) ? new Date(`${value}+0000`) : value);
const instant = (value: string | Date): Date => (isText(value) ? new Date(value) : value);
const day = (value: string | Date): Date => (isText(value) ? new Date(value) : value);
const bigint = (value: string | bigint): bigint => (isText(value) ? BigInt(value) : value);
const int8Number = (value: string | number): number => (isText(value) ? Number(value) : value);
const numericNumber = (value: string | number): number => (isText(value) ? Number(value) : value);
const pointXY = (value: string | object) => (isText(value) ? parsePointXY(value) : value);
const pointTuple = (value: string | { x: number; y: number }) =>
  isText(value) ? parsePointTuple(value) : [value.x, value.y];

const bigints = reading(bigint, 'bigint');
const numbers = reading(int8Number, 'number');
const json = {
  normalizeParam: (value: unknown) => JSON.stringify(value),
  normalizeParamArray: (value: unknown[], dimensions: number) => jsonOf(value, dimensions),
};
/** As arrays of them are text. */
const listed = { normalizeArray: eachOf(null) };

/**
 * How values come to Drizzle's columns on this driver. Nothing is cast to text for it: times and days are
 * Dates of their bytes, an int8 is a bigint or a number of its, a point comes from two doubles.
 *
 * To have values of your own, refine them, by the function of `drizzle-orm/codecs`:
 * `drizzle({ client, codecs: refineCodecs(asyncpgCodecs, { … }) })`.
 */
export const asyncpgCodecs: PgCodecs = refineGenericPgCodecs({
  bigint: bigints,
  'bigint:number': numbers,
  bigserial: bigints,
  'bigserial:number': numbers,
  'numeric:number': reading(numericNumber, 'number'),
  'numeric:bigint': reading(BigInt),
  timestamp: reading(time, 'date'),
  timestamptz: reading(instant, 'date'),
  date: reading(day, 'day'),
  json,
  jsonb: json,
  enum: listed,
  bit: listed,
  varbit: listed,
  point: reading(pointXY),
  'point:tuple': reading(pointTuple),
  line: reading(parseLineABC),
  'line:tuple': reading(parseLineTuple),
  box: { normalizeParamArray: makeBoxArray },
  'geometry(point)': {
    normalize: parseGeometryXY,
    normalizeArray: parseGeometryArrayAndNormalize(parseGeometryXY),
    normalizeParamArray: makeGeometryArray,
  },
  'geometry(point):tuple': {
    normalize: parseGeometryTuple,
    normalizeArray: parseGeometryArrayAndNormalize(parseGeometryTuple),
    normalizeParamArray: makeGeometryArray,
  },
  vector: reading(parsePgVector),
  halfvec: reading(parsePgVector),
  sparsevec: listed,
});
