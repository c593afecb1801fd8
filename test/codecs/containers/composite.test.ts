import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Codec } from '../../../src/codecs/codec.ts';
import { MissingTypesError } from '../../../src/codecs/codec-source.ts';
import {
  parseCompositeText,
  printCompositeText,
} from '../../../src/codecs/containers/composite-text.ts';
import { resolveTypeOptions } from '../../../src/config/types-option.ts';
import { DecodeError, OutdatedSchemaCacheError } from '../../../src/errors/client-errors.ts';
import { isRow, rowShape, rowValues } from '../../../src/values/row.ts';
import { TypeRegistry } from '../../support/type-registry.ts';
import { fromHex, toHex } from '../binary-form.ts';
import { ADDRESS, ADDRESS_ARRAY, ALL_TYPES, PERSON, WALLET } from '../described-types.ts';

const registry = new TypeRegistry(resolveTypeOptions());
registry.define(ALL_TYPES);
const codec = (oid: number): Codec => registry.codec(oid)!;
const address = codec(ADDRESS.oid);
const addresses = codec(ADDRESS_ARRAY.oid);
const person = codec(PERSON.oid);
const wallet = codec(WALLET.oid);
const record = codec(2249);

const home = { street: 'a, "b"', 'house no': 5, length: null };
const HOME_HEX = `00000003${'00000019' + '00000006' + '612c20226222'}${'00000017' + '00000004' + '00000005'}${'00004e21' + 'ffffffff'}`;

describe('composite types', () => {
  it('are Rows: by name, by position, and like plain objects', () => {
    const value = fromHex(address, HOME_HEX);
    expect(isRow(value)).toBe(true);
    expect(value).toEqual(home);
    expect(rowValues(value as never)).toEqual(['a, "b"', 5, null]);
    expect(address.text!.decode('("a, ""b""",5,)')).toEqual(value);
  });

  it('take an object, a Row or an array of fields', () => {
    const row = fromHex(address, HOME_HEX);
    for (const value of [home, row, ['a, "b"', 5, null]]) {
      expect(toHex(address, value)).toBe(HOME_HEX);
      expect(address.text!.encode(value)).toBe('("a, ""b""",5,)');
    }
  });

  it('take a Row as it is now, with the properties that were added to it, and without those deleted', () => {
    const row = rowShape(['street', '0', 'street']).make(['first', 1, 'last']);
    Reflect.deleteProperty(row, '0');
    Object.assign(row, { 'house no': 7 });
    expect(address.text!.encode(row)).toBe('(last,7,)');
    const changed = fromHex(address, HOME_HEX) as Record<string, unknown>;
    changed['street'] = 'b';
    Reflect.deleteProperty(changed, 'length');
    expect(address.text!.encode(changed)).toBe('(b,5,)');
    changed['town'] = 'c';
    expect(() => address.text!.encode(changed)).toThrow('has no field "town"');
    const numbered = rowShape(['street', '0']).make(['a', 1]);
    expect(() => address.text!.encode(numbered)).toThrow('has no field "0"');
  });

  it('take getters of a class, but nothing that every object has', () => {
    class Home {
      street = 'x';
      'house no' = 1;
      get length(): null {
        return null;
      }
    }
    expect(address.text!.encode(new Home())).toBe('(x,1,)');
  });

  it('take a field that is missing for NULL', () => {
    expect(toHex(address, { street: 'a', length: null })).toBe(
      toHex(address, { street: 'a', 'house no': null, length: null }),
    );
    expect(address.text!.encode({})).toBe('(,,)');
  });

  it('name a field that is unknown or bad', () => {
    expect(() => toHex(address, { ...home, zip: 1 })).toThrow('type address has no field "zip"');
    expect(() => toHex(address, ['a', 1])).toThrow('expected 3 fields, got 2');
    for (const value of ['(a,1,)', 1, true, undefined, Buffer.of(1)]) {
      expect(() => toHex(address, value)).toThrow(
        'expected an object, a Row or an array of fields',
      );
    }
    const bad = [
      [{ ...home, street: 1 }, '.street'],
      [{ ...home, 'house no': 'x' }, '["house no"]'],
      [{ ...home, length: undefined }, '.length'],
      [{ ...home, street: '\ud800' }, '.street'],
    ] as const;
    for (const [value, path] of bad) {
      expect(() => toHex(address, value)).toThrow(expect.objectContaining({ path }));
    }
    expect(() =>
      toHex(person, { home: null, others: [home, { ...home, street: 1 }], payload: 1 }),
    ).toThrow(expect.objectContaining({ path: '.others[1].street' }));
  });

  it('nest, in arrays too, where nested arrays are dimensions', () => {
    const value = { home, others: [home, null], payload: { a: [1] } };
    expect(fromHex(person, toHex(person, value))).toEqual(value);
    expect(person.text!.decode(person.text!.encode(value))).toEqual(value);
    expect(fromHex(addresses, toHex(addresses, [[home], [null]]))).toEqual([[home], [null]]);
  });

  it('with a field without binary form are text as a whole', () => {
    expect(wallet).toMatchObject({ binary: null, resultFormat: 0, argumentFormat: 0 });
    const value = { cash: '$1,000.00', notes: ['a "b"', null] };
    expect(wallet.text!.encode(value)).toBe('("$1,000.00","{""a \\\\""b\\\\"""",NULL}")');
    expect(wallet.text!.decode(wallet.text!.encode(value))).toEqual(value);
  });

  it('that changed on the server are an OutdatedSchemaCacheError, never a wrong value', () => {
    const other = HOME_HEX.replace('0000001700000004', '0000001a00000004');
    expect(() => fromHex(address, other)).toThrow(OutdatedSchemaCacheError);
    expect(() => fromHex(address, '00000001000000190000000161')).toThrow(OutdatedSchemaCacheError);
    expect(() => address.text!.decode('(a,1)')).toThrow(OutdatedSchemaCacheError);
  });

  it.each([
    '',
    '000000',
    'ffffffff',
    '7fffffff',
    `${HOME_HEX}00`,
    HOME_HEX.slice(0, -2),
    HOME_HEX.replace('00000006', '7fffffff'),
    HOME_HEX.replace('ffffffff', 'fffffffe'),
  ])('malformed: %s', (hex) => {
    expect(() => fromHex(address, hex)).toThrow(DecodeError);
  });
});

