import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  latin1Slice,
  textFunctions,
  utf8Slice,
  utf8Write,
} from '../../src/protocol/native-text.ts';

const standard = textFunctions({});

describe('where Buffers lack the methods of their own', () => {
  test('a text is read and written as where they have them', () => {
    expect(standard.utf8Slice).not.toBe(utf8Slice);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(5), (text, offset) => {
        const room = 3 * text.length + 10;
        const [one, other] = [Buffer.alloc(room, 0x2e), Buffer.alloc(room, 0x2e)];
        const length = utf8Write(one, text, offset);
        expect(standard.utf8Write(other, text, offset)).toBe(length);
        expect(other.equals(one)).toBe(true);
        expect(standard.utf8Slice(one, offset, offset + length)).toBe(text);
        expect(utf8Slice(one, offset, offset + length)).toBe(text);
      }),
    );
  });

  test('any bytes are read as where they have them', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(20), fc.nat(20), (bytes, start, size) => {
        const buffer = Buffer.from(bytes);
        const from = Math.min(start, buffer.length);
        const to = Math.min(from + size, buffer.length);
        expect(standard.utf8Slice(buffer, from, to)).toBe(utf8Slice(buffer, from, to));
        expect(standard.latin1Slice(buffer, from, to)).toBe(latin1Slice(buffer, from, to));
      }),
    );
  });
});

test('the methods of Buffers are used where they are', () => {
  const calls: unknown[] = [];
  const buffer = {
    utf8Write: (...args: unknown[]) => calls.push(['utf8Write', ...args]),
    utf8Slice: (...args: unknown[]) => calls.push(['utf8Slice', ...args]),
    latin1Slice: (...args: unknown[]) => calls.push(['latin1Slice', ...args]),
  };
  const functions = textFunctions(buffer);
  functions.utf8Write(buffer as unknown as Buffer, 'a', 1);
  functions.utf8Slice(buffer as unknown as Buffer, 2, 3);
  functions.latin1Slice(buffer as unknown as Buffer, 4, 5);
  expect(calls).toEqual([
    ['utf8Write', 'a', 1],
    ['utf8Slice', 2, 3],
    ['latin1Slice', 4, 5],
  ]);
});
