import fc from 'fast-check';

/*
 * Random types made of types, with random values. Each value comes with an SQL expression that
 * makes the same of its smallest parts, sent one by one: what the server makes of the whole can
 * be held against that.
 */

/** A value and the expression for it. `add` takes a part as an argument and returns its `$n`. */
export interface NestedValue {
  readonly value: unknown;
  sql(add: (part: unknown) => string): string;
}

/** A type: its name, the DDL for it and for what it is made of, and its values. */
export interface NestedType {
  readonly name: string;
  readonly ddl: readonly string[];
  readonly values: fc.Arbitrary<NestedValue>;
  /** Its values may be JavaScript arrays: then arrays of it have one dimension, as arguments. */
  readonly isArray: boolean;
}

function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

const NULL: NestedValue = { value: null, sql: () => 'NULL' };

const text = fc
  .string({
    unit: fc.oneof(fc.constantFrom(...'{}()[],;"\\\' \t\n', 'NULL', 'ü', '😀'), fc.string()),
  })
  .map((given) => given.replaceAll('\0', '').toWellFormed());

const micros = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n });

const LEAVES: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  int2: fc.integer({ min: -32768, max: 32767 }),
  int4: fc.integer(),
  int8: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  float4: fc.float(),
  float8: fc.double(),
  numeric: fc
    .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.nat(20))
    .map(([digits, scale]) => `${digits}.${'0'.repeat(scale)}1`),
  text,
  bytea: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  uuid: fc.uuid(),
  date: fc.date({ noInvalidDate: true }).map((date) => new Date(Math.abs(date.getTime()) % 1e14)),
  timestamptz: fc.date({ noInvalidDate: true }).map((date) => new Date(date.getTime() % 1e14)),
  interval: fc.record({ months: fc.integer(), days: fc.integer(), microseconds: micros }),
  money: fc.integer().map((cents) => `${cents < 0 ? '-' : ''}$${Math.abs(cents)}`),
  inet: fc.oneof(fc.ipV4(), fc.ipV6()),
  point: fc.tuple(fc.double(), fc.double()),
  regtype: fc.constantFrom('integer', 'text[]', '"char"'),
};

function leafOf(name: string): NestedType {
  const values = LEAVES[name]!.map((value) => ({
    value,
    sql: (add: (part: unknown) => string) => `${add(value)}::${name}`,
  }));
  return { name, ddl: [], values, isArray: name === 'point' };
}

/** The kinds of random types. A plan becomes a type once its names are known. */
type Plan =
  | { readonly kind: 'leaf'; readonly name: string }
  | { readonly kind: 'array' | 'domain'; readonly of: Plan }
  | { readonly kind: 'range' | 'multirange'; readonly of: string }
  | { readonly kind: 'composite'; readonly fields: readonly (readonly [string, Plan])[] };

const leaf: fc.Arbitrary<Plan> = fc
  .constantFrom(...Object.keys(LEAVES))
  .map((name) => ({ kind: 'leaf', name }));

const RANGES: Readonly<Record<string, readonly [subtype: string, bound: (n: number) => unknown]>> =
  {
    int4range: ['int4', (n) => n],
    int8range: ['int8', (n) => BigInt(n) * 2n ** 20n],
    numrange: ['numeric', (n) => `${n}.50`],
    tstzrange: ['timestamptz', (n) => new Date(n * 1000)],
    daterange: ['date', (n) => new Date(n * 86_400_000)],
  };

const fieldName = fc
  .oneof(text, fc.constantFrom('__proto__', 'constructor', 'length', '0', 'select', 'a b'))
  .map((name) => [...name].slice(0, 12).join(''))
  .filter((name) => name !== '' && Buffer.byteLength(name) < 64);

/** Plans of types up to some depth. */
export const plans: fc.Arbitrary<Plan> = fc.letrec<{ plan: Plan }>((tie) => ({
  plan: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.record({ kind: fc.constant('array' as const), of: tie('plan') }),
    fc.record({ kind: fc.constant('domain' as const), of: tie('plan') }),
    fc.record({
      kind: fc.constantFrom('range' as const, 'multirange' as const),
      of: fc.constantFrom(...Object.keys(RANGES)),
    }),
    fc.record({
      kind: fc.constant('composite' as const),
      fields: fc.uniqueArray(fc.tuple(fieldName, tie('plan')), {
        minLength: 1,
        maxLength: 4,
        selector: ([name]) => name,
      }),
    }),
  ),
})).plan;

