import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Connection,
  connect,
  InvalidSQLStatementNameError,
  TimeoutError,
} from '../../../src/index.ts';
import { collect, failure } from '../../support/connections.ts';
import { PGBOUNCER, PGBOUNCER_TITLE, PgBouncer } from '../../support/servers/pgbouncer.ts';
import { serverDsn } from '../../support/servers/server.ts';
import { ITERATIONS, leaveFree, open, sessionOf, UNTRACKED, WORKERS } from './clients.ts';

const SCHEMA = `untracked_${process.pid}`;

describe.skipIf(PGBOUNCER === null)(
  `${PGBOUNCER_TITLE}, with named statements that it does not track`,
  () => {
    let direct: Connection;
    let bouncer: PgBouncer;

    beforeAll(async () => {
      direct = await connect(serverDsn());
      await direct.execute(
        `CREATE SCHEMA ${SCHEMA}; CREATE TYPE ${SCHEMA}.mood AS ENUM ('sad', 'happy')`,
      );
      bouncer = await PgBouncer.start('transaction', UNTRACKED);
    });

    afterAll(async () => {
      await bouncer?.stop();
      await direct?.execute(`DROP SCHEMA ${SCHEMA} CASCADE`);
      await direct?.close();
    });

    it('heals outside of a transaction, whatever session it meets', async () => {
      const workers = await open(bouncer, {}, WORKERS);
      await Promise.all(
        workers.map(async (c, worker) => {
          for (let i = 0; i < ITERATIONS; i++) {
            expect(await c.fetchVal('SELECT $1::int4', worker)).toBe(worker);
            const [first, second] = await c.batch([
              { text: 'SELECT $1::int4 AS n', args: [i] },
              { text: 'SELECT $1::text AS t', args: ['t'] },
            ]);
            expect([first!.rows, second!.rows]).toEqual([[{ n: i }], [{ t: 't' }]]);
            await c.executeMany('SELECT $1::int8', [[1], [2]]);
          }
        }),
      );
    });

    it('fails in a transaction with a hint, and with nothing done', async () => {
      const [c] = await open(bouncer);
      const text = 'SELECT $1::int4 + 1';
      const prepared = await c!.transaction(async (tx) => {
        await tx.fetchVal(text, 1);
        return sessionOf(c!);
      });
      const release = await leaveFree(bouncer, (pid) => pid !== prepared);
      const error = await failure(
        c!.transaction(async (tx) => {
          await tx.execute('SELECT 1');
          await tx.fetchVal(text, 1);
        }),
      );
      expect(error).toBeInstanceOf(InvalidSQLStatementNameError);
      expect(error).toMatchObject({ sqlstate: '26000', query: text });
      expect(error['hint']).toMatch(/pooler.*statementCacheSize: 0/s);
      expect(c!.isInTransaction()).toBe(false);
      expect(await c!.fetchVal(text, 2)).toBe(3);
      await release();
    });

    it('is prepared anew as the first statement of a transaction', async () => {
      const [c] = await open(bouncer);
      const text = 'SELECT $1::int4 + 2';
      const prepared = await c!.transaction(async (tx) => {
        await tx.fetchVal(text, 1);
        return sessionOf(c!);
      });
      const release = await leaveFree(bouncer, (pid) => pid !== prepared);
      const values = await c!.transaction(async (tx) => [
        await tx.fetchVal(text, 1),
        await tx.fetchVal(text, 2),
      ]);
      expect(values).toEqual([3, 4]);
      expect(await c!.transaction(() => sessionOf(c!))).not.toBe(prepared);
      await release();
    });

    it('streams, copies, cancels and learns types outside of transactions', async () => {
      const workers = await open(bouncer, {}, WORKERS);
      const table = `${SCHEMA}.untracked`;
      await direct.execute(`CREATE TABLE ${table} (n int4, mood ${SCHEMA}.mood)`);
      await Promise.all(
        workers.map(async (c, worker) => {
          for (let i = 0; i < 10; i++) {
            const series = 'SELECT generate_series(1, $1::int4)';
            expect(await collect(c.stream(series, 100))).toHaveLength(100);
            const mood = `SELECT $1::${SCHEMA}.mood`;
            expect(await c.fetchVal(mood, 'sad')).toBe('sad');
            const copied = await c.copyRecordsToTable('untracked', {
              schema: SCHEMA,
              records: [[worker, 'happy']],
            });
            expect(copied).toBe('COPY 1');
            const own = `SELECT mood FROM ${table} WHERE n = $1 LIMIT 1`;
            expect(await collect(c.copyRecordsFromQuery(own, worker))).toEqual([{ mood: 'happy' }]);
          }
          const sleeping = c.fetchVal({ text: 'SELECT pg_sleep(60)', timeout: 30 });
          expect(await failure(sleeping)).toBeInstanceOf(TimeoutError);
        }),
      );
      const [c] = workers;
      expect(await c!.fetchRow(`SELECT * FROM ${table} LIMIT 1`)).toMatchObject({ mood: 'happy' });
      await direct.execute(`ALTER TABLE ${table} ALTER n TYPE text, DROP mood`);
      expect(await c!.fetchRow(`SELECT * FROM ${table} LIMIT 1`)).toEqual({
        n: expect.stringMatching(/^\d$/),
      });
    });

    it('hints at poolers when a statement that was prepared is in another session', async () => {
      const [c] = await open(bouncer);
      const transaction = await c!.begin();
      const statement = await c!.prepare('SELECT $1::int4');
      const prepared = await sessionOf(c!);
      await transaction.commit();
      const release = await leaveFree(bouncer, (pid) => pid !== prepared);
      const error = await failure(statement.fetchVal(1));
      expect(error).toMatchObject({ sqlstate: '26000' });
      expect(error['hint']).toMatch(/pooler.*statementCacheSize: 0/s);
      await release();
    });

    it('hints at poolers when a name of its own is taken in the session', async () => {
      const [one, two] = await open(bouncer, {}, 2);
      const transaction = await one!.begin();
      await one!.prepare('SELECT 1', { name: 'taken' });
      const prepared = await sessionOf(one!);
      await transaction.commit();
      const release = await leaveFree(bouncer, (pid) => pid === prepared);
      const error = await failure(two!.prepare('SELECT 2', { name: 'taken' }));
      expect(error).toMatchObject({ sqlstate: '42P05', name: 'DuplicatePreparedStatementError' });
      expect(error['hint']).toMatch(/pooler/);
      await release();
    });
  },
);
