import { once } from 'node:events';
import { createConnection, createServer, Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { testServer } from '../../../support/servers/server.ts';
import { both, config, onClients, plain, settled } from './both.ts';

/*
 * Small programs with one client as users of pg write them, played on both.
 */

function ended(client: any): Promise<void> {
  return new Promise((resolve) => client.once('end', resolve));
}

/** What a call comes to that may throw. */
function attempt(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return { threw: plain(error) };
  }
}

/** Each answer in its turn. */
async function answers(client: any, ...queries: any[]): Promise<unknown[]> {
  const told: unknown[] = [];
  for (const query of queries) {
    const answer: any = await settled(
      Array.isArray(query) ? client.query(...query) : client.query(query),
    );
    // Temporary tables have other OIDs each time.
    for (const { fields } of [answer].flat()) for (const field of fields ?? []) field.tableID = 0;
    told.push(answer);
  }
  return told;
}

describe('the end of a client', () => {
  test('by a listener: what has arrived with its message is told', async () => {
    const log = await both(async ({ Client, Query }) => {
      const told: unknown[] = [];
      for (const play of [
        // Its own notification comes between the query's result and its end.
        (client: any) => {
          client.on('notification', ({ payload }: any) => {
            told.push(['notification', payload]);
            void client.end();
          });
          return [client.query("LISTEN ended; NOTIFY ended, 'a'"), client.query('SELECT 1')];
        },
        (client: any) => {
          const query: any = new Query('SELECT generate_series(1, 3) AS a');
          query.on('row', ({ a }: any) => {
            told.push(['row', a]);
            if (a === 1) void client.end();
          });
          const over = new Promise((resolve, reject) =>
            query.on('end', resolve).on('error', reject),
          );
          client.query(query);
          return [over, client.query('SELECT 1')];
        },
      ]) {
        const client: any = new Client(config());
        await client.connect();
        const gone = ended(client);
        const outcomes = await Promise.all(play(client).map(settled));
        told.push(outcomes.map((each: any) => each.error ?? each.rowCount ?? each.length));
        await gone;
      }
      return told;
    });
    const closed = { name: 'Error', message: 'Connection terminated' };
    expect(log).toEqual([
      ['notification', 'a'],
      [2, closed],
      ['row', 1],
      ['row', 2],
      ['row', 3],
      [3, closed],
    ]);
  });

  test('of one that waits for notifications: those that have come with the first are told', async () => {
    const log = await both(async ({ Client }) => {
      const [client, other]: any[] = [new Client(config()), new Client(config())];
      await Promise.all([client.connect(), other.connect()]);
      await client.query('LISTEN ended');
      const told: unknown[] = [];
      client.on('notification', ({ payload }: any) => {
        told.push(payload);
        if (payload === '1') void client.end();
      });
      const gone = ended(client);
      await other.query("NOTIFY ended, '1'; NOTIFY ended, '2'");
      await gone;
      await other.end();
      return told;
    });
    expect(log).toEqual(['1', '2']);
  });

  test('refuses what comes behind it, by promise and by callback', async () => {
    await both(async ({ Client }) => {
      const client: any = new Client(config());
      await client.connect();
      const before = settled(client.query('SELECT 1 AS a'));
      await before;
      const end = client.end();
      const told: unknown[] = [await settled(client.query('SELECT 2'))];
      await end;
      told.push(await settled(client.query('SELECT 3')));
      told.push(
        await new Promise((resolve) =>
          client.query('SELECT 4', (error: any) => resolve(plain(error))),
        ),
      );
      told.push(await settled(client.end()));
      told.push(await settled(client.connect()));
      return told;
    });
  });

  test('without ever having connected', async () => {
    await both(async ({ Client }) => {
      const client: any = new Client(config());
      return [await client.end().then(() => 'ended'), client._ending];
    });
  });

  test('with queries that wait', async () => {
    await both(async ({ Client }) => {
      const client: any = new Client(config());
      client.on('error', () => {});
      await client.connect();
      const all = [1, 2, 3].map((n) => settled(client.query('SELECT $1::int AS a', [n])));
      const end = client.end();
      return [await Promise.all(all), await settled(end)];
    });
  });
});

