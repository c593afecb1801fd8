import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import {
  CheckViolationError,
  ConnectionDoesNotExistError,
  DataError,
  DivisionByZeroError,
  ForeignKeyViolationError,
  IntegrityConstraintViolationError,
  InterfaceError,
  InvalidArgumentError,
  InvalidTextRepresentationError,
  NotNullViolationError,
  PostgresError,
  PostgresSyntaxError,
  QueryCanceledError,
  RaiseError,
  SyntaxOrAccessError,
  UndefinedTableError,
  UniqueViolationError,
  UnknownPostgresError,
} from '../../../src/index.ts';
import { collect, describeEach, failure, open, openWithSchema } from '../../support/connections.ts';

describeEach('errors', (version) => {
  it('has a class for every SQLSTATE, under the class of its section', async () => {
    const c = await openWithSchema(version);
    await c.execute(`CREATE TABLE p (id int4 PRIMARY KEY);
      CREATE TABLE t (id int4 UNIQUE, n int4 NOT NULL CHECK (n > 0), p int4 REFERENCES p)`);
    await c.execute('INSERT INTO t VALUES (1, 1)');
    const unique = await failure<UniqueViolationError>(
      c.execute('INSERT INTO t VALUES ($1, 1)', 1),
    );
    expect(unique).toBeInstanceOf(UniqueViolationError);
    expect(unique).toBeInstanceOf(IntegrityConstraintViolationError);
    expect(unique).toBeInstanceOf(PostgresError);
    expect(unique.sqlstate).toBe('23505');
    expect(unique.code).toBe('23505');
    expect(unique.constraintName).toBe('t_id_key');
    expect(unique.tableName).toBe('t');
    expect(unique.detail).toContain('(id)=(1)');
    expect(unique.severity).toBe('ERROR');
    expect(unique.hint).toBeNull();
    expect(unique.position).toBeNull();
    expect(unique.query).toBe('INSERT INTO t VALUES ($1, 1)');
    for (const [values, Class] of [
      ['(2, NULL)', NotNullViolationError],
      ['(2, -1)', CheckViolationError],
      ['(2, 1, 9)', ForeignKeyViolationError],
    ] as const) {
      await expect(c.execute(`INSERT INTO t VALUES ${values}`)).rejects.toThrow(Class);
    }
    await expect(c.fetch("SELECT 'x'::int4")).rejects.toThrow(InvalidTextRepresentationError);
    await expect(c.fetch("SELECT 'x'::int4")).rejects.toThrow(DataError);
    await expect(c.fetch('SELEC')).rejects.toThrow(PostgresSyntaxError);
    await expect(c.fetch('SELECT * FROM nowhere')).rejects.toThrow(UndefinedTableError);
    await expect(c.fetch('SELECT * FROM nowhere')).rejects.toThrow(SyntaxOrAccessError);
  });

  it('counts positions in the query as it was given, in a transaction too', async () => {
    const c = await open(version);
    const text = "SELECT 'é😀', nowhere";
    const expected = [...text].indexOf('n') + 1;
    for (const call of [() => c.fetch(text), () => c.execute(text)]) {
      const error = await failure<PostgresError>(call());
      expect(error.position).toBe(expected);
      const inside = await failure<PostgresError>(c.transaction(async () => call()));
      expect(inside.position).toBe(expected);
      expect(inside.query).toBe(text);
    }
  });

  it('keeps what functions raise, with a SQLSTATE of their own too', async () => {
    const c = await open(version);
    const raise = (what: string) => c.execute(`DO $$ BEGIN RAISE ${what}; END $$`);
    const plain = await failure<RaiseError>(raise("'hello' USING HINT = 'do it', DETAIL = 'why'"));
    expect(plain).toBeInstanceOf(RaiseError);
    expect([plain.message, plain.hint, plain.detail]).toEqual(['hello', 'do it', 'why']);
    expect(plain.context).toContain('PL/pgSQL');
    const own = await failure<PostgresError>(raise("'own' USING ERRCODE = 'ZX999'"));
    expect(own).toBeInstanceOf(UnknownPostgresError);
    expect(own.sqlstate).toBe('ZX999');
  });

  it('keeps a message of a mebibyte whole', async () => {
    const c = await open(version);
    const size = 1024 * 1024 - 200;
    const error = await failure(
      c.execute(`DO $$ BEGIN RAISE EXCEPTION '%', repeat('é', ${size / 2}); END $$`),
    );
    expect(error.message).toBe('é'.repeat(size / 2));
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });

  it('leaves the connection usable, whatever a call fails with', async () => {
    const c = await open(version);
    const calls: (() => Promise<unknown>)[] = [
      () => c.fetch('SELECT 1/0'),
      () => c.fetch('SELECT $1::int4', 1.5),
      () => c.fetch('SELECT $1::int4', 2 ** 31),
      () => c.fetch('SELECT $1::text', '\ud800'),
      () => c.fetch('SELECT $1::text', 'a\0b'),
      () => c.fetch('SELECT $1::timestamptz', new Date(Number.NaN)),
      () => c.fetch('SELECT $1::int4 / 0', 1),
      () => c.execute('SELECT 1; SELECT 1/0'),
      () => c.executeMany('SELECT 1 / $1::int4', [[1], [0], [2]]),
      () => c.batch(['SELECT 1', 'SELECT 1/0', 'SELECT 2']),
      () => c.prepare('SELEC'),
      () => collect(c.stream('SELECT 1 / (5 - g) FROM generate_series(1, 9) g')),
    ];
    for (const call of calls) {
      for (let i = 0; i < 2; i++) {
        const error = await failure<InterfaceError | PostgresError>(call());
        expect(error instanceof InterfaceError || error instanceof PostgresError).toBe(true);
        expect(await c.fetchVal('SELECT $1::int4', i)).toBe(i);
      }
    }
  });

  it('names the argument that does not fit, before anything is sent', async () => {
    const c = await open(version);
    const error = await failure<InvalidArgumentError>(c.fetch('SELECT $1::int4, $2::int4', 1, '1'));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.message).toContain('$2');
    expect(error.message).toContain('int4');
    expect(error.safeToRetry).toBe(true);
  });

  it('fails an int8 beyond what a number holds, for that call only', async () => {
    const c = await open(version, { types: { int8: 'number' } });
    expect(await c.fetchVal('SELECT 9007199254740991::int8')).toBe(9007199254740991);
    await expect(c.fetchVal('SELECT 9007199254740993::int8')).rejects.toThrow(InterfaceError);
    await expect(
      c.fetch('SELECT 9007199254740993::int8 FROM generate_series(1, 100)'),
    ).rejects.toThrow(InterfaceError);
    expect(await c.fetchVal('SELECT 1::int8')).toBe(1);
  });

  it('tells whether a call may be repeated, and whether the transaction is worth it', async () => {
    const c = await open(version);
    const zero = await failure<PostgresError>(c.fetch('SELECT 1/0'));
    expect([zero.safeToRetry, zero.isTransient]).toEqual([false, false]);
    const hurried = await open(version);
    await hurried.execute("SET statement_timeout = '10ms'");
    const cancelled = await failure<PostgresError>(hurried.fetch('SELECT pg_sleep(5)'));
    expect(cancelled).toBeInstanceOf(QueryCanceledError);
    const conflict = await failure<PostgresError>(
      c.execute("DO $$ BEGIN RAISE 'x' USING ERRCODE = '40001'; END $$"),
    );
    expect([conflict.sqlstate, conflict.isTransient]).toEqual(['40001', true]);
  });

  it('keeps the words of a server that ends the session in the middle of a query', async () => {
    const c = await open(version);
    const other = await open(version);
    const calls = [c.fetch('SELECT pg_sleep(60)'), c.fetch('SELECT 1'), c.fetch('SELECT 2')];
    const results = Promise.allSettled(calls);
    await expect
      .poll(() =>
        other.fetchVal('SELECT wait_event FROM pg_stat_activity WHERE pid = $1', c.serverPid),
      )
      .toBe('PgSleep');
    await other.fetch('SELECT pg_terminate_backend($1)', c.serverPid);
    for (const result of await results) {
      const error = (result as PromiseRejectedResult).reason as PostgresError;
      expect(error).toBeInstanceOf(PostgresError);
      expect(error.sqlstate).toBe('57P01');
    }
    expect(c.isClosed).toBe(true);
    await expect(c.fetch('SELECT 1')).rejects.toThrow(InterfaceError);
  });

  it('rejects calls under way when the connection is terminated, each once', async () => {
    const c = await open(version);
    const calls = Promise.allSettled([
      c.fetch('SELECT pg_sleep(60)'),
      c.execute('SELECT 1'),
      c.executeMany('SELECT $1::int4', [[1]]),
      c.transaction((tx) => tx.fetch('SELECT 1')),
    ]);
    c.terminate();
    for (const result of await calls) {
      const { reason } = result as PromiseRejectedResult;
      expect(
        reason instanceof ConnectionDoesNotExistError || reason instanceof InterfaceError,
      ).toBe(true);
    }
  });

  it('shows no secret and no query text unasked', async () => {
    const c = await open(version);
    const error = await failure<PostgresError>(
      c.execute("ALTER ROLE nobody_here PASSWORD 'hunter2'"),
    );
    expect(error.query).toContain('hunter2');
    expect(JSON.stringify(error)).not.toContain('hunter2');
    expect(inspect(error, { depth: 10 })).not.toContain('hunter2');
    expect(String(error.stack)).not.toContain('hunter2');
    expect(inspect(c, { depth: 10, showHidden: true })).not.toContain('password');
  });

  it('is a fresh error for each call', async () => {
    const c = await open(version);
    const [a, b] = await Promise.all([
      failure(c.fetch('SELECT 1/0')),
      failure(c.fetch('SELECT 1/0')),
    ]);
    expect(a).toBeInstanceOf(DivisionByZeroError);
    expect(a).not.toBe(b);
  });
});
