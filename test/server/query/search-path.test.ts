import { expect, it, onTestFinished } from 'vitest';
import {
  type Connection,
  type ConnectOptions,
  connect,
  createPool,
  type Pool,
  type PoolOptions,
  type Query,
  sql,
  type Transaction,
} from '../../../src/index.ts';
import { collect, describeEach, failure, open } from '../../support/connections.ts';
import { CountingDial } from '../../support/counting-dial.ts';
import { serverDsn, type TestedVersion } from '../../support/servers/server.ts';

/** The ways in which statements are kept, or only their descriptions. */
const MODES: readonly (readonly [string, ConnectOptions, boolean | undefined])[] = [
  ['named statements', {}, undefined],
  ['statementCacheSize: 0', { statementCacheSize: 0 }, undefined],
  ['prepare: false', {}, false],
];

/** Two schemas with the same names in them, which stand for something else in each. */
async function tenants(version: TestedVersion): Promise<readonly [string, string]> {
  const admin = await open(version);
  const names = [`ten1_${process.pid}_${++count}`, `ten2_${process.pid}_${count}`] as const;
  for (const [i, s] of names.entries()) {
    const other = i === 0 ? 'int4' : 'text';
    await admin.execute(`CREATE SCHEMA ${s};
      CREATE TYPE ${s}.status AS ENUM ('new', '${s}');
      CREATE TYPE ${s}.pair AS (${i === 0 ? 'x int4, y text' : 'y text, x int4'});
      CREATE TABLE ${s}.orders (id int4, st ${s}.status, p ${s}.pair, v ${other});
      CREATE TABLE ${s}.wide (a int4${i === 0 ? '' : ', b text'});
      INSERT INTO ${s}.wide VALUES (${i}${i === 0 ? '' : ", 'b'"});
      INSERT INTO ${s}.orders VALUES (${i}, 'new', ROW(${i === 0 ? "1, 'y'" : "'y', 1"}), '${i}')`);
  }
  await admin.execute(`CREATE FUNCTION ${names[0]}.use_tenant(name text) RETURNS void LANGUAGE plpgsql
    AS $$ BEGIN PERFORM set_config('search_path', name, true); END $$;
    CREATE FUNCTION ${names[0]}.idle(n int4) RETURNS int4 LANGUAGE sql AS 'SELECT n'`);
  onTestFinished(async () => {
    const owner = await connect(serverDsn(version));
    await owner.execute(`SET client_min_messages = error;
      DROP SCHEMA ${names[0]} CASCADE; DROP SCHEMA ${names[1]} CASCADE`);
    await owner.close();
  });
  return names;
}
let count = 0;

async function onePool(version: TestedVersion, options: PoolOptions): Promise<Pool> {
  const pool = await createPool(serverDsn(version), { minSize: 0, maxSize: 1, ...options });
  onTestFinished(() => pool.terminate());
  return pool;
}

type Enter = (tx: Transaction, schema: string, first: string) => Promise<unknown>;

const WAYS: Readonly<Record<string, Enter>> = {
  'SET LOCAL': (tx, s) => tx.execute(`SET LOCAL search_path TO ${s}`),
  'SET LOCAL with more schemas': (tx, s) => tx.execute(`SET LOCAL search_path = "${s}", public`),
  SET: (tx, s) => tx.execute(`SET search_path TO ${s}`),
  'SET SCHEMA': (tx, s) => tx.execute(`SET LOCAL SCHEMA '${s}'`),
  'SET as a query': (tx, s) => tx.fetch(`SET LOCAL search_path TO ${s}`),
  set_config: (tx, s) => tx.fetchVal("SELECT set_config('search_path', $1, true)", s),
  'UPDATE pg_settings': (tx, s) =>
    tx.execute(`UPDATE pg_settings SET setting = '${s}' WHERE name = 'search_path'`),
  'set_config of a session': (tx, s) =>
    tx.fetchVal(`SELECT set_config('search_path', '${s}', false)`),
  'a script': (tx, s) => tx.execute(`SELECT 1; SET LOCAL search_path TO ${s}; SELECT 2`),
  'a DO block': (tx, s) =>
    tx.execute(`DO $$ BEGIN EXECUTE 'SET LOCAL search_path TO ${s}'; END $$`),
  'a function': (tx, s, first) => tx.fetchVal(`SELECT ${first}.use_tenant($1)`, s),
  'a batch': (tx, s) => tx.batch([`SET LOCAL search_path TO ${s}`]),
};

