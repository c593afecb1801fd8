import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compileRecordEncoder,
  type RecordEncoder,
} from '../../../src/codecs/compilers/record-encoder.ts';
import { resolveTypeOptions } from '../../../src/config/types-option.ts';
import { InvalidArgumentError } from '../../../src/errors/client-errors.ts';
import { MessageWriter } from '../../../src/protocol/writer.ts';
import { TypeRegistry } from '../../support/type-registry.ts';

const BOOL = 16;
const INT8 = 20;
const INT4 = 23;
const TEXT = 25;
const JSONB = 3802;
const FLOAT8 = 701;
const NUMERIC = 1700;
const XML = 142;
const REGCLASS = 2205;

const registry = new TypeRegistry(resolveTypeOptions());

function encoderFor(...oids: number[]): RecordEncoder {
  return compileRecordEncoder(
    oids.map((oid, index) => ({ name: `c${index}`, codec: registry.codec(oid)! })),
  );
}

/** The bytes of one record, written into a buffer that is too small for it. */
function encoded(encoder: RecordEncoder, record: unknown, row = 0): Buffer {
  const writer = new MessageWriter(1);
  encoder.write(writer, record, row);
  return Buffer.from(writer.written);
}

/** The same, put together from the values' binary forms one by one. */
function expected(oids: readonly number[], record: readonly unknown[]): Buffer {
  const writer = new MessageWriter();
  writer.int16(oids.length);
  for (const [index, oid] of oids.entries()) {
    const value = record[index];
    if (value === null) {
      writer.int32(-1);
      continue;
    }
    const at = writer.reserveLength();
    registry.codec(oid)!.binary!.encode(writer, value);
    writer.patchLength(at);
  }
  return Buffer.from(writer.written);
}

describe('in binary', () => {
  test('the header and the trailer are those of the manual', () => {
    const encoder = encoderFor(INT4);
    const writer = new MessageWriter();
    encoder.header(writer);
    encoder.trailer(writer);
    expect(writer.written.toString('hex')).toBe('5047434f50590aff0d0a000000000000000000ffff');
  });

  test('a record is its count of values, and each with its length', () => {
    const encoder = encoderFor(INT4, TEXT, BOOL, FLOAT8, TEXT);
    expect(encoded(encoder, [-2, 'é', true, 1.5, null]).toString('hex')).toBe(
      '000500000004fffffffe00000002c3a90000000101000000083ff8000000000000ffffffff',
    );
  });

  test('every value is written as its codec writes it, whatever the path', () => {
    const oids = [INT4, TEXT, FLOAT8, BOOL, INT8, TEXT, NUMERIC, JSONB, XML];
    const encoder = encoderFor(...oids);
    const string = fc
      .oneof(
        fc.string({ unit: 'grapheme', maxLength: 100 }),
        fc.string({ minLength: 40, maxLength: 60 }),
      )
      .filter((text) => text.isWellFormed() && !text.includes('\0'));
    const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
      fc.option(value, { freq: 5 });
    const records = fc.tuple(
      orNull(fc.integer()),
      orNull(string),
      orNull(fc.double()),
      orNull(fc.boolean()),
      orNull(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
      orNull(string),
      orNull(fc.integer()),
      orNull(fc.constantFrom({ a: 1 }, 'x', [null])),
      orNull(fc.constant('<a/>')),
    );
    fc.assert(
      fc.property(records, (record) => {
        expect(encoded(encoder, record)).toEqual(expected(oids, record));
      }),
    );
  });

  test.each([0, 1, 47, 48, 49, 64, 5000])('a text of %d characters is whole', (length) => {
    for (const text of ['x'.repeat(length), 'ü'.repeat(length), `${'x'.repeat(length)}😀`]) {
      expect(encoded(encoderFor(TEXT), [text])).toEqual(expected([TEXT], [text]));
    }
  });

  test('a record without columns', () => {
    expect(encoded(encoderFor(), []).toString('hex')).toBe('0000');
  });
});

describe('in text', () => {
  const encoder = encoderFor(REGCLASS, TEXT, INT4);

  test('there is neither header nor trailer', () => {
    const writer = new MessageWriter();
    encoder.header(writer);
    encoder.trailer(writer);
    expect(writer.offset).toBe(0);
  });

  test('a record is a line', () => {
    expect(encoded(encoder, ['a', 'é', 1]).toString()).toBe('a\té\t1\n');
    expect(encoded(encoder, [null, '', null]).toString()).toBe('\\N\t\t\\N\n');
  });

  test('what would end a value, or stand for another, is escaped', () => {
    expect(encoded(encoder, ['\b\f\n\r\t\v\\', '\\N', 1]).toString()).toBe(
      '\\b\\f\\n\\r\\t\\v\\\\\t\\\\N\t1\n',
    );
  });
});

describe.each([
  ['binary', encoderFor(INT4, TEXT)],
  ['text', encoderFor(INT4, REGCLASS)],
])('in %s, a bad record', (_, encoder) => {
  test.each<[unknown, string]>([
    [[1], 'record 7 has 1 value, expected 2'],
    [[1, 'a', 'b'], 'record 7 has 3 values, expected 2'],
    [{ c0: 1 }, 'record 7 has no value for the column "c1"'],
    [{ c0: 1, c1: undefined }, 'invalid input for row 7, column "c1"'],
    [[1, undefined], 'invalid input for row 7, column "c1"'],
    [['1', 'a'], 'invalid input for row 7, column "c0" (int4)'],
    [[1, 'a\0'], 'invalid input for row 7, column "c1"'],
    [null, 'record 7 is neither'],
    ['ab', 'record 7 is neither'],
  ])('%j is named', (record, message) => {
    expect(() => encoded(encoder, record, 7)).toThrow(InvalidArgumentError);
    expect(() => encoded(encoder, record, 7)).toThrow(message);
  });
});