describe('several statements at once', () => {
  test('each have a result, up to an error', async () => {
    await onClients((client) =>
      answers(
        client,
        'SELECT 1 AS a; SELECT 2 AS b, 3 AS c; SELECT 4 AS a',
        'CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1), (2); SELECT * FROM t; UPDATE t SET a = 3; DELETE FROM t',
        'SELECT 1 AS a; SELECT 1/0; SELECT 2 AS a',
        ';;',
        'SELECT 1;',
        'SELECT 1 AS a; ; SELECT 2 AS a',
        '/* nothing */',
        'BEGIN; SELECT 1/0; COMMIT',
        'SELECT 1',
        'ROLLBACK',
        ['SELECT 1; SELECT 2', []],
        ['SELECT $1::int; SELECT 2', [1]],
        { text: 'SELECT 1 AS a; SELECT 2 AS a', rowMode: 'array' },
        'VALUES (1), (2); TABLE t; EXPLAIN (COSTS OFF) SELECT 1',
      ),
    );
  });
});

describe('rows', () => {
  test('as arrays, of columns with the same name, of none, with names of all kinds', async () => {
    await onClients((client) =>
      answers(
        client,
        { text: 'SELECT 1 AS a, 2 AS a, 3 AS b', rowMode: 'array' },
        'SELECT 1 AS a, 2 AS a, 3 AS b',
        'SELECT',
        { text: 'SELECT', rowMode: 'array' },
        { text: 'SELECT FROM generate_series(1, 3)', rowMode: 'array' },
        'SELECT 1 AS "__proto__", 2 AS "constructor", 3 AS "", 4 AS "toString"',
        'SELECT 1, 2, now() IS NULL, count(*) FROM pg_class WHERE false',
        { text: 'SELECT 1 AS a', rowMode: 'neither' },
        { text: 'SELECT 1 AS a WHERE false', rowMode: 'array' },
      ),
    );
  });
});

describe('results', () => {
  test('of commands of all kinds', async () => {
    await onClients((client) =>
      answers(
        client,
        'CREATE TEMP TABLE t (a serial PRIMARY KEY, b text)',
        "INSERT INTO t (b) VALUES ('x') RETURNING *",
        ['INSERT INTO t (b) SELECT $1::text || n FROM generate_series(1, 3) n', ['y']],
        "UPDATE t SET b = 'z' WHERE false",
        'SELECT a, b FROM t ORDER BY a LIMIT 1',
        'DELETE FROM t WHERE a = 1 RETURNING b',
        'TRUNCATE t',
        'DO $$ BEGIN END $$',
        'SET search_path = pg_catalog',
        'SHOW search_path',
        'BEGIN',
        'DECLARE c CURSOR FOR SELECT n FROM generate_series(1, 5) n',
        'FETCH 2 FROM c',
        'MOVE 1 FROM c',
        'CLOSE c',
        'SAVEPOINT s',
        'ROLLBACK TO s',
        'COMMIT',
        'COPY (SELECT 1) TO STDOUT',
        'COPY pg_class FROM STDIN',
        'SELECT 1 AS after',
      ),
    );
  });
});