describeEach('a search_path for each tenant', (version) => {
  for (const [mode, options, prepare] of MODES) {
    const q = (text: string, ...args: unknown[]) => ({ text, args, prepare });
    /** Each kind of call, and what it comes to with the first and with the second tenant. */
    const CALLS: Readonly<
      Record<string, (tx: Transaction, c: Connection, i: number, s: string) => Promise<void>>
    > = {
      'an enum parameter': async (tx, _c, i) =>
        expect(await tx.fetch(q('SELECT id FROM orders WHERE st = $1', 'new'))).toEqual([
          { id: i },
        ]),
      'a cast to an enum': async (tx, _c, _i, s) =>
        expect(await tx.fetchVal(q('SELECT $1::status', s))).toBe(s),
      'a composite': async (tx) => {
        expect(await tx.fetchVal(q('SELECT $1::pair', { x: 3, y: 'z' }))).toMatchObject({
          x: 3,
          y: 'z',
        });
        expect(await tx.fetchVal(q('SELECT p FROM orders'))).toMatchObject({ x: 1, y: 'y' });
      },
      'int4 and text': async (tx, _c, i) => {
        const value = i === 0 ? 0 : '1';
        expect(await tx.fetchRow(q('SELECT v FROM orders WHERE v = $1', value))).toEqual({
          v: value,
        });
      },
      'another number of columns': async (tx, _c, i) =>
        expect(await tx.fetch(q('SELECT * FROM wide'))).toEqual([
          i === 0 ? { a: 0 } : { a: 1, b: 'b' },
        ]),
      INSERT: async (tx, _c, i) => {
        const args = [10, 'new', i === 0 ? 5 : 'five'];
        await tx.execute(q('INSERT INTO orders (id, st, v) VALUES ($1, $2, $3)', ...args));
        expect(await tx.fetchVal(q('DELETE FROM orders WHERE id = 10 RETURNING v'))).toBe(args[2]);
      },
      executeMany: async (tx, _c, i) => {
        const v = i === 0 ? 5 : 'five';
        await tx.executeMany('INSERT INTO orders (id, st, v) VALUES ($1, $2, $3)', [
          [11, 'new', v],
          [12, 'new', v],
        ]);
        expect(await tx.fetch(q('DELETE FROM orders WHERE id > 10 RETURNING v'))).toEqual([
          { v },
          { v },
        ]);
      },
      batch: async (tx, _c, i) => {
        const [a, b] = await tx.batch([
          q('SELECT id FROM orders WHERE st = $1', 'new'),
          q('SELECT st::text, v FROM orders'),
        ]);
        expect(a!.rows).toEqual([{ id: i }]);
        expect(b!.rows).toEqual([{ st: 'new', v: i === 0 ? 0 : '1' }]);
      },
      'a stream': async (tx, _c, i) =>
        expect(await collect(tx.stream(q('SELECT v FROM orders')))).toEqual([
          { v: i === 0 ? 0 : '1' },
        ]),
      'a cursor': async (_tx, c, i) =>
        expect(await c.cursor(q('SELECT v FROM orders')).fetch(5)).toEqual([
          { v: i === 0 ? 0 : '1' },
        ]),
      'records of a COPY': async (tx, _c, i) => {
        const v = i === 0 ? 7 : 'seven';
        await tx.copyRecordsToTable('orders', {
          columns: ['id', 'st', 'v'],
          records: [[13, 'new', v]],
        });
        expect(await tx.fetchVal(q('DELETE FROM orders WHERE id = 13 RETURNING v'))).toBe(v);
      },
    };

    it.each(Object.keys(CALLS))(`is right for %s, with ${mode}`, async (call) => {
      const names = await tenants(version);
      const pool = await onePool(version, options);
      for (const [way, enter] of Object.entries(WAYS)) {
        for (const i of [0, 1, 0, 1]) {
          await pool
            .transaction(async (tx) => {
              await enter(tx, names[i]!, names[0]);
              await CALLS[call]!(tx, tx.connection, i, names[i]!);
            })
            .catch((error: Error) => {
              throw new Error(`${way}, tenant ${i}: ${error.message}`, { cause: error });
            });
        }
      }
    });

    it(`is right for calls that travel with what sets it, with ${mode}`, async () => {
      const names = await tenants(version);
      const pool = await onePool(version, options);
      for (const [way, enter] of Object.entries(WAYS)) {
        for (const i of [0, 1, 0, 1, 1, 0]) {
          const [, rows, wide] = await pool
            .transaction((tx) =>
              Promise.all([
                enter(tx, names[i]!, names[0]),
                tx.fetch(q('SELECT id FROM orders WHERE st = $1', 'new')),
                tx.fetch(q('SELECT * FROM wide')),
              ]),
            )
            .catch((error: Error) => {
              throw new Error(`${way}, tenant ${i}: ${error.message}`, { cause: error });
            });
          expect(rows, way).toEqual([{ id: i }]);
          expect(wide, way).toEqual([i === 0 ? { a: 0 } : { a: 1, b: 'b' }]);
        }
      }
    });

    it(`is right for the first call of a transaction whose settings have it, with ${mode}`, async () => {
      const names = await tenants(version);
      const pool = await onePool(version, options);
      for (const call of Object.keys(CALLS)) {
        for (const i of [0, 1, 0, 1]) {
          const settings = { search_path: names[i]!, timezone: i === 0 ? 'UTC' : 'Asia/Tokyo' };
          await pool
            .transaction({ settings }, (tx) => CALLS[call]!(tx, tx.connection, i, names[i]!))
            .catch((error: Error) => {
              throw new Error(`${call}, tenant ${i}: ${error.message}`, { cause: error });
            });
        }
      }
      const undone = pool.transaction({ settings: { search_path: names[1] } }, async (tx) => {
        await failure(tx.fetch(q('SELECT id FROM orders WHERE st = $1', 5)));
        return tx.fetchVal(q('SELECT id FROM orders WHERE st = $1', 'new'));
      });
      expect(await undone).toBe(1);
    });

    it(`is right within a batch, with ${mode}`, async () => {
      const names = await tenants(version);
      const pool = await onePool(version, options);
      const sets: Readonly<Record<string, (s: string) => Query>> = {
        'SET LOCAL': (s) => `SET LOCAL search_path TO ${s}`,
        'set_config of a parameter': (s) => ({
          text: "SELECT set_config('search_path', $1, true)",
          args: [s],
        }),
        'set_config among others': (s) => ({
          text: "SELECT set_config('search_path', $1, true), set_config('app.x', $2, true)",
          args: [s, 'y'],
        }),
      };
      const results = (i: number): unknown[] => [
        [{ id: i }],
        [i === 0 ? { a: 0 } : { a: 1, b: 'b' }],
      ];
      const queries = [q('SELECT id FROM orders WHERE st = $1', 'new'), q('SELECT * FROM wide')];
      for (const [way, set] of Object.entries(sets)) {
        for (const i of [0, 1, 0, 1]) {
          const got = await pool.batch([set(names[i]!), ...queries]);
          expect(
            got.slice(1).map(({ rows }) => rows),
            way,
          ).toEqual(results(i));
          const two = await pool.transaction(async (tx) => {
            const both = await tx.batch([
              set(names[i]!),
              ...queries,
              set(names[1 - i]!),
              ...queries,
              'SET LOCAL search_path TO public',
              "SELECT 'x' AS x",
            ]);
            expect(await tx.fetchVal('SHOW search_path'), way).toBe('public');
            return [both.slice(1, 3), both.slice(4, 6)].map((part) => part.map(({ rows }) => rows));
          });
          expect(two, way).toEqual([results(i), results(1 - i)]);
        }
      }
      const zones = await pool.batch([
        "SET LOCAL timezone = 'Asia/Tokyo'",
        q("SELECT timestamptz '2024-06-01 00:00' AS t"),
        "SET LOCAL timezone = 'UTC'",
        q("SELECT timestamptz '2024-06-01 00:00' AS t"),
      ]);
      expect(zones.flatMap(({ rows }) => [...rows])).toEqual([
        { t: new Date('2024-05-31T15:00Z') },
        { t: new Date('2024-06-01T00:00Z') },
      ]);
      const failed = pool.batch([`SET LOCAL search_path TO ${names[0]}`, 'SELECT * FROM nothing']);
      expect((await failure(failed)).message).toMatch('"nothing" does not exist');
      expect(await pool.fetchVal('SHOW search_path')).toMatch('public');
    });

    it(`is right after ROLLBACK, ROLLBACK TO, COMMIT and RESET, with ${mode}`, async () => {
      const [one, two] = await tenants(version);
      const c = await open(version, options);
      const id = () => c.fetchVal(q('SELECT id FROM orders WHERE st = $1', 'new'));
      const wide = () => c.fetch(q('SELECT * FROM wide'));
      const is = async (i: number): Promise<void> => {
        expect(await id()).toBe(i);
        expect(await wide()).toEqual([i === 0 ? { a: 0 } : { a: 1, b: 'b' }]);
      };
      await c.execute(`SET search_path = ${one}`);
      await is(0);
      await c.transaction(async (tx) => {
        await is(0);
        await tx.execute(`SET LOCAL search_path = ${two}`);
        await is(1);
        await tx
          .transaction(async (inner) => {
            await inner.execute(`SET search_path = ${one}`);
            await is(0);
            throw new Error('undo');
          })
          .catch(() => {});
        await is(1);
        await tx.execute(`SAVEPOINT s; SET LOCAL search_path = ${one}`);
        await is(0);
        await tx.execute('ROLLBACK TO SAVEPOINT s');
        await is(1);
      });
      await c.transaction(async () => is(0));
      const undone = c.transaction(async (tx) => {
        await tx.execute(`SET search_path = ${two}`);
        await is(1);
        throw new Error('undo');
      });
      await undone.catch(() => {});
      await c.transaction(async () => is(0));
      await c.transaction(async (tx) => {
        await tx.execute(`SET search_path = ${two}`);
        await tx.execute(`SET LOCAL search_path = ${one}`);
        await is(0);
      });
      await c.transaction(async () => is(1));
      await c.execute('BEGIN');
      await c.execute(`SET search_path = ${one}`);
      await is(0);
      await c.execute('ROLLBACK');
      await c.execute('BEGIN');
      await is(1);
      await c.execute(`COMMIT; SET search_path = ${one}`);
      await c.transaction(async () => is(0));
      await c.execute(`ALTER DATABASE ${await c.fetchVal('SELECT quote_ident(current_database())')}
        SET search_path = DEFAULT; SET search_path = ${two}`);
      await c.transaction(async () => is(1));
      await c.execute(`RESET search_path; SET search_path = ${one}; RESET ALL`);
      await c.execute(`SET search_path = ${one}`);
      await c.transaction(async () => is(0));
      await c.execute('DISCARD ALL');
      await c.execute(`SET search_path = ${two}`);
      await c.transaction(async () => is(1));
    });

    it(`is right for a statement of the user’s own, with ${mode}`, async () => {
      const [one, two] = await tenants(version);
      const c = await open(version, options);
      await c.execute(`SET search_path = ${one}`);
      const wide = await c.prepare('SELECT * FROM wide');
      const find = await c.prepare('SELECT id FROM orders WHERE st = $1');
      for (const i of [0, 1, 0, 1]) {
        await c.transaction(async (tx) => {
          await tx.execute(`SET LOCAL search_path TO ${i === 0 ? one : two}`);
          expect(await wide.fetch()).toEqual([i === 0 ? { a: 0 } : { a: 1, b: 'b' }]);
          expect(await find.fetchVal('new')).toBe(i);
          expect(await collect(wide.stream())).toHaveLength(1);
        });
      }
    });
  }

  it('has each tenant keep its own statements: no one prepares anew', async () => {
    const names = await tenants(version);
    const flights = new CountingDial();
    const pool = await onePool(version, { dial: flights.dial });
    const visit = (i: number): Promise<unknown> =>
      pool.transaction(async (tx) => {
        await tx.execute(`SET LOCAL search_path TO ${names[i]}`);
        await tx.fetch('SELECT id FROM orders WHERE st = $1', 'new');
      });
    for (const i of [0, 1]) await visit(i);
    flights.take();
    for (const i of [0, 1, 0, 1]) {
      await visit(i);
      // SET LOCAL with its BEGIN, the query, COMMIT.
      expect(flights.take()).toBe(3);
    }
  });

  it('has a transaction with settings keep its one flight', async () => {
    const names = await tenants(version);
    const flights = new CountingDial();
    const pool = await onePool(version, { dial: flights.dial });
    const visit = (i: number): Promise<unknown> =>
      pool.transaction({ settings: { search_path: names[i]! } }, (tx) =>
        tx.fetch('SELECT id FROM orders WHERE st = $1', 'new'),
      );
    for (const i of [0, 1]) await visit(i);
    flights.take();
    for (const i of [0, 1, 0, 1]) {
      expect(await visit(i)).toEqual([{ id: i }]);
      expect(flights.take()).toBe(2);
    }
  });

  it('has a batch that sets it keep its one flight', async () => {
    const names = await tenants(version);
    const flights = new CountingDial();
    const pool = await onePool(version, { dial: flights.dial });
    const visit = (i: number) =>
      pool.batch([
        sql`SELECT set_config('search_path', ${names[i]}, true)`,
        sql`SELECT id FROM orders WHERE st = ${'new'}`,
      ]);
    for (const i of [0, 1, 0, 1]) await visit(i);
    flights.take();
    for (const i of [0, 1, 0, 1]) {
      expect((await visit(i))[1]!.rows).toEqual([{ id: i }]);
      // The pool resets what set_config may have left.
      expect(flights.take()).toBe(2);
    }
  });

  it('does not hold up calls behind functions that set nothing', async () => {
    const [one] = await tenants(version);
    const flights = new CountingDial();
    const c = await open(version, { dial: flights.dial });
    await c.execute(`SET search_path = ${one}`);
    const call = (n: number) => c.fetchVal('SELECT idle($1)', n);
    for (const n of [1, 2, 3]) await call(n);
    flights.take();
    const calls = Array.from({ length: 50 }, (_, n) => call(n));
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect(flights.take()).toBe(1);
  });

  it('does not ask behind functions that set nothing, for each holder of a pool', async () => {
    const [one] = await tenants(version);
    const flights = new CountingDial();
    const pool = await onePool(version, { dial: flights.dial });
    const visit = (n: number) =>
      pool.transaction(async (tx) => {
        await tx.fetchVal(`SELECT ${one}.idle($1)`, n);
        return tx.fetchVal('SELECT $1::int4', n);
      });
    for (const n of [1, 2, 3]) await visit(n);
    await pool.withConnection(() => Promise.resolve());
    flights.take();
    for (const n of [4, 5]) {
      expect(await visit(n)).toBe(n);
      await pool.withConnection(() => Promise.resolve());
      // Each of the two, COMMIT, and the pool's reset.
      expect(flights.take()).toBe(4);
    }
  });

  it('sees what a function sets for the holder after one for whom it had set nothing', async () => {
    const [one] = await tenants(version);
    const pool = await onePool(version, {});
    const q = String.raw`SELECT '\xdead'::bytea::text`;
    const set = 'SELECT pg_catalog.set_config($1, $2, false)';
    const visit = (value: string) =>
      pool.withConnection(async (c) => {
        await c.fetchVal(`SELECT ${one}.idle($1)`, 1);
        const before = await c.fetchVal(q);
        await c.fetchVal(set, 'bytea_output', value);
        return [before, await c.fetchVal(q)];
      });
    const hex = String.raw`\xdead`;
    for (const value of ['hex', 'escape', 'hex', 'escape', 'escape']) {
      const after = value === 'hex' ? hex : String.raw`\336\255`;
      expect(await visit(value)).toEqual([hex, after]);
    }
  });

  it('does not ask behind functions that set nothing, for each holder of a pool', async () => {
    const [one] = await tenants(version);
    const flights = new CountingDial();
    const pool = await onePool(version, { dial: flights.dial });
    const visit = async (n: number) => {
      const found = await pool.transaction(async (tx) => {
        await tx.fetchVal(`SELECT ${one}.idle($1)`, n);
        return tx.fetchVal('SELECT $1::int4', n);
      });
      expect(found).toBe(n);
      await pool.withConnection(() => Promise.resolve());
    };
    for (const n of [1, 2, 3]) await visit(n);
    flights.take();
    for (const n of [4, 5]) {
      await visit(n);
      // Each of the two, COMMIT, and the pool's reset.
      expect(flights.take()).toBe(4);
    }
  });

  it.each([
    ['hex', ['escape', 'hex', 'escape', 'escape', 'hex']],
    ['another', ['escape', 'another', 'escape', 'another']],
  ])('asks for each holder of a pool what a function has set that has ever: %s', async (_, all) => {
    const [one] = await tenants(version);
    const pool = await onePool(version, {});
    await pool.execute(`CREATE FUNCTION ${one}.sets(value text) RETURNS void LANGUAGE plpgsql AS
      $$BEGIN IF value = 'another' THEN SET array_nulls = off; ELSE PERFORM set_config('bytea_output', value, false); END IF; END$$`);
    const q = String.raw`SELECT '\xdead'::bytea::text || coalesce(('{NULL}'::text[])[1], '')`;
    const hex = String.raw`\xdead`;
    const found = { hex, escape: String.raw`\336\255`, another: `${hex}NULL` };
    for (const value of all as (keyof typeof found)[]) {
      await pool.withConnection(async (c) => {
        expect(await c.fetchVal(q)).toBe(hex);
        await c.fetchVal(`SELECT ${one}.sets($1)`, value);
        expect(await c.fetchVal(q), value).toBe(found[value]);
      });
    }
  });

  it('keeps no more statements than it may, of all tenants together', async () => {
    const names = await tenants(version);
    const c = await open(version, { statementCacheSize: 5 });
    for (const s of [...names, ...names]) {
      await c.execute(`SET search_path = ${s}`);
      for (let n = 0; n < 4; n++) await c.fetchVal(`SELECT ${n} + id FROM orders`);
    }
    await c.fetchVal('SELECT 1');
    const kept = { text: 'SELECT count(*)::int4 FROM pg_prepared_statements', prepare: false };
    expect(await c.fetchVal(kept)).toBe(5);
  });
});
