import { once } from 'node:events';
import { type ClientRequest, request as httpRequest } from 'node:http';
import { connect as http2Connect } from 'node:http2';
import { drizzle } from 'asyncpg/drizzle';
import { drizzle as drizzleV1 } from 'asyncpg/drizzle-v1';
import asyncpg, { type AsyncpgPluginOptions, healthRoute } from 'asyncpg/fastify';
import { PrismaAsyncpg } from 'asyncpg/prisma';
import fastify, { type FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  ClientConfigurationError,
  type Connection,
  connect,
  InterfaceError,
  type Pool,
  type PoolOptions,
  type Queryable,
  type Transaction,
} from '../../../src/index.ts';
import { deferred } from '../../support/deferred.ts';
import { serverDsn } from '../../support/servers/server.ts';

/** A lock that a route waits for, so that a test says how long its request takes. */
const GATE = 4_117_002n;
const WAIT_AT_GATE = 'SELECT pg_advisory_xact_lock_shared($1)';
const LOCKED = WAIT_AT_GATE.replace('$1', String(GATE));
const AT_GATE = `SELECT count(*) FROM pg_stat_activity AS a JOIN pg_locks AS l USING (pid)
  WHERE l.locktype = 'advisory' AND l.objid = $1::bigint::oid AND NOT l.granted`;

const SCHEMA = 'fastify_plugin_test';
const TABLES = `
  DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE;
  CREATE SCHEMA ${SCHEMA};
  CREATE TABLE ${SCHEMA}.kept (a int4);
  CREATE TABLE ${SCHEMA}.parents (id int4 PRIMARY KEY);
  CREATE TABLE ${SCHEMA}.children (
    parent int4 REFERENCES ${SCHEMA}.parents,
    age int4 NOT NULL CHECK (age >= 0),
    EXCLUDE (age WITH =)
  );
  INSERT INTO ${SCHEMA}.parents VALUES (1)`;

let admin: Connection;
let app: FastifyInstance;

beforeAll(async () => {
  admin = await connect(serverDsn());
  await admin.execute(TABLES);
});

afterAll(async () => {
  await admin.execute(`DROP SCHEMA ${SCHEMA} CASCADE`);
  await admin.close();
});

beforeEach(() => admin.execute(`TRUNCATE ${SCHEMA}.kept`));

afterEach(async () => {
  await admin.execute('SELECT pg_advisory_unlock_all()');
  await app.close();
});

function plugIn(
  options: Omit<AsyncpgPluginOptions, 'dsn' | 'pool'> = {},
  pool: PoolOptions = {},
): void {
  app = fastify();
  app.register(asyncpg, {
    dsn: serverDsn(),
    pool: { minSize: 1, maxSize: 2, serverSettings: { search_path: SCHEMA }, ...pool },
    ...options,
  });
}

async function eventually(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const patienceEnds = Date.now() + 20_000;
  while (!(await isTrue())) {
    if (Date.now() > patienceEnds) throw new Error(`waited in vain: ${what}`);
  }
}

/** A promise, and the function that fulfils it. */
const waiting = (count: bigint) => async () => (await admin.fetchVal(AT_GATE, GATE)) === count;

