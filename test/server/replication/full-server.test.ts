/** A server whose max_connections are used up. Walsenders have places of their own. */
import { expect, onTestFinished, test } from 'vitest';
import { type Connection, connect } from '../../../src/index.ts';
import { openChangeStream } from '../../../src/replication/index.ts';
import {
  iteratorOf,
  onEachServer,
  take,
  until,
} from '../../support/replication/logical-cluster.ts';

const schema = `
  CREATE TYPE mood AS ENUM ('sad', 'happy');
  CREATE TABLE t (id int PRIMARY KEY);
  CREATE TABLE moods (id int PRIMARY KEY, mood mood);
  CREATE PUBLICATION t FOR TABLE t;
  CREATE PUBLICATION moods FOR TABLE moods`;
const settings = { max_connections: 10, superuser_reserved_connections: 0 };

onEachServer(
  'while a server has no place for another connection',
  { schema, settings },
  (server) => {
    /** Takes all places, until the test is over or they are given back. */
    async function fill(): Promise<() => void> {
      const others: Connection[] = [];
      const empty = (): void => {
        for (const other of others.splice(0)) other.terminate();
      };
      onTestFinished(empty);
      const { dsn } = server.cluster;
      await expect(
        (async () => {
          for (;;) others.push(await connect(dsn));
        })(),
      ).rejects.toMatchObject({ sqlstate: '53300' });
      return empty;
    }

    test('a stream is opened on a slot that is there', async () => {
      const { pool, cluster } = server;
      await (await openChangeStream(pool, { slot: 'there', publication: 't' })).close();
      await pool.execute('INSERT INTO t VALUES (1)');
      await fill();
      await using stream = await openChangeStream(cluster.dsn, { slot: 'there', publication: 't' });
      const [changes] = await take(iteratorOf(stream), 1);
      expect(changes).toMatchObject([{ kind: 'insert', new: { id: 1 } }]);
    });

    test('and waits at a type that it has to ask about', async () => {
      const { pool, cluster } = server;
      await (await openChangeStream(pool, { slot: 'moods', publication: 'moods' })).close();
      await pool.execute("INSERT INTO moods VALUES (1, 'happy')");
      const empty = await fill();
      const failures = new Set<unknown>();
      await using stream = await openChangeStream(cluster.dsn, {
        slot: 'moods',
        publication: 'moods',
        onReconnect: ({ error }) => failures.add((error as { sqlstate?: string }).sqlstate),
      });
      const next = take(iteratorOf(stream), 1);
      await until(() => Promise.resolve(failures.size > 0));
      expect([...failures]).toEqual(['53300']);
      empty();
      expect(await next).toMatchObject([[{ kind: 'insert', new: { id: 1, mood: 'happy' } }]]);
    });
  },
);
