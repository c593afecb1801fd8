import { createServer, type Server, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { connect } from '../../../../src/index.ts';
import { serverDsn } from '../../../support/servers/server.ts';
import { both, config, type Module, onClients, plain, settled } from './both.ts';

/** Notes the events of a client in their order. */
function noted(client: any): unknown[] {
  const log: unknown[] = [];
  client.on('connect', () => log.push('connect'));
  client.on('end', () => log.push('end'));
  client.on('drain', () => log.push('drain'));
  client.on('error', (error: unknown) => log.push(['error', plain(error)]));
  return log;
}

function once(emitter: any, event: string): Promise<unknown> {
  return new Promise((resolve) => emitter.once(event, resolve));
}

/** Waits until a backend is at its `pg_sleep`. */
async function isRunning(processId: number): Promise<void> {
  await using admin = await connect(serverDsn());
  const asked = "SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = $1";
  while ((await admin.fetchVal(asked, processId)) !== true);
}

/** What a connection that cannot be made comes to. */
async function refusal({ Client }: Module, options: object): Promise<unknown> {
  const client: any = new Client({ ...config(), ...options });
  const log = noted(client);
  const ended = once(client, 'end');
  try {
    await client.connect();
    return 'it was made';
  } catch (error) {
    await ended;
    const { message, code, name } = error as NodeJS.ErrnoException;
    return { message, code, name, log };
  }
}

describe('a client', () => {
  test('connects and ends by promise and by callback, with events in the same order', async () => {
    const log = await both(async ({ Client }) => {
      const byPromise: any = new Client(config());
      const log = noted(byPromise);
      log.push((await byPromise.connect()) === byPromise, byPromise.processID > 0);
      await byPromise.query('SELECT 1');
      const ended = once(byPromise, 'end');
      log.push(await byPromise.end());
      await ended;
      log.push(await byPromise.end());
      const byCallback: any = new Client(config());
      const second = noted(byCallback);
      await new Promise<void>((resolve) => {
        byCallback.connect((error: unknown, given: unknown) => {
          second.push(error ?? 'no error', given === byCallback);
          resolve();
        });
      });
      await new Promise<void>((resolve) => {
        byCallback.end((error: unknown) => {
          second.push(error === undefined);
          resolve();
        });
      });
      return [log, second];
    });
    expect(log[0]).toContain('connect');
  });

  test('shows what it is connected with', async () => {
    await onClients(async (client) => {
      const { user, database, host, port, password, ssl, replication, binary, pipeline } = client;
      const { _ending, _ended, _connected, _queryable, _queryQueue, readyForQuery } = client;
      return {
        ...{ user, database, host, port, password, ssl, replication, binary, pipeline },
        ...{ _ending, _ended, _connected, _queryable, _queryQueue, readyForQuery },
        parameters: JSON.stringify(client.connectionParameters),
        secretKey: typeof client.secretKey,
        literal: client.escapeLiteral("a'b"),
        identifier: client.constructor.prototype.escapeIdentifier('a"b'),
        name: client.constructor.name,
        isShown: Object.keys(client).includes('password'),
      };
    });
  });

  test('cannot be connected a second time', async () => {
    await onClients((client) => settled(client.connect()));
  });

  test('takes queries before it is connected, and ends without ever having been', async () => {
    await both(async ({ Client }) => {
      const client: any = new Client(config());
      const answers = [
        settled(client.query('SELECT 1 AS a')),
        settled(client.query('SELECT 2 AS b')),
      ];
      const queued = client._queryQueue.length;
      await client.connect();
      const outcomes = [queued, await Promise.all(answers)];
      await client.end();
      return [outcomes, await new Client(config()).end()];
    });
  });

  test('refuses queries after its end, and those that wait fail with it', async () => {
    await both(async ({ Client }) => {
      const client: any = new Client(config());
      await client.connect();
      const waiting = [
        settled(client.query('SELECT pg_sleep(20)')),
        settled(client.query('SELECT 2')),
      ];
      const ended = client.end();
      const refused = await settled(client.query('SELECT 3'));
      await ended;
      return [await Promise.all(waiting), refused, await settled(client.query('SELECT 4'))];
    });
  });

  test('tells how the server ended its session, while it works', async () => {
    await both(async ({ Client }) => {
      const client: any = new Client(config());
      const log = noted(client);
      await client.connect();
      const ended = once(client, 'end');
      const answers = await Promise.all([
        settled(client.query('SELECT pg_terminate_backend(pg_backend_pid())')),
        settled(client.query('SELECT 1')),
      ]);
      await ended;
      return [answers, log, await settled(client.query('SELECT 2')), client._queryable];
    });
  });

  test('tells how the server ended its session, while it waits', async () => {
    await both(async ({ Client }) => {
      const client: any = new Client(config());
      const log = noted(client);
      await client.connect();
      const other: any = new Client(config());
      await other.connect();
      const ended = once(client, 'end');
      await other.query('SELECT pg_terminate_backend($1)', [client.processID]);
      await ended;
      await other.end();
      return [log, await settled(client.query('SELECT 2'))];
    });
  });

  test('tells that its connection was lost', async () => {
    await both(async ({ Client }) => {
      const client: any = new Client(config());
      const log = noted(client);
      await client.connect();
      const ended = once(client, 'end');
      const answer = settled(client.query('SELECT pg_sleep(20)'));
      client.connection.stream.destroy();
      await ended;
      return [await answer, log, client.connection.stream.destroyed];
    });
  });

  test('hears notices, notifications and parameters', async () => {
    await both(async ({ Client }) => {
      const client: any = new Client({ ...config(), application_name: 'facade' });
      const parameters = new Map<string, unknown>();
      client.connection.on('parameterStatus', (message: any) =>
        parameters.set(message.parameterName, { ...message }),
      );
      const heard: unknown[] = [];
      client.on('notice', (notice: any) => heard.push(notice.constructor.name, { ...notice }));
      client.on('notification', ({ processId, ...message }: any) =>
        heard.push({ ...message }, processId === client.processID),
      );
      await client.connect();
      const atStart = parameters.get('application_name');
      await client.query("DO $$ BEGIN RAISE NOTICE 'hello' USING HINT = 'you' ; END $$");
      await client.query('LISTEN facade_channel');
      await client.query("NOTIFY facade_channel, 'ä'");
      await client.query("SET application_name = 'another'");
      await client.end();
      return [atStart, parameters.get('application_name'), heard];
    });
  });

  test('has its settings at start-up', async () => {
    await onClients(
      async (client) => {
        const { rows } = await client.query(
          `SELECT name, setting FROM pg_settings WHERE name IN ('statement_timeout', 'lock_timeout',
             'idle_in_transaction_session_timeout', 'application_name', 'client_encoding', 'jit')
           ORDER BY name`,
        );
        return rows;
      },
      {
        statement_timeout: 5000,
        lock_timeout: '4000',
        idle_in_transaction_session_timeout: 3000,
        fallback_application_name: 'fallback',
        options: '-c jit=off',
      },
    );
  });

  test('cancels a query of another one', async () => {
    await both(async ({ Client, Query }) => {
      const client: any = new Client(config());
      await client.connect();
      const query: any = new Query('SELECT pg_sleep(20)');
      client.query(query);
      const waiting: any = new Query('SELECT 1');
      client.query(waiting);
      waiting.on('end', () => log.push('it was run'));
      const log: unknown[] = [];
      const failed = once(query, 'error');
      const canceller: any = new Client(config());
      canceller.cancel(client, waiting);
      // A cancel that comes before its query is lost.
      await isRunning(client.processID);
      canceller.cancel(client, query);
      log.push(plain(await failed));
      await client.end();
      return log;
    });
  });
});

describe('a connection that cannot be made', () => {
  test.each([
    ['a port where nobody listens', { host: '127.0.0.1', port: 1 }],
    ['a name without an address', { host: 'no.such.host.invalid' }],
    ['a socket that is not there', { host: '/nowhere' }],
    ['no such database', { database: 'no such database' }],
    ['no such user', { user: 'no such user' }],
    ['TLS, which the server has not', { ssl: true }],
  ])('fails as in pg: %s', async (_, options) => {
    await both((module) => refusal(module, options));
  });

  test.each([
    ['closes at once', (socket: Socket) => socket.destroy()],
    ['says something else', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('fails when the server %s', async (_, answer) => {
    await withServer(answer, async (port) => {
      await both(async (module) => {
        const outcome = (await refusal(module, { host: '127.0.0.1', port })) as { log: unknown[] };
        return { isRefused: typeof outcome === 'object', log: outcome.log };
      });
    });
  });

  test('fails when its time is up', async () => {
    await withServer(
      () => {},
      (port) =>
        both((module) =>
          refusal(module, { host: '127.0.0.1', port, connectionTimeoutMillis: 200 }),
        ),
    );
  });
});

async function withServer(
  answer: (socket: Socket) => unknown,
  work: (port: number) => Promise<unknown>,
): Promise<void> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    answer(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await work((server.address() as { port: number }).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('client.asyncpg', () => {
  test('is the driver on the same session', async () => {
    const { default: facade } = await import('asyncpg/pg');
    const client: any = new facade.Client(config());
    expect(() => client.asyncpg).toThrow('once the client is connected');
    await client.connect();
    await client.query('CREATE TEMP TABLE shared (a int8)');
    await client.asyncpg.transaction(async (tx: any) => {
      await tx.execute('INSERT INTO shared VALUES ($1)', 2n ** 60n);
      expect((await client.query('SELECT a FROM shared')).rows).toEqual([{ a: String(2n ** 60n) }]);
    });
    expect(await client.asyncpg.fetchVal('SELECT a FROM shared')).toBe(2n ** 60n);
    expect(client.asyncpg).toBe(client.asyncpg);
    await client.end();
    await expect(client.asyncpg.fetch('SELECT 1')).rejects.toThrow('the connection is closed');
  });

  const connected = async (options: object = {}): Promise<any> => {
    const { default: facade } = await import('asyncpg/pg');
    const client: any = new facade.Client({ ...config(), ...options });
    await client.connect();
    return client;
  };

  test('a transaction begun by the driver is one of the client', async () => {
    const client = await connected();
    const tx = await client.asyncpg.begin();
    // BEGIN travels with the first statement, whoever's that is.
    expect((await client.query('SELECT pg_current_xact_id()::text AS id')).rows[0].id).toBe(
      await tx.fetchVal('SELECT pg_current_xact_id()::text'),
    );
    expect(client.getTransactionStatus()).toBe('T');
    await expect(client.query('SELECT 1 / 0')).rejects.toThrow('division by zero');
    expect(client.getTransactionStatus()).toBe('E');
    await expect(tx.fetch('SELECT 1')).rejects.toThrow('current transaction is aborted');
    await tx.rollback();
    expect(client.getTransactionStatus()).toBe('I');
    await client.end();
  });

  test('a transaction that the client ends is over for the driver', async () => {
    const client = await connected();
    await client.query('CREATE TEMP TABLE kept (a int4)');
    const lost = client.asyncpg.transaction(async (tx: any) => {
      await tx.execute('INSERT INTO kept VALUES (1)');
      await client.query('COMMIT');
      await tx.execute('INSERT INTO kept VALUES (2)');
    });
    await expect(lost).rejects.toThrow('transaction');
    expect((await client.query('SELECT * FROM kept')).rows).toEqual([{ a: 1 }]);
    await client.end();
  });

  test('a transaction begun by the client is one of the driver', async () => {
    const client = await connected();
    await client.query('CREATE TEMP TABLE kept (a int4)');
    await client.query('BEGIN');
    expect(client.asyncpg.isInTransaction()).toBe(true);
    await client.asyncpg.executeMany('INSERT INTO kept VALUES ($1)', [[1], [2]]);
    await expect(client.asyncpg.transaction(async () => {})).rejects.toThrow(
      'in a manually started transaction',
    );
    await client.query('ROLLBACK');
    expect(client.asyncpg.isInTransaction()).toBe(false);
    expect(await client.asyncpg.fetchVal('SELECT count(*) FROM kept')).toBe(0n);
    await client.asyncpg.transaction((tx: any) => tx.execute('INSERT INTO kept VALUES (3)'));
    expect((await client.query('SELECT * FROM kept')).rows).toEqual([{ a: 3 }]);
    await client.end();
  });

  test('calls of both go out in the order in which they were made', async () => {
    const client = await connected();
    await client.query('CREATE TEMP TABLE log (n serial, who text)');
    const insert = (who: string): unknown =>
      who === 'driver'
        ? client.asyncpg.execute('INSERT INTO log (who) VALUES ($1)', who)
        : client.query('INSERT INTO log (who) VALUES ($1)', [who]);
    await Promise.all([insert('driver'), insert('client'), insert('driver')]);
    const { rows } = await client.query('SELECT who FROM log ORDER BY n');
    expect(rows.map(({ who }: any) => who)).toEqual(['driver', 'client', 'driver']);
    await client.end();
  });

  test('notices, notifications and the end are told on both sides', async () => {
    const client = await connected();
    const told: unknown[] = [];
    client.on('notice', ({ message }: any) => told.push(['client', message]));
    client.on('notification', ({ payload }: any) => told.push(['client', payload]));
    client.asyncpg.addLogListener(({ message }: any) => told.push(['driver', message]));
    await client.asyncpg.addListener('news', ({ payload }: any) => {
      told.push(['driver', payload]);
    });
    await client.query("DO $$BEGIN RAISE NOTICE 'hear'; END$$");
    await client.query("NOTIFY news, 'this'");
    expect(told.sort()).toEqual([
      ['client', 'hear'],
      ['client', 'this'],
      ['driver', 'hear'],
      ['driver', 'this'],
    ]);
    const ended = once(client, 'end');
    await client.asyncpg.close();
    await ended;
    await expect(client.query('SELECT 1')).rejects.toThrow('Client was closed');
  });

  test('query_timeout is for calls of the driver as well', async () => {
    const client = await connected({ query_timeout: 50 });
    await expect(client.asyncpg.fetch('SELECT pg_sleep(60)')).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    expect(await client.asyncpg.fetchVal({ text: 'SELECT 1', timeout: 60_000 })).toBe(1);
    await client.end();
  });

  test('a submittable that is given up behind a call of the driver lets others follow', async () => {
    const client = await connected({ query_timeout: 50 });
    const sleeping = client.asyncpg.fetchVal({ text: 'SELECT pg_sleep(0.3)', timeout: 60_000 });
    const told: string[] = [];
    client.query({
      submit: () => told.push('submitted'),
      handleError: ({ message }: Error) => told.push(message),
    });
    await sleeping;
    expect(told).toEqual(['Query read timeout']);
    expect((await client.query('SELECT 1 AS a')).rows).toEqual([{ a: 1 }]);
    await client.end();
  });

  test('options that have values of their own for the client have none for the driver', async () => {
    const client = await connected({ types: { getTypeParser: () => () => 'parsed' } });
    expect((await client.query('SELECT 1 AS a')).rows).toEqual([{ a: 'parsed' }]);
    expect(await client.asyncpg.fetchVal('SELECT 1::int8')).toBe(1n);
    await client.end();
  });
});

describe('pipeline mode', () => {
  test('sends without waiting, as pg does', async () => {
    await onClients(
      async (client) => [
        await Promise.all([
          settled(client.query('SELECT 1 AS a')),
          settled(client.query('SELECT nothing')),
          settled(client.query('SELECT $1::int4 AS a', [3])),
          settled(client.query({ name: 'n', text: 'SELECT $1::int4 AS a', values: [4] })),
          settled(client.query({ name: 'n', text: 'SELECT $1::int4 AS a', values: [5] })),
          settled(client.query({ text: 'SELECT 1', rows: 2 })),
        ]),
        client._sentQueryQueue.length,
      ],
      { pipeline: true },
    );
  });

  test('a query that is refused leaves the name to the one that has it, not yet answered', async () => {
    await onClients(
      async (client) => {
        const text = 'SELECT pg_sleep(0.02)';
        const first = settled(client.query({ name: 'n', text }));
        const refused = await settled(client.query({ name: 'n', text: 'SELECT 1' }));
        const behind = settled(client.query({ name: 'n', text }));
        return [refused, await first, await behind];
      },
      { pipeline: true },
    );
  });
});

/** The smallest cursor: a portal that is read in steps, by way of the connection. */
class PortalReader {
  readonly log: unknown[] = [];
  readonly done: Promise<void>;
  #resolve!: () => void;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }
  submit(connection: any): void {
    connection.once('rowDescription', (message: any) => this.log.push(message.fields.length));
    connection.parse({ text: this.#text }, true);
    connection.bind({ portal: 'p', values: ['2', null] }, true);
    connection.describe({ type: 'P', name: 'p' }, true);
    connection.execute({ portal: 'p', rows: 2 }, true);
    connection.flush();
  }
  handleRowDescription({ fields }: any): void {
    this.log.push({ ...fields[0] });
  }
  handleDataRow({ fields }: any): void {
    this.log.push(fields);
  }
  handlePortalSuspended(connection: any): void {
    this.log.push('suspended');
    connection.execute({ portal: 'p', rows: 2 }, true);
    connection.flush();
  }
  handleCommandComplete({ text }: any, connection: any): void {
    this.log.push(text);
    connection.close({ type: 'P', name: 'p' });
    connection.sync();
  }
  handleReadyForQuery(): void {
    this.log.push('ready');
    this.#resolve();
  }
  handleError(error: unknown, connection: any): void {
    this.log.push(plain(error));
    connection.sync();
    this.#resolve();
  }
}

describe('a submittable', () => {
  test('speaks the protocol by way of the connection', async () => {
    await onClients(async (client) => {
      const good = new PortalReader(
        'SELECT g, $2::text FROM generate_series(1, $1::int4 + 1) AS g',
      );
      const bad = new PortalReader(
        'SELECT 1 / (3 - g), $1::text, $2::text FROM generate_series(1, 5) AS g',
      );
      const before = settled(client.query('SELECT 1 AS a'));
      const returned = client.query(good) === good;
      client.query(bad);
      const after = settled(client.query('SELECT 2 AS a'));
      await Promise.all([good.done, bad.done]);
      return [await before, returned, good.log, bad.log, await after];
    });
  });

  test('fails with the session', async () => {
    await both(async ({ Client }) => {
      const client: any = new Client(config());
      client.on('error', () => {});
      await client.connect();
      const reader = new PortalReader('SELECT pg_sleep(20), $1::text, $2::text');
      client.query(reader);
      client.connection.stream.destroy();
      await reader.done;
      return reader.log;
    });
  });

  test('is given a long row of a COPY piece by piece', async () => {
    const { to } = await import('pg-copy-streams');
    for (let i = 0; i < 5; i++) {
      await onClients(async (client) => {
        const text = (length: number): string => `COPY (SELECT repeat('-', ${length})) TO STDOUT`;
        const chunks: Buffer[] = [];
        for await (const chunk of client.query(to(text(64 * 1024)))) chunks.push(chunk);
        const long: Buffer[] = [];
        for await (const chunk of client.query(to(text(3_000_000)))) long.push(chunk);
        const whole = Buffer.concat(long);
        return [chunks.length > 1, Buffer.concat(chunks).length, whole.length, whole.indexOf('\n')];
      });
    }
  });

  test('copies with pg-copy-streams', async () => {
    const { from, to } = await import('pg-copy-streams');
    await onClients(async (client) => {
      await client.query('CREATE TEMP TABLE copied (a int4, b text)');
      const input: any = client.query(from('COPY copied FROM STDIN'));
      const line = `1\t${'x'.repeat(100)}\n`;
      const finished = new Promise((resolve, reject) =>
        input.on('finish', resolve).on('error', reject),
      );
      for (let i = 0; i < 5000; i++) input.write(line);
      input.end();
      await finished;
      const output: any = client.query(to('COPY copied TO STDOUT'));
      let bytes = 0;
      for await (const chunk of output.pipe(new PassThrough())) bytes += chunk.length;
      const failing: any = client.query(to('COPY nowhere TO STDOUT'));
      failing.resume();
      const failure = plain(await once(failing, 'error'));
      const refused: any = client.query(from('COPY copied FROM STDIN'));
      const objection = once(refused, 'error');
      refused.end('no number\ttext\n');
      return [
        input.rowCount,
        bytes,
        output.rowCount,
        failure,
        plain(await objection),
        await settled(client.query('SELECT count(*) FROM copied')),
      ];
    });
  });
});
