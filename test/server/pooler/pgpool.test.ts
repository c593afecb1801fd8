import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  connect,
  createPool,
  DivisionByZeroError,
  type Pool,
  ReadOnlySQLTransactionError,
  TimeoutError,
} from '../../../src/index.ts';
import { until } from '../../support/pool.ts';
import { PGPOOL, Pgpool } from '../../support/servers/pgpool.ts';
import { StreamingCluster } from '../../support/servers/streaming-cluster.ts';

const TITLE = PGPOOL === null ? 'Pgpool-II (skipped: there is no pgpool)' : 'behind Pgpool-II';

describe.skipIf(PGPOOL === null)(TITLE, () => {
  let cluster: StreamingCluster;
  let pgpool: Pgpool;
  let pool: Pool;

  beforeAll(async () => {
    cluster = await StreamingCluster.start(18, 1, { synchronous_commit: 'on' });
    await cluster.write('CREATE TABLE entries (id int, name text)');
    pgpool = await Pgpool.start(cluster.all);
    await until(async () => {
      const asking = connect(pgpool.dsn, { timeout: 2_000 });
      return await asking.then(
        (connection) => connection.close().then(() => true),
        () => false,
      );
    });
    pool = await createPool(pgpool.dsn, { minSize: 0, maxSize: 6 });
  });

  afterAll(async () => {
    await pool?.close();
    await pgpool?.stop();
    await cluster?.[Symbol.asyncDispose]();
  });

  /** What is on the primary, which Pgpool asks when it is told to. */
  const count = (where: string): Promise<number | null> =>
    pool.fetchVal<number>(`/*NO LOAD BALANCE*/ SELECT count(*)::int FROM entries WHERE ${where}`);

  it('reads go to all servers, each answer to its call', async () => {
    // Pgpool draws a server for each connection.
    const ports = new Set<number | null>();
    await until(async () => {
      const connection = await connect(pgpool.dsn);
      ports.add(await connection.fetchVal<number>('SELECT inet_server_port()'));
      await connection.close();
      return ports.size > 1;
    });
    expect(ports).toEqual(new Set(cluster.all.map(({ port }) => port)));
    const values = await Promise.all(
      Array.from({ length: 300 }, (_, i) => pool.fetchVal<number>('SELECT $1::int', i)),
    );
    expect(values).toEqual(Array.from({ length: 300 }, (_, i) => i));
  });

  it('writes are there once each, one by one, pipelined, by executeMany, batch and COPY', async () => {
    await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        pool.execute('INSERT INTO entries VALUES ($1, $2)', i, 'a'),
      ),
    );
    await pool.withConnection(async (connection) => {
      await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          connection.execute('INSERT INTO entries VALUES ($1, $2)', i, 'b'),
        ),
      );
    });
    await pool.executeMany(
      'INSERT INTO entries VALUES ($1, $2)',
      Array.from({ length: 500 }, (_, i) => [i, 'c']),
    );
    await pool.batch([
      `INSERT INTO entries VALUES (1, 'd')`,
      `INSERT INTO entries VALUES (2, 'd')`,
    ]);
    await pool.copyRecordsToTable('entries', {
      records: Array.from({ length: 2000 }, (_, i) => [i, 'e']),
    });
    for (const [name, times] of Object.entries({ a: 100, b: 100, c: 500, d: 2, e: 2000 })) {
      expect(await count(`name = '${name}'`)).toBe(times);
      expect(await count(`name = '${name}' AND id = 1`)).toBe(1);
    }
  });

  it('a transaction is committed or rolled back', async () => {
    await pool.transaction(async (tx) => {
      await tx.execute("INSERT INTO entries VALUES (1, 'committed')");
      expect(await tx.fetchVal("SELECT count(*)::int FROM entries WHERE name = 'committed'")).toBe(
        1,
      );
    });
    const failed = pool.transaction(async (tx) => {
      await tx.execute("INSERT INTO entries VALUES (1, 'rolled back')");
      await tx.execute('SELECT 1 / 0');
    });
    await expect(failed).rejects.toBeInstanceOf(DivisionByZeroError);
    expect(await count("name = 'committed'")).toBe(1);
    expect(await count("name = 'rolled back'")).toBe(0);
    const writing = pool.with({ readOnly: true }).execute("INSERT INTO entries VALUES (1, 'x')");
    await expect(writing).rejects.toBeInstanceOf(ReadOnlySQLTransactionError);
  });

  it('errors reach the calls that they belong to, also on one connection', async () => {
    await pool.withConnection(async (connection) => {
      const results = await Promise.allSettled(
        Array.from({ length: 30 }, (_, i) => connection.fetchVal('SELECT 10 / $1::int', i % 3)),
      );
      for (const [i, result] of results.entries()) {
        if (i % 3 === 0) expect(result).toMatchObject({ reason: expect.any(DivisionByZeroError) });
        else expect(result).toMatchObject({ value: i % 3 === 1 ? 10 : 5 });
      }
    });
  });

  it('streams, cursors and COPY tell all rows', async () => {
    let rows = 0;
    for await (const _ of pool.stream('SELECT generate_series(1, 5000)')) rows += 1;
    expect(rows).toBe(5000);
    rows = 0;
    for await (const _ of pool.copyRecordsFromQuery('SELECT generate_series(1, 5000) AS n'))
      rows += 1;
    expect(rows).toBe(5000);
    const first = await pool.transaction((tx) =>
      tx.cursor('SELECT generate_series(1, 100)').fetch(10),
    );
    expect(first).toHaveLength(10);
  });

  it('a call that takes too long lets its caller go, and the pool goes on', async () => {
    const late = pool.fetchVal({ text: 'SELECT pg_sleep(20)', timeout: 200 });
    await expect(late).rejects.toBeInstanceOf(TimeoutError);
    expect(await pool.fetchVal('SELECT 1')).toBe(1);
  });

  it('notifications arrive', async () => {
    let payload = '';
    await using _ = await pool.listen('events', (notification) => {
      payload = notification.payload;
    });
    await pool.notify('events', 'hello');
    await until(() => payload === 'hello');
  });
});