describe('parameters', () => {
  test('of arrays, with nulls, objects, dates and bytes in them', async () => {
    const date = new Date(Date.UTC(2024, 1, 29, 12, 34, 56, 789));
    await onClients((client) =>
      answers(
        client,
        ['SELECT $1::int[] AS a', [[1, null, 3]]],
        [
          'SELECT $1::int[] AS a',
          [
            [
              [1, 2],
              [null, 4],
            ],
          ],
        ],
        ['SELECT $1::text[] AS a', [['a"b', 'c\\d', '', 'NULL', null, 'e,f', '{g}', ' h ']]],
        ['SELECT $1::jsonb[] AS a', [[{ a: [1, { b: null }] }, { c: 'd"e' }, null]]],
        ['SELECT $1::json AS a', [JSON.stringify([1, 'two', null])]],
        ['SELECT $1::jsonb AS a', [[1, 2]]],
        ['SELECT $1::jsonb AS a', [{ a: new Date(0), b: Buffer.from('x'), c: undefined }]],
        ['SELECT $1::bytea[] AS a', [[Buffer.from([0, 1, 255]), null]]],
        ['SELECT $1::bytea AS a', [Buffer.from([0, 92, 255])]],
        ['SELECT $1::bytea AS a', [new Uint8Array([1, 2])]],
        ['SELECT $1::timestamptz AS a', [date]],
        ['SELECT $1::timestamp AS a', [date]],
        ['SELECT $1::date AS a', [date]],
        ['SELECT $1::timestamptz[] AS a', [[date, null]]],
        ['SELECT $1::int8 AS a, $2::numeric AS b', [2n ** 62n, 10n ** 30n]],
        ['SELECT $1::int8[] AS a', [[1n, null]]],
        ['SELECT $1::bool AS a, $2::text AS b', [true, false]],
        ['SELECT $1::float8 AS a, $2::float8 AS b', [Number.NaN, -Infinity]],
        ['SELECT $1::int AS a', ['7']],
        ['SELECT $1::int AS a', [1.5]],
        ['SELECT $1 AS a', ['untyped']],
        ['SELECT $1 AS a', [null]],
        ['SELECT $1::text AS a', [{ a: 1 }]],
        ['SELECT $1::int[] AS a', [[]]],
        ['SELECT $1::int[] AS a', [[[], []]]],
        ['SELECT $2::int AS a', [1, 2]],
        ['SELECT $1::date AS a', [new Date(Number.NaN)]],
      ),
    );
  });
});

describe('types', () => {
  test('of a client, of a query, of both, by setTypeParser and by getTypeParser', async () => {
    await both(async ({ Client, types }) => {
      const custom = {
        getTypeParser: (oid: number, format?: string) => (value: unknown) =>
          `${oid} ${format} ${value}`,
      };
      const client: any = new Client({ ...config(), types: custom });
      await client.connect();
      const text = "SELECT 1 AS a, 'x'::text AS b, null AS c, ARRAY[1] AS d";
      const told = [
        await settled(client.query(text)),
        await settled(client.query({ text, types })),
        await settled(client.query({ text, types: { getTypeParser: () => () => 'mine' } })),
        await settled(client.query(text, [])),
      ];
      client.setTypeParser(23, (value: string) => `set ${value}`);
      told.push(await settled(client.query(text)));
      told.push(await settled(client.query({ text, rowMode: 'array' })));
      told.push(String(client.getTypeParser(23)));
      await client.end();
      return told;
    });
  });

  test('whose parser throws', async () => {
    await onClients(async (client) => {
      client.setTypeParser(23, (value: string) => {
        if (value === '2') throw new Error(`not ${value}`);
        return value;
      });
      return answers(
        client,
        'SELECT n::int FROM generate_series(1, 3) n',
        ['SELECT $1::int AS n', [2]],
        'SELECT 1 AS n; SELECT 2 AS n; SELECT 3 AS n',
        'SELECT 3 AS n',
      );
    });
  });

  test('of all clients', async () => {
    await both(async ({ Client, types }) => {
      const before = types.getTypeParser(20, 'text');
      types.setTypeParser(20, (value: string) => Number(value) + 0.5);
      try {
        const client: any = new Client(config());
        await client.connect();
        const told = await answers(client, 'SELECT 1::int8 AS a', 'SELECT ARRAY[1::int8] AS a');
        await client.end();
        return told;
      } finally {
        types.setTypeParser(20, before);
      }
    });
  });
});