describe('the life cycle of asyncpg/fastify', () => {
  it('opens the pool before the app is ready, and closes it when the app closes', async () => {
    plugIn({}, { minSize: 2 });
    await app.ready();
    const { pg } = app;
    expect(pg.idleSize).toBe(2);
    expect((await app.inject('/')).statusCode).toBe(404);
    await app.close();
    expect(pg.size).toBe(0);
    await expect(pg.fetchVal('SELECT 1')).rejects.toThrow(InterfaceError);
  });

  it('decorates the scope around it, and the scopes inside that', async () => {
    plugIn();
    app.register(async (inner) => {
      inner.get('/', (request) => request.pg.fetchVal('SELECT 7'));
    });
    expect((await app.inject('/')).body).toBe('7');
  });

  it('fails the start of the app when the database cannot be reached', async () => {
    app = fastify();
    app.register(asyncpg, { pool: { host: '127.0.0.1', port: 1, timeout: 5_000 } });
    await expect(app.ready()).rejects.toMatchObject({ name: 'ConnectionFailureError' });
  });

  it('fails the start of the app with the name of an option that is wrong', async () => {
    plugIn({}, { maxSize: 0 });
    await expect(app.ready()).rejects.toThrow('maxSize');
  });

  it.each([
    ['connectionString', 'It is spelled "dsn".'],
    ['max', 'Those of createPool are in "pool".'],
  ])('fails the start of the app with an option that there is not: %s', async (name, hint) => {
    app = fastify();
    app.register(asyncpg, { dsn: serverDsn(), [name]: 'x', prefix: '/x', logLevel: 'warn' });
    await expect(app.ready()).rejects.toMatchObject({
      name: 'ClientConfigurationError',
      message: expect.stringContaining(`unknown option "${name}"`),
      hint,
    });
  });

  it.each([
    [{ httpErrors: 'false' }, 'the option "httpErrors" must be of type boolean'],
    [{ cancelOnDisconnect: 0 }, 'the option "cancelOnDisconnect" must be of type boolean'],
    [{ name: 5 }, 'the option "name" must be of type string'],
    [{ dsn: null }, 'the option "dsn" must be of type string'],
  ])('fails the start of the app with an option of another type: %o', async (options, message) => {
    app = fastify();
    app.register(asyncpg, { dsn: serverDsn(), ...options } as never);
    await expect(app.ready()).rejects.toMatchObject({
      name: 'ClientConfigurationError',
      message: `asyncpg/fastify: ${message}`,
    });
  });

  it('closes the pool when the app fails to start for another reason', async () => {
    plugIn({}, { applicationName: 'fails-to-start' });
    app.register(async () => {
      throw new Error('another plugin fails');
    });
    await expect(app.ready()).rejects.toThrow('another plugin fails');
    await app.close();
    await eventually('the connections are gone', async () => {
      const text = 'SELECT count(*) FROM pg_stat_activity WHERE application_name = $1';
      return (await admin.fetchVal(text, 'fails-to-start')) === 0n;
    });
  });

  it('answers the requests under way before it closes the pool', async () => {
    plugIn();
    app.get('/', (request) => request.pg.transaction((tx) => tx.fetchVal(WAIT_AT_GATE, GATE)));
    const address = await app.listen({ port: 0 });
    await admin.execute('SELECT pg_advisory_lock($1)', GATE);
    const answer = fetch(address, { headers: { connection: 'close' } });
    await eventually('the request is under way', waiting(1n));
    const closing = app.close();
    await admin.execute('SELECT pg_advisory_unlock($1)', GATE);
    expect((await answer).status).toBe(200);
    await closing;
    expect(app.pg.size).toBe(0);
  });

  it('takes a second pool by a name of its own', async () => {
    plugIn();
    app.register(asyncpg, { dsn: serverDsn(), pool: { minSize: 0 }, name: 'reports' });
    await app.ready();
    expect(app.getDecorator('reports')).not.toBe(app.pg);
  });
});

