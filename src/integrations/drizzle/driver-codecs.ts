import { builtinType } from '../../codecs/builtin-types.ts';
import { expectSize } from '../../codecs/bytes.ts';
import { BINARY, type Codec, type CodecForms } from '../../codecs/codec.ts';
import type { CallCodecs } from '../../codecs/codec-source.ts';
import { common } from '../../codecs/common-codecs.ts';
import type { ArgumentEncoder } from '../../codecs/compilers/argument-encoder.ts';
import { untypedArguments } from '../../codecs/compilers/untyped-arguments.ts';
import { arrayForms, PLAIN_ARRAY } from '../../codecs/containers/array.ts';
import { TypeRegistry } from '../../codecs/registry.ts';
import { commonCodecs } from '../../codecs/rooms.ts';
import type { TypeDescription } from '../../codecs/type-description.ts';
import { circle, point } from '../../codecs/types/geometry.ts';
import { textOnly } from '../../codecs/types/text.ts';
import { timestampForms, timestamptzForms } from '../../codecs/types/timestamp.ts';
import { DAYS_TO_2000, MILLIS_PER_DAY } from '../../values/calendar.ts';
import type { Circle, Point } from '../../values/geometry.ts';
import type { ResolvedTypeOptions } from '../../values/type-options.ts';

/**
 * What a column is read as: what its type is to Drizzle's drivers, or at once what Drizzle makes of that: a
 * Date of a time or of a day, a number or a bigint of an int8, a number of a numeric; or the text of JSON. For
 * a function of the program's own it is `node`: arrays of which node-postgres makes none for Drizzle are text.
 */
export type Reading = 'plain' | 'date' | 'day' | 'number' | 'bigint' | 'json' | 'node';

const OPTIONS: ResolvedTypeOptions = Object.freeze({
  int8: 'string',
  numeric: 'string',
  datetime: 'date',
  json: 'parse',
  temporal: null,
});

const BUILTIN = new TypeRegistry(OPTIONS);
const BIGINT = new TypeRegistry({ ...OPTIONS, int8: 'bigint' });

/** Types whose values are the same from their binary form as they are to Drizzle from their text. */
const SAME: ReadonlySet<string> = new Set(
  'bool bytea bpchar float8 int2 int4 int8 json jsonb name numeric oid text uuid varchar'.split(
    ' ',
  ),
);

/** The elements of arrays of which node-postgres makes arrays for Drizzle. */
const NODE_ARRAYS: ReadonlySet<string> = new Set(
  'bool bpchar bytea cidr float4 float8 inet int2 int4 int8 json jsonb macaddr money numrange oid point regproc text time timetz uuid varchar'.split(
    ' ',
  ),
);

/** Of their text: in text a float4 has the digits that were written; as a double it would have others. */
const numberOfText: CodecForms = {
  ...textOnly,
  text: { decode: Number, encode: String },
  inline: null,
};

const plainPoint: CodecForms = plain(point, ({ x, y }: Point) => ({ x, y }));
const plainCircle: CodecForms = plain(circle, ({ center: { x, y }, radius }: Circle) => ({
  x,
  y,
  radius,
}));

const jsonText: CodecForms = { ...textOnly };
const timestamp = asDate(timestampForms(OPTIONS));
const timestamptz = asDate(timestamptzForms(OPTIONS));

/** Midnight in UTC; what no Date can hold, the infinities among it, is an invalid one. */
const day: CodecForms = {
  ...textOnly,
  text: null,
  binary: {
    decode(buffer, start, end) {
      expectSize(start, end, 4, 'date');
      return new Date((buffer.readInt32BE(start) + DAYS_TO_2000) * MILLIS_PER_DAY);
    },
    encode: (writer, value) => writer.utf8(String(value)),
  },
  resultFormat: BINARY,
  inline: null,
};

/** The nearest number, as `Number` makes it of the digits. */
const int8Number: CodecForms = {
  ...day,
  binary: {
    ...day.binary!,
    decode(buffer, start, end) {
      expectSize(start, end, 8, 'int8');
      return buffer.readInt32BE(start) * 0x1_0000_0000 + buffer.readUInt32BE(start + 4);
    },
  },
};

/** A class's fields in a plain object. */
function plain<T>(forms: CodecForms, fields: (value: T) => object): CodecForms {
  const { text, binary } = forms;
  return {
    ...forms,
    text: { ...text!, decode: (given) => fields(text!.decode(given) as T) },
    binary: {
      ...binary!,
      decode: (buffer, start, end) => fields(binary!.decode(buffer, start, end) as T),
    },
  };
}

/** What no Date can hold, the infinities among it, is an invalid one, as it is in Drizzle. */
function asDate(forms: CodecForms): CodecForms {
  const { binary } = forms;
  return {
    ...forms,
    text: null,
    binary: {
      ...binary!,
      decode(buffer, start, end) {
        try {
          const value = binary!.decode(buffer, start, end);
          return value instanceof Date ? value : new Date(Number.NaN);
        } catch (error) {
          if (end - start !== 8) throw error;
          return new Date(Number.NaN);
        }
      },
    },
  };
}

