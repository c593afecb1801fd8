import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Codec } from '../../../src/codecs/codec.ts';
import { ARRAY_LOWER_BOUNDS } from '../../../src/codecs/containers/array.ts';
import { parseArrayText, printArrayText } from '../../../src/codecs/containers/array-text.ts';
import { Unencodable } from '../../../src/codecs/unencodable.ts';
import { resolveTypeOptions } from '../../../src/config/types-option.ts';
import { DecodeError } from '../../../src/errors/client-errors.ts';
import { Point } from '../../../src/values/geometry.ts';
import { Range } from '../../../src/values/range.ts';
import { TypeRegistry } from '../../support/type-registry.ts';
import { fromHex, itAgreesWithTheServer, toHex } from '../binary-form.ts';

const registry = new TypeRegistry(resolveTypeOptions());
const codec = (oid: number): Codec => registry.codec(oid)!;
const int4s = codec(1007);
const texts = codec(1009);
const jsons = codec(199);
const points = codec(1017);
const boxes = codec(1020);
const ranges = codec(3905);
const multiranges = codec(6150);
const moneys = codec(791);

itAgreesWithTheServer('int4[]', int4s, [
  ['{}', '000000000000000000000017', []],
  ['{1,NULL}', '00000001000000010000001700000002000000010000000400000001ffffffff', [1, null]],
]);
itAgreesWithTheServer('text[]', texts, [
  [
    '{a,NULL,""}',
    '00000001000000010000001900000003000000010000000161ffffffff00000000',
    ['a', null, ''],
  ],
]);

/** Where and why a value is refused. */
function refused(forms: Codec, value: unknown): string {
  for (const encode of [() => toHex(forms, value), () => forms.text!.encode(value)]) {
    try {
      encode();
    } catch (error) {
      expect(error).toBeInstanceOf(Unencodable);
      const { path, message } = error as Unencodable;
      return `${path}: ${message}`;
    }
  }
  throw new Error('it was not refused');
}

function both(forms: Codec, value: unknown): unknown {
  const decoded = forms.text!.decode(forms.text!.encode(value));
  if (forms.binary !== null) expect(fromHex(forms, toHex(forms, value))).toEqual(decoded);
  return decoded;
}

describe('arrays', () => {
  it('keep every element through bytes and text', () => {
    const cases = [
      [1007, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })],
      [1016, fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)],
      [1022, fc.double()],
      [1000, fc.boolean()],
      [1009, fc.string({ unit: fc.constantFrom('a', 'ü', '"', '\\', '{', '}', ',', ' ', 'NULL') })],
      [1009, fc.string({ minLength: 50, maxLength: 200 }).filter((text) => !text.includes('\0'))],
    ] as const;
    for (const [oid, element] of cases) {
      fc.assert(
        fc.property(fc.array(fc.option(element as fc.Arbitrary<unknown>)), (value) => {
          expect(both(codec(oid), value)).toEqual(value);
        }),
        { numRuns: 200 },
      );
    }
  });

  it('of texts keep long ones apart across the segments in which they are decoded', () => {
    const value = Array.from(
      { length: 3000 },
      (_, i) => `${'x'.repeat(i % 90)}${i % 7 ? '' : 'ü'}`,
    );
    expect(both(texts, value)).toEqual(value);
  });

  it('have up to six dimensions', () => {
    const value = [
      [
        [
          [
            [
              [1, null],
              [3, 4],
            ],
          ],
        ],
      ],
    ];
    expect(both(int4s, value)).toEqual(value);
    expect(refused(int4s, [[[[[[[1]]]]]]])).toContain('at most 6 dimensions');
  });

  it('keep lower bounds other than 1 on the value, and send them back', () => {
    const value = int4s.text!.decode('[2:3][0:1]={{1,2},{NULL,4}}') as unknown[];
    expect(value).toEqual([
      [1, 2],
      [null, 4],
    ]);
    expect(Object.keys(value)).toEqual(['0', '1']);
    expect(Reflect.get(value, ARRAY_LOWER_BOUNDS)).toEqual([2, 0]);
    const hex =
      '0000000200000001000000170000000200000002000000020000000000000004000000010000000400000002' +
      'ffffffff0000000400000004';
    expect(toHex(int4s, value)).toBe(hex);
    expect(int4s.text!.encode(fromHex(int4s, hex))).toBe('[2:3][0:1]={{1,2},{NULL,4}}');
    expect(Reflect.get(int4s.text!.decode('{1}') as object, ARRAY_LOWER_BOUNDS)).toBeUndefined();
  });

  it('refuse lower bounds that do not fit the value', () => {
    const value = int4s.text!.decode('[2:3]={1,2}') as unknown[];
    Reflect.set(value, ARRAY_LOWER_BOUNDS, [1, 1]);
    expect(refused(int4s, value)).toContain('other dimensions than its lower bounds');
    Reflect.set(value, ARRAY_LOWER_BOUNDS, [2 ** 40]);
    expect(refused(int4s, value)).toContain('32-bit integers');
  });

  it('must be rectangular', () => {
    expect(refused(int4s, [[1, 2], [3]])).toBe('[1]: 1 elements, but 2 in the parts before it');
    expect(refused(int4s, [[1, 2], 3])).toBe(
      '[1]: expected an array of 2 elements, got the number 3',
    );
    expect(
      refused(int4s, [
        [[1], [2]],
        [[3], []],
      ]),
    ).toMatch(/^\[1\]\[1\]: 0 elements/);
    expect(refused(int4s, [1, [2]])).toBe('[1]: expected an integer, got an array');
    expect(both(int4s, [[], []])).toEqual([]);
  });

  it('name the place of a bad element', () => {
    expect(refused(int4s, [1, '2'])).toBe('[1]: expected an integer, got a string');
    expect(refused(int4s, [[1], [undefined]])).toMatch(/^\[1\]\[0\]: .*undefined/);
    expect(refused(texts, ['a', undefined])).toMatch(/^\[1\]: undefined is not a value/);
    expect(refused(texts, ['a', '\ud800'])).toMatch(/^\[1\]: .*lone surrogate/);
    // biome-ignore lint/suspicious/noSparseArray: holes are what this is about
    expect(refused(int4s, [1, , 3])).toMatch(/^\[1\]: /);
  });

  it('take arrays and typed arrays only', () => {
    expect(both(int4s, Int32Array.of(1, 2))).toEqual([1, 2]);
    for (const value of ['{1}', 1, { length: 1, 0: 1 }, Buffer.of(1), new Set([1]), undefined]) {
      expect(refused(int4s, value)).toMatch(/: expected an array, got /);
    }
  });

  it('of json take the outermost array as the dimension', () => {
    expect(jsons.text!.encode([[1, 2], { a: 1 }])).toBe('{"[1,2]","{\\"a\\":1}"}');
    expect(both(jsons, [[1], [2]])).toEqual([[1], [2]]);
  });

  it('of json that come with two dimensions go back with two', () => {
    const value = jsons.text!.decode('{{1,2},{"[]","[3]"}}');
    expect(value).toEqual([
      [1, 2],
      [[], [3]],
    ]);
    expect(jsons.text!.encode(value)).toBe('{{1,2},{[],[3]}}');
  });

  it('of geometric types tell plain arrays from dimensions', () => {
    expect(points.text!.encode([[1, 2], new Point(3, 4)])).toBe('{"(1,2)","(3,4)"}');
    expect(points.text!.encode([[new Point(1, 2)], [[3, 4]]])).toBe('{{"(1,2)"},{"(3,4)"}}');
    expect(
      boxes.text!.encode([
        [
          [3, 4],
          [1, 2],
        ],
      ]),
    ).toMatch(/^\{"?\(3,4\),\(1,2\)"?\}$/);
  });

  it('of ranges tell bounds from dimensions', () => {
    expect(ranges.text!.encode([[1, 5], new Range(1, 2)])).toBe('{"[1,5]","[1,2)"}');
    expect(ranges.text!.encode([[new Range(1, 2)], [null]])).toBe('{{"[1,2)"},{NULL}}');
    expect(multiranges.text!.encode([[new Range(1, 2)], []])).toBe('{"{[1,2)}","{}"}');
  });

  it('of a type without binary form travel as text', () => {
    expect(moneys.binary).toBeNull();
    expect(moneys.resultFormat).toBe(0);
    expect(both(moneys, ['$1.00', '$2,000.00', null])).toEqual(['$1.00', '$2,000.00', null]);
  });
});

