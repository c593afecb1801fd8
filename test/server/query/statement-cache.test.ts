import { expect, it } from 'vitest';
import {
  type Connection,
  type ConnectOptions,
  InFailedSQLTransactionError,
  InvalidArgumentError,
  InvalidCachedStatementError,
  OutdatedSchemaCacheError,
  type PostgresError,
  sql,
  type Transaction,
} from '../../../src/index.ts';
import {
  collect,
  describeEach,
  failure,
  open,
  openBeside,
  openWithSchema,
} from '../../support/connections.ts';
import { CountingDial } from '../../support/counting-dial.ts';

/** With named statements, and with unnamed ones as behind a pooler. */
const MODES: readonly (readonly [string, ConnectOptions])[] = [
  ['named statements', {}],
  ['unnamed statements', { statementCacheSize: 0 }],
];

/** What tells of a change, at most once. */
const isOutdated = (error: unknown): boolean =>
  error instanceof InvalidCachedStatementError || error instanceof OutdatedSchemaCacheError;

describeEach('the statement cache', (version) => {
  const prepared = (c: Connection): Promise<bigint | null> =>
    c.fetchVal({ text: 'SELECT count(*) FROM pg_prepared_statements', prepare: false });

  it('keeps as many statements as it may, and has the server forget the rest', async () => {
    const c = await open(version, { statementCacheSize: 8 });
    for (let i = 0; i < 200; i++) expect(await c.fetchVal(`SELECT ${i}`)).toBe(i);
    expect(await prepared(c)).toBe(8n);
    const pipelined = Array.from({ length: 200 }, (_, i) => c.fetchVal(`SELECT ${i} + 1000`));
    expect((await Promise.all(pipelined)).at(-1)).toBe(1199);
    await c.fetch('SELECT 1');
    expect(await prepared(c)).toBe(8n);
  });

  it('is bounded in failed transactions too', async () => {
    const c = await open(version, { statementCacheSize: 4 });
    await c
      .transaction(async (tx) => {
        await failure(tx.fetch('SELECT 1/0'));
        for (let i = 0; i < 50; i++) await failure(tx.fetch(`SELECT ${i}`));
      })
      .catch(() => {});
    for (let i = 0; i < 10; i++) await c.fetch(`SELECT ${i}`);
    await c.fetch('SELECT 9');
    expect(await prepared(c)).toBe(4n);
  });

  it('keeps nothing of size 0, and no text that is too long', async () => {
    const none = await open(version, { statementCacheSize: 0 });
    await none.fetch('SELECT $1::int4', 1);
    expect(await prepared(none)).toBe(0n);
    const short = await open(version, { maxCacheableStatementSize: 20 });
    await short.fetch('SELECT 1 /* longer than twenty characters */');
    expect(await prepared(short)).toBe(0n);
    await short.fetch('SELECT 1');
    expect(await prepared(short)).toBe(1n);
  });

  it('leaves nothing on the server of a statement that was parsed and cannot be used', async () => {
    const type = `never_read_${process.pid}`;
    await using owner = await open(version);
    await owner.execute(`CREATE TYPE ${type} AS RANGE (subtype = int4)`);
    try {
      // A range can have no codec of the user's, which comes to light once the server has told what it is.
      const c = await open(version, { codecs: { [type]: { decoder: (text: string) => text } } });
      for (let i = 0; i < 3; i++) {
        await expect(c.fetchVal(`SELECT '[1,2)'::${type}`)).rejects.toThrow(type);
        await expect(c.prepare(`SELECT '[1,2)'::${type}`)).rejects.toThrow(type);
        await expect(c.prepare(`SELECT '[1,2)'::${type}`, { name: 'mine' })).rejects.toThrow(type);
      }
      await c.fetchVal('SELECT 1');
      expect(
        await c.fetchVal('SELECT count(*) FROM pg_prepared_statements WHERE name <> $1', ''),
      ).toBe(2n);
    } finally {
      await owner.execute(`DROP TYPE ${type}`);
    }
  });

  it('prepares a statement afresh when its time is over', async () => {
    const c = await open(version, { maxCachedStatementLifetime: 30 });
    const name = () =>
      c.fetchVal("SELECT name FROM pg_prepared_statements WHERE statement LIKE 'SELECT name%'");
    const first = await name();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await name()).not.toBe(first);
    expect(await prepared(c)).toBe(1n);
  });

  it('serves a batch with more statements than it keeps', async () => {
    const c = await open(version, { statementCacheSize: 2 });
    const queries = Array.from(
      { length: 6 },
      (_, i) => sql`SELECT ${i}::int4 + ${sql.raw(String(i))} AS v`,
    );
    for (let round = 0; round < 3; round++) {
      const results = await c.batch(queries);
      expect(results.map(({ rows }) => rows[0]!['v'])).toEqual([0, 2, 4, 6, 8, 10]);
    }
    await c.fetch('SELECT 1');
    expect(await prepared(c)).toBe(2n);
  });

  /** Texts that drop the session's statements; `name` is of one that the driver has prepared. */
  const DROPPING: readonly (readonly [string, (name: string) => string])[] = [
    ['DEALLOCATE ALL', () => 'DEALLOCATE ALL'],
    ['DEALLOCATE PREPARE ALL', () => '/* a */ deallocate -- b\n PREPARE all;'],
    ['DEALLOCATE of one of them', (name) => `DEALLOCATE ${name}`],
    ['DEALLOCATE of a quoted name', (name) => `DEALLOCATE PREPARE "${name}"`],
  ];

  it.each(DROPPING)('parses anew in a transaction what %s has dropped', async (_what, textFor) => {
    const c = await open(version);
    const query = 'SELECT $1::int4 + 1 AS v /* kept */';
    const keep = async (): Promise<string> => {
      expect(await c.fetchVal(query, 1)).toBe(2);
      return textFor(
        (await c.fetchVal<string>(
          "SELECT name FROM pg_prepared_statements WHERE statement LIKE '%/* kept */'",
        ))!,
      );
    };
    const statement = await c.prepare(query);
    const ways: Readonly<Record<string, (text: string) => Promise<unknown>>> = {
      execute: (text) => c.execute(text),
      'execute without a name': (text) => c.execute({ text, prepare: false }),
      fetch: (text) => c.fetch(text),
      script: (text) => c.execute(`SELECT 1; ${text}`),
      batch: (text) => c.batch(['SELECT 1', text]),
      executeMany: (text) => c.executeMany(text, [[]]),
    };
    for (const [way, drop] of Object.entries(ways)) {
      const text = await keep();
      const answers = await c.transaction(async (tx) => {
        await drop(text);
        const first = await tx.fetchVal(query, 1);
        return [first, await statement.fetchVal(1), await tx.fetchMany(query, [[1]])];
      });
      expect(answers, way).toEqual([2, 2, [{ v: 2 }]]);
    }
    const pipelined = await keep();
    const [, ...values] = await c.transaction((tx) =>
      Promise.all([tx.execute(pipelined), tx.fetchVal(query, 1), statement.fetchVal(2)]),
    );
    expect(values).toEqual([2, 3]);
    const inBatch = await keep();
    const results = await c.transaction((tx) =>
      tx.batch([{ text: query, args: [1] }, inBatch, { text: query, args: [2] }, 'SELECT 7 AS v']),
    );
    expect(results.map(({ rows }) => rows[0]?.['v'])).toEqual([2, undefined, 3, 7]);
    expect(await c.transaction((tx) => tx.fetchVal('SELECT 7 AS v'))).toBe(7);
  });

  it('parses nothing anew for a statement of the user’s own that is dropped', async () => {
    const c = await open(version);
    await c.fetch('SELECT 1');
    const names = () => c.fetch('SELECT name FROM pg_prepared_statements WHERE from_sql IS FALSE');
    const before = await names();
    await c.execute('PREPARE mine AS SELECT 1; DEALLOCATE mine');
    await c.execute('DISCARD SEQUENCES');
    await c.fetchVal("WITH x AS (SELECT 'deallocate; discard all') SELECT 1 FROM x");
    expect(await names()).toEqual(expect.arrayContaining(before));
  });

  for (const [mode, options] of MODES) {
    /** A schema with a table, everything about which is cached on `c`, and a second connection. */
    async function cached() {
      const c = await openWithSchema(version, options);
      const ddl = await openBeside(c, version);
      await c.execute(`CREATE TYPE pair AS (x int4, y text);
        CREATE TYPE mood AS ENUM ('a', 'b');
        CREATE TABLE t (id int4, p pair, m mood);
        INSERT INTO t VALUES (1, (1, 'one'), 'a')`);
      await all(c);
      return { c, ddl };
    }

    const all = async (c: Connection): Promise<unknown[]> => [
      await c.fetch('SELECT * FROM t'),
      await c.fetchRow('SELECT p FROM t'),
      await c.fetchVal('SELECT m FROM t WHERE m = $1', 'a'),
      await c.fetchVal('SELECT $1::mood', 'a'),
      await c.execute('UPDATE t SET m = $1', 'a'),
      await c.fetchMany('SELECT t.*, $1::int4 AS n FROM t', [[1], [2]]),
      (await c.batch([sql`SELECT * FROM t WHERE m::text = ${'a'}`, 'SELECT p FROM t'])).map(
        ({ rows }) => rows,
      ),
      await collect(c.stream('SELECT id, m FROM t')),
    ];

    const changes: readonly (readonly [string, string, boolean])[] = [
      ['a column is added', 'ALTER TABLE t ADD extra int4 DEFAULT 5', false],
      ['a column is dropped', 'ALTER TABLE t DROP p; ALTER TABLE t ADD p pair', false],
      ['a column is renamed', 'ALTER TABLE t RENAME id TO ident; ALTER TABLE t ADD id int4', false],
      ['a column has another type of the same width', 'ALTER TABLE t ALTER id TYPE float4', false],
      ['a column has a type without the same width', 'ALTER TABLE t ALTER id TYPE text', false],
      ['an attribute is added to a composite type', 'ALTER TYPE pair ADD ATTRIBUTE z int4', false],
      ['an attribute of a composite type is dropped', 'ALTER TYPE pair DROP ATTRIBUTE x', false],
      [
        'types are dropped and created anew',
        `DROP TABLE t; DROP TYPE pair; DROP TYPE mood;
         CREATE TYPE mood AS ENUM ('z', 'a'); CREATE TYPE pair AS (x float8);
         CREATE TABLE t (id int4, p pair, m mood); INSERT INTO t VALUES (1, ROW(0.5), 'a')`,
        false,
      ],
      ['the session is discarded', 'DISCARD ALL', true],
      ['its statements are deallocated', 'DEALLOCATE ALL', true],
      [
        'the search_path leads to another table',
        `CREATE SCHEMA IF NOT EXISTS elsewhere;
         CREATE TYPE elsewhere.mood AS ENUM ('a');
         CREATE TABLE elsewhere.t (id int8, p bool, m elsewhere.mood);
         INSERT INTO elsewhere.t VALUES (2, true, 'a');
         SET search_path = elsewhere`,
        true,
      ],
    ];

    it.each(changes)(`of ${mode} is right at once when %s`, async (_name, change, onSame) => {
      const { c, ddl } = await cached();
      const path = await c.fetchVal('SHOW search_path');
      try {
        await (onSame ? c : ddl).execute(change);
        if (change === 'DISCARD ALL') await c.execute(`SET search_path = ${path}`);
        // What a connection gives that has never cached anything.
        const fresh = await open(version);
        await fresh.execute(`SET search_path = ${await c.fetchVal('SHOW search_path')}`);
        for (let round = 0; round < 2; round++) expect(await all(c)).toEqual(await all(fresh));
      } finally {
        await ddl.execute(
          'SET client_min_messages = error; DROP SCHEMA IF EXISTS elsewhere CASCADE',
        );
      }
    });

    it(`of ${mode} is right when a type is made anew of which it has a constant`, async () => {
      const c = await openWithSchema(version, options);
      const ddl = await openBeside(c, version);
      await ddl.execute('CREATE DOMAIN amount AS int4');
      const texts = ["SELECT '5'::amount AS v", "SELECT ARRAY['5'::amount] AS v"];
      for (const text of [...texts, ...texts]) await c.fetch(text);
      await ddl.execute('DROP DOMAIN amount; CREATE DOMAIN amount AS text');
      expect(await c.fetchVal(texts[0]!)).toBe('5');
      expect(await c.fetchVal(texts[1]!)).toEqual(['5']);
    });

    it(`of ${mode} is as it was after internal errors that functions raise, which are not repeated`, async () => {
      const c = await openWithSchema(version, options);
      await c.execute(`CREATE SEQUENCE calls;
        CREATE FUNCTION fails(a int4) RETURNS int4 IMMUTABLE LANGUAGE plpgsql AS
          $$BEGIN PERFORM nextval('calls'); RAISE 'invalid geometry' USING ERRCODE = 'XX000'; END$$`);
      await c.fetch('SELECT $1::int8', 1n);
      const before = await prepared(c);
      const texts = ['SELECT fails($1)', 'SELECT fails(a) FROM generate_series($1::int4, 2) a'];
      for (const text of texts) {
        for (const way of [() => c.fetch(text, 1), () => c.batch([{ text, args: [1] }])]) {
          await c.execute("SELECT setval('calls', 1, false)");
          expect(await failure(way())).toMatchObject({ sqlstate: 'XX000' });
          expect(await c.fetchVal({ text: 'SELECT last_value FROM calls', prepare: false })).toBe(
            1n,
          );
        }
      }
      expect(await prepared(c)).toBeGreaterThanOrEqual(before!);
    });

    it(`of ${mode} is right when a table changes whose rows a function returns`, async () => {
      const c = await openWithSchema(version, options);
      const ddl = await openBeside(c, version);
      await c.execute(`CREATE TABLE t (a int4, b int4); INSERT INTO t VALUES (1, 2);
        CREATE FUNCTION f() RETURNS SETOF t LANGUAGE plpgsql AS 'BEGIN RETURN QUERY TABLE t; END'`);
      const q = 'SELECT * FROM f()';
      await using prepared = await c.prepare(q);
      const ways: readonly (() => Promise<readonly unknown[]>)[] = [
        () => c.fetch(q),
        () => c.fetchMany(q, [[]]),
        () => collect(c.stream(q)),
        () => prepared.fetch(),
        async () => (await c.batch([q]))[0]!.rows,
        () => c.transaction((tx) => tx.fetch(q)),
      ];
      const refused = (error: unknown): void => {
        if (error instanceof OutdatedSchemaCacheError) return;
        expect(error).toMatchObject({ sqlstate: expect.stringMatching(/^42(?:804|703)$/) });
      };
      for (const [i, way] of ways.entries()) {
        expect(await way()).toEqual([{ a: 1, b: 2 }]);
        await ddl.execute("ALTER TABLE t ALTER b TYPE text USING 'x'");
        // One that cannot be repeated is right the next time.
        if (i >= 4) await way().catch(refused);
        expect(await way(), String(way)).toEqual([{ a: 1, b: 'x' }]);
        await ddl.execute('ALTER TABLE t DROP b');
        if (i >= 4) await way().catch(refused);
        expect(await way(), String(way)).toEqual([{ a: 1 }]);
        await ddl.execute('ALTER TABLE t ADD b int4 DEFAULT 2');
        await c.reloadSchemaState();
      }
    });

    it(`of ${mode} fails inside a transaction at most, and the next one is right`, async () => {
      const { c, ddl } = await cached();
      await ddl.execute('ALTER TABLE t ADD extra int4 DEFAULT 5');
      const outcome = await c
        .transaction((tx) => tx.fetch('SELECT * FROM t'))
        .then(
          (rows) => rows,
          (error: unknown) => error,
        );
      if (outcome instanceof Error) {
        expect(isOutdated(outcome)).toBe(true);
      } else {
        expect(outcome).toMatchObject([{ extra: 5 }]);
      }
      const inside = await c.transaction(async (tx) => [
        await tx.fetch('SELECT * FROM t'),
        await tx.fetch('SELECT p FROM t'),
        await tx.fetchMany('SELECT t.*, $1::int4 AS n FROM t', [[1]]),
      ]);
      expect(inside[0]).toMatchObject([{ extra: 5 }]);
      expect(inside[2]).toMatchObject([{ extra: 5, n: 1 }]);
    });

    const CHANGES: readonly (readonly [change: string, row: object])[] = [
      ["DROP TABLE s; CREATE TABLE s AS SELECT 2::int8 AS id, 'b' AS name", { id: 2n, name: 'b' }],
      ["ALTER TABLE s ADD extra text DEFAULT 'x'", { id: 1, name: 'a', extra: 'x' }],
      ['ALTER TABLE s DROP name', { id: 1 }],
      ['ALTER TABLE s ALTER id TYPE text', { id: '1', name: 'a' }],
    ];
    it.each(CHANGES)(
      `of ${mode} is right at once as the first of a transaction, behind %s`,
      async (change, row) => {
        const c = await openWithSchema(version, options);
        const ddl = await openBeside(c, version);
        const q = 'SELECT * FROM s';
        const some = { isolation: 'repeatable_read', settings: { 'app.user': 7 } } as const;
        const ways: readonly (() => Promise<unknown>)[] = [
          () => c.transaction((tx) => tx.fetch(q)),
          () => c.transaction(some, (tx) => tx.fetch(q)),
          () => c.with({ settings: { 'app.user': 7 } }).fetch(q),
          () => c.transaction((tx) => tx.fetchMany(q, [[]])),
          async () => (await c.transaction((tx) => tx.batch([q])))[0]!.rows,
          () => c.transaction((tx) => collect(tx.stream(q))),
          () => c.transaction((tx) => collect(tx.cursor(q))),
          () => c.transaction((tx) => tx.cursor(q).fetch(10)),
          async () => {
            await using tx = await c.begin();
            const rows = await tx.fetch(q);
            await tx.commit();
            return rows;
          },
        ];
        for (const way of ways) {
          await ddl.execute(
            "DROP TABLE IF EXISTS s; CREATE TABLE s (id int4, name text); INSERT INTO s VALUES (1, 'a')",
          );
          await c.reloadSchemaState();
          for (let i = 0; i < 2; i++) expect(await way()).toEqual([{ id: 1, name: 'a' }]);
          await ddl.execute(change);
          expect(await way(), String(way)).toEqual([row]);
          expect(await way(), String(way)).toEqual([row]);
          expect(c.isInTransaction()).toBe(false);
        }
      },
    );

    it(`of ${mode} is right at once as the first of a transaction that asks for something before it`, async () => {
      const c = await openWithSchema(version, options);
      const ddl = await openBeside(c, version);
      const q = 'SELECT * FROM s';
      await c.execute('CREATE FUNCTION sets_what() RETURNS int4 LANGUAGE sql AS $$SELECT 1$$');
      const serializable = 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE';
      const level = 'SHOW transaction_isolation';
      const ways: readonly (() => Promise<unknown>)[] = [
        () => c.transaction((tx) => tx.fetch(q)),
        () => c.with({ settings: { 'app.user': 7 } }).fetch(q),
        () => c.transaction((tx) => tx.fetchMany(q, [[]])),
        () => c.transaction((tx) => collect(tx.stream(q))),
        () => c.transaction((tx) => tx.cursor(q).fetch(10)),
        async () => (await c.transaction((tx) => tx.batch(['SET LOCAL app.a = 1', q])))[1]!.rows,
        async () => {
          const [, rows, is] = await c.transaction((tx) => tx.batch([serializable, q, level]));
          expect(is!.rows).toEqual([{ transaction_isolation: 'serializable' }]);
          return rows!.rows;
        },
      ];
      for (const way of ways) {
        await ddl.execute('DROP TABLE IF EXISTS s; CREATE TABLE s AS SELECT 1 AS id');
        await c.reloadSchemaState();
        for (let i = 0; i < 2; i++) expect(await way(), String(way)).toEqual([{ id: 1 }]);
        // The first statement behind it asks the server what it has set.
        await c.fetch('SELECT sets_what()');
        await ddl.execute("ALTER TABLE s ADD name text DEFAULT 'a'");
        expect(await way(), String(way)).toEqual([{ id: 1, name: 'a' }]);
        expect(c.isInTransaction()).toBe(false);
      }
    });

    it(`of ${mode} leaves the transaction that it begins anew as it was asked for`, async () => {
      const c = await openWithSchema(version, options);
      const ddl = await openBeside(c, version);
      await c.execute('CREATE TABLE s (a int4)');
      const insert = 'INSERT INTO s VALUES ($1) RETURNING *';
      await c.fetch(insert, 0);
      const outdate = async (): Promise<void> => {
        await ddl.execute('DROP TABLE s; CREATE TABLE s (a int4, b text); CREATE INDEX ON s (a)');
        await ddl.execute('ALTER TABLE s DROP b');
      };
      const count = 'SELECT count(*), current_setting($1) AS own FROM s';
      await outdate();
      const asked = { isolation: 'serializable', settings: { 'app.user': 7 } } as const;
      await c.transaction(asked, async (tx) => {
        expect(await tx.fetch(insert, 1)).toEqual([{ a: 1 }]);
        expect(await tx.fetchRow(count, 'app.user')).toEqual({ count: 1n, own: '7' });
        expect(await tx.fetchVal('SHOW transaction_isolation')).toBe('serializable');
        expect(c.isInTransaction()).toBe(true);
      });
      expect(await c.fetchVal('SELECT count(*) FROM s')).toBe(1n);
      await outdate();
      const undone = c.transaction({ readOnly: true }, (tx) => tx.fetch(insert, 2));
      await expect(undone).rejects.toMatchObject({ sqlstate: '25006' });
      await outdate();
      const failed = await failure(
        c.transaction(async (tx) => {
          await tx.fetch(insert, 3);
          throw new Error('undone');
        }),
      );
      expect(failed.message).toBe('undone');
      await outdate();
      await using tx = await c.begin();
      await tx.fetch(insert, 4);
      await tx.rollback();
      expect(await c.fetchVal('SELECT count(*) FROM s')).toBe(0n);
    });

    it(`of ${mode} fails inside a transaction that has done more, which retries run again`, async () => {
      const { c, ddl } = await cached();
      await ddl.execute('CREATE TABLE done (a int4)');
      const q = 'SELECT * FROM t';
      let [change, runs] = [0, 0];
      const ways: readonly ((tx: Transaction) => Promise<unknown>)[] = [
        async (tx) => {
          await tx.execute('INSERT INTO done VALUES (1)');
          await tx.fetch(q);
        },
        // What is sent behind it is refused.
        (tx) => Promise.all([tx.fetch(q), tx.execute('INSERT INTO done VALUES (1)')]),
        (tx) => tx.transaction((inner) => inner.fetch(q)),
        async (tx) => {
          await tx.fetch('SELECT 1');
          await tx.fetch(q).catch(() => {});
        },
      ];
      for (const way of ways) {
        const outdate = (): Promise<unknown> => {
          change += 1;
          return ddl.execute(`ALTER TABLE t ADD x${change} int4`);
        };
        await c.fetch(q);
        await outdate();
        const refused = await failure<PostgresError>(c.transaction(way));
        // One function goes on all the same.
        if (!isOutdated(refused)) expect(refused).toBeInstanceOf(InFailedSQLTransactionError);
        expect(refused.isTransient).toBe(true);
        if (refused instanceof InvalidCachedStatementError) {
          expect(refused.hint).toContain('transaction({ retries: 1 }');
        }
        expect(await c.fetchVal('SELECT count(*) FROM done')).toBe(0n);
        await c.fetch(q);
        await outdate();
        runs = 0;
        await c.transaction({ retries: 1 }, (tx) => {
          runs += 1;
          return way(tx);
        });
        expect(runs).toBe(2);
        await c.execute('DELETE FROM done');
      }
    });

    it(`of ${mode} takes composite arguments as their type is now`, async () => {
      const { c, ddl } = await cached();
      const query = 'SELECT ($1::pair).y';
      expect(await c.fetchVal(query, [1, 'a'])).toBe('a');
      await ddl.execute('ALTER TYPE pair ADD ATTRIBUTE z int4');
      expect(await c.fetchVal(query, [1, 'b', 2])).toBe('b');
      await ddl.execute('ALTER TYPE pair DROP ATTRIBUTE z');
      expect(await c.fetchVal(query, { x: 1, y: 'c' })).toBe('c');
      await ddl.execute('ALTER TYPE pair ADD ATTRIBUTE z int4');
      expect(await c.fetchVal('SELECT ($1::pair).z', { x: 1, y: 'c' })).toBeNull();
      expect(await c.fetchVal(query, { x: 1, y: 'd', z: null })).toBe('d');
    });

    it(`of ${mode} never gives a wrong row while the schema changes all the time`, async () => {
      const { c, ddl } = await cached();
      let done = false;
      const loop = (async () => {
        for (let i = 0; !done; i++) {
          const type = ['int4', 'float4', 'text', 'int8', 'numeric'][i % 5]!;
          await ddl.execute(`ALTER TABLE t ALTER id TYPE ${type} USING id::text::${type}`);
          await ddl.execute(
            i % 2 === 0 ? 'ALTER TABLE t ADD extra text DEFAULT 5' : 'ALTER TABLE t DROP extra',
          );
        }
      })();
      // How many calls are refused is up to the machine; that calls succeed in between is not.
      for (let right = 0; right < 150; ) {
        try {
          const [row] = await c.fetch('SELECT * FROM t');
          expect(String(row!.id)).toBe('1');
          expect([undefined, '5']).toContain(row!.extra);
          const read = await c.fetchVal('SELECT id FROM t');
          expect(String(read)).toBe('1');
          right += 1;
        } catch (error) {
          // A second change between the two attempts.
          if (!isOutdated(error)) throw error;
        }
      }
      done = true;
      await loop;
    });

    it(`of ${mode} refuses no call that the schema changed under only once`, async () => {
      const { c, ddl } = await cached();
      for (let i = 0; i < 60; i++) {
        const type = ['int4', 'float4', 'text', 'int8', 'numeric'][i % 5]!;
        const [rows] = await Promise.all([
          c.fetch('SELECT * FROM t'),
          ddl.execute(`ALTER TABLE t ALTER id TYPE ${type} USING id::text::${type}`),
        ]);
        expect(rows.map((row) => String(row.id))).toEqual(['1']);
      }
    });
  }

  it('repeats calls that were made at once in their order', async () => {
    const c = await openWithSchema(version);
    const ddl = await openBeside(c, version);
    await c.execute('CREATE TABLE t (id serial, a int4)');
    const insert = 'INSERT INTO t (a) VALUES ($1) RETURNING *';
    await c.fetch(insert, 0);
    await ddl.execute('ALTER TABLE t ADD b int4');
    const rows = await Promise.all(Array.from({ length: 30 }, (_, i) => c.fetchRow(insert, i + 1)));
    expect(rows.map((row) => row!['a'])).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    const order = (await c.fetch('SELECT a FROM t ORDER BY id')).map(({ a }) => a);
    expect(order).toEqual(Array.from({ length: 31 }, (_, i) => i));
  });

  it('never repeats a call into a transaction that was begun behind it', async () => {
    const c = await openWithSchema(version);
    const ddl = await openBeside(c, version);
    await c.execute('CREATE TABLE t (a int4)');
    const insert = 'INSERT INTO t (a) VALUES ($1) RETURNING *';
    await c.fetch(insert, 0);
    await ddl.execute('ALTER TABLE t ADD b int4');
    const stale = c.fetch(insert, 1).then(
      () => 'done',
      () => 'failed',
    );
    const begun = c.execute('BEGIN');
    const outcome = await stale;
    await begun;
    await c.execute('ROLLBACK');
    const kept = await c.fetchVal('SELECT count(*) FROM t WHERE a = 1');
    expect(kept).toBe(outcome === 'done' ? 1n : 0n);
  });

  it('never repeats a batch of which a part was committed', async () => {
    const c = await openWithSchema(version);
    const ddl = await openBeside(c, version);
    await c.execute(`CREATE TABLE t (a int4); CREATE TABLE log (n int4);
      CREATE PROCEDURE keep() LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO log VALUES (1); COMMIT; END $$`);
    const insert = 'INSERT INTO log VALUES (1)';
    const read = 'SELECT * FROM t';
    await c.fetch(read);
    await ddl.execute('ALTER TABLE t ADD b0 int4');
    await expect(c.batch([insert, 'COMMIT', read])).rejects.toThrow(InvalidCachedStatementError);
    expect(await c.fetchVal('SELECT count(*) FROM log')).toBe(1n);
    // Behind what may have set anything, nothing that is known is used: it does not fail at all.
    await c.execute('TRUNCATE log; INSERT INTO t VALUES (1)');
    await c.fetch(read);
    await ddl.execute('ALTER TABLE t ADD b1 text');
    const [, rows] = await c.batch(['/* it does */ CALL keep()', read]);
    expect(rows!.rows).toEqual([{ a: 1, b0: null, b1: null }]);
    expect(await c.fetchVal('SELECT count(*) FROM log')).toBe(1n);
    // One that was undone as a whole is executed again.
    await c.execute('TRUNCATE log');
    await ddl.execute('ALTER TABLE t ADD c int4');
    await c.batch([insert, 'CREATE TABLE made (a int4)', read]);
    expect(await c.fetchVal('SELECT count(*) FROM log')).toBe(1n);
  });

  it('does not repeat what has failed on its own behalf', async () => {
    const c = await openWithSchema(version, { statementCacheSize: 0 });
    await c.execute('CREATE TABLE t (a int4)');
    const query = { text: 'INSERT INTO t SELECT g FROM generate_series($1::int4, 5) g', args: [1] };
    await c.execute(query);
    await expect(c.fetch('SELECT 1 / $1::int4', 0)).rejects.toThrow('division by zero');
    await expect(c.fetch('SELECT 1 / $1::int4', 0)).rejects.toThrow('division by zero');
    await c.execute('DROP TABLE t');
    await expect(c.execute(query)).rejects.toThrow('does not exist');
  });

  it('is emptied by reloadSchemaState, renamed attributes included', async () => {
    const c = await openWithSchema(version);
    await c.execute(`CREATE TYPE pair AS (x int4, y text); CREATE TABLE t (p pair);
      INSERT INTO t VALUES ((1, 'a'))`);
    expect(await c.fetchVal('SELECT p FROM t')).toEqual({ x: 1, y: 'a' });
    await c.execute('ALTER TYPE pair RENAME ATTRIBUTE x TO z');
    await c.reloadSchemaState();
    expect(await c.fetchVal('SELECT p FROM t')).toEqual({ z: 1, y: 'a' });
  });

  it('takes arguments as a table that was made anew on the same connection wants them', async () => {
    const c = await openWithSchema(version);
    const insert = 'INSERT INTO t VALUES ($1) RETURNING a';
    for (const [type, value] of [
      ['int4', 1],
      ['text', 'x'],
      ['date', '2026-01-02'],
      ['text', 'y'],
    ] as const) {
      await c.execute(`DROP TABLE IF EXISTS t; CREATE TABLE t (a ${type})`);
      expect(await c.fetchMany(insert, [[value]])).toEqual([{ a: value }]);
      await c.executeMany('INSERT INTO t VALUES ($1)', [[value]]);
      expect(await c.fetchVal(insert, value)).toBe(value);
      expect(await collect(c.stream(insert, value))).toEqual([{ a: value }]);
    }
  });

  it('fails once at most over a table that another connection made anew', async () => {
    const c = await openWithSchema(version);
    const other = await openBeside(c, version);
    const insert = 'INSERT INTO t VALUES ($1) RETURNING a';
    const calls: ((value: unknown) => Promise<unknown>)[] = [
      (value) => c.fetchVal(insert, value),
      (value) => c.executeMany('INSERT INTO t VALUES ($1)', [[value]]),
      (value) => c.executeMany('INSERT INTO t SELECT $1', new Set([[value]])),
      (value) => c.batch([sql`INSERT INTO t VALUES (${value}) RETURNING *`]),
      (value) => collect(c.stream('SELECT * FROM t WHERE a = $1', value)),
    ];
    for (const [type, value] of [
      ['int4', 1],
      ['text', 'x'],
      ['timestamptz', new Date(0)],
      ['jsonb', 'x'],
    ] as const) {
      await other.execute(`DROP TABLE IF EXISTS t; CREATE TABLE t (a ${type})`);
      for (const call of calls) {
        await call(value).catch((error: unknown) =>
          expect(error).toBeInstanceOf(InvalidArgumentError),
        );
        await call(value);
      }
    }
  });

  it('of unnamed statements tells of changed columns in a transaction as what they are', async () => {
    const c = await openWithSchema(version, { statementCacheSize: 0 });
    const other = await openBeside(c, version);
    await c.execute("CREATE TABLE t (a int4, x text); INSERT INTO t VALUES (1, 'x')");
    await c.fetch('SELECT * FROM t');
    await other.execute('ALTER TABLE t ADD b int4');
    const call = c.transaction(async (tx) => {
      await tx.fetch('SELECT 1');
      await tx.fetch('SELECT * FROM t');
    });
    const error = await failure(call);
    expect(error).toBeInstanceOf(OutdatedSchemaCacheError);
    expect(error.message).toMatch('the columns of the query have changed on the server');
    const rows = await c.transaction((tx) => tx.fetch('SELECT * FROM t'));
    expect(rows).toEqual([{ a: 1, x: 'x', b: null }]);
  });

  it('of a stream knows the types of an anonymous record from the second call on', async () => {
    const c = await openWithSchema(version);
    await c.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')");
    const query = "SELECT row(1, 'ok'::mood) AS r FROM generate_series(1, 3)";
    const error = await failure(collect(c.stream(query)));
    expect(error).toBeInstanceOf(OutdatedSchemaCacheError);
    expect(await collect(c.stream(query))).toEqual(Array(3).fill({ r: [1, 'ok'] }));
  });

  it('prepares anew when the types of the parameters no longer go with the table', async () => {
    const c = await openWithSchema(version);
    const other = await openBeside(c, version);
    const insert = 'INSERT INTO t VALUES ($1) RETURNING a';
    await other.execute('CREATE TABLE t (a text)');
    expect(await c.fetchVal(insert, 'x')).toBe('x');
    await other.execute('DROP TABLE t; CREATE TABLE t (a jsonb)');
    expect(await c.fetchVal(insert, 'x')).toBe('x');
    expect(await c.fetchVal('SELECT jsonb_typeof(a) FROM t')).toBe('string');
  });

  it('takes composite arguments whose type was made anew', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TYPE pair AS (a int4)');
    expect(await c.fetchVal('SELECT $1::pair', { a: 1 })).toEqual({ a: 1 });
    await c.execute('DROP TYPE pair; CREATE TYPE pair AS (b float8)');
    expect(await c.fetchVal('SELECT $1::pair', { b: 1.5 })).toEqual({ b: 1.5 });
  });

  it('sends nothing for an argument that does not fit a known statement', async () => {
    const flights = new CountingDial();
    const c = await open(version, { dial: flights.dial });
    expect(await c.fetchVal('SELECT $1::int4', 1)).toBe(1);
    flights.take();
    for (let i = 0; i < 2; i++) {
      await expect(c.fetchVal('SELECT $1::int4', 'x')).rejects.toThrow(InvalidArgumentError);
      expect(flights.take()).toBe(0);
      expect(await c.fetchVal('SELECT $1::int4', 1)).toBe(1);
      flights.take();
    }
  });

  // Before 16 the server does not list what a statement returns.
  it.skipIf(version < 16)(
    'leaves nothing on the server of a statement whose domains it could not ask for',
    async () => {
      const domain = `never_told_${process.pid}`;
      await using owner = await open(version);
      await owner.execute(`CREATE DOMAIN ${domain} AS text`);
      try {
        const decoder = (text: string): string => text;
        const c = await open(version, { statementCacheSize: 0, codecs: { [domain]: { decoder } } });
        for (let i = 0; i < 3; i++) {
          await c.execute(
            'BEGIN; REVOKE SELECT ON pg_prepared_statements FROM PUBLIC; SET LOCAL ROLE pg_monitor',
          );
          await expect(c.fetchVal(`SELECT 'a'::${domain}`)).rejects.toThrow('permission denied');
          await c.execute('ROLLBACK');
        }
        await c.fetchVal('SELECT 1');
        const left = 'SELECT count(*) FROM pg_prepared_statements WHERE name <> $1';
        expect(await c.fetchVal(left, '')).toBe(0n);
      } finally {
        await owner.execute(`DROP DOMAIN ${domain}`);
      }
    },
  );
});
