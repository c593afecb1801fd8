import { tracingChannel } from 'node:diagnostics_channel';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { TempCluster } from '../../../src/cluster/index.ts';
import {
  ClientConfigurationError,
  connect,
  createPool,
  InterfaceError,
  InvalidArgumentError,
  type Pool,
  type PoolOptions,
  type Queryable,
  ReadOnlySQLTransactionError,
  SerializationError,
  TargetServerAttributeNotMatched,
  TimeoutError,
} from '../../../src/index.ts';
import { sleep, TestPool, until } from '../../support/pool.ts';
import { startKilled } from '../../support/servers/crash.ts';
import { hasServer, serverDsn, type TestedVersion } from '../../support/servers/server.ts';
import { StreamingCluster } from '../../support/servers/streaming-cluster.ts';

const PORT = 'SELECT inet_server_port()';
const COUNT = 'SELECT count(*)::int FROM entries';

/** Ways to write by what is to read only. */
const WRITES: Readonly<Record<string, (queryable: Queryable) => Promise<unknown>>> = {
  execute: (on) => on.execute('INSERT INTO entries VALUES (-1)'),
  'execute with arguments': (on) => on.execute('INSERT INTO entries VALUES ($1)', -1),
  script: (on) => on.execute('INSERT INTO entries VALUES (-1); INSERT INTO entries VALUES (-2)'),
  fetch: (on) => on.fetch('INSERT INTO entries VALUES (-1) RETURNING id'),
  fetchRow: (on) => on.fetchRow('DELETE FROM entries RETURNING id'),
  fetchOne: (on) => on.fetchOne('INSERT INTO entries VALUES (-1) RETURNING id'),
  fetchVal: (on) => on.fetchVal("SELECT nextval('numbers')"),
  executeMany: (on) => on.executeMany('INSERT INTO entries VALUES ($1)', [[-1], [-2]]),
  fetchMany: (on) => on.fetchMany('INSERT INTO entries VALUES ($1) RETURNING id', [[-1]]),
  batch: (on) => on.batch(['SELECT 1', 'INSERT INTO entries VALUES (-1)']),
  stream: async (on) => {
    for await (const _ of on.stream('INSERT INTO entries VALUES (-1) RETURNING id'));
  },
  copyRecordsToTable: (on) => on.copyRecordsToTable('entries', { records: [[-1]] }),
  transaction: (on) => on.transaction((tx) => tx.execute('INSERT INTO entries VALUES (-1)')),
};

/** Ways to ask for the port of the server that is read from. */
const READS: Readonly<Record<string, (queryable: Queryable) => Promise<unknown>>> = {
  fetch: async (on) => (await on.fetch<{ port: number }>(`${PORT} AS port`))[0]!.port,
  fetchRow: async (on) => (await on.fetchRow<{ port: number }>(`${PORT} AS port`))!.port,
  fetchOne: async (on) => (await on.fetchOne<{ port: number }>(`${PORT} AS port`)).port,
  fetchVal: (on) => on.fetchVal(PORT),
  batch: async (on) => (await on.batch<[string]>([`${PORT} AS port`]))[0].rows[0]!['port'],
  stream: async (on) => {
    for await (const row of on.stream<{ port: number }>(`${PORT} AS port`)) return row.port;
    return null;
  },
  copyRecordsFromQuery: async (on) => {
    for await (const row of on.copyRecordsFromQuery<{ port: number }>(`${PORT} AS port`)) {
      return row.port;
    }
    return null;
  },
  transaction: (on) => on.transaction((tx) => tx.fetchVal(PORT)),
};