describe('query objects', () => {
  test('that are used again, changed between, and of which one name has two texts', async () => {
    await onClients(async (client, { Query }) => {
      const query: any = { text: 'SELECT $1::int AS a', values: [1] };
      const told = await answers(client, query, query);
      query.values = [2];
      told.push(...(await answers(client, query, [query, [3]])));
      const named = { name: 'one', text: 'SELECT $1::int AS a', values: [1] };
      told.push(
        ...(await answers(
          client,
          named,
          { ...named, values: [2] },
          { name: 'one', values: [3] },
          { name: 'one', text: 'SELECT 2 AS b' },
          { name: 'two', text: 'SELECT nothing' },
          { name: 'two', text: 'SELECT 2 AS b' },
          { name: 'none' },
          { name: 'two', text: 'SELECT 2 AS b', rowMode: 'array' },
        )),
      );
      const object: any = new (Query as any)('SELECT n FROM generate_series(1, 3) n');
      const heard: unknown[] = [];
      const hear = (row: unknown, result: any): unknown => heard.push([row, result.rows.length]);
      object.on('row', hear);
      told.push(
        await new Promise((resolve) => {
          object.on('end', (result: any) =>
            resolve([result.rows, result.rowCount, result.command]),
          );
          object.on('error', resolve);
          told.push(client.query(object) === object);
        }),
        heard,
      );
      // With a callback, rows are kept: a listener finds those before its own.
      await new Promise((resolve) => {
        const kept: any = new (Query as any)('SELECT n FROM generate_series(1, 3) n', [], resolve);
        client.query(kept.on('row', hear));
      });
      return told;
    });
  });

  test('with the results of their names in binary', async () => {
    await both(async ({ Client }) => {
      const client: any = new Client({ ...config(), binary: true } as any);
      await client.connect();
      const text =
        "SELECT 1 AS a, 2::int8 AS b, 3.5::float8 AS c, true AS d, 'é'::text AS e, '\\x01ff'::bytea AS f, null::int AS g, 4::int2 AS j, '12.340'::numeric AS l";
      const told = await answers(
        client,
        text,
        { text, values: [] },
        { name: 'named', text },
        { name: 'named', text },
        { name: 'other', text: `${text} WHERE $1`, values: [true] },
        { text: `${text} WHERE $1`, values: [true], binary: false },
        ['SELECT $1::json AS a, $2::jsonb AS b', ['{"a":1}', '{"a":1}']],
        ['SELECT $1::uuid AS a', ['00000000-0000-0000-0000-000000000001']],
      );
      await client.end();
      return told;
    });
  });
});

describe('time-outs', () => {
  test('of the server, as options', async () => {
    const told = await both(async ({ Client }) => {
      const client: any = new Client({
        ...config(),
        statement_timeout: 200,
        lock_timeout: '1500' as any,
        idle_in_transaction_session_timeout: 60_000,
        application_name: 'it\'s "mine"',
        options: '-c extra_float_digits=0 -c TimeZone=Asia/Kathmandu',
      });
      await client.connect();
      const all = await answers(
        client,
        'SHOW statement_timeout',
        'SHOW lock_timeout',
        'SHOW idle_in_transaction_session_timeout',
        'SHOW application_name',
        'SHOW TimeZone',
        'SELECT 1/3::float8 AS a',
        'SELECT pg_sleep(5)',
        'SELECT 1 AS after',
      );
      await client.end();
      return all;
    });
    expect(told[6]).toMatchObject({ error: { code: '57014' } });
  });

  test('of a session that is idle in a transaction', async () => {
    await both(async ({ Client }) => {
      const client: any = new Client({ ...config(), idle_in_transaction_session_timeout: 50 });
      const ended = new Promise<unknown[]>((resolve) => {
        const heard: unknown[] = [];
        client.on('error', (error: any) => heard.push([error.code, error.message]));
        client.on('end', () => resolve(heard));
      });
      await client.connect();
      await client.query('BEGIN');
      const heard = await ended;
      return [heard[0], await settled(client.query('SELECT 1'))];
    });
  });

  test('of a query on the client', async () => {
    await both(async ({ Client }) => {
      const client: any = new Client({ ...config(), query_timeout: 150 });
      client.on('error', () => {});
      await client.connect();
      const told = await settled(client.query('SELECT pg_sleep(30)'));
      const end = new Promise((resolve) => client.once('end', resolve));
      client.connection.stream.destroy();
      await end;
      return told;
    });
  });

  test('of connecting, by a server that says nothing', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => sockets.add(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    /** How many sockets the server has accepted: those that came before one of the test's own, and that. */
    const accepted = async (): Promise<number> => {
      const last = createConnection(port, '127.0.0.1');
      await once(last, 'connect');
      const isLast = (socket: Socket): boolean => socket.remotePort === last.localPort;
      while (![...sockets].some(isLast)) await once(silent, 'connection');
      return sockets.size;
    };
    await both(async ({ Client, Pool }) => {
      const options = { host: '127.0.0.1', port, user: 'u', connectionTimeoutMillis: 100 };
      const pool: any = new Pool(options);
      return [
        await settled(new Client(options).connect()),
        await settled(pool.connect()),
        await settled(pool.query('SELECT 1')),
        pool.totalCount,
      ];
    });
    // For those who have waited as long no other client is opened.
    await both(async ({ Pool }) => {
      const options = { host: '127.0.0.1', port, user: 'u', connectionTimeoutMillis: 100, max: 1 };
      const pool: any = new Pool(options);
      const before = await accepted();
      const calls = [pool.query('SELECT 1'), pool.query('SELECT 2'), pool.connect()];
      // Their timers are due in the same turn, though a millisecond may have passed between them.
      const late = performance.now() + 150;
      while (performance.now() < late);
      const outcomes = await Promise.all(calls.map(settled));
      await pool.end();
      return [outcomes, pool.totalCount, pool.waitingCount, (await accepted()) - before - 1];
    });
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });
});

