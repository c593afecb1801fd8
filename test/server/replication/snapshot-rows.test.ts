import { expect, test } from 'vitest';
import { createPool } from '../../../src/index.ts';
import {
  type Change,
  dropSlot,
  type InsertChange,
  openChangeStream,
  slotStatus,
} from '../../../src/replication/index.ts';
import {
  iteratorOf,
  onEachServer,
  take,
  until,
} from '../../support/replication/logical-cluster.ts';

/** The tables that changes are of, with their rows and their keys, in the order of tables and rows. */
function rowsOf(transactions: readonly (readonly Change[])[]): unknown[] {
  const changes = transactions.flat().map((change) => {
    const { relation, new: row, key } = change as InsertChange;
    return [relation.table, { ...row }, key === null ? null : { ...key }];
  });
  return changes.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

onEachServer('a snapshot has', { schema: '' }, (server) => {
  /** The rows of so many tables of a snapshot, and of one transaction behind it. */
  async function copied(
    publication: string | string[],
    tables: number,
    change: string,
  ): Promise<{ snapshot: unknown[]; changes: unknown[] }> {
    const { pool } = server;
    const slot = 'copied';
    try {
      await using stream = await openChangeStream(pool, { slot, publication, snapshot: true });
      const iterator = iteratorOf(stream);
      const snapshot = await take(iterator, tables);
      const behind = iterator.next();
      // The slot is there when all of the snapshot is acknowledged.
      await pool.execute(change);
      const { value } = await behind;
      expect(value!.isSnapshot).toBe(false);
      return { snapshot: rowsOf(snapshot), changes: rowsOf([await value!.toArray()]) };
    } finally {
      await dropSlot(pool, slot, { force: true });
    }
  }

  test('the rows of tables that inherit once, as the stream has them', async () => {
    const { pool } = server;
    await pool.execute(`
      CREATE TABLE person (id int PRIMARY KEY);
      CREATE TABLE worker (wage int) INHERITS (person);
      INSERT INTO person VALUES (1);
      INSERT INTO worker VALUES (2, 20);
      CREATE PUBLICATION people FOR TABLE person`);
    const { snapshot, changes } = await copied('people', 2, 'INSERT INTO worker VALUES (3, 30)');
    expect(snapshot).toEqual([
      ['person', { id: 1 }, { id: 1 }],
      ['worker', { id: 2, wage: 20 }, null],
    ]);
    expect(changes).toEqual([['worker', { id: 3, wage: 30 }, null]]);
  });

  test('the rows of a partition once, where another publication has it by its root', async () => {
    const { pool } = server;
    await pool.execute(`
      CREATE TABLE whole (id int PRIMARY KEY) PARTITION BY RANGE (id);
      CREATE TABLE half PARTITION OF whole FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id);
      CREATE TABLE quarter PARTITION OF half FOR VALUES FROM (0) TO (5);
      CREATE TABLE rest PARTITION OF whole FOR VALUES FROM (10) TO (20);
      INSERT INTO whole VALUES (1), (11);
      CREATE PUBLICATION by_root FOR TABLE whole WITH (publish_via_partition_root = true);
      CREATE PUBLICATION by_half FOR TABLE half WITH (publish_via_partition_root = true);
      CREATE PUBLICATION by_leaf FOR TABLE quarter`);
    const { snapshot, changes } = await copied(
      ['by_leaf', 'by_root', 'by_half'],
      1,
      'INSERT INTO whole VALUES (2), (12)',
    );
    expect(snapshot).toEqual([
      ['whole', { id: 11 }, { id: 11 }],
      ['whole', { id: 1 }, { id: 1 }],
    ]);
    expect(changes).toEqual([
      ['whole', { id: 12 }, { id: 12 }],
      ['whole', { id: 2 }, { id: 2 }],
    ]);
  });

  test('the keys that changes have: columns that an index includes are none', async () => {
    const { pool } = server;
    await pool.execute(`
      CREATE TABLE included (id int, n int, PRIMARY KEY (id) INCLUDE (n));
      CREATE TABLE indexed (a int NOT NULL, b int NOT NULL, n int);
      CREATE UNIQUE INDEX two ON indexed (b, a) INCLUDE (n);
      ALTER TABLE indexed REPLICA IDENTITY USING INDEX two;
      CREATE TABLE late (id int PRIMARY KEY DEFERRABLE);
      CREATE TABLE entire (a int, b int);
      ALTER TABLE entire REPLICA IDENTITY FULL;
      CREATE TABLE nameless (id int PRIMARY KEY);
      ALTER TABLE nameless REPLICA IDENTITY NOTHING;
      CREATE PUBLICATION keys FOR TABLE included, indexed, late, entire, nameless`);
    const rows = `
      INSERT INTO included VALUES (1, 2);
      INSERT INTO indexed VALUES (1, 2, 3);
      INSERT INTO late VALUES (1);
      INSERT INTO entire VALUES (1, NULL);
      INSERT INTO nameless VALUES (1)`;
    await pool.execute(rows);
    const { snapshot } = await copied('keys', 5, 'DELETE FROM entire');
    await pool.execute('TRUNCATE included, indexed, late, nameless');
    const { changes } = await copied('keys', 0, rows);
    expect(snapshot).toEqual(changes);
    expect(snapshot).toEqual([
      ['entire', { a: 1, b: null }, { a: 1, b: null }],
      ['included', { id: 1, n: 2 }, { id: 1 }],
      ['indexed', { a: 1, b: 2, n: 3 }, { a: 1, b: 2 }],
      ['late', { id: 1 }, null],
      ['nameless', { id: 1 }, null],
    ]);
  });

  test('all rows or none: one that policies hide rows from is refused them', async () => {
    const { pool, cluster } = server;
    await pool.execute(`
      CREATE TABLE hidden (id int PRIMARY KEY, owner text);
      INSERT INTO hidden VALUES (1, 'reader'), (2, 'another');
      ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
      CREATE POLICY own ON hidden USING (owner = current_user);
      CREATE ROLE reader LOGIN REPLICATION;
      GRANT SELECT ON hidden TO reader;
      CREATE PUBLICATION hidden FOR TABLE hidden`);
    await using reader = await createPool(cluster.dsn, { minSize: 0, user: 'reader' });
    const options = { slot: 'hidden', publication: 'hidden', snapshot: true };
    await using refused = await openChangeStream(reader, options);
    await expect(iteratorOf(refused).next()).rejects.toMatchObject({
      name: 'InsufficientPrivilegeError',
      message: expect.stringContaining('row-level security'),
    });
    await refused.close();
    expect(await slotStatus(pool, 'hidden')).toBe(null);
    await pool.execute('ALTER ROLE reader BYPASSRLS');
    await using stream = await openChangeStream(reader, options);
    const [rows] = await take(iteratorOf(stream), 1);
    expect(rows!.map((change) => (change as InsertChange).new['id'])).toEqual([1, 2]);
  });
});

onEachServer('a slot that is there', { schema: 'CREATE PUBLICATION nothing' }, (server) => {
  test.runIf(server.version >= 17)('is kept by standbys once that is asked for', async () => {
    const { pool } = server;
    const slot = 'there';
    await pool.execute(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
    const publication = 'nothing';
    const former = await openChangeStream(pool, { slot, publication });
    await former.close();
    expect(await slotStatus(pool, slot)).toMatchObject({ failover: false });
    for (const options of [{ name: slot, failover: true }, slot]) {
      const stream = await openChangeStream(pool, { slot: options, publication });
      await stream.close();
      expect(await slotStatus(pool, slot)).toMatchObject({ failover: true });
    }
  });

  test('no more than 16 MB of large rows in memory while its consumer is slow', async () => {
    const { pool } = server;
    await pool.execute(`CREATE TABLE large (id int PRIMARY KEY, text text, bytes bytea);
      INSERT INTO large SELECT i, repeat('x', 500000), repeat('x', 500000)::bytea FROM generate_series(1, 80) i;
      CREATE PUBLICATION large FOR TABLE large`);
    await using stream = await openChangeStream(pool, {
      slot: 'large',
      publication: 'large',
      snapshot: true,
    });
    const { value: rows } = await iteratorOf(stream).next();
    await until(async () => stream.stats.queued >= 16);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(stream.stats.queued).toBeLessThan(20);
    expect(await rows!.toArray()).toHaveLength(80);
    await stream.close();
    await dropSlot(pool, 'large').catch(() => {});
  });
});
