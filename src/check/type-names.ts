import type { Connection, PgType, TypeOptions } from 'asyncpg';
import type { LoadedConfig } from './config.ts';
import type { Json, Shape } from './inference/shapes.ts';

/** A value's TypeScript type as a result and as an argument. */
interface Pair {
  readonly result: string;
  readonly argument: string;
}

const TEXT: Pair = { result: 'string', argument: 'string' };
const NUMBER: Pair = { result: 'number', argument: 'number | bigint' };
const DRIVER = "import('asyncpg')";

const SCALARS: Readonly<Record<string, Pair>> = {
  bool: { result: 'boolean', argument: 'boolean' },
  int2: NUMBER,
  int4: NUMBER,
  oid: NUMBER,
  xid: NUMBER,
  cid: NUMBER,
  float4: NUMBER,
  float8: NUMBER,
  int8: { result: 'bigint', argument: 'bigint | number' },
  xid8: { result: 'bigint', argument: 'bigint | number' },
  numeric: { result: 'string', argument: 'string | number | bigint' },
  bytea: { result: 'Buffer', argument: 'Uint8Array' },
  json: { result: 'unknown', argument: 'unknown' },
  jsonb: { result: 'unknown', argument: 'unknown' },
  timestamp: { result: 'Date', argument: 'Date | string' },
  timestamptz: { result: 'Date', argument: 'Date | string' },
  date: { result: 'string', argument: 'string | Date' },
  interval: instance('Interval'),
  bit: instance('BitString'),
  varbit: instance('BitString'),
  point: instance('Point'),
  line: instance('Line'),
  lseg: instance('LineSegment'),
  box: instance('Box'),
  path: instance('Path'),
  polygon: instance('Polygon'),
  circle: instance('Circle'),
  record: { result: 'unknown[]', argument: 'never' },
  _record: { result: '(unknown[] | null)[]', argument: 'never' },
  void: { result: 'null', argument: 'null' },
  tid: { result: 'unknown', argument: 'unknown' },
  pg_snapshot: { result: 'unknown', argument: 'unknown' },
  txid_snapshot: { result: 'unknown', argument: 'unknown' },
};

/** Types that the driver gives and takes as text. */
const TEXTS = new Set(
  `text varchar bpchar name char uuid xml citext time timetz money inet cidr macaddr macaddr8 tsvector
   tsquery ltree lquery ltxtquery pg_lsn regclass regproc regprocedure regoper regoperator regtype
   regrole regnamespace regconfig regdictionary regcollation jsonpath hstore`.split(/\s+/),
);

function instance(name: string): Pair {
  return { result: `${DRIVER}.${name}`, argument: 'unknown' };
}

/** A type of the database's own, as its catalogs describe it. */
interface CatalogType {
  readonly labels: readonly string[];
  readonly elementOid: number;
  readonly fields: readonly { readonly name: string; readonly oid: number }[];
  readonly kind: string;
  readonly name: string;
  readonly category: string;
  readonly schema: string;
  /** Whether JSON has what a cast makes of its values, as that of `hstore` does. */
  readonly hasJsonCast: boolean;
}

/** The TypeScript types of PostgreSQL's, as this driver decodes and encodes them. */
export class TypeNames {
  readonly #connection: Connection;
  readonly #types: TypeOptions;
  readonly #codecs: LoadedConfig['codecs'];
  readonly #known = new Map<number, CatalogType>();

  readonly #rename: (name: string) => string;

  constructor(
    connection: Connection,
    config: Pick<LoadedConfig, 'types' | 'codecs' | 'transform'>,
  ) {
    this.#rename = config.transform?.column ?? ((name) => name);
    this.#connection = connection;
    this.#types = config.types ?? {};
    this.#codecs = config.codecs;
  }

