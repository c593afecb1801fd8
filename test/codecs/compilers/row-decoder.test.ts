import { describe, expect, test } from 'vitest';
import { findBuiltinType } from '../../../src/codecs/builtin-types.ts';
import { BINARY, type Codec } from '../../../src/codecs/codec.ts';
import {
  type Column,
  compileDecoder,
  compileRowDecoder,
  decoderToBegin,
  FEW_RESULTS,
  type RowDecoder,
} from '../../../src/codecs/compilers/row-decoder.ts';
import { TextRun } from '../../../src/codecs/text-run.ts';
import { resolveTypeOptions } from '../../../src/config/types-option.ts';
import { MessageWriter } from '../../../src/protocol/writer.ts';
import { TypeRegistry } from '../../support/type-registry.ts';

const registry = new TypeRegistry(resolveTypeOptions());

function codec(type: string): Codec {
  return registry.codec(findBuiltinType(type)!.oid)!;
}

function column(name: string, type: string): Column {
  return { name, codec: codec(type), format: codec(type).resultFormat };
}

/** Every way in which generated code treats a column. */
const VALUES: Readonly<Record<string, unknown>> = {
  bool: true,
  int2: -7,
  int4: -2_000_000_000,
  oid: 4_000_000_000,
  int8: -(2n ** 62n) + 1n,
  float4: 1.5,
  float8: -Math.PI,
  text: 'Čačak',
  name: 'short',
  jsonb: { a: [1, null] },
  bytea: Buffer.from([0, 255]),
  timestamptz: new Date(1_767_225_600_123),
  uuid: '0194e2f1-7ad1-7cc3-9c2f-000000000001',
  int4_array: [1, 2, 3],
};
const COLUMNS = Object.keys(VALUES).map((name) =>
  column(name, name === 'int4_array' ? '_int4' : name),
);

function encodeRow(columns: readonly Column[], values: readonly unknown[]): Buffer {
  const writer = new MessageWriter();
  writer.uint16(values.length);
  values.forEach((value, i) => {
    if (value === null) {
      writer.int32(-1);
      return;
    }
    const { codec: form, format } = columns[i]!;
    const at = writer.reserveLength();
    if (format === BINARY) form.binary!.encode(writer, value);
    else writer.utf8(form.text!.encode(value));
    writer.patchLength(at);
  });
  return Buffer.from(writer.written);
}

/** The row, or the error, that a decoder makes of bytes that lie amid others in a buffer. */
function outcome(decode: RowDecoder<unknown>, body: Buffer): unknown {
  const buffer = Buffer.concat([Buffer.alloc(3, 0x55), body, Buffer.alloc(40, 0x01)]);
  const run = new TextRun();
  run.stretch(buffer.length);
  try {
    const row = decode(buffer, 3, 3 + body.length, run);
    return Array.isArray(row) ? row : { ...(row as object) };
  } catch (error) {
    const { name, message } = error as Error;
    return `${name}: ${message}`;
  }
}

