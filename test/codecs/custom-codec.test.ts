import { describe, expect, it } from 'vitest';
import { findBuiltinType } from '../../src/codecs/builtin-types.ts';
import type { Codec } from '../../src/codecs/codec.ts';
import type { TypeDescription } from '../../src/codecs/type-description.ts';
import { resolveTypeOptions } from '../../src/config/types-option.ts';
import { InterfaceError } from '../../src/errors/client-errors.ts';
import { Range } from '../../src/values/range.ts';
import type { TypeCodec } from '../../src/values/type-codec.ts';
import { TypeRegistry } from '../support/type-registry.ts';
import { fromHex, toHex } from './binary-form.ts';
import * as described from './described-types.ts';

const options = resolveTypeOptions();
const { ADDRESS, ADDRESS_ARRAY, ALL_TYPES, MOOD, PERSON, TEXT_RANGE, VECTOR } = described;

const builtin = (name: string): TypeDescription => findBuiltinType(name)!;

function registryWith(type: TypeDescription, codec: TypeCodec): TypeRegistry {
  const registry = new TypeRegistry(options);
  registry.define(ALL_TYPES);
  registry.setTypeCodec(type, codec);
  return registry;
}

const upper: TypeCodec = {
  encoder: (value: { wrapped: string }) => value.wrapped,
  decoder: (text: string) => ({ wrapped: text }),
};

