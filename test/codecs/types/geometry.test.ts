import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  box,
  circle,
  line,
  lseg,
  path,
  point,
  polygon,
} from '../../../src/codecs/types/geometry.ts';
import { Unencodable } from '../../../src/codecs/unencodable.ts';
import { DecodeError } from '../../../src/errors/client-errors.ts';
import {
  Box,
  Circle,
  Line,
  LineSegment,
  Path,
  Point,
  Polygon,
} from '../../../src/values/geometry.ts';
import { fromHex, itAgreesWithTheServer, toHex } from '../binary-form.ts';

const ONE = '3ff0000000000000';
const TWO = '4000000000000000';
const THREE = '4008000000000000';
const FOUR = '4010000000000000';
const P12 = new Point(1, 2);
const P34 = new Point(3, 4);

describe('geometric types', () => {
  itAgreesWithTheServer('point', point, [
    ['(1,-2.5)', `${ONE}c004000000000000`, new Point(1, -2.5)],
    ['(NaN,-Infinity)', '7ff8000000000000fff0000000000000', new Point(Number.NaN, -Infinity)],
    ['(-0,1e+300)', '80000000000000007e37e43c8800759c', new Point(-0, 1e300)],
  ]);
  itAgreesWithTheServer('line', line, [
    ['{1,-2.5,0}', `${ONE}c0040000000000000000000000000000`, new Line(1, -2.5, 0)],
  ]);
  itAgreesWithTheServer('lseg', lseg, [
    ['[(1,2),(3,4)]', ONE + TWO + THREE + FOUR, new LineSegment(P12, P34)],
  ]);
  itAgreesWithTheServer('box', box, [['(3,4),(1,2)', THREE + FOUR + ONE + TWO, new Box(P34, P12)]]);
  itAgreesWithTheServer('path', path, [
    ['[(1,2),(3,4)]', `0000000002${ONE}${TWO}${THREE}${FOUR}`, new Path([P12, P34], false)],
    ['((1,2))', `0100000001${ONE}${TWO}`, new Path([P12], true)],
  ]);
  itAgreesWithTheServer('polygon', polygon, [
    ['((1,2),(3,4))', `00000002${ONE}${TWO}${THREE}${FOUR}`, new Polygon([P12, P34])],
  ]);
  itAgreesWithTheServer('circle', circle, [['<(1,2),3>', ONE + TWO + THREE, new Circle(P12, 3)]]);

  it('take plain arrays', () => {
    expect(point.text!.encode([1, 2])).toBe('(1,2)');
    expect(line.text!.encode([1, 2, 3])).toBe('{1,2,3}');
    expect(lseg.text!.encode([[1, 2], P34])).toBe('[(1,2),(3,4)]');
    expect(
      box.text!.encode([
        [1, 4],
        [3, 2],
      ]),
    ).toBe('(3,4),(1,2)');
    expect(
      path.text!.encode([
        [1, 2],
        [3, 4],
      ]),
    ).toBe('[(1,2),(3,4)]');
    expect(
      polygon.text!.encode([
        [1, 2],
        [3, 4],
      ]),
    ).toBe('((1,2),(3,4))');
    expect(circle.text!.encode([[1, 2], 3])).toBe('<(1,2),3>');
    expect(toHex(circle, [P12, 3])).toBe(ONE + TWO + THREE);
  });

  it.each([
    ['point', point, [1], 'expected a Point or [x, y], got an array of 1'],
    ['point', point, [1, '2'], 'must be a number'],
    ['point', point, { x: 1, y: 2 }, 'got an object'],
    ['point', point, '(1,2)', 'got a string'],
    ['line', line, [1, 2], 'got an array of 2'],
    ['lseg', lseg, [1, 2, 3, 4], 'got an array of 4'],
    ['box', box, [[1, 2], [3]], 'must be a Point or an array of two numbers'],
    ['path', path, [], 'got an array of 0'],
    ['path', path, new Path([], true), 'at least one point'],
    ['polygon', polygon, [1, 2], 'must be a Point or an array of two numbers'],
    ['polygon', polygon, new Path([P12], true), 'got a Path'],
    ['circle', circle, [1, 2, 3], 'got an array of 3'],
    ['circle', circle, null, 'got null'],
  ] as const)('refuse for %s what is none', (_, forms, value, reason) => {
    expect(() => toHex(forms, value)).toThrow(Unencodable);
    expect(() => toHex(forms, value)).toThrow(reason);
  });

  it('round-trip any coordinates', () => {
    const coordinate = fc.double();
    fc.assert(
      fc.property(fc.array(fc.tuple(coordinate, coordinate), { minLength: 1 }), (points) => {
        const value = new Path(points, points.length % 2 === 0);
        expect(fromHex(path, toHex(path, value))).toStrictEqual(value);
        expect(path.text!.decode(path.text!.encode(value))).toStrictEqual(value);
      }),
    );
  });

  it('refuse malformed values from the server', () => {
    expect(() => fromHex(point, ONE)).toThrow(DecodeError);
    expect(() => fromHex(circle, ONE + TWO)).toThrow(DecodeError);
    expect(() => fromHex(path, '')).toThrow(DecodeError);
    expect(() => fromHex(path, `007fffffff${ONE}${TWO}`)).toThrow(DecodeError);
    expect(() => fromHex(polygon, `ffffffff${ONE}${TWO}`)).toThrow(DecodeError);
    expect(() => fromHex(polygon, '000000')).toThrow(DecodeError);
    expect(() => fromHex(polygon, '00000000')).toThrow(DecodeError);
    expect(() => point.text!.decode('(1,2')).toThrow(DecodeError);
  });
});