describe('notices and notifications', () => {
  test('with all their fields', async () => {
    await onClients(async (client) => {
      const heard: any[] = [];
      client.on('notice', (notice: any) => heard.push({ ...notice, is: notice instanceof Error }));
      const notified = new Promise((resolve) => client.on('notification', resolve));
      await client.query(
        "DO $$ BEGIN RAISE NOTICE 'seen %', 1 USING DETAIL = 'd', HINT = 'h', ERRCODE = '01234'; RAISE WARNING 'w'; RAISE INFO 'i'; END $$",
      );
      await client.query('LISTEN a; LISTEN "B c"');
      await client.query("SELECT pg_notify('B c', repeat('x', 7000))");
      const { channel, payload, processId, length, name }: any = await notified;
      await client.query('UNLISTEN *');
      return [heard, channel, payload, processId === client.processID, length, name];
    });
  });
});

describe('where to connect to', () => {
  /** Plays with variables of the environment. */
  async function within(variables: Record<string, string>, play: () => Promise<unknown>) {
    const before = { ...process.env };
    Object.assign(process.env, variables);
    try {
      return await play();
    } finally {
      for (const name of Object.keys(variables)) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }
  }

  test('is told by variables of the environment', async () => {
    const { host, port, user } = config();
    const variables = {
      PGHOST: host as string,
      PGPORT: String(port),
      PGUSER: user as string,
      PGDATABASE: 'template1',
      PGAPPNAME: 'of the environment',
      PGOPTIONS: '-c lock_timeout=1234',
    };
    const told = await within(variables, () =>
      both(async ({ Client }) => {
        const client: any = new Client();
        await client.connect();
        const all = await answers(
          client,
          'SELECT current_database() AS a, current_user AS b',
          'SHOW application_name',
          'SHOW lock_timeout',
        );
        all.push([client.host, client.port, client.user, client.database]);
        await client.end();
        return all;
      }),
    );
    expect(JSON.stringify(told)).toContain('of the environment');
  });

  test('is told by URLs of all forms', async () => {
    const { host, port, user } = config();
    const folder = testServer().socketDirectory;
    const sockets = folder
      ? [
          `postgres://${user}@${encodeURIComponent(folder)}:${port}/postgres`,
          `postgres:///postgres?host=${folder}&port=${port}&user=${user}`,
          `socket://${user}@${folder}?db=postgres&port=${port}`,
        ]
      : [];
    await both(async ({ Client }) => {
      const told: unknown[] = [];
      for (const url of [
        `postgres://${user}@${host}:${port}/postgres?application_name=a%20b`,
        `postgresql://${user}@${host}:${port}/template1?sslmode=disable&statement_timeout=777`,
        `postgres://${user}:secret%40@${host}:${port}/postgres?options=-c%20lock_timeout%3D77`,
        `postgres://${user}@${host}:${port}/there%20is%20none`,
        `postgres://${user}@${host}:${port}/postgres?ssl=0&fallback_application_name=f`,
        ...sockets,
      ]) {
        const client: any = attempt(() => new Client(url));
        const failure = await client.connect().then(() => null, plain);
        told.push([client.host, client.database, client.password, failure]);
        if (failure === null) {
          told.push(
            ...(await answers(
              client,
              'SHOW application_name',
              'SHOW statement_timeout',
              'SHOW lock_timeout',
            )),
          );
        }
        await client.end();
      }
      return told;
    });
  });

  test('with TLS, which the server has not', async () => {
    await both(async ({ Client }) => {
      const told: unknown[] = [];
      for (const ssl of [
        true,
        {},
        { rejectUnauthorized: false },
        'true',
        'no-verify',
        false,
        undefined,
      ]) {
        const client: any = new Client({ ...config(), ssl } as any);
        told.push(client.ssl, await client.connect().then(() => null, plain));
        await client.end();
      }
      return told;
    });
  });

  test('to nobody', async () => {
    await both(async ({ Client }) => {
      const told: unknown[] = [];
      for (const options of [
        { ...config(), host: '127.0.0.1', port: 1 },
        { ...config(), host: '/there/is/none' },
        { ...config(), host: 'there.is.none.invalid' },
        { ...config(), user: 'there_is_none' },
        { ...config(), database: 'there_is_none' },
      ]) {
        const client: any = new Client(options);
        const events: string[] = [];
        for (const name of ['connect', 'error', 'end']) client.on(name, () => events.push(name));
        const error: any = await client.connect().catch((failure: unknown) => failure);
        told.push([error.code, error.message, error.name, error.syscall, error.address]);
        await new Promise((resolve) => setTimeout(resolve, 20));
        told.push(events, [client._ending, client._connected]);
      }
      return told;
    });
  });
});