describe('a text codec', () => {
  it('reads and writes the text of the type', () => {
    const codec = registryWith(MOOD, upper).codec(MOOD.oid)!;
    expect(codec).toMatchObject({ resultFormat: 0, argumentFormat: 0, inline: null });
    expect(codec.text!.decode('sad')).toEqual({ wrapped: 'sad' });
    expect(codec.text!.encode({ wrapped: 'sad' })).toBe('sad');
  });

  it('holds in arrays, ranges, domains and composites of the type', () => {
    const registry = registryWith(builtin('text'), upper);
    const value = { wrapped: 'a b' };
    const both = (codec: Codec, given: unknown): void => {
      expect(codec.text!.decode(codec.text!.encode(given))).toEqual(given);
      expect(fromHex(codec, toHex(codec, given))).toEqual(given);
    };
    both(registry.codec(1009)!, [value, null]);
    both(registry.codec(TEXT_RANGE.oid)!, new Range(value, null));
    both(registry.codec(ADDRESS.oid)!, { street: value, 'house no': 1, length: null });
  });

  it('translates to binary without losing anything on the way', () => {
    const identity: TypeCodec = {
      encoder: (text: string) => text,
      decoder: (text: string) => text,
    };
    const cases = [
      ['jsonb', '{"big": 12345678901234567890, "x": 1.0}'],
      ['numeric', '1.50'],
      ['int8', '9223372036854775807'],
      ['timestamptz', '2000-01-01 00:00:00.000001+00'],
      ['uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ] as const;
    for (const [name, text] of cases) {
      const codec = registryWith(builtin(name), identity).codec(builtin(name).oid)!;
      expect(fromHex(codec, toHex(codec, text)), name).toBe(text);
    }
  });

  it('really applies to a composite type', () => {
    const codec = registryWith(ADDRESS, upper).codec(ADDRESS.oid)!;
    expect(codec.text!.decode('(a,1,)')).toEqual({ wrapped: '(a,1,)' });
    expect(fromHex(codec, toHex(codec, { wrapped: '(a,1,)' }))).toEqual({ wrapped: '(a,1,)' });
  });

  it('needs only the direction that is wanted', () => {
    const decoding = registryWith(builtin('int4'), { decoder: (text: string) => `#${text}` }).codec(
      23,
    )!;
    expect(decoding.text!.decode('5')).toBe('#5');
    expect(toHex(decoding, 5)).toBe('00000005');
    expect(decoding.argumentFormat).toBe(1);
    const encoding = registryWith(builtin('int4'), { encoder: () => '7' }).codec(23)!;
    expect(encoding.text!.encode('any')).toBe('7');
    expect(toHex(encoding, 'any')).toBe('00000007');
    expect(fromHex(encoding, '00000005')).toBe(5);
    expect(encoding.resultFormat).toBe(1);
  });

  it('must give a string', () => {
    const codec = registryWith(builtin('int4'), { encoder: () => 7 }).codec(23)!;
    expect(() => codec.text!.encode(1)).toThrow('expected the encoder of int4 to return a string');
  });
});

describe('a binary codec', () => {
  const reversed: TypeCodec = {
    format: 'binary',
    encoder: (value: string) => Buffer.from(value, 'hex'),
    decoder: (bytes: Buffer) => bytes.toString('hex'),
  };

  it('reads and writes the bytes of the type', () => {
    const codec = registryWith(VECTOR, reversed).codec(VECTOR.oid)!;
    expect(codec).toMatchObject({ resultFormat: 1, argumentFormat: 1, text: null });
    expect(fromHex(codec, '0102')).toBe('0102');
    expect(toHex(codec, '0102')).toBe('0102');
  });

  it('gets a copy of the bytes', () => {
    let kept: Buffer | null = null;
    const decoder = (bytes: Buffer): unknown => (kept = bytes);
    const codec = registryWith(VECTOR, { format: 'binary', decoder }).codec(VECTOR.oid)!;
    const received = Buffer.of(1, 2);
    codec.binary!.decode(received, 0, 2);
    received.fill(9);
    expect(kept).toEqual(Buffer.of(1, 2));
  });

  it('holds in arrays, and where a neighbour has only text', () => {
    const vectors = registryWith(VECTOR, reversed).codec(described.VECTOR_ARRAY.oid)!;
    expect(fromHex(vectors, toHex(vectors, ['01', null]))).toEqual(['01', null]);
    const wallet = registryWith(builtin('text'), reversed).codec(described.WALLET.oid)!;
    const value = { cash: '$1.00', notes: ['6162', null] };
    expect(wallet.text!.encode(value)).toBe('($1.00,"{ab,NULL}")');
    expect(wallet.text!.decode('($1.00,"{ab,NULL}")')).toEqual(value);
  });

  it('must give bytes', () => {
    const codec = registryWith(VECTOR, { format: 'binary', encoder: () => 'x' }).codec(VECTOR.oid)!;
    expect(() => toHex(codec, 1)).toThrow('to return a Buffer');
    expect(codec).toMatchObject({ resultFormat: 0, argumentFormat: 1 });
  });
});

describe('a tuple codec', () => {
  const tuple: TypeCodec = {
    format: 'tuple',
    encoder: (value: { parts: unknown[] }) => value.parts,
    decoder: (parts: unknown[]) => ({ parts }),
  };

  it.each([
    ['date', '7fffffff', [2147483647]],
    ['interval', '000000000000000500000003ffffffff', [-1, 3, 5n]],
    ['time', '0000000000000001', [1n]],
    ['timetz', '0000000000000001ffffb9b0', [1n, -18000]],
    ['timestamp', '8000000000000000', [-(2n ** 63n)]],
    ['timestamptz', '7fffffffffffffff', [2n ** 63n - 1n]],
  ])('gives the parts of %s', (name, hex, parts) => {
    const type = builtin(name);
    const codec = registryWith(type, tuple).codec(type.oid)!;
    expect(fromHex(codec, hex)).toEqual({ parts });
    expect(toHex(codec, { parts })).toBe(hex);
  });

  it('names a part that is wrong', () => {
    const codec = registryWith(builtin('interval'), tuple).codec(1186)!;
    expect(() => toHex(codec, { parts: [1, 2] })).toThrow('to return 3 parts, got 2');
    expect(() => toHex(codec, { parts: 'x' })).toThrow('to return an array');
    for (const parts of [
      [1, 2.5, 3n],
      [1, 2 ** 31, 3n],
      [1, 2n, 3n],
    ]) {
      expect(() => toHex(codec, { parts })).toThrow(expect.objectContaining({ path: '[1]' }));
    }
    expect(() => toHex(codec, { parts: [1, 2, 2n ** 63n] })).toThrow('out of range');
  });

  it('has text, too, for a composite which has nothing else', () => {
    const codec = registryWith(builtin('date'), tuple).codec(1082)!;
    expect(codec.text!.encode({ parts: [1] })).toBe('2000-01-02');
    expect(codec.text!.decode('2000-01-02')).toEqual({ parts: [1] });
  });

  it('gives the fields of a composite, also inside of others', () => {
    const registry = registryWith(ADDRESS, tuple);
    const value = { parts: ['a', 1, null] };
    const codec = registry.codec(ADDRESS.oid)!;
    expect(fromHex(codec, toHex(codec, value))).toEqual(value);
    expect(codec.text!.decode(codec.text!.encode(value))).toEqual(value);
    const addresses = registry.codec(ADDRESS_ARRAY.oid)!;
    expect(fromHex(addresses, toHex(addresses, [value]))).toEqual([value]);
    const person = registry.codec(PERSON.oid)!;
    const whole = { home: value, others: [value, null], payload: 1 };
    expect(fromHex(person, toHex(person, whole))).toEqual(whole);
  });
});

describe('setTypeCodec', () => {
  it.each([
    ['an array', builtin('_int4')],
    ['a vector', builtin('int2vector')],
    ['a range', builtin('int4range')],
    ['a multirange', builtin('int4multirange')],
    ['a pseudo-type', builtin('record')],
  ])('refuses %s', (_, type) => {
    expect(() => registryWith(type, upper)).toThrow(InterfaceError);
    expect(() => registryWith(type, upper)).toThrow('neither a scalar type nor a composite type');
    expect(() => new TypeRegistry(options).setBuiltinTypeCodec(type, 'text')).toThrow(
      InterfaceError,
    );
  });

  it('refuses formats that are unknown or that a type does not have', () => {
    expect(() => registryWith(MOOD, { ...upper, format: 'xml' as never })).toThrow(
      'invalid codec format',
    );
    expect(() => registryWith(MOOD, { ...upper, format: 'tuple' })).toThrow(
      'tuple format is not supported',
    );
    expect(() => registryWith(MOOD, {})).toThrow('needs an encoder, a decoder or both');
    expect(() => registryWith(MOOD, { encoder: 'x' as never })).toThrow('must be a function');
  });

  it('replaces built-in codecs in one registry only, and gives them back', () => {
    const registry = new TypeRegistry(options);
    const before = registry.codec(1007);
    const { epoch } = registry;
    registry.setTypeCodec(builtin('int4'), { decoder: (text: string) => `#${text}` });
    expect(registry.epoch).toBeGreaterThan(epoch);
    expect(registry.codec(1007)!.text!.decode('{1}')).toEqual(['#1']);
    expect(registry.codec(1016)).toBe(new TypeRegistry(options).codec(1016));
    expect(new TypeRegistry(options).codec(1007)!.text!.decode('{1}')).toEqual([1]);
    registry.resetTypeCodec(builtin('int4'));
    expect(registry.codec(1007)).toBe(before);
    expect(registry.epoch).toBeGreaterThan(epoch + 1);
  });

  it('outlives a change of the schema', () => {
    const registry = registryWith(MOOD, upper);
    registry.forget();
    // The type is asked for anew: it may have other attributes now.
    expect(registry.missing([MOOD.oid])).toEqual([MOOD.oid]);
    registry.define(ALL_TYPES);
    expect(registry.codec(MOOD.oid)!.text!.decode('sad')).toEqual({ wrapped: 'sad' });
  });
});

describe('setBuiltinTypeCodec', () => {
  it('reads and writes an extension type like one that is known', () => {
    const registry = new TypeRegistry(options);
    registry.setBuiltinTypeCodec(VECTOR, 'pg_contrib.hstore');
    expect(registry.codec(VECTOR.oid)!.text!.decode('"a"=>NULL')).toEqual({ a: null });
    registry.setBuiltinTypeCodec(VECTOR, 'int4');
    expect(toHex(registry.codec(VECTOR.oid)!, 1)).toBe('00000001');
    expect(registry.codec(VECTOR.oid)!.type.name).toBe('vector');
    for (const name of ['pg_contrib.citext', '.ltree', 'double precision']) {
      registry.setBuiltinTypeCodec(VECTOR, name);
      expect(registry.codec(VECTOR.oid)!.binary).not.toBeNull();
    }
  });

  it.each(['nothing', 'pg_contrib.nothing', 'int4range', '_int4', 'record', ''])(
    'refuses %j',
    (name) => {
      expect(() => new TypeRegistry(options).setBuiltinTypeCodec(VECTOR, name)).toThrow(
        'there is no built-in codec',
      );
    },
  );
});
