import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUILTIN_TYPES } from '../../src/codecs/builtin-types.ts';
import type { Codec } from '../../src/codecs/codec.ts';
import { Unencodable } from '../../src/codecs/codec.ts';
import { MissingTypesError } from '../../src/codecs/record.ts';
import { TypeRegistry } from '../../src/codecs/registry.ts';
import { resolveTypeOptions } from '../../src/config/type-options.ts';
import {
  DecodeError,
  InterfaceError,
  InvalidArgumentError,
  OutdatedSchemaCacheError,
} from '../../src/errors/client-errors.ts';
import { MessageWriter } from '../../src/protocol/writer.ts';
import { ALL_TYPES } from './described-types.ts';

/** What a decoder may say of bytes that it does not like. */
const REFUSALS = [DecodeError, OutdatedSchemaCacheError, MissingTypesError, InterfaceError];

function expectRefusal(error: unknown): void {
  expect(
    REFUSALS.some((kind) => error instanceof kind),
    String(error),
  ).toBe(true);
}

const registries = [
  new TypeRegistry(resolveTypeOptions()),
  new TypeRegistry(resolveTypeOptions({ int8: 'number', numeric: 'number', json: 'text' })),
];
const oids = [...BUILTIN_TYPES.keys(), ...ALL_TYPES.map(({ oid }) => oid)];
for (const registry of registries) registry.define(ALL_TYPES);

const anyCodec = fc
  .tuple(fc.constantFrom(...registries), fc.constantFrom(...oids))
  .map(([registry, oid]) => registry.codec(oid)!);

/** Small numbers as 32-bit words, between which real lengths, counts and OIDs turn up. */
const word = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, 4, 8, -1, -2, 0x7fffffff, -0x80000000),
  fc.constantFrom(16, 20, 23, 25, 600, 1007, 1700, 2249, 20001, 20008),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
);
const noise = fc
  .tuple(fc.array(word, { maxLength: 12 }), fc.uint8Array({ maxLength: 6 }))
  .map(([words, rest]) => {
    const bytes = Buffer.alloc(words.length * 4);
    for (const [i, value] of words.entries()) bytes.writeInt32BE(value, i * 4);
    return Buffer.concat([bytes, rest]);
  });

describe('random bytes', () => {
  it('are a value of any type that can be sent back, or refused', () => {
    fc.assert(
      fc.property(anyCodec, noise, ({ type, binary }: Codec, bytes) => {
        if (binary === null) return;
        let value: unknown;
        try {
          value = binary.decode(bytes, 0, bytes.length);
        } catch (error) {
          expectRefusal(error);
          return;
        }
        const writer = new MessageWriter(16);
        try {
          binary.encode(writer, value);
        } catch (error) {
          // What no honest server sends, such as a string with a NUL; and records.
          const refused = error instanceof Unencodable || error instanceof InvalidArgumentError;
          expect(refused, `${type.name}: ${String(error)}`).toBe(true);
          return;
        }
        const again = binary.decode(writer.buffer, 0, writer.offset);
        expect(again, type.name).toEqual(value);
      }),
      { numRuns: 20_000 },
    );
  });
});

describe('random text', () => {
  const piece = fc.constantFrom(
    ...['{', '}', '(', ')', '[', ']', '"', '\\', ',', ';', ':', '=', '.', '-', '+', ' ', '<', '>'],
    ...[
      '0',
      '1',
      '25',
      '2000-01-01',
      '12:34:56',
      'NULL',
      'empty',
      'NaN',
      'infinity',
      'a',
      'ü',
      'x',
    ],
  );
  const text = fc.array(piece, { maxLength: 16 }).map((pieces) => pieces.join(''));

  it('is a value of any type that can be sent back, or refused', () => {
    fc.assert(
      fc.property(anyCodec, text, ({ type, text: form }: Codec, given) => {
        let value: unknown;
        try {
          value = form!.decode(given);
        } catch (error) {
          expectRefusal(error);
          return;
        }
        let encoded: string;
        try {
          encoded = form!.encode(value);
        } catch (error) {
          expect(error, type.name).toBeInstanceOf(Unencodable);
          return;
        }
        // JSON.stringify has no -0, which JSON.parse reads all the same.
        const isJson = type.name.startsWith('json');
        const expected = isJson ? JSON.parse(JSON.stringify(value)) : value;
        expect(form!.decode(encoded), type.name).toEqual(expected);
      }),
      { numRuns: 20_000 },
    );
  });
});

describe('the length of every value', () => {
  it('is that of the bytes behind it, whatever the value is', () => {
    const registry = registries[0]!;
    const values: readonly (readonly [number, unknown])[] = [
      [1009, ['a', 'ü'.repeat(100), null]],
      [20010, { home: ['a', 1, 'x'], others: [null], payload: { a: 'ü' } }],
      [1231, ['1.5', '1e50']],
      [3807, [{ a: 1 }, [1, 2]]],
      [3905, [[1, 2]]],
    ];
    for (const [oid, value] of values) {
      const codec = registry.codec(oid)!;
      // A writer that has to grow in the middle writes the same bytes.
      const small = new MessageWriter(1);
      const large = new MessageWriter(1 << 16);
      codec.binary!.encode(small, value);
      codec.binary!.encode(large, value);
      expect(small.buffer.subarray(0, small.offset)).toEqual(
        large.buffer.subarray(0, large.offset),
      );
    }
  });
});