describe('malformed arrays', () => {
  it.each([
    ['too short', '00000001'],
    ['seven dimensions', '000000070000000000000017'.padEnd(24 + 7 * 16, '0')],
    ['a negative number of dimensions', 'ffffffff0000000000000017'],
    ['more elements than bytes', '0000000100000000000000177fffffff00000001'],
    [
      'a product of dimensions beyond all bytes',
      '0000000200000000000000170001000000000001' + '0001000000000001',
    ],
    ['a negative dimension', '000000010000000000000017ffffffff00000001'],
    ['another element type', '00000001000000000000001900000001000000010000000400000001'],
    ['bytes after the elements', '0000000100000000000000170000000100000001000000040000000100'],
    ['bytes after an empty array', '00000000000000000000001700'],
    ['a negative length', '0000000100000000000000170000000100000001fffffffe'],
    ['an element of another length', '000000010000000000000017000000010000000100000003000001'],
    ['a length beyond the end', '000000010000000000000017000000010000000100000004000000'],
  ])('in binary: %s', (_, hex) => {
    expect(() => fromHex(int4s, hex)).toThrow(DecodeError);
  });

  it.each([
    '',
    '{',
    '}',
    '1',
    '{1',
    '{1}x',
    '{1,}',
    '{,1}',
    '{{1},{1,2}}',
    '{{1},2}',
    '{1,{2}}',
    '{"a}',
    '{"a"b}',
    '{a"b"}',
    '{{}}',
    '[1:2]={1}',
    '[1:1][1:1]={1}',
    '{{{{{{{1}}}}}}}',
    '[x:1]={1}',
    '{a\\}',
  ])('in text: %s', (text) => {
    expect(() => parseArrayText(text, ',')).toThrow(DecodeError);
  });
});

describe('the text of arrays', () => {
  it('quotes and escapes so that every text is read back', () => {
    const piece = fc.constantFrom(
      '"',
      '\\',
      '{',
      '}',
      ',',
      ';',
      ' ',
      '\n',
      'NULL',
      'null',
      'a',
      'ü',
      '',
    );
    const element = fc.option(fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join('')));
    fc.assert(
      fc.property(
        fc.array(element, { minLength: 1 }),
        fc.constantFrom(',', ';'),
        (value, delimiter) => {
          const shape = { dimensions: [value.length], lowerBounds: [1] };
          const text = printArrayText(value, shape, delimiter);
          expect(parseArrayText(text, delimiter)).toEqual({ texts: value, shape });
        },
      ),
    );
  });

  it('keeps dimensions and lower bounds', () => {
    const shape = { dimensions: [2, 1, 2], lowerBounds: [1, -5, 2] };
    const text = printArrayText(['a', 'b', null, 'd"'], shape, ',');
    expect(text).toBe('[1:2][-5:-5][2:3]={{{a,b}},{{NULL,"d\\""}}}');
    expect(parseArrayText(text, ',')).toEqual({ texts: ['a', 'b', null, 'd"'], shape });
  });
});
