import { expect, test } from 'vitest';
import { createPool } from '../../../src/index.ts';
import {
  type ChangeStream,
  connectReplication,
  dropSlot,
  type InsertChange,
  openChangeStream,
  slotStatus,
} from '../../../src/replication/index.ts';
import {
  iteratorOf,
  onEachServer,
  until,
  walsenderOf,
} from '../../support/replication/logical-cluster.ts';
import { FaultProxy } from '../../support/servers/fault-proxy.ts';

const SCHEMA = `
  CREATE TABLE one (id int PRIMARY KEY, n int);
  CREATE TABLE two (id int PRIMARY KEY, n int);
  INSERT INTO one SELECT i, 0 FROM generate_series(1, 10000) i;
  INSERT INTO two SELECT i, 0 FROM generate_series(1, 3000) i`;

onEachServer('a snapshot', { schema: SCHEMA }, (server) => {
  const publication = { name: 'filled', tables: ['one', 'two'] };

  test('and the changes behind it are the table, under concurrent writes', async () => {
    const { pool } = server;
    let isDone = false;
    let id = 20_000;
    const writing = (async () => {
      while (!isDone) {
        id += 1;
        const table = id % 2 === 0 ? 'one' : 'two';
        await pool.execute(`INSERT INTO ${table} VALUES (${id}, 1)`);
        await pool.execute(`UPDATE ${table} SET n = n + 1 WHERE id = ${id % 3000}`);
        await pool.execute(`DELETE FROM ${table} WHERE id = ${(id * 7) % 3000}`);
      }
    })();
    await using stream = await openChangeStream(pool, {
      slot: 'filled',
      publication,
      snapshot: { connections: 2 },
      highWater: 500,
    });
    const model: Record<string, Map<number, number>> = { one: new Map(), two: new Map() };
    const faults: string[] = [];
    let snapshotRows = 0;
    let transactions = 0;
    for await (const transaction of stream) {
      for await (const change of transaction) {
        if (change.kind !== 'insert' && change.kind !== 'update' && change.kind !== 'delete')
          continue;
        const rows = model[change.relation.table]!;
        const key = change.key!.id;
        if (change.kind === 'insert' && rows.has(key)) faults.push(`inserted twice: ${key}`);
        if (change.kind === 'update' && !rows.has(key)) faults.push(`update of no row: ${key}`);
        if (change.kind === 'delete') rows.delete(key);
        else rows.set(key, change.new.n);
        if (transaction.isSnapshot) snapshotRows += 1;
      }
      if (!transaction.isSnapshot) transactions += 1;
      if (transactions === 100 && !isDone) {
        isDone = true;
        await writing;
        await pool.execute('INSERT INTO one VALUES (-1, 0)');
      }
      if (model['one']!.has(-1)) break;
    }
    expect(faults).toEqual([]);
    expect(snapshotRows).toBeGreaterThanOrEqual(10_000);
    for (const table of ['one', 'two']) {
      const rows = await pool.fetch(`SELECT id, n FROM ${table} ORDER BY id`);
      const expected = rows.map((row) => [row.id, row.n]);
      expect([...model[table]!].sort(([x], [y]) => x - y)).toEqual(expected);
    }
    const slots = await pool.fetch('SELECT slot_name FROM pg_replication_slots');
    expect(slots.map((slot) => slot.slot_name)).toEqual(['filled']);
  }, 60_000);

  test('that is not processed leaves no slot, wherever it stops, and begins anew', async () => {
    const { pool } = server;
    const options = { slot: 'interrupted', publication, snapshot: true, highWater: 100 } as const;
    for (const stopAt of [0, 1, 5000]) {
      const stream = await openChangeStream(pool, options);
      const pid = await walsenderOf(pool, 'interrupted_snapshot');
      let count = 0;
      const consuming = (async () => {
        for await (const transaction of stream) {
          for await (const _ of transaction) {
            count += 1;
            if (count === stopAt) await pool.execute(`SELECT pg_terminate_backend(${pid})`);
          }
        }
      })();
      if (stopAt === 0) await pool.execute(`SELECT pg_terminate_backend(${pid})`);
      await expect(consuming).rejects.toThrow(/terminating connection/);
      await stream.close();
      expect(await slotStatus(pool, 'interrupted')).toBeNull();
    }
    // All of it was seen, but the last table is not acknowledged.
    const unfinished = await openChangeStream(pool, { ...options, acknowledge: 'manual' });
    let tables = 0;
    for await (const transaction of unfinished) {
      await transaction.toArray();
      tables += 1;
      if (tables === 2) break;
      transaction.ack();
    }
    expect(await slotStatus(pool, 'interrupted')).toBeNull();

    await using stream = await openChangeStream(pool, options);
    const counts: Record<string, number> = {};
    for await (const transaction of stream) {
      if (!transaction.isSnapshot) break;
      for await (const change of transaction) {
        if (change.kind !== 'insert') continue;
        counts[change.relation.table] = (counts[change.relation.table] ?? 0) + 1;
      }
      if (Object.keys(counts).length === 2) await pool.execute('INSERT INTO one VALUES (-2, 0)');
    }
    expect(counts).toEqual({
      one: (await pool.fetchVal<bigint>('SELECT count(*)::int FROM one WHERE id <> -2')) as unknown,
      two: (await pool.fetchVal<bigint>('SELECT count(*)::int FROM two')) as unknown,
    });
    expect((await slotStatus(pool, 'interrupted'))?.temporary).toBe(false);
  }, 60_000);

  test('that fails at one table reads no further', async ({ skip }) => {
    const { pool } = server;
    // Row filters came with 15.
    if (server.version < 15) skip();
    await pool.execute(`CREATE TABLE wrong AS SELECT i AS id, 0 AS n FROM generate_series(1, 20000) i;
      CREATE PUBLICATION partly FOR TABLE one, two, wrong WHERE (10 / n > 0) WITH (publish = 'insert')`);
    const snapshot = { connections: 2 };
    const options = { slot: 'partly', publication: 'partly', snapshot, highWater: 100 } as const;
    await using stream = await openChangeStream(pool, options);
    const seen: Record<string, number> = {};
    const consuming = (async () => {
      for await (const transaction of stream) {
        for await (const change of transaction) {
          const { table } = (change as InsertChange).relation;
          seen[table] = (seen[table] ?? 0) + 1;
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
    })();
    await expect(consuming).rejects.toThrow('division by zero');
    expect(seen['one'] ?? 0).toBeLessThan(10_000);
    expect(seen['two']).toBeUndefined();
    expect(await slotStatus(pool, 'partly')).toBeNull();
  }, 60_000);

  test('has tables that are made, or published, while it waits for transactions that are open', async () => {
    const { pool } = server;
    await pool.execute(`
      CREATE TABLE known (id int PRIMARY KEY);
      INSERT INTO known VALUES (1);
      CREATE TABLE added (id int PRIMARY KEY);
      INSERT INTO added VALUES (2);
      CREATE SCHEMA made_late;
      CREATE PUBLICATION growing FOR TABLE known`);
    const writer = await pool.acquire();
    const tx = await writer.begin();
    await tx.execute(`
      CREATE TABLE made_late.t (id int PRIMARY KEY, n int DEFAULT 7);
      INSERT INTO made_late.t VALUES (3);
      ALTER PUBLICATION growing ADD TABLE added, made_late.t`);
    const opening = openChangeStream(pool, {
      slot: 'growing',
      publication: 'growing',
      snapshot: { connections: 2 },
    });
    await until(async () => (await slotStatus(pool, 'growing_snapshot')) !== null);
    await tx.commit();
    await pool.release(writer);
    await using stream = await opening;
    await pool.execute('INSERT INTO made_late.t VALUES (4)');
    const rows: string[] = [];
    for await (const transaction of stream) {
      for await (const change of transaction) {
        if (change.kind !== 'insert') continue;
        rows.push(`${change.relation.table} ${JSON.stringify(change.new)}`);
      }
      if (!transaction.isSnapshot) break;
    }
    expect(rows.slice(0, 3).sort()).toEqual([
      'added {"id":2}',
      'known {"id":1}',
      't {"id":3,"n":7}',
    ]);
    expect(rows.slice(3)).toEqual(['t {"id":4,"n":7}']);
  });

  test('and its stream are begun while tables are dropped', async () => {
    const { pool } = server;
    await pool.execute(`
      CREATE TABLE kept (id int PRIMARY KEY);
      INSERT INTO kept VALUES (1);
      CREATE SCHEMA dropping;
      CREATE PUBLICATION dropping FOR ALL TABLES`);
    let isDone = false;
    const dropping = ['a', 'b'].map(async (name) => {
      while (!isDone) {
        await pool.execute(`CREATE TABLE dropping.${name} (id int, v int[])`);
        await pool.execute(`DROP TABLE dropping.${name}`);
      }
    });
    try {
      for (let i = 0; i < 20; i++) {
        const stream = await openChangeStream(pool, { slot: 'dropping', publication: 'dropping' });
        await stream.close();
      }
      await dropSlot(pool, 'dropping');
      for (let i = 0; i < 10; i++) {
        await using stream = await openChangeStream(pool, {
          slot: 'dropping',
          publication: 'dropping',
          snapshot: true,
          acknowledge: 'manual',
        });
        for await (const { isSnapshot } of stream) {
          expect(isSnapshot).toBe(true);
          break;
        }
      }
    } finally {
      isDone = true;
      await Promise.all(dropping);
    }
  });

  test('and its stream are begun though the server ends the question what is published, in a deadlock of others', async ({
    skip,
  }) => {
    const { pool, version } = server;
    // PostgreSQL 15 lets the question wait until its time is up.
    skip(version < 18);
    await pool.execute(`CREATE TABLE circle (id int PRIMARY KEY); CREATE TABLE line (id int PRIMARY KEY);
      CREATE PUBLICATION circle FOR TABLE circle`);
    /** What waits for a lock like this, and since when. */
    const waiting = (query: string): Promise<{ pid: number; since: string } | null> =>
      pool.fetchRow(
        `SELECT pid, query_start::text AS since FROM pg_stat_activity
          WHERE wait_event_type = 'Lock' AND query LIKE $1`,
        query,
      );
    const QUESTION = '%FROM pg_catalog.pg_publication_tables%';
    // They notice nothing of it themselves.
    const settings = { deadlock_timeout: '1h' };
    let opening: Promise<ChangeStream>;
    await pool.transaction({ settings }, async (holder) => {
      await holder.execute('LOCK TABLE circle');
      opening = openChangeStream(pool, { slot: 'circle', publication: 'circle' });
      await until(async () => (await waiting(QUESTION)) !== null);
      const { since } = (await waiting(QUESTION))!;
      const other = pool.transaction({ settings }, async (tx) => {
        await tx.execute('LOCK TABLE line');
        await tx.execute('LOCK TABLE circle');
      });
      await until(async () => (await waiting('LOCK TABLE circle')) !== null);
      const held = holder.execute('LOCK TABLE line');
      // It was ended, and asks once more.
      await until(async () => ((await waiting(QUESTION))?.since ?? since) !== since);
      const { pid } = (await waiting('LOCK TABLE circle'))!;
      const ended = expect(other).rejects.toMatchObject({ sqlstate: '57P01' });
      await pool.execute('SELECT pg_terminate_backend($1)', pid);
      await ended;
      await held;
    });
    await using stream = await opening!;
    await stream.close();
    await dropSlot(pool, 'circle');
    await pool.execute('DROP TABLE circle, line; DROP PUBLICATION circle');
  }, 60_000);

  test('that fails while a table is read does not tell what came of it as the whole', async () => {
    const { pool } = server;
    const options = { slot: 'cut', publication, snapshot: true, highWater: 100 } as const;
    await using stream = await openChangeStream(pool, options);
    const pid = await walsenderOf(pool, 'cut_snapshot');
    const { value: transaction } = await iteratorOf(stream).next();
    let count = 0;
    const reading = (async () => {
      for await (const _ of transaction!) {
        count += 1;
        if (count === 500) await pool.execute(`SELECT pg_terminate_backend(${pid})`);
      }
    })();
    await expect(reading).rejects.toThrow(/terminating connection/);
    expect(count).toBeLessThan(10_000);
    expect(transaction!.outcome).toBe('open');
  });

  const PARTS = `
    CREATE TABLE parts (id int, n int) PARTITION BY LIST (id);
    CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN (1);
    CREATE TABLE part_2 PARTITION OF parts FOR VALUES IN (2)`;

  /** What comes of a table that is altered while the one before is read: rows, and changes up to `id` -1. */
  async function whileRead(made: string, alterations: string[]): Promise<string[]> {
    const { pool } = server;
    await pool.execute(`${made}; INSERT INTO parts VALUES (1, 1), (2, 2);
      CREATE PUBLICATION parts FOR TABLE two, parts WITH (publish_via_partition_root = true)`);
    const options = {
      slot: 'parts',
      publication: 'parts',
      snapshot: true,
      highWater: 100,
    } as const;
    const told: string[] = [];
    try {
      await using stream = await openChangeStream(pool, options);
      for await (const transaction of stream) {
        for await (const change of transaction) {
          for (const alteration of alterations.splice(0)) await pool.execute(alteration);
          if (change.kind === 'truncate') told.push(change.kind);
          else if (change.kind === 'delete') told.push(`- ${change.key.id}`);
          else if (change.kind === 'update') told.push(`= ${change.key?.id}`);
          else if (change.kind !== 'insert') continue;
          else if (change.new.id === -1 && !transaction.isSnapshot) return told;
          else if (change.relation.table === 'parts') told.push(`+ ${change.new.id}`);
        }
      }
      return told;
    } finally {
      await pool.execute('DROP PUBLICATION parts; DROP TABLE parts; DELETE FROM two WHERE id = -1');
      await pool.execute('DROP TABLE IF EXISTS part_1');
      await dropSlot(pool, 'parts');
    }
  }

  test('has the rows of a table that is written anew meanwhile, or fails', async () => {
    const made = 'CREATE TABLE parts (id int PRIMARY KEY, n int)';
    const end = 'INSERT INTO two VALUES (-1)';
    for (const alteration of [
      'ALTER TABLE parts ALTER n TYPE bigint',
      'ALTER TABLE parts ALTER n TYPE int USING n + 1',
    ]) {
      await expect(whileRead(made, [alteration, end])).rejects.toThrow(
        'the table public.parts was altered while the snapshot was taken: its rows cannot be had',
      );
    }
    await expect(whileRead(PARTS, ['ALTER TABLE parts ALTER n TYPE bigint', end])).rejects.toThrow(
      'the table public.parts was altered',
    );
    expect(await whileRead(made, ['ALTER TABLE parts ADD v int', end])).toEqual(['+ 1', '+ 2']);
    expect(await whileRead(PARTS, ['VACUUM FULL part_2', end])).toEqual(['+ 1', '+ 2']);
  });

  test('fails where a partition is written anew to be without a log, or with one', async () => {
    // The server refuses that of a table that a publication names. This one names the root alone.
    const end = 'INSERT INTO two VALUES (-1)';
    const unlogged = 'ALTER TABLE part_1 SET UNLOGGED';
    const logged = 'ALTER TABLE part_1 SET LOGGED';
    const error =
      'the table public.parts was altered while the snapshot was taken: its rows cannot be had';
    await expect(whileRead(PARTS, [unlogged, end])).rejects.toThrow(error);
    await expect(whileRead(`${PARTS}; ${unlogged}`, [logged, end])).rejects.toThrow(error);
    // Written anew by VACUUM FULL, it has its rows, with a log or without.
    const vacuum = 'VACUUM FULL part_1';
    expect(await whileRead(`${PARTS}; ${unlogged}`, [vacuum, end])).toEqual(['+ 1', '+ 2']);
  });

  test('has the rows of a table that is renamed, or whose columns are, and is written anew by VACUUM FULL', async () => {
    const made = 'CREATE TABLE parts (id int PRIMARY KEY, n int)';
    const end = 'INSERT INTO two VALUES (-1)';
    const column = 'ALTER TABLE parts RENAME n TO m';
    const table = 'ALTER TABLE parts RENAME TO part_1';
    const back = 'ALTER TABLE part_1 RENAME TO parts';
    expect(await whileRead(made, [column, 'VACUUM FULL parts', end])).toEqual(['+ 1', '+ 2']);
    expect(await whileRead(made, ['CLUSTER parts USING parts_pkey', column, end])).toEqual([
      '+ 1',
      '+ 2',
    ]);
    const renamed = [table, 'VACUUM FULL part_1', 'CREATE TABLE parts ()', end];
    expect(await whileRead(made, renamed)).toEqual(['+ 1', '+ 2']);
    expect(await whileRead(PARTS, [column, 'VACUUM FULL part_1', end])).toEqual(['+ 1', '+ 2']);
    const truncate = ['TRUNCATE part_1', 'INSERT INTO part_1 VALUES (3)', 'CREATE TABLE parts ()'];
    expect(await whileRead(made, [table, ...truncate, end])).toEqual(['truncate']);
    for (const type of ['bigint', 'int USING n + 1']) {
      const alter = `ALTER TABLE part_1 ALTER n TYPE ${type}`;
      await expect(whileRead(made, [table, alter, back, end])).rejects.toThrow(
        'the table public.parts was altered while the snapshot was taken',
      );
    }
    // Of one part the rows are hidden, and can be seen of the other.
    const both = [column, 'VACUUM FULL part_2', 'ALTER TABLE parts ALTER m TYPE bigint', end];
    await expect(whileRead(PARTS, both)).rejects.toThrow('the table public.parts was altered');
  });

  test('has the rows of a table that is renamed meanwhile, and the columns that they had then', async () => {
    const { pool } = server;
    const tables = ['columns', 'filtered', 'swapped', 'table', 'elsewhere'];
    const create = tables.map(
      (table) => `CREATE TABLE renamed."${table}" (id int PRIMARY KEY, old int, "new" int);
        INSERT INTO renamed."${table}" VALUES (1, 10, 20), (2, 30, 40);`,
    );
    await pool.execute(`CREATE SCHEMA renamed; ${create.join(' ')}
      CREATE TABLE renamed.first AS SELECT 1 AS id; CREATE TABLE renamed.next AS SELECT 3 AS id, 0 AS old, 0 AS "new"`);
    const filter = server.version >= 15 ? 'WHERE (old > 20)' : '';
    await pool.execute(`CREATE PUBLICATION renamed FOR TABLE renamed.first,
      ${tables.map((table) => `renamed."${table}" ${table === 'filtered' ? filter : ''}`).join(', ')}`);
    const stream = await openChangeStream(pool, {
      slot: 'renamed',
      publication: 'renamed',
      snapshot: {
        tables: ['renamed.first', ...tables.map((table) => `renamed.${table}`)],
      },
    });
    const rows: Record<string, unknown[]> = {};
    for await (const transaction of stream) {
      for await (const change of transaction) {
        if (change.kind !== 'insert') continue;
        const { table } = change.relation;
        rows[table] ??= [];
        rows[table].push({ ...change.new });
        if (table !== 'first') continue;
        // All others are read behind this one.
        for (const other of ['columns', 'filtered']) {
          await pool.execute(`ALTER TABLE renamed.${other} RENAME old TO other`);
        }
        await pool.execute(`ALTER TABLE renamed.swapped RENAME old TO other;
          ALTER TABLE renamed.swapped RENAME "new" TO old;
          ALTER TABLE renamed.swapped RENAME other TO "new";
          ALTER TABLE renamed."table" RENAME TO former;
          ALTER TABLE renamed.next RENAME TO "table";
          ALTER TABLE renamed.elsewhere SET SCHEMA public`);
      }
      if (Object.keys(rows).length > tables.length) break;
    }
    const all = [
      { id: 1, old: 10, new: 20 },
      { id: 2, old: 30, new: 40 },
    ];
    expect(rows).toEqual({
      first: [{ id: 1 }],
      columns: all,
      filtered: server.version >= 15 ? [all[1]] : all,
      swapped: all,
      table: all,
      elsewhere: all,
    });
    await pool.execute(
      'DROP PUBLICATION renamed; DROP SCHEMA renamed CASCADE; DROP TABLE elsewhere',
    );
  });

  test('has the rows that meet the condition of any of several publications', async () => {
    const { pool, version } = server;
    if (version < 15) return;
    await pool.execute(`CREATE SCHEMA chosen; CREATE TABLE chosen.t (id int PRIMARY KEY, n int);
      INSERT INTO chosen.t VALUES (1, 10), (2, 20), (3, 30);
      CREATE TABLE chosen.root (id int PRIMARY KEY) PARTITION BY RANGE (id);
      CREATE TABLE chosen.leaf PARTITION OF chosen.root DEFAULT;
      INSERT INTO chosen.root VALUES (1), (2), (3);
      CREATE PUBLICATION first_alone FOR TABLE chosen.t WHERE (id = 1);
      CREATE PUBLICATION last_alone FOR TABLE chosen.t WHERE (n = 30);
      CREATE PUBLICATION whole_table FOR TABLE chosen.t;
      CREATE PUBLICATION whole_schema FOR TABLES IN SCHEMA chosen;
      CREATE PUBLICATION by_root FOR TABLE chosen.root WHERE (id > 1) WITH (publish_via_partition_root)`);
    const idsOf = async (...publications: string[]): Promise<unknown[]> => {
      await using stream = await openChangeStream(pool, {
        slot: 'chosen',
        publication: publications,
        snapshot: true,
      });
      const { value } = await iteratorOf(stream).next();
      const rows = (await value!.toArray()) as InsertChange[];
      return rows.map((row) => row.new.id);
    };
    expect(await idsOf('first_alone')).toEqual([1]);
    expect(await idsOf('first_alone', 'last_alone')).toEqual([1, 3]);
    expect(await idsOf('last_alone', 'whole_table', 'first_alone')).toEqual([1, 2, 3]);
    expect(await idsOf('whole_table', 'last_alone')).toEqual([1, 2, 3]);
    expect(await idsOf('by_root')).toEqual([2, 3]);
    const ofTable = { slot: 'chosen', publication: ['first_alone', 'whole_schema'] } as const;
    await using stream = await openChangeStream(pool, {
      ...ofTable,
      snapshot: { tables: ['chosen.t'] },
    });
    expect(await (await iteratorOf(stream).next()).value!.toArray()).toHaveLength(3);
    await stream.close();
    await pool.execute(`DROP PUBLICATION first_alone, last_alone, whole_table, whole_schema, by_root;
      DROP SCHEMA chosen CASCADE`);
  });

  test('has the rows of a table in whose place another one is put meanwhile', async () => {
    const made = 'CREATE TABLE parts (id int PRIMARY KEY, n int)';
    const end = 'INSERT INTO two VALUES (-1)';
    const swap = 'ALTER TABLE parts RENAME TO part_1; CREATE TABLE parts AS SELECT 7 AS id, 8 AS n';
    expect(await whileRead(made, [swap, end])).toEqual(['+ 1', '+ 2']);
  });

  test('ends with an error that names the column that is dropped meanwhile, or the table', async () => {
    const made = 'CREATE TABLE parts (id int PRIMARY KEY, n int)';
    await expect(whileRead(made, ['ALTER TABLE parts DROP n'])).rejects.toThrow(
      'the column n of the table public.parts was dropped while the snapshot was taken',
    );
    const gone = 'ALTER TABLE parts RENAME TO part_1; CREATE TABLE parts (); DROP TABLE part_1';
    await expect(whileRead(made, [gone])).rejects.toThrow('public.parts');
  });

  test('has none of the rows that are truncated meanwhile; their changes and the truncation come', async () => {
    const made = 'CREATE TABLE parts (id int PRIMARY KEY, n int)';
    const write = [
      'UPDATE parts SET n = 5 WHERE id = 1',
      'DELETE FROM parts WHERE id = 2',
      'TRUNCATE parts',
      'INSERT INTO parts VALUES (3)',
    ];
    expect(await whileRead(made, [...write, 'INSERT INTO two VALUES (-1)'])).toEqual([
      '= 1',
      '- 2',
      'truncate',
      '+ 3',
    ]);
  });

  test('has nothing to flush before all of it is acknowledged', async () => {
    const { pool } = server;
    const options = { slot: 'flushed_early', publication, snapshot: true } as const;
    await using stream = await openChangeStream(pool, options);
    const slots: boolean[] = [];
    for await (const transaction of stream) {
      expect(transaction.isSnapshot).toBe(true);
      // Nobody knows when they were committed.
      expect(transaction.committedAt).toEqual(new Date(0));
      await transaction.toArray();
      transaction.ack();
      await stream.flush();
      slots.push((await slotStatus(pool, 'flushed_early')) !== null);
      if (slots.length === 2) break;
    }
    expect(slots).toEqual([false, true]);
    await stream.close();
    await dropSlot(pool, 'flushed_early');
  });

  test('waits for the slot of one that was lost, and of which the server does not know yet', async () => {
    const { pool } = server;
    await pool.execute(`
      CREATE TABLE three (id int PRIMARY KEY);
      INSERT INTO three VALUES (1);
      CREATE PUBLICATION three FOR TABLE three`);
    const former = await connectReplication(server.cluster.dsn);
    const slot = { plugin: 'pgoutput', temporary: true } as const;
    await former.createSlot('waits_snapshot', slot);
    const options = { slot: 'waits', publication: 'three', snapshot: true } as const;
    const opening = openChangeStream(pool, options);
    // Beside the former's: it has tried, was told that the slot is there, and tries once more.
    const pids = new Set<number>();
    await until(async () => {
      const rows = await pool.fetch(
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walsender'",
      );
      for (const { pid } of rows) pids.add(pid);
      return pids.size >= 3;
    });
    await former[Symbol.asyncDispose]();
    await using stream = await opening;
    for await (const transaction of stream) {
      expect(transaction.isSnapshot).toBe(true);
      expect(await transaction.toArray()).toHaveLength(1);
      break;
    }
  });

  test('may take longer than the server lets its connection be silent', async () => {
    const { pool: admin, cluster } = server;
    await admin.execute(`
      CREATE TABLE slow (id int PRIMARY KEY);
      INSERT INTO slow SELECT generate_series(1, 1000);
      CREATE PUBLICATION slow FOR TABLE slow`);
    // The limit is half of it.
    await using pool = await createPool(cluster.dsn, { minSize: 0, timeout: 2000 });
    const options = { slot: 'slow', publication: 'slow', snapshot: true, highWater: 10 } as const;
    await using stream = await openChangeStream(pool, options);
    const pid = await walsenderOf(admin, 'slow_snapshot');
    const ids: number[] = [];
    for await (const transaction of stream) {
      for await (const change of transaction) {
        if (change.kind === 'insert') ids.push(change.new.id);
        if (ids.length === 1 && transaction.isSnapshot) await admin.execute('SELECT pg_sleep(2)');
      }
      if (!transaction.isSnapshot) {
        expect(await walsenderOf(admin, 'slow')).toBe(pid);
        break;
      }
      // Nobody reads any more, and the last is not acknowledged.
      await admin.execute('SELECT pg_sleep(1.5)');
      // The exported snapshot, which would hold up the server's vacuum, was let go of when it was imported.
      const state = 'SELECT state FROM pg_stat_activity WHERE pid = $1';
      expect(await admin.fetchVal(state, pid)).toBe('idle');
      expect(await slotStatus(admin, 'slow')).toBeNull();
      await admin.execute('INSERT INTO slow VALUES (1001)');
    }
    expect(ids).toEqual(Array.from({ length: 1001 }, (_, i) => i + 1));
  }, 30_000);

  test.each(['before', 'after'] as const)(
    'whose connection is lost %s its snapshot is imported, unnoticed, lets the next begin',
    async (when) => {
      const { pool: admin, cluster } = server;
      const name = `lost_${when}`;
      await admin.execute(`
        CREATE TABLE ${name} (id int PRIMARY KEY);
        INSERT INTO ${name} SELECT generate_series(1, 100);
        CREATE PUBLICATION ${name} FOR TABLE ${name}`);
      await using proxy = await FaultProxy.listen({ host: '127.0.0.1', port: cluster.port });
      let isLost = false;
      const lose = (): void => {
        isLost = true;
        for (const link of proxy.links) if (link.number === 0) link.strike('silence');
      };
      // The second connection is the one that the rows are read on.
      proxy.plan = ({ link }) => {
        if (when === 'before' && link === 1 && !isLost) lose();
        return null;
      };
      const options = { slot: name, publication: name, snapshot: true, highWater: 10 } as const;
      await using behind = await createPool(proxy.dsn, { minSize: 0, timeout: 3000 });
      await using former = await openChangeStream(behind, options);
      // Its rows are being read, and nobody takes them.
      expect((await iteratorOf(former).next()).value.isSnapshot).toBe(true);
      if (when === 'after') {
        const pid = await walsenderOf(admin, `${name}_snapshot`);
        const state = 'SELECT state FROM pg_stat_activity WHERE pid = $1';
        await until(async () => (await admin.fetchVal(state, pid)) === 'idle');
        lose();
      }
      expect(isLost).toBe(true);

      await using pool = await createPool(cluster.dsn, { minSize: 0, timeout: 3000 });
      await using stream = await openChangeStream(pool, options);
      for await (const transaction of stream) {
        const changes = await transaction.toArray();
        if (!transaction.isSnapshot) break;
        expect(changes).toHaveLength(100);
        await admin.execute(`INSERT INTO ${name} VALUES (101)`);
      }
      expect((await slotStatus(admin, name))?.temporary).toBe(false);
      proxy.heal();
    },
    30_000,
  );
});
