import { expect, it } from 'vitest';
import {
  type Connection,
  InterfaceError,
  InvalidArgumentError,
  PostgresError,
  UniqueViolationError,
} from '../../../src/index.ts';
import { describeEach, failure, openWithSchema } from '../../support/connections.ts';

describeEach('executeMany and fetchMany', (version) => {
  for (const options of [{}, { statementCacheSize: 0 }]) {
    const mode = 'statementCacheSize' in options ? 'an unnamed' : 'a named';
    const INSERT = 'INSERT INTO t (a, b) VALUES ($1, $2)';

    const withTable = async (): Promise<Connection> => {
      const c = await openWithSchema(version, options);
      await c.execute('CREATE TABLE t (id serial, a int4 UNIQUE, b text)');
      return c;
    };
    const count = (c: Connection) => c.fetchVal('SELECT count(*) FROM t');

    it(`execute ${mode} statement for arrays, generators and async generators`, async () => {
      const c = await withTable();
      await c.executeMany(INSERT, [
        [1, 'a'],
        [2, null],
      ]);
      await c.executeMany(
        INSERT,
        (function* () {
          for (let i = 3; i <= 1000; i++) yield [i, 'x'.repeat(i % 300)];
        })(),
      );
      await c.executeMany(
        INSERT,
        (async function* () {
          for (let i = 1001; i <= 5000; i++) yield [i, 'y'.repeat(i % 300)];
        })(),
      );
      await c.executeMany(INSERT, []);
      await c.executeMany(INSERT, new Set<unknown[]>());
      expect(await c.fetchRow('SELECT count(*), sum(a), max(id) FROM t')).toEqual({
        count: 5000n,
        sum: 12_502_500n,
        max: 5000,
      });
    });

    it(`give the rows of all executions of ${mode} statement, in order`, async () => {
      const c = await withTable();
      const rows = await c.fetchMany(
        'INSERT INTO t (a, b) SELECT g, $2 FROM generate_series($1::int4, $1 + 1) g RETURNING a, b',
        [
          [1, 'x'],
          [10, 'y'],
        ],
      );
      expect(rows).toEqual([
        { a: 1, b: 'x' },
        { a: 2, b: 'x' },
        { a: 10, b: 'y' },
        { a: 11, b: 'y' },
      ]);
      expect(await c.fetchMany(INSERT, [[3, 'z']])).toEqual([]);
      expect(await c.fetchMany('SELECT 1', [])).toEqual([]);
    });

    it(`have no effect at all if one execution of ${mode} statement fails`, async () => {
      const c = await withTable();
      const sets = (size: number, bad: unknown) =>
        Array.from({ length: size }, (_, i) => [i === size - 2 ? bad : i, 'x']);
      for (const size of [5, 50_000]) {
        const error = await failure<UniqueViolationError>(c.executeMany(INSERT, sets(size, 0)));
        expect(error).toBeInstanceOf(UniqueViolationError);
        expect(error.itemIndex).toBe(size - 2);
        const unencodable = await failure<InvalidArgumentError>(
          c.executeMany(INSERT, sets(size, 'nope')),
        );
        expect(unencodable).toBeInstanceOf(InvalidArgumentError);
        expect(unencodable.message).toContain(`$1 in row ${size - 2}`);
        expect(await count(c)).toBe(0n);
      }
    });

    it(`leave the connection usable when what gives the sets for ${mode} statement fails`, async () => {
      const c = await withTable();
      const mine = new Error('mine');
      for (const size of [3, 30_000]) {
        function* sync() {
          for (let i = 0; i < size; i++) yield [i, 'x'];
          throw mine;
        }
        async function* later() {
          yield* sync();
        }
        await expect(c.executeMany(INSERT, sync())).rejects.toBe(mine);
        await expect(c.executeMany(INSERT, later())).rejects.toBe(mine);
      }
      for (const bad of [[[1, 'a'], 'no array'], [[1, 'a'], null], [[1]], [[1, 'a', 2]]]) {
        await expect(c.executeMany(INSERT, bad as unknown[][])).rejects.toThrow(InterfaceError);
      }
      expect(await count(c)).toBe(0n);
    });
  }

  it('are one transaction, or part of the one that is open', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4 UNIQUE)');
    await c.transaction(async (tx) => {
      await tx.executeMany('INSERT INTO t VALUES ($1)', [[1], [2]]);
      await failure(
        tx.transaction((inner) => inner.executeMany('INSERT INTO t VALUES ($1)', [[3], [3]])),
      );
      await tx.executeMany('INSERT INTO t VALUES ($1)', [[4]]);
    });
    expect((await c.fetch('SELECT a FROM t ORDER BY a')).map(({ a }) => a)).toEqual([1, 2, 4]);
    await failure(
      c.transaction(async (tx) => {
        await tx.executeMany('INSERT INTO t VALUES ($1)', [[5]]);
        throw new Error('undo');
      }),
    );
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(3n);
  });

  it('take no further sets once the server has objected', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4 UNIQUE)');
    let taken = 0;
    let returned = false;
    function* sets() {
      try {
        for (;;) yield [Math.min(++taken, 5)];
      } finally {
        returned = true;
      }
    }
    await expect(c.executeMany('INSERT INTO t VALUES ($1)', sets())).rejects.toThrow(
      UniqueViolationError,
    );
    await c.fetch('SELECT 1');
    expect(returned).toBe(true);
    expect(taken).toBeLessThan(1_000_000);
  });

  it('do not wait for a source that says nothing, when aborted or out of time', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4)');
    const silent = async function* () {
      yield [1];
      await new Promise(() => {});
    };
    const abort = new AbortController();
    const call = failure(
      c.executeMany('INSERT INTO t VALUES ($1)', silent(), { signal: abort.signal }),
    );
    await new Promise((resolve) => setTimeout(resolve, 30));
    abort.abort(new Error('enough'));
    expect((await call).message).toBe('enough');
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(0n);
    const late = await failure(
      c.executeMany('INSERT INTO t VALUES ($1)', silent(), { timeout: 50 }),
    );
    expect(late.name).toBe('TimeoutError');
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(0n);
  });

  it('can be aborted in the middle and while the statement is prepared', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4)');
    const abort = new AbortController();
    function* sets() {
      for (let i = 0; ; i++) {
        if (i === 100_000) abort.abort(new Error('enough'));
        yield [i];
      }
    }
    const error = await failure(
      c.executeMany('INSERT INTO t VALUES ($1)', sets(), { signal: abort.signal }),
    );
    expect(error.message).toBe('enough');
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(0n);
    const early = new AbortController();
    const call = failure(
      c.executeMany('INSERT INTO t (a) VALUES ($1)', [[1]], { signal: early.signal }),
    );
    early.abort(new Error('early'));
    expect((await call).message).toBe('early');
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(0n);
    const expired = c.executeMany('INSERT INTO t VALUES ($1)', [[1]], { timeout: 0 });
    expect((await failure(expired)).name).toBe('TimeoutError');
  });

  it('do not lock up when both sides have much to say', async () => {
    const c = await openWithSchema(version);
    const big = 'x'.repeat(30_000);
    const rows = await c.fetchMany(
      'SELECT $1::text AS v',
      Array.from({ length: 2000 }, () => [big]),
    );
    expect(rows).toHaveLength(2000);
    expect(rows[1999]).toEqual({ v: big });
  });

  it('take an async iterator that gives its results without promises', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4)');
    const counting = (results: readonly unknown[]) => ({
      [Symbol.asyncIterator]: () => ({ next: () => results[i++] as never }),
    });
    let i = 0;
    const results = [{ value: [1] }, Promise.resolve({ value: [2] }), { done: true }];
    await c.executeMany('INSERT INTO t VALUES ($1)', counting(results));
    expect(await c.fetchVal('SELECT array_agg(a) FROM t')).toEqual([1, 2]);
    // A result that is no object is no end either.
    for (const wrong of [null, Promise.resolve(null)]) {
      i = 0;
      const call = c.executeMany('INSERT INTO t VALUES ($1)', counting([{ value: [3] }, wrong]));
      expect(await failure(call)).toBeInstanceOf(TypeError);
    }
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(2n);
  });

  it('have no effect where a source rejects with nothing, and say so', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4)');
    for (const nothing of [null, undefined]) {
      let count = 0;
      const next = async (): Promise<IteratorResult<number[]>> => {
        if (count++ === 1) throw nothing;
        return { done: false, value: [count] };
      };
      const sets = { [Symbol.asyncIterator]: () => ({ next }) };
      const error = await failure(c.executeMany('INSERT INTO t VALUES ($1)', sets));
      expect(error.message).toBe(`the source of the sets of values has failed with ${nothing}`);
    }
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(0n);
  });

  it('refuse iterables that are broken, in words', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4)');
    const of = (iterator: unknown): unknown => ({ [Symbol.iterator]: () => iterator });
    const asyncOf = (iterator: unknown): unknown => ({ [Symbol.asyncIterator]: () => iterator });
    const nextOf = (result: unknown): unknown => ({ next: () => result });
    for (const [sets, message] of [
      [{ [Symbol.iterator]: 5 }, 'the Symbol.iterator of X is not a function'],
      [{ [Symbol.asyncIterator]: {} }, 'the Symbol.asyncIterator of X is not a function'],
      [of(null), 'the iterator of X is not an object'],
      [asyncOf(undefined), 'the iterator of X is not an object'],
      [of({ next: 5 }), 'the iterator of X has no function next'],
      [asyncOf({}), 'the iterator of X has no function next'],
      [of(nextOf(null)), 'the iterator of X does not give objects'],
      [asyncOf(nextOf(Promise.resolve())), 'the iterator of X does not give objects'],
      [asyncOf(nextOf(Promise.resolve(null))), 'the iterator of X does not give objects'],
    ] as [never, string][]) {
      for (const [what, call] of [
        ['the sets of values', () => c.executeMany('INSERT INTO t VALUES ($1)', sets)],
        ['records', () => c.copyRecordsToTable('t', { records: sets })],
        ['the source', () => c.copyToTable('t', { source: sets })],
      ] as const) {
        const error = await failure(call());
        expect(error).toBeInstanceOf(TypeError);
        expect(error.message).toBe(message.replace('X', what));
      }
    }
    // As in a loop, one without a way to be waited for is asked for the other.
    const either = { [Symbol.asyncIterator]: undefined, [Symbol.iterator]: () => [[1]].values() };
    await c.executeMany('INSERT INTO t VALUES ($1)', either as never);
    expect(await c.copyRecordsToTable('t', { records: either as never })).toBe('COPY 1');
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(2n);
  });

  it('refuse what gives no sets', async () => {
    const c = await openWithSchema(version);
    for (const sets of [null, undefined, 1, {}, 'text']) {
      await expect(c.executeMany('SELECT $1::int4', sets as never)).rejects.toThrow(InterfaceError);
    }
    await expect(c.executeMany({ text: 'SELECT 1' } as never, [[]])).rejects.toThrow(
      InvalidArgumentError,
    );
  });

  it('name the row that has too few or too many values', async () => {
    const c = await openWithSchema(version);
    const query = 'SELECT $1::int4, $2::int4';
    const error = await failure(c.executeMany(query, [[1, 2], [1]]));
    expect(error).toBeInstanceOf(InterfaceError);
    expect(error.message).toMatch(
      'the server expects 2 arguments for this query, 1 was passed: query argument $2 in row 1 is missing',
    );
    const other = await failure(c.executeMany(query, [[1, 2, 3]]));
    expect(other.message).toMatch('3 were passed: query argument $3 in row 0 is too many');
    expect(await c.fetchVal('SELECT 7')).toBe(7);
  });

  it('keep memory flat over a million sets', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE UNLOGGED TABLE t (a int4)');
    let most = 0;
    function* sets() {
      for (let i = 0; i < 300_000; i++) {
        if (i % 10_000 === 0) most = Math.max(most, process.memoryUsage().arrayBuffers);
        yield [i];
      }
    }
    const before = process.memoryUsage().arrayBuffers;
    await c.executeMany('INSERT INTO t VALUES ($1)', sets());
    expect(most - before).toBeLessThan(64 * 1024 * 1024);
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(300_000n);
  });

  it('fail when the connection is lost, whatever they wait for', async () => {
    const c = await openWithSchema(version);
    const sets = async function* () {
      yield [1];
      c.terminate();
      await new Promise(() => {});
    };
    const error = await failure(c.executeMany('SELECT $1::int4', sets()));
    expect(error).toBeInstanceOf(PostgresError);
  });

  it.each([
    ['iterator', Symbol.iterator],
    ['asynchronous iterator', Symbol.asyncIterator],
  ])('fail with what a source throws that gives no %s, and hold nothing up', async (_, symbol) => {
    const broken = new Error('nothing to iterate');
    const sets = {
      [symbol]: () => {
        throw broken;
      },
    } as never;
    const c = await openWithSchema(version);
    const text = 'SELECT $1::int4';
    // Once with a statement that has to be prepared, and once with one that is known.
    for (let round = 0; round < 2; round++) {
      await expect(c.executeMany(text, sets)).rejects.toBe(broken);
      expect(await c.fetchVal(text, 7)).toBe(7);
    }
  });

  it('and batches that fail at their end, by a deferred constraint, blame no set and no query', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE late (a int4 UNIQUE DEFERRABLE INITIALLY DEFERRED)');
    const insert = 'INSERT INTO late VALUES ($1)';
    const twice = { text: insert, args: [1] };
    for (const call of [
      () => c.executeMany(insert, [[1], [1]]),
      () => c.fetchMany(`${insert} RETURNING a`, [[1], [1]]),
      () => c.batch([twice, twice]),
    ]) {
      const error = await failure<PostgresError>(call());
      expect([error.constructor, error.itemIndex]).toEqual([UniqueViolationError, null]);
    }
  });
});