for (const version of [18, 15] as const satisfies TestedVersion[]) {
  describe.skipIf(version !== 18 && !hasServer(version))(`readers on PostgreSQL ${version}`, () => {
    let cluster: StreamingCluster;
    let ports: number[];

    beforeAll(async () => {
      cluster = await StreamingCluster.start(version, 2, {
        // What is not written out yet cannot be anywhere else.
        synchronous_commit: 'on',
        max_standby_streaming_delay: '100ms',
      });
      ports = cluster.standbys.map(({ port }) => port);
      await cluster.write('CREATE TABLE entries (id int); CREATE SEQUENCE numbers');
    });

    afterAll(() => cluster?.[Symbol.asyncDispose]());

    const open = (readers: PoolOptions['readers'] = {}, options: PoolOptions = {}): Promise<Pool> =>
      createPool({ ...cluster.options, ...options, readers });

    it('takes what only reads to the standbys, and everything else to the primary', async () => {
      await using pool = await open({ minSize: 4 });
      const { port } = cluster.primary;
      for (const read of Object.values(READS)) {
        expect(await read(pool)).toBe(port);
        expect(ports).toContain(await read(pool.readers));
        expect(ports).toContain(await read(pool.with({ readOnly: true })));
        expect(ports).toContain(
          await read(pool.with({ readOnly: true, settings: { 'app.user': 1 } })),
        );
      }
      expect(await pool.transaction((tx) => tx.fetchVal(PORT))).toBe(port);
      expect(await pool.transaction({ readOnly: false }, (tx) => tx.fetchVal(PORT))).toBe(port);
      expect(ports).toContain(
        await pool.transaction({ readOnly: true, isolation: 'repeatable_read' }, (tx) =>
          tx.fetchVal(PORT),
        ),
      );
      await using reader = await pool.readers.acquire();
      expect(ports).toContain(await reader.fetchVal(PORT));
    });

    it('shares the load among the standbys', async () => {
      // By chance: all of so many are on one standby once in half a million runs.
      await using pool = await open({ minSize: 20, maxSize: 20 });
      const connections = await Promise.all(
        Array.from({ length: 20 }, () => pool.readers.acquire()),
      );
      const seen = await Promise.all(connections.map((each) => each.fetchVal<number>(PORT)));
      for (const each of connections) await each[Symbol.asyncDispose]();
      expect(new Set(seen)).toEqual(new Set(ports));
    });

    it.each(Object.keys(WRITES))('refuses to write on a standby: %s', async (name) => {
      await using pool = await open();
      const write = WRITES[name]!;
      await expect(write(pool.with({ readOnly: true }))).rejects.toThrow(/read-only|recovery/);
      await expect(write(pool.readers)).rejects.toThrow(/read-only|recovery/);
    });

    it.each(Object.keys(WRITES))('refuses to write without readers: %s', async (name) => {
      await using pool = await createPool({ ...cluster.options, targetSessionAttrs: 'primary' });
      const refused = WRITES[name]!(pool.with({ readOnly: true }));
      await expect(refused).rejects.toBeInstanceOf(ReadOnlySQLTransactionError);
      expect(await pool.fetchVal(COUNT)).toBe(0);
    });

    it('refuses to write while the primary stands in, and knows it by itself', async () => {
      const hosts = [{ host: '127.0.0.1', port: cluster.primary.port }];
      for (const targetSessionAttrs of ['prefer-standby', 'standby'] as const) {
        await using pool = await open({ targetSessionAttrs }, { hosts });
        expect(await pool.with({ readOnly: true }).fetchVal(PORT)).toBe(cluster.primary.port);
        for (const write of Object.values(WRITES)) {
          const refused = write(pool.with({ readOnly: true }));
          await expect(refused).rejects.toBeInstanceOf(ReadOnlySQLTransactionError);
        }
        const inTransaction = pool.transaction({ readOnly: true }, (tx) =>
          tx.execute('INSERT INTO entries VALUES (-1)'),
        );
        await expect(inTransaction).rejects.toBeInstanceOf(ReadOnlySQLTransactionError);
        expect(await pool.fetchVal(COUNT)).toBe(0);
      }
    });

    it('has no readers of its own where there is no standby and no other server will do', async () => {
      const hosts = [{ host: '127.0.0.1', port: cluster.primary.port }];
      await using pool = await open({ targetSessionAttrs: 'standby' }, { hosts });
      await expect(pool.readers.fetchVal(PORT)).rejects.toBeInstanceOf(
        TargetServerAttributeNotMatched,
      );
    });

    it('reads what was written before, from a standby', async () => {
      await using pool = await open({ maxWait: 10_000 });
      for (let i = 1; i <= 50; i++) {
        await pool.execute('INSERT INTO entries VALUES ($1)', i);
        const lsn = await pool.lsn();
        expect(lsn).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
        const [high, low] = lsn.split('/').map((half) => BigInt(`0x${half}`)) as [bigint, bigint];
        const after = i % 2 === 0 ? lsn : (high << 32n) | low;
        const readers =
          i % 3 === 0
            ? pool.readers.with({ readOnly: true, after })
            : pool.with({ readOnly: true, after });
        expect(
          await readers.fetchRow(`SELECT count(*)::int, inet_server_port() AS port FROM entries`),
        ).toEqual(expect.objectContaining({ count: i, port: expect.toBeOneOf(ports) }));
        const seen = await pool.transaction({ readOnly: true, after }, (tx) => tx.fetchVal(COUNT));
        expect(seen).toBe(i);
      }
      await pool.execute('TRUNCATE entries');
      await cluster.replayed(await pool.lsn());
    });

    it('reads from a standby at the end of a file of the log, where an idle primary may be for hours', async () => {
      await using pool = await open({ maxWait: 10_000, maxLag: 400 });
      for (let i = 0; i < 2; i++) {
        await pool.execute('INSERT INTO entries VALUES (1)');
        await pool.execute('SELECT pg_switch_wal()');
        const after = await pool.lsn();
        expect(BigInt(`0x${after.split('/')[1]}`) % (1n << 24n)).toBe(0n);
        const reading = pool.with({ readOnly: true, after });
        expect(await reading.fetchVal(PORT)).toBeOneOf(ports);
        // What was known of the standbys is too old by then.
        await sleep(600);
        expect(await pool.readers.fetchVal(PORT)).toBeOneOf(ports);
        expect(await pool.with({ readOnly: true }).fetchVal(PORT)).toBeOneOf(ports);
      }
      await pool.execute('TRUNCATE entries');
      await cluster.replayed(await pool.lsn());
    });

    it('goes past a standby that has not replayed enough, and to the primary if none has', async () => {
      await using pool = await open({ maxWait: 300 });
      const [one, two] = cluster.standbys as [typeof cluster.primary, typeof cluster.primary];
      await cluster.pauseReplay(one);
      try {
        // Connections to both are there.
        const both = await Promise.all(Array.from({ length: 4 }, () => pool.readers.acquire()));
        for (const each of both) await each[Symbol.asyncDispose]();
        await pool.execute('INSERT INTO entries VALUES (1)');
        const after = await pool.lsn();
        await cluster.replayed(after, [two]);
        const port = await pool.with({ readOnly: true, after }).fetchVal(PORT);
        expect([two.port, cluster.primary.port]).toContain(port);

        await cluster.pauseReplay(two);
        await pool.execute('INSERT INTO entries VALUES (2)');
        const later = await pool.lsn();
        const began = performance.now();
        const late = pool.with({ readOnly: true, after: later });
        expect(await late.fetchVal(PORT)).toBe(cluster.primary.port);
        expect(performance.now() - began).toBeGreaterThan(250);
        expect(await late.fetchVal(COUNT)).toBe(2);
        await expect(late.execute('DELETE FROM entries')).rejects.toBeInstanceOf(
          ReadOnlySQLTransactionError,
        );
        // Who waits at most so long does not wait for the bound.
        const impatient = late.fetchVal({ text: PORT, timeout: 50 });
        await expect(impatient).rejects.toThrow(/time-out of 50 ms/);
        const reason = new Error('enough');
        const aborted = pool.transaction(
          { readOnly: true, after: later, signal: AbortSignal.abort(reason) },
          (tx) => tx.fetchVal(PORT),
        );
        await expect(aborted).rejects.toBe(reason);
        // Who does not ask for it reads what there is.
        expect(ports).toContain(await pool.with({ readOnly: true }).fetchVal(PORT));
      } finally {
        for (const standby of cluster.standbys) await cluster.resumeReplay(standby);
      }
      await pool.execute('TRUNCATE entries');
      const end = await pool.lsn();
      await cluster.replayed(end);
      expect(ports).toContain(await pool.with({ readOnly: true, after: end }).fetchVal(PORT));
      expect(pool.readers.stats.inUse).toBe(0);
    });

    it('does not use a standby that is too far behind, and comes back to it', async () => {
      const maxLag = 400;
      await using pool = await open({ maxLag });
      const readers = pool.with({ readOnly: true });
      expect(ports).toContain(await readers.fetchVal(PORT));
      for (const standby of cluster.standbys) await cluster.pauseReplay(standby);
      try {
        await pool.execute('INSERT INTO entries VALUES (1)');
        const written = performance.now();
        await sleep(maxLag + 1);
        for (const read of [readers, pool.readers]) {
          expect(await read.fetchVal(COUNT)).toBe(1);
          expect(await read.fetchVal(PORT)).toBe(cluster.primary.port);
        }
        expect(performance.now() - written).toBeLessThan(10_000);
      } finally {
        for (const standby of cluster.standbys) await cluster.resumeReplay(standby);
      }
      await until(async () => (await readers.fetchVal(PORT)) !== cluster.primary.port);
      await pool.execute('TRUNCATE entries');
      await cluster.replayed(await pool.lsn());
    });

    it('never shows anything older than maxLag, under load and with one standby paused', async () => {
      const maxLag = 200;
      await using pool = await open({ maxLag });
      await pool.execute('INSERT INTO entries VALUES (0)');
      await cluster.replayed(await pool.lsn());
      const [one] = cluster.standbys;
      /** What was committed when, the oldest first. */
      const written = [{ at: performance.now(), id: 0 }];
      let isOver = false;
      const seenOn = new Set<unknown>();
      const write = async (): Promise<void> => {
        for (let id = 1; !isOver; id++) {
          await pool.execute('UPDATE entries SET id = $1', id);
          written.push({ at: performance.now(), id });
          await sleep(5);
        }
      };
      const read = async (): Promise<void> => {
        while (!isOver) {
          const began = performance.now();
          const row = await pool
            .with({ readOnly: true })
            .fetchOne<{ id: number; port: number }>(
              'SELECT id, inet_server_port() AS port FROM entries',
            );
          const due = written.findLast(({ at }) => at < began - maxLag)?.id ?? 0;
          expect(row.id).toBeGreaterThanOrEqual(due);
          seenOn.add(row.port);
          await sleep(2);
        }
      };
      const work = [write(), read(), read()];
      await sleep(300);
      await cluster.pauseReplay(one!);
      await sleep(700);
      await cluster.resumeReplay(one!);
      await sleep(300);
      isOver = true;
      await Promise.all(work);
      expect(ports.some((port) => seenOn.has(port))).toBe(true);
      await pool.execute('TRUNCATE entries');
      await cluster.replayed(await pool.lsn());
    });

    it('knows a standby by its own word while the primary does not answer', async () => {
      await using pool = await open({ maxLag: 300 }, { maxSize: 1 });
      await using _ = await pool.acquire();
      // Nobody else is answered by the primary now.
      const began = performance.now();
      const impatient = pool.readers.fetchVal({ text: PORT, timeout: 100 });
      const first = await impatient.catch((error: unknown) => error);
      if (first instanceof Error) expect(first).toBeInstanceOf(TimeoutError);
      expect(performance.now() - began).toBeLessThan(900);
      for (let i = 0; i < 5; i++) {
        expect(ports).toContain(await pool.readers.fetchVal(PORT));
        await sleep(100);
      }
      expect(performance.now() - began).toBeLessThan(8_000);
    });

    it('does not take the standby of an idle primary for late', async () => {
      const maxLag = 100;
      await using pool = await open({ maxLag });
      await sleep(5 * maxLag);
      const { opened } = pool.readers.stats;
      expect(ports).toContain(await pool.readers.fetchVal(PORT));
      await sleep(2 * maxLag);
      expect(ports).toContain(await pool.with({ readOnly: true }).fetchVal(PORT));
      expect(pool.readers.stats.opened).toBe(opened);
    });

    it('runs a transaction again that was in the way of the replay', async () => {
      await cluster.write('INSERT INTO entries VALUES (1)');
      await using pool = await open();
      let attempts = 0;
      const seen = await pool.transaction(
        { readOnly: true, isolation: 'repeatable_read', retries: 3 },
        async (tx) => {
          attempts += 1;
          const count = await tx.fetchVal<number>(COUNT);
          if (attempts === 1) {
            // The standby can replay it only by ending this transaction.
            await pool.execute('TRUNCATE entries');
            const conflict = await tx
              .fetchVal('SELECT pg_sleep(20)')
              .catch((error: unknown) => error);
            expect(conflict).toBeInstanceOf(SerializationError);
            throw conflict;
          }
          return count;
        },
      );
      expect(attempts).toBe(2);
      expect(seen).toBe(0);
    });

    it('is closed, expired and counted with its pool, and traced as what it is', async () => {
      const messages: { what: string; message: Record<string, unknown> }[] = [];
      const subscribe = (what: string): (() => void) => {
        const channel = tracingChannel(`asyncpg:${what}`);
        const start = (message: unknown) => {
          messages.push({ what, message: message as Record<string, unknown> });
        };
        channel.start.subscribe(start);
        return () => channel.start.unsubscribe(start);
      };
      const ends = ['connect', 'pool.acquire', 'query'].map(subscribe);
      const pool = await open({ minSize: 2 });
      try {
        expect(pool.readers.readers).toBe(pool.readers);
        expect(pool.stats.size).toBe(1);
        expect(pool.readers.stats.size).toBe(2);
        await pool.readers.transaction((tx) => tx.fetchVal(PORT));
        await pool.transaction((tx) => tx.fetchVal(PORT));
        const pools = (what: string): unknown[] =>
          messages.filter((each) => each.what === what).map(({ message }) => message['pool']);
        expect(pools('connect').filter((each) => each === 'readers')).toHaveLength(2);
        expect(pools('connect').filter((each) => each === undefined)).toHaveLength(1);
        expect(pools('pool.acquire')).toEqual(['readers', undefined]);
        const asked = messages.filter(({ message }) => message['query'] === PORT);
        expect(ports).toContain(asked[0]!.message['port']);
        expect(asked[1]!.message['port']).toBe(cluster.primary.port);
        const { opened } = pool.readers.stats;
        await pool.expireConnections();
        await pool.readers.fetchVal(PORT);
        expect(pool.readers.stats.opened).toBeGreaterThan(opened);
      } finally {
        for (const end of ends) end();
        await pool.close();
      }
      expect(pool.readers.stats.size).toBe(0);
      await expect(pool.readers.fetchVal(PORT)).rejects.toThrow('the pool is closed');
      await expect(pool.with({ readOnly: true }).fetchVal(PORT)).rejects.toThrow(
        'the pool is closed',
      );
    });

    it('warns once of readers that are refused, and goes to the primary', async () => {
      const warnings: Error[] = [];
      const onWarning = (warning: Error): void => {
        if (warning.name === 'AsyncpgReadersWarning') warnings.push(warning);
      };
      process.on('warning', onWarning);
      try {
        await using pool = await open({ user: 'nobody', targetSessionAttrs: 'standby' });
        for (let i = 0; i < 3; i++) {
          expect(await pool.with({ readOnly: true }).fetchVal(PORT)).toBe(cluster.primary.port);
        }
        await until(() => warnings.length > 0);
      } finally {
        process.off('warning', onWarning);
      }
      expect(warnings).toHaveLength(1);
      expect(warnings[0]!.message).toContain('role "nobody" does not exist');
    });

    it('goes to the primary when only the readers were closed', async () => {
      await using pool = await open();
      await pool.readers.close();
      expect(await pool.with({ readOnly: true }).fetchVal(PORT)).toBe(cluster.primary.port);
      expect(await pool.transaction({ readOnly: true }, (tx) => tx.fetchVal(PORT))).toBe(
        cluster.primary.port,
      );
    });
  });
}

