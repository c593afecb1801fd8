/** Every codec, binary and text, containers of them, and whole rows. */
import { deepStrictEqual, ok } from 'node:assert';
import fc from 'fast-check';
import { builtinOids } from '../../src/codecs/builtin-types.ts';
import { BINARY, type Codec, type Format, TEXT } from '../../src/codecs/codec.ts';
import { MissingTypesError } from '../../src/codecs/codec-source.ts';
import {
  type Column,
  compileRowDecoder,
  type RowDecoder,
} from '../../src/codecs/compilers/row-decoder.ts';
import { TextRun } from '../../src/codecs/text-run.ts';
import { hstore } from '../../src/codecs/types/hstore.ts';
import { Unencodable } from '../../src/codecs/unencodable.ts';
import { resolveTypeOptions } from '../../src/config/types-option.ts';
import {
  DecodeError,
  InterfaceError,
  InvalidArgumentError,
  OutdatedSchemaCacheError,
  ProtocolError,
} from '../../src/errors/client-errors.ts';
import { MessageWriter } from '../../src/protocol/writer.ts';
import { CopyRows } from '../../src/session/requests/copy-rows.ts';
import type { RowSink } from '../../src/session/requests/stream-request.ts';
import type { Session } from '../../src/session/session.ts';
import { rowValues } from '../../src/values/row.ts';
import { ALL_TYPES } from '../codecs/described-types.ts';
import { samplesOf } from '../support/samples/type-samples.ts';
import { TypeRegistry } from '../support/type-registry.ts';
import { mutated, noise, pieces, type Target, target } from './target.ts';

/** What a decoder may say of a value that it does not like. */
const REFUSALS = [DecodeError, OutdatedSchemaCacheError, MissingTypesError, InterfaceError];

/** What it gives, or null where the value is refused. Any other error is a finding. */
function decoded(decode: () => unknown): { readonly value: unknown } | null {
  try {
    return { value: decode() };
  } catch (error) {
    if (!REFUSALS.some((kind) => error instanceof kind)) throw error;
    return null;
  }
}

/** What it gives, or null for a value that only a hostile server sends, e.g. text with a NUL. */
function encoded<T>(encode: () => T): T | null {
  try {
    return encode();
  } catch (error) {
    if (error instanceof Unencodable || error instanceof InvalidArgumentError) return null;
    throw error;
  }
}

const registries = [
  new TypeRegistry(resolveTypeOptions()),
  new TypeRegistry(
    resolveTypeOptions({ int8: 'number', numeric: 'number', json: 'text', datetime: 'string' }),
  ),
];
for (const registry of registries) registry.define(ALL_TYPES);

const oids = [...builtinOids().values(), ...ALL_TYPES.map(({ oid }) => oid)];
const codecs: readonly Codec[] = [
  ...registries.flatMap((registry) => oids.map((oid) => registry.codec(oid)!)),
  { type: { oid: 1, name: 'hstore', kind: 'scalar', schema: 'public' }, ...hstore },
];

/** Literals of the types that the servers of other tests do not know. */
const OWN_LITERALS: Readonly<Record<string, readonly string[]>> = {
  mood: ['sad'],
  'mood[]': ['{sad,"so so",NULL}'],
  'small[]': ['{1,NULL}'],
  int_list: ['{1,2}', '[0:1]={1,2}'],
  'int_list[]': ['{"{1,2}",NULL}'],
  address: ['(a,1,sad)', '(,,)'],
  'address[]': ['{"(a,1,sad)",NULL}'],
  person: ['("(a,1,sad)","{""(b,2,)""}","{""a"": 1}")'],
  text_range: ['[a,b)', 'empty', '(,)'],
  text_multirange: ['{[a,b),["c d",)}'],
  wallet: ['($1.00,"{a,NULL}")'],
};

const literals: Readonly<Record<string, readonly string[]>> = { ...samplesOf(18), ...OWN_LITERALS };

function literalsOf({ type }: Codec): readonly string[] {
  return Object.hasOwn(literals, type.name) ? literals[type.name]! : [];
}

function binaryOf({ binary }: Codec, value: unknown): Buffer | null {
  return encoded(() => {
    const writer = new MessageWriter(16);
    binary!.encode(writer, value);
    return Buffer.from(writer.written);
  });
}

