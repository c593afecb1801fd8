import type { SqlDriverAdapter } from '@prisma/driver-adapter-utils';
import { expect, it, onTestFinished } from 'vitest';
import { ClientConfigurationError, InFailedSQLTransactionError } from '../../../../src/index.ts';
import { PrismaAsyncpg } from '../../../../src/integrations/prisma/index.ts';
import { openPools } from '../../../../src/pool/open-pools.ts';
import { describeEach, failure, open } from '../../../support/connections.ts';
import { TestPool } from '../../../support/pool.ts';
import { serverDsn, type TestedVersion } from '../../../support/servers/server.ts';
import { queryOf } from './both.ts';

/** The adapter on a pool that is closed with the test, and the table `t` of one column. */
async function openTable(version: TestedVersion, options: { maxSize?: number } = {}) {
  const test = await TestPool.open(options, serverDsn(version));
  const adapter = await new PrismaAsyncpg(test.pool).connect();
  const table = `prisma_${process.pid}_${version}_${++tables}`;
  await test.admin.execute(`CREATE TABLE ${table} (n int4)`);
  onTestFinished(async () => {
    await test.admin.execute(`DROP TABLE ${table}`);
    await test[Symbol.asyncDispose]();
  });
  const values = async (from: Pick<SqlDriverAdapter, 'queryRaw'> = adapter) => {
    const { rows } = await from.queryRaw(queryOf(`SELECT n FROM ${table} ORDER BY n`));
    return rows.map(([n]) => n);
  };
  const insert = (n: number) => queryOf(`INSERT INTO ${table} VALUES ($1)`, [n, 'int']);
  return { ...test, test, pool: test.pool, adapter, table, values, insert };
}
let tables = 0;

describeEach('transactions of Prisma’s client', (version) => {
  it('are committed and rolled back, and give their connection back', async () => {
    const { adapter, insert, values, pool } = await openTable(version, { maxSize: 1 });
    const first = await adapter.startTransaction();
    expect(first.options).toEqual({ usePhantomQuery: true });
    expect(await first.executeRaw(insert(1))).toBe(1);
    await first.commit();
    const second = await adapter.startTransaction();
    await second.executeRaw(insert(2));
    expect(await values(second)).toEqual([1, 2]);
    await second.rollback();
    expect(await values()).toEqual([1]);
    expect([pool.size, pool.idleSize]).toEqual([1, 1]);
  });

  it('have the isolation level that was asked for', async () => {
    const { adapter } = await openTable(version);
    for (const level of [
      'READ UNCOMMITTED',
      'READ COMMITTED',
      'REPEATABLE READ',
      'SERIALIZABLE',
    ] as const) {
      const tx = await adapter.startTransaction(level);
      const { rows } = await tx.queryRaw(queryOf('SHOW transaction_isolation'));
      expect(rows).toEqual([[level.toLowerCase()]]);
      await tx.rollback();
    }
    const error = await failure(adapter.startTransaction('SNAPSHOT'));
    expect(error['cause']).toEqual({ kind: 'InvalidIsolationLevel', level: 'SNAPSHOT' });
  });

  it('that nothing is done in send nothing', async () => {
    const { adapter, pool, test } = await openTable(version, { maxSize: 1 });
    await pool.execute('SELECT 1');
    const last = async () =>
      test.admin.fetchVal(
        'SELECT query FROM pg_stat_activity WHERE application_name = $1',
        test.name,
      );
    await (await adapter.startTransaction('SERIALIZABLE')).commit();
    await (await adapter.startTransaction()).rollback();
    expect(await last()).toBe('SELECT 1');
  });

  it('have savepoints', async () => {
    const { adapter, insert, values } = await openTable(version);
    const tx = await adapter.startTransaction();
    await tx.executeRaw(insert(1));
    await tx.createSavepoint('a "b"');
    await tx.executeRaw(insert(2));
    await failure(tx.queryRaw(queryOf('SELECT 1 / 0')));
    await tx.rollbackToSavepoint('a "b"');
    await tx.releaseSavepoint('a "b"');
    await tx.executeRaw(insert(3));
    await tx.commit();
    expect(await values()).toEqual([1, 3]);
  });

  it('do not say that they were committed if the server has rolled back', async () => {
    const { adapter, insert, values, pool } = await openTable(version, { maxSize: 1 });
    const tx = await adapter.startTransaction();
    await tx.executeRaw(insert(1));
    await failure(tx.queryRaw(queryOf('SELECT 1 / 0')));
    const skipped = await failure(tx.executeRaw(insert(2)));
    expect(skipped['cause']).toMatchObject({ kind: 'postgres', code: '25P02' });
    const error = await failure(tx.commit());
    expect(error['cause']).toMatchObject({ kind: 'postgres', code: '25P02' });
    expect(error['driverError']).toBeInstanceOf(InFailedSQLTransactionError);
    expect(await values()).toEqual([]);
    expect(pool.idleSize).toBe(1);
  });

  it('tell a conflict, also one that COMMIT tells of', async () => {
    const { adapter, insert, values } = await openTable(version);
    const [one, two] = await Promise.all([
      adapter.startTransaction('SERIALIZABLE'),
      adapter.startTransaction('SERIALIZABLE'),
    ]);
    await values(one);
    await values(two);
    await one.executeRaw(insert(1));
    await two.executeRaw(insert(2));
    await one.commit();
    const error = await failure(two.commit());
    expect(error['cause']).toMatchObject({
      kind: 'TransactionWriteConflict',
      originalCode: '40001',
    });
    expect(await values()).toEqual([1]);
  });

  it('on a lost connection fail, and their connection is replaced', async () => {
    const { adapter, insert, values, test } = await openTable(version, { maxSize: 1 });
    const tx = await adapter.startTransaction();
    await tx.executeRaw(insert(1));
    await test.kill();
    const error = await failure(tx.commit());
    expect(error['cause']).toMatchObject({
      kind: 'postgres',
      code: expect.stringMatching(/^(57P01|08007)$/),
    });
    expect(await values()).toEqual([]);
    const other = await adapter.startTransaction();
    await other.executeRaw(insert(2));
    await test.kill();
    await other.rollback();
    expect(await values()).toEqual([]);
  });

  it('run the calls that are made in them at once in their order', async () => {
    const { adapter, insert, values } = await openTable(version);
    const tx = await adapter.startTransaction();
    const [, , seen] = await Promise.all([
      tx.executeRaw(insert(1)),
      tx.executeRaw(insert(2)),
      values(tx),
      tx.executeRaw(insert(3)),
    ]);
    expect(seen).toEqual([1, 2]);
    await tx.commit();
    expect(await values()).toEqual([1, 2, 3]);
  });
});