describe('the decoder of a result', () => {
  test.each([
    ['generated', true],
    ['interpreted', false],
  ])('gives each value its type (%s)', (_, generate) => {
    const decode = compileRowDecoder(COLUMNS, generate);
    expect(outcome(decode, encodeRow(COLUMNS, Object.values(VALUES)))).toEqual(VALUES);
  });

  test.each([
    ['generated', true],
    ['interpreted', false],
  ])('gives null for NULL in any column (%s)', (_, generate) => {
    const decode = compileRowDecoder(COLUMNS, generate);
    const nulls = COLUMNS.map(() => null);
    const row = outcome(decode, encodeRow(COLUMNS, nulls)) as object;
    expect(Object.values(row)).toEqual(nulls);
  });

  test('generated code and its twin say the same of a row that is cut off anywhere', () => {
    const whole = encodeRow(COLUMNS, Object.values(VALUES));
    const [generated, interpreted] = [true, false].map((way) => compileRowDecoder(COLUMNS, way));
    for (let length = 0; length < whole.length; length++) {
      const cut = whole.subarray(0, length);
      const said = outcome(generated!, cut);
      expect(said, `${length} bytes`).toMatch(/^ProtocolError: malformed DataRow message: /);
      expect(said).toBe(outcome(interpreted!, cut));
    }
  });

  test('generated code and its twin say the same of a row with any byte changed', () => {
    const whole = encodeRow(COLUMNS, Object.values(VALUES));
    const [generated, interpreted] = [true, false].map((way) => compileRowDecoder(COLUMNS, way));
    for (let at = 0; at < whole.length; at++) {
      for (const byte of [0x00, 0x05, 0x7f, 0xff]) {
        const changed = Buffer.from(whole);
        changed[at] = byte;
        expect(outcome(generated!, changed), `byte ${at}`).toEqual(outcome(interpreted!, changed));
      }
    }
  });

  test('a row may be longer than any buffer whose view is kept', () => {
    const columns = [column('text', 'text'), column('int4', 'int4')];
    const long = 'x'.repeat(300 * 1024);
    expect(outcome(compileRowDecoder(columns, true), encodeRow(columns, [long, 42]))).toEqual({
      text: long,
      int4: 42,
    });
  });

  test('arrays have the values of records, and the same errors', () => {
    const whole = encodeRow(COLUMNS, Object.values(VALUES));
    for (const generate of [true, false]) {
      const decode = compileDecoder(COLUMNS, 'array', generate);
      expect(outcome(decode, whole)).toEqual(Object.values(VALUES));
      for (let length = 0; length < whole.length; length++) {
        const cut = whole.subarray(0, length);
        expect(outcome(decode, cut)).toBe(outcome(compileRowDecoder(COLUMNS, generate), cut));
      }
    }
    const twice = [column('a', 'int4'), column('a', 'int4')];
    expect(outcome(compileDecoder(twice, 'array'), encodeRow(twice, [1, 2]))).toEqual([1, 2]);
    expect(compileDecoder(twice, 'array')).not.toBe(compileRowDecoder(twice));
    expect(compileDecoder(twice, 'array')).toBe(compileDecoder(twice, 'array'));
  });

  test('all results of the same columns share one', () => {
    const columns = (): Column[] => [column('a', 'int4'), column('b', 'text')];
    expect(compileRowDecoder(columns())).toBe(compileRowDecoder(columns()));
  });

  test('is not generated for the first few results of the same columns', () => {
    const columns = (): Column[] => [column('few_of', 'int4'), column('them', 'text')];
    const body = encodeRow(columns(), [7, 'x']);
    const first = decoderToBegin(columns(), 'record');
    for (let i = 1; i < FEW_RESULTS; i++) expect(decoderToBegin(columns(), 'record')).toBe(first);
    const then = decoderToBegin(columns(), 'record');
    expect(then).not.toBe(first);
    expect(then).toBe(compileRowDecoder(columns()));
    expect(decoderToBegin(columns(), 'record')).toBe(then);
    expect(decoderToBegin(columns(), 'array')).not.toBe(then);
    expect([first, then].map((decode) => outcome(decode, body))).toEqual([
      { few_of: 7, them: 'x' },
      { few_of: 7, them: 'x' },
    ]);
  });

  test('is the generated one at once where there is one', () => {
    const columns = [column('generated_of', 'int4')];
    const generated = compileRowDecoder(columns);
    expect(decoderToBegin(columns, 'record')).toBe(generated);
    const others = [column('generated_of', 'text')];
    expect(decoderToBegin(others, 'record')).not.toBe(generated);
    expect(outcome(decoderToBegin(others, 'record'), encodeRow(others, ['y']))).toEqual({
      generated_of: 'y',
    });
  });

  test('results of the same names and other types have one of their own', () => {
    const decoders = ['int4', 'int8', 'text'].map((type) => {
      const columns = [column('same', type)];
      return { columns, decode: compileRowDecoder(columns) };
    });
    const values = [1, 2n, 'three'];
    const rows = decoders.map(({ columns, decode }, i) =>
      outcome(decode, encodeRow(columns, [values[i]])),
    );
    expect(rows).toEqual(values.map((same) => ({ same })));
  });

  test('a codec of the user is never mixed up with the built-in one', () => {
    const builtin = column('n', 'int4');
    const custom: Column = {
      ...builtin,
      codec: {
        ...builtin.codec,
        inline: null,
        binary: { ...builtin.codec.binary!, decode: () => 'mine' },
      },
    };
    const body = encodeRow([builtin], [5]);
    expect(outcome(compileRowDecoder([builtin]), body)).toEqual({ n: 5 });
    expect(outcome(compileRowDecoder([custom]), body)).toEqual({ n: 'mine' });
    expect(outcome(compileRowDecoder([builtin]), body)).toEqual({ n: 5 });
  });
});