/** Decodes between other bytes, none of which may be looked at. */
function fromBinary({ binary }: Codec, bytes: Uint8Array): { readonly value: unknown } | null {
  const padded = Buffer.concat([Buffer.of(0xaa, 0x55), bytes, Buffer.alloc(8, 0x01)]);
  return decoded(() => binary!.decode(padded, 2, 2 + bytes.length));
}

/** The binary forms of a type's literals. */
function seedsOf(codec: Codec): Buffer[] {
  return literalsOf(codec).flatMap((literal) => {
    const value = codec.text === null ? null : decoded(() => codec.text!.decode(literal));
    const bytes = value === null ? null : binaryOf(codec, value.value);
    // Long ones have nothing that short ones have not.
    return bytes === null || bytes.length > 2_000 ? [] : [bytes];
  });
}

const withBinary = codecs.filter(({ binary }) => binary !== null);
const seeds = new Map(withBinary.map((codec) => [codec, seedsOf(codec)]));

/** A value in one of its forms, shown by its type's name. */
interface Given<T> {
  readonly codec: Codec;
  readonly form: T;
}

function given<T extends string | Buffer>(codec: Codec, form: T): Given<T> {
  const shown = typeof form === 'string' ? JSON.stringify(form) : `\\x${form.toString('hex')}`;
  const index = codecs.indexOf(codec);
  return Object.assign(
    { codec, form },
    { [fc.toStringMethod]: () => `${codec.type.name} #${index} ${shown}` },
  );
}

const binaryInput: fc.Arbitrary<Given<Buffer>> = fc.constantFrom(...withBinary).chain((codec) => {
  const own = seeds.get(codec)!;
  const bytes = own.length === 0 ? noise : fc.oneof(mutated(fc.constantFrom(...own)), noise);
  return bytes.map((form) => given(codec, form));
});

const PIECES = [
  ...['{', '}', '(', ')', '[', ']', '"', '\\', ',', ';', ':', '=', '.', '-', '+', ' ', '<', '>'],
  ...['0', '1', '25', '2000-01-01', '12:34:56', 'NULL', 'empty', 'NaN', 'infinity', 'a', 'ü', 'x'],
  ...['=>', '/', "'", 'BC', 'T', 'Z', 'P', '{}', '""', '\u2028', '\ud83d\ude00'],
];

const withText = codecs.filter(({ text }) => text !== null);

const textInput: fc.Arbitrary<Given<string>> = fc.constantFrom(...withText).chain((codec) => {
  const own = literalsOf(codec).filter((literal) => literal.length <= 2_000);
  const text =
    own.length === 0
      ? pieces(PIECES)
      : fc.oneof(
          pieces(PIECES),
          fc
            .tuple(fc.constantFrom(...own), fc.nat(), fc.nat(9), pieces(PIECES, 2))
            .map(([literal, place, cut, inserted]) => {
              const at = place % (literal.length + 1);
              return literal.slice(0, at) + inserted + literal.slice(at + cut);
            }),
        );
  return text.map((form) => given(codec, form));
});

/** JSON.stringify has no -0, which JSON.parse reads all the same. */
function plain({ type }: Codec, value: unknown): unknown {
  return /json|person/.test(type.name) ? withoutNegativeZero(value) : value;
}

function withoutNegativeZero(value: unknown): unknown {
  if (value === 0) return 0;
  if (typeof value !== 'object' || value === null) return value;
  for (const [key, part] of Object.entries(value)) {
    if (part === 0 || typeof part === 'object') Reflect.set(value, key, withoutNegativeZero(part));
  }
  return value;
}

const SHOWN_COLUMNS = ['a', '__proto__', 'then', 'a'];

const rowInput = fc
  .array(fc.tuple(fc.constantFrom(...withBinary), fc.nat(), fc.boolean()), {
    minLength: 1,
    maxLength: SHOWN_COLUMNS.length,
  })
  .chain((chosen) => {
    const columns = chosen.map(([codec, , asText], i): Column => {
      const format: Format = asText && codec.text !== null ? TEXT : BINARY;
      return { name: SHOWN_COLUMNS[i]!, codec, format };
    });
    const writer = new MessageWriter(16);
    writer.uint16(columns.length);
    for (const [i, { codec, format }] of columns.entries()) {
      const own =
        format === BINARY ? seeds.get(codec)! : literalsOf(codec).map((s) => Buffer.from(s));
      const value = own[chosen[i]![1] % (own.length + 1)];
      if (value === undefined) {
        writer.int32(-1);
        continue;
      }
      const at = writer.reserveLength();
      writer.bytes(value);
      writer.patchLength(at);
    }
    const row = Buffer.from(writer.written);
    return fc
      .oneof(fc.constant(row), mutated(fc.constant(row)))
      .map((body) => [columns, body] as const);
  });

