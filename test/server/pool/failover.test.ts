import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TempCluster } from '../../../src/cluster/index.ts';
import {
  connect,
  createPool,
  type PoolOptions,
  ReadOnlySQLTransactionError,
  type TargetSessionAttrs,
} from '../../../src/index.ts';
import { sleep, until } from '../../support/pool.ts';

describe('a pool with a primary and a standby', () => {
  let primary: TempCluster;
  let standby: TempCluster;

  beforeEach(async () => {
    primary = await TempCluster.start();
    standby = await TempCluster.startStandby(primary);
  });

  afterEach(async () => {
    await standby?.stop();
    await primary?.stop();
  });

  function open(targetSessionAttrs: TargetSessionAttrs, options: PoolOptions = {}) {
    return createPool({
      host: [primary, standby].map(({ port }) => `127.0.0.1:${port}`),
      user: 'postgres',
      database: 'postgres',
      targetSessionAttrs,
      minSize: 2,
      maxSize: 4,
      ...options,
    });
  }

  /** Waits until the standby has all that the primary has. */
  async function replicated(): Promise<void> {
    await using from = await connect(primary.dsn);
    await using to = await connect(standby.dsn);
    const lsn = await from.fetchVal<string>('SELECT pg_current_wal_insert_lsn()');
    const isThere = 'SELECT pg_last_wal_replay_lsn() >= $1';
    await until(async () => (await to.fetchVal<boolean>(isThere, lsn)) === true);
  }

  async function changeOfSettings(text: string): Promise<void> {
    await using connection = await connect(primary.dsn);
    await connection.execute(text);
    await connection.execute('SELECT pg_reload_conf()');
    const wanted = text.includes('= on') ? 'on' : 'off';
    const settings = (): Promise<string | null> =>
      connection.fetchVal("SELECT current_setting('default_transaction_read_only')");
    await until(async () => (await settings()) === wanted);
  }

  it.each<TargetSessionAttrs>(['read-write', 'primary'])(
    'finds the new primary by itself after a failover, under load (%s)',
    async (wanted) => {
      await using pool = await open(wanted);
      await pool.execute('CREATE TABLE entries (id int)');
      let id = 0;
      let stopped = false;
      let failed = 0;
      const committed: number[] = [];
      const ports = new Set<number>();
      const write = async (): Promise<void> => {
        while (!stopped) {
          id += 1;
          const mine = id;
          try {
            ports.add(
              (await pool.fetchVal<number>(
                'INSERT INTO entries VALUES ($1) RETURNING inet_server_port()',
                mine,
              ))!,
            );
            committed.push(mine);
          } catch {
            failed += 1;
            await sleep(5);
          }
        }
      };
      const writers = Array.from({ length: 8 }, write);
      await until(() => committed.length > 200);
      // A server that is stopped in good order has its standby get all that was committed.
      await primary.stop();
      await standby.promote();
      await until(() => ports.size === 2);
      const before = committed.length;
      await until(() => committed.length > before + 200);
      stopped = true;
      await Promise.all(writers);
      expect(failed).toBeGreaterThan(0);
      await until(() => pool.idleSize >= 2 && pool.stats.inUse === 0);
      expect(await pool.fetchVal('SELECT inet_server_port()')).toBe(standby.port);
      const rows = await pool.fetch<{ id: number }>('SELECT id FROM entries');
      const found = new Set(rows.map((row) => row.id));
      expect(committed.filter((each) => !found.has(each))).toEqual([]);
      // Not one more than those whose answer was lost, and none twice.
      expect(found.size).toBe(rows.length);
      expect(found.size).toBeLessThanOrEqual(committed.length + failed);
    },
  );

  it('does not use a connection again whose server takes no writes any more', async () => {
    await using pool = await open('read-write', { minSize: 1, maxSize: 1 });
    await pool.execute('CREATE TABLE entries (id int)');
    const backend = await pool.fetchVal<number>('SELECT pg_backend_pid()');
    // A read-only transaction of the caller's own says nothing of the server.
    const refused = pool.transaction({ readOnly: true }, (tx) =>
      tx.execute('INSERT INTO entries VALUES (0)'),
    );
    await expect(refused).rejects.toBeInstanceOf(ReadOnlySQLTransactionError);
    expect(await pool.fetchVal('SELECT pg_backend_pid()')).toBe(backend);

    await replicated();
    await changeOfSettings('ALTER SYSTEM SET default_transaction_read_only = on');
    await standby.promote();
    // The first may find out; nobody after that does.
    await pool.execute('INSERT INTO entries VALUES (1)').catch((error: unknown) => {
      expect(error).toBeInstanceOf(ReadOnlySQLTransactionError);
    });
    await pool.execute('INSERT INTO entries VALUES (2)');
    expect(await pool.fetchVal('SELECT inet_server_port()')).toBe(standby.port);
  });

  it('goes back to a standby when the one that it used has become the primary', async () => {
    await using second = await TempCluster.startStandby(primary);
    await using pool = await createPool({
      host: [standby, second].map(({ port }) => `127.0.0.1:${port}`),
      user: 'postgres',
      targetSessionAttrs: 'standby',
      minSize: 1,
      maxSize: 1,
    });
    expect(await pool.fetchVal('SELECT inet_server_port()')).toBe(standby.port);
    await standby.promote();
    await pool.fetchVal('SELECT 1');
    expect(await pool.fetchVal('SELECT inet_server_port()')).toBe(second.port);
  });
});
