import net from 'node:net';
import { PrismaPg } from '@prisma/adapter-pg';
import type { SqlDriverAdapter } from '@prisma/driver-adapter-utils';
import { expect, it, onTestFinished } from 'vitest';
import { createPool, UniqueViolationError } from '../../../../src/index.ts';
import { PrismaAsyncpg } from '../../../../src/integrations/prisma/index.ts';
import { describeEach, failure, open } from '../../../support/connections.ts';
import { freePort, until } from '../../../support/pool.ts';
import { serverDsn } from '../../../support/servers/server.ts';
import { type Both, failuresOf, openBoth, queryOf } from './both.ts';

/** Both adapters on another server or database. */
async function openAt(dsn: string): Promise<Both> {
  const [theirs, ours] = await Promise.all([
    new PrismaPg({ connectionString: dsn }).connect(),
    new PrismaAsyncpg(dsn).connect(),
  ]);
  onTestFinished(async () => {
    await Promise.all([theirs.dispose(), ours.dispose()]);
  });
  return { theirs, ours };
}

const one = (adapter: SqlDriverAdapter) => adapter.queryRaw(queryOf('SELECT 1'));

describeEach('errors of Prisma’s client', (version) => {
  it('are those of its own adapter, statement by statement', async () => {
    const both = await openBoth(version);
    const schema = `prisma_errors_${process.pid}_${version}`;
    await both.ours.executeScript(`CREATE SCHEMA ${schema};
      CREATE TABLE ${schema}.parent (id int4 PRIMARY KEY, "e mail" varchar(3) UNIQUE, n int2);
      CREATE TABLE ${schema}.child (parent_id int4 REFERENCES ${schema}.parent ON DELETE RESTRICT,
        age int4 CHECK (age > 0));
      INSERT INTO ${schema}.parent VALUES (1, 'a'); INSERT INTO ${schema}.child VALUES (1, 1)`);
    onTestFinished(() => both.ours.executeScript(`DROP SCHEMA ${schema} CASCADE`));
    const kinds: unknown[] = [];
    for (const [sql, kind] of [
      [`INSERT INTO ${schema}.parent VALUES (1, 'b')`, 'UniqueConstraintViolation'],
      [`INSERT INTO ${schema}.parent VALUES (2, 'a')`, 'UniqueConstraintViolation'],
      [`INSERT INTO ${schema}.child VALUES (7, 1)`, 'ForeignKeyConstraintViolation'],
      [`INSERT INTO ${schema}.child VALUES (1, 0)`, 'postgres'],
      [`INSERT INTO ${schema}.parent VALUES (2, 'abcd')`, 'LengthMismatch'],
      ['SELECT 32768::int2', 'ValueOutOfRange'],
      ["SELECT 'x'::int4", 'InvalidInputValue'],
      ["SELECT '2024-02-30'::date", 'postgres'],
      ['SELECT 1 / 0', 'postgres'],
      [`SELECT * FROM ${schema}.absent`, 'TableDoesNotExist'],
      [`SELECT * FROM "${schema}"."absent"`, 'TableDoesNotExist'],
      [`SELECT nothing FROM ${schema}.parent`, 'ColumnNotFound'],
      [`SELECT p."no ""thing" FROM ${schema}.parent p`, 'ColumnNotFound'],
      [`CREATE DATABASE postgres`, 'DatabaseAlreadyExists'],
      ['SELEC', 'postgres'],
      ["DO $$ BEGIN RAISE 'x' USING ERRCODE = '40001'; END $$", 'TransactionWriteConflict'],
      ["DO $$ BEGIN RAISE 'x' USING ERRCODE = '40P01'; END $$", 'TransactionWriteConflict'],
      ["DO $$ BEGIN RAISE 'x' USING ERRCODE = '53300'; END $$", 'TooManyConnections'],
      ["DO $$ BEGIN RAISE 'x' USING DETAIL = 'd', HINT = 'h', COLUMN = 'c'; END $$", 'postgres'],
    ] as const) {
      const { their, our } = await failuresOf(both, (adapter) => adapter.queryRaw(queryOf(sql)));
      expect(our).toEqual(their);
      kinds.push((our as { cause: { kind: string } }).cause.kind === kind || sql);
    }
    expect(kinds.filter((kind) => kind !== true)).toEqual([]);
    // RESTRICT has an SQLSTATE of its own since PostgreSQL 18.
    const restrict = await failuresOf(both, (adapter) =>
      adapter.executeRaw(queryOf(`DELETE FROM ${schema}.parent`)),
    );
    expect(restrict.our).toEqual(restrict.their);
    expect(restrict.our).toMatchObject({
      cause: { kind: version === 18 ? 'RestrictViolation' : 'ForeignKeyConstraintViolation' },
    });
  });

  it('name the column that must not be null', async () => {
    const { ours } = await openBoth(version);
    const sql = `WITH t AS (SELECT 1) INSERT INTO pg_temp.t VALUES (NULL)`;
    const tx = await ours.startTransaction();
    await tx.executeRaw(queryOf('CREATE TEMP TABLE t ("a b" int4 NOT NULL)'));
    const error = await failure(tx.executeRaw(queryOf(sql)));
    await tx.rollback();
    expect(error['cause']).toMatchObject({
      kind: 'NullConstraintViolation',
      constraint: { fields: ['a b'] },
    });
  });

  it('have the driver’s own beside them', async () => {
    const { ours } = await openBoth(version);
    const error = await failure(
      ours.executeScript('CREATE TEMP TABLE t (a int4 UNIQUE); INSERT INTO t VALUES (1), (1)'),
    );
    expect(error['driverError']).toBeInstanceOf(UniqueViolationError);
    expect(Object.keys(error)).not.toContain('driverError');
  });

  it('of arguments are the server’s', async () => {
    const both = await openBoth(version);
    for (const query of [
      queryOf('SELECT $1::int4', ['x', 'string']),
      queryOf('SELECT $1::int2', [40000, 'int']),
      queryOf('SELECT $1::uuid', ['x', 'string']),
      queryOf('SELECT $1::jsonb', ['{', 'json']),
      queryOf('SELECT $1::bytea', ['\\x0', 'string']),
      queryOf('SELECT $1::jsonb', [Buffer.from('{}'), 'bytes']),
      queryOf('SELECT $1::timestamp', ['never', 'datetime']),
    ]) {
      const { their, our } = await failuresOf(both, (adapter) => adapter.queryRaw(query));
      // An invalid Date is another text there.
      if (query.sql.includes('timestamp')) expect(our).toMatchObject({ cause: { code: '22007' } });
      else expect(our).toEqual(their);
    }
    const tooFew = queryOf('SELECT $1::int4, $2::int4', [1, 'int']);
    const { their, our } = await failuresOf(both, (adapter) => adapter.queryRaw(tooFew));
    for (const seen of [their, our]) {
      const kind = { kind: 'postgres', code: '08P01', severity: 'ERROR', originalCode: '08P01' };
      expect(seen).toMatchObject({ name: 'DriverAdapterError', cause: kind });
    }
    expect((await one(both.ours)).rows).toEqual([[1]]);
  });

  it('of connecting are those of its own adapter', async () => {
    const url = new URL(serverDsn(version));
    const at = (change: (to: URL) => void): Promise<Both> => {
      const to = new URL(url);
      change(to);
      return openAt(to.href);
    };
    const absent = await at((to) => {
      to.pathname = '/prisma_absent';
    });
    const noOne = await at((to) => {
      to.port = '1';
    });
    for (const both of [absent, noOne]) {
      for (const call of [
        one,
        (adapter: SqlDriverAdapter) => adapter.startTransaction(),
        (adapter: SqlDriverAdapter) => adapter.executeScript('SELECT 1'),
      ]) {
        const { their, our } = await failuresOf(both, call);
        expect(our).toEqual(their);
      }
    }
    const { ours } = await at((to) => {
      to.hostname = 'prisma.invalid';
    });
    expect((await failure(one(ours)))['cause']).toMatchObject({
      kind: 'DatabaseNotReachable',
      host: 'prisma.invalid',
    });
  });

  it('tell that TLS was refused, and that it has failed', async () => {
    const refuses = `${serverDsn(version)}?sslmode=require`;
    const adapter = await new PrismaAsyncpg(refuses).connect();
    onTestFinished(() => adapter.dispose());
    expect((await failure(one(adapter)))['cause']).toMatchObject({ kind: 'TlsConnectionError' });
    // A server that agrees to TLS and then speaks none.
    const server = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.write('S');
        socket.once('data', () => socket.end('this is no TLS'));
      });
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const broken = await new PrismaAsyncpg(
      `postgres://x@127.0.0.1:${port}/x?sslmode=require`,
    ).connect();
    onTestFinished(() => broken.dispose());
    expect((await failure(one(broken)))['cause']).toMatchObject({ kind: 'TlsConnectionError' });
  });

  it('tell a lost connection, the server’s last word and a time-out apart', async () => {
    const { ours, theirs } = await openBoth(version);
    const admin = await open(version);
    const sleeping = async (adapter: SqlDriverAdapter, how: string) => {
      const tx = await adapter.startTransaction();
      const { rows } = await tx.queryRaw(queryOf('SELECT pg_backend_pid()'));
      const answer = failure(tx.queryRaw(queryOf('SELECT 1, pg_sleep(60)::text')));
      const isActive = "SELECT state = 'active' FROM pg_stat_activity WHERE pid = $1";
      await until(async () => (await admin.fetchVal(isActive, rows[0]![0])) === true);
      await admin.fetchVal(`SELECT ${how}($1)`, rows[0]![0]);
      const error = await answer;
      if (how === 'pg_terminate_backend') {
        const later = await failure(tx.executeRaw(queryOf('SELECT 1')));
        expect(later['cause']).toEqual({ kind: 'ConnectionClosed' });
        expect(await failure(tx.createSavepoint!('s'))).toMatchObject({
          name: 'DriverAdapterError',
          driverError: { isTransient: true },
        });
      }
      await tx.rollback();
      return error['cause'];
    };
    const cancelled = { kind: 'postgres', code: '57014' };
    expect(await sleeping(ours, 'pg_cancel_backend')).toMatchObject(cancelled);
    const terminated = { kind: 'postgres', code: '57P01', severity: 'FATAL' };
    expect(await sleeping(ours, 'pg_terminate_backend')).toMatchObject(terminated);
    expect((await one(ours)).rows).toEqual([[1]]);
    expect((await one(theirs)).rows).toEqual([[1]]);

    const pool = await createPool(serverDsn(version), { minSize: 0, commandTimeout: 50 });
    const timed = await new PrismaAsyncpg(pool, { disposeExternalPool: true }).connect();
    onTestFinished(() => timed.dispose());
    const error = await failure(timed.queryRaw(queryOf('SELECT pg_sleep(60)::text')));
    expect(error['cause']).toEqual({ kind: 'SocketTimeout' });
  });

  it('that are no failure of the database are the driver’s own', async () => {
    const pool = await createPool(serverDsn(version), { minSize: 0 });
    const adapter = await new PrismaAsyncpg(pool).connect();
    await pool.close();
    expect(await failure(one(adapter))).toMatchObject({ name: 'InterfaceError' });
  });
});
