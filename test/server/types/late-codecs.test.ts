/** Codecs whose code is loaded when a type first needs it: every kind of call, as the first of its process. */
import { beforeEach, expect, it } from 'vitest';
import { commonCodecs, rareCodecs } from '../../../src/codecs/rooms.ts';
import { type Connection, connect, createPool, Interval, Range } from '../../../src/index.ts';
import { catalog } from '../../../src/session/statements/catalog-room.ts';
import { collect, describeEach, open } from '../../support/connections.ts';
import { serverDsn } from '../../support/servers/server.ts';

/** As in a process that has met none of these types. */
function forget(): void {
  commonCodecs.content = null;
  rareCodecs.content = null;
  catalog.content = null;
}
beforeEach(forget);

const READ = `SELECT 1.50::numeric AS n, date '2024-05-06' AS d, timestamptz '2024-05-06 07:08:09.25+00' AS t,
  timestamp '2024-05-06 07:08:09' AS l, ARRAY[1, NULL]::int4[] AS a, '{"k": [1]}'::jsonb AS j, '\\x0102'::bytea AS b`;
const ROW = {
  n: '1.50',
  d: '2024-05-06',
  t: new Date('2024-05-06T07:08:09.250Z'),
  l: new Date('2024-05-06T07:08:09Z'),
  a: [1, null],
  j: { k: [1] },
  b: Buffer.from([1, 2]),
};

const WRITE = `SELECT $1::numeric::text AS n, $2::date::text AS d, ($3::timestamptz AT TIME ZONE 'UTC')::text AS t,
  $4::int4[]::text AS a, $5::jsonb::text AS j, encode($6::bytea, 'hex') AS b`;
const ARGS = ['1.50', ROW.d, ROW.t, ROW.a, ROW.j, ROW.b];
const TEXTS = {
  n: '1.50',
  d: '2024-05-06',
  t: '2024-05-06 07:08:09.25',
  a: '{1,NULL}',
  j: '{"k": [1]}',
  b: '0102',
};

const TABLE = `CREATE TEMP TABLE kept (id int4, n numeric, d date, t timestamptz, l timestamp, a int4[], j jsonb, b bytea)`;
const RECORD = [7, ...Object.values(ROW)];

/** What each call comes to is `ROW`. */
const reading: [name: string, call: (on: Connection) => Promise<object>][] = [
  ['fetch', async (c) => (await c.fetch(READ))[0]!],
  ['fetchRow', async (c) => (await c.fetchRow(READ))!],
  ['fetchOne', (c) => c.fetchOne(READ)],
  ['batch', async (c) => ((await c.batch([{ text: READ }]))[0] as { rows: object[] }).rows[0]!],
  ['stream', async (c) => (await collect(c.stream(READ)))[0] as object],
  ['prepare', async (c) => (await (await c.prepare(READ)).fetchRow())!],
  ['cursor', (c) => c.transaction(async (tx) => (await collect(tx.cursor(READ)))[0] as object)],
  [
    'savepoint',
    (c) => c.transaction((tx) => tx.transaction(async (sp) => (await sp.fetchRow(READ))!)),
  ],
  ['copyRecordsFromQuery', async (c) => (await collect(c.copyRecordsFromQuery(READ)))[0] as object],
];

/** What each call writes is `TEXTS`. */
const writing: [name: string, call: (on: Connection) => Promise<object>][] = [
  ['fetch', async (c) => (await c.fetch(WRITE, ...ARGS))[0]!],
  ['fetchRow', async (c) => (await c.fetchRow(WRITE, ...ARGS))!],
  ['fetchMany', async (c) => (await c.fetchMany(WRITE, [ARGS]))[0] as object],
  ['prepare', async (c) => (await (await c.prepare(WRITE)).fetchRow(...ARGS))!],
  ['stream', async (c) => (await collect(c.stream(WRITE, ...ARGS)))[0] as object],
];

/** Each puts `RECORD` into the table. */
const keeping: [name: string, call: (on: Connection) => Promise<unknown>][] = [
  [
    'execute',
    (c) => c.execute('INSERT INTO kept VALUES ($1, $2, $3, $4, $5, $6, $7, $8)', ...RECORD),
  ],
  [
    'executeMany',
    (c) => c.executeMany('INSERT INTO kept VALUES ($1, $2, $3, $4, $5, $6, $7, $8)', [RECORD]),
  ],
  ['copyRecordsToTable', (c) => c.copyRecordsToTable('kept', { records: [RECORD] })],
];