/** Numbers the types: what a session has learnt of one must not be true of another. */
let made = 0;

/** Makes the type of a plan. */
export function typeOf(plan: Plan): NestedType {
  switch (plan.kind) {
    case 'leaf':
      return leafOf(plan.name);
    case 'range':
      return rangeOf(plan.of);
    case 'multirange':
      return multirangeOf(plan.of);
    case 'array':
      return arrayOf(typeOf(plan.of));
    case 'domain':
      return domainOver(typeOf(plan.of));
    case 'composite': {
      const fields = plan.fields.map(([name, of]) => [name, typeOf(of)] as const);
      return compositeOf(fields);
    }
    default:
      return plan satisfies never;
  }
}

function domainOver(base: NestedType): NestedType {
  const name = `nested_${made++}`;
  return {
    ...base,
    name,
    ddl: [...base.ddl, `CREATE DOMAIN ${name} AS ${base.name}`],
    values: base.values.map(({ value, sql }) => ({
      value,
      sql: (add) => `(${sql(add)})::${name}`,
    })),
  };
}

/** An array of arrays is one array to PostgreSQL, unless there is a domain between them. */
function arrayOf(element: NestedType): NestedType {
  if (element.name.endsWith('[]')) return arrayOf(domainOver(element));
  const name = `${element.name}[]`;
  const one = fc.option(element.values, { nil: NULL, freq: 5 });
  const list = fc.array(one, { maxLength: 4 }).map((items) => ({
    value: items.map((item) => item.value),
    sql: (add: (part: unknown) => string) =>
      `ARRAY[${items.map((item) => item.sql(add)).join()}]::${name}`,
  }));
  const matrix = fc
    .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }))
    .chain(([rows, columns]) =>
      fc.array(fc.array(one, { minLength: columns, maxLength: columns }), {
        minLength: rows,
        maxLength: rows,
      }),
    )
    .map((rows) => ({
      value: rows.map((row) => row.map((item) => item.value)),
      sql: (add: (part: unknown) => string) =>
        `ARRAY[${rows.map((row) => `ARRAY[${row.map((item) => item.sql(add)).join()}]`).join()}]::${name}`,
    }));
  const values = element.isArray ? list : fc.oneof(list, matrix);
  return { name, ddl: element.ddl, values, isArray: true };
}

function compositeOf(fields: readonly (readonly [string, NestedType])[]): NestedType {
  const name = `nested_${made++}`;
  const columns = fields.map(([field, type]) => `${quoteIdentifier(field)} ${type.name}`);
  const values = fc
    .tuple(...fields.map(([, type]) => fc.option(type.values, { nil: NULL, freq: 5 })))
    .map((parts) => ({
      value: Object.fromEntries(parts.map((part, i) => [fields[i]![0], part.value])),
      sql: (add: (part: unknown) => string) =>
        `ROW(${parts.map((part) => part.sql(add)).join()})::${name}`,
    }));
  const ddl = fields.flatMap(([, type]) => type.ddl);
  return {
    name,
    ddl: [...ddl, `CREATE TYPE ${name} AS (${columns.join()})`],
    values,
    isArray: false,
  };
}

function rangeOf(name: string): NestedType {
  const [subtype, bound] = RANGES[name]!;
  const side = fc.option(fc.integer({ min: -100_000, max: 100_000 }), { nil: null });
  const values = fc.tuple(side, side).map(([a, b]) => {
    const swapped = a !== null && b !== null && a > b;
    const [lower, upper] = swapped ? [b, a] : [a, b];
    const bounds = [lower, upper].map((n) => (n === null ? null : bound(n)));
    return {
      value: bounds,
      sql: (add: (part: unknown) => string) =>
        `${name}(${bounds.map((part) => (part === null ? 'NULL' : `${add(part)}::${subtype}`)).join()}, '[]')`,
    };
  });
  return { name, ddl: [], values, isArray: true };
}

function multirangeOf(range: string): NestedType {
  const name = range.replace('range', 'multirange');
  const values = fc.array(rangeOf(range).values, { maxLength: 3 }).map((ranges) => ({
    value: ranges.map(({ value }) => value),
    sql: (add: (part: unknown) => string) => `${name}(${ranges.map(({ sql }) => sql(add)).join()})`,
  }));
  return { name, ddl: [], values, isArray: true };
}
