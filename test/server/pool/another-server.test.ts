/** A pool whose address leads to another server, where the OIDs of users' types are other types. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TempCluster } from '../../../src/cluster/index.ts';
import { connect, createPool, type Pool, type PoolOptions, Range } from '../../../src/index.ts';
import { collect } from '../../support/connections.ts';
import { CountingDial } from '../../support/counting-dial.ts';
import { until } from '../../support/pool.ts';

/** Types in pairs, which the second server makes in the other order: so they swap their OIDs. */
const PAIRS = [
  ['CREATE TYPE r1 AS RANGE (SUBTYPE = int8)', 'CREATE TYPE r2 AS RANGE (SUBTYPE = float8)'],
  ['CREATE TYPE t1 AS (p int4, q int4)', 'CREATE TYPE t2 AS (x int4, y int4)'],
  ["CREATE TYPE mood AS ENUM ('red')", "CREATE TYPE colour AS ENUM ('red')"],
  ['CREATE DOMAIN d1 AS int8', 'CREATE DOMAIN d2 AS float8'],
] as const;

const NAMES =
  "('r1'), ('r2'), ('t1'), ('t2'), ('mood'), ('colour'), ('d1'), ('d2'), ('r1_multirange'), ('_d1')";
const OIDS = `SELECT name, name::regtype::oid AS oid FROM (VALUES ${NAMES}) AS v (name)`;

const READS: readonly (readonly [name: string, text: string, value: unknown])[] = [
  ['a range', "SELECT '[1,3)'::r1 AS v", new Range(1n, 3n)],
  ['the other range', "SELECT '[1.5,2)'::r2 AS v", new Range(1.5, 2)],
  ['a multirange', "SELECT '{[1,3)}'::r1_multirange AS v", [new Range(1n, 3n)]],
  ['a composite', "SELECT '(1,2)'::t1 AS v", { p: 1, q: 2 }],
  ['composites in an array', "SELECT ARRAY['(1,2)'::t2] AS v", [{ x: 1, y: 2 }]],
  ['an enum with a codec', "SELECT 'red'::mood AS v", 'MOOD:red'],
  ['an enum without one', "SELECT 'red'::colour AS v", 'red'],
  ['an array of domains', "SELECT '{1,2}'::d1[] AS v", [1n, 2n]],
  ['the other array of domains', "SELECT '{1.5}'::d2[] AS v", [1.5]],
  [
    'an anonymous record',
    "SELECT ROW('(1,2)'::t1, 'red'::mood) AS v",
    [{ p: 1, q: 2 }, 'MOOD:red'],
  ],
];