describeEach('the adapter for Prisma’s client', (version) => {
  it('sends many queries at once on few connections, and prepares each text once', async () => {
    const { adapter, pool, test } = await openTable(version, { maxSize: 2 });
    const sql = 'SELECT $1::int4 + 1 AS n';
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, i) => adapter.queryRaw(queryOf(sql, [i, 'int']))),
    );
    expect(results.map(({ rows }) => rows[0]![0])).toEqual(results.map((_, i) => i + 1));
    expect(pool.size).toBeLessThanOrEqual(2);
    const { rows } = await adapter.queryRaw(
      queryOf('SELECT count(*)::int4 FROM pg_prepared_statements WHERE statement = $1', [
        sql,
        'string',
      ]),
    );
    expect(rows).toEqual([[1]]);
    // The other one may still be opening.
    await expect.poll(() => test.pool.idleSize).toBe(pool.size);
  });

  it('takes as many values as the protocol has room for', async () => {
    const { adapter } = await openTable(version);
    expect(adapter.getConnectionInfo!()).toEqual({
      maxBindValues: 65_535,
      supportsRelationJoins: true,
    });
    const places = Array.from({ length: 65_535 }, (_, i) => `$${i + 1}`).join(',');
    const values = Array.from({ length: 65_535 }, (_, i) => [i, 'int'] as const);
    const { rows } = await adapter.queryRaw(
      queryOf(
        `SELECT count(*)::int4 FROM generate_series(0, 70000) n WHERE n IN (${places})`,
        ...values,
      ),
    );
    expect(rows).toEqual([[65_535]]);
  });

  it('tells how many rows a statement has changed', async () => {
    const { adapter, table } = await openTable(version);
    const run = (sql: string) => adapter.executeRaw(queryOf(sql));
    expect(await run(`INSERT INTO ${table} SELECT generate_series(1, 3)`)).toBe(3);
    expect(await run(`UPDATE ${table} SET n = n + 1 WHERE n > 1`)).toBe(2);
    expect(await run(`DELETE FROM ${table} WHERE n = 7`)).toBe(0);
    expect(await run(`SELECT * FROM ${table}`)).toBe(3);
    expect(await run('DO $$ BEGIN END $$')).toBe(0);
    const none = await adapter.queryRaw(queryOf(`DELETE FROM ${table}`));
    expect(none).toEqual({ columnNames: [], columnTypes: [], rows: [] });
    const twice = await adapter.queryRaw(queryOf('SELECT 1 AS a, 2 AS a'));
    expect(twice).toEqual({ columnNames: ['a', 'a'], columnTypes: [0, 0], rows: [[1, 2]] });
  });

  it('runs scripts as a whole', async () => {
    const { adapter, table, values } = await openTable(version);
    await adapter.executeScript(
      `INSERT INTO ${table} VALUES (1); -- a comment; with a semicolon
       DO $$ BEGIN INSERT INTO ${table} VALUES (2); END $$;
       INSERT INTO ${table} SELECT length('a;b');`,
    );
    expect(await values()).toEqual([1, 2, 3]);
    const error = await failure(
      adapter.executeScript(`INSERT INTO ${table} VALUES (4); SELECT 1 / 0`),
    );
    expect(error['cause']).toMatchObject({ kind: 'postgres', code: '22012' });
    expect(await values()).toEqual([1, 2, 3]);
  });

  it('closes a pool that it was given only if it is told to', async () => {
    const test = await TestPool.open({}, serverDsn(version));
    onTestFinished(() => test[Symbol.asyncDispose]());
    const kept = new PrismaAsyncpg(test.pool);
    await (await kept.connect()).dispose();
    expect(await test.pool.fetchVal('SELECT 1')).toBe(1);
    await (await kept.connect()).queryRaw(queryOf('SELECT 1'));
    const closing = new PrismaAsyncpg(test.pool, { disposeExternalPool: true, schema: 'own' });
    const adapter = await closing.connect();
    expect(adapter.getConnectionInfo()).toMatchObject({ schemaName: 'own' });
    await adapter.dispose();
    expect((await failure(test.pool.fetchVal('SELECT 1'))).message).toMatch('closed');
  });

  it('makes a pool of a DSN with Prisma’s parameters, and of options', async () => {
    const dsn = `${serverDsn(version)}?schema=shop&connection_limit=2&pool_timeout=5&application_name=prisma-dsn`;
    const factory = new PrismaAsyncpg(dsn);
    expect([factory.provider, factory.adapterName]).toEqual(['postgres', 'asyncpg/prisma']);
    const adapter = await factory.connect();
    expect(adapter.getConnectionInfo()).toMatchObject({ schemaName: 'shop' });
    const names = Array.from({ length: 20 }, () =>
      adapter.queryRaw(
        queryOf('SELECT current_setting($1), pg_backend_pid()', ['application_name', 'string']),
      ),
    );
    const rows = (await Promise.all(names)).map((result) => result.rows[0]!);
    expect(new Set(rows.map(([name]) => name))).toEqual(new Set(['prisma-dsn']));
    expect(new Set(rows.map(([, pid]) => pid)).size).toBeLessThanOrEqual(2);
    await adapter.dispose();
    const url = new URL(serverDsn(version));
    const options = {
      host: url.hostname,
      port: Number(url.port),
      user: url.username,
      database: 'postgres',
    };
    const other = await new PrismaAsyncpg(options, { schema: 'x' }).connect();
    expect((await other.queryRaw(queryOf('SELECT 1'))).rows).toEqual([[1]]);
    await other.dispose();
    const pool = { query: () => {}, _events: {} };
    for (const wrong of [null, undefined, 5, () => {}, Promise.resolve(options), pool]) {
      expect(() => new PrismaAsyncpg(wrong as never)).toThrow('PrismaAsyncpg takes a Pool');
    }
    for (const wrong of [{ onPoolError() {} }, { schemas: 'x' }, { schema: 5 }, null]) {
      expect(() => new PrismaAsyncpg(options, wrong as never)).toThrow(ClientConfigurationError);
    }
  });

  it('leaves no connection where its shadow database cannot be made or dropped', async () => {
    const admin = await open(version);
    const left = (name: string) =>
      admin.fetchVal(
        'SELECT count(*)::int4 FROM pg_stat_activity WHERE application_name = $1',
        name,
      );
    const name = `prisma-shadow-${process.pid}-${version}`;
    const dsn = `${serverDsn(version)}?application_name=${name}`;
    const readOnly = new PrismaAsyncpg(`${dsn}&default_transaction_read_only=on`);
    await failure(readOnly.connectToShadowDb());
    expect(await left(name)).toBe(0);
    const shadow = await new PrismaAsyncpg(dsn).connectToShadowDb();
    const [database] = (await shadow.queryRaw(queryOf('SELECT current_database()'))).rows[0]!;
    await admin.execute(`DROP DATABASE "${database}" WITH (FORCE)`);
    await failure(shadow.dispose());
    expect(await left(name)).toBe(0);
    const unreachable = { host: '127.0.0.1', port: 1, user: 'a', database: 'd', minSize: 1 };
    await failure(new PrismaAsyncpg(unreachable).connectToShadowDb());
    const ports = [...openPools()].flatMap(({ place }) => place.hosts.map(({ port }) => port));
    expect(ports).not.toContain(1);
  });

  it('has a shadow database, which goes with it', async () => {
    const admin = await open(version);
    const test = await TestPool.open({}, serverDsn(version));
    onTestFinished(() => test[Symbol.asyncDispose]());
    for (const factory of [new PrismaAsyncpg(serverDsn(version)), new PrismaAsyncpg(test.pool)]) {
      const shadow = await factory.connectToShadowDb();
      await shadow.executeScript('CREATE TABLE t (a int4)');
      const name = (await shadow.queryRaw(queryOf('SELECT current_database()'))).rows[0]![0];
      expect(name).toMatch(/^prisma_migrate_shadow_db_/);
      await shadow.dispose();
      expect(
        await admin.fetchVal('SELECT count(*) FROM pg_database WHERE datname = $1', name),
      ).toBe(0n);
    }
    expect(await test.pool.fetchVal('SELECT 1')).toBe(1);
  });
});
