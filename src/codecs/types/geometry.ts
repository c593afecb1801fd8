import type { MessageWriter } from '../../protocol/writer.ts';
import { isErrorNamed } from '../../values/builtins.ts';
import type { PointLike } from '../../values/geometry.ts';
import { Box, Circle, Line, LineSegment, Path, Point, Polygon } from '../../values/geometry.ts';
import { expectSize, float64At, int32At, malformed } from '../bytes.ts';
import type { CodecForms } from '../codec.ts';
import { BINARY } from '../codec.ts';
import { Unencodable, wrongKind } from '../unencodable.ts';

/*
 * Geometric types: coordinates are Float64s. Arguments are the classes of their names, or
 * plain arrays: a point `[x, y]`, a line `[a, b, c]`, a segment or box of two points, a path
 * (an open one) or polygon of any number of points, a circle `[[x, y], radius]`.
 * https://www.postgresql.org/docs/current/datatype-geometric.html
 */

const POINT_SIZE = 16;

interface Shape<T> {
  readonly type: string;
  readonly Class: {
    fromString(text: string): T;
    [Symbol.hasInstance](value: unknown): boolean;
  };
  /** What an argument should have been. */
  readonly expected: string;
  /** From a plain array of `arity` parts. Throws a TypeError if they are wrong. */
  readonly fromParts: (parts: readonly unknown[]) => T;
  /** The number of parts; null: any but none. */
  readonly arity: number | null;
  /** Reads a value that has `size` bytes; null: a size of its own, which it checks. */
  readonly size: number | null;
  readonly read: (buffer: Buffer, start: number, end: number) => T;
  readonly write: (writer: MessageWriter, value: T) => void;
}

function pointAt(buffer: Buffer, at: number): Point {
  return new Point(float64At(buffer, at), float64At(buffer, at + 8));
}

function writePoint(writer: MessageWriter, { x, y }: Point): void {
  writer.float64(x);
  writer.float64(y);
}

/** An Int32 count and as many points up to the end. */
function pointsAt(buffer: Buffer, start: number, end: number, type: string): Point[] {
  if (end - start < 4) throw malformed(type, 'it ends too early');
  const count = int32At(buffer, start);
  if (count < 1 || end - start - 4 !== count * POINT_SIZE) {
    throw malformed(type, `${end - start - 4} bytes for ${count} points`);
  }
  const points: Point[] = [];
  for (let at = start + 4; at < end; at += POINT_SIZE) points.push(pointAt(buffer, at));
  return points;
}

function writePoints(writer: MessageWriter, points: readonly Point[]): void {
  if (points.length === 0) throw new Unencodable('expected at least one point, got none');
  writer.int32(points.length);
  for (const point of points) writePoint(writer, point);
}

function formsOf<T extends { toString(): string }>(shape: Shape<T>): CodecForms {
  const { type, Class, expected, fromParts, arity, size, read, write } = shape;
  const shapeOf = (value: unknown): T => {
    if (value instanceof Class) return value as T;
    if (!Array.isArray(value)) throw wrongKind(expected, value);
    if (arity === null ? value.length === 0 : value.length !== arity) {
      throw new Unencodable(`expected ${expected}, got an array of ${value.length}`);
    }
    try {
      return fromParts(value);
    } catch (cause) {
      if (!isErrorNamed('TypeError', cause)) throw cause;
      throw new Unencodable(cause.message, { cause });
    }
  };
  return {
    text: {
      decode(text) {
        try {
          return Class.fromString(text);
        } catch {
          throw malformed(type, 'its text is none');
        }
      },
      encode: (value) => shapeOf(value).toString(),
    },
    binary: {
      decode(buffer, start, end) {
        if (size !== null) expectSize(start, end, size, type);
        return read(buffer, start, end);
      },
      encode: (writer, value) => write(writer, shapeOf(value)),
    },
    resultFormat: BINARY,
    argumentFormat: BINARY,
    inline: null,
  };
}

export const point = formsOf<Point>({
  type: 'point',
  Class: Point,
  expected: 'a Point or [x, y]',
  fromParts: ([x, y]) => new Point(x as number, y as number),
  arity: 2,
  size: 16,
  read: pointAt,
  write: writePoint,
});

export const line = formsOf<Line>({
  type: 'line',
  Class: Line,
  expected: 'a Line or [a, b, c]',
  fromParts: ([a, b, c]) => new Line(a as number, b as number, c as number),
  arity: 3,
  size: 24,
  read: (buffer, at) =>
    new Line(float64At(buffer, at), float64At(buffer, at + 8), float64At(buffer, at + 16)),
  write(writer, { a, b, c }) {
    writer.float64(a);
    writer.float64(b);
    writer.float64(c);
  },
});

export const lseg = formsOf<LineSegment>({
  type: 'lseg',
  Class: LineSegment,
  expected: 'a LineSegment or two points',
  fromParts: ([p1, p2]) => new LineSegment(p1 as PointLike, p2 as PointLike),
  arity: 2,
  size: 32,
  read: (buffer, at) => new LineSegment(pointAt(buffer, at), pointAt(buffer, at + POINT_SIZE)),
  write(writer, { p1, p2 }) {
    writePoint(writer, p1);
    writePoint(writer, p2);
  },
});

export const box = formsOf<Box>({
  type: 'box',
  Class: Box,
  expected: 'a Box or two points',
  fromParts: ([high, low]) => new Box(high as PointLike, low as PointLike),
  arity: 2,
  size: 32,
  read: (buffer, at) => new Box(pointAt(buffer, at), pointAt(buffer, at + POINT_SIZE)),
  write(writer, { high, low }) {
    writePoint(writer, high);
    writePoint(writer, low);
  },
});

export const path = formsOf<Path>({
  type: 'path',
  Class: Path,
  expected: 'a Path or an array of points',
  fromParts: (points) => new Path(points as PointLike[]),
  arity: null,
  size: null,
  read(buffer, start, end) {
    if (end - start < 1) throw malformed('path', 'it is empty');
    return new Path(pointsAt(buffer, start + 1, end, 'path'), buffer[start] !== 0);
  },
  write(writer, { points, isClosed }) {
    writer.uint8(isClosed ? 1 : 0);
    writePoints(writer, points);
  },
});

export const polygon = formsOf<Polygon>({
  type: 'polygon',
  Class: Polygon,
  expected: 'a Polygon or an array of points',
  fromParts: (points) => new Polygon(points as PointLike[]),
  arity: null,
  size: null,
  read: (buffer, start, end) => new Polygon(pointsAt(buffer, start, end, 'polygon')),
  write: (writer, { points }) => writePoints(writer, points),
});

export const circle = formsOf<Circle>({
  type: 'circle',
  Class: Circle,
  expected: 'a Circle or [[x, y], radius]',
  fromParts: ([center, radius]) => new Circle(center as PointLike, radius as number),
  arity: 2,
  size: 24,
  read: (buffer, at) => new Circle(pointAt(buffer, at), float64At(buffer, at + POINT_SIZE)),
  write(writer, { center, radius }) {
    writePoint(writer, center);
    writer.float64(radius);
  },
});