describe('readers that fail', () => {
  it('does with the standbys that are left, with the primary, and with one that comes back', async () => {
    await using cluster = await StreamingCluster.start(18, 2, { synchronous_commit: 'on' });
    await cluster.write('CREATE TABLE entries (id int)');
    const [one, two] = cluster.standbys as [typeof cluster.primary, typeof cluster.primary];
    await using pool = await createPool({ ...cluster.options, readers: {} });
    const readers = pool.with({ readOnly: true });
    const port = async (): Promise<number> => {
      // The connection that is lost may be noticed only by the call on it.
      for (;;) {
        try {
          return (await readers.fetchVal<number>(PORT))!;
        } catch {
          await sleep(5);
        }
      }
    };
    process.kill(one.pid, 'SIGKILL');
    await until(async () => (await port()) === two.port);
    for (let i = 0; i < 20; i++) expect(await readers.fetchVal(PORT)).toBe(two.port);
    process.kill(two.pid, 'SIGKILL');
    await until(async () => (await port()) === cluster.primary.port);
    const reads = await Promise.all(Array.from({ length: 20 }, () => readers.fetchVal(PORT)));
    expect(new Set(reads)).toEqual(new Set([cluster.primary.port]));
    await expect(readers.execute('INSERT INTO entries VALUES (1)')).rejects.toThrow(/read-only/);
    await startKilled(two);
    await until(async () => (await port()) === two.port);
    for (let i = 0; i < 20; i++) expect(await readers.fetchVal(PORT)).toBe(two.port);

    // The standby becomes the primary: what reads must not write there.
    await cluster.primary.stop();
    await two.promote();
    await until(async () => {
      const written = pool.execute('INSERT INTO entries VALUES (2)');
      return await written.then(
        () => true,
        () => false,
      );
    });
    expect(await pool.fetchVal(PORT)).toBe(two.port);
    expect(await port()).toBe(two.port);
    await expect(readers.execute('INSERT INTO entries VALUES (3)')).rejects.toThrow(/read-only/);
  });

  it('reads what was written before from another standby, and from the primary, when one falls silent', async () => {
    await using cluster = await StreamingCluster.start(18, 2, { synchronous_commit: 'on' });
    await cluster.write('CREATE TABLE entries (id int)');
    // The silent standby is given up by itself before that is over.
    await using pool = await createPool({
      ...cluster.options,
      readers: { maxWait: 60_000, maxSize: 16 },
    });
    const silent: number[] = [];
    const silence = async (standby: TempCluster): Promise<void> => {
      await using connection = await connect(standby.dsn);
      const pids = await connection.fetch<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity
          WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
      );
      for (const { pid } of pids) {
        process.kill(pid, 'SIGSTOP');
        silent.push(pid);
      }
    };
    /** Writes, and reads that: the port of who has told it. */
    const readWritten = async (id: number): Promise<number> => {
      await pool.execute('INSERT INTO entries VALUES ($1)', id);
      const after = await pool.lsn();
      const row = await pool
        .with({ readOnly: true, after })
        .fetchOne<{ max: number; port: number }>(
          'SELECT max(id), inet_server_port() AS port FROM entries',
        );
      expect(row.max).toBe(id);
      return row.port;
    };
    try {
      // There are connections to both, which are chosen at random, and several to the same.
      const all = await Promise.all(Array.from({ length: 16 }, () => pool.readers.acquire()));
      const ports = await Promise.all(all.map((each) => each.fetchVal(PORT)));
      expect(new Set(ports).size).toBe(2);
      for (const each of all) await each[Symbol.asyncDispose]();
      // The connection that was used last is used next.
      const first = await readWritten(1);
      const one = cluster.standbys.find(({ port }) => port === first)!;
      const two = cluster.standbys.find(({ port }) => port !== first)!;
      await silence(one);
      for (let id = 2; id < 12; id++) expect(await readWritten(id)).toBe(two.port);
      await silence(two);
      expect(await readWritten(12)).toBe(cluster.primary.port);
    } finally {
      for (const pid of silent) process.kill(pid, 'SIGCONT');
    }
  });

  /** The place of a server that accepts connections and says nothing. */
  async function frozenHost() {
    const sockets: Socket[] = [];
    const frozen = createServer((socket) => sockets.push(socket));
    onTestFinished(() => {
      frozen.close();
      for (const socket of sockets) socket.destroy();
    });
    await new Promise<void>((resolve) => frozen.listen(0, '127.0.0.1', resolve));
    return { host: '127.0.0.1', port: (frozen.address() as AddressInfo).port };
  }

  it('gives up a host that says nothing after connect_timeout', async () => {
    const dsn = new URL(serverDsn());
    dsn.searchParams.set('connect_timeout', '1');
    const hosts = [await frozenHost(), await frozenHost()];
    const readers = { hosts, ssl: false, targetSessionAttrs: 'any', minSize: 0 } as const;
    await using pool = await createPool(dsn.href, { minSize: 0, readers });
    const error = await pool.readers.fetchVal(PORT).catch((reason) => reason);
    expect(error).toBeInstanceOf(TimeoutError);
    // Of its five seconds two hosts had half each.
    expect(error.message.match(/time-out of \d+ ms/g)).toEqual(
      Array(2).fill('time-out of 1000 ms'),
    );
  });

  it('does not wait for a host that says nothing, where it is read what was written before', async () => {
    const hosts = [await frozenHost()];
    const readers = { hosts, ssl: false, timeout: 600_000, minSize: 0 };
    for (const limits of [{}, { maxLag: 60_000 }]) {
      const quick = { ...readers, ...limits, maxWait: 20 };
      await using pool = await createPool(serverDsn(), { minSize: 0, readers: quick });
      const after = await pool.lsn();
      const reading = pool.with({ readOnly: true, after });
      const reads = [reading, reading, pool.readers.with({ readOnly: true, after }), reading];
      const values = await Promise.all(reads.map((each, i) => each.fetchVal(`SELECT ${i}`)));
      expect(values).toEqual([0, 1, 2, 3]);
      const inside = pool.transaction({ readOnly: true, after }, (tx) => tx.fetchVal('SELECT 4'));
      expect(await inside).toBe(4);
      expect(pool.readers.stats).toMatchObject({ waiting: 0, connecting: 4 });
    }
    await using patient = await createPool(serverDsn(), {
      minSize: 0,
      readers: { ...readers, maxWait: 600_000 },
    });
    const waiting = patient.with({ readOnly: true, after: await patient.lsn() });
    const text = 'SELECT 1';
    await expect(waiting.fetchVal({ text, timeout: 20 })).rejects.toBeInstanceOf(TimeoutError);
    const ending = new AbortController();
    const ended = waiting.fetchVal({ text, signal: ending.signal });
    ending.abort(new Error('mine'));
    await expect(ended).rejects.toThrow('mine');
    expect(patient.readers.stats.waiting).toBe(0);
  });

  it('waits for readers that are in use beyond maxWait', async () => {
    const readers = { targetSessionAttrs: 'any', maxSize: 1, maxWait: 20 } as const;
    await using pool = await createPool(serverDsn(), { minSize: 0, readers });
    const held = await pool.readers.acquire();
    const after = await pool.lsn();
    const read = pool.with({ readOnly: true, after }).fetchVal('SELECT pg_backend_pid()');
    await sleep(100);
    const pid = held.serverPid;
    await pool.readers.release(held);
    expect(await read).toBe(pid);
  });

  it('knows a standby that replays with a delay', async () => {
    await using cluster = await StreamingCluster.start(18, 1, { synchronous_commit: 'on' });
    const [standby] = cluster.standbys;
    await cluster.write('CREATE TABLE entries (id int)');
    await standby!.restart({ settings: { recovery_min_apply_delay: '1s' } });
    const patient = await createPool({ ...cluster.options, readers: { maxLag: 20_000 } });
    const strict = await createPool({ ...cluster.options, readers: { maxLag: 300 } });
    try {
      let isOver = false;
      const writing = (async () => {
        for (let id = 1; !isOver; id++) {
          await patient.execute('INSERT INTO entries VALUES ($1)', id);
          await sleep(20);
        }
      })();
      await sleep(1_500);
      expect(await patient.readers.fetchVal(PORT)).toBe(standby!.port);
      expect(await strict.readers.fetchVal(PORT)).toBe(cluster.primary.port);
      isOver = true;
      await writing;
    } finally {
      await patient.close();
      await strict.close();
    }
  });

  it('waits for a synchronous standby, which has it all at once', async () => {
    await using cluster = await StreamingCluster.start(18, 1);
    const [standby] = cluster.standbys;
    await cluster.on(cluster.primary, 'CREATE TABLE entries (id int)');
    // A standby answers queries before it has found its primary.
    let name: unknown = null;
    await until(async () => {
      name = await cluster.on(cluster.primary, 'SELECT application_name FROM pg_stat_replication');
      return name !== null;
    });
    await cluster.on(
      cluster.primary,
      `ALTER SYSTEM SET synchronous_standby_names = '"${String(name)}"'`,
    );
    await cluster.on(cluster.primary, 'ALTER SYSTEM SET synchronous_commit = remote_apply');
    await cluster.on(cluster.primary, 'SELECT pg_reload_conf()');
    await until(
      async () =>
        (await cluster.on(cluster.primary, 'SELECT sync_state FROM pg_stat_replication')) ===
        'sync',
    );
    await using pool = await createPool({ ...cluster.options, readers: {} });
    for (let i = 1; i <= 20; i++) {
      await pool.execute('INSERT INTO entries VALUES ($1)', i);
      expect(await pool.readers.fetchVal(COUNT)).toBe(i);
    }
    await cluster.pauseReplay(standby!);
    let isDone = false;
    const writing = pool.execute('INSERT INTO entries VALUES (21)').then(() => {
      isDone = true;
    });
    expect(await pool.readers.fetchVal(COUNT)).toBe(20);
    expect(isDone).toBe(false);
    await cluster.resumeReplay(standby!);
    await writing;
    expect(await pool.readers.fetchVal(COUNT)).toBe(21);
  });
});

