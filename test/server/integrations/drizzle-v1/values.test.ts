import { drizzle } from 'asyncpg/drizzle-v1';
import { max, sql } from 'drizzle-orm-next';
import { Cache } from 'drizzle-orm-next/cache/core';
import { drizzle as drizzlePg } from 'drizzle-orm-next/node-postgres';
import {
  type AnyPgColumnBuilder,
  bigint,
  boolean,
  char,
  cidr,
  customType,
  date,
  doublePrecision,
  inet,
  integer,
  interval,
  json,
  jsonb,
  line,
  macaddr,
  macaddr8,
  numeric,
  pgEnum,
  pgTable,
  point,
  real,
  smallint,
  text,
  time,
  timestamp,
  uuid,
  varchar,
} from 'drizzle-orm-next/pg-core';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPool, type Pool } from '../../../../src/index.ts';
import { hasServer, serverDsn } from '../../../support/servers/server.ts';

const bytea = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => 'bytea' });
/** As drizzle-orm has it for pgvector, whose values are text on both sides. */
const vectorLike = customType<{ data: number[]; driverData: string }>({
  dataType: () => 'drizzle1_vector',
  toDriver: (value) => JSON.stringify(value),
  fromDriver: (value) => JSON.parse(value),
});
const mood = pgEnum('drizzle1_mood', ['sad', 'so, so', 'NULL', '"happy"\\']);

const instant = new Date('2024-05-06T07:08:09.123Z');
const early = new Date('0044-03-15T00:00:00.000Z');
const id = '01234567-89ab-cdef-0123-456789abcdef';

interface Case {
  readonly name: string;
  readonly column: AnyPgColumnBuilder;
  readonly values: readonly unknown[];
  /** What Drizzle reads on node-postgres, where that loses something. */
  readonly lossy?: boolean;
}

