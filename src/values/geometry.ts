/**
 * PostgreSQL's geometric types as immutable values: Point, Line, LineSegment, Box, Path,
 * Polygon and Circle. Coordinates are float8. `toString()` and JSON give PostgreSQL's own text,
 * which keeps what JSON's numbers cannot (Infinity, NaN, -0), and `fromString` reads it back.
 *
 * PostgreSQL manual: "Geometric Types" (datatype-geometric).
 */
import { float8Text } from './float-text.ts';
import { GeometryText } from './geometry-text.ts';

/** A point, or its two coordinates. */
export type PointLike = Point | readonly [x: number, y: number];

function coordinate(value: unknown, what: string): number {
  if (typeof value === 'number') return value;
  throw new TypeError(`${what} must be a number, not ${value === null ? 'null' : typeof value}`);
}

function pointFrom(value: PointLike, what: string): Point {
  if (value instanceof Point) return value;
  if (Array.isArray(value) && value.length === 2) return new Point(value[0], value[1]);
  throw new TypeError(`${what} must be a Point or an array of two numbers`);
}

function pointsFrom(values: readonly PointLike[], what: string): readonly Point[] {
  if (!Array.isArray(values)) throw new TypeError(`${what} takes an array of points`);
  return Object.freeze(
    Array.from(values, (value, index) => pointFrom(value, `point ${index} of ${what}`)),
  );
}

/** As the server compares: 0 equals -0 and NaN equals itself. */
function same(a: number, b: number): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

function samePoints(a: readonly Point[], b: readonly Point[]): boolean {
  if (a.length !== b.length) return false;
  for (const [index, point] of a.entries()) if (!point.equals(b[index])) return false;
  return true;
}

/** As the server orders: NaN is greater than every other number. */
function greater(a: number, b: number): boolean {
  return Number.isNaN(a) ? !Number.isNaN(b) : a > b;
}

/**
 * `point`.
 *
 * @example
 * const home = await connection.fetchVal<Point>('SELECT point(1, 2)');
 * home?.x; // 1
 */
export class Point {
  /** The abscissa. */
  readonly x: number;
  /** The ordinate. */
  readonly y: number;

  constructor(x: number, y: number) {
    this.x = coordinate(x, 'x of a Point');
    this.y = coordinate(y, 'y of a Point');
    Object.freeze(this);
  }

  /** Reads `(x,y)`. Throws a SyntaxError for anything else. */
  static fromString(text: string): Point {
    const source = new GeometryText('point', text);
    const [x, y] = source.point();
    source.end();
    return new Point(x, y);
  }

  /** Whether the other is one of the same numbers; 0 equals -0 and NaN itself, as in SQL. */
  equals(other: unknown): boolean {
    return other instanceof Point && same(this.x, other.x) && same(this.y, other.y);
  }

  /** `(x,y)` */
  toString(): string {
    return `(${float8Text(this.x)},${float8Text(this.y)})`;
  }

  /** The same as `toString()`. */
  toJSON(): string {
    return this.toString();
  }
}

/** `line`: all points for which `a`x + `b`y + `c` = 0. */
export class Line {
  /** The factor of x. */
  readonly a: number;
  /** The factor of y. */
  readonly b: number;
  /** The constant. */
  readonly c: number;

  constructor(a: number, b: number, c: number) {
    this.a = coordinate(a, 'a of a Line');
    this.b = coordinate(b, 'b of a Line');
    this.c = coordinate(c, 'c of a Line');
    Object.freeze(this);
  }

  /** Reads `{a,b,c}`. Throws a SyntaxError for anything else. */
  static fromString(text: string): Line {
    const source = new GeometryText('line', text);
    source.take('{');
    const a = source.number();
    source.take(',');
    const b = source.number();
    source.take(',');
    const c = source.number();
    source.take('}');
    source.end();
    return new Line(a, b, c);
  }

  /** Whether the numbers are the same; multiples of them, the same line, are not compared. */
  equals(other: unknown): boolean {
    return (
      other instanceof Line &&
      same(this.a, other.a) &&
      same(this.b, other.b) &&
      same(this.c, other.c)
    );
  }

  /** `{a,b,c}` */
  toString(): string {
    return `{${float8Text(this.a)},${float8Text(this.b)},${float8Text(this.c)}}`;
  }

  /** The same as `toString()`. */
  toJSON(): string {
    return this.toString();
  }
}

/** `lseg`: the segment from `p1` to `p2`. */
export class LineSegment {
  /** One end. */
  readonly p1: Point;
  /** The other end. */
  readonly p2: Point;

  constructor(p1: PointLike, p2: PointLike) {
    this.p1 = pointFrom(p1, 'p1 of a LineSegment');
    this.p2 = pointFrom(p2, 'p2 of a LineSegment');
    Object.freeze(this);
  }

  /** Reads `[(x1,y1),(x2,y2)]`. Throws a SyntaxError for anything else. */
  static fromString(text: string): LineSegment {
    const source = new GeometryText('line segment', text);
    source.take('[');
    const p1 = source.point();
    source.take(',');
    const p2 = source.point();
    source.take(']');
    source.end();
    return new LineSegment(p1, p2);
  }

  /** Whether the other is one of the same numbers; 0 equals -0 and NaN itself, as in SQL. */
  equals(other: unknown): boolean {
    return other instanceof LineSegment && this.p1.equals(other.p1) && this.p2.equals(other.p2);
  }

