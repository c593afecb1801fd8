import type net from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createPool, InvalidArgumentError } from '../../../src/index.ts';
import {
  type Change,
  type ChangeStreamOptions,
  type ChangeTransaction,
  openChangeStream,
  PublicationMissingError,
  slotStatus,
} from '../../../src/replication/index.ts';
import { connectedTo } from '../../support/counting-dial.ts';
import {
  iteratorOf,
  onEachServer,
  take,
  until,
  walsenderOf,
} from '../../support/replication/logical-cluster.ts';

const schema = `
  CREATE TABLE t (id int PRIMARY KEY, n int);
  CREATE PUBLICATION t FOR TABLE t;
  CREATE PUBLICATION everything FOR ALL TABLES`;
const settings = { logical_decoding_work_mem: '64kB' };

/** A change as a short text. */
function told(change: Change): string {
  switch (change.kind) {
    case 'insert':
      return `${change.relation.table} + ${JSON.stringify(change.new)} key ${JSON.stringify(change.key)}`;
    case 'update':
      return `${change.relation.table} = ${JSON.stringify(change.new)} key ${JSON.stringify(change.key)}`;
    case 'delete':
      return `${change.relation.table} - ${JSON.stringify(change.key)}`;
    case 'truncate':
      return `truncate ${change.relations.map(({ table }) => table).join(' ')} ${change.cascade}`;
    default:
      return change.kind;
  }
}