const CASES: readonly Case[] = [
  { name: 'smallint', column: smallint(), values: [-32768, 32767] },
  { name: 'integer', column: integer(), values: [-2147483648, 0] },
  { name: 'bigint as number', column: bigint({ mode: 'number' }), values: [9007199254740991] },
  {
    name: 'bigint',
    column: bigint({ mode: 'bigint' }),
    values: [-9223372036854775808n, 9223372036854775807n],
  },
  { name: 'boolean', column: boolean(), values: [true, false] },
  { name: 'text', column: text(), values: ['', '€ "quoted" \\ NULL', 'x'.repeat(100_000)] },
  { name: 'varchar', column: varchar({ length: 5 }), values: ['abcde'] },
  { name: 'char', column: char({ length: 3 }), values: ['ab '] },
  {
    name: 'numeric',
    column: numeric(),
    values: ['123456789012345678901234567890.1234567890', '-1.50', 'NaN'],
  },
  { name: 'numeric as number', column: numeric({ mode: 'number' }), values: [1.5] },
  {
    name: 'numeric as bigint',
    column: numeric({ mode: 'bigint', precision: 40, scale: 0 }),
    values: [123456789012345678901234567890n],
  },
  { name: 'real', column: real(), values: [3.14, -1e-7, Infinity] },
  { name: 'double', column: doublePrecision(), values: [0.1, 1e308, -Infinity] },
  {
    name: 'json',
    column: json(),
    values: [{ a: [1, null, 'x'], b: { c: 'ü' } }, [], true, 1.5],
  },
  { name: 'jsonb', column: jsonb(), values: [{ a: [1, null, 'x'] }, [1, [2]], false] },
  { name: 'jsonb string', column: jsonb(), values: ['123', 'true', '"x"', 'plain'] },
  { name: 'timestamp as Date', column: timestamp(), values: [instant, new Date(-1)] },
  // The text of a year of two digits is another century's to Date.
  { name: 'timestamp long ago', column: timestamp(), values: [early], lossy: true },
  { name: 'timestamptz as Date', column: timestamp({ withTimezone: true }), values: [instant] },
  {
    name: 'timestamp as string',
    column: timestamp({ mode: 'string' }),
    values: ['2024-05-06 07:08:09.123456', 'infinity', '0044-03-15 00:00:00 BC'],
  },
  {
    name: 'timestamptz as string',
    column: timestamp({ mode: 'string', withTimezone: true }),
    values: ['2024-05-06 07:08:09.123456+00', '-infinity'],
  },
  { name: 'date', column: date(), values: ['2024-02-29', 'infinity'] },
  { name: 'date as Date', column: date({ mode: 'date' }), values: [new Date('2024-02-29')] },
  { name: 'time', column: time(), values: ['23:59:59.999999'] },
  { name: 'timetz', column: time({ withTimezone: true }), values: ['23:59:59.5+02'] },
  { name: 'interval', column: interval(), values: ['1 mon 2 days 03:04:05.000006', '-00:00:01'] },
  { name: 'uuid', column: uuid(), values: [id] },
  { name: 'inet', column: inet(), values: ['10.0.0.1/8', '::1'] },
  { name: 'cidr', column: cidr(), values: ['10.0.0.0/8'] },
  { name: 'macaddr', column: macaddr(), values: ['08:00:2b:01:02:03'] },
  { name: 'macaddr8', column: macaddr8(), values: ['08:00:2b:01:02:03:04:05'] },
  { name: 'point', column: point(), values: [[1.5, -2]] },
  { name: 'point as object', column: point({ mode: 'xy' }), values: [{ x: 1.5, y: -2 }] },
  { name: 'line', column: line(), values: [[1, 2, 3.5]] },
  { name: 'line as object', column: line({ mode: 'abc' }), values: [{ a: 1, b: 2, c: 3 }] },
  { name: 'enum', column: mood(), values: ['sad', 'so, so', 'NULL', '"happy"\\'] },
  {
    name: 'bytea',
    column: bytea(),
    values: [Buffer.from([0, 0x5c, 0x78, 0xff]), Buffer.alloc(0)],
  },
  { name: 'of an extension', column: vectorLike(), values: [[1, 2.5, -3]] },
  { name: 'integer[]', column: integer().array(), values: [[1, -2], []] },
  {
    name: 'integer[][]',
    column: integer().array('[][]'),
    values: [
      [
        [1, 2],
        [3, 4],
      ],
    ],
  },
  { name: 'bigint[]', column: bigint({ mode: 'bigint' }).array(), values: [[2n ** 62n]] },
  { name: 'boolean[]', column: boolean().array(), values: [[true, false]] },
  { name: 'text[]', column: text().array(), values: [['a', '', 'b,"c"', '{}', 'NULL', '\\']] },
  { name: 'numeric[]', column: numeric().array(), values: [['1.10', '-2']] },
  { name: 'real[]', column: real().array(), values: [[3.14]] },
  { name: 'double[]', column: doublePrecision().array(), values: [[0.1, -1.5]] },
  { name: 'uuid[]', column: uuid().array(), values: [[id]] },
  { name: 'date[]', column: date().array(), values: [['2024-02-29']] },
  { name: 'time[]', column: time().array(), values: [['01:02:03.000004']] },
  { name: 'interval[]', column: interval().array(), values: [['1 day', '00:00:01']] },
  { name: 'timestamp[] as Date', column: timestamp().array(), values: [[instant]] },
  {
    name: 'timestamptz[] as string',
    column: timestamp({ mode: 'string', withTimezone: true }).array(),
    values: [['2024-05-06 07:08:09.123456+00']],
  },
  { name: 'inet[]', column: inet().array(), values: [['10.0.0.1']] },
  { name: 'enum[]', column: mood().array(), values: [['sad', 'so, so']] },
  { name: 'quoted enum[]', column: mood().array(), values: [['NULL', '"happy"\\']] },
  { name: 'jsonb[]', column: jsonb().array(), values: [[{ a: 'x' }, [1]]] },
];

/** Asked first, and has nothing. */
class EmptyCache extends Cache {
  override strategy(): 'all' {
    return 'all';
  }
  override async get(): Promise<undefined> {}
  override async put(): Promise<void> {}
  override async onMutate(): Promise<void> {}
}

