import { describe, expect, it } from 'vitest';
import { builtinOids, findBuiltinType } from '../../src/codecs/builtin-types.ts';
import type { Codec } from '../../src/codecs/codec.ts';
import { resolveTypeOptions } from '../../src/config/types-option.ts';
import { TypeRegistry } from '../support/type-registry.ts';
import { fromHex, toHex } from './binary-form.ts';
import * as described from './described-types.ts';

const options = resolveTypeOptions();
const { ADDRESS, ALL_TYPES, INT_LIST_ARRAY, MOOD, MOOD_ARRAY, PERSON, SMALL, VECTOR } = described;

function registryOfAll(): TypeRegistry {
  const registry = new TypeRegistry(options);
  registry.define(ALL_TYPES);
  return registry;
}

const typeOf = (registry: TypeRegistry, oid: number): Codec['type'] => registry.codec(oid)!.type;

describe('built-in types', () => {
  it('have a codec each, with a form in the formats that it asks for', () => {
    const registry = new TypeRegistry(options);
    expect(builtinOids().size).toBeGreaterThan(180);
    expect(registry.missing(builtinOids().values())).toEqual([]);
    for (const oid of builtinOids().values()) {
      const { type, text, binary, resultFormat, argumentFormat } = registry.codec(oid)!;
      expect(type.oid).toBe(oid);
      expect(resultFormat === 0 ? text : binary, type.name).not.toBeNull();
      expect(argumentFormat === 0 ? text : binary, type.name).not.toBeNull();
    }
  });

  it('are told as PostgreSQL names them, arrays after their element', () => {
    const registry = new TypeRegistry(options);
    const expected = [
      [23, 'int4', 'scalar'],
      [1007, 'int4[]', 'array'],
      [3904, 'int4range', 'range'],
      [3905, 'int4range[]', 'array'],
      [4451, 'int4multirange', 'multirange'],
      [2249, 'record', 'composite'],
      [22, 'int2vector', 'array'],
    ] as const;
    for (const [oid, name, kind] of expected) {
      expect(typeOf(registry, oid)).toEqual({ oid, name, kind, schema: 'pg_catalog' });
    }
  });

  it('are found by their SQL names, case-insensitively', () => {
    expect(findBuiltinType('double precision')?.oid).toBe(701);
    expect(findBuiltinType('Character  Varying')?.oid).toBe(1043);
    expect(findBuiltinType('INTEGER')?.oid).toBe(23);
    expect(findBuiltinType('"char"')?.oid).toBe(18);
    expect(findBuiltinType('_int4')?.oid).toBe(1007);
    expect(findBuiltinType('constructor')).toBeUndefined();
  });

  it('are shared by all registries with the same options', () => {
    expect(new TypeRegistry(options).codec(1007)).toBe(new TypeRegistry(options).codec(1007));
    const other = new TypeRegistry(resolveTypeOptions({ int8: 'string' }));
    expect(fromHex(other.codec(20)!, '0000000000000001')).toBe('1');
    expect(fromHex(new TypeRegistry(options).codec(20)!, '0000000000000001')).toBe(1n);
  });
});