describe('the module', () => {
  test('escapes, has defaults, and no native client', async () => {
    await both(async ({ escapeIdentifier, escapeLiteral, defaults, Client }: any) => {
      const texts = ['a', 'a"b', "a'b", 'a\\b', '', '"', "'", 'é\n'];
      const before = defaults.application_name;
      defaults.application_name = 'by default';
      const client: any = new Client(config());
      defaults.application_name = before;
      await client.connect();
      const told = [
        texts.map((text) => [escapeIdentifier(text), escapeLiteral(text)]),
        texts.map((text) => [client.escapeIdentifier(text), client.escapeLiteral(text)]),
        await answers(client, 'SHOW application_name'),
        Object.keys(defaults)
          .filter((name) => name !== 'prepare')
          .sort(),
      ];
      await client.end();
      return told;
    });
  });
});

describe('the stream of a connection', () => {
  test('tells of its addresses', async () => {
    await onClients(async (client) => {
      const { stream } = client.connection;
      return [
        stream.remoteAddress,
        stream.remotePort,
        stream.remoteFamily,
        typeof stream.localPort,
        stream.localAddress,
        stream.localFamily,
        typeof stream.address?.(),
        stream.readyState,
        stream.destroyed,
        stream.writable,
        stream.readable,
        stream.connecting,
        stream.pending,
        typeof stream.bytesRead,
        typeof stream.bytesWritten,
        typeof stream.setNoDelay,
        typeof stream.setTimeout,
        typeof stream.ref,
        typeof stream.unref,
      ];
    });
  });
});

describe('who makes the socket', () => {
  test('is told how it is to be, and nothing more', async () => {
    await both(async ({ Client }) => {
      let told: any[] = [];
      const stream = (...args: any[]): Socket => {
        told = args;
        return new Socket();
      };
      const options = {
        stream,
        keepAlive: true,
        keepAliveInitialDelayMillis: 5000,
        sslnegotiation: 'postgres',
      };
      const client: any = new Client({ ...config(), ...options } as any);
      await client.connect();
      await client.end();
      const [{ stream: maker, ...rest }] = told;
      return [told.length, maker === stream, rest];
    });
  });
});

describe('callbacks that throw', () => {
  test('are told of by the process, and the client goes on', async () => {
    const told = await onClients(async (client) => {
      const listeners = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      const thrown: unknown[] = [];
      process.on('uncaughtException', (error) => thrown.push(plain(error)));
      try {
        client.query('SELECT 1', () => {
          throw new Error('of a callback');
        });
        const after = await settled(client.query('SELECT 2 AS a'));
        await new Promise((resolve) => setTimeout(resolve, 10));
        return [thrown, after];
      } finally {
        process.removeAllListeners('uncaughtException');
        for (const listener of listeners) process.on('uncaughtException', listener);
      }
    });
    expect(told[0]).toHaveLength(1);
  });
});