describe.each([18, 15] as const)('PostgreSQL %i: values', (version) => {
  describe.skipIf(!hasServer(version))('are exact', () => {
    let pool: Pool;
    let node: pg.Pool;

    beforeAll(async () => {
      pool = await createPool(serverDsn(version), {
        minSize: 0,
        maxSize: 2,
        // Whatever the pool's own values are.
        types: { int8: 'number', numeric: 'number', json: 'text' },
        transform: { column: (name) => name.toUpperCase() },
        serverSettings: { TimeZone: 'UTC' },
      });
      node = new pg.Pool({ connectionString: serverDsn(version), options: '-c timezone=UTC' });
      await pool.execute(`
        DROP TYPE IF EXISTS drizzle1_mood; DROP DOMAIN IF EXISTS drizzle1_vector;
        CREATE DOMAIN drizzle1_vector AS text;
        CREATE TYPE drizzle1_mood AS ENUM ('sad', 'so, so', 'NULL', '"happy"\\')`);
    });
    afterAll(async () => {
      await pool.execute('DROP TYPE drizzle1_mood; DROP DOMAIN drizzle1_vector');
      await pool.close();
      await node.end();
    });

    test.each(CASES)('$name', async ({ column, values, lossy }) => {
      const table = pgTable('drizzle1_values', { value: column }) as any;
      const db = drizzle(pool);
      const type = table.value.getSQLType() + '[]'.repeat(table.value.dimensions ?? 0);
      await pool.execute(`CREATE TABLE drizzle1_values (n serial, value ${type})`);
      try {
        for (const value of [...values, null]) await db.insert(table).values({ value });
        const rows = await db.select().from(table);
        expect(rows).toStrictEqual([...values, null].map((value) => ({ value })));
        const onPg = await drizzlePg({ client: node }).select().from(table);
        if (lossy === true) expect(rows).not.toEqual(onPg);
        else expect(rows).toEqual(onPg);
        // What is selected by value is found by value.
        for (const value of values.filter(() => !/^json|^point|^line/.test(type))) {
          const param = sql.param(value, table.value);
          const found = await db.select().from(table).where(sql`${table.value} = ${param}`);
          expect(found).toStrictEqual([{ value }]);
        }
      } finally {
        await pool.execute('DROP TABLE drizzle1_values');
      }
    });

    test('of arrays with NULL in them', async () => {
      const table = pgTable('drizzle1_nulls', {
        texts: text().array(),
        bigs: bigint({ mode: 'bigint' }).array(),
        numbers: bigint({ mode: 'number' }).array(),
        numerics: numeric().array(),
        times: timestamp().array(),
        moods: mood().array(),
        docs: jsonb().array(),
      });
      await pool.execute(`CREATE TABLE drizzle1_nulls (texts text[], bigs int8[], numbers int8[],
        numerics numeric[], times timestamp[], moods drizzle1_mood[], docs jsonb[])`);
      const row = {
        texts: ['a', null],
        bigs: [1n, null],
        numbers: [null, 1],
        numerics: [null, '1.50'],
        times: [instant, null],
        moods: ['sad', null],
        docs: [null, '123'],
      };
      try {
        await pool.execute(
          'INSERT INTO drizzle1_nulls VALUES ($1, $2, $3, $4, $5, $6, $7)',
          ['a', null],
          [1n, null],
          [null, 1n],
          [null, '1.50'],
          [instant, null],
          ['sad', null],
          [null, '"123"'],
        );
        expect(await drizzle(pool).select().from(table)).toStrictEqual([row]);
      } finally {
        await pool.execute('DROP TABLE drizzle1_nulls');
      }
    });

    test('of db.execute are those of node-postgres', async () => {
      const query = sql`SELECT 1::int2 AS a, 2::int4 AS b, 3::int8 AS c, 1.50::numeric AS d,
        1.1::float4 AS e, 0.1::float8 AS f, true AS g, 'x'::text AS h, '{"a": 1}'::json AS i,
        '"1"'::jsonb AS j, 'null'::jsonb AS k, '2024-05-06 07:08:09.123456'::timestamp AS l,
        '2024-05-06 07:08:09.123456'::timestamptz AS m, '2024-05-06'::date AS n, '1 day'::interval AS o,
        '\\x00ff'::bytea AS p, ${id}::uuid AS q, '1.2.3.4'::inet AS r, point(1, 2) AS s,
        circle(point(1, 2), 3) AS t, 'sad'::drizzle1_mood AS u, '{sad}'::drizzle1_mood[] AS v,
        '{1,2}'::int8[] AS w, '{a,NULL}'::text[] AS x, row(1, 'a') AS y, '[1,3)'::int4range AS z,
        '1'::oid AS "A", '01:02:03'::time AS "B", b'101' AS "C", '$1.50'::money AS "D",
        box(point(1, 2), point(3, 4)) AS "E", 'a:1'::tsvector AS "F", '{"(1,2),(0,0)"}'::box[] AS "G",
        '{1,2}'::float4[] AS "H", 'a'::"char" AS "I", 'pg_class'::regclass AS "J", NULL AS "K",
        '{}'::text[] AS "L", '1 2'::int2vector AS "M", array[[1, 2], [3, 4]] AS "N", '<a/>'::xml AS "O",
        ''::text AS "P", 'a'::name AS "Q", '{"{\\"a\\": 1}"}'::json[] AS "R", pg_sleep(0) AS "S"`;
      const { rows, rowCount, command, fields } = await drizzle(pool).execute(query);
      const expected = await drizzlePg({ client: node }).execute<Record<string, unknown>>(query);
      expect(rows).toStrictEqual(expected.rows);
      expect({ rowCount, command }).toEqual({ rowCount: 1, command: 'SELECT' });
      expect(
        fields.map(({ name, dataTypeID, tableID }) => ({ name, dataTypeID, tableID })),
      ).toEqual(
        expected.fields.map(({ name, dataTypeID, tableID }) => ({ name, dataTypeID, tableID })),
      );
    });

    test('of db.execute are arrays where they are arrays', async () => {
      const query = sql`SELECT '{1.50,NULL}'::numeric[] AS a, '{2024-05-06}'::date[] AS b,
        '{2024-05-06 07:08:09.123456}'::timestamp[] AS c, '{1 day}'::interval[] AS d`;
      expect((await drizzle(pool).execute(query)).rows).toStrictEqual([
        { a: ['1.50', null], b: ['2024-05-06'], c: ['2024-05-06 07:08:09.123456'], d: ['1 day'] },
      ]);
    });

    // The arrays of which node-postgres makes none for Drizzle, and some of which it does.
    test.each([
      ['numeric[]', '{1.50,NULL}'],
      ['date[]', '{2024-05-06}'],
      ['timestamp[]', '{{2024-05-06 07:08:09.123456}}'],
      ['timestamptz[]', '{2024-05-06 07:08:09+00,NULL}'],
      ['interval[]', '{1 day}'],
      ['int4range[]', '{"[1,3)",empty}'],
      ['numrange[]', '{"[1,3)"}'],
      ['circle[]', '{"<(1,2),3>"}'],
      ['varbit[]', '{101}'],
      ['int4[]', '{1,NULL}'],
      ['time[]', '{01:02:03}'],
      ['json[]', '{1,NULL}'],
      ['point[]', '{"(1,2)"}'],
      ['regproc[]', '{now,NULL}'],
      ['int8', '1'],
      ['timestamp', '2024-05-06 07:08:09.123456'],
      ['circle', '<(1,2),3>'],
    ])('of a customType and of mapWith are given as by node-postgres: %s', async (type, value) => {
      const own = customType<{ data: unknown; driverData: unknown }>({
        dataType: () => type,
        fromDriver: (value) => ({ given: value }),
      });
      const table = pgTable('drizzle1_own', { value: own(), count: integer() });
      await pool.execute(
        `CREATE TABLE drizzle1_own AS SELECT '${value}'::${type} AS value, 1 AS count`,
      );
      try {
        const select = (db: Pick<ReturnType<typeof drizzlePg>, 'select'>) =>
          db
            .select({
              count: table.count,
              value: table.value,
              mapped: sql`${table.value}`.mapWith((value: unknown) => [value]),
              named: sql`${table.value}`.mapWith((value: unknown) => [value]).as('named'),
            })
            .from(table);
        const expected = await select(drizzlePg({ client: node }));
        expect(await select(drizzle(pool))).toStrictEqual(expected);
        const cached = drizzle(pool, { cache: new EmptyCache() });
        expect(await select(cached)).toStrictEqual(expected);
      } finally {
        await pool.execute('DROP TABLE drizzle1_own');
      }
    });

    test('of expressions are read by the column that they are mapped with', async () => {
      const table = pgTable('drizzle1_times', { at: timestamp({ withTimezone: true }) });
      await pool.execute('CREATE TABLE drizzle1_times (at timestamptz)');
      try {
        const db = drizzle(pool);
        await db.insert(table).values({ at: instant });
        const [row] = await db
          .select({
            last: max(table.at),
            text: sql<string>`${table.at}::text`,
            raw: sql`${table.at}`,
            count: sql<number>`count(*)`.mapWith(Number),
            doc: sql`'{"a": "1"}'::jsonb`,
          })
          .from(table)
          .groupBy(table.at);
        expect(row).toStrictEqual({
          last: instant,
          text: '2024-05-06 07:08:09.123+00',
          raw: '2024-05-06 07:08:09.123+00',
          count: 1,
          doc: { a: '1' },
        });
      } finally {
        await pool.execute('DROP TABLE drizzle1_times');
      }
    });

    test('that no Date can hold are invalid Dates, as they are in Drizzle', async () => {
      const table = pgTable('drizzle1_far', { at: timestamp() });
      await pool.execute('CREATE TABLE drizzle1_far (at timestamp)');
      try {
        await pool.execute("INSERT INTO drizzle1_far VALUES ('infinity'), ('294276-01-01')");
        const rows = await drizzle(pool).select().from(table);
        expect(rows.map((row) => row.at!.getTime())).toEqual([NaN, NaN]);
      } finally {
        await pool.execute('DROP TABLE drizzle1_far');
      }
    });

    test.each<[string, unknown, string]>([
      ['a number', 1.5, '1.5'],
      ['minus zero', -0, '-0'],
      ['a bigint', 2n ** 70n, '1180591620717411303424'],
      ['a boolean', true, 'true'],
      ['a Date, in UTC', instant, '2024-05-06 07:08:09.123+00'],
      ['an array', [1, null, 'a"b', [][0] ?? null], '{1,NULL,"a\\"b",NULL}'],
      [
        'an array of arrays',
        [
          [1, 2],
          [3, 4],
        ],
        '{{1,2},{3,4}}',
      ],
      ['an object', { a: [1, 'x'] }, '{"a":[1,"x"]}'],
    ])('that are sent as they are: %s', async (_, value, expected) => {
      const { rows } = await drizzle(pool).execute(sql`SELECT ${sql.param(value)}::text AS text`);
      expect(rows).toEqual([{ text: expected }]);
    });

    test('that cannot be sent are refused', async () => {
      const db = drizzle(pool);
      for (const value of [undefined, () => 1, new Date(NaN), [[1], [2, 3]], 'a\0b']) {
        await expect(db.execute(sql`SELECT ${sql.param(value)}::text`)).rejects.toMatchObject({
          cause: { name: 'InvalidArgumentError' },
        });
      }
      expect((await db.execute(sql`SELECT 1 AS a`)).rows).toEqual([{ a: 1 }]);
    });

    test('are the pool’s own to the pool, also of the same text', async () => {
      const text = 'SELECT 1::int8 AS a, 1.5::numeric AS b, \'{"c": 1}\'::json AS d';
      const db = drizzle(pool);
      const own = { A: 1, B: 1.5, D: '{"c": 1}' };
      const drizzles = { a: '1', b: '1.5', d: { c: 1 } };
      for (let i = 0; i < 3; i++) {
        const [one, other, third] = await Promise.all([
          pool.fetch(text),
          db.execute(sql.raw(text)),
          pool.fetch(text),
        ]);
        expect([{ ...one[0] }, { ...third[0] }]).toEqual([own, own]);
        expect(other.rows).toEqual([drizzles]);
      }
      const connection = await pool.acquire();
      try {
        const one = drizzle(connection);
        for (let i = 0; i < 3; i++) {
          const asked = [
            one.execute(sql.raw(text)),
            connection.fetch(text),
            connection.fetch(text),
          ];
          const [a, b, c] = (await Promise.all(asked)) as any[];
          expect(a.rows).toEqual([drizzles]);
          expect([{ ...b[0] }, { ...c[0] }]).toEqual([own, own]);
        }
        const [batched] = await connection.batch([text]);
        expect({ ...batched.rows[0] }).toEqual(own);
      } finally {
        await pool.release(connection);
      }
    });
  });
});
