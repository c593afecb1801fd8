import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TempCluster } from '../../../src/cluster/index.ts';
import {
  type Connection,
  connect,
  createPool,
  InterfaceError,
  SerializationError,
  type Transaction,
} from '../../../src/index.ts';
import { failure } from '../../support/connections.ts';

/**
 * A standby ends a transaction that is in the way of what its primary has done: with an error if a
 * statement is under way, else with the connection.
 *
 * PostgreSQL manual, "Handling Query Conflicts".
 */
describe('a transaction on a standby whose recovery it is in the way of', () => {
  let primary: TempCluster;
  let standby: TempCluster;
  let admin: Connection;

  beforeAll(async () => {
    primary = await TempCluster.start();
    {
      await using early = await connect(primary.dsn);
      await early.execute('CREATE TABLE t AS SELECT 7 AS a');
    }
    standby = await TempCluster.startStandby(primary, {
      settings: { max_standby_streaming_delay: '0' },
    });
    admin = await connect(primary.dsn);
  });

  afterAll(async () => {
    await admin?.close();
    await standby?.stop();
    await primary?.stop();
  });

  /** Reads the table, which locks it, and has the connection ended for that. */
  async function beStruck(tx: Transaction): Promise<void> {
    await tx.fetch('SELECT a FROM t');
    const ended = new Promise<void>((resolve) =>
      tx.connection.addTerminationListener(() => resolve()),
    );
    await admin.execute(
      'LOCK TABLE t IN ACCESS EXCLUSIVE MODE; ALTER TABLE t SET (fillfactor = 90)',
    );
    await ended;
  }

  it('is run again on another connection of the pool, as often as retries says', async () => {
    await using pool = await createPool(standby.dsn, { minSize: 1, maxSize: 2 });
    for (const queryable of [pool, pool.with({ signal: new AbortController().signal })]) {
      const pids: number[] = [];
      const result = await queryable.transaction({ retries: 3 }, async (tx) => {
        pids.push(tx.connection.serverPid);
        if (pids.length < 3) await beStruck(tx);
        return await tx.fetchVal<number>('SELECT a FROM t');
      });
      expect(result).toBe(7);
      expect(new Set(pids).size).toBe(3);
    }
    let runs = 0;
    const error = await failure(
      pool.transaction({ retries: 1 }, async (tx) => {
        runs += 1;
        await beStruck(tx);
        await tx.fetch('SELECT a FROM t');
      }),
    );
    expect(runs).toBe(2);
    expect(error).toMatchObject({ isTransient: true, safeToRetry: true });
    expect(error.cause).toBeInstanceOf(SerializationError);
  });

  it('is run again also if only its end finds the connection lost', async () => {
    await using pool = await createPool(standby.dsn, { minSize: 1, maxSize: 2 });
    let runs = 0;
    await pool.transaction({ retries: 3 }, async (tx) => {
      runs += 1;
      if (runs === 1) await beStruck(tx);
    });
    expect(runs).toBe(2);
  });

  it('rejects with the conflict as its cause where there is no other connection', async () => {
    const c = await connect(standby.dsn);
    let runs = 0;
    const error = await failure(
      c.transaction({ retries: 3 }, async (tx) => {
        runs += 1;
        await beStruck(tx);
        await tx.fetch('SELECT a FROM t');
      }),
    );
    expect(runs).toBe(1);
    expect(error).toBeInstanceOf(InterfaceError);
    expect(error).toMatchObject({ isTransient: true });
    expect(error.cause).toBeInstanceOf(SerializationError);
  });
});
