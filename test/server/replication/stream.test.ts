import { expect, test } from 'vitest';
import {
  dropSlot,
  openChangeStream,
  PublicationMissingError,
  slotStatus,
} from '../../../src/replication/index.ts';
import { iteratorOf, onEachServer, take } from '../../support/replication/logical-cluster.ts';

const SCHEMA = `
  CREATE TABLE items (id int PRIMARY KEY, name text, price numeric);
  CREATE PUBLICATION items FOR TABLE items`;

onEachServer('a change stream', { schema: SCHEMA }, (server) => {
  test('hands over transactions with their changes, in order', async () => {
    const { pool } = server;
    await using stream = await openChangeStream(pool, { slot: 'simple', publication: 'items' });
    await pool.transaction(async (tx) => {
      await tx.execute("INSERT INTO items VALUES (1, 'one', 1.50), (2, 'two', NULL)");
      await tx.execute("UPDATE items SET name = 'deux' WHERE id = 2");
    });
    await pool.execute('UPDATE items SET id = 3 WHERE id = 2');
    await pool.execute('DELETE FROM items WHERE id = 1');
    await pool.execute('TRUNCATE items RESTART IDENTITY CASCADE');
    const transactions = await take(iteratorOf(stream), 4);
    const seen = transactions.map((changes) =>
      changes.map((change) => {
        switch (change.kind) {
          case 'insert':
            return ['insert', change.relation.table, { ...change.new }, { ...change.key }];
          case 'update':
            return ['update', { ...change.new }, change.old, { ...change.key }, change.unchanged];
          case 'delete':
            return ['delete', change.old, { ...change.key }];
          case 'truncate':
            return [
              'truncate',
              change.relations.map(({ table }) => table),
              change.cascade,
              change.restartIdentity,
            ];
          default:
            return [change.kind];
        }
      }),
    );
    expect(seen).toEqual([
      [
        ['insert', 'items', { id: 1, name: 'one', price: '1.50' }, { id: 1 }],
        ['insert', 'items', { id: 2, name: 'two', price: null }, { id: 2 }],
        ['update', { id: 2, name: 'deux', price: null }, null, { id: 2 }, []],
      ],
      [['update', { id: 3, name: 'deux', price: null }, null, { id: 2 }, []]],
      [['delete', null, { id: 1 }]],
      [['truncate', ['items'], true, true]],
    ]);
    await stream.close();
    await dropSlot(pool, 'simple');
    expect(await slotStatus(pool, 'simple')).toBeNull();
  });

  test('goes on behind what was acknowledged, in another stream', async () => {
    const { pool } = server;
    const options = { slot: 'goes_on', publication: 'items' } as const;
    const first = await openChangeStream(pool, options);
    for (let id = 10; id < 15; id++) await pool.execute('INSERT INTO items VALUES ($1)', id);
    const ids: unknown[] = [];
    const lsns: string[] = [];
    for await (const transaction of first) {
      for await (const change of transaction) if (change.kind === 'insert') ids.push(change.new.id);
      lsns.push(transaction.lsn);
      // Asking for 12 has acknowledged 10 and 11.
      if (ids.length === 3) break;
    }
    expect((await slotStatus(pool, 'goes_on'))?.confirmedFlush).toBe(lsns[1]);
    await using second = await openChangeStream(pool, options);
    const again = await take(iteratorOf(second), 3);
    expect(again.flat().map((change) => change.kind === 'insert' && change.new.id)).toEqual([
      12, 13, 14,
    ]);
    expect(ids).toEqual([10, 11, 12]);
  });

  test('nothing comes again that is at or before startAfter', async () => {
    const { pool } = server;
    const options = { slot: 'starts_after', publication: 'items', acknowledge: 'manual' } as const;
    const first = await openChangeStream(pool, options);
    for (let id = 20; id < 24; id++) await pool.execute('INSERT INTO items VALUES ($1)', id);
    const iterator = iteratorOf(first);
    await take(iterator, 1);
    const { value } = await iterator.next();
    await value!.toArray();
    await first.close();
    const startAfter = value!.lsn;
    await using second = await openChangeStream(pool, { ...options, startAfter });
    const again = await take(iteratorOf(second), 2);
    expect(again.flat().map((change) => change.kind === 'insert' && change.new.id)).toEqual([
      22, 23,
    ]);
  });

  test('a publication that is missing is refused before anything is read', async () => {
    const opening = openChangeStream(server.pool, {
      slot: 'no_publication',
      publication: ['items', 'nope'],
    });
    await expect(opening).rejects.toThrow(PublicationMissingError);
    expect(await slotStatus(server.pool, 'no_publication')).toBeNull();
  });

  test('is told of acks by flush without reading more than there is room for', async () => {
    const { pool } = server;
    const options = { slot: 'flushed', publication: 'items', highWater: 20 } as const;
    await using stream = await openChangeStream(pool, options);
    const inserts = Array.from({ length: 500 }, (_, i) => [1000 + i]);
    await pool.executeMany('INSERT INTO items VALUES ($1)', inserts);
    await pool.execute(
      'DO $$ BEGIN FOR i IN 1..3000 LOOP UPDATE items SET price = i WHERE id = 1000; COMMIT; END LOOP; END $$',
    );
    const iterator = iteratorOf(stream);
    for (let i = 0; i < 4; i++) {
      const { value: transaction } = await iterator.next();
      await transaction!.toArray();
      transaction!.ack();
      await stream.flush();
      expect((await slotStatus(pool, 'flushed'))!.confirmedFlush).toBe(transaction!.lsn);
    }
    expect(stream.stats.queued).toBeGreaterThan(0);
    // Of the large one all was read that was waited for.
    expect(stream.stats.maxQueued).toBeLessThanOrEqual(500);
    expect(stream.stats.changes).toBeLessThan(1000);
  });

  test('batches are acknowledged together', async () => {
    const { pool } = server;
    const options = { slot: 'batches', publication: 'items' } as const;
    await using stream = await openChangeStream(pool, options);
    for (let id = 30; id < 35; id++) await pool.execute('INSERT INTO items VALUES ($1)', id);
    await pool.execute('INSERT INTO items SELECT generate_series(40, 49)');
    const sizes: number[] = [];
    const ids: unknown[] = [];
    for await (const batch of stream.batches({ maxChanges: 4, maxDelay: 1000 })) {
      sizes.push(batch.changes.length);
      for (const change of batch.changes) if (change.kind === 'insert') ids.push(change.new.id);
      if (ids.length >= 12) break;
    }
    expect(sizes).toEqual([4, 4, 4]);
    expect(ids).toEqual([30, 31, 32, 33, 34, 40, 41, 42, 43, 44, 45, 46]);
    // The large one has not ended in any batch that was acknowledged.
    await using again = await openChangeStream(pool, options);
    const [changes] = await take(iteratorOf(again), 1);
    expect(changes).toHaveLength(10);
  });
});