describe('described types', () => {
  it('are missing until they and all they are made of are described', () => {
    const registry = new TypeRegistry(options);
    expect(registry.missing([23, PERSON.oid])).toEqual([PERSON.oid]);
    expect(registry.codec(PERSON.oid)).toBeUndefined();
    registry.define([PERSON]);
    expect(registry.missing([PERSON.oid]).sort()).toEqual([20008, 20009]);
    expect(registry.codec(PERSON.oid)).toBeUndefined();
    registry.define(ALL_TYPES);
    expect(registry.missing([PERSON.oid])).toEqual([]);
    expect(registry.codec(PERSON.oid)?.type.kind).toBe('composite');
  });

  it('are told with their kind and schema', () => {
    const registry = registryOfAll();
    expect(typeOf(registry, MOOD.oid)).toEqual({
      oid: 20001,
      name: 'mood',
      kind: 'enum',
      schema: 'public',
    });
    expect(typeOf(registry, MOOD_ARRAY.oid)).toMatchObject({ name: 'mood[]', kind: 'array' });
    expect(typeOf(registry, SMALL.oid)).toMatchObject({ name: 'small', kind: 'domain' });
    expect(typeOf(registry, VECTOR.oid)).toMatchObject({ name: 'vector', kind: 'scalar' });
  });

  it('which are domains of domains are read and written as their base type', () => {
    const registry = registryOfAll();
    expect(toHex(registry.codec(SMALL.oid)!, 5)).toBe('00000005');
    expect(registry.codec(SMALL.oid)).toMatchObject({ resultFormat: 1, inline: 'int4' });
  });

  it('which are arrays of domains over arrays nest', () => {
    const codec = registryOfAll().codec(INT_LIST_ARRAY.oid)!;
    expect(codec.text!.encode([[1, 2], []])).toBe('{"{1,2}","{}"}');
    expect(fromHex(codec, toHex(codec, [[1, 2], []]))).toEqual([[1, 2], []]);
  });

  it('of which nothing is known are text both ways', () => {
    const vector = registryOfAll().codec(VECTOR.oid)!;
    expect(vector).toMatchObject({ binary: null, resultFormat: 0, argumentFormat: 0 });
    expect(vector.text!.decode('[1,2]')).toBe('[1,2]');
  });

  it('cannot take the place of built-in ones', () => {
    const registry = new TypeRegistry(options);
    registry.define([{ ...MOOD, oid: 23 }]);
    expect(typeOf(registry, 23).name).toBe('int4');
  });

  it('that never change leave the epoch alone', () => {
    const registry = registryOfAll();
    const { epoch } = registry;
    registry.codec(PERSON.oid);
    registry.define(ALL_TYPES);
    expect(registry.epoch).toBe(epoch);
  });

  it('that are described anew are built anew, with all they are a part of', () => {
    const registry = registryOfAll();
    const before = registry.codec(PERSON.oid);
    const { epoch } = registry;
    registry.define([{ ...ADDRESS, attributes: [{ name: 'street', oid: 25 }] }]);
    expect(registry.epoch).toBeGreaterThan(epoch);
    expect(registry.codec(PERSON.oid)).not.toBe(before);
    expect(registry.codec(ADDRESS.oid)!.text!.encode(['a'])).toBe('(a)');
  });

  it('are forgotten when the schema changes', () => {
    const registry = registryOfAll();
    const { epoch } = registry;
    registry.codec(MOOD.oid);
    registry.forget();
    expect(registry.epoch).toBeGreaterThan(epoch);
    expect(registry.codec(MOOD.oid)).toBeUndefined();
    expect(registry.missing([MOOD_ARRAY.oid])).toEqual([MOOD_ARRAY.oid]);
    expect(registry.codec(23)).toBeDefined();
  });

  it('are asked for by each registry of a pool, all that others have met in one go', () => {
    const one = new TypeRegistry(options);
    const other = one.fork();
    one.define(ALL_TYPES);
    expect(other.codec(PERSON.oid)).toBeUndefined();
    expect(other.missing([23])).toEqual([]);
    expect(other.missing([PERSON.oid]).sort()).toEqual(ALL_TYPES.map(({ oid }) => oid).sort());
    other.define(ALL_TYPES);
    expect(other.codec(PERSON.oid)?.type.name).toBe('person');
    one.setTypeCodec(MOOD, { decoder: () => 'mine' });
    expect(one.codec(MOOD.oid)!.text!.decode('sad')).toBe('mine');
    expect(other.codec(MOOD.oid)!.text!.decode('sad')).toBe('sad');
  });

  it('are what the own server says, whatever another has told another registry', () => {
    const one = new TypeRegistry(options);
    const other = one.fork();
    one.define(ALL_TYPES);
    const { changes } = one;
    const elsewhere = { ...ADDRESS, attributes: [{ name: 'street', oid: 25 }] };
    other.define([elsewhere]);
    expect(other.codec(ADDRESS.oid)!.text!.encode(['a'])).toBe('(a)');
    // It asks again, and finds everything as it was.
    expect(one.confirmedEpoch).toBeLessThan(one.epoch);
    one.catchUp();
    expect(one.codec(ADDRESS.oid)).toBeUndefined();
    expect(one.missing([ADDRESS.oid])).toContain(ADDRESS.oid);
    one.define(ALL_TYPES);
    expect(one.changes).toBe(changes);
    expect(one.confirmedEpoch).toBe(one.epoch);
    // Nor does that make the other one doubt what it knows.
    other.catchUp();
    expect(other.missing([ADDRESS.oid])).toEqual([]);
  });

  it('that another registry finds changed, or forgets, are asked for again', () => {
    const one = new TypeRegistry(options);
    const other = one.fork();
    for (const registry of [one, other]) registry.define(ALL_TYPES);
    const { epoch, typeChanges } = other;
    const changed = ALL_TYPES.map((type) =>
      type.oid === ADDRESS.oid ? { ...type, attributes: [{ name: 'street', oid: 25 }] } : type,
    );
    one.define(changed);
    expect(other.epoch).toBeGreaterThan(epoch);
    other.catchUp();
    other.define(changed);
    expect(other.typeChanges).toBeGreaterThan(typeChanges);
    expect(other.codec(ADDRESS.oid)!.text!.encode(['a'])).toBe('(a)');
    one.forget();
    other.catchUp();
    expect(other.codec(PERSON.oid)).toBeUndefined();
    expect(one.fork().missing([PERSON.oid])).toEqual([PERSON.oid]);
  });

  it('in doubt are asked for again, and keep their epoch where nothing was found', () => {
    const registry = registryOfAll();
    const { changes } = registry;
    registry.doubt();
    // Until it is caught up with, what runs at the moment goes on with what was known.
    expect(registry.codec(PERSON.oid)).toBeDefined();
    registry.catchUp();
    expect(registry.codec(PERSON.oid)).toBeUndefined();
    expect(registry.missing([PERSON.oid])).toContain(PERSON.oid);
    expect(registry.codec(23)).toBeDefined();
    // Records may be made of any of them.
    expect(registry.missing([2249]).sort()).toEqual(ALL_TYPES.map(({ oid }) => oid).sort());
    registry.define(ALL_TYPES);
    expect(registry.changes).toBe(changes);
    expect(registry.missing([2249, PERSON.oid])).toEqual([]);
  });
});

