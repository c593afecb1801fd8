import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, it } from 'vitest';
import {
  type Connection,
  DivisionByZeroError,
  InterfaceError,
  InvalidArgumentError,
  PostgresSyntaxError,
  sql,
  TimeoutError,
  UndefinedTableError,
} from '../../../src/index.ts';
import { describeEach, failure, open, openWithSchema } from '../../support/connections.ts';
import { CountingDial } from '../../support/counting-dial.ts';

describeEach('queries', (version) => {
  it('fetch resolves to all rows, fetchRow to the first, fetchVal to its first value', async () => {
    const c = await open(version);
    const query = 'SELECT g AS a, g * 2 AS b FROM generate_series($1::int4, $2::int4) g';
    expect(await c.fetch(query, 1, 2)).toEqual([
      { a: 1, b: 2 },
      { a: 2, b: 4 },
    ]);
    expect(await c.fetchRow(query, 1, 2)).toEqual({ a: 1, b: 2 });
    expect(await c.fetchVal(query, 3, 4)).toBe(3);
    expect(await c.fetch(query, 1, 0)).toEqual([]);
    expect(await c.fetchRow(query, 1, 0)).toBeNull();
    expect(await c.fetchVal(query, 1, 0)).toBeNull();
  });

  it('a result has its own length, whatever the last one of the statement had', async () => {
    const c = await open(version);
    const query = 'SELECT g AS a FROM generate_series(1, $1::int4) g';
    for (const length of [3, 0, 20_000, 2, 17, 1, 40_000, 17]) {
      const rows = await c.fetch(query, length);
      expect(rows).toHaveLength(length);
      expect(Object.keys(rows)).toHaveLength(length);
      expect(rows.at(-1)).toEqual(length === 0 ? undefined : { a: length });
    }
    expect(await c.fetchRow(query, 2)).toEqual({ a: 1 });
    expect(await c.fetchMany(query, [[2], [3]])).toHaveLength(5);
  });

  it('fetchVal takes a column by position or name and refuses one that is not there', async () => {
    const c = await open(version);
    const text = 'SELECT 1 AS a, 2 AS b, 3 AS "0", 4 AS a';
    expect(await c.fetchVal({ text, column: 1 })).toBe(2);
    expect(await c.fetchVal({ text, column: 'b' })).toBe(2);
    expect(await c.fetchVal({ text, column: 0 })).toBe(1);
    expect(await c.fetchVal({ text, column: 2 })).toBe(3);
    expect(await c.fetchVal({ text, column: 3 })).toBe(4);
    expect(await c.fetchVal({ text, column: 'a' })).toBe(4);
    expect(await c.fetchVal(text)).toBe(1);
    for (const column of [4, -1, 0.5, 'nope', 'constructor', '__proto__', 'length']) {
      await expect(c.fetchVal({ text, column })).rejects.toThrow(InterfaceError);
    }
  });

  it('fetchVal of a NULL and of no row at all is null', async () => {
    const c = await open(version);
    expect(await c.fetchVal('SELECT NULL::int4')).toBeNull();
    expect(await c.fetchVal('SELECT 1 WHERE false')).toBeNull();
  });

  it('execute resolves to the command tag, of a script to the last one', async () => {
    const c = await openWithSchema(version);
    expect(await c.execute('CREATE TABLE t (a int4)')).toBe('CREATE TABLE');
    expect(await c.execute('INSERT INTO t VALUES ($1), ($2)', 1, 2)).toBe('INSERT 0 2');
    expect(await c.execute('UPDATE t SET a = a + 1 WHERE a = $1', 1)).toBe('UPDATE 1');
    expect(await c.execute('SELECT 1; SELECT * FROM t; DELETE FROM t')).toBe('DELETE 2');
    expect(await c.execute('')).toBe('');
    expect(await c.execute('-- nothing')).toBe('');
    expect(await c.execute(sql`INSERT INTO t VALUES (${1})`)).toBe('INSERT 0 1');
    expect(await c.execute('DELETE FROM t WHERE a = $1 RETURNING a', 1)).toBe('DELETE 1');
  });

  it('runs a script as one transaction', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4)');
    const error = await failure(c.execute('INSERT INTO t VALUES (1); SELECT 1/0; SELECT 2'));
    expect(error).toBeInstanceOf(DivisionByZeroError);
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(0n);
  });

  it('fetch works for statements without a result, and for an empty one', async () => {
    const c = await open(version);
    expect(await c.fetch('CREATE TEMP TABLE x (a int4)')).toEqual([]);
    expect(await c.fetch('')).toEqual([]);
    expect(await c.fetch('/* nothing */')).toEqual([]);
    expect(await c.fetchRow('')).toBeNull();
    expect(await c.fetchVal('DROP TABLE x')).toBeNull();
    expect((await c.fetch('SELECT')).map((row) => [...row])).toEqual([[]]);
  });

  it('runs a query to its end even if one row is wanted', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE SEQUENCE s');
    await c.fetchVal("SELECT nextval('s') FROM generate_series(1, 5)");
    expect(await c.fetchVal("SELECT nextval('s')")).toBe(6n);
  });

  it('refuses several statements in one query with a result', async () => {
    const c = await open(version);
    await expect(c.fetch('SELECT 1; SELECT 2')).rejects.toThrow(PostgresSyntaxError);
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });

  it('says how many arguments a query takes, before anything is executed', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4)');
    for (const args of [[], [1, 2]]) {
      const error = await failure(c.fetch('INSERT INTO t VALUES ($1)', ...args));
      expect(error).toBeInstanceOf(InterfaceError);
      expect(error.message).toMatch(/expects 1 argument .* (0 were|2 were) passed/);
      expect(error['safeToRetry']).toBe(true);
    }
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(0n);
    await expect(c.fetch('SELECT 1', 1)).rejects.toThrow('expects 0 arguments');
  });

  it('never takes undefined for NULL', async () => {
    const c = await open(version);
    const error = await failure(c.fetch('SELECT $1::int4, $2::text', 1, undefined));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.message).toContain('$2');
    expect(error.message).toContain('null');
    expect(await c.fetchVal('SELECT $1::text', null)).toBeNull();
  });

  it('refuses what is no query', async () => {
    const c = await open(version);
    for (const query of [null, undefined, 1, {}, { text: 1 }, [] as unknown]) {
      await expect(c.fetch(query as never)).rejects.toThrow(InvalidArgumentError);
    }
    await expect(c.fetch({ text: 'SELECT 1', args: 'x' as never })).rejects.toThrow(
      InvalidArgumentError,
    );
    // @ts-expect-error a query object carries its own args
    await expect(c.fetch(sql`SELECT ${1}::int4`, 2)).rejects.toThrow(InterfaceError);
    await expect(c.fetch('SELECT \0')).rejects.toThrow(InterfaceError);
    await expect(c.execute('SELECT \0')).rejects.toThrow(InterfaceError);
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });

  it('refuses an option that does not exist, before anything is sent', async () => {
    const flights = new CountingDial();
    const c = await open(version, { dial: flights.dial });
    flights.take();
    for (const name of ['timout', 'values', 'name', 'rowMode', 'toString', '__proto', '0']) {
      const query = { text: 'SELECT 1', [name]: 1 };
      const output = (): void => {};
      for (const call of [
        () => c.fetch(query),
        () => c.execute({ ...sql`SELECT ${1}::int4`, [name]: 1 }),
        () => c.batch(['SELECT 1', query]),
        () => c.stream(query).next(),
        () => c.copyFromQuery(query, { output }),
        () => c.copyRecordsFromQuery(query).next(),
        () => c.transaction((tx) => tx.cursor(query).fetch(1)),
        () => c.transaction((tx) => tx.fetchVal(query)),
        () => c.with({ timeout: 5000 }).fetch(query),
      ]) {
        const error = await failure<InvalidArgumentError>((async () => call())());
        expect(error).toBeInstanceOf(InvalidArgumentError);
        expect(error.message).toMatch(
          `a query has no option ${JSON.stringify(name)}\nHINT:  It has`,
        );
      }
    }
    expect(flights.take()).toBe(0);
    const undefinedOnes = { text: 'SELECT 1', args: [], timout: undefined, rows: undefined };
    expect(await c.fetchVal(undefinedOnes)).toBe(1);
    const all = { text: 'SELECT $1::int4', args: [1], timeout: 5000, prepare: false, column: 0 };
    const { signal } = new AbortController();
    expect(await c.fetchVal({ ...all, rows: 'array', signal })).toBe(1);
    expect(await c.fetchVal(Object.create({ ...all, inherited: 1 }))).toBe(1);
  });

  it('refuses a placeholder beyond $65535 before anything is sent', async () => {
    const flights = new CountingDial();
    const c = await open(version, { dial: flights.dial });
    flights.take();
    const transaction = c.transaction((tx) => tx.fetch('SELECT $65536::int'));
    for (const call of [
      c.fetch('SELECT $65536'),
      c.fetchVal({ text: 'SELECT $70000::int', args: [1], prepare: false }),
      c.prepare("SELECT '$1', $99999"),
      transaction,
    ]) {
      const error = await failure<InvalidArgumentError>(call);
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect(error.message).toMatch(/^\$\d+: a query takes at most 65,535 parameters/);
    }
    expect(flights.take()).toBe(0);
    expect(await c.fetchVal('SELECT \'$65536\' /* $65537 */ AS "$65538"')).toBe('$65536');
  });

  it('sends 65,535 parameters and refuses one more', async () => {
    const c = await open(version);
    const text = (count: number) =>
      `SELECT ${Array.from({ length: count }, (_, i) => `$${i + 1}::int4`).join('+')}`;
    const list = (count: number) =>
      `SELECT count(*) FROM (VALUES ${Array.from({ length: count }, (_, i) => `($${i + 1}::int2)`).join(',')}) v`;
    expect(await c.fetchVal(text(500), ...new Array<number>(500).fill(2))).toBe(1000);
    const most = new Array<number>(65_535).fill(1);
    expect(await c.fetchVal({ text: list(65_535), args: most })).toBe(65_535n);
    await expect(c.fetchVal({ text: list(65_536), args: [...most, 1] })).rejects.toThrow(
      'at most 65,535 arguments',
    );
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });

  it('answers hundreds of calls made at once, each by its own answer or error', async () => {
    const c = await open(version);
    const calls = Array.from({ length: 600 }, (_, i) => {
      if (i % 7 === 3) return c.fetchVal('SELECT 1 / $1::int4', 0);
      if (i % 7 === 4) return c.execute('SELECT * FROM nowhere');
      if (i % 7 === 5) return c.fetchVal('SELECT $1::int4', 'x');
      if (i % 7 === 6) return c.fetchVal(`SELECT ${i}`);
      return c.fetchVal('SELECT $1::int4', i);
    });
    const results = await Promise.allSettled(calls);
    results.forEach((result, i) => {
      if (i % 7 === 3 || i % 7 === 4 || i % 7 === 5) {
        const expected = [DivisionByZeroError, UndefinedTableError, InvalidArgumentError][
          (i % 7) - 3
        ];
        expect(result.status === 'rejected' && result.reason).toBeInstanceOf(expected);
      } else {
        expect(result).toEqual({ status: 'fulfilled', value: i });
      }
    });
  });

  it('keeps the order of calls made at once', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (id serial, a int4)');
    const calls: Promise<unknown>[] = [];
    for (let i = 0; i < 50; i++) {
      calls.push(
        i % 3 === 0
          ? c.execute(`INSERT INTO t (a) VALUES (${i})`)
          : i % 3 === 1
            ? c.execute('INSERT INTO t (a) VALUES ($1)', i)
            : c.executeMany('INSERT INTO t (a) VALUES ($1)', [[i]]),
      );
    }
    await Promise.all(calls);
    const order = (await c.fetch('SELECT a FROM t ORDER BY id')).map(({ a }) => a);
    expect(order).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it('keeps the context of each caller', async () => {
    const c = await open(version);
    const storage = new AsyncLocalStorage<number>();
    const call = (i: number) =>
      storage.run(i, async () => {
        const seen: unknown[] = [];
        await c.fetchVal('SELECT $1::int4', i);
        seen.push(storage.getStore());
        await c.fetch('SELECT 1 / 0').catch(() => seen.push(storage.getStore()));
        for await (const _row of c.stream('SELECT generate_series(1, 3)')) {
          seen.push(storage.getStore());
        }
        await c.executeMany(
          'SELECT $1::int4',
          (function* () {
            seen.push(storage.getStore());
            yield [1];
          })(),
        );
        return seen;
      });
    const seen = await Promise.all(Array.from({ length: 20 }, (_, i) => call(i)));
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => new Array(6).fill(i)));
  });

  it('takes no text from the sql tag called as a function', () => {
    const callable = sql as (...given: unknown[]) => unknown;
    for (const given of ['SELECT 1', ['SELECT 1'], null, 1]) {
      expect(() => callable(given)).toThrow(InvalidArgumentError);
    }
  });

  it('a placeholder written by hand in a template of sql is refused: it would be another value', async () => {
    const c = await open(version);
    const nested = sql`$1::int4`;
    const written = [
      sql`SELECT $1::int4, ${2}::int4`,
      sql`SELECT ${1}::int4, $1::int4`,
      sql`SELECT ${nested}, ${2}::int4`,
      { ...sql`SELECT $2::int4, ${2}::int4`, timeout: 1000 },
      sql`SELECT $1::int4`,
    ];
    for (const query of written) {
      const error = await failure(c.fetch(query));
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect(String(error)).toMatch(/written by hand\nHINT: {2}Write \$\{value\}/);
      expect(await failure(c.batch([query]))).toBeInstanceOf(InvalidArgumentError);
    }
    // What is no placeholder to the server stays.
    const row = await c.fetchRow(
      sql`SELECT '$1' AS a, $tag$ $2 $tag$ AS b, ${3}::int4 AS "$4" -- $5`,
    );
    expect(row).toEqual({ a: '$1', b: ' $2 ', $4: 3 });
    // Text that is taken as it is may name a value again.
    expect(await c.fetchRow(sql`SELECT ${4}::int4 AS a, ${sql.raw('$1')} + 1 AS b`)).toEqual({
      a: 4,
      b: 5,
    });
    expect(await c.fetchVal({ ...sql`SELECT $1::int4`, args: [6] })).toBe(6);
    // Both at once: only what a template has outside of strings, names and comments is by hand.
    const both = sql`SELECT ${4}::int4 AS a, '$5' || ${sql.raw('$1::text')} AS b /* $6 */, "$7" FROM (SELECT 1) t("$7")`;
    expect(await c.fetchRow(both)).toEqual({ a: 4, b: '$54', $7: 1 });
    const inner = sql`'$8' || ${'x'}::text || ${sql.raw('$2')}`;
    expect(await c.fetchRow(sql`SELECT ${1}::int4 AS a, ${inner} AS b`)).toEqual({
      a: 1,
      b: '$8xx',
    });
    // As many placeholders as values, though one is of a string.
    const error = await failure(c.fetch(sql`SELECT $1::text, '${'x'}'`));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.message).toMatch(/^the placeholder \$1 in a template of sql was written by hand/);
  });

  it('takes query objects and the sql tag everywhere', async () => {
    const c = await open(version);
    expect(await c.fetchVal({ text: 'SELECT $1::int4', args: [4] })).toBe(4);
    expect(await c.fetchRow(sql`SELECT ${1}::int4 AS ${sql.id('a b')}`)).toEqual({ 'a b': 1 });
    const part = sql`${2}::int4 + ${3}::int4`;
    expect(await c.fetchVal(sql`SELECT ${1}::int4 + (${part}) * ${sql.raw('2')}`)).toBe(11);
    expect(
      await c.fetch(
        sql`SELECT * FROM (VALUES (${sql.join(
          [1, 2].map((v) => sql`${v}::int4`),
          '), (',
        )})) v (a)`,
      ),
    ).toEqual([{ a: 1 }, { a: 2 }]);
    const nap = sql`SELECT pg_sleep(${60})`;
    expect({ ...nap, timeout: 20 }).toEqual({
      text: 'SELECT pg_sleep($1)',
      args: [60],
      timeout: 20,
    });
    await expect(c.fetch({ ...nap, timeout: 20 })).rejects.toThrow(TimeoutError);
  });

  it('survives a result that is larger than any buffer', async () => {
    const c = await open(version);
    const value = await c.fetchVal<string>("SELECT repeat('é', 5000000)");
    expect(value).toHaveLength(5_000_000);
    expect(new Set(value)).toEqual(new Set(['é']));
    const big = 'x'.repeat(8_000_000);
    expect(await c.fetchVal('SELECT length($1::text)', big)).toBe(8_000_000);
  });

  it('reads columns by hundreds and rows by ten thousands', async () => {
    const c: Connection = await open(version);
    const columns = Array.from({ length: 1600 }, (_, i) => `${i}::int4 AS c${i}`).join(', ');
    const row = await c.fetchRow(`SELECT ${columns}`);
    expect(row?.length).toBe(1600);
    expect(row?.['c1599']).toBe(1599);
    const rows = await c.fetch<{ g: number }>('SELECT generate_series(1, 50000) AS g');
    expect(rows.reduce((sum, { g }) => sum + g, 0)).toBe((50_000 * 50_001) / 2);
  });
});