/** The row, or the error, that a decoder makes of bytes that lie amid others in a buffer. */
function rowOutcome(decode: RowDecoder, body: Buffer): unknown {
  const buffer = Buffer.concat([Buffer.alloc(3, 0x55), body, Buffer.alloc(40, 0x01)]);
  const run = new TextRun();
  run.stretch(buffer.length);
  try {
    const row = decode(buffer, 3, 3 + body.length, run);
    return [Object.entries(row), rowValues(row)];
  } catch (error) {
    return String(error);
  }
}

/**
 * Types of which a server prints one spelling and a client may write several: what comes back
 * is the same value, though not letter by letter.
 */
const SPELLINGS = /tsvector|tsquery|pg_lsn|num|macaddr|cidr|inet|uuid/;

function same({ type }: Codec, one: unknown, other: unknown): void {
  if (!SPELLINGS.test(type.name)) deepStrictEqual(one, other, type.name);
}

const COPY_HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const COPY_TRAILER = Buffer.of(0xff, 0xff);

/** The chunks of a binary COPY of up to three rows, two of which may have been changed. */
const copyInput = rowInput.chain(([columns, row]) =>
  fc.nat({ max: 3 }).chain((count) => {
    const rows = Array.from({ length: count }, () => row);
    const chunks = [
      Buffer.concat([COPY_HEADER, ...rows.slice(0, 1)]),
      ...rows.slice(1),
      COPY_TRAILER,
    ];
    return fc
      .tuple(...chunks.map((chunk) => fc.oneof(fc.constant(chunk), mutated(fc.constant(chunk)))))
      .map((all) => [columns, all] as const);
  }),
);

/** Whether a COPY was taken to its end; refused, it gives an error of the driver's own. */
function copied(columns: readonly Column[], chunks: readonly Buffer[]): number {
  const textRun = new TextRun();
  let rows = 0;
  const sink = {
    push: (): boolean => {
      rows += 1;
      return true;
    },
  };
  const decode = compileRowDecoder(columns, false);
  const session = { inbox: { textRun } } as unknown as Session;
  const copy = new CopyRows(session, sink as unknown as RowSink, decode);
  for (const chunk of chunks) {
    textRun.stretch(chunk.length);
    copy.data(chunk, 0, chunk.length);
  }
  return rows;
}

export const CODEC_TARGETS: readonly Target[] = [
  target('binary-values', binaryInput, ({ codec, form }) => {
    const first = fromBinary(codec, form);
    if (first === null) return;
    const again = binaryOf(codec, first.value);
    if (again === null) return;
    const second = fromBinary(codec, again);
    ok(second !== null, 'what was written cannot be read');
    same(codec, second.value, first.value);
    // From here on it stays what it is.
    ok(binaryOf(codec, second.value)?.equals(again), 'it is written otherwise the second time');
  }),
  target('text-values', textInput, ({ codec, form }) => {
    const first = decoded(() => codec.text!.decode(form));
    if (first === null) return;
    const again = encoded(() => codec.text!.encode(first.value));
    if (again === null) return;
    const second = decoded(() => codec.text!.decode(again));
    same(codec, second?.value, plain(codec, first.value));
    if (second !== null) ok(codec.text!.encode(second.value) === again);
  }),
  target('both-forms', textInput, ({ codec, form }) => {
    // A value is the same by either way, wherever both take it.
    const first = decoded(() => codec.text!.decode(form));
    const bytes = first === null || codec.binary === null ? null : binaryOf(codec, first.value);
    if (first === null || bytes === null) return;
    same(codec, fromBinary(codec, bytes)?.value, plain(codec, first.value));
  }),
  target('binary-copy', copyInput, ([columns, chunks]) => {
    try {
      ok(copied(columns, chunks) < chunks.length + 1);
    } catch (error) {
      ok(
        error instanceof ProtocolError || REFUSALS.some((kind) => error instanceof kind),
        String(error),
      );
    }
  }),
  target('rows', rowInput, ([columns, body]) => {
    const [generated, interpreted] = [true, false].map((way) => compileRowDecoder(columns, way));
    deepStrictEqual(rowOutcome(generated!, body), rowOutcome(interpreted!, body));
  }),
];
