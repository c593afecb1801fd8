import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { both, config, onClients, owned, plain, settled } from './both.ts';

const require = createRequire(import.meta.url);

/*
 * Small programs as users of pg write them, played on both.
 */

function ended(client: any): Promise<void> {
  return new Promise((resolve) => client.once('end', resolve));
}

/** What a callback was called with. */
function called(call: (callback: (...args: any[]) => void) => void): Promise<unknown[]> {
  return new Promise((resolve) => call((...args) => resolve(args.map(plain))));
}

describe('a submittable that refuses', () => {
  test('before it has sent anything', async () => {
    const log = await onClients(async (client) => {
      const told: unknown[] = [];
      client.query({
        submit: () => new Error('not today'),
        handleError: (error: unknown) => told.push(plain(error)),
      });
      told.push(await settled(client.query('SELECT 1 AS a')));
      told.push(await settled(client.query('SELECT $1::int AS a', [2])));
      return told;
    });
    expect(log[0]).toMatchObject({ message: 'not today' });
    expect(log[2]).toMatchObject({ rows: [{ a: 2 }] });
  });

  test('after it has sent something, which is answered first', async () => {
    // pg takes the answer for one of the next query.
    const { default: facade } = await import('asyncpg/pg');
    const client: any = new facade.Client(config());
    await client.connect();
    const told: unknown[] = [];
    client.query({
      submit: (connection: any) => {
        connection.parse({ name: '', text: 'SELECT 5' });
        return new Error('not today');
      },
      handleError: (error: unknown) => told.push(plain(error)),
    });
    told.push((await client.query('SELECT 1 AS a')).rows);
    expect(told).toEqual([{ name: 'Error', message: 'not today' }, [{ a: 1 }]]);
    await client.end();
  });
});

describe('a submittable that throws', () => {
  test('is told of by the call if it is its turn at once, and by the pool', async () => {
    const thrower = {
      handleError() {},
      submit() {
        throw new Error('not today');
      },
    };
    await onClients(async (client) => {
      // pg stays at this query until its end.
      expect(() => client.query(thrower)).toThrow('not today');
    });
    const rejections = await both(async ({ Pool }) => {
      const pool: any = new Pool({ ...config(), max: 1 });
      // Of a client that is just connected, pg tells the process.
      await pool.query('SELECT 1');
      const rejection = await settled(pool.query(thrower));
      const counts = [pool.totalCount, pool.waitingCount];
      await pool.end();
      return { rejection, counts };
    });
    expect(rejections).toMatchObject({
      rejection: { error: { message: 'not today' } },
      counts: [0, 0],
    });
  });

  test('leaves its client to the queries behind it', async () => {
    const { default: facade } = await import('asyncpg/pg');
    const client: any = new facade.Client(config());
    await client.connect();
    for (const speaks of [false, true]) {
      const submit = (connection: any): void => {
        if (speaks) connection.parse({ name: '', text: 'SELECT 5' });
        throw new Error('not today');
      };
      expect(() => client.query({ submit })).toThrow('not today');
      expect((await client.query('SELECT 1 AS a')).rows).toEqual([{ a: 1 }]);
    }
    await client.end();
  });
});

