import { expect, it } from 'vitest';
import {
  DuplicatePreparedStatementError,
  InterfaceError,
  InvalidCachedStatementError,
  PostgresSyntaxError,
  type TypeCodec,
} from '../../../src/index.ts';
import {
  collect,
  describeEach,
  failure,
  open,
  openBeside,
  openWithSchema,
} from '../../support/connections.ts';

describeEach('prepared statements', (version) => {
  it('are executed in every way that a query is', async () => {
    const c = await open(version);
    await using statement = await c.prepare<{ a: number }>(
      'SELECT g AS a FROM generate_series(1, $1::int4) g',
    );
    expect(await statement.fetch(3)).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
    expect(await statement.fetchRow(3)).toEqual({ a: 1 });
    expect(await statement.fetchVal(3)).toBe(1);
    expect(await statement.execute(3)).toBe('SELECT 3');
    expect(await statement.fetchMany([[1], [2]])).toEqual([{ a: 1 }, { a: 1 }, { a: 2 }]);
    await statement.executeMany([[1], [2]]);
    expect(await collect(statement.stream(2))).toEqual([{ a: 1 }, { a: 2 }]);
    await c.transaction(async () => {
      const cursor = statement.cursor(5);
      expect(await cursor.fetch(2)).toEqual([{ a: 1 }, { a: 2 }]);
      expect(await collect(statement.cursor(3))).toHaveLength(3);
    });
  });

  it('tell their text, name, parameters, columns and last command tag', async () => {
    const c = await openWithSchema(version);
    await c.execute(`CREATE TYPE mood AS ENUM ('a'); CREATE DOMAIN age AS int4 CHECK (VALUE > 0)`);
    const text =
      "SELECT $1::int4[] AS list, $2::mood AS m, 1::age AS d, ROW(1) AS r, '[1,2]'::int4range AS g";
    const statement = await c.prepare(text);
    expect(statement.query).toBe(text);
    expect(statement.name).toMatch(/^asyncpg_/);
    expect(statement.statusMessage).toBeNull();
    expect(statement.parameters.map(({ name, kind }) => [name, kind])).toEqual([
      ['int4[]', 'array'],
      ['mood', 'enum'],
    ]);
    const schema = await c.fetchVal('SELECT current_schema()');
    expect(statement.parameters[0]).toEqual({
      oid: 1007,
      name: 'int4[]',
      kind: 'array',
      schema: 'pg_catalog',
    });
    expect(statement.parameters[1]!.schema).toBe(schema);
    expect(statement.attributes.map(({ name, type }) => [name, type.name, type.kind])).toEqual([
      ['list', 'int4[]', 'array'],
      ['m', 'mood', 'enum'],
      // The server describes a column of a domain by the type below it.
      ['d', 'int4', 'scalar'],
      ['r', 'record', 'composite'],
      ['g', 'int4range', 'range'],
    ]);
    await statement.fetch([1], 'a');
    expect(statement.statusMessage).toBe('SELECT 1');
    const insert = await c.prepare('CREATE TEMP TABLE x (a int4)');
    expect(insert.attributes).toEqual([]);
    expect(insert.parameters).toEqual([]);
    await insert.fetchVal();
    expect(insert.statusMessage).toBe('CREATE TABLE');
  });

  it('tell which column of which table each of their columns is', async () => {
    const c = await openWithSchema(version);
    await c.execute(`
      CREATE TABLE owner (id int8 PRIMARY KEY, gone text, name text NOT NULL);
      ALTER TABLE owner DROP COLUMN gone;
      CREATE TABLE pet (id int8, owner_id int8 REFERENCES owner, name text);
      CREATE VIEW named AS SELECT upper(name) AS loud FROM pet`);
    const [owner, pet, named] = (await c.fetchVal<number[]>(
      `SELECT ARRAY['owner'::regclass, 'pet'::regclass, 'named'::regclass]::oid[]`,
    )) as [number, number, number];
    await using statement = await c.prepare(`
      SELECT pet.name, owner.name AS called, sub.id, loud, pet.tableoid, 1 AS one, pet.id + 1 AS sum
      FROM pet LEFT JOIN owner ON owner.id = owner_id, (SELECT id FROM pet) AS sub, named`);
    expect(
      statement.attributes.map(({ name, tableOid, columnNumber }) => [
        name,
        tableOid,
        columnNumber,
      ]),
    ).toEqual([
      ['name', pet, 3],
      ['called', owner, 3],
      ['id', pet, 1],
      ['loud', named, 1],
      ['tableoid', pet, -6],
      ['one', 0, 0],
      ['sum', 0, 0],
    ]);
    await using returning = await c.prepare('INSERT INTO owner VALUES ($1, $2) RETURNING *');
    expect(returning.attributes).toEqual([
      {
        name: 'id',
        type: expect.objectContaining({ name: 'int8' }),
        tableOid: owner,
        columnNumber: 1,
      },
      {
        name: 'name',
        type: expect.objectContaining({ name: 'text' }),
        tableOid: owner,
        columnNumber: 3,
      },
    ]);
  });

  it('have names that no other process uses, or the one that is asked for', async () => {
    const c = await open(version);
    const [a, b] = [await c.prepare('SELECT 1'), await c.prepare('SELECT 1')];
    expect(a.name).not.toBe(b.name);
    expect(a.name).toMatch(/^asyncpg_[0-9a-z]{8,}_/);
    const named = await c.prepare('SELECT 2', { name: 'my "statement"' });
    expect(named.name).toBe('my "statement"');
    expect(await named.fetchVal()).toBe(2);
    await expect(c.prepare('SELECT 3', { name: 'my "statement"' })).rejects.toThrow(
      DuplicatePreparedStatementError,
    );
    expect(await failure(c.prepare('SELECT 4', { name: 5 as never }))).toMatchObject({
      message: 'the name of a prepared statement is a string',
      safeToRetry: true,
    });
    const names = await c.fetch('SELECT name FROM pg_prepared_statements');
    expect(names.map(({ name }) => name)).toEqual(
      expect.arrayContaining([a.name, b.name, 'my "statement"']),
    );
  });

  it('are freed on the server by close, and refuse to be used after it', async () => {
    const c = await open(version);
    const statement = await c.prepare('SELECT 1');
    await statement.close();
    await statement.close();
    const left = await c.fetchVal(
      'SELECT count(*) FROM pg_prepared_statements WHERE name = $1',
      statement.name,
    );
    expect(left).toBe(0n);
    for (const call of [
      () => statement.fetch(),
      () => statement.fetchVal(),
      () => statement.executeMany([[]]),
      () => statement.explain(),
      async () => statement.cursor(),
      async () => statement.stream(),
      () => statement.with({ timeout: 1000 }).fetch(),
    ]) {
      const error = await failure(call());
      expect(error).toBeInstanceOf(InterfaceError);
      expect(error.message).toContain('closed');
    }
  });

  it('refuse to be used after their connection has ended', async () => {
    const c = await open(version);
    const statement = await c.prepare('SELECT 1');
    await c.close();
    await expect(statement.fetch()).rejects.toThrow(InterfaceError);
    await statement.close();
  });

  it('explain the plan, and with analyze leave no trace', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4)');
    const statement = await c.prepare('INSERT INTO t VALUES ($1)');
    const plan = (await statement.explain({ args: [1] })) as { Plan: Record<string, unknown> }[];
    expect(plan[0]!.Plan['Node Type']).toBe('ModifyTable');
    const analyzed = (await statement.explain({ analyze: true, args: [1] })) as object[];
    expect(analyzed[0]).toHaveProperty('Execution Time');
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(0n);
    expect(c.isInTransaction()).toBe(false);
    await c.transaction(async (tx) => {
      await tx.execute('INSERT INTO t VALUES (7)');
      await statement.explain({ analyze: true, args: [1] });
      expect(await tx.fetchVal('SELECT count(*) FROM t')).toBe(1n);
    });
  });

  it('explain the plan as it is, whatever codec json has', async () => {
    const codecs: TypeCodec[] = [
      { encoder: String, decoder: (text) => ({ read: text }) },
      { encoder: String, decoder: () => 'null' },
      {
        encoder: String,
        decoder: () => {
          throw new Error('never to be called');
        },
      },
      { format: 'binary', encoder: Buffer.from, decoder: (bytes) => bytes },
    ];
    for (const options of [{}, { types: { json: 'text' } }] as const) {
      for (const json of [undefined, ...codecs]) {
        const c = await open(version, options);
        if (json !== undefined) {
          await c.setTypeCodec('json', { schema: 'pg_catalog', ...json } as TypeCodec);
        }
        const statement = await c.prepare('SELECT $1::json');
        for (const analyze of [false, true]) {
          const arg = json === undefined && !('types' in options) ? {} : '{}';
          const plan = await statement.explain({ analyze, args: [arg] });
          expect(plan).toMatchObject([{ Plan: { 'Node Type': 'Result', Output: ["'{}'::json"] } }]);
        }
      }
    }
  });

  it('take a time-out and a signal with `with`', async () => {
    const c = await open(version);
    const statement = await c.prepare('SELECT pg_sleep($1::float8)');
    const error = await failure(statement.with({ timeout: 20 }).fetch(30));
    expect(error.name).toBe('TimeoutError');
    const abort = new AbortController();
    const call = failure(statement.with({ signal: abort.signal }).fetchVal(30));
    abort.abort(new Error('enough'));
    expect((await call).message).toBe('enough');
    expect(await statement.fetch(0)).toHaveLength(1);
    const explained = statement.with({ timeout: 0 }).explain({ args: [0] });
    expect((await failure(explained)).name).toBe('TimeoutError');
    const measured = statement.with({ timeout: 20 }).explain({ analyze: true, args: [60] });
    expect((await failure(measured)).name).toBe('TimeoutError');
    expect(c.isInTransaction()).toBe(false);
  });

  it('are right when their columns changed, whoever has changed them', async () => {
    const c = await openWithSchema(version);
    const other = await openBeside(c, version);
    await c.execute('CREATE TABLE t (a int4); INSERT INTO t VALUES (1)');
    const statement = await c.prepare('SELECT * FROM t');
    expect(await statement.fetch()).toEqual([{ a: 1 }]);
    await c.execute('ALTER TABLE t ADD b int4');
    expect(await statement.fetch()).toEqual([{ a: 1, b: null }]);
    await other.execute('ALTER TABLE t ADD c int4');
    expect(await statement.fetch()).toEqual([{ a: 1, b: null, c: null }]);
    await c.transaction(async (tx) => {
      await tx.execute('ALTER TABLE t ADD d int4');
      expect(await statement.fetch()).toEqual([{ a: 1, b: null, c: null, d: null }]);
    });
    await c.transaction(() => statement.fetch());
    await other.execute('ALTER TABLE t ADD e int4');
    const late = c.transaction(async (tx) => {
      await tx.fetch('SELECT 1');
      await statement.fetch();
    });
    expect(await failure(late)).toBeInstanceOf(InvalidCachedStatementError);
    expect(await c.transaction(() => statement.fetchRow())).toHaveProperty('e', null);
  });

  it('keep the codecs that they were prepared with', async () => {
    const c = await open(version);
    const statement = await c.prepare('SELECT $1::jsonb AS v');
    expect(await statement.fetchVal({ a: 1 })).toEqual({ a: 1 });
    await c.setTypeCodec('jsonb', {
      schema: 'pg_catalog',
      encoder: (value: unknown) => JSON.stringify({ wrapped: value }),
      decoder: (text: string) => `decoded ${text}`,
      format: 'text',
    });
    expect(await statement.fetchVal({ a: 1 })).toEqual({ a: 1 });
    const later = await c.prepare('SELECT $1::jsonb AS v');
    expect(await later.fetchVal(1)).toBe('decoded {"wrapped": 1}');
    await c.resetTypeCodec('jsonb', { schema: 'pg_catalog' });
    expect(await later.fetchVal(1)).toBe('decoded {"wrapped": 1}');
    expect(await c.fetchVal('SELECT $1::jsonb AS v', { a: 1 })).toEqual({ a: 1 });
  });

  it('leave nothing behind when they cannot be prepared', async () => {
    const c = await open(version);
    await expect(c.prepare('SELEC')).rejects.toThrow(PostgresSyntaxError);
    expect(await c.fetchVal('SELECT count(*) FROM pg_prepared_statements')).toBe(1n);
  });

  it('leave nothing behind when preparing them is given up', async () => {
    const c = await openWithSchema(version);
    const other = await openBeside(c, version);
    await c.execute('CREATE TABLE t (a int4)');
    await other.execute('BEGIN; LOCK TABLE t');
    const abort = new AbortController();
    const call = failure(c.prepare('SELECT * FROM t', { signal: abort.signal }));
    await expect
      .poll(() =>
        other.fetchVal('SELECT wait_event_type FROM pg_stat_activity WHERE pid = $1', c.serverPid),
      )
      .toBe('Lock');
    abort.abort(new Error('enough'));
    expect((await call).message).toBe('enough');
    await other.execute('COMMIT');
    const query =
      "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT * FROM t%'";
    expect(await c.fetchVal(query)).toBe(0n);
  });

  it('are unnamed without a statement cache', async () => {
    const c = await open(version, { statementCacheSize: 0 });
    const statement = await c.prepare('SELECT $1::int4 AS a');
    expect(statement.name).toBe('');
    const other = await c.prepare('SELECT $1::text AS b');
    expect(await statement.fetch(1)).toEqual([{ a: 1 }]);
    expect(await other.fetch('x')).toEqual([{ b: 'x' }]);
    expect(await c.fetchVal('SELECT count(*) FROM pg_prepared_statements')).toBe(0n);
    await statement.close();
    expect(await other.fetch('x')).toEqual([{ b: 'x' }]);
  });
});