describe('a pool without readers', () => {
  it('is its own readers, and has all that was written', async () => {
    await using own = await TestPool.open();
    const { pool } = own;
    expect(pool.readers).toBe(pool);
    const after = await pool.lsn();
    expect(await pool.with({ readOnly: true, after }).fetchVal('SELECT 1')).toBe(1);
    expect(await pool.transaction({ readOnly: true, after }, (tx) => tx.fetchVal('SELECT 1'))).toBe(
      1,
    );
    expect(await pool.with({ readOnly: false }).fetchVal('SHOW transaction_read_only')).toBe('off');
    expect(await pool.with({ readOnly: true }).fetchVal('SHOW transaction_read_only')).toBe('on');
  });

  it('refuses options that make no sense', async () => {
    await using own = await TestPool.open();
    const { pool } = own;
    expect(() => pool.with({ after: '0/1' })).toThrow(InvalidArgumentError);
    expect(() => pool.with({ readOnly: true, after: 'yesterday' })).toThrow(InvalidArgumentError);
    expect(() => pool.with({ readOnly: true, after: -1n })).toThrow(InvalidArgumentError);
    expect(() => pool.with({ readOnly: 'true' as never })).toThrow(InvalidArgumentError);
    const nothing = async (): Promise<void> => {};
    await expect(pool.transaction({ after: '0/1' }, nothing)).rejects.toThrow(InvalidArgumentError);
    await expect(pool.transaction({ readOnly: true, after: 'x' }, nothing)).rejects.toThrow(
      InvalidArgumentError,
    );
    const contradiction = pool.with({ readOnly: true }).transaction({ readOnly: false }, nothing);
    await expect(contradiction).rejects.toThrow('contradicts');
    await pool.withConnection(async (connection) => {
      expect(() => connection.with({ readOnly: true, after: '0/1' })).toThrow(InterfaceError);
      const options = { readOnly: true, after: '0/1' };
      await expect(connection.transaction(options, nothing)).rejects.toThrow(InterfaceError);
      expect(await connection.with({ readOnly: true }).fetchVal('SHOW transaction_read_only')).toBe(
        'on',
      );
    });
  });

  it.each([
    [{ maxLag: 0 }, 'maxLag'],
    [{ maxLag: '5s' }, 'maxLag'],
    [{ maxWait: -1 }, 'maxWait'],
    [{ targetSessionAttrs: 'read-write' }, 'targetSessionAttrs'],
    [{ targetSessionAttrs: 'read-only' }, 'targetSessionAttrs'],
    [{ rows: 'array' }, 'rows'],
    [{ minSize: 5, maxSize: 2 }, 'minSize'],
    [{ hots: 'localhost' }, 'hots'],
    [[], 'readers'],
    [true, 'readers'],
  ])('refuses %j as readers', async (readers, named) => {
    const refused = createPool(serverDsn(), { readers: readers as never, minSize: 0 });
    await expect(refused).rejects.toBeInstanceOf(ClientConfigurationError);
    await expect(refused).rejects.toThrow(named);
  });
});
