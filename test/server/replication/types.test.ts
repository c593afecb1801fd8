import { expect, test } from 'vitest';
import { camelCase, createPool } from '../../../src/index.ts';
import {
  type ChangeStreamOptions,
  type ChangeTransaction,
  dropSlot,
  openChangeStream,
  slotStatus,
  UNCHANGED,
} from '../../../src/replication/index.ts';
import {
  iteratorOf,
  onEachServer,
  take,
  until,
} from '../../support/replication/logical-cluster.ts';

// biome-ignore lint/suspicious/noExplicitAny: the tests know what kind of change comes
type AnyChange = any;

/** Values of each family of types, as SQL. */
const VALUES: readonly (readonly [type: string, value: string])[] = [
  ['bool', 'true'],
  ['int2', "'-32768'"],
  ['int4', '42'],
  ['int8', "'9223372036854775807'"],
  ['float4', '1.5'],
  ['float8', "'-Infinity'"],
  ['numeric', '12345.6789'],
  ['numeric', '-0.0500'],
  ['numeric', '123456789012345678901234567890.5'],
  ['numeric(5, -2)', '12345'],
  ['numeric', "'NaN'"],
  ['text', "'naïve 日本'"],
  ['varchar', "'x'"],
  ['char(3)', "'a'"],
  ['name', "'n'"],
  ['bytea', "'\\x00ff10'"],
  ['date', "'2026-11-28'"],
  ['time', "'12:34:56.789'"],
  ['timetz', "'12:34:56+02'"],
  ['timestamp', "'2026-11-28 01:02:03.456'"],
  ['timestamptz', "'2026-11-28 01:02:03.456+02'"],
  ['interval', "'1 year 2 months 3 days 04:05:06.7'"],
  ['uuid', "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"],
  ['json', '\'{"a": [1, null]}\''],
  ['jsonb', '\'{"b": "c"}\''],
  ['jsonb', '\'"日本"\''],
  ['jsonb', "'null'"],
  ['inet', "'192.168.0.1/24'"],
  ['cidr', "'10.0.0.0/8'"],
  ['macaddr', "'08:00:2b:01:02:03'"],
  ['bit(3)', "B'101'"],
  ['varbit', "B'1'"],
  ['point', "'(1,2)'"],
  ['polygon', "'((0,0),(1,1),(2,0))'"],
  ['int4range', "'[1,5)'"],
  ['int4multirange', "'{[1,2),[5,7)}'"],
  ['pg_lsn', "'16/B374D848'"],
  ['xml', "'<a/>'"],
  ['tsvector', "'fat cat'"],
  ['int4[]', "'{1,NULL,3}'"],
  ['text[][]', "'{{a,b},{c,d}}'"],
];

const COLUMNS = VALUES.map(([type], i) => `v${i} ${type}`).join(', ');

const SCHEMA = `
  CREATE TABLE every (id int PRIMARY KEY, ${COLUMNS});
  ALTER TABLE every REPLICA IDENTITY FULL;
  CREATE PUBLICATION every FOR TABLE every`;

