import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonbForms, jsonForms } from '../../../src/codecs/types/json.ts';
import { resolveTypeOptions } from '../../../src/config/types-option.ts';
import { DecodeError } from '../../../src/errors/client-errors.ts';
import { fromHex, itAgreesWithTheServer, toHex } from '../binary-form.ts';

const json = jsonForms(resolveTypeOptions());
const jsonb = jsonbForms(resolveTypeOptions());
const asText = jsonbForms(resolveTypeOptions({ json: 'text' }));

itAgreesWithTheServer('json', json, [
  ['{"a":1}', '7b2261223a317d', { a: 1 }],
  ['"ü"', '22c3bc22', 'ü'],
  ['null', '6e756c6c', null],
]);
itAgreesWithTheServer('jsonb', jsonb, [['[1]', '015b315d', [1]]]);
itAgreesWithTheServer('jsonb as text', asText, [['[1, 2]', '015b312c20325d', '[1, 2]']]);

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** A query that is executed once it is awaited, as builders of queries make them. */
class Lazy {
  // biome-ignore lint/suspicious/noThenProperty: it is one on purpose
  then(resolve: (value: unknown) => void): void {
    resolve(1);
  }
}

const encode = (value: unknown): string => json.text!.encode(value);

describe('json', () => {
  it('keeps every JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        // JSON has no -0.
        const given: unknown = JSON.parse(JSON.stringify(value));
        expect(fromHex(jsonb, toHex(jsonb, given))).toEqual(given);
        expect(json.text!.decode(encode(given))).toEqual(given);
      }),
    );
  });

  it('writes bigints as their digits', () => {
    expect(encode(2n ** 70n)).toBe('1180591620717411303424');
    expect(encode({ a: [-1n, { b: 9007199254740993n }] })).toBe(
      '{"a":[-1,{"b":9007199254740993}]}',
    );
  });

  it('never takes text for the mark that bigints travel under', () => {
    const tricky = ['bigint:1', '"bigint:1"', '\u0001bigint:2', 'bigint:'];
    for (const text of tricky) {
      expect(encode([1n, text, { [text]: text }])).toBe(
        `[1,${JSON.stringify(text)},{${JSON.stringify(text)}:${JSON.stringify(text)}}]`,
      );
      expect(encode({ [text]: 1n, b: [2n] })).toBe(`{${JSON.stringify(text)}:1,"b":[2]}`);
    }
  });

  it('is refused in the same words however deep it is nested', () => {
    const refusals = new Set<string>();
    for (let depth = 1000; depth <= 9000; depth += 250) {
      let value: unknown = null;
      for (let i = 0; i < depth; i++) value = [value];
      try {
        encode(value);
      } catch (error) {
        refusals.add(String(error));
      }
    }
    expect([...refusals]).toEqual(['Error: the value has no JSON form: it is nested too deeply']);
  });

  it('honours toJSON', () => {
    expect(encode({ at: new Date(0) })).toBe('{"at":"1970-01-01T00:00:00.000Z"}');
    expect(encode({ a: 1n, b: { toJSON: () => 2n } })).toBe('{"a":1,"b":2}');
  });

  it('never writes null for what is not null', () => {
    const lost: [unknown, string, string][] = [
      [Number.NaN, '', 'NaN has no JSON form'],
      [{ a: [1, { price: -Infinity }] }, '.a[1].price', '-Infinity has no JSON form'],
      [[null, new Date(Number.NaN)], '[1]', 'an invalid Date has no JSON form'],
      [{ a: 1n, b: { toJSON: () => Number.NaN } }, '.b', 'NaN has no JSON form'],
      [{ a: Object(Number.NaN) }, '.a', 'NaN has no JSON form'],
    ];
    for (const [value, path, message] of lost) {
      const error = thrownBy(() => encode(value)) as Error & { path: string };
      expect(error.message).toContain(message);
      expect(error.path).toBe(path);
    }
  });

  it('never writes an empty object for what holds something', () => {
    const lost: [unknown, string, string][] = [
      [new Map([[1, 2]]), '', 'a Map has no JSON form'],
      [{ a: [1n, { tags: new Set(['x']) }] }, '.a[1].tags', 'a Set has no JSON form'],
      [Promise.resolve({ a: 1 }), '', 'a Promise has no JSON form'],
      [[{}, Promise.resolve(1)], '[1]', 'a Promise has no JSON form'],
      [new Lazy(), '', 'a Lazy has no JSON form'],
      [runInNewContext('new Map([[1, 2]])'), '', 'a Map has no JSON form'],
      [{ toJSON: () => new Set() }, '', 'a Set has no JSON form'],
      [{ failed: new TypeError('why') }, '.failed', 'a TypeError has no JSON form'],
      [[/x/], '[0]', 'a RegExp has no JSON form'],
      [new ArrayBuffer(2), '', 'an ArrayBuffer has no JSON form'],
      [new DataView(new ArrayBuffer(2)), '', 'a DataView has no JSON form'],
      [new URLSearchParams('a=1'), '', 'an URLSearchParams has no JSON form'],
      [new Headers({ a: '1' }), '', 'a Headers has no JSON form'],
      [[1].values(), '', ' has no JSON form'],
      [{ a: [1n], b: new WeakMap() }, '.b', 'a WeakMap has no JSON form'],
    ];
    for (const [value, path, message] of lost) {
      const error = thrownBy(() => encode(value)) as Error & { path: string };
      expect(error.message).toContain(message);
      expect(error.path).toBe(path);
    }
    class Labels extends Map<string, number> {
      toJSON(): unknown {
        return Object.fromEntries(this);
      }
    }
    expect(encode({ a: {}, b: new Labels([['x', 1]]), c: new Labels() })).toBe(
      '{"a":{},"b":{"x":1},"c":{}}',
    );
    class Empty {}
    const coded = Object.assign(new Error('why'), { code: 5 });
    expect(encode([new Empty(), Object.create(null), new Uint8Array(), Object(5), coded])).toBe(
      '[{},{},{},5,{"code":5}]',
    );
  });

  it('writes null for null, and takes undefined as JSON.stringify does', () => {
    expect(encode({ a: null, b: [undefined], c: undefined, d: 1n, e: 'null' })).toBe(
      '{"a":null,"b":[null],"d":1,"e":"null"}',
    );
    expect(encode({ toJSON: () => null })).toBe('null');
  });

  it('refuses what has no JSON form', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    for (const value of [undefined, () => 1, Symbol('a')]) {
      expect(() => encode(value)).toThrow('has no JSON form');
    }
    expect(() => encode(cycle)).toThrow('it has a cycle');
    expect(() => encode([1n, cycle])).toThrow('it has a cycle');
    let deep: unknown = 1;
    for (let i = 0; i < 1_000_000; i++) deep = [deep];
    expect(() => encode(deep)).toThrow('nested too deeply');
  });

  it('passes on what toJSON throws', () => {
    const error = new TypeError('mine');
    const value = {
      toJSON() {
        throw error;
      },
    };
    expect(() => encode(value)).toThrow(error);
  });

  it('refuses lone surrogates, in keys and values', () => {
    expect(() => encode('\ud800')).toThrow('lone surrogate');
    expect(() => encode({ 'a\udfff': 1 })).toThrow('lone surrogate');
    expect(encode('\\ud800')).toBe('"\\\\ud800"');
    expect(encode('😀')).toBe('"😀"');
  });

  it('is a DecodeError where the text is no JSON', () => {
    expect(() => json.text!.decode('{')).toThrow(DecodeError);
    expect(() => fromHex(jsonb, '025b5d')).toThrow(DecodeError);
    expect(() => fromHex(jsonb, '')).toThrow(DecodeError);
    expect(() => fromHex(json, '22ff22')).toThrow(DecodeError);
  });

  it('with the option "text" takes strings as JSON and makes JSON of all else', () => {
    expect(asText.text!.encode('{"a": 1.0}')).toBe('{"a": 1.0}');
    expect(asText.text!.encode({ a: 1n })).toBe('{"a":1}');
  });
});