// pg has none of this: the process ends by an uncaught TypeError, or the client waits for ever.
describe('a submittable without a method for what the server answers', () => {
  const Cursor: any = require('pg-cursor');
  const copyStreams: any = require('pg-copy-streams');
  const refused = (name: string, method: string) =>
    `TypeError: The server has answered with ${name}, for which the query has no method ${method}`;

  function fails(stream: any): Promise<unknown> {
    return new Promise((resolve) => stream.once('error', (error: unknown) => resolve(`${error}`)));
  }

  const read = (text: string) => (client: any) =>
    client.query(new Cursor(text)).read(5).then(String, String);

  test.each<[string, (client: any) => Promise<unknown>, string]>([
    [
      'a cursor, COPY FROM STDIN',
      read('COPY taken FROM STDIN'),
      refused('copyInResponse', 'handleCopyInResponse'),
    ],
    ['a cursor, COPY TO', read('COPY (SELECT 1) TO STDOUT'), refused('copyData', 'handleCopyData')],
    [
      'a stream of COPY FROM, a query with rows',
      (client) => fails(client.query(copyStreams.from('SELECT 1')).end('1')),
      refused('rowDescription', 'handleRowDescription'),
    ],
    [
      'a stream of COPY FROM, COPY TO',
      (client) => fails(client.query(copyStreams.from('COPY (SELECT 1) TO STDOUT')).end('1')),
      refused('copyData', 'handleCopyData'),
    ],
    [
      'a stream of COPY TO, a query with rows',
      (client) => fails(client.query(copyStreams.to('SELECT 1')).resume()),
      refused('dataRow', 'handleDataRow'),
    ],
    [
      'of its own, pages of a portal',
      (client) =>
        new Promise((resolve) => {
          client.query({
            submit(connection: any) {
              connection.parse({ text: 'SELECT generate_series(1, 3)' });
              connection.bind();
              connection.execute({ rows: 1 });
              connection.flush();
            },
            handleDataRow() {},
            handleError: (error: unknown) => resolve(`${error}`),
          });
        }),
      refused('portalSuspended', 'handlePortalSuspended'),
    ],
    [
      'of its own, COPY FROM STDIN behind rows that it could not take',
      (client) =>
        new Promise((resolve) => {
          client.query({
            submit: (connection: any) => connection.query('SELECT 1; COPY taken FROM STDIN'),
            handleError: (error: unknown) => resolve(`${error}`),
          });
        }),
      refused('rowDescription', 'handleRowDescription'),
    ],
  ])('fails, and the next query follows: %s', async (_what, play, error) => {
    const { default: facade } = await import('asyncpg/pg');
    const client: any = new facade.Client(config());
    await client.connect();
    await client.query('CREATE TEMP TABLE taken (a int)');
    expect(await play(client)).toBe(error);
    expect((await client.query('SELECT count(*)::int AS n FROM taken')).rows).toEqual([{ n: 0 }]);
    await client.end();
  });

  test('for errors: the process is told', async () => {
    const { default: facade } = await import('asyncpg/pg');
    const client: any = new facade.Client(config());
    await client.connect();
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    try {
      const thrown = new Promise((resolve) => process.once('uncaughtException', resolve));
      client.query({ submit: (connection: any) => connection.query('SELECT 1/0') });
      expect(await thrown).toMatchObject({ code: '22012' });
    } finally {
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
    expect((await client.query('SELECT 1 AS a')).rows).toEqual([{ a: 1 }]);
    await client.end();
  });
});

describe('a client for replication', () => {
  test('hands what the server streams to whoever listens, and sends its answers', async () => {
    // As pg-logical-replication does it.
    const [, kinds] = await onClients(
      async (client) => {
        const { rows } = await client.query('IDENTIFY_SYSTEM');
        const { connection } = client;
        const told: string[] = [];
        const kept = new Promise<void>((resolve) => {
          connection.on('copyData', ({ chunk, name }: { chunk: Buffer; name: string }) => {
            const kind = `${name} ${String.fromCharCode(chunk[0]!)}`;
            if (!told.includes(kind)) told.push(kind);
            if (kind === 'copyData k') resolve();
          });
        });
        connection.once('replicationStart', () => {
          told.push('start');
          // A status update that asks for an answer at once.
          const update = Buffer.alloc(34);
          update.write('r');
          update[33] = 1;
          connection.sendCopyFromChunk(update);
        });
        const ended = settled(client.query(`START_REPLICATION PHYSICAL ${rows[0].xlogpos}`));
        await kept;
        await client.end();
        return [Object.keys(rows[0]), told, await ended];
      },
      { replication: 'true' },
    );
    expect(kinds).toContain('copyData k');
  });
});

describe('client_encoding', () => {
  test('is what the user has set it to, and texts are read as UTF-8 all the same', async () => {
    const answers = await onClients(async (client) => {
      const results: unknown[] = [];
      for (const text of [
        "SET client_encoding = 'SQL_ASCII'",
        "SELECT 'é' AS a",
        "SET client_encoding = 'LATIN1'",
        "SELECT 'plain' AS a, length('plain') AS b",
        'SHOW client_encoding',
        "SET NAMES 'UTF8'",
        "SELECT 'é' AS a",
      ]) {
        results.push(await settled(client.query(text)));
      }
      return results;
    });
    expect(answers[4]).toMatchObject({ rows: [{ client_encoding: 'LATIN1' }] });
  });

  test('that is not UTF-8 is refused once calls of the driver are made', async () => {
    const { default: facade } = await import('asyncpg/pg');
    const client = new facade.Client(config());
    await client.connect();
    const errors: Error[] = [];
    client.on('error', (error) => errors.push(error));
    expect(await client.asyncpg.fetchVal('SELECT 1')).toBe(1);
    const end = ended(client);
    await expect(client.query("SET client_encoding = 'LATIN1'")).rejects.toThrow('LATIN1');
    await end;
    expect(errors).not.toEqual([]);
  });
});

describe('the configuration of a query', () => {
  test('is looked at as it is: frozen, of a class, with getters, from a prototype', async () => {
    await onClients(async (client) => {
      class Getters {
        get text() {
          return 'SELECT $1::int AS a';
        }
        get values() {
          return [7];
        }
      }
      const frozen = Object.freeze({ text: 'SELECT $1::int AS a', values: Object.freeze([1]) });
      const hidden = Object.defineProperty({ text: 'SELECT $1::int AS a' }, 'values', {
        value: [4],
      });
      const inherited = Object.assign(Object.create({ rowMode: 'array' }), { text: 'SELECT 1' });
      return [
        await settled(client.query(frozen)),
        await settled(client.query(new Getters())),
        await settled(client.query(hidden)),
        await settled(client.query(inherited)),
        await settled(client.query(new Proxy({ text: 'SELECT 1 AS a' }, {}))),
        await settled(client.query(Object.assign(() => {}, { text: 'SELECT 1 AS a' }))),
      ];
    });
  });

  test('that is frozen can be given other values', async () => {
    // pg throws a TypeError.
    const { default: facade } = await import('asyncpg/pg');
    const client = new facade.Client(config());
    await client.connect();
    const query = Object.freeze({ text: 'SELECT $1::int AS a', values: [1] });
    expect((await client.query(query, [2])).rows).toEqual([{ a: 2 }]);
    await client.end();
  });
});

describe('events', () => {
  test('of a connection: connect comes before what the server says', async () => {
    const log = await both(async ({ Client }) => {
      const client: any = new Client(config());
      const heard: unknown[] = [];
      for (const name of [
        'connect',
        'authenticationOk',
        'backendKeyData',
        'readyForQuery',
        'end',
      ]) {
        client.connection.once(name, () => heard.push(name));
      }
      await client.connect();
      await client.end();
      return heard;
    });
    expect(log).toEqual(['connect', 'authenticationOk', 'backendKeyData', 'readyForQuery', 'end']);
  });

  test('of a server that closes at once', async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const log = await both(async ({ Client }) => {
      const client: any = new Client({ ...config(), host: '127.0.0.1', port });
      const heard: unknown[] = [];
      client.on('end', () => heard.push('end'));
      client.on('error', () => heard.push('error'));
      heard.push(await client.connect().catch(plain));
      return heard.map((entry: any) => entry.message?.replace(/^read /, '') ?? entry);
    });
    expect(log).toContain('end');
    await new Promise((resolve) => server.close(resolve));
  });

  test('notifications as they are printed', async () => {
    const texts = await onClients(async (client) => {
      const heard = new Promise((resolve) => client.once('notification', resolve));
      await client.query('LISTEN told');
      await client.query("NOTIFY told, 'it'");
      const notification = (await heard) as { processId: number };
      const { processId, ...rest } = notification;
      const own = processId === client.processID;
      notification.processId = 1;
      return [own, JSON.stringify(rest), inspect(notification)];
    });
    expect(texts[0]).toBe(true);
    expect(texts[2]).toMatch(/^NotificationResponseMessage \{\s+length: 16,\s+processId: 1,/);
  });
});

describe('contexts', () => {
  test('of AsyncLocalStorage are those of the call, in callbacks and events', async () => {
    await both(async ({ Client, Pool, Query }) => {
      const storage = new AsyncLocalStorage<number>();
      const pool: any = new Pool({ ...config(), max: 1 });
      const client: any = new Client(config());
      await client.connect();
      const seen: unknown[] = [];
      const note = (what: string) => seen.push([what, storage.getStore()]);
      const inEach = (play: () => Promise<unknown>) =>
        Promise.all([1, 2, 3].map((n) => storage.run(n, play)));
      await inEach(() => called((done) => pool.query('SELECT 1', done)).then(() => note('pool')));
      await inEach(async () => {
        await called((done) => {
          pool.connect((_error: unknown, lent: any, release: () => void) => {
            note('connect');
            lent.query('SELECT 1', () => {
              note('query of a pool');
              release();
              done();
            });
          });
        });
      });
      await inEach(async () => {
        await called((done) => client.query('SELECT 1', done)).then(() => note('callback'));
      });
      await inEach(() => {
        const query: any = client.query(new (Query as any)('SELECT 1 AS a'));
        query.on('row', () => note('row'));
        return called((done) => query.on('end', done)).then(() => note('end'));
      });
      await client.end();
      await pool.end();
      return seen;
    });
  });
});

describe('names', () => {
  test('of types, of classes and of what a client has', async () => {
    await both(async (module) => {
      const { types, Client, Query, Result, Connection, DatabaseError } = module as any;
      const lent: any = new Client(config());
      return [
        Object.keys(types).sort(),
        [Client, Query, Result, Connection, DatabaseError].map(({ name }) => name),
        String(lent),
        typeof lent.connection.stream.setKeepAlive,
      ];
    });
  });
});

describe('unusual parameters', () => {
  test('are what pg makes of them', async () => {
    await onClients(async (client) => {
      const values: unknown[] = [
        [{ a: 1 }],
        [Buffer.from('ab')],
        [new Uint8Array([3])],
        new Uint8Array([97, 98]),
        new DataView(new ArrayBuffer(2)),
        [undefined],
        [[1, 2], [3]],
        [10n],
        new String('s'),
        Number.NaN,
        -0,
        new Map([[1, 2]]),
        Object.create(null),
        { toPostgres: (prepare: (value: unknown) => unknown) => prepare([1, 'a']) },
        { toJSON: () => 'j' },
        () => 1,
      ];
      const answers: unknown[] = [];
      for (const value of values) {
        answers.push(await settled(client.query('SELECT $1::text AS a', [value])));
      }
      for (const value of [
        Symbol('x'),
        {
          toPostgres: (): unknown => {
            throw new Error('mine');
          },
        },
      ]) {
        answers.push(await settled(client.query('SELECT $1::text AS a', [value])));
      }
      answers.push(await settled(client.query('SELECT $1::text AS a', [])));
      answers.push(await settled(client.query('SELECT $1::text AS a', ['a', 'b'])));
      answers.push(await settled(client.query('SELECT 1 AS a', null)));
      return answers.map(owned);
    });
  });
});