/** Rows as objects, and ranges by their bounds. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const { lower, upper } = value as { lower?: unknown; upper?: unknown };
  const entries = lower === undefined ? Object.entries(value) : Object.entries({ lower, upper });
  return Object.fromEntries(entries.map(([name, part]) => [name, plain(part)]));
}

onEachServer('values of a change stream', { schema: SCHEMA }, (server) => {
  /** The changes of what `write` does in one transaction. */
  async function changesOf(
    publication: ChangeStreamOptions['publication'],
    write: () => Promise<unknown>,
    transactions = 1,
    options: Partial<ChangeStreamOptions> = {},
  ): Promise<AnyChange[]> {
    await using stream = await openChangeStream(server.pool, {
      slot: 'temporary',
      publication,
      ...options,
    });
    await write();
    return (await take(iteratorOf(stream), transactions)).flat();
  }

  test.each([
    ['auto', 'binary'],
    [false, 'text'],
  ] as const)('are those of a query, with binary: %s', async (binary, id) => {
    const { pool } = server;
    await pool.execute('DELETE FROM every');
    const values = VALUES.map(([type, value]) => `${value}::${type}`).join(', ');
    const key = id === 'binary' ? 1 : 2;
    const changes = await changesOf(
      'every',
      async () => {
        await pool.transaction(async (tx) => {
          await tx.execute(`INSERT INTO every VALUES (${key}, ${values})`);
          await tx.execute(`INSERT INTO every VALUES (-${key})`);
        });
        await pool.execute(`UPDATE every SET id = id + 10 WHERE id = ${key}`);
        await pool.execute(`DELETE FROM every WHERE id = ${key} + 10`);
      },
      3,
      { binary },
    );
    const [row] = await pool.fetch(
      `SELECT ${key} AS id, ${VALUES.map(([type, value], i) => `${value}::${type} AS v${i}`).join(', ')}`,
    );
    const [insert, nulls, update, gone] = changes;
    expect({ ...insert.new }).toEqual({ ...row });
    expect(Object.values(nulls.new)).toEqual([-key, ...VALUES.map(() => null)]);
    expect({ ...update.old }).toEqual({ ...row });
    expect({ ...update.new }).toEqual({ ...row, id: key + 10 });
    // With REPLICA IDENTITY FULL the whole row is the key.
    expect({ ...update.key }).toEqual({ ...row });
    expect({ ...gone.old }).toEqual({ ...row, id: key + 10 });
  });

  test('of types that are made after the stream has begun', async () => {
    const { pool } = server;
    await pool.execute('CREATE PUBLICATION all_of_it FOR ALL TABLES');
    const changes = await changesOf('all_of_it', () =>
      pool.transaction(async (tx) => {
        await tx.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')");
        await tx.execute('CREATE TYPE pair AS (a int, b mood)');
        await tx.execute('CREATE DOMAIN percent AS int CHECK (VALUE <= 100)');
        await tx.execute('CREATE TYPE span AS RANGE (subtype = float8)');
        await tx.execute(
          'CREATE TABLE own (id int PRIMARY KEY, m mood, ms mood[], p pair, d percent, s span)',
        );
        await tx.execute("INSERT INTO own VALUES (1, 'ok', '{sad,ok}', '(7,sad)', 99, '[1,2)')");
      }),
    );
    const row = await pool.fetchRow('SELECT * FROM own');
    const [insert] = changes;
    expect({ ...insert.new }).toEqual({ ...row });
    expect(insert.new.p.b).toBe('sad');
    expect(insert.relation.columns.map((column: AnyChange) => column.type.name)).toEqual([
      'int4',
      'mood',
      'mood[]',
      'pair',
      'percent',
      'span',
    ]);
  });

  test('of tables and types that change on the way', async () => {
    const { pool } = server;
    const changes = await changesOf(
      'all_of_it',
      async () => {
        await pool.transaction(async (tx) => {
          await tx.execute('CREATE TABLE changing (id int PRIMARY KEY, a text)');
          await tx.execute("INSERT INTO changing VALUES (1, 'a')");
          await tx.execute('ALTER TABLE changing ADD COLUMN b int DEFAULT 5');
          await tx.execute("INSERT INTO changing VALUES (2, 'b', 6)");
          await tx.execute('ALTER TABLE changing RENAME COLUMN a TO c');
          await tx.execute("INSERT INTO changing VALUES (3, 'c', 7)");
          await tx.execute('ALTER TABLE changing DROP COLUMN b');
          await tx.execute("INSERT INTO changing VALUES (4, 'd')");
        });
        await pool.execute('CREATE TYPE growing AS (x int)');
        await pool.execute('ALTER TABLE changing ADD COLUMN g growing');
        await pool.execute("INSERT INTO changing VALUES (5, 'e', ROW(1))");
        await pool.execute('ALTER TYPE growing ADD ATTRIBUTE y text');
        await pool.execute("INSERT INTO changing VALUES (6, 'f', ROW(1, 'y'))");
      },
      3,
    );
    expect(changes.map((change) => JSON.stringify(change.new))).toEqual([
      '{"id":1,"a":"a"}',
      '{"id":2,"a":"b","b":6}',
      '{"id":3,"c":"c","b":7}',
      '{"id":4,"c":"d"}',
      '{"id":5,"c":"e","g":{"x":1}}',
      '{"id":6,"c":"f","g":{"x":1,"y":"y"}}',
    ]);
  });

  const older = (binary: 'auto' | false, alteration: string, value: object): void => {
    test(`of composite types from before ${alteration}, wherever they stand, with binary: ${binary}`, async () => {
      const { pool } = server;
      await pool.execute(`
        DROP SCHEMA IF EXISTS older CASCADE;
        CREATE SCHEMA older;
        SET search_path = older;
        CREATE TYPE c AS (a int, b text, d int);
        CREATE DOMAIN cd AS c;
        CREATE TYPE co AS (c c, n int);
        CREATE TYPE ca AS (c c[], n int);
        CREATE TYPE cr AS RANGE (subtype = c, multirange_type_name = cm);
        CREATE TABLE t (id int PRIMARY KEY, v1 c, v2 c[], v3 cd, v4 cd[], v5 co, v6 ca, v7 cr, v8 cm);
        DROP PUBLICATION IF EXISTS older;
        CREATE PUBLICATION older FOR TABLE t`);
      const options = { slot: 'older', publication: 'older', binary };
      await (await openChangeStream(pool, options)).close();
      const c = "ROW(1, 'x', 2)::c";
      await pool.execute(`
        SET search_path = older;
        INSERT INTO t VALUES (1, ${c}, ARRAY[${c}, NULL], ${c}, ARRAY[${c}::cd], ROW(${c}, 5),
          ROW(ARRAY[${c}], 5), cr(${c}, ${c}, '[]'), cm(cr(${c}, ${c}, '[]')));
        ALTER TYPE c ${alteration};
        INSERT INTO t VALUES (2)`);
      await using stream = await openChangeStream(pool, options);
      const [change, after] = (await take(iteratorOf(stream), 1)).flat() as AnyChange[];
      expect(plain(change.new)).toEqual({
        id: 1,
        v1: value,
        v2: [value, null],
        v3: value,
        v4: [value],
        v5: { c: value, n: 5 },
        v6: { c: [value], n: 5 },
        v7: { lower: value, upper: value },
        v8: [{ lower: value, upper: value }],
      });
      expect(after.new).toMatchObject({ id: 2, v8: null });
      await stream.close();
      await dropSlot(pool, 'older');
    });
  };
  // Fields were added, or nobody can tell which were dropped. A text does not tell types either.
  const byPlace = { field1: 1, field2: 'x', field3: 2 };
  const asTexts = { field1: '1', field2: 'x', field3: '2' };
  older('auto', 'ADD ATTRIBUTE z int', { a: 1, b: 'x', d: 2 });
  older('auto', 'DROP ATTRIBUTE b', byPlace);
  older('auto', 'DROP ATTRIBUTE b, ADD ATTRIBUTE z date', byPlace);
  older(false, 'ADD ATTRIBUTE z int', { a: 1, b: 'x', d: 2 });
  older(false, 'DROP ATTRIBUTE b', asTexts);
  older(false, 'DROP ATTRIBUTE b, ADD ATTRIBUTE z date', asTexts);

  test('of a composite type from before it was altered, by a codec that takes its fields', async () => {
    const { pool } = server;
    await pool.execute(`
      CREATE TYPE taken AS (a int, b text);
      CREATE TABLE fields (id int PRIMARY KEY, v taken[])`);
    await using own = await createPool(server.cluster.dsn, {
      minSize: 0,
      codecs: { taken: { format: 'tuple', decoder: (v) => ({ v }), encoder: (v) => v as never } },
    });
    const options = { slot: 'fields', publication: 'all_of_it' };
    await (await openChangeStream(own, options)).close();
    await pool.execute(`
      INSERT INTO fields VALUES (1, ARRAY[ROW(1, 'x')::taken]);
      ALTER TYPE taken DROP ATTRIBUTE a`);
    await using stream = await openChangeStream(own, options);
    const [change] = (await take(iteratorOf(stream), 1)).flat() as AnyChange[];
    expect(change.new.v).toEqual([{ v: [1, 'x'] }]);
  });

  test('of a composite type from before it was altered, by a codec that takes its text', async () => {
    const { pool } = server;
    await pool.execute(`
      CREATE TYPE written AS (a int, b text);
      CREATE TABLE texts (id int PRIMARY KEY, v written)`);
    await using own = await createPool(server.cluster.dsn, {
      minSize: 0,
      codecs: { written: { format: 'text', decoder: (text) => ({ text }), encoder: String } },
    });
    const options = { slot: 'texts', publication: 'all_of_it' };
    await (await openChangeStream(own, options)).close();
    await pool.execute(`
      INSERT INTO texts VALUES (1, ROW(1, 'x')::written);
      ALTER TYPE written ADD ATTRIBUTE c int;
      INSERT INTO texts VALUES (2, ROW(2, 'y', 3)::written)`);
    await using stream = await openChangeStream(own, options);
    const changes = (await take(iteratorOf(stream), 1)).flat() as AnyChange[];
    expect(changes.map((change) => change.new.v)).toEqual([{ text: '(1,x)' }, { text: '(2,y,3)' }]);
  });

  test('of a type without a binary form that is added on the way: the stream goes on in text', async () => {
    const { pool } = server;
    await pool.execute('CREATE TABLE paid (id int PRIMARY KEY)');
    const changes = await changesOf(
      'all_of_it',
      async () => {
        await pool.execute('INSERT INTO paid VALUES (1)');
        await pool.transaction(async (tx) => {
          await tx.execute('INSERT INTO paid VALUES (2)');
          await tx.execute('ALTER TABLE paid ADD COLUMN amount money, ADD COLUMN r regclass');
          await tx.execute("INSERT INTO paid VALUES (3, 12.5, 'paid')");
        });
      },
      2,
      { slot: 'with_money' },
    );
    expect(changes.map((change) => ({ ...change.new }))).toEqual([
      { id: 1 },
      { id: 2 },
      { id: 3, amount: '$12.50', r: 'paid' },
    ]);
    // From the start, too.
    const [again] = await changesOf('all_of_it', () =>
      pool.execute("INSERT INTO paid VALUES (4, 1, 'pg_class')"),
    );
    expect({ ...again.new }).toEqual({ id: 4, amount: '$1.00', r: 'pg_class' });
  });

  test('of such a type with a temporary slot: the transaction that was cut in two is aborted, and a gap is told', async () => {
    const { pool } = server;
    await pool.execute('CREATE TABLE billed (id int PRIMARY KEY)');
    await pool.execute('CREATE PUBLICATION billed FOR TABLE billed');
    let gaps = 0;
    await using stream = await openChangeStream(pool, {
      slot: 'temporary',
      publication: 'billed',
      onGap: () => {
        gaps += 1;
      },
    });
    await pool.transaction(async (tx) => {
      await tx.execute('INSERT INTO billed VALUES (1)');
      await tx.execute('ALTER TABLE billed ADD COLUMN amount money');
      await tx.execute('INSERT INTO billed VALUES (2, 12.5)');
    });
    const iterator = iteratorOf(stream);
    const cut = (await iterator.next()).value as ChangeTransaction;
    const [change, ...others] = (await cut.toArray()) as AnyChange[];
    expect({ ...change.new }).toEqual({ id: 1 });
    expect(others).toEqual([]);
    expect(cut.outcome).toBe('aborted');
    await until(async () => gaps > 0);
    await pool.execute('INSERT INTO billed VALUES (3, 1)');
    const [after] = (await take(iterator, 1)).flat() as AnyChange[];
    expect({ ...after.new }).toEqual({ id: 3, amount: '$1.00' });
    expect(gaps).toBe(1);
  });

  test('that are stored out of line and have not changed are UNCHANGED, or the old ones with FULL', async () => {
    const { pool } = server;
    await pool.execute('CREATE TABLE docs (id int PRIMARY KEY, n int, body text)');
    await pool.execute('ALTER TABLE docs ALTER COLUMN body SET STORAGE EXTERNAL');
    const changes = await changesOf(
      'all_of_it',
      async () => {
        await pool.execute("INSERT INTO docs VALUES (1, 1, repeat('x', 10000))");
        await pool.execute('UPDATE docs SET n = 2');
        await pool.execute('ALTER TABLE docs REPLICA IDENTITY FULL');
        await pool.execute('UPDATE docs SET n = 3');
      },
      3,
    );
    const [, without, full] = changes;
    expect(without.new.body).toBe(UNCHANGED);
    expect(without.unchanged).toEqual(['body']);
    expect(JSON.stringify(without.new)).toBe('{"id":1,"n":2}');
    expect(() => `${without.new.body}`).toThrow(TypeError);
    await expect(pool.fetchVal('SELECT $1::text', without.new.body)).rejects.toThrow(/symbol/i);
    expect(full.new.body).toBe('x'.repeat(10_000));
    expect(full.unchanged).toEqual([]);
    expect(full.old.n).toBe(2);
  });

  test('of what is published alone: column lists, row filters, partitions by their root', async () => {
    const { pool } = server;
    await pool.execute(
      'CREATE TABLE part (id int, kind text, secret text, PRIMARY KEY (id)) PARTITION BY RANGE (id)',
    );
    await pool.execute('CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (100)');
    await pool.execute(
      'CREATE PUBLICATION parts FOR TABLE part (id, kind) WHERE (id > 10) WITH (publish_via_partition_root = true)',
    );
    const [insert, ...more] = await changesOf('parts', async () => {
      await pool.execute("INSERT INTO part VALUES (1, 'a', 's'), (20, 'b', 's')");
    });
    expect(more).toEqual([]);
    expect(insert.relation.table).toBe('part');
    expect({ ...insert.new }).toEqual({ id: 20, kind: 'b' });
  });

  test('have the names that queries give them, in snapshots as well', async () => {
    await server.pool.execute('CREATE TABLE named (user_id int PRIMARY KEY, created_at text)');
    await server.pool.execute("INSERT INTO named VALUES (1, 'before')");
    await using pool = await createPool(server.cluster.dsn, {
      minSize: 0,
      transform: { column: camelCase },
    });
    await using stream = await openChangeStream(pool, {
      slot: 'named',
      publication: { name: 'named', tables: ['named'] },
      snapshot: true,
    });
    const iterator = iteratorOf(stream);
    const [[before]] = (await take(iterator, 1)) as [[AnyChange]];
    await server.pool.execute("UPDATE named SET created_at = 'after'");
    const [[after]] = (await take(iterator, 1)) as [[AnyChange]];
    expect({ ...before.new }).toEqual({ userId: 1, createdAt: 'before' });
    expect({ ...before.key }).toEqual({ userId: 1 });
    expect({ ...after.new }).toEqual({ userId: 1, createdAt: 'after' });
    expect({ ...after.key }).toEqual({ userId: 1 });
    expect(after.relation.keyColumns).toEqual(['userId']);
  });

  test('and what the driver asks for itself is understood, whatever columns are called and codecs make of texts', async () => {
    const shout = {
      schema: 'pg_catalog',
      decoder: (text: string) => ({ text }),
      encoder: (value: string) => `${value}!`,
    };
    await server.pool.execute('CREATE TABLE loud (id int PRIMARY KEY)');
    await using pool = await createPool(server.cluster.dsn, {
      minSize: 0,
      transform: { column: (name) => name.toUpperCase() },
      codecs: { text: shout, name: shout, json: shout },
    });
    await using stream = await openChangeStream(pool, {
      slot: 'loud',
      publication: { name: 'loud', tables: ['loud'] },
    });
    await server.pool.execute('INSERT INTO loud VALUES (1)');
    const { value: transaction } = await iteratorOf(stream).next();
    const [insert] = (await transaction!.toArray()) as [AnyChange];
    expect({ ...insert.new }).toEqual({ ID: 1 });
    transaction!.ack();
    await stream.flush();
    expect((await slotStatus(pool, 'loud'))!.confirmedFlush).toBe(transaction!.lsn);
    await stream.close();
    await dropSlot(pool, 'loud');
    expect(await slotStatus(pool, 'loud')).toBeNull();
  });

  test.runIf(server.version >= 18)('of generated columns', async () => {
    const { pool } = server;
    await pool.execute(
      'CREATE TABLE squares (id int PRIMARY KEY, square int GENERATED ALWAYS AS (id * id) STORED)',
    );
    await pool.execute(
      'CREATE PUBLICATION squares FOR TABLE squares WITH (publish_generated_columns = stored)',
    );
    const [insert] = await changesOf('squares', () =>
      pool.execute('INSERT INTO squares VALUES (7)'),
    );
    expect({ ...insert.new }).toEqual({ id: 7, square: 49 });
  });
});
