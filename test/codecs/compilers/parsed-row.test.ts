import { describe, expect, test } from 'vitest';
import {
  compileParsedRow,
  type FieldReader,
  type ParsedColumn,
} from '../../../src/codecs/compilers/parsed-row.ts';
import { TextRun } from '../../../src/codecs/text-run.ts';
import { ProtocolError } from '../../../src/errors/client-errors.ts';
import { writeDataRow } from '../../../src/protocol/backend/result.ts';
import { HEADER_LENGTH } from '../../../src/protocol/message-type.ts';
import { MessageWriter } from '../../../src/protocol/writer.ts';

const text = (name: string): ParsedColumn => ({ name, kind: 'text' });

const parsed = (
  name: string,
  kind: 'parse' | 'bytes',
  parse: (value: unknown) => unknown,
): ParsedColumn => ({ name, kind, parse });

function bodyOf(values: readonly (string | null)[]): Buffer {
  const writer = new MessageWriter();
  writeDataRow(
    writer,
    values.map((value) => (value === null ? null : Buffer.from(value))),
  );
  return Buffer.from(writer.written.subarray(HEADER_LENGTH));
}

function decode(
  columns: readonly ParsedColumn[],
  body: Buffer,
  generate: boolean,
  form: 'object' | 'array' = 'object',
): unknown {
  const run = new TextRun();
  run.stretch(body.length);
  return compileParsedRow(columns, form, generate)(body, 0, body.length, run);
}

describe.each([
  ['generated', true],
  ['interpreted', false],
])('a %s decoder of parsed rows', (_, generate) => {
  test('gives readers the place of the text', () => {
    const read: FieldReader = (buffer, at, size) => buffer.toString('utf8', at, at + size);
    const columns = ['a', 'b', 'c'].map((name): ParsedColumn => ({ name, kind: 'read', read }));
    expect(decode(columns, bodyOf(['7', null, '']), generate)).toEqual({ a: '7', b: null, c: '' });
  });

  test('gives parsers text or bytes of their own, and none of them NULL', () => {
    const seen: unknown[] = [];
    const parse = (value: unknown): number => seen.push(value);
    const columns = [
      parsed('a', 'parse', parse),
      parsed('b', 'bytes', parse),
      parsed('c', 'parse', parse),
    ];
    const body = bodyOf(['äöü', 'xy', null]);
    expect(decode(columns, body, generate)).toEqual({ a: 1, b: 2, c: null });
    body.fill(0);
    expect(seen).toEqual(['äöü', Buffer.from('xy')]);
  });

  test('makes plain objects, whatever the columns are called', () => {
    const names = ['a', '__proto__', 'a', '1', '0', 'constructor', 'x"y\\', '\u2028', '${b}', ''];
    const columns = names.map(text);
    const row = decode(columns, bodyOf(names.map((_, i) => `v${i}`)), generate) as object;
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
    expect(Object.entries(row)).toEqual([
      ['0', 'v4'],
      ['1', 'v3'],
      ['a', 'v2'],
      ['__proto__', 'v1'],
      ['constructor', 'v5'],
      ['x"y\\', 'v6'],
      ['\u2028', 'v7'],
      ['${b}', 'v8'],
      ['', 'v9'],
    ]);
  });

  test('makes arrays, in which no column is lost', () => {
    const columns = [text('a'), parsed('a', 'parse', Number)];
    expect(decode(columns, bodyOf(['x', '5']), generate, 'array')).toEqual(['x', 5]);
    expect(decode([], bodyOf([]), generate, 'array')).toEqual([]);
    expect(decode([], bodyOf([]), generate)).toEqual({});
  });

  test('passes on what a parser throws, having called it once', () => {
    let calls = 0;
    const failing = parsed('a', 'parse', () => {
      calls += 1;
      throw new TypeError('no');
    });
    expect(() => decode([failing], bodyOf(['x']), generate)).toThrow(new TypeError('no'));
    expect(calls).toBe(1);
  });

  test('refuses malformed rows', () => {
    const columns = [text('a'), text('b')];
    const body = bodyOf(['abc', 'de']);
    const refused = (bytes: Buffer): void => {
      expect(() => decode(columns, bytes, generate)).toThrow(ProtocolError);
    };
    for (let length = 0; length < body.length; length++) refused(body.subarray(0, length));
    refused(Buffer.concat([body, Buffer.of(0)]));
    refused(bodyOf(['abc']));
    refused(bodyOf(['abc', 'de', 'f']));
    const negative = Buffer.from(body);
    negative.writeInt32BE(-2, 2);
    refused(negative);
  });
});
