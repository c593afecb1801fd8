import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProtocolError } from '../../src/errors/client-errors.ts';
import { MessageReader } from '../../src/protocol/reader.ts';

function readerOf(...bytes: number[]): MessageReader {
  return new MessageReader(Buffer.from(bytes), 0, bytes.length);
}

test('integers are read big-endian, signed and unsigned', () => {
  const reader = readerOf(0xff, 0xff, 0xfe, 0xff, 0xfe, 0x80, 0, 0, 0, 0x80, 0, 0, 0);
  expect(reader.uint8()).toBe(255);
  expect(reader.int16()).toBe(-2);
  expect(reader.uint16()).toBe(65_534);
  expect(reader.int32()).toBe(-2_147_483_648);
  expect(reader.uint32()).toBe(2_147_483_648);
  expect(() => reader.finish('Test')).not.toThrow();
});

describe('the first failure', () => {
  test('sticks: later reads give zero values and the end throws it', () => {
    const reader = readerOf(1, 2, 3);
    reader.int32();
    expect(reader.remaining).toBe(0);
    expect(reader.uint8()).toBe(0);
    expect(reader.uint16()).toBe(0);
    expect(reader.uint32()).toBe(0);
    expect(reader.count(1)).toBe(0);
    expect(reader.cstring()).toBe('');
    expect(reader.bytes(5)).toEqual(Buffer.alloc(0));
    expect(reader.rest()).toEqual(Buffer.alloc(0));
    reader.fail('of a later reason');
    expect(() => reader.finish('Test')).toThrow(
      new ProtocolError('malformed Test message: it ends too early'),
    );
  });
});

test('bytes that are left over are a failure', () => {
  const reader = readerOf(1, 2, 3);
  reader.uint8();
  expect(() => reader.finish('Test')).toThrow('malformed Test message: 2 bytes follow its end');
});

describe('a string', () => {
  test('ends at its NUL', () => {
    const reader = readerOf(0xc3, 0xa9, 0, 0x61, 0);
    expect([reader.cstring(), reader.cstring(), reader.remaining]).toEqual(['é', 'a', 0]);
  });

  test('does not end at a NUL behind the message', () => {
    const reader = new MessageReader(Buffer.from('ab\0'), 0, 2);
    reader.cstring();
    expect(() => reader.finish('Test')).toThrow('unterminated');
  });

  test('is cut to the bytes asked for, and the next one is whole', () => {
    const reader = new MessageReader(Buffer.from('abcdef\0gh\0'), 0, 10);
    expect([reader.cstring(3), reader.cstring(3)]).toEqual(['abc', 'gh']);
    expect(() => reader.finish('Test')).not.toThrow();
  });
});

test('a count is believed only if its items can fit', () => {
  expect(readerOf(0, 2, 0, 0, 0, 0, 0, 0, 0, 0).count(4)).toBe(2);
  const reader = readerOf(0, 2, 0, 0, 0, 0, 0, 0, 0);
  expect(reader.count(4)).toBe(0);
  expect(() => reader.finish('Test')).toThrow('2 items');
});

test('a negative length is a failure', () => {
  const reader = readerOf(1);
  expect(reader.bytes(-1)).toEqual(Buffer.alloc(0));
  expect(() => reader.finish('Test')).toThrow('negative length');
});

test('bytes are copies', () => {
  const buffer = Buffer.from([1, 2, 3]);
  const reader = new MessageReader(buffer, 0, 3);
  const first = reader.bytes(1);
  const rest = reader.rest();
  buffer.fill(0);
  expect([first, rest]).toEqual([Buffer.from([1]), Buffer.from([2, 3])]);
});

test('no sequence of reads leaves the message or throws before its end', () => {
  const step = fc.constantFrom<(reader: MessageReader) => unknown>(
    (r) => r.uint8(),
    (r) => r.int16(),
    (r) => r.uint32(),
    (r) => r.count(3),
    (r) => r.cstring(),
    (r) => r.likelyCstring('SELECT 1'),
    (r) => r.familiarCstring(['', 'SELECT 1']),
    (r) => r.bytes(7),
    (r) => r.bytes(r.int32()),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), fc.array(step), (bytes, steps) => {
      const reader = new MessageReader(Buffer.from(bytes), 0, bytes.length);
      for (const take of steps) {
        const before = reader.remaining;
        take(reader);
        expect(reader.remaining).toBeGreaterThanOrEqual(0);
        expect(reader.remaining).toBeLessThanOrEqual(before);
      }
    }),
  );
});

test('a string is read the same whether it is the expected one or another', () => {
  const ascii = fc.stringMatching(/^[A-C ]{0,4}$/);
  fc.assert(
    fc.property(ascii, ascii, fc.uint8Array({ maxLength: 3 }), (expected, sent, rest) => {
      const bytes = Buffer.concat([Buffer.from(`${sent}\0`), rest]);
      const reader = new MessageReader(bytes, 0, bytes.length);
      expect(reader.likelyCstring(expected)).toBe(sent);
      expect(reader.remaining).toBe(rest.length);
    }),
  );
});

test('familiar strings are those that were sent, whatever was read before', () => {
  const sent = fc.array(fc.stringMatching(/^[A-C ]{0,4}$/), { maxLength: 20 });
  fc.assert(
    fc.property(sent, fc.integer({ min: 1, max: 4 }), (strings, size) => {
      const known = Array.from({ length: size }, () => '');
      for (const string of strings) {
        const bytes = Buffer.from(`${string}\0`);
        const reader = new MessageReader(bytes, 0, bytes.length);
        expect(reader.familiarCstring(known)).toBe(string);
        reader.finish('CommandComplete');
      }
    }),
  );
});

test('long strings are not kept for later', () => {
  const known = [''];
  const bytes = Buffer.from(`${'x'.repeat(1000)}\0`);
  expect(new MessageReader(bytes, 0, bytes.length).familiarCstring(known)).toHaveLength(1000);
  expect(known).toEqual(['']);
});

test('an expected string without its end is refused like any other', () => {
  const bytes = Buffer.from('SELECT 1');
  const reader = new MessageReader(Buffer.concat([bytes, Buffer.alloc(1)]), 0, bytes.length);
  reader.likelyCstring('SELECT 1');
  expect(() => reader.finish('CommandComplete')).toThrow(/unterminated string/);
});
