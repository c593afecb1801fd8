import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { instrument } from '../../../src/integrations/opentelemetry/index.ts';
import { openStreams } from '../../../src/pool/open-streams.ts';
import { parseLsn } from '../../../src/protocol/replication/lsn.ts';
import {
  type Change,
  type ChangeTransaction,
  connectReplication,
  openChangeStream,
  type RawMessage,
} from '../../../src/replication/index.ts';
import {
  iteratorOf,
  onEachServer,
  take,
  until,
} from '../../support/replication/logical-cluster.ts';

const SCHEMA = `
  CREATE TABLE a (id int PRIMARY KEY, body text);
  CREATE TABLE b (id int PRIMARY KEY);
  CREATE SCHEMA "north.west";
  CREATE TABLE "2026.q1" (id int PRIMARY KEY);
  CREATE TABLE "north.west"."Of ""two"".parts" (id int PRIMARY KEY);
  INSERT INTO "2026.q1" VALUES (1);
  INSERT INTO "north.west"."Of ""two"".parts" VALUES (2);
  CREATE PUBLICATION both_of_them FOR TABLE a, b;
  CREATE PUBLICATION nothing`;

const SERVER = { schema: SCHEMA, settings: { logical_decoding_work_mem: '64kB' } };

onEachServer('a change stream', SERVER, (server) => {
  const idsOf = (changes: readonly Change[]): unknown[] =>
    changes.map((change) => (change.kind === 'insert' ? change.new.id : change.kind));

  test('with streaming hands over what is in progress, and tells of savepoints and rollbacks', async () => {
    const { pool } = server;
    await using stream = await openChangeStream(pool, {
      slot: 'streaming',
      publication: 'both_of_them',
      streaming: true,
    });
    const iterator = iteratorOf(stream);
    let first: ChangeTransaction;
    const early: Change[] = [];
    await pool.transaction(async (tx) => {
      await tx.execute("INSERT INTO a SELECT i, repeat('x', 100) FROM generate_series(1, 2000) i");
      first = (await iterator.next()).value!;
      expect(first.outcome).toBe('open');
      for await (const change of first) if (early.push(change) === 100) break;
      await tx
        .transaction(async () => {
          await tx.execute(
            "INSERT INTO a SELECT i, repeat('y', 100) FROM generate_series(3001, 5000) i",
          );
          throw new Error('undone');
        })
        .catch(() => {});
      await tx.execute('INSERT INTO a VALUES (9001)');
    });
    const rest = await first!.toArray();
    expect(first!.outcome).toBe('committed');
    const kept = [...early, ...rest].filter(
      (change) => !('xid' in change && first!.aborted.has(change.xid)),
    );
    expect(idsOf(kept)).toEqual([...Array.from({ length: 2000 }, (_, i) => i + 1), 9001]);

    let rolledBack: ChangeTransaction;
    await pool
      .transaction(async (tx) => {
        await tx.execute(
          "INSERT INTO a SELECT i, repeat('x', 100) FROM generate_series(10001, 12000) i",
        );
        rolledBack = (await iterator.next()).value!;
        throw new Error('undone');
      })
      .catch(() => {});
    await rolledBack!.toArray();
    expect(rolledBack!.outcome).toBe('aborted');
    await pool.execute('INSERT INTO b VALUES (1)');
    expect(idsOf((await take(iterator, 1)).flat())).toEqual([1]);
    await pool.execute('TRUNCATE a, b');
  });

  test('with streaming a stored position loses nothing that was committed before and comes behind', async () => {
    const { pool } = server;
    const options = { slot: 'behind', publication: 'both_of_them' } as const;
    let stored: string;
    {
      await using stream = await openChangeStream(pool, { ...options, streaming: true });
      const iterator = iteratorOf(stream);
      let first: ChangeTransaction;
      await pool.transaction(async (tx) => {
        await tx.execute(
          "INSERT INTO a SELECT i, repeat('x', 100) FROM generate_series(1, 2000) i",
        );
        first = (await iterator.next()).value!;
        await pool.execute('INSERT INTO b VALUES (1)');
      });
      expect(await first!.toArray()).toHaveLength(2000);
      stored = first!.lsn;
      expect((await take(iterator, 1)).map(idsOf)).toEqual([[1]]);
      expect(parseLsn(first!.lsn)).toBeGreaterThan(parseLsn(stored));
    }
    await using stream = await openChangeStream(pool, { ...options, startAfter: stored });
    expect((await take(iteratorOf(stream), 1)).map(idsOf)).toEqual([[1]]);
    await pool.execute('TRUNCATE a, b');
  });

  test('with streaming the position of what is committed is its own, though one that was rolled back waits behind', async () => {
    const { pool } = server;
    await using stream = await openChangeStream(pool, {
      slot: 'rolled_back',
      publication: 'both_of_them',
      streaming: true,
      highWater: 10_000,
    });
    const iterator = iteratorOf(stream);
    const insert = (table: string): string =>
      `INSERT INTO ${table} SELECT i FROM generate_series(1, 3000) i`;
    let first: ChangeTransaction;
    let before = '';
    await pool.transaction(async (committed) => {
      await committed.execute(insert('a'));
      first = (await iterator.next()).value!;
      const rolledBack = pool.transaction(async (tx) => {
        await tx.execute(insert('b'));
        await until(async () => stream.stats.transactions === 2);
        throw new Error('rolled back');
      });
      await expect(rolledBack).rejects.toThrow('rolled back');
      before = (await pool.fetchVal('SELECT pg_current_wal_insert_lsn()'))!;
    });
    expect(await first!.toArray()).toHaveLength(3000);
    expect(first!.outcome).toBe('committed');
    expect(parseLsn(first!.lsn)).toBeGreaterThan(parseLsn(before));
    await iterator.next();
    await pool.execute('TRUNCATE a, b');
  });

  test('with twoPhase hands over prepared transactions, and what becomes of them', async () => {
    const { pool } = server;
    await using stream = await openChangeStream(pool, {
      slot: { name: 'two_phase', twoPhase: true },
      publication: 'both_of_them',
    });
    const iterator = iteratorOf(stream);
    for (const [id, end] of [
      [101, 'COMMIT'],
      [102, 'ROLLBACK'],
    ] as const) {
      await pool.withConnection(async (connection) => {
        await connection.execute(
          `BEGIN; INSERT INTO a VALUES (${id}); PREPARE TRANSACTION 'gid ${id}'`,
        );
      });
      const prepared = (await iterator.next()).value!;
      expect(idsOf(await prepared.toArray())).toEqual([id]);
      expect([prepared.gid, prepared.outcome]).toEqual([`gid ${id}`, 'prepared']);
      await pool.execute(`${end} PREPARED 'gid ${id}'`);
      const decided = (await iterator.next()).value!;
      expect(await decided.toArray()).toEqual([
        { kind: end === 'COMMIT' ? 'commit-prepared' : 'rollback-prepared', gid: `gid ${id}` },
      ]);
    }
    // Nothing in it is published: what becomes of it is told all the same.
    await pool.execute(
      "CREATE TABLE unpublished (); BEGIN; INSERT INTO unpublished DEFAULT VALUES; PREPARE TRANSACTION 'none'",
    );
    const empty = (await iterator.next()).value!;
    expect(await empty.toArray()).toEqual([]);
    expect([empty.gid, empty.outcome]).toEqual(['none', 'prepared']);
    await pool.execute("COMMIT PREPARED 'none'");
    expect((await take(iterator, 1)).flat()).toEqual([{ kind: 'commit-prepared', gid: 'none' }]);
    expect(stream.stats.queued).toBe(0);
    await pool.execute('DROP TABLE unpublished');
    await pool.execute('TRUNCATE a, b');
  });

  test('with twoPhase hands over what becomes of a prepared transaction that has only locked rows', async () => {
    const { pool, version } = server;
    await pool.execute('INSERT INTO b VALUES (1)');
    const lock = (gid: string): Promise<unknown> =>
      pool.execute(`BEGIN; SELECT FROM b FOR UPDATE; PREPARE TRANSACTION '${gid}'`);
    const options = { slot: 'locked', publication: 'both_of_them' } as const;
    await using before = await openChangeStream(pool, options);
    await lock('before');
    await pool.execute('INSERT INTO a VALUES (1)');
    const first = (await iteratorOf(before).next()).value!;
    expect(idsOf(await first.toArray())).toEqual([1]);
    first.ack();
    await before.close();
    await using stream = await openChangeStream(pool, {
      ...options,
      slot: { name: 'locked', twoPhase: true },
      acknowledge: 'manual',
    });
    const iterator = iteratorOf(stream);
    const told: unknown[] = [];
    const readUntil = async (gid: string): Promise<void> => {
      for (;;) {
        const transaction: ChangeTransaction = (await iterator.next()).value!;
        const changes = await transaction.toArray();
        told.push([transaction.gid, transaction.outcome, ...changes.map(({ kind }) => kind)]);
        if (transaction.gid === gid && changes.length > 0) return;
      }
    };
    const ends = [
      ['kept', 'COMMIT', 'committed', 'commit-prepared'],
      ['undone', 'ROLLBACK', 'aborted', 'rollback-prepared'],
    ] as const;
    await pool.execute("COMMIT PREPARED 'before'");
    for (const [gid, end] of ends) {
      await lock(gid);
      await pool.execute(`${end} PREPARED '${gid}'`);
      await readUntil(gid);
      // All of it comes once more, and is left out.
      await pool.execute(
        "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = 'locked'",
      );
    }
    await pool.execute('INSERT INTO a VALUES (2)');
    expect((await take(iterator, 1)).map(idsOf)).toEqual([[2]]);
    // Before 18 nothing is told of it before it is decided.
    const prepared = (gid: string): unknown[] => (version >= 18 ? [[gid, 'prepared']] : []);
    expect(told).toEqual([
      ['before', 'committed', 'commit-prepared'],
      ...ends.flatMap(([gid, , outcome, kind]) => [...prepared(gid), [gid, outcome, kind]]),
    ]);
    await pool.execute('TRUNCATE a, b');
  });

  test('with twoPhase hands over what was prepared before the slot had it, once, when it is committed', async () => {
    const { pool } = server;
    const slot = 'late';
    const before = await openChangeStream(pool, { slot, publication: 'both_of_them' });
    await pool.execute("BEGIN; INSERT INTO a VALUES (1), (2); PREPARE TRANSACTION 'late'");
    await pool.execute("BEGIN; INSERT INTO a VALUES (3); PREPARE TRANSACTION 'later'");
    await pool.execute('INSERT INTO b VALUES (1)');
    const { value: first } = await iteratorOf(before).next();
    expect(idsOf(await first!.toArray())).toEqual([1]);
    first!.ack();
    await before.close();
    await using stream = await openChangeStream(pool, {
      slot: { name: slot, twoPhase: true },
      publication: 'both_of_them',
      acknowledge: 'manual',
    });
    const iterator = iteratorOf(stream);
    await pool.execute('INSERT INTO b VALUES (2)');
    expect((await take(iterator, 1)).map(idsOf)).toEqual([[2]]);
    await pool.execute("COMMIT PREPARED 'late'");
    const late = (await iterator.next()).value!;
    expect(idsOf(await late.toArray())).toEqual([1, 2]);
    expect([late.gid, late.outcome]).toEqual([null, 'committed']);
    expect(parseLsn(late.lsn)).toBe(parseLsn(stream.position.received));
    // None of it was acknowledged: the server sends all of it again.
    await pool.execute(
      'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1',
      slot,
    );
    await pool.execute("COMMIT PREPARED 'later'");
    await pool.execute('INSERT INTO b VALUES (3)');
    expect((await take(iterator, 2)).map(idsOf)).toEqual([[3], [3]]);
    expect(stream.stats.skippedTransactions).toBe(2);
    await pool.execute('TRUNCATE a, b');
  });

  test('with streaming begins anew what came as a whole, and comes in parts on the next connection', async () => {
    const { pool } = server;
    const database = await pool.fetchVal<string>('SELECT quote_ident(current_database())');
    await pool.execute(`ALTER DATABASE ${database} SET logical_decoding_work_mem = '64MB'`);
    await using stream = await openChangeStream(pool, {
      slot: 'in_parts',
      publication: 'both_of_them',
      streaming: true,
      acknowledge: 'manual',
      highWater: 100,
    });
    await pool.execute(`ALTER DATABASE ${database} RESET logical_decoding_work_mem`);
    await pool.execute("INSERT INTO a SELECT i, repeat('x', 8000) FROM generate_series(1, 1500) i");
    const iterator = iteratorOf(stream);
    const cut = (await iterator.next()).value!;
    await cut[Symbol.asyncIterator]().next();
    await pool.execute(
      "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = 'in_parts'",
    );
    await cut.toArray();
    expect(cut.outcome).toBe('aborted');
    const whole = (await iterator.next()).value!;
    expect(idsOf(await whole.toArray())).toEqual(Array.from({ length: 1500 }, (_, i) => i + 1));
    expect([whole.outcome, whole.xid]).toEqual(['committed', cut.xid]);
    whole.ack();
    // What is aborted need not be acknowledged.
    expect(stream.position.acknowledged).toBe(whole.lsn);
    await pool.execute('TRUNCATE a, b');
  });

  test('with streaming and two phases hands over what was prepared once, though it comes again in parts', async () => {
    const { pool, version } = server;
    if (version < 15) return;
    for (const decision of ['COMMIT', 'ROLLBACK']) {
      const slot = `again_${decision.toLowerCase()}`;
      await using stream = await openChangeStream(pool, {
        slot: { name: slot, twoPhase: true },
        publication: 'both_of_them',
        streaming: true,
      });
      const iterator = iteratorOf(stream);
      await pool.execute(`BEGIN; INSERT INTO a SELECT i, repeat('p', 300) FROM generate_series(1, 100) i;
        PREPARE TRANSACTION 'again'`);
      const prepared = (await iterator.next()).value!;
      expect(await prepared.toArray()).toHaveLength(100);
      expect([prepared.outcome, prepared.gid]).toEqual(['prepared', 'again']);
      const next = iterator.next();
      await stream.flush();
      await pool.execute(
        'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1',
        slot,
      );
      // The server's memory is full with this one, and it sends the largest that there is.
      await pool.execute(
        "INSERT INTO a SELECT i, repeat('x', 300) FROM generate_series(2001, 2150) i",
      );
      const other = (await next).value!;
      expect(idsOf(await other.toArray())).toHaveLength(150);
      expect([other.outcome, other.gid]).toEqual(['committed', null]);
      await pool.execute(`${decision} PREPARED 'again'`);
      const decided = (await iterator.next()).value!;
      expect(idsOf(await decided.toArray())).toEqual([`${decision.toLowerCase()}-prepared`]);
      expect([decided.xid, decided.gid]).toEqual([prepared.xid, 'again']);
      await stream.close();
      await pool.execute('TRUNCATE a, b');
    }
  });

  test('has tables whose names have dots, in quotes', async () => {
    const { pool } = server;
    const tables = ['"2026.q1"', '"north.west"."Of ""two"".parts"', 'public.a'];
    for (const slot of ['dots', 'dots_again']) {
      await using stream = await openChangeStream(pool, {
        slot,
        publication: { name: 'dots', tables },
        snapshot: { tables: ['"2026.q1"', '"north.west"."Of ""two"".parts"'] },
      });
      const found = (await take(iteratorOf(stream), 2)).flat();
      expect(idsOf(found).toSorted()).toEqual([1, 2]);
    }
    const published = await pool.fetch(
      "SELECT schemaname, tablename FROM pg_publication_tables WHERE pubname = 'dots' ORDER BY 1 DESC, 2",
    );
    expect(published.map((row) => [...row])).toEqual([
      ['public', '2026.q1'],
      ['public', 'a'],
      ['north.west', 'Of "two".parts'],
    ]);
  });

  test('hands over messages, also with a publication of no tables', async () => {
    const { pool } = server;
    await using stream = await openChangeStream(pool, {
      slot: 'messages',
      publication: 'nothing',
      messages: ['outbox'],
    });
    await pool.transaction(async (tx) => {
      await tx.execute('INSERT INTO a VALUES (200)');
      await tx.execute("SELECT pg_logical_emit_message(true, 'outbox', 'one')");
      await tx.execute("SELECT pg_logical_emit_message(true, 'others', 'no')");
    });
    await pool.execute("SELECT pg_logical_emit_message(false, 'outbox', 'two')");
    await pool
      .transaction(async (tx) => {
        await tx.execute("SELECT pg_logical_emit_message(true, 'outbox', 'undone')");
        throw new Error('undone');
      })
      .catch(() => {});
    await pool.execute("SELECT pg_logical_emit_message(true, 'outbox', 'three')");
    const messages = (await take(iteratorOf(stream), 3)).flat();
    expect(
      messages.map(
        (message) =>
          message.kind === 'message' && [message.content.toString(), message.transactional],
      ),
    ).toEqual([
      ['one', true],
      ['two', false],
      ['three', true],
    ]);
    await stream.close();
    // What was acknowledged does not come again, and the last was not.
    await using again = await openChangeStream(pool, {
      slot: 'messages',
      publication: 'nothing',
      messages: true,
    });
    const [left] = await take(iteratorOf(again), 1);
    expect(
      left!.map((message) => message.kind === 'message' && message.content.toString()),
    ).toEqual(['three']);
  });

  test('loses no transaction whose commit follows right behind a message', async () => {
    const { pool } = server;
    const options = {
      slot: 'adjacent',
      publication: 'both_of_them',
      messages: ['here'],
    } as const;
    const stream = await openChangeStream(pool, options);
    await pool.transaction(async (tx) => {
      await tx.execute('INSERT INTO a VALUES (250)');
      await pool.execute("SELECT pg_logical_emit_message(false, 'here', 'right before')");
    });
    await pool.transaction(async (tx) => {
      await tx.execute('INSERT INTO a VALUES (251)');
      await pool.execute("SELECT pg_logical_emit_message(false, 'elsewhere', 'unwanted')");
    });
    const iterator = iteratorOf(stream);
    expect(idsOf((await take(iterator, 1)).flat())).toEqual(['message']);
    // The message alone is acknowledged, and neither it nor less than the rest comes again.
    const next = await iterator.next();
    expect(idsOf(await next.value!.toArray())).toEqual([250]);
    await stream.close();
    await using again = await openChangeStream(pool, options);
    expect(idsOf((await take(iteratorOf(again), 2)).flat())).toEqual([250, 251]);
  });

  test('is measured by OpenTelemetry: lag, positions, what waits', async () => {
    const { pool } = server;
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({
      exporter,
      exportIntervalMillis: 3_600_000,
    });
    const meterProvider = new MeterProvider({ readers: [reader] });
    const stop = instrument({ meterProvider });
    const measured = async (): Promise<Record<string, unknown[]>> => {
      exporter.reset();
      await reader.forceFlush();
      const scopes = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
      const found: Record<string, unknown[]> = {};
      for (const { descriptor, dataPoints } of scopes.flatMap(({ metrics }) => metrics)) {
        const own = dataPoints.filter(
          ({ attributes }) => attributes['asyncpg.replication.slot'] === 'measured',
        );
        if (own.length > 0) found[descriptor.name] = own.map(({ value }) => value);
      }
      return found;
    };
    const stream = await openChangeStream(pool, {
      slot: 'measured',
      publication: 'both_of_them',
      acknowledge: 'manual',
    });
    await pool.execute('INSERT INTO b VALUES (271), (272)');
    const transactions = iteratorOf(stream);
    const transaction = (await transactions.next()).value!;
    // It is handed over with its first change; what is acknowledged before its end has come counts until then.
    await expect.poll(() => transaction.outcome, { interval: 1 }).toBe('committed');
    const expected = (): Record<string, unknown[]> => {
      const { received, acknowledged, reported, server: end } = stream.position;
      return {
        'asyncpg.replication.lag': [Number(stream.lag)],
        'asyncpg.replication.position': [received, acknowledged, reported, end].map((lsn) =>
          Number(parseLsn(lsn)),
        ),
        'asyncpg.replication.queued': [stream.stats.queued],
        'asyncpg.replication.unacknowledged': [1],
      };
    };
    // The server may tell of a new position at any time: measured until it has told of none meanwhile.
    let before: Record<string, unknown[]>;
    let found: Record<string, unknown[]>;
    do {
      before = expected();
      found = await measured();
    } while (JSON.stringify(before) !== JSON.stringify(expected()));
    expect(found).toEqual(before);
    transaction.ack();
    expect((await measured())['asyncpg.replication.unacknowledged']).toEqual([0]);
    await pool.execute('INSERT INTO b VALUES (279)');
    await transactions.next();
    expect((await measured())['asyncpg.replication.unacknowledged']).toEqual([1]);
    await stream.close();
    expect([...openStreams()].map(({ slotName }) => slotName)).not.toContain('measured');
    // Nothing waits for anybody any more.
    expect(await measured()).toMatchObject({
      'asyncpg.replication.queued': [0],
      'asyncpg.replication.unacknowledged': [0],
    });
    stop();
    await meterProvider.shutdown();
    await pool.execute('DELETE FROM b');
  });

  test('hands over TRUNCATE of two tables at once', async () => {
    const { pool } = server;
    await using stream = await openChangeStream(pool, {
      slot: 'temporary',
      publication: 'both_of_them',
    });
    await pool.execute('TRUNCATE a, b');
    const [changes] = await take(iteratorOf(stream), 1);
    expect(changes).toHaveLength(1);
    const change = changes![0]!;
    expect(change.kind === 'truncate' && change.relations.map(({ table }) => table)).toEqual([
      'a',
      'b',
    ]);
  });

  test.runIf(server.version >= 16)(
    "with origin 'none' leaves out what was replicated to this server",
    async () => {
      const { pool } = server;
      await using stream = await openChangeStream(pool, {
        slot: 'temporary',
        publication: 'both_of_them',
        origin: 'none',
      });
      await using every = await openChangeStream(pool, {
        slot: 'temporary',
        publication: 'both_of_them',
      });
      await pool.withConnection(async (connection) => {
        await connection.execute("SELECT pg_replication_origin_create('elsewhere')");
        await connection.execute("SELECT pg_replication_origin_session_setup('elsewhere')");
        await connection.execute('INSERT INTO b VALUES (301)');
        await connection.execute('SELECT pg_replication_origin_session_reset()');
      });
      await pool.execute('INSERT INTO b VALUES (302)');
      expect(idsOf((await take(iteratorOf(stream), 1)).flat())).toEqual([302]);
      const transaction = (await iteratorOf(every).next()).value!;
      expect(idsOf(await transaction.toArray())).toEqual([301]);
      expect(transaction.origin).toBe('elsewhere');
    },
  );

  test.runIf(server.version >= 16)(
    "with streaming is not told of every origin, and leaves out by origin 'none' all the same",
    async () => {
      const { pool } = server;
      const options = { slot: 'temporary', publication: 'both_of_them', streaming: true } as const;
      await using own = await openChangeStream(pool, { ...options, origin: 'none' });
      await using every = await openChangeStream(pool, options);
      await pool.withConnection(async (connection) => {
        await connection.execute("SELECT pg_replication_origin_create('streamed')");
        await connection.execute("SELECT pg_replication_origin_session_setup('streamed')");
        for (const first of ['TRUNCATE a', 'SELECT 1']) {
          await connection.execute(`BEGIN; ${first};
            INSERT INTO a SELECT i, repeat('x', 100) FROM generate_series(1, 2000) i;
            DELETE FROM a; COMMIT`);
        }
        await connection.execute('SELECT pg_replication_origin_session_reset()');
      });
      await pool.execute('INSERT INTO b VALUES (303)');
      const origins: unknown[] = [];
      for await (const transaction of every) {
        await transaction.toArray();
        if (origins.push(transaction.origin) === 2) break;
      }
      expect(origins).toEqual([null, 'streamed']);
      expect(idsOf((await take(iteratorOf(own), 1)).flat())).toEqual([303]);
      await pool.execute('DELETE FROM b WHERE id = 303');
    },
  );

  test('a bare connection streams from any plugin', async () => {
    const { pool, cluster } = server;
    await using walsender = await connectReplication(cluster.dsn);
    const identity = await walsender.identifySystem();
    expect(identity).toMatchObject({ timeline: 1, database: 'postgres' });
    const slot = await walsender.createSlot('decoded', {
      plugin: 'test_decoding',
      temporary: true,
    });
    expect(slot.consistentPoint).toMatch(/^\w+\/\w+$/);
    await pool.execute('DELETE FROM b');
    await pool.execute('INSERT INTO b VALUES (401)');
    expect(await walsender.command('SHOW wal_level')).toEqual([{ wal_level: 'logical' }]);
    const stream = walsender.start({ slot: 'decoded', options: { 'include-xids': '0' } });
    const lines: string[] = [];
    for await (const { lsn, data } of stream) {
      lines.push(data.toString());
      stream.ack(lsn);
      if (lines.includes('table public.b: INSERT: id[integer]:401') && lines.at(-1) === 'COMMIT')
        break;
    }
    expect(lines.slice(-3)).toEqual(['BEGIN', 'table public.b: INSERT: id[integer]:401', 'COMMIT']);
  });

  test('a bare connection gives its messages to all who wait for the next', async () => {
    const { pool, cluster } = server;
    await using walsender = await connectReplication(cluster.dsn);
    await walsender.createSlot('asked_at_once', { plugin: 'test_decoding', temporary: true });
    const options = { 'include-xids': '0' };
    const stream = walsender.start({ slot: 'asked_at_once', options });
    const iterator = stream[Symbol.asyncIterator]();
    const waiting = Array.from({ length: 3 }, () => iterator.next());
    await pool.execute('INSERT INTO b VALUES (402)');
    const messages = await Promise.all(waiting);
    expect(messages.map(({ value }) => (value as RawMessage).data.toString())).toEqual([
      'BEGIN',
      'table public.b: INSERT: id[integer]:402',
      'COMMIT',
    ]);
    await iterator.return!();
  });

  test('a bare connection refuses what makes no sense, and all else while it streams', async () => {
    const { pool, cluster } = server;
    await using walsender = await connectReplication(cluster.dsn);
    const refused = async (call: () => unknown): Promise<unknown> => {
      try {
        return await call();
      } catch (error) {
        return (error as Error).constructor.name;
      }
    };
    const wrong = (value: unknown): never => value as never;
    const slot = 'refused';
    for (const call of [
      () => walsender.createSlot(slot, wrong(undefined)),
      () => walsender.createSlot(slot, wrong({ plugin: 'test_decoding', snapshot: 'use' })),
      () => walsender.createSlot(slot, wrong({ plugin: 'test_decoding', temprary: true })),
      () => walsender.command(wrong(undefined)),
      () => walsender.command(' start_replication SLOT refused LOGICAL 0/0'),
      () => walsender.command('BASE_BACKUP'),
      () => walsender.start(wrong(undefined)),
      () => walsender.start({ slot, from: 'the beginning' }),
      () => walsender.start(wrong({ slot, from: 5n })),
      () => walsender.start({ slot, options: { 'include-xids': wrong(0) } }),
    ]) {
      expect(await refused(call), String(call)).toBe('InvalidArgumentError');
    }
    const missing = walsender.start({ slot })[Symbol.asyncIterator]();
    expect(await refused(() => missing.next())).toBe('UndefinedObjectError');
    // That connection is as it was.
    await walsender.createSlot(slot, { plugin: 'test_decoding', temporary: true });
    const stream = walsender.start({ slot });
    const messages = stream[Symbol.asyncIterator]();
    const next = messages.next();
    for (const call of [
      () => walsender.identifySystem(),
      () => walsender.command('SHOW wal_level'),
      () => walsender.dropSlot(slot),
      () => walsender.timelineHistory(1),
      () => walsender.createSlot('another', { plugin: 'test_decoding' }),
      () => walsender.start({ slot }),
    ]) {
      expect(await refused(call), String(call)).toBe('InterfaceError');
    }
    await pool.execute('INSERT INTO b VALUES (403)');
    expect((await next).done).toBe(false);
    await messages.return!();
  });
});