describe('a pool that comes to another server by the same address', () => {
  let first: TempCluster;
  let second: TempCluster;

  beforeAll(async () => {
    [first, second] = await Promise.all([TempCluster.start(), TempCluster.start()]);
    const make = async (cluster: TempCluster, statements: string[]): Promise<unknown[]> => {
      await using connection = await connect(cluster.dsn);
      for (const text of statements) await connection.execute(text);
      return (await connection.fetch(OIDS)).map(({ name, oid }) => [name, oid]);
    };
    const here = await make(first, PAIRS.flat());
    const there = await make(
      second,
      PAIRS.flatMap(([one, other]) => [other, one]),
    );
    // The OIDs of each pair's two types are exchanged, or nothing would be tested.
    const oids = (rows: unknown[]) => Object.fromEntries(rows as [string, number][]);
    const [a, b] = [oids(here), oids(there)];
    for (const [one, other] of [
      ['r1', 'r2'],
      ['t1', 't2'],
      ['mood', 'colour'],
      ['d1', 'd2'],
    ] as const) {
      expect([b[one], b[other]]).toEqual([a[other], a[one]]);
    }
  });

  afterAll(async () => {
    await first?.stop();
    await second?.stop();
  });

  class Switch {
    port = first.port;
    readonly flights = new CountingDial();
    readonly pools: Pool[] = [];

    async open(options: PoolOptions = {}): Promise<Pool> {
      return createPool({
        host: '127.0.0.1',
        port: 1,
        user: 'postgres',
        database: 'postgres',
        minSize: 0,
        maxSize: 1,
        codecs: { mood: { decoder: (text: string) => `MOOD:${text}` } },
        dial: () => this.flights.dial({ host: '127.0.0.1', port: this.port }),
        ...options,
      });
    }

    /** The one server is gone and the other is there. */
    async over(pool: Pool): Promise<void> {
      this.port = second.port;
      this.flights.cut();
      await until(() => pool.size === 0);
    }
  }

  it.each(READS)('reads %s as what it is there, by reads alone', async (_name, text, value) => {
    const way = new Switch();
    await using pool = await way.open();
    expect(await pool.fetchVal(text)).toEqual(value);
    await way.over(pool);
    expect(await pool.fetchVal(text)).toEqual(value);
    expect(await pool.fetchVal(text)).toEqual(value);
  });

  it('reads them by every way to read', async () => {
    const text = "SELECT '(1,2)'::t1 AS t, '[1,3)'::r1 AS r";
    const row = { t: { p: 1, q: 2 }, r: new Range(1n, 3n) };
    const ways: Record<string, (pool: Pool) => Promise<unknown>> = {
      fetch: (pool) => pool.fetch(text),
      'unprepared fetch': (pool) => pool.fetch({ text, prepare: false }),
      stream: (pool) => collect(pool.stream(text)),
      batch: async (pool) => (await pool.batch([{ text }]))[0]!.rows,
      COPY: (pool) => pool.withConnection((c) => collect(c.copyRecordsFromQuery(text))),
      cursor: (pool) => pool.withConnection((c) => c.transaction(() => collect(c.cursor(text)))),
      prepare: (pool) =>
        pool.withConnection(async (c) => {
          await using statement = await c.prepare(text);
          return await statement.fetch();
        }),
    };
    for (const [name, read] of Object.entries(ways)) {
      const way = new Switch();
      await using pool = await way.open();
      expect(await read(pool), name).toEqual([row]);
      await way.over(pool);
      expect(await read(pool), name).toEqual([row]);
    }
  });

  it('writes into them as what they are there', async () => {
    const way = new Switch();
    await using pool = await way.open();
    const text = 'SELECT ($1::t1).q AS q, upper($2::r1) AS upper, ($3::d1[])[1] AS d';
    const args = [{ p: 1, q: 2 }, new Range(1n, 3n), [7n]];
    const row = { q: 2, upper: 3n, d: 7n };
    expect(await pool.fetchRow(text, ...args)).toEqual(row);
    await way.over(pool);
    expect(await pool.fetchRow(text, ...args)).toEqual(row);
  });

  it('is right on both at once, while some connections lead to each', async () => {
    const way = new Switch();
    await using pool = await way.open({ maxSize: 2 });
    const text = "SELECT '(1,2)'::t1 AS t, '{1,2}'::d1[] AS d";
    const row = { t: { p: 1, q: 2 }, d: [1n, 2n] };
    await using old = await pool.acquire();
    expect(await old.fetchRow(text)).toEqual(row);
    way.port = second.port;
    await using young = await pool.acquire();
    for (let i = 0; i < 3; i++) {
      expect(await young.fetchRow(text)).toEqual(row);
      expect(await old.fetchRow(text)).toEqual(row);
    }
    // Each has asked once more at most: they do not go on contradicting each other.
    way.flights.take();
    for (let i = 0; i < 3; i++) {
      await young.fetchRow(text);
      await old.fetchRow(text);
    }
    expect(way.flights.take()).toBe(6);
  });

  it('asks once for all that the pool has met, and not at all without such types', async () => {
    const way = new Switch();
    await using pool = await way.open({ maxSize: 3 });
    await using one = await pool.acquire();
    for (const [, text] of READS) await one.fetch(text);
    await using other = await pool.acquire();
    await using third = await pool.acquire();
    way.flights.take();
    for (const [, text] of READS) await other.fetch(text);
    // Each is prepared and executed. Composites are confirmed with each new text besides.
    const composites = READS.filter(([, text]) => /'::t\d\]? AS/.test(text)).length;
    expect(composites).toBe(2);
    expect(way.flights.take()).toBe(2 * READS.length + 1 + composites);
    for (const [, text] of READS) await other.fetch(text);
    expect(way.flights.take()).toBe(READS.length);
    // Which of the declared names are domains here nothing else has told.
    const plain = 'SELECT $1::int4, ARRAY[1.5], int4range(1, 2)';
    await third.fetch(plain, 1);
    expect(way.flights.take()).toBe(2 + 1);
    await third.fetch(`${plain}, 1`, 1);
    expect(way.flights.take()).toBe(2);
    await using without = await way.open({ codecs: {} });
    await without.fetch('SELECT 1');
    way.flights.take();
    await without.fetch(plain, 1);
    expect(way.flights.take()).toBe(2);
  });

  it.each([
    ['a domain here and an enum there', 'code'],
    ['an enum here and a domain there', 'edoc'],
  ])('applies a declared codec to what is %s', async (kind, name) => {
    const made = async (cluster: TempCluster, text: string): Promise<number> => {
      await using connection = await connect(cluster.dsn);
      await connection.execute(text);
      const table = `${name}s`;
      await connection.execute(`CREATE TABLE ${table} AS SELECT 'x'::${name} AS v`);
      return (await connection.fetchVal<number>('SELECT $1::text::regtype::oid', name))!;
    };
    const isDomainHere = kind.startsWith('a domain');
    const domain = `CREATE DOMAIN ${name} AS text`;
    const other = `CREATE TYPE ${name} AS ENUM ('x')`;
    const here = await made(first, isDomainHere ? domain : other);
    // The OIDs differ, so that nobody asks for this type because of another.
    const between = `CREATE TABLE between_${name} (a int4, b text); `;
    const there = await made(second, between + (isDomainHere ? other : domain));
    expect(there).not.toBe(here);
    const way = new Switch();
    const decoder = (text: string): string => `CODE:${text}`;
    await using pool = await way.open({ codecs: { [name]: { decoder } } });
    const text = `SELECT v FROM ${name}s`;
    expect(await pool.fetchVal(text)).toBe('CODE:x');
    await way.over(pool);
    expect(await pool.fetchVal(text)).toBe('CODE:x');
    expect(await pool.fetchVal({ text, prepare: false })).toBe('CODE:x');
    expect(await pool.fetchVal(`${text} LIMIT 1`)).toBe('CODE:x');
  });
});
