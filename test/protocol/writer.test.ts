import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidArgumentError } from '../../src/errors/client-errors.ts';
import { MessageWriter } from '../../src/protocol/writer.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';

function bytesOf(writer: MessageWriter): Buffer {
  return Buffer.from(writer.written);
}

/** What writing one thing gives. */
describe('a message', () => {
  test('has the length of what was written into it, whatever the buffer had to grow', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 3000 })), (bodies) => {
        const writer = new MessageWriter(8);
        for (const body of bodies) {
          writer.begin(0x51);
          writer.bytes(body);
          writer.end();
        }
        const expected = bodies.map((body) => {
          const header = Buffer.from([0x51, 0, 0, 0, 0]);
          header.writeInt32BE(4 + body.length, 1);
          return Buffer.concat([header, body]);
        });
        expect(bytesOf(writer)).toEqual(Buffer.concat(expected));
      }),
    );
  });

  test('cannot be begun inside another, nor ended twice', () => {
    const writer = new MessageWriter();
    writer.begin(1);
    expect(() => writer.begin(1)).toThrow('already open');
    expect(() => writer.beginUntyped()).toThrow('already open');
    expect(() => writer.mark()).toThrow('open');
    writer.end();
    expect(() => writer.end()).toThrow('no message is open');
  });

  test('longer than the limit is refused, and one as long as it is not', () => {
    const writer = new MessageWriter(16, 100);
    writer.begin(1);
    writer.bytes(Buffer.alloc(96));
    writer.end();
    const mark = writer.mark();
    writer.begin(1);
    writer.bytes(Buffer.alloc(97));
    expect(() => writer.end()).toThrow(InvalidArgumentError);
    writer.rollback(mark);
    expect(writer.offset).toBe(101);
  });

  test('far longer than the limit is refused before the buffer grows to its size', () => {
    const writer = new MessageWriter(16, 100);
    writer.begin(1);
    expect(() => writer.bytes(Buffer.alloc(100_000))).toThrow(InvalidArgumentError);
    expect(writer.buffer.length).toBeLessThan(1000);
  });
});

describe('a rollback', () => {
  test('takes back everything since the mark and nothing before it', () => {
    const writer = new MessageWriter(8);
    writer.begin(1);
    writer.cstring('kept');
    writer.end();
    const before = bytesOf(writer);
    const mark = writer.mark();
    writer.begin(2);
    writer.cstring('a complete message');
    writer.end();
    writer.begin(3);
    expect(() => writer.cstring('an unfinished one\0')).toThrow(InvalidArgumentError);
    writer.rollback(mark);
    expect(bytesOf(writer)).toEqual(before);
    writer.begin(4);
    writer.end();
    expect(bytesOf(writer)).toEqual(Buffer.concat([before, Buffer.from([4, 0, 0, 0, 4])]));
  });
});

describe('an integer that does not fit is refused, never wrapped', () => {
  const cases: readonly [string, (writer: MessageWriter, value: number) => void, number[]][] = [
    ['Int16', (w, v) => w.int16(v), [32_768, -32_769, 65_536]],
    ['UInt16', (w, v) => w.uint16(v), [-1, 65_536, 70_000]],
    ['Int32', (w, v) => w.int32(v), [2 ** 31, -(2 ** 31) - 1, 2 ** 32]],
    ['UInt32', (w, v) => w.uint32(v), [-1, 2 ** 32]],
  ];

  test.each(cases)('%s', (_type, write, values) => {
    for (const value of [...values, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => encoded((w) => write(w, value))).toThrow(InvalidArgumentError);
    }
  });

  test('Int64', () => {
    for (const value of [2n ** 63n, -(2n ** 63n) - 1n]) {
      expect(() => encoded((w) => w.int64(value))).toThrow(InvalidArgumentError);
    }
  });
});

test('integers and floats are written big-endian', () => {
  expect(encoded((w) => w.int16(-2))).toEqual(Buffer.from([0xff, 0xfe]));
  expect(encoded((w) => w.uint16(65_535))).toEqual(Buffer.from([0xff, 0xff]));
  expect(encoded((w) => w.int32(-2_147_483_648))).toEqual(Buffer.from([0x80, 0, 0, 0]));
  expect(encoded((w) => w.uint32(4_294_967_294))).toEqual(Buffer.from([0xff, 0xff, 0xff, 0xfe]));
  expect(encoded((w) => w.int64(-(2n ** 63n)))).toEqual(Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0]));
  expect(encoded((w) => w.float32(1))).toEqual(Buffer.from([0x3f, 0x80, 0, 0]));
  expect(encoded((w) => w.float64(-0))).toEqual(Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0]));
});

describe('a string', () => {
  test('is written as UTF-8', () => {
    const text = fc
      .string({ unit: 'binary', maxLength: 60 })
      .filter((t) => !t.includes('\0') && t.isWellFormed());
    fc.assert(
      fc.property(text, (value) => {
        expect(encoded((w) => w.utf8(value))).toEqual(Buffer.from(value));
        expect(encoded((w) => w.cstring(value))).toEqual(Buffer.from(`${value}\0`));
      }),
    );
  });

  test.each([0, 1, 15, 16, 17, 18, 40])('of %i characters may end in any of them', (length) => {
    for (const last of ['a', '\x7f', 'é', '€', '😀']) {
      const value = 'x'.repeat(length) + last;
      expect(encoded((w) => w.utf8(value))).toEqual(Buffer.from(value));
    }
  });

  test.each(['\0', 'a\0b', `${'x'.repeat(40)}\0`, '\ud800', 'a\udc00', `${'é'.repeat(40)}\ud800`])(
    'is refused when the wire cannot carry it: %j',
    (value) => {
      const writer = new MessageWriter(1);
      expect(() => writer.utf8(value)).toThrow(InvalidArgumentError);
      expect(() => writer.cstring(value)).toThrow(InvalidArgumentError);
    },
  );
});

test('a reserved length is that of the bytes that follow it', () => {
  const bytes = encoded((w) => {
    const outer = w.reserveLength();
    w.uint8(9);
    const inner = w.reserveLength();
    w.bytes(Buffer.from([1, 2, 3]));
    w.patchLength(inner);
    w.patchLength(outer);
  });
  expect(bytes).toEqual(Buffer.from([0, 0, 0, 8, 9, 0, 0, 0, 3, 1, 2, 3]));
});
