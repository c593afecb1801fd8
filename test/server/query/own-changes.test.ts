import { expect, it, onTestFinished } from 'vitest';
import { type Connection, type ConnectOptions, createPool } from '../../../src/index.ts';
import { collect, describeEach, failure, openWithSchema } from '../../support/connections.ts';
import { serverDsn } from '../../support/servers/server.ts';

const MODES: readonly (readonly [string, ConnectOptions])[] = [
  ['named statements', {}],
  ['statementCacheSize: 0', { statementCacheSize: 0 }],
];

type Get = (c: Connection, text: string) => Promise<unknown>;

const WAYS: Readonly<Record<string, Get>> = {
  fetch: (c, text) => c.fetch(text),
  'prepare: false': (c, text) => c.fetch({ text, prepare: false }),
  batch: async (c, text) => [...(await c.batch([text]))[0]!.rows],
  stream: (c, text) => collect(c.stream(text)),
  fetchMany: (c, text) => c.fetchMany(text, [[]]),
  cursor: async (c, text) => {
    await using cursor = c.cursor(text);
    return await cursor.fetch(10);
  },
};

describeEach('what a session changes itself', (version) => {
  for (const [mode, options] of MODES) {
    it.each(Object.keys(WAYS))(`is known in its transaction to %s, with ${mode}`, async (way) => {
      const get = WAYS[way]!;
      const c = await openWithSchema(version, options);
      await c.execute('CREATE TABLE t (a int4); INSERT INTO t VALUES (1)');
      const q = 'SELECT * FROM t';
      await c
        .transaction(async (tx) => {
          expect(await get(c, q)).toEqual([{ a: 1 }]);
          await tx.execute('ALTER TABLE t ADD b text');
          expect(await get(c, q)).toEqual([{ a: 1, b: null }]);
          await tx.execute('SELECT 1; ALTER TABLE t DROP a, ADD c int4; SELECT 2');
          expect(await get(c, q)).toEqual([{ b: null, c: null }]);
          await tx.fetch('ALTER TABLE t ALTER c TYPE text');
          expect(await get(c, q)).toEqual([{ b: null, c: null }]);
          await tx.batch(['CREATE TEMP TABLE t (z int8)', 'SELECT 1']);
          expect(await get(c, q)).toEqual([]);
          await tx
            .transaction(async (inner) => {
              await inner.execute('DROP TABLE pg_temp.t; ALTER TABLE t ADD x int4');
              expect(await get(c, q)).toEqual([{ b: null, c: null, x: null }]);
              throw new Error('undo');
            })
            .catch(() => {});
          expect(await get(c, q)).toEqual([]);
          await tx.execute('DROP TABLE t');
          expect(await get(c, q)).toEqual([{ b: null, c: null }]);
          throw new Error('undo');
        })
        .catch((error: Error) => expect(error.message).toBe('undo'));
      await c.transaction(async () => expect(await get(c, q)).toEqual([{ a: 1 }]));
    });

    it(`is known to functions that return its rows, with ${mode}`, async () => {
      const c = await openWithSchema(version, options);
      await c.execute(`CREATE TABLE t (a int4, b text); INSERT INTO t VALUES (1, 'x');
        CREATE FUNCTION f() RETURNS SETOF t LANGUAGE plpgsql AS 'BEGIN RETURN QUERY TABLE t; END'`);
      const texts = ['SELECT * FROM f()', 'SELECT (f()).*'];
      const ways = ['fetch', 'prepare: false', 'batch', 'stream', 'fetchMany'];
      const all = (): Promise<unknown[]> =>
        Promise.all(texts.flatMap((text) => ways.map((way) => WAYS[way]!(c, text))));
      for (const [change, row] of [
        ['SELECT 1', { a: 1, b: 'x' }],
        ['ALTER TABLE t ADD c int4 DEFAULT 7', { a: 1, b: 'x', c: 7 }],
        ['ALTER TABLE t DROP b', { a: 1, c: 7 }],
        ["ALTER TABLE t ALTER c TYPE text USING 'y'", { a: 1, c: 'y' }],
        ['ALTER TABLE t RENAME c TO d', { a: 1, d: 'y' }],
      ] as const) {
        await c.execute(change);
        for (const rows of await all()) expect(rows, change).toEqual([row]);
      }
    });

    it(`is known where the server goes on with its plan, with ${mode}`, async () => {
      const c = await openWithSchema(version, options);
      const reset = 'DROP TEXT SEARCH CONFIGURATION words; CREATE TEXT SEARCH CONFIGURATION words';
      await c.execute(`CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TABLE t (a int4);
        CREATE TEXT SEARCH CONFIGURATION words (COPY = simple)`);
      const populated = `SELECT * FROM jsonb_populate_recordset(NULL::t, '[{"a": 1, "b": 2}]')`;
      const changes: readonly (readonly [
        text: string,
        change: string,
        before: object,
        now: object,
      ])[] = [
        [
          "SELECT 'b'::mood AS v",
          "DROP TYPE mood; CREATE TYPE mood AS ENUM ('z', 'b')",
          { v: 'b' },
          { v: 'b' },
        ],
        [
          "SELECT 'z'::mood AS v",
          "ALTER TYPE mood RENAME VALUE 'z' TO 'c'; ALTER TYPE mood RENAME VALUE 'b' TO 'z'",
          { v: 'z' },
          { v: 'z' },
        ],
        [populated, 'ALTER TABLE t ADD b int4', { a: 1 }, { a: 1, b: 2 }],
        [populated, 'ALTER TABLE t ALTER b TYPE text', { a: 1, b: 2 }, { a: 1, b: '2' }],
        [
          "SELECT to_tsvector('words', 'the cats')::text AS v",
          `${reset} (COPY = english)`,
          { v: "'cats':2 'the':1" },
          { v: "'cat':2" },
        ],
      ];
      for (const [text, change, before, now] of changes) {
        const get = async (): Promise<unknown> => (await c.fetch(text).catch(() => []))[0];
        for (let i = 0; i < 2; i++) expect(await get(), text).toEqual(before);
        await c
          .transaction(async (tx) => {
            await tx.execute(change);
            expect(await get(), change).toEqual(now);
            throw new Error('undo');
          })
          .catch((error: Error) => expect(error.message).toBe('undo'));
        expect(await get(), `${change}, undone`).toEqual(before);
        await c.execute(change);
        expect(await get(), change).toEqual(now);
      }
    });

    it(`is known when many changes are undone together, with ${mode}`, async () => {
      const c = await openWithSchema(version, options);
      await c.execute('CREATE TABLE t (a int4); CREATE TABLE other (a int4)');
      const text = `SELECT * FROM jsonb_populate_recordset(NULL::t, '[{"a": 1, "b": 2}]')`;
      await c
        .transaction(async (tx) => {
          await tx.execute('ALTER TABLE t ADD b int4');
          for (let i = 0; i < 60; i++) await tx.execute(`ALTER TABLE other ADD b${i} int4`);
          expect(await c.fetch(text)).toEqual([{ a: 1, b: 2 }]);
          throw new Error('undo');
        })
        .catch((error: Error) => expect(error.message).toBe('undo'));
      expect(await c.fetch(text)).toEqual([{ a: 1 }]);
    });

    it.each(['é', '🙂', 'a·b', '"a-b"', '"É.ß"'])(
      `is known by the name %s, with ${mode}`,
      async (t) => {
        const c = await openWithSchema(version, options);
        await c.execute(`CREATE TABLE ${t} (a int4)`);
        const q = `SELECT count(*)::int4 FROM ${t}`;
        expect(await c.fetchVal(q)).toBe(0);
        await c.execute(`CREATE TEMP TABLE ${t} AS SELECT 'x' AS a`);
        expect(await c.fetchVal(q)).toBe(1);
        await c.execute(`DROP TABLE ${t}`);
        expect(await c.fetchVal(q)).toBe(0);
      },
    );

    it(`is known to parameters, with ${mode}`, async () => {
      const c = await openWithSchema(version, options);
      await c.execute("CREATE TYPE mood AS ENUM ('a'); CREATE TABLE t (v int4)");
      const insert = 'INSERT INTO t VALUES ($1) RETURNING v';
      const cast = 'SELECT $1::mood AS m';
      await c.transaction(async (tx) => {
        expect(await tx.fetchVal(insert, 1)).toBe(1);
        expect(await tx.fetchVal(cast, 'a')).toBe('a');
        await tx.execute('ALTER TABLE t ALTER v TYPE text');
        expect(await tx.fetchVal(insert, 'x')).toBe('x');
        await tx.execute("DROP TYPE mood; CREATE TYPE mood AS ENUM ('b')");
        expect(await tx.fetchVal(cast, 'b')).toBe('b');
        await tx.executeMany('INSERT INTO t VALUES ($1)', [['y'], ['z']]);
        const many = tx.executeMany('INSERT INTO t VALUES ($1)', [[1.5]]);
        expect((await failure(many)).message).toMatch('$1');
      });
    });

    it(`is known to calls that travel with it, with ${mode}`, async () => {
      const c = await openWithSchema(version, options);
      await c.execute('CREATE TABLE t (a int4); INSERT INTO t VALUES (1)');
      await c.fetch('SELECT * FROM t');
      const [, rows] = await c.transaction((tx) =>
        Promise.all([tx.execute('ALTER TABLE t ADD b int4'), tx.fetch('SELECT * FROM t')]),
      );
      expect(rows).toEqual([{ a: 1, b: null }]);
      const [first, , second] = await Promise.all([
        c.fetch('SELECT * FROM t'),
        c.execute('ALTER TABLE t ADD c int4'),
        c.fetch('SELECT * FROM t'),
      ]);
      expect([first, second]).toEqual([[{ a: 1, b: null }], [{ a: 1, b: null, c: null }]]);
    });

    it(`may be temporary tables of several shapes, with ${mode}`, async () => {
      const pool = await createPool(serverDsn(version), { minSize: 0, maxSize: 1, ...options });
      onTestFinished(() => pool.terminate());
      const job = (columns: string, values: readonly unknown[]): Promise<unknown> =>
        pool.transaction(async (tx) => {
          await tx.execute(`CREATE TEMP TABLE staging (${columns}) ON COMMIT DROP`);
          const places = values.map((_, i) => `$${i + 1}`).join(', ');
          await tx.execute(`INSERT INTO staging VALUES (${places})`, ...values);
          await tx.copyRecordsToTable('staging', { records: [values] });
          return tx.fetch('SELECT * FROM staging');
        });
      for (let round = 0; round < 3; round++) {
        expect(await job('a int4, b text', [1, 'x'])).toEqual([
          { a: 1, b: 'x' },
          { a: 1, b: 'x' },
        ]);
        expect(await job('b text, a int8', ['y', 2n])).toEqual([
          { b: 'y', a: 2n },
          { b: 'y', a: 2n },
        ]);
        expect(await job('c bool', [true])).toEqual([{ c: true }, { c: true }]);
      }
    });

    it(`is known when the pool has dropped it, with ${mode}`, async () => {
      const pool = await createPool(serverDsn(version), { minSize: 0, maxSize: 1, ...options });
      onTestFinished(() => pool.terminate());
      const table = `kept_${process.pid}`;
      const tables = `${table}, ${table}_other_0, ${table}_other_1`;
      await pool.execute(`DROP TABLE IF EXISTS ${tables}; CREATE TABLE ${table} (a int4)`);
      for (let round = 0; round < 2; round++) {
        await pool.withConnection(async (c) => {
          await c.execute(`CREATE TEMP TABLE ${table} (b text, c int8)`);
          await c.execute(`INSERT INTO ${table} VALUES ($1, $2)`, 'x', 1n);
          // What else is made does not let it forget that there is a temporary table.
          await c.execute(`CREATE TABLE ${table}_other_${round} ()`);
          expect(await c.fetch(`SELECT * FROM ${table}`)).toEqual([{ b: 'x', c: 1n }]);
        });
        const rows = await pool.transaction((tx) => tx.fetch(`SELECT * FROM ${table}`));
        expect(rows).toEqual([]);
      }
      await pool.execute(`DROP TABLE ${tables}`);
    });

    it(`is known within a batch, with ${mode}`, async () => {
      const c = await openWithSchema(version, options);
      await c.execute('CREATE TABLE t (a int4); INSERT INTO t VALUES (1)');
      await c.fetch('SELECT * FROM t WHERE a = $1', 1);
      const query = { text: 'SELECT * FROM t WHERE a = $1', args: [1] };
      const batch = [query, 'ALTER TABLE t ADD b text', query];
      const results = await c.batch(batch);
      expect(results[2]!.rows).toEqual([{ a: 1, b: null }]);
      await c.transaction(async (tx) => {
        const [, , after] = await tx.batch([query, 'ALTER TABLE t ADD c int4', query]);
        expect(after!.rows).toEqual([{ a: 1, b: null, c: null }]);
      });
    });

    it(`may be a table made by SELECT INTO, with ${mode}`, async () => {
      const c = await openWithSchema(version, options);
      await c.execute('CREATE TABLE t (a int4); INSERT INTO t VALUES (1)');
      await c.transaction(async (tx) => {
        expect(await tx.fetch('SELECT * FROM t')).toEqual([{ a: 1 }]);
        await tx.fetch("SELECT 'x' AS z INTO TEMP t");
        expect(await tx.fetch('SELECT * FROM t')).toEqual([{ z: 'x' }]);
      });
    });
  }
});