describe('records', () => {
  it('are arrays of fields that say their types themselves', () => {
    const hex = '0000000300000017000000040000000100000019000000016100000014ffffffff';
    expect(fromHex(record, hex)).toEqual([1, 'a', null]);
    expect(fromHex(record, `000000010000${'08c9'}${'00000021'}${hex}`)).toEqual([[1, 'a', null]]);
  });

  it('name all the types that have to be asked for', () => {
    const hex = '00000003000100000000000161000000170000000400000001000100010000000162';
    expect(() => fromHex(record, hex)).toThrow(MissingTypesError);
    expect(() => fromHex(record, hex)).toThrow(expect.objectContaining({ oids: [65536, 65537] }));
  });

  it('can be no arguments', () => {
    expect(() => toHex(record, [1])).toThrow('takes no anonymous record');
  });

  it('nested without end are a DecodeError', () => {
    let bytes = Buffer.from('00000000', 'hex');
    for (let i = 0; i < 300; i++) {
      const head = Buffer.from('00000001000008c900000000', 'hex');
      head.writeInt32BE(bytes.length, 8);
      bytes = Buffer.concat([head, bytes]);
    }
    expect(() => record.binary!.decode(bytes, 0, bytes.length)).toThrow('nested too deeply');
    expect(fromHex(record, '00000000')).toEqual([]);
  });
});

describe('the text of composites', () => {
  it('quotes and escapes so that every field is read back', () => {
    const piece = fc.constantFrom('"', '\\', '(', ')', ',', ' ', 'a', 'ü', '\n');
    const field = fc.option(fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join('')));
    fc.assert(
      fc.property(fc.array(field, { minLength: 2 }), (fields) => {
        expect(parseCompositeText(printCompositeText(fields))).toEqual(fields);
      }),
    );
  });

  it.each(['', '(', ')', 'a', '(a', 'a)', '("a)', '(a"b)', '(\\)'])('refuses %s', (text) => {
    expect(() => parseCompositeText(text)).toThrow(DecodeError);
  });
});