  /** Learns what the catalogs say of these types, and of those that they are made of. */
  async load(types: readonly Pick<PgType, 'oid'>[]): Promise<void> {
    const wanted = types.map(({ oid }) => oid).filter((oid) => !this.#known.has(oid));
    if (wanted.length === 0) return;
    const rows = await this.#connection.fetch(
      `SELECT t.oid::int8, t.typname AS name, t.typtype::text AS kind, n.nspname AS schema,
         t.typcategory::text AS category,
         EXISTS (SELECT FROM pg_catalog.pg_cast WHERE castsource = t.oid AND castmethod = 'f'
                 AND casttarget = 'pg_catalog.json'::regtype) AS has_json_cast,
         CASE t.typtype WHEN 'd' THEN t.typbasetype
           WHEN 'r' THEN (SELECT rngsubtype FROM pg_catalog.pg_range WHERE rngtypid = t.oid)
           WHEN 'm' THEN (SELECT rngtypid FROM pg_catalog.pg_range WHERE rngmultitypid = t.oid)
           ELSE t.typelem END::int8 AS element,
         ARRAY(SELECT enumlabel::text FROM pg_catalog.pg_enum WHERE enumtypid = t.oid
               ORDER BY enumsortorder) AS labels,
         ARRAY(SELECT attname::text FROM pg_catalog.pg_attribute
               WHERE attrelid = t.typrelid AND t.typtype = 'c' AND attnum > 0 AND NOT attisdropped
               ORDER BY attnum) AS names,
         ARRAY(SELECT atttypid::int8 FROM pg_catalog.pg_attribute
               WHERE attrelid = t.typrelid AND t.typtype = 'c' AND attnum > 0 AND NOT attisdropped
               ORDER BY attnum) AS oids
       FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
       WHERE t.oid = ANY ($1::int8[]::oid[])`,
      [...new Set(wanted)],
    );
    const parts: { oid: number }[] = [];
    for (const row of rows) {
      const fields = (row['names'] as string[]).map((name, index) => ({
        name,
        oid: Number(row['oids'][index]),
      }));
      const elementOid = Number(row['element']);
      const { name, kind, category, schema, labels } = row as unknown as CatalogType;
      this.#known.set(Number(row['oid']), {
        ...{ name, kind, category, schema, labels },
        ...{ fields, elementOid, hasJsonCast: row['has_json_cast'] },
      });
      if (elementOid !== 0) parts.push({ oid: elementOid });
      parts.push(...fields);
    }
    await this.load(parts);
  }

  /** What the program's `transform` makes of a column's name. */
  column(name: string): string {
    return this.#rename(name);
  }

  /**
   * The type of what the driver gives for a value, of which more may be known than its type.
   *
   * @param domain the domain that it may be of, made of the type
   */
  resultOf(oid: number, shape: Shape | null, domain = 0): string {
    if (shape?.kind !== 'declared' && this.#hasCodec(domain, oid)) return this.result(domain);
    return (shape === null ? null : this.#ofShape(shape, oid)) ?? this.result(oid);
  }

  /** The type of what the driver takes for a parameter. */
  argumentOf(oid: number, hasNullableElements: boolean, shape: Shape | null): string {
    return shape?.kind === 'declared' ? shape.type : this.argument(oid, hasNullableElements);
  }

  /** Whether a type is a domain made of a base type, with a codec of its own or of a domain in between. */
  #hasCodec(domain: number, base: number): boolean {
    let isFound = false;
    let at = domain;
    for (let type = this.#known.get(at); type?.kind === 'd'; type = this.#known.get(at)) {
      isFound ||= (this.#codecOf(type)?.result ?? null) !== null;
      at = type.elementOid;
    }
    return isFound && at === base;
  }

  #codecOf({ name, schema }: CatalogType): LoadedConfig['codecs'][string] | undefined {
    const codec = this.#codecs[name];
    return codec !== undefined && (codec.schema ?? schema) === schema ? codec : undefined;
  }

  #ofShape(shape: Shape, oid: number): string | null {
    if (shape.kind === 'declared') return shape.type;
    if (shape.kind === 'json') {
      // A cast to text, JSON that is left as text, or that a codec makes something else of.
      const name = this.#known.get(oid)?.name ?? '';
      const isJson = /^jsonb?$/.test(name) && this.#codecs[name] === undefined;
      return isJson && this.#types.json !== 'text' ? this.#json(shape.json, false) : null;
    }
    if (shape.kind === 'nested') return `(${this.resultOf(oid, shape.inner)})[]`;
    const element = this.#known.get(oid)?.elementOid ?? 0;
    const item = this.#ofShape(shape.element, element);
    return item === null ? null : `(${withNull(item)})[]`;
  }

  /** The type of a part of a JSON document. */
  #json({ is, isNullable }: Json, mayBeNull = true): string {
    const name = this.#jsonName(is);
    return isNullable && mayBeNull ? withNull(name) : name;
  }

  #jsonName(is: Json['is']): string {
    if ('declared' in is) return is.declared;
    if ('list' in is) return `(${this.#json(is.list)})[]`;
    if ('values' in is) return `{ [key: string]: ${this.#json(is.values)} }`;
    if ('object' in is) {
      const fields = is.object.map(([name, value]) => `${property(name)}: ${this.#json(value)}`);
      return `{ ${fields.join('; ')} }`;
    }
    return this.#jsonOf(is.oid);
  }

  /** What JSON makes of a type's values. */
  #jsonOf(oid: number): string {
    const type = this.#known.get(oid);
    if (type === undefined) return 'unknown';
    if (type.kind === 'd') return this.#jsonOf(type.elementOid);
    if (type.hasJsonCast) return 'unknown';
    // A codec is not asked: JSON has the label.
    if (type.kind === 'e') return labelsOf(type);
    if (type.kind === 'c') {
      const fields = type.fields.map(
        (each) => `${property(each.name)}: ${withNull(this.#jsonOf(each.oid))}`,
      );
      return `{ ${fields.join('; ')} }`;
    }
    if (type.category === 'A' && type.elementOid !== 0) {
      return `(${withNull(this.#jsonOf(type.elementOid))})[]`;
    }
    if (/^(jsonb?|_?record|anyarray)$/.test(type.name)) return 'unknown';
    if (type.name === 'bool') return 'boolean';
    return /^(int[248]|float[48]|numeric)$/.test(type.name) ? 'number' : 'string';
  }

  /** The type of what the driver gives for a value of this type. */
  result(oid: number): string {
    return this.#name(oid, 'result', true);
  }

  /** The type of what the driver takes; elements of arrays may be null unless it is known better. */
  argument(oid: number, hasNullableElements: boolean): string {
    return this.#name(oid, 'argument', hasNullableElements);
  }

  #name(oid: number, use: keyof Pair, hasNullableElements: boolean): string {
    const type = this.#known.get(oid);
    if (type === undefined) return 'unknown';
    const named = this.#codecOf(type)?.[use] ?? null;
    if (named !== null) return named;
    if (type.kind === 'e') return labelsOf(type);
    if (type.kind === 'd') return this.#name(type.elementOid, use, hasNullableElements);
    if (type.kind === 'r' || type.kind === 'm') return this.#range(type, use);
    if (type.kind === 'c') return this.#composite(type, use);
    if (type.category === 'A' && type.elementOid !== 0) {
      const element = this.#name(type.elementOid, use, true);
      const items = hasNullableElements ? `(${withNull(element)})[]` : `(${element})[]`;
      return use === 'result' ? items : `readonly ${items}`;
    }
    return this.#scalar(type.name)[use];
  }

  #range(type: CatalogType, use: keyof Pair): string {
    if (use === 'argument') return 'unknown';
    const bound = this.#name(type.elementOid, 'result', true);
    return type.kind === 'm' ? `${bound}[]` : `${DRIVER}.Range<${bound}>`;
  }

  /** PostgreSQL promises nothing of a composite's fields: each may be NULL. */
  #composite(type: CatalogType, use: keyof Pair): string {
    if (use === 'argument') return 'object';
    const fields = type.fields.map(
      ({ name, oid }) => `${property(name)}: ${withNull(this.#name(oid, use, true))}`,
    );
    return `${DRIVER}.Row<{ ${fields.join('; ')} }>`;
  }

  #scalar(name: string): Pair {
    const { int8, numeric, datetime, json } = this.#types;
    if (name === 'int8' && int8 !== undefined && int8 !== 'bigint') {
      return { result: int8, argument: `bigint | number${int8 === 'string' ? ' | string' : ''}` };
    }
    if (name === 'numeric' && numeric === 'number')
      return { ...SCALARS['numeric']!, result: 'number' };
    if ((name === 'json' || name === 'jsonb') && json === 'text') {
      return { result: 'string', argument: 'unknown' };
    }
    if (/^(timestamp|timestamptz|date|time)$/.test(name) && datetime === 'string') {
      return { ...(SCALARS[name] ?? TEXT), result: 'string' };
    }
    if (/^(timestamp|timestamptz|date|time)$/.test(name) && datetime === 'temporal') {
      return { result: 'unknown', argument: 'unknown' };
    }
    return SCALARS[name] ?? (TEXTS.has(name) ? TEXT : { result: 'string', argument: 'string' });
  }
}

function labelsOf({ labels }: CatalogType): string {
  return labels.map(quoted).join(' | ') || 'never';
}

/** The types that are named in a shape. */
export function typesIn(shape: Shape | null): { oid: number }[] {
  if (shape?.kind === 'array') return typesIn(shape.element);
  if (shape?.kind === 'nested') return typesIn(shape.inner);
  return shape?.kind === 'json' ? typesInJson(shape.json) : [];
}

function typesInJson({ is }: Json): { oid: number }[] {
  if ('list' in is) return typesInJson(is.list);
  if ('values' in is) return typesInJson(is.values);
  if ('object' in is) return is.object.flatMap(([, value]) => typesInJson(value));
  return 'oid' in is && is.oid !== 0 ? [{ oid: is.oid }] : [];
}

/** A property's name in an object type, in quotation marks if it needs them. */
export function property(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

export function withNull(type: string): string {
  return type === 'unknown' || type === 'null' ? type : `${type} | null`;
}

function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