describeEach('types whose codecs are loaded when they are first needed', (version) => {
  it.each(reading)('are read: %s', async (_name, call) => {
    const c = await open(version);
    forget();
    for (let round = 0; round < 2; round++) expect({ ...(await call(c)) }).toEqual(ROW);
    await c.close();
  });

  it.each(writing)('are written: %s', async (_name, call) => {
    const c = await open(version);
    forget();
    for (let round = 0; round < 2; round++) expect({ ...(await call(c)) }).toEqual(TEXTS);
    await c.close();
  });

  it.each(keeping)('are written into a table: %s', async (_name, call) => {
    const c = await open(version);
    await c.execute(TABLE);
    forget();
    await call(c);
    expect({ ...(await c.fetchRow('SELECT n, d, t, l, a, j, b FROM kept WHERE id = 7')) }).toEqual(
      ROW,
    );
    await c.close();
  });

  it('are known to the attributes of a statement', async () => {
    const c = await open(version);
    forget();
    const statement = await c.prepare(READ);
    expect(statement.attributes.map(({ type }) => type.name)).toEqual(
      'numeric date timestamptz timestamp int4[] jsonb bytea'.split(' '),
    );
    await c.close();
  });

  it('are parts of others', async () => {
    const c = await open(version);
    await c.execute(`CREATE TYPE pg_temp.mood AS ENUM ('sad', 'happy');
      CREATE DOMAIN pg_temp.price AS numeric;
      CREATE TYPE pg_temp.item AS (name text, prices numeric[], at timestamptz)`);
    const calls: [query: string, value: unknown][] = [
      ["SELECT ARRAY['sad']::pg_temp.mood[]", ['sad']],
      ['SELECT 2.5::pg_temp.price', '2.5'],
      [
        `SELECT ROW('pen', ARRAY[1.5, 2], '2024-05-06 00:00:00+00')::pg_temp.item`,
        { name: 'pen', prices: ['1.5', '2'], at: new Date('2024-05-06T00:00:00Z') },
      ],
      ['SELECT numrange(1.5, 2)', new Range('1.5', '2')],
      ["SELECT interval '1 day'", new Interval({ days: 1 })],
    ];
    for (const [query, value] of calls) {
      forget();
      const fresh = await c.fetchVal(query);
      expect(
        typeof value === 'object' && value?.constructor === Object ? { ...fresh } : fresh,
      ).toEqual(value);
    }
    forget();
    const record = await c.fetchVal("SELECT ROW(1.5, date '2024-05-06', ARRAY['x'], '{}'::json)");
    expect([...record]).toEqual(['1.5', '2024-05-06', ['x'], {}]);
    await c.close();
  });

  it('are read and written by a codec that is set, or declared', async () => {
    const codec = {
      format: 'text',
      encoder: (value: number) => value.toFixed(2),
      decoder: (text: string) => Number(text),
    } as const;
    const set = await open(version);
    forget();
    await set.setTypeCodec('numeric', { schema: 'pg_catalog', ...codec });
    expect(await set.fetchVal('SELECT ARRAY[$1::numeric + 1]', 1.5)).toEqual([2.5]);
    await set.close();

    forget();
    const declared = await connect(await serverDsn(version), {
      codecs: { numeric: { schema: 'pg_catalog', ...codec } },
    });
    expect(await declared.fetchVal('SELECT ARRAY[$1::numeric + 1]', 1.5)).toEqual([2.5]);
    await declared.close();
  });

  it('keep the order of the calls at once that need them', async () => {
    const c = await open(version);
    await c.execute('CREATE TEMP TABLE drawn (who text, number serial)');
    const mark = (who: string): Promise<unknown> => c.execute('INSERT INTO drawn VALUES ($1)', who);
    forget();
    const mixed = [
      mark('a'),
      c.fetch("INSERT INTO drawn VALUES ('b') RETURNING ARRAY[1.5], number"),
      mark('c'),
      c.execute('INSERT INTO drawn VALUES (($1::text[])[1])', ['d']),
      c.fetch("INSERT INTO drawn VALUES ('e') RETURNING interval '1 day'"),
      mark('f'),
    ];
    await Promise.all(mixed);
    const rows = await c.fetch('SELECT who FROM drawn ORDER BY number');
    expect(rows.map((row) => row['who'])).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    await c.close();
  });

  it('are loaded once by many connections of a pool', async () => {
    await using pool = await createPool(await serverDsn(version), { minSize: 4, maxSize: 4 });
    forget();
    const rows = await Promise.all(Array.from({ length: 12 }, () => pool.fetchRow(READ)));
    for (const row of rows) expect({ ...row }).toEqual(ROW);
  });
});