  /** `[(x1,y1),(x2,y2)]` */
  toString(): string {
    return `[${this.p1},${this.p2}]`;
  }

  /** The same as `toString()`. */
  toJSON(): string {
    return this.toString();
  }
}

/**
 * `box`, by two opposite corners, whichever: as the server does, the box keeps its upper right
 * corner as `high` and its lower left corner as `low`.
 */
export class Box {
  /** The upper right corner. */
  readonly high: Point;
  /** The lower left corner. */
  readonly low: Point;

  constructor(high: PointLike, low: PointLike) {
    const a = pointFrom(high, 'high of a Box');
    const b = pointFrom(low, 'low of a Box');
    const swapX = greater(b.x, a.x);
    const swapY = greater(b.y, a.y);
    if (swapX || swapY) {
      this.high = new Point(swapX ? b.x : a.x, swapY ? b.y : a.y);
      this.low = new Point(swapX ? a.x : b.x, swapY ? a.y : b.y);
    } else {
      this.high = a;
      this.low = b;
    }
    Object.freeze(this);
  }

  /** Reads `(x1,y1),(x2,y2)`. Throws a SyntaxError for anything else. */
  static fromString(text: string): Box {
    const source = new GeometryText('box', text);
    const high = source.point();
    source.take(',');
    const low = source.point();
    source.end();
    return new Box(high, low);
  }

  /** Whether the other is one of the same numbers; 0 equals -0 and NaN itself, as in SQL. */
  equals(other: unknown): boolean {
    return other instanceof Box && this.high.equals(other.high) && this.low.equals(other.low);
  }

  /** `(x1,y1),(x2,y2)`, the upper right corner first. */
  toString(): string {
    return `${this.high},${this.low}`;
  }

  /** The same as `toString()`. */
  toJSON(): string {
    return this.toString();
  }
}

/** `path`: connected points, closed if the last is connected to the first. */
export class Path {
  /** The points, in their order. */
  readonly points: readonly Point[];
  /** Whether the last point is connected to the first. */
  readonly isClosed: boolean;

  constructor(points: readonly PointLike[], isClosed = false) {
    if (typeof isClosed !== 'boolean') throw new TypeError('isClosed of a Path must be a boolean');
    this.points = pointsFrom(points, 'a Path');
    this.isClosed = isClosed;
    Object.freeze(this);
  }

  /** Reads `[(x1,y1),…]` (open) or `((x1,y1),…)` (closed). Throws a SyntaxError for else. */
  static fromString(text: string): Path {
    const source = new GeometryText('path', text);
    const isClosed = source.peek() === '(';
    source.take(isClosed ? '(' : '[');
    const points = source.points();
    source.take(isClosed ? ')' : ']');
    source.end();
    return new Path(points, isClosed);
  }

  /** Whether the other is one of the same numbers; 0 equals -0 and NaN itself, as in SQL. */
  equals(other: unknown): boolean {
    return (
      other instanceof Path &&
      this.isClosed === other.isClosed &&
      samePoints(this.points, other.points)
    );
  }

  /** `[(x1,y1),…]` if open, `((x1,y1),…)` if closed. */
  toString(): string {
    const points = this.points.join(',');
    return this.isClosed ? `(${points})` : `[${points}]`;
  }

  /** The same as `toString()`. */
  toJSON(): string {
    return this.toString();
  }
}

/** `polygon`: a closed path and the area inside. */
export class Polygon {
  /** The points, in their order. */
  readonly points: readonly Point[];

  constructor(points: readonly PointLike[]) {
    this.points = pointsFrom(points, 'a Polygon');
    Object.freeze(this);
  }

  /** Reads `((x1,y1),…)`. Throws a SyntaxError for anything else. */
  static fromString(text: string): Polygon {
    const source = new GeometryText('polygon', text);
    source.take('(');
    const points = source.points();
    source.take(')');
    source.end();
    return new Polygon(points);
  }

  /** Whether the points are the same, from the same first one on. */
  equals(other: unknown): boolean {
    return other instanceof Polygon && samePoints(this.points, other.points);
  }

  /** `((x1,y1),…)` */
  toString(): string {
    return `(${this.points.join(',')})`;
  }

  /** The same as `toString()`. */
  toJSON(): string {
    return this.toString();
  }
}

/** `circle`, by its center and its radius. */
export class Circle {
  /** The center. */
  readonly center: Point;
  /** The radius. */
  readonly radius: number;

  constructor(center: PointLike, radius: number) {
    this.center = pointFrom(center, 'center of a Circle');
    this.radius = coordinate(radius, 'radius of a Circle');
    Object.freeze(this);
  }

  /** Reads `<(x,y),r>`. Throws a SyntaxError for anything else. */
  static fromString(text: string): Circle {
    const source = new GeometryText('circle', text);
    source.take('<');
    const center = source.point();
    source.take(',');
    const radius = source.number();
    source.take('>');
    source.end();
    return new Circle(center, radius);
  }

  /** Whether the other is one of the same numbers; 0 equals -0 and NaN itself, as in SQL. */
  equals(other: unknown): boolean {
    return (
      other instanceof Circle && this.center.equals(other.center) && same(this.radius, other.radius)
    );
  }

  /** `<(x,y),r>` */
  toString(): string {
    return `<${this.center},${float8Text(this.radius)}>`;
  }

  /** The same as `toString()`. */
  toJSON(): string {
    return this.toString();
  }
}