describe('types with OIDs above 2^31', () => {
  // OIDs are unsigned; a server that has made four thousand million objects begins again.
  const HIGH = 4_294_905_548;
  const TYPES = [
    { ...MOOD, oid: HIGH },
    { ...MOOD_ARRAY, oid: HIGH + 1, element: HIGH },
    { ...ADDRESS, oid: HIGH + 2, attributes: [{ name: 'moods', oid: HIGH + 1 }] },
  ];

  it('are read and written in arrays, composites and records', () => {
    const registry = new TypeRegistry(options);
    expect(registry.missing([HIGH + 2])).toEqual([HIGH + 2]);
    registry.define(TYPES);
    expect(registry.missing([HIGH + 2])).toEqual([]);
    const composite = registry.codec(HIGH + 2)!;
    const value = { moods: ['sad', null] };
    const hex = toHex(composite, value);
    expect(hex).toContain('ffff0ecd');
    expect(fromHex(composite, hex)).toEqual(value);
    const [moods] = fromHex(registry.codec(2249)!, hex) as Iterable<unknown>;
    expect(moods).toEqual(value.moods);
  });

  it('are asked for by these OIDs', () => {
    const oids = new TypeRegistry(options).codec(1028)!;
    expect(fromHex(oids, toHex(oids, [HIGH, 2 ** 32 - 1]))).toEqual([HIGH, 2 ** 32 - 1]);
  });
});
