import { findBuiltinType } from '../../src/codecs/builtin-types.ts';
import { BINARY, type Codec } from '../../src/codecs/codec.ts';
import type { Column } from '../../src/codecs/compilers/row-decoder.ts';
import { TypeRegistry } from '../../src/codecs/registry.ts';
import { resolveTypeOptions } from '../../src/config/types-option.ts';
import { Backend } from '../../src/protocol/message-type.ts';
import { MessageWriter } from '../../src/protocol/writer.ts';

const registry = new TypeRegistry(resolveTypeOptions());

export function codecOf(type: string): Codec {
  const name = type.endsWith('[]') ? `_${type.slice(0, -2)}` : type;
  return registry.codec(findBuiltinType(name)!.oid)!;
}

/** A result as the server would send it. */
export interface SampleResult {
  readonly name: string;
  readonly rows: number;
  readonly columns: readonly Column[];
  /** Its DataRow messages, one after the other. */
  readonly bytes: Buffer;
}

/** A result whose row `i` is `row(i)`, with columns of these types named `c0`, `c1` and so on. */
export function sampleResult(
  name: string,
  types: readonly string[],
  rows: number,
  row: (i: number) => readonly unknown[],
): SampleResult {
  const columns = types.map((type, i) => {
    const codec = codecOf(type);
    return { name: `c${i}`, codec, format: codec.resultFormat };
  });
  const writer = new MessageWriter();
  for (let i = 0; i < rows; i++) {
    writer.begin(Backend.DataRow);
    writer.uint16(columns.length);
    row(i).forEach((value, c) => {
      writeValue(writer, columns[c]!, value);
    });
    writer.end();
  }
  return { name, rows, columns, bytes: Buffer.from(writer.written) };
}

function writeValue(writer: MessageWriter, { codec, format }: Column, value: unknown): void {
  if (value === null) {
    writer.int32(-1);
    return;
  }
  const at = writer.reserveLength();
  if (format === BINARY) codec.binary!.encode(writer, value);
  else writer.utf8(codec.text!.encode(value));
  writer.patchLength(at);
}

/** The results of the benchmark's workloads, or close to them. */
export const SAMPLES: readonly SampleResult[] = [
  sampleResult(
    'pg_type',
    ['name', 'oid', 'oid', 'int2', 'bool', 'char', 'bool', 'bool', 'char', 'oid', 'oid', 'oid'],
    600,
    (i) => [`a_type_${i}`, 11, 10, -1, false, 'A', true, true, ',', 0, 0, 16_000 + i],
  ),
  sampleResult('generate_series', ['int4'], 1000, (i) => [i]),
  sampleResult('large_object', ['bytea'], 100, () => [Buffer.alloc(1000, 'a')]),
  sampleResult('arrays', ['int4[]'], 100, () => [Array.from({ length: 100 }, (_, i) => i)]),
  sampleResult(
    'mixed_types',
    [
      ...['int4', 'uuid', 'text', 'text', 'bool', 'numeric', 'float8', 'timestamptz', 'jsonb'],
      ...['text', 'int8'],
    ],
    1000,
    (i) => [
      i,
      `0194e2f1-7ad1-7cc3-9c2f-${String(i).padStart(12, '0')}`,
      `A customer of number ${i}`,
      `Zürich, Genève und Čačak ${i}`,
      i % 3 === 0,
      (i * 12.3456).toFixed(4),
      i / 7,
      new Date(1_767_225_600_000 + i * 1234),
      { id: i, tags: ['red', 'green'], name: `item ${i}` },
      i % 2 === 0 ? `remark ${i}` : null,
      BigInt(i) * 1_000_000_007n,
    ],
  ),
];