describe('request.pg', () => {
  it.each([false, true])(
    'commits what resolves and rolls back what throws (%s)',
    async (cancel) => {
      plugIn({ cancelOnDisconnect: cancel }, { maxSize: 1 });
      app.post('/:outcome', (request) =>
        request.pg.transaction({ isolation: 'serializable' }, async (tx) => {
          await tx.execute('INSERT INTO kept VALUES (1)');
          if ((request.params as { outcome: string }).outcome === 'fail') throw new Error('no');
          return (await tx.fetchVal('SHOW transaction_isolation')) as string;
        }),
      );
      const payload = { some: 'body' };
      expect((await app.inject({ method: 'POST', url: '/fail', payload })).statusCode).toBe(500);
      const answer = await app.inject({ method: 'POST', url: '/go', payload });
      expect(answer.body).toBe('serializable');
      expect(await app.pg.fetchVal('SELECT count(*) FROM kept')).toBe(1n);
    },
  );

  /** Starts a request that waits at the gate, and loses its client there. */
  async function disconnectAtGate(method: 'GET' | 'POST'): Promise<void> {
    const address = await app.listen({ port: 0 });
    await admin.execute('SELECT pg_advisory_lock($1)', GATE);
    const client: ClientRequest = httpRequest(address, {
      method,
      headers: { 'content-type': 'application/json' },
    });
    client.on('error', () => {});
    client.end(method === 'POST' ? '{}' : undefined);
    await eventually('the request waits in the database', waiting(1n));
    client.destroy();
  }

  it.each(['GET', 'POST'] as const)('ends with a client that goes away: %s', async (method) => {
    plugIn({ cancelOnDisconnect: true });
    const { promise, resolve } = deferred<unknown>();
    app.route({
      method,
      url: '/',
      handler: (request) => {
        const query = request.pg.fetchVal(WAIT_AT_GATE, GATE);
        query.catch(resolve);
        return query;
      },
    });
    await disconnectAtGate(method);
    expect(await promise).toMatchObject({ name: 'ClientDisconnectedError', statusCode: 499 });
    await eventually('nobody waits in the database', waiting(0n));
  });

  it.each([
    ['the driver', (pg: Queryable) => pg.fetchVal(WAIT_AT_GATE, GATE)],
    ['Drizzle', (pg: Queryable) => drizzle(pg).execute(LOCKED)],
    ['Drizzle 1', (pg: Queryable) => drizzleV1(pg).execute(LOCKED)],
  ])('is told to the log as that by a query of %s', async (_name, query) => {
    app = fastify();
    const { promise, resolve } = deferred<unknown>();
    app.setErrorHandler((error, _request, reply) => {
      resolve(error);
      return reply.code(500).send();
    });
    app.register(async (scope) => {
      await scope.register(asyncpg, {
        dsn: serverDsn(),
        httpErrors: true,
        cancelOnDisconnect: true,
      });
      scope.get('/', (request) => query(request.pg));
    });
    await disconnectAtGate('GET');
    expect(await promise).toMatchObject({ name: 'ClientDisconnectedError', statusCode: 499 });
  });

  it('rolls a transaction back whose client goes away', async () => {
    plugIn({ cancelOnDisconnect: true }, { maxSize: 1 });
    const { promise, resolve } = deferred<unknown>();
    app.get('/', (request) => {
      const work = request.pg.transaction(async (tx) => {
        await tx.execute('INSERT INTO kept VALUES (1)');
        await tx.fetchVal(WAIT_AT_GATE, GATE);
      });
      work.catch(resolve);
      return work;
    });
    await disconnectAtGate('GET');
    expect(await promise).toMatchObject({ name: 'ClientDisconnectedError' });
    expect(await app.pg.fetchVal('SELECT count(*) FROM kept')).toBe(0n);
  });

  it('ends with a client of HTTP/2 that goes away, and not with one that was answered', async () => {
    app = fastify({ http2: true }) as unknown as FastifyInstance;
    app.register(asyncpg, { dsn: serverDsn(), pool: { maxSize: 2 }, cancelOnDisconnect: true });
    const waits = deferred<unknown>();
    const goesOn = deferred<unknown>();
    app.get('/wait', (request) => {
      const query = request.pg.fetchVal(WAIT_AT_GATE, GATE);
      query.catch(waits.resolve);
      return query;
    });
    app.get('/answered', async (request, reply) => {
      reply.raw.once('close', () => {
        request.pg.fetchVal('SELECT 1').then(goesOn.resolve, goesOn.resolve);
      });
      return 'done';
    });
    const client = http2Connect(await app.listen({ port: 0 }));
    client.on('error', () => {});
    const answer = client.request({ ':path': '/answered' });
    await once(answer.resume(), 'end');
    expect(await goesOn.promise).toBe(1);
    await admin.execute('SELECT pg_advisory_lock($1)', GATE);
    client.request({ ':path': '/wait' }).on('error', () => {});
    await eventually('the request waits in the database', waiting(1n));
    client.destroy();
    expect(await waits.promise).toMatchObject({ name: 'ClientDisconnectedError' });
    await eventually('nobody waits in the database', waiting(0n));
  });

  it.each([1, 2])(
    'is ended when its client went away while a hook before it was waiting: HTTP/%i',
    async (version) => {
      app = (version === 2 ? fastify({ http2: true }) : fastify()) as unknown as FastifyInstance;
      const arrived = deferred<unknown>();
      app.addHook('onRequest', async (_request, reply) => {
        arrived.resolve(null);
        await once(reply.raw, 'close');
      });
      app.register(asyncpg, { dsn: serverDsn(), pool: { maxSize: 2 }, cancelOnDisconnect: true });
      const outcome = deferred<unknown>();
      app.get('/', (request) => {
        const query = request.pg.execute(`INSERT INTO ${SCHEMA}.kept VALUES (1)`);
        query.then(outcome.resolve, outcome.resolve);
        return query;
      });
      const address = await app.listen({ port: 0 });
      const client = version === 2 ? http2Connect(address) : httpRequest(address);
      client.on('error', () => {});
      if ('request' in client) client.request({ ':path': '/' }).on('error', () => {});
      else client.end();
      await arrived.promise;
      client.destroy();
      expect(await outcome.promise).toMatchObject({ name: 'ClientDisconnectedError' });
      expect(await admin.fetchVal(`SELECT count(*) FROM ${SCHEMA}.kept`)).toBe(0n);
    },
  );

  it('goes on behind an answer of inject(), which was sent whole', async () => {
    plugIn({ cancelOnDisconnect: true });
    const { promise, resolve } = deferred<unknown>();
    app.get('/', async (request, reply) => {
      reply.raw.once('close', () => {
        request.pg.fetchVal('SELECT 1').then(resolve, resolve);
      });
      return 'done';
    });
    expect((await app.inject('/')).body).toBe('done');
    expect(await promise).toBe(1);
  });

  it.each([
    [true, true],
    [true, false],
    [false, true],
  ])(
    'is the pool of its scope, where one inside has the same name: %s, %s',
    async (outer, inner) => {
      plugIn({ cancelOnDisconnect: outer }, { applicationName: 'outer' });
      app.register(async (scope) => {
        await scope.register(asyncpg, {
          dsn: serverDsn(),
          pool: { minSize: 0, applicationName: 'inner' },
          cancelOnDisconnect: inner,
        });
        scope.get('/inner', (request) => request.pg.fetchVal('SHOW application_name'));
      });
      app.get('/outer', (request) => request.pg.fetchVal('SHOW application_name'));
      expect((await app.inject('/inner')).body).toBe('inner');
      expect((await app.inject('/outer')).body).toBe('outer');
    },
  );

  it('says so to a hook that runs before it is there', async () => {
    app = fastify();
    app.addHook('onRequest', (request) => request.pg.execute('SELECT 1') as Promise<never>);
    app.register(asyncpg, { dsn: serverDsn(), pool: { minSize: 0 }, cancelOnDisconnect: true });
    const answer = await app.inject('/');
    expect(answer.statusCode).toBe(500);
    expect(answer.json().message).toContain('request.pg is not there yet');
  });

  it('goes on without its client unless it is asked to end', async () => {
    plugIn();
    const { promise, resolve } = deferred<unknown>();
    app.get('/', async (request, reply) => {
      reply.raw.once('close', () => admin.execute('SELECT pg_advisory_unlock($1)', GATE));
      await request.pg.fetchVal(WAIT_AT_GATE, GATE).then(() => resolve('went on'), resolve);
    });
    await disconnectAtGate('GET');
    expect(await promise).toBe('went on');
  });
});