/** The forms of a type that is no array. */
function scalarForms({ name }: TypeDescription, reading: Reading): CodecForms | null {
  if (reading === 'date') {
    if (name === 'timestamp') return timestamp;
    if (name === 'timestamptz') return timestamptz;
  }
  if (reading === 'json' && (name === 'json' || name === 'jsonb')) return jsonText;
  if (reading === 'day' && name === 'date') return day;
  if (reading === 'number') {
    if (name === 'int8') return int8Number;
    if (name === 'numeric') return numberOfText;
  }
  if (name === 'float4') return numberOfText;
  if (name === 'point') return plainPoint;
  if (name === 'circle') return plainCircle;
  return null;
}

function isArray({ typtype, element, name }: TypeDescription): boolean {
  return typtype === 'b' && element !== 0 && name.startsWith('_');
}

function build(oid: number, reading: Reading): Codec {
  // Most of them are here anyway.
  commonCodecs.content ??= common;
  const type = builtinType(oid);
  if (type === undefined) return UNKNOWN;
  if (reading === 'node') return isTextOfNode(type) ? textOf(oid, type) : codecs('plain')(oid);
  // What separates boxes is not a comma.
  if (isArray(type) && type.delimiter === ',') {
    const element = codecs(reading)(type.element);
    return codecOf(oid, type.name, arrayForms(element, PLAIN_ARRAY), 'array');
  }
  if (SAME.has(type.name) && reading === 'plain') return BUILTIN.codec(oid)!;
  if (type.name === 'int8' && reading === 'bigint') return BIGINT.codec(oid)!;
  const forms = scalarForms(type, reading);
  if (forms !== null) return codecOf(oid, type.name, forms);
  return SAME.has(type.name) ? BUILTIN.codec(oid)! : textOf(oid, type);
}

function isTextOfNode(type: TypeDescription): boolean {
  return isArray(type) && !NODE_ARRAYS.has(builtinType(type.element)?.name ?? '');
}

function textOf(oid: number, { name }: TypeDescription): Codec {
  return codecOf(oid, name, textOnly);
}

function codecOf(
  oid: number,
  name: string,
  forms: CodecForms,
  kind: Codec['type']['kind'] = 'scalar',
): Codec {
  return { ...forms, type: { oid, name, kind, schema: 'pg_catalog' } };
}

/** Types of the database's own, and of extensions. */
const UNKNOWN = codecOf(0, 'a type of the database', textOnly);

type Lookup = (oid: number) => Codec;

/** The codecs of one reading, built when they are first asked for. */
function lookup(reading: Reading): Lookup {
  const known = new Map<number, Codec>();
  return (oid) => {
    let codec = known.get(oid);
    if (codec === undefined) {
      codec = build(oid, reading);
      // A database may have any number of types of its own, which all read alike.
      if (codec !== UNKNOWN) known.set(oid, codec);
    }
    return codec;
  };
}

const LOOKUPS: Readonly<Record<Reading, Lookup>> = {
  plain: lookup('plain'),
  date: lookup('date'),
  day: lookup('day'),
  number: lookup('number'),
  bigint: lookup('bigint'),
  json: lookup('json'),
  node: lookup('node'),
};

function codecs(reading: Reading): Lookup {
  return LOOKUPS[reading];
}

/**
 * The values that Drizzle's column classes expect of a driver of PostgreSQL, whatever the pool's options
 * are: numbers, booleans, bytes and JSON as they are, an int8 and a numeric as their digits, everything
 * else as PostgreSQL's text. Arguments go as text, of which the server makes what it needs.
 */
export class DriverCodecs implements CallCodecs {
  readonly #readings: readonly Reading[];

  private constructor(readings: readonly Reading[]) {
    this.#readings = readings;
  }

  /** Statements know their codecs by identity: there is one object for what reads alike. */
  static readonly #known = new Map<string, DriverCodecs>();

  /** The codecs for rows whose columns are read so; those that are not named are plain. */
  static of(readings: readonly Reading[]): DriverCodecs {
    const key = readings.join();
    let codecs = DriverCodecs.#known.get(key);
    if (codecs === undefined) {
      if (DriverCodecs.#known.size >= MAX_KNOWN) DriverCodecs.#known.clear();
      codecs = new DriverCodecs(readings);
      DriverCodecs.#known.set(key, codecs);
    }
    return codecs;
  }

  /** For rows that a cache may keep as JSON: of Dates nothing but text would be left. */
  get forCache(): DriverCodecs {
    const last = this.#readings.lastIndexOf('node');
    const kept = this.#readings.slice(0, last + 1);
    return DriverCodecs.of(kept.map((reading) => (reading === 'node' ? reading : 'plain')));
  }

  codec(oid: number): Codec {
    return codecs('plain')(oid);
  }

  columnCodec(oid: number, index: number): Codec {
    return codecs(this.#readings[index] ?? 'plain')(oid);
  }

  argumentEncoder(parameters: readonly Codec[]): ArgumentEncoder {
    return untypedArguments(parameters);
  }
}

/** Selections whose columns are read in different ways. */
const MAX_KNOWN = 1_000;

/** Every column as it is to Drizzle's drivers. */
export const PLAIN = DriverCodecs.of([]);