onEachServer('while a change stream runs', { schema, settings }, (server) => {
  let slots = 0;

  /** What `write` makes come, in `count` transactions. */
  async function toldOf(
    count: number,
    write: () => Promise<unknown>,
    options: Partial<ChangeStreamOptions> = {},
  ): Promise<string[][]> {
    slots += 1;
    // Not a temporary one: that is lost when the stream begins anew in text, as a type is unknown.
    await using stream = await openChangeStream(server.pool, {
      slot: `told_${slots}`,
      publication: 'everything',
      ...options,
    });
    await write();
    const transactions = await take(iteratorOf(stream), count);
    return transactions.map((changes) => changes.map(told));
  }

  test('a second one on its slot is refused in the time that connecting has', async () => {
    const { pool } = server;
    const options = { slot: 'shared', publication: 't' } as const;
    await using stream = await openChangeStream(pool, options);
    const iterator = iteratorOf(stream);
    const dsn = `${server.cluster.dsn}?connect_timeout=2`;
    await expect(openChangeStream(dsn, options)).rejects.toMatchObject({ sqlstate: '55006' });
    await pool.execute('INSERT INTO t VALUES (1)');
    expect((await take(iterator, 1)).flat().map(told)).toEqual([
      't + {"id":1,"n":null} key {"id":1}',
    ]);
    expect(stream.stats.reconnects).toBe(0);
  });

  test('a transaction that is acknowledged twice acknowledges no other', async () => {
    const { pool } = server;
    const options = { slot: 'acks', publication: 't', acknowledge: 'manual' } as const;
    const stream = await openChangeStream(pool, options);
    for (const id of [11, 12, 13, 14]) await pool.execute('INSERT INTO t VALUES ($1)', id);
    const iterator = iteratorOf(stream);
    const transactions: ChangeTransaction[] = [];
    for (let i = 0; i < 4; i++) {
      const { value } = await iterator.next();
      await value!.toArray();
      transactions.push(value!);
    }
    stream.ack(transactions[0]!);
    stream.ack(transactions[0]!);
    await stream.flush();
    expect((await slotStatus(pool, 'acks'))!.confirmedFlush).toBe(transactions[0]!.lsn);
    // All before it, and none behind.
    stream.ack(transactions[2]!);
    stream.ack(transactions[1]!);
    await stream.flush();
    expect((await slotStatus(pool, 'acks'))!.confirmedFlush).toBe(transactions[2]!.lsn);
    await stream.close();
    await using again = await openChangeStream(pool, options);
    expect((await take(iteratorOf(again), 1)).flat().map(told)).toEqual([
      't + {"id":14,"n":null} key {"id":14}',
    ]);
  });

  test('what another stream has handed over, or nobody has, cannot be acknowledged', async () => {
    const { pool } = server;
    const options = { publication: 't', acknowledge: 'manual' } as const;
    await using stream = await openChangeStream(pool, { slot: 'own_acks', ...options });
    await using other = await openChangeStream(pool, { slot: 'temporary', ...options });
    await pool.execute('INSERT INTO t VALUES (-21), (-22)');
    const batches = other.batches({ maxChanges: 1 })[Symbol.asyncIterator]();
    const part = (await batches.next()).value!;
    expect(part.transactions).toEqual([]);
    let batch = part;
    while (batch.transactions.length === 0) batch = (await batches.next()).value!;
    const { value: own } = await iteratorOf(stream).next();
    await until(async () => own!.outcome === 'committed');
    const foreign = /another change stream/;
    expect(() => stream.ack(batch)).toThrow(foreign);
    expect(() => stream.ack(batch.transactions[0]!)).toThrow(foreign);
    expect(() => stream.ack(part)).toThrow(foreign);
    expect(() => other.ack(own)).toThrow(foreign);
    for (const wrong of [undefined, null, 7, 5n, {}, [], new Date()]) {
      expect(() => stream.ack(wrong as never)).toThrow(InvalidArgumentError);
    }
    expect(stream.stats.unacknowledged).toBe(1);
    stream.ack(own);
    other.ack(batch);
    expect([stream.stats.unacknowledged, other.stats.unacknowledged]).toEqual([0, 0]);
    await pool.execute('DELETE FROM t WHERE id IN (-21, -22)');
  });

  test('its publication is dropped: that is an error, and nothing is passed over in silence', async () => {
    const { pool } = server;
    await pool.execute(
      'CREATE TABLE dropped (id int PRIMARY KEY); CREATE PUBLICATION short FOR TABLE dropped',
    );
    await using stream = await openChangeStream(pool, {
      slot: 'unpublished',
      publication: 'short',
    });
    const next = iteratorOf(stream).next();
    next.catch(() => {});
    await pool.execute('DROP PUBLICATION short');
    await pool.execute('INSERT INTO dropped VALUES (1)');
    await expect(next).rejects.toThrow(PublicationMissingError);
  });

  test('its publication is dropped and made anew: what was committed between is passed over, or an error that says so', async () => {
    const { pool, version } = server;
    await pool.execute('CREATE TABLE again (id int PRIMARY KEY)');
    await pool.execute('CREATE PUBLICATION again FOR TABLE again');
    const options = { slot: 'again', publication: 'again' };
    await (await openChangeStream(pool, options)).close();
    await pool.execute('DROP PUBLICATION again');
    await pool.execute('INSERT INTO again VALUES (1)');
    await pool.execute('CREATE PUBLICATION again FOR TABLE again');
    await pool.execute('INSERT INTO again VALUES (2)');
    const read = async (): Promise<string[][]> => {
      await using stream = await openChangeStream(pool, options);
      return (await take(iteratorOf(stream), 1)).map((changes) => changes.map(told));
    };
    if (version >= 18) {
      expect(await read()).toEqual([['again + {"id":2} key {"id":2}']]);
      return;
    }
    // The server's error may come with the answer to the start, or behind it.
    for (let i = 0; i < 3; i++) {
      const error = await read().catch((error: unknown) => error);
      expect(error).toBeInstanceOf(PublicationMissingError);
      expect((error as Error).message).toContain(
        'the publication "again" did not exist when the next change was committed',
      );
    }
  });

  test('nobody can be asked about a publication that is made anew: it is tried again now and then', async () => {
    const { cluster, pool, version } = server;
    let isFull = false;
    // A walsender has a place of its own where all others are taken.
    const dial = async (host: { host: string; port: number }): Promise<net.Socket> => {
      const socket = await connectedTo(host);
      const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
      let isBegun = false;
      socket.write = ((data: Uint8Array, ...more: unknown[]) => {
        const isWalsender = Buffer.from(data).includes('replication');
        if (isFull && !isBegun && !isWalsender) socket.resetAndDestroy();
        isBegun = true;
        return write(data, ...more);
      }) as typeof socket.write;
      return socket;
    };
    await using own = await createPool(cluster.dsn, { dial, minSize: 0 });
    await pool.execute('CREATE TABLE asked (id int PRIMARY KEY)');
    await pool.execute('CREATE PUBLICATION asked FOR TABLE asked');
    let attempts = 0;
    const onReconnect = (): void => {
      attempts += 1;
    };
    await using stream = await openChangeStream(own, {
      slot: 'asked',
      publication: 'asked',
      onReconnect,
    });
    const next = iteratorOf(stream).next();
    next.catch(() => {});
    isFull = true;
    await pool.execute('DROP PUBLICATION asked');
    await pool.execute('INSERT INTO asked VALUES (1)');
    await pool.execute('CREATE PUBLICATION asked FOR TABLE asked');
    if (version >= 18) return;
    await until(() => Promise.resolve(attempts > 0));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(attempts).toBeLessThan(10);
    isFull = false;
    await expect(next).rejects.toThrow(PublicationMissingError);
  });

  test('a slot is older than its publication: what was committed before is passed over', async () => {
    const { pool } = server;
    await pool.execute('CREATE TABLE older (id int PRIMARY KEY); CREATE TABLE other (id int)');
    for (const [name, publication] of [
      ['made_before', 'made_before'],
      ['made_now', { name: 'made_now', tables: ['older'] }],
    ] as const) {
      await pool.execute('TRUNCATE older');
      await pool.execute(`SELECT pg_create_logical_replication_slot('${name}', 'pgoutput')`);
      await pool.execute('INSERT INTO older VALUES (1)');
      await pool.execute('INSERT INTO other VALUES (1)');
      if (name === 'made_before') {
        await pool.execute('CREATE PUBLICATION made_before FOR TABLE older WHERE (id > 2)');
        await pool.execute('INSERT INTO older VALUES (2), (3)');
        await pool.execute('ALTER PUBLICATION made_before SET TABLE older');
      }
      await using stream = await openChangeStream(pool, { slot: name, publication });
      const iterator = iteratorOf(stream);
      const read = async (): Promise<string[]> => (await take(iterator, 1)).flat().map(told);
      if (name === 'made_before') expect(await read()).toEqual(['older + {"id":3} key {"id":3}']);
      await pool.execute('INSERT INTO older VALUES (4)');
      expect(await read()).toEqual(['older + {"id":4} key {"id":4}']);
      expect(stream.stats.reconnects).toBe(0);
    }
  });

  test('tables are added to its publication and taken out', async () => {
    const { pool } = server;
    await pool.execute(
      'CREATE TABLE late (id int PRIMARY KEY); CREATE PUBLICATION moving FOR TABLE t',
    );
    const got = await toldOf(
      3,
      async () => {
        await pool.execute('INSERT INTO t VALUES (21)');
        await pool.execute('ALTER PUBLICATION moving SET TABLE late');
        await pool.execute('INSERT INTO t VALUES (22)');
        await pool.execute('INSERT INTO late VALUES (1)');
        await pool.execute('ALTER PUBLICATION moving ADD TABLE t WHERE (id > 23)');
        await pool.execute('INSERT INTO t VALUES (23), (24)');
      },
      { publication: 'moving' },
    );
    expect(got.flat()).toEqual([
      't + {"id":21,"n":null} key {"id":21}',
      'late + {"id":1} key {"id":1}',
      't + {"id":24,"n":null} key {"id":24}',
    ]);
  });

  test.each(['it is opened', 'it has lost its connection'])(
    'tables and publications are as they were for what was committed before %s',
    async (when) => {
      const { pool } = server;
      const isOpened = when === 'it is opened';
      const options = {
        slot: `former_${isOpened}`,
        publication: 'former',
        highWater: 1,
        statusInterval: 50,
      };
      await pool.execute(`DROP TABLE IF EXISTS former; DROP PUBLICATION IF EXISTS former;
        CREATE TABLE former (id int PRIMARY KEY, n int); CREATE PUBLICATION former FOR TABLE former`);
      let stream = await openChangeStream(pool, options);
      onTestFinished(() => stream.close());
      if (isOpened) await stream.close();
      for (const statement of [
        'INSERT INTO former VALUES (1, 1)',
        'ALTER TABLE former ADD c int DEFAULT 5',
        'ALTER TABLE former RENAME n TO m',
        'ALTER PUBLICATION former SET TABLE former WHERE (id > 1)',
        'INSERT INTO former VALUES (2, 2, 2), (0, 0, 0)',
        "ALTER PUBLICATION former SET (publish = 'delete')",
        'INSERT INTO former VALUES (3, 3, 3)',
        'DELETE FROM former WHERE id = 2',
        'ALTER TABLE former ALTER m TYPE text',
      ]) {
        await pool.execute(statement);
      }
      if (isOpened) {
        stream = await openChangeStream(pool, options);
      } else {
        // Nothing but the first was taken yet.
        await until(async () => stream.stats.queued > 0);
        await pool.execute(`SELECT pg_terminate_backend(${await walsenderOf(pool, options.slot)})`);
        await until(async () => stream.stats.reconnects > 0);
      }
      const transactions = await take(iteratorOf(stream), 3);
      expect(transactions.flat().map(told)).toEqual([
        'former + {"id":1,"n":1} key {"id":1}',
        'former + {"id":2,"m":2,"c":2} key {"id":2}',
        'former - {"id":2}',
      ]);
    },
  );

  test('rows that come to meet a row filter are inserts, and those that do not any more are deletes', async () => {
    const { pool } = server;
    await pool.execute(
      'CREATE TABLE f (id int PRIMARY KEY, n int); ALTER TABLE f REPLICA IDENTITY FULL',
    );
    await pool.execute('CREATE PUBLICATION filtered FOR TABLE f WHERE (n > 10)');
    const got = await toldOf(
      2,
      async () => {
        await pool.execute('INSERT INTO f VALUES (1, 5)');
        await pool.execute('UPDATE f SET n = 20');
        await pool.execute('UPDATE f SET n = 6');
      },
      { publication: 'filtered' },
    );
    expect(got.flat()).toEqual(['f + {"id":1,"n":20} key {"id":1,"n":20}', 'f - {"id":1,"n":20}']);
  });

  test('types of columns change, tables are renamed and moved, and types made anew', async () => {
    const { pool } = server;
    const got = await toldOf(6, async () => {
      await pool.execute(
        "CREATE TYPE tone AS ENUM ('a'); CREATE TABLE c (id int PRIMARY KEY, v int, m tone)",
      );
      await pool.execute("INSERT INTO c VALUES (1, 7, 'a')");
      await pool.execute('ALTER TABLE c ALTER COLUMN v TYPE text USING v::text');
      await pool.execute("ALTER TYPE tone ADD VALUE 'b'");
      await pool.execute("INSERT INTO c VALUES (2, 'seven', 'b')");
      await pool.execute(
        'ALTER TABLE c RENAME TO d; CREATE SCHEMA elsewhere; ALTER TABLE d SET SCHEMA elsewhere',
      );
      await pool.execute("INSERT INTO elsewhere.d VALUES (3, 'x', 'a')");
      await pool.execute(
        'ALTER TABLE elsewhere.d DROP COLUMN m; DROP TYPE tone; CREATE TYPE tone AS (x int)',
      );
      await pool.execute('ALTER TABLE elsewhere.d ADD COLUMN m tone');
      await pool.execute('DROP TABLE t');
      await pool.execute("INSERT INTO elsewhere.d VALUES (4, 'y', ROW(5))");
      await pool.execute('DROP TABLE elsewhere.d; CREATE TABLE elsewhere.d (id uuid PRIMARY KEY)');
      await pool.execute("INSERT INTO elsewhere.d VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')");
      await pool.execute('CREATE TABLE t (id int PRIMARY KEY, n int)');
      await pool.execute('ALTER PUBLICATION t ADD TABLE t');
      await pool.execute('INSERT INTO t VALUES (31)');
    });
    expect(got.flat()).toEqual([
      'c + {"id":1,"v":7,"m":"a"} key {"id":1}',
      'c + {"id":2,"v":"seven","m":"b"} key {"id":2}',
      'd + {"id":3,"v":"x","m":"a"} key {"id":3}',
      'd + {"id":4,"v":"y","m":{"x":5}} key {"id":4}',
      'd + {"id":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"} key {"id":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}',
      't + {"id":31,"n":null} key {"id":31}',
    ]);
  });

  test('replica identities of each kind, changed on the way', async () => {
    const { pool } = server;
    await pool.execute('CREATE TABLE r (id int PRIMARY KEY, code int NOT NULL UNIQUE, n int)');
    const got = await toldOf(8, async () => {
      await pool.execute('INSERT INTO r VALUES (1, 10, 0)');
      await pool.execute('UPDATE r SET n = 1');
      await pool.execute('ALTER TABLE r REPLICA IDENTITY USING INDEX r_code_key');
      await pool.execute('UPDATE r SET code = 11');
      await pool.execute('DELETE FROM r');
      await pool.execute('ALTER TABLE r REPLICA IDENTITY FULL');
      await pool.execute('INSERT INTO r VALUES (2, 20, NULL)');
      await pool.execute('UPDATE r SET id = 3');
      await pool.execute('DELETE FROM r');
      await pool.execute('ALTER TABLE r REPLICA IDENTITY NOTHING');
      await pool.execute('INSERT INTO r VALUES (4, 40, 0)');
    });
    expect(got.flat()).toEqual([
      'r + {"id":1,"code":10,"n":0} key {"id":1}',
      'r = {"id":1,"code":10,"n":1} key {"id":1}',
      'r = {"id":1,"code":11,"n":1} key {"code":10}',
      'r - {"code":11}',
      'r + {"id":2,"code":20,"n":null} key {"id":2,"code":20,"n":null}',
      'r = {"id":3,"code":20,"n":null} key {"id":2,"code":20,"n":null}',
      'r - {"id":3,"code":20,"n":null}',
      'r + {"id":4,"code":40,"n":0} key null',
    ]);
  });

  test('TRUNCATE goes to what refers to the table, and partitions come and go', async () => {
    const { pool } = server;
    const got = await toldOf(5, async () => {
      await pool.execute('CREATE TABLE parent (id int PRIMARY KEY)');
      await pool.execute('CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent)');
      await pool.execute('CREATE TABLE log (id int PRIMARY KEY) PARTITION BY RANGE (id)');
      await pool.execute('CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10)');
      await pool.execute('INSERT INTO log VALUES (1)');
      await pool.execute('CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM (10) TO (20)');
      await pool.execute('UPDATE log SET id = 11');
      await pool.execute('ALTER TABLE log DETACH PARTITION log_2');
      await pool.execute('INSERT INTO log_2 VALUES (12)');
      await pool.execute('TRUNCATE log');
      await pool.execute('TRUNCATE parent CASCADE');
    });
    expect(got.flat()).toEqual([
      'log_1 + {"id":1} key {"id":1}',
      'log_1 - {"id":1}',
      'log_2 + {"id":11} key {"id":11}',
      'log_2 + {"id":12} key {"id":12}',
      'truncate log_1 false',
      'truncate parent child true',
    ]);
  });

  test('a transaction that is prepared may have been streamed, with savepoints that were undone', async () => {
    const { pool } = server;
    await using stream = await openChangeStream(pool, {
      slot: { name: 'streamed_2pc', twoPhase: true },
      publication: 't',
      streaming: true,
    });
    const iterator = iteratorOf(stream);
    const rows = (from: number, to: number): string =>
      `INSERT INTO t SELECT i, 0 FROM generate_series(${from}, ${to}) i;`;
    for (const [gid, end] of [
      ['one', 'COMMIT'],
      ['two', 'ROLLBACK'],
    ] as const) {
      const base = gid === 'one' ? 1000 : 20_000;
      await pool.withConnection((connection) =>
        connection.execute(`BEGIN; ${rows(base, base + 2999)} SAVEPOINT a; ${rows(base + 3000, base + 5999)}
          SAVEPOINT b; ${rows(base + 6000, base + 8999)} ROLLBACK TO SAVEPOINT a; ${rows(base + 9000, base + 9000)}
          PREPARE TRANSACTION '${gid}'`),
      );
      const prepared = (await iterator.next()).value!;
      const changes: Change[] = await prepared.toArray();
      const kept = changes.filter(
        (change) => !('xid' in change && prepared.aborted.has(change.xid)),
      );
      expect(kept).toHaveLength(3001);
      expect([prepared.gid, prepared.outcome]).toEqual([gid, 'prepared']);
      await pool.execute(`${end} PREPARED '${gid}'`);
      const decided = (await iterator.next()).value!;
      expect((await decided.toArray()).map(told)).toEqual([`${end.toLowerCase()}-prepared`]);
    }
    await pool.execute('TRUNCATE t');
  });

  test('its consumer acknowledges nothing, or throws: all of it comes again', async () => {
    const { pool } = server;
    const options = { slot: 'never', publication: 't' } as const;
    const first = await openChangeStream(pool, { ...options, acknowledge: 'manual' });
    for (let id = 41; id < 51; id++) await pool.execute('INSERT INTO t VALUES ($1)', id);
    await take(iteratorOf(first), 10);
    await first.close();
    const second = await openChangeStream(pool, options);
    const consuming = (async () => {
      for await (const transaction of second) {
        const [change] = await transaction.toArray();
        if (told(change!).includes('45')) throw new Error('cannot do that');
      }
    })();
    await expect(consuming).rejects.toThrow('cannot do that');
    await using third = await openChangeStream(pool, options);
    const [changes] = await take(iteratorOf(third), 1);
    expect(changes!.map(told)).toEqual(['t + {"id":45,"n":null} key {"id":45}']);
  });

  test('several wait for the next transaction, or for changes of one: none waits for ever', async () => {
    const { pool } = server;
    await using stream = await openChangeStream(pool, { slot: 'temporary', publication: 't' });
    const iterator = iteratorOf(stream);
    const both = [iterator.next(), iterator.next()];
    await pool.execute('INSERT INTO t VALUES (61)');
    await pool.execute('INSERT INTO t VALUES (62)');
    const transactions = await Promise.all(both);
    const changes = await Promise.all(transactions.map(({ value }) => value!.toArray()));
    expect(changes.flat().map(told)).toEqual([
      't + {"id":61,"n":null} key {"id":61}',
      't + {"id":62,"n":null} key {"id":62}',
    ]);
  });

  test.each(['close', 'abort'] as const)(
    '%s in the middle of a snapshot leaves no slot',
    async (how) => {
      const { pool } = server;
      await pool.execute('CREATE TABLE IF NOT EXISTS large (id int PRIMARY KEY, body text)');
      await pool.execute(
        "INSERT INTO large SELECT i, repeat('x', 100) FROM generate_series(1, 50000) i ON CONFLICT DO NOTHING",
      );
      const controller = new AbortController();
      const stream = await openChangeStream(pool, {
        slot: `stopped_${how}`,
        publication: { name: 'large', tables: ['large'] },
        snapshot: true,
        highWater: 100,
        signal: controller.signal,
      });
      const iterator = iteratorOf(stream);
      const { value } = await iterator.next();
      let count = 0;
      const consuming = (async () => {
        for await (const _ of value!) {
          count += 1;
          if (count === 1000) {
            if (how === 'close') await stream.close();
            else controller.abort(new Error('enough'));
          }
        }
      })();
      await expect(consuming).rejects.toThrow(how === 'close' ? /closed/ : 'enough');
      await stream.close();
      expect(count).toBeLessThan(50_000);
      await until(
        async () =>
          (await pool.fetchVal(
            "SELECT count(*)::int FROM pg_replication_slots WHERE slot_name LIKE 'stopped%'",
          )) === 0,
      );
      // Nobody reads for it any more.
      await until(
        async () =>
          (await pool.fetchVal(
            "SELECT count(*)::int FROM pg_stat_activity WHERE query LIKE '%large%' AND pid <> pg_backend_pid() AND state <> 'idle'",
          )) === 0,
      );
    },
  );
});
