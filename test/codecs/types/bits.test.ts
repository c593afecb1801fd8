import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bit, varbit } from '../../../src/codecs/types/bits.ts';
import { Unencodable } from '../../../src/codecs/unencodable.ts';
import { DecodeError } from '../../../src/errors/client-errors.ts';
import { BitString } from '../../../src/values/bit-string.ts';
import { fromHex, itAgreesWithTheServer, toHex } from '../binary-form.ts';

describe('bit and varbit', () => {
  itAgreesWithTheServer('bit', bit, [['101000001', '00000009a080', new BitString('101000001')]]);
  itAgreesWithTheServer('varbit', varbit, [
    ['', '00000000', new BitString('')],
    ['1', '0000000180', new BitString('1')],
    ['11111111', '00000008ff', new BitString('11111111')],
  ]);

  it('round-trip any bits', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('0', '1'), { maxLength: 70 }), (bits) => {
        const value = new BitString(bits.join(''));
        expect(fromHex(varbit, toHex(varbit, value))).toStrictEqual(value);
        expect(varbit.text!.decode(varbit.text!.encode(value))).toStrictEqual(value);
      }),
    );
  });

  it.each(['0101', 5, 5n, true, Buffer.of(1), [0, 1], null, undefined])('refuse %s', (value) => {
    expect(() => toHex(bit, value)).toThrow(Unencodable);
    expect(() => bit.text!.encode(value)).toThrow('expected a BitString');
  });

  it('refuse values from the server whose length contradicts their bytes', () => {
    for (const hex of [
      '',
      '000000',
      '00000001',
      '00000008ff00',
      '00000009ff',
      'ffffffff',
      '7fffffff80',
    ]) {
      expect(() => fromHex(varbit, hex)).toThrow(DecodeError);
    }
    expect(() => varbit.text!.decode('012')).toThrow(DecodeError);
    expect(() => varbit.text!.decode('0 1')).toThrow(DecodeError);
  });
});
