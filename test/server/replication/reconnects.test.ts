import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ChangeStream, openChangeStream } from '../../../src/replication/index.ts';
import { onEachServer, until } from '../../support/replication/logical-cluster.ts';
import { FaultProxy, type PassingMessage } from '../../support/servers/fault-proxy.ts';

const schema = `
  CREATE TABLE t (id int PRIMARY KEY);
  CREATE PUBLICATION t FOR TABLE t`;
// A walsender whose client is silent is found out after a second.
const settings = { wal_sender_timeout: 1000 };

/** Ids that come, until one does. */
async function idsUntil(stream: ChangeStream, last: number): Promise<number[]> {
  const got: number[] = [];
  for await (const transaction of stream) {
    for await (const change of transaction) {
      if (change.kind === 'insert') got.push(change.new.id as number);
    }
    if (got.includes(last)) break;
  }
  return got;
}

onEachServer('a change stream that connects again', { schema, settings }, (server) => {
  let proxy: FaultProxy;
  beforeAll(async () => {
    proxy = await FaultProxy.listen({ host: '127.0.0.1', port: server.cluster.port });
  });
  afterAll(() => proxy?.close());

  /** Walsenders that there are now. */
  const walsenders = async (): Promise<number> =>
    (await server.pool.fetchVal<number>('SELECT count(*)::int FROM pg_stat_replication'))!;

  test('has one session at a time, wherever the next one dies while it is made', async () => {
    const { pool } = server;
    await pool.execute('TRUNCATE t');
    const stream = await openChangeStream(proxy.dsn, { slot: 'dying', publication: 't' });
    const consuming = idsUntil(stream, 1000);
    let id = 0;
    // The messages of a start-up, of the commands that prepare it, and the first of the stream.
    for (let index = 1; index < 45; index += 4) {
      const before = stream.stats.reconnects;
      const next = proxy.accepted;
      let hit = false;
      proxy.plan = (message: PassingMessage) => {
        if (message.link !== next || message.from !== 'server' || message.index !== index) {
          return null;
        }
        hit = true;
        return { fault: 'reset', where: 'within' };
      };
      for (const link of proxy.links) link.strike('reset');
      await until(async () => hit || stream.stats.reconnects > before);
      await until(async () => stream.stats.reconnects > before);
      id += 1;
      await pool.execute('INSERT INTO t VALUES ($1)', id);
      await until(async () => (await walsenders()) === 1);
      // A connection that has given something: the pauses begin from the shortest.
      await until(async () => stream.stats.changes === id);
    }
    proxy.plan = () => null;
    await pool.execute('INSERT INTO t VALUES (1000)');
    expect(await consuming).toEqual([...Array.from({ length: id }, (_, i) => i + 1), 1000]);
    await until(async () => (await walsenders()) === 0);
    await until(async () => proxy.links.length === 0);
  }, 60_000);

  test('waits until the server has noticed that the session before is gone', async () => {
    const { pool } = server;
    await pool.execute('TRUNCATE t');
    const states = new Set<unknown>();
    const stream = await openChangeStream(proxy.dsn, {
      slot: 'taken',
      publication: 't',
      receiveTimeout: 200,
      onReconnect: ({ error }) =>
        states.add((error as { sqlstate?: string }).sqlstate ?? error.name),
    });
    const consuming = idsUntil(stream, 1);
    for (const link of proxy.links) link.strike('silence');
    // The slot is the old walsender's, for as long as that waits for an answer.
    await until(async () => stream.stats.reconnects > 0);
    expect([...states]).toEqual(['TimeoutError', '55006']);
    await pool.execute('INSERT INTO t VALUES (1)');
    expect(await consuming).toEqual([1]);
    proxy.heal();
  }, 60_000);

  test('goes on when it is closed while it connects', async () => {
    const stream = await openChangeStream(proxy.dsn, { slot: 'closing', publication: 't' });
    const next = stream[Symbol.asyncIterator]().next();
    let hit = false;
    proxy.plan = () => {
      hit = true;
      return { fault: 'silence', where: 'before' };
    };
    for (const link of proxy.links) link.strike('reset');
    await until(async () => hit);
    await stream.close();
    expect(await next).toEqual({ done: true, value: undefined });
    proxy.plan = () => null;
    proxy.heal();
    await until(async () => (await walsenders()) === 0);
  });
});