describe('httpErrors', () => {
  it.each([
    [409, 'unique_violation', 'INSERT INTO parents VALUES (1)'],
    [409, 'foreign_key_violation', 'INSERT INTO children VALUES (2, 1)'],
    [409, 'exclusion_violation', 'INSERT INTO children VALUES (1, 1), (1, 1)'],
    [422, 'check_violation', 'INSERT INTO children VALUES (1, -1)'],
    [422, 'not_null_violation', 'INSERT INTO children VALUES (1, NULL)'],
    [503, 'serialization_failure', "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$"],
    [503, 'serialization_failure', "DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$"],
    [503, 'database_overloaded', "DO $$ BEGIN RAISE SQLSTATE '53300'; END $$"],
    [503, 'database_unavailable', 'SELECT pg_terminate_backend(pg_backend_pid())'],
    [504, 'database_timeout', 'SET LOCAL statement_timeout = 1; SELECT pg_sleep(60)'],
  ])('answers %i, %s', async (statusCode, code, text) => {
    plugIn({ httpErrors: true }, { maxSize: 1 });
    app.get('/', (request) => request.pg.execute(text));
    const answer = await app.inject('/');
    expect(answer.json()).toMatchObject({ statusCode, code });
    expect(answer.statusCode).toBe(statusCode);
    // What was in the row, and what tables are called, is nobody's business.
    expect(answer.body).not.toMatch(/parents|children|Key|DETAIL/);
    expect(answer.headers['retry-after']).toBe(code === 'serialization_failure' ? '1' : undefined);
  });

  it('answers 503 where a table was changed under a statement of a transaction', async () => {
    plugIn({ httpErrors: true }, { maxSize: 1 });
    app.get('/', (request) =>
      request.pg.transaction(async (tx) => {
        await tx.execute('INSERT INTO kept VALUES (1)');
        return (await tx.fetch('SELECT * FROM kept')).length;
      }),
    );
    expect((await app.inject('/')).body).toBe('1');
    await admin.execute(`ALTER TABLE ${SCHEMA}.kept ADD COLUMN b int4`);
    const answer = await app.inject('/');
    await admin.execute(`ALTER TABLE ${SCHEMA}.kept DROP COLUMN b`);
    expect(answer.json()).toMatchObject({ statusCode: 503, code: 'schema_changed' });
    expect(answer.headers['retry-after']).toBe('1');
    expect((await app.inject('/')).body).toBe('2');
  });

  it.each([
    [503, 'serialization_failure', "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$"],
    [503, 'serialization_failure', "DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$"],
    [409, 'unique_violation', 'INSERT INTO parents VALUES (1)'],
    [504, 'database_timeout', 'SET LOCAL statement_timeout = 1; SELECT pg_sleep(60)'],
    [500, 'database_error', 'SELECT 1/0'],
  ])(
    'answers %i, %s, for what a transaction has failed by whose function goes on',
    async (statusCode, code, text) => {
      plugIn({ httpErrors: true }, { maxSize: 1 });
      const failed = (tx: Transaction): Promise<unknown> => tx.execute(text).catch(() => {});
      app.get('/commit', (request) => request.pg.transaction(failed));
      app.get('/statement', (request) =>
        request.pg.transaction(async (tx) => {
          await failed(tx);
          await tx.fetch('SELECT 1');
        }),
      );
      app.get('/wrapped', (request) =>
        request.pg.transaction(failed).catch((cause) => {
          throw Object.assign(new Error('Failed query', { cause }), { query: text, params: [] });
        }),
      );
      for (const path of ['/commit', '/statement', '/wrapped']) {
        const answer = await app.inject(path);
        expect(answer.json()).toMatchObject({ statusCode, code });
        expect(answer.headers['retry-after']).toBe(statusCode === 503 ? '1' : undefined);
      }
    },
  );

  it('answers 503 with Retry-After when no connection becomes free in time', async () => {
    plugIn({ httpErrors: true }, { maxSize: 1, acquireTimeout: 5 });
    app.get('/', (request) => request.pg.transaction((tx) => tx.fetchVal('SELECT 1')));
    await app.ready();
    await using _held = await app.pg.acquire();
    const answer = await app.inject('/');
    expect(answer.json()).toMatchObject({ statusCode: 503, code: 'database_overloaded' });
    expect(answer.headers['retry-after']).toBe('1');
  });

  it('answers 504 when a query takes longer than its time-out', async () => {
    plugIn({ httpErrors: true });
    app.get('/', (request) => request.pg.execute({ text: 'SELECT pg_sleep(60)', timeout: 50 }));
    const answer = await app.inject('/');
    expect(answer.json()).toMatchObject({ statusCode: 504, code: 'database_timeout' });
    expect(answer.headers['retry-after']).toBeUndefined();
  });

  it.each<[name: string, fail: (pg: Queryable) => Promise<unknown>, cause: string]>([
    ['a mistake in SQL', (pg) => pg.execute('SELECT secret FROM vault'), 'UndefinedTableError'],
    [
      "a value that the server can't read",
      (pg) => pg.copyToTable('kept', { schema: SCHEMA, source: [Buffer.from('secret\n')] }),
      'InvalidTextRepresentationError',
    ],
    [
      'a value of the wrong kind',
      (pg) => pg.fetch('SELECT $1::int', 'secret'),
      'InvalidArgumentError',
    ],
    ['no row', (pg) => pg.fetchOne('SELECT 1 AS secret WHERE false'), 'NoRowFoundError'],
  ])("tells nobody outside of the program's own faults: %s", async (_name, fail, cause) => {
    const failures: Error[] = [];
    plugIn({ httpErrors: true });
    app.addHook('onError', async (_request, _reply, error) => {
      failures.push(error);
    });
    app.get('/', (request) => fail(request.pg));
    const answer = await app.inject('/');
    expect(answer.json()).toEqual({
      statusCode: 500,
      code: 'database_error',
      error: 'Internal Server Error',
      message: 'Something went wrong.',
    });
    expect(failures.map(({ name }) => name)).toEqual([cause]);
  });

  it('answers 503 when the server went away in the middle of a transaction', async () => {
    plugIn({ httpErrors: true });
    app.get('/', (request) =>
      request.pg.transaction(async (tx) => {
        const pid = await tx.fetchVal('SELECT pg_backend_pid()');
        await admin.execute('SELECT pg_terminate_backend($1)', pid);
        await eventually('it is gone', async () => {
          const text = 'SELECT count(*) FROM pg_stat_activity WHERE pid = $1';
          return (await admin.fetchVal(text, pid)) === 0n;
        });
        await new Promise(setImmediate);
        await tx.execute('SELECT 1');
      }),
    );
    const answer = await app.inject('/');
    expect(answer.json()).toMatchObject({ statusCode: 503, code: 'database_unavailable' });
    expect(answer.headers['retry-after']).toBeUndefined();
  });

  it.each([
    [504, 'database_timeout', 'transaction_timeout', 'SELECT pg_sleep(60)', undefined],
    [504, 'database_timeout', 'transaction_timeout', '', undefined],
    [503, 'database_unavailable', 'idle_in_transaction_session_timeout', '', '1'],
  ])(
    'answers %i, %s, where the server ends a transaction by its %s: %j',
    async (statusCode, code, setting, text, again) => {
      plugIn({ httpErrors: true }, { serverSettings: { [setting]: '50' } });
      app.get('/', (request) =>
        request.pg.transaction(async (tx) => {
          const pid = await tx.fetchVal('SELECT pg_backend_pid()');
          if (text !== '') return tx.execute(text);
          await eventually('it is gone', async () => {
            const alive = 'SELECT count(*) FROM pg_stat_activity WHERE pid = $1';
            return (await admin.fetchVal(alive, pid)) === 0n;
          });
          return '';
        }),
      );
      const answer = await app.inject('/');
      expect(answer.json()).toMatchObject({ statusCode, code });
      expect(answer.headers['retry-after']).toBe(again);
    },
  );

  it('answers 500 for a connection that the program uses after it gave it back', async () => {
    plugIn({ httpErrors: true });
    app.get('/', async () => {
      const connection = await app.pg.acquire();
      await app.pg.release(connection);
      await connection.execute('SELECT 1');
    });
    expect((await app.inject('/')).json()).toMatchObject({ code: 'database_error' });
  });

  async function prisma(sql: string): Promise<void> {
    const adapter = await new PrismaAsyncpg(app.pg).connect();
    await adapter.queryRaw({ sql, args: [], argTypes: [] });
  }

  /** Prisma's client quotes the program, and has the adapter's error in `meta`. */
  function asPrismaClient(driverAdapterError: unknown): never {
    const message = 'Invalid `prisma.parents.create()` invocation';
    throw Object.assign(new Error(message), { code: 'P2010', meta: { driverAdapterError } });
  }

  describe.each([
    ['Drizzle', (pg: Queryable, text: string) => drizzle(pg).execute(text)],
    ['Drizzle 1', (pg: Queryable, text: string) => drizzleV1(pg).execute(text)],
    ["Prisma's adapter", (_: Queryable, text: string) => prisma(text)],
    ['Prisma', (_: Queryable, text: string) => prisma(text).catch(asPrismaClient)],
  ])("answers for errors of %s, which quote the query, as for the driver's", (_name, run) => {
    it.each([
      [409, 'unique_violation', 'INSERT INTO parents VALUES (1)'],
      [500, 'database_error', 'SELECT secret FROM parents'],
      [504, 'database_timeout', 'SELECT pg_sleep(60) FROM parents'],
    ])('%i, %s', async (statusCode, code, text) => {
      plugIn({ httpErrors: true }, { commandTimeout: code === 'database_timeout' ? 50 : 30_000 });
      app.get('/', async (request) => {
        await run(request.pg, text);
      });
      const answer = await app.inject('/');
      expect(answer.json()).toMatchObject({ statusCode, code });
      expect(answer.body).not.toMatch(/parents|secret|params/);
    });
  });

  it('leaves errors of the program alone', async () => {
    plugIn({ httpErrors: true });
    app.get('/', () => {
      throw Object.assign(new Error('no such page'), { statusCode: 404 });
    });
    const answer = await app.inject('/');
    expect(answer.json()).toMatchObject({ statusCode: 404, message: 'no such page' });
  });

  it('hands on to an outer handler', async () => {
    app = fastify();
    app.setErrorHandler((error, _request, reply) => {
      const { statusCode = 500, cause } = error as { statusCode?: number; cause?: unknown };
      return reply.code(statusCode).send({ cause: (cause as Error | undefined)?.name ?? null });
    });
    app.register(async (inner) => {
      inner.register(asyncpg, { dsn: serverDsn(), pool: { maxSize: 1 }, httpErrors: true });
      inner.get('/typo', (request) => request.pg.execute('SELEKT'));
      inner.get('/twice', (request) =>
        request.pg.execute("DO $$ BEGIN RAISE SQLSTATE '23505'; END $$"),
      );
    });
    const typo = await app.inject('/typo');
    expect([typo.statusCode, typo.json()]).toEqual([500, { cause: 'PostgresSyntaxError' }]);
    const twice = await app.inject('/twice');
    expect([twice.statusCode, twice.json()]).toEqual([409, { cause: 'UniqueViolationError' }]);
  });

  it('may be asked for with each of several pools', async () => {
    app = fastify({ allowErrorHandlerOverride: false });
    const pool = { minSize: 0 };
    app.register(asyncpg, { dsn: serverDsn(), pool, httpErrors: true });
    app.register(asyncpg, { dsn: serverDsn(), pool, httpErrors: true, name: 'reports' });
    app.get('/', (request) => request.pg.execute("DO $$ BEGIN RAISE SQLSTATE '23505'; END $$"));
    expect((await app.inject('/')).statusCode).toBe(409);
  });

  it('is off unless asked for', async () => {
    plugIn();
    app.get('/', (request) => request.pg.execute("DO $$ BEGIN RAISE SQLSTATE '23505'; END $$"));
    expect((await app.inject('/')).statusCode).toBe(500);
  });
});

