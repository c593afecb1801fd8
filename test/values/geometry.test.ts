import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Box, Circle, Line, LineSegment, Path, Point, Polygon } from '../../src/values/geometry.ts';

const EVERY = [
  [new Point(1, -2.5), '(1,-2.5)', Point],
  [new Line(1, 2, 3), '{1,2,3}', Line],
  [new LineSegment([1, 2], [3, 4]), '[(1,2),(3,4)]', LineSegment],
  [new Box([3, 4], [1, 2]), '(3,4),(1,2)', Box],
  [
    new Path([
      [1, 2],
      [3, 4],
    ]),
    '[(1,2),(3,4)]',
    Path,
  ],
  [
    new Path(
      [
        [1, 2],
        [3, 4],
      ],
      true,
    ),
    '((1,2),(3,4))',
    Path,
  ],
  [
    new Polygon([
      [1, 2],
      [3, 4],
      [5, 6],
    ]),
    '((1,2),(3,4),(5,6))',
    Polygon,
  ],
  [new Circle([1, 2], 3), '<(1,2),3>', Circle],
] as const;

test.each(EVERY)('%o is written %s, read back, and so in JSON', (value, text, type) => {
  expect(String(value)).toBe(text);
  expect(JSON.stringify(value)).toBe(JSON.stringify(text));
  expect(type.fromString(text)).toEqual(value);
  expect(type.fromString(` ${text.replaceAll(',', ' , ')} `)).toEqual(value);
});

test.each(EVERY)('%o equals itself made anew, and none of the others', (value, text, type) => {
  expect(value.equals(type.fromString(text))).toBe(true);
  for (const [other] of EVERY) {
    if (other !== value) expect(value.equals(other)).toBe(false);
  }
  expect(value.equals(text)).toBe(false);
});

test.each(EVERY)('%o cannot be changed', (value) => {
  expect(Object.isFrozen(value)).toBe(true);
  if ('points' in value) expect(Object.isFrozen(value.points)).toBe(true);
});

test.each(EVERY)('%o: a text that is cut short or goes on is refused', (_, text, type) => {
  for (const wrong of ['', text.slice(0, -1), text.slice(1), `${text},`, text.replace('1', 'x')]) {
    expect(() => type.fromString(wrong), wrong).toThrow(SyntaxError);
  }
});

test('points can be given as pairs of numbers', () => {
  expect(new Circle([1, 2], 3).center).toEqual(new Point(1, 2));
  expect(new LineSegment(new Point(1, 2), [3, 4]).p2).toEqual(new Point(3, 4));
  expect(new Polygon([new Point(1, 2)]).points).toEqual([new Point(1, 2)]);
});

test('a path is open unless told otherwise', () => {
  expect(new Path([[1, 2]]).isClosed).toBe(false);
  expect(new Path([[1, 2]], true).isClosed).toBe(true);
  expect(() => new Path([[1, 2]], 1 as unknown as boolean)).toThrow(TypeError);
});

test.each([
  [
    [1, 2],
    [3, 4],
  ],
  [
    [3, 4],
    [1, 2],
  ],
  [
    [1, 4],
    [3, 2],
  ],
  [
    [3, 2],
    [1, 4],
  ],
] as const)('the box of %o and %o has its upper right corner as high', (a, b) => {
  const box = new Box(a, b);
  expect(box.high).toEqual(new Point(3, 4));
  expect(box.low).toEqual(new Point(1, 2));
});

test('a box orders NaN above every number, as the server does', () => {
  expect(String(new Box([1, NaN], [NaN, 2]))).toBe('(NaN,NaN),(1,2)');
});

test('0 equals -0 and NaN equals itself, as on the server', () => {
  expect(new Point(0, NaN).equals(new Point(-0, NaN))).toBe(true);
});

test.each([
  () => new Point('1' as unknown as number, 2),
  () => new Point(1, undefined as unknown as number),
  () => new Line(1, 2, 3n as unknown as number),
  () => new Circle([1, 2, 3] as unknown as [number, number], 3),
  () => new Circle(null as unknown as Point, 3),
  () => new Polygon([[1, '2' as unknown as number]]),
  () => new Polygon('((1,2))' as unknown as []),
])('what is no number or no point is refused (%#)', (make) => {
  expect(make).toThrow(TypeError);
});

test('what is written is read as it was, to the last bit', () => {
  const number = fc.double();
  const point = fc.tuple(number, number);
  const points = fc.array(point, { minLength: 1 });
  const values = fc.oneof(
    point.map(([x, y]) => new Point(x, y)),
    fc.tuple(number, number, number).map((parts) => new Line(...parts)),
    fc.tuple(point, point).map((parts) => new LineSegment(...parts)),
    fc.tuple(point, point).map((parts) => new Box(...parts)),
    fc.tuple(points, fc.boolean()).map((parts) => new Path(...parts)),
    points.map((parts) => new Polygon(parts)),
    fc.tuple(point, number).map((parts) => new Circle(...parts)),
  );
  fc.assert(
    fc.property(values, (value) => {
      const type = value.constructor as unknown as { fromString(text: string): unknown };
      expect(type.fromString(String(value))).toEqual(value);
    }),
  );
});
