import { describe, expect, it } from 'vitest';
import type { Codec } from '../../../src/codecs/codec.ts';
import { resolveTypeOptions } from '../../../src/config/types-option.ts';
import { DecodeError } from '../../../src/errors/client-errors.ts';
import { Range } from '../../../src/values/range.ts';
import { TypeRegistry } from '../../support/type-registry.ts';
import { fromHex, itAgreesWithTheServer, toHex } from '../binary-form.ts';
import { ALL_TYPES, TEXT_MULTIRANGE, TEXT_RANGE } from '../described-types.ts';

const registry = new TypeRegistry(resolveTypeOptions());
registry.define(ALL_TYPES);
const codec = (oid: number): Codec => registry.codec(oid)!;
const int4range = codec(3904);
const int4multirange = codec(4451);
const textRange = codec(TEXT_RANGE.oid);
const textMultirange = codec(TEXT_MULTIRANGE.oid);

itAgreesWithTheServer('int4range', int4range, [
  ['[1,5)', '0200000004000000010000000400000005', new Range(1, 5)],
  [
    '(1,5]',
    '0400000004000000010000000400000005',
    new Range(1, 5, { lowerInc: false, upperInc: true }),
  ],
  ['empty', '01', Range.empty()],
  ['(,)', '18', new Range(null, null, { lowerInc: false })],
  ['(,5)', '080000000400000005', new Range<number>(null, 5)],
  ['[1,)', '120000000400000001', new Range<number>(1, null)],
]);
itAgreesWithTheServer('int4multirange', int4multirange, [
  ['{}', '00000000', []],
  [
    '{[1,3),[5,)}',
    '0000000200000011020000000400000001000000040000000300000009120000000400000005',
    [new Range(1, 3), new Range<number>(5, null)],
  ],
]);
itAgreesWithTheServer('text_range', textRange, [
  [
    '["a,""b""","c\\\\)"]',
    '0600000005612c226222' + '00000003635c29',
    new Range('a,"b"', 'c\\)', { upperInc: true }),
  ],
  ['["","")', '020000000000000000', new Range('', '')],
]);

describe('ranges', () => {
  it('take [lower, upper], which both belong to the range', () => {
    expect(int4range.text!.encode([1, 5])).toBe('[1,5]');
    expect(int4range.text!.encode([null, 5])).toBe('(,5]');
    expect(toHex(int4range, [1, null])).toBe('120000000400000001');
  });

  it('name the bound that is refused', () => {
    expect(() => toHex(int4range, [1, 2, 3])).toThrow('got 3 elements');
    expect(() => toHex(int4range, '[1,2)')).toThrow('expected a Range or [lower, upper]');
    for (const [value, path] of [
      [[1.5, 2], '.lower'],
      [new Range(1, 'x' as never), '.upper'],
      [[undefined, 1], '[0]'],
      [[1, undefined], '[1]'],
    ] as const) {
      for (const encode of [() => toHex(int4range, value), () => int4range.text!.encode(value)]) {
        expect(encode).toThrow(expect.objectContaining({ path }));
      }
    }
  });

  it('of texts may hold anything between brackets', () => {
    const value = [new Range('a]', 'b}"'), new Range('{,', '\\"', { lowerInc: false })];
    expect(textMultirange.text!.decode(textMultirange.text!.encode(value))).toEqual(value);
    expect(fromHex(textMultirange, toHex(textMultirange, value))).toEqual(value);
  });

  it('in a multirange are named by their position', () => {
    expect(() =>
      toHex(int4multirange, [
        [1, 2],
        [1, 'x'],
      ]),
    ).toThrow(expect.objectContaining({ path: '[1].upper' }));
    expect(() => toHex(int4multirange, new Range(1, 2))).toThrow('expected an array of Range');
  });
});

describe('malformed ranges', () => {
  it.each(['', '20', '02', '0200000004', '02ffffffff', '0100', '027fffffff', '1800'])(
    '%s',
    (hex) => {
      expect(() => fromHex(int4range, hex)).toThrow(DecodeError);
    },
  );
  it.each(['', '[', '[1', '[1,2', '1,2', '[1,2]x', '[x,2)', '[1,2,3)'])('%s', (text) => {
    expect(() => int4range.text!.decode(text)).toThrow(DecodeError);
  });
  it.each(['', '7fffffff', 'ffffffff', '0000000100000001', '000000010000000120', '00000000ff'])(
    'multirange %s',
    (hex) => {
      expect(() => fromHex(int4multirange, hex)).toThrow(DecodeError);
    },
  );
  it.each(['', '{', '}', '{[1,2)', '[1,2)', '{[1,2),}', '{[1,2)}x', '{[1,2)[3,4)}'])(
    'multirange %s',
    (text) => {
      expect(() => int4multirange.text!.decode(text)).toThrow(DecodeError);
    },
  );
});