describe('healthRoute', () => {
  it('answers 200 while the database answers, also when every connection is busy', async () => {
    plugIn({}, { maxSize: 1 });
    app.get('/health', healthRoute());
    await app.listen({ port: 0 });
    await admin.execute('SELECT pg_advisory_lock($1)', GATE);
    const busy = app.pg.fetchVal(
      'SELECT 1 FROM (SELECT pg_advisory_xact_lock_shared($1)) AS t',
      GATE,
    );
    await eventually('the only connection is busy', waiting(1n));
    const answer = app.inject('/health');
    await admin.execute('SELECT pg_advisory_unlock($1)', GATE);
    expect((await answer).json()).toMatchObject({ status: 'up', pool: { size: 1 } });
    expect((await answer).statusCode).toBe(200);
    expect((await answer).headers['cache-control']).toBe('no-store');
    await busy;
  });

  it('answers 503 when no connection gets to it within its time-out, but for a pool of its own', async () => {
    plugIn({}, { maxSize: 1 });
    app.register(asyncpg, { dsn: serverDsn(), pool: { minSize: 0, maxSize: 1 }, name: 'health' });
    app.get('/ready', healthRoute({ timeout: 20 }));
    await app.ready();
    await using _held = await app.pg.acquire();
    const answer = await app.inject('/ready');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({ status: 'down', pool: { size: 1, inUse: 1 } });
    const { health } = app as unknown as { health: Pool };
    const reply = { header() {}, code: (status: number) => expect(status).toBe(200) };
    const request = { server: app, log: { warn() {} } };
    expect(await healthRoute({ pool: health })(request, reply)).toMatchObject({ status: 'up' });
  });

  it.each([
    { timeOut: 5 },
    { timeout: '5' },
    { timeout: NaN },
    { timeout: -1 },
    { pool: 'reports' },
    { pool: { execute() {} } },
    null,
  ])('refuses %o in place of its options', (options) => {
    expect(() => healthRoute(options as never)).toThrow(ClientConfigurationError);
  });

  it('says so where there is no pool of the name that it asks', async () => {
    app = fastify();
    app.register(asyncpg, { dsn: serverDsn(), pool: { minSize: 0 }, name: 'reports' });
    app.get('/health', healthRoute());
    const answer = await app.inject('/health');
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toMatchObject({ message: expect.stringContaining('there is no app.pg') });
  });

  it('asks another pool when it is told to', async () => {
    plugIn();
    await app.ready();
    const { pg } = app;
    await app.close();
    app = fastify();
    app.get('/health', healthRoute({ pool: pg }));
    const answer = await app.inject('/health');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toEqual({ status: 'down', pool: pg.stats });
  });
});
