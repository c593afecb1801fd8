import facade from 'asyncpg/pg';
import Cursor from 'pg-cursor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../../../src/index.ts';
import { serverDsn } from '../../../support/servers/server.ts';
import { config, onClients, owned, plain, settled } from './both.ts';

/** Tables that both find, as their OIDs and schemas are in results and errors. */
const SCHEMA = 'facade_query';
const TABLES = `
  DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE;
  CREATE SCHEMA ${SCHEMA};
  CREATE TABLE ${SCHEMA}.t (a int4 PRIMARY KEY, b text);
  CREATE TABLE ${SCHEMA}.p (a int4 PRIMARY KEY CHECK (a > 0), b date NOT NULL DEFAULT now());
`;
const inSchema = { options: `-c search_path=${SCHEMA}` };

beforeAll(async () => {
  await using admin = await connect(serverDsn());
  await admin.execute(TABLES);
});

afterAll(async () => {
  await using admin = await connect(serverDsn());
  await admin.execute(`DROP SCHEMA ${SCHEMA} CASCADE`);
});

/** Waits for the end of a Query, and tells what it emitted. */
function emitted(query: any): Promise<unknown[]> {
  const log: unknown[] = [];
  return new Promise((resolve) => {
    query.on('row', (row: unknown, result: unknown) => log.push(['row', row, typeof result]));
    query.on('end', (result: unknown) => resolve([...log, ['end', owned(result)]]));
    query.on('error', (error: unknown) => resolve([...log, ['error', plain(error)]]));
  });
}

describe('client.query', () => {
  test('takes its arguments in every form', async () => {
    const outcomes = await onClients(async (client) => {
      const byCallback = (...args: unknown[]): Promise<unknown> =>
        new Promise((resolve) => {
          const callback = (error: any, result: any): void =>
            resolve(error ? plain(error) : owned(result));
          const returned = client.query(...args.map((arg) => (arg === 'cb' ? callback : arg)));
          if (returned !== undefined) resolve('it returned something');
        });
      const text = 'SELECT 1 AS a';
      const withValue = 'SELECT $1::int4 AS a';
      return [
        await settled(client.query(text)),
        await settled(client.query(text, undefined)),
        await settled(client.query(text, [])),
        await settled(client.query(text, null)),
        await settled(client.query(withValue, [2])),
        await settled(client.query({ text: withValue, values: [3] })),
        await settled(client.query({ text: withValue, values: [3] }, [4])),
        await settled(client.query({ text, name: undefined, nestTables: true, rowMode: 'array' })),
        await settled(client.query({ text: withValue, rowMode: 'array' }, [5])),
        await byCallback(text, 'cb'),
        await byCallback(text, [], 'cb'),
        await byCallback(withValue, [6], 'cb'),
        await byCallback(text, undefined, 'cb'),
        await byCallback({ text: withValue, values: [7] }, 'cb'),
        await byCallback({ text: withValue }, [8], 'cb'),
        await byCallback('SELECT nothing', 'cb'),
      ];
    });
    expect(outcomes).toHaveLength(16);
  });

  test('refuses what is no query', async () => {
    await onClients(async (client) => {
      const thrown = (call: () => unknown): unknown => {
        try {
          call();
          return 'nothing';
        } catch (error) {
          return plain(error);
        }
      };
      return [
        thrown(() => client.query(null)),
        thrown(() => client.query(undefined)),
        thrown(() => client.query('SELECT 1', [], 'no function')),
        await settled(client.query({})),
        await settled(client.query({ text: {} })),
        await settled(client.query({ text: 5 })),
        await settled(client.query('SELECT $1::text', 'no array')),
        await settled(client.query({ text: 'SELECT 1', values: 'no array' })),
        await settled(client.query('SELECT 1')),
      ];
    });
  });

  test('refuses texts and names that are none, after which pg waits for ever', async () => {
    const client: any = new facade.Client(config());
    await client.connect();
    const outcomes: string[] = [];
    for (const query of [
      { name: 5, text: 'SELECT 1' },
      { name: 'a', text: 5 },
      { name: 'a', text: false },
      { name: '' },
      () => 'SELECT 1',
    ]) {
      const { message } = await client.query(query).catch((error: Error) => error);
      outcomes.push(message.replace('A query must have either text or a name. Supplying', ''));
    }
    const none = ' neither is unsupported.';
    const odd = 'The text and the name of a query must be strings';
    expect(outcomes).toEqual([odd, odd, odd, none, none]);
    expect((await client.query({ name: 0, text: 'SELECT 1 AS a' })).rows).toEqual([{ a: 1 }]);
    await client.end();
  });

  test('sends half of a character as U+FFFD, in the text as in a value', async () => {
    const [simple] = await onClients(async (client) => {
      const cursor = client.query(new Cursor("SELECT 'a\ud83d' AS a"));
      const rows = await cursor.read(1);
      await cursor.close();
      return [
        await settled(client.query("SELECT 'a\ud83d' AS a")),
        await settled(client.query("SELECT 'a\ud83d' AS a, $1::text AS b", ['\ude00'])),
        await settled(client.query({ name: 'half', text: "SELECT 'a\ud83d' AS a" })),
        rows,
      ];
    });
    expect(simple).toMatchObject({ rows: [{ a: 'a\ufffd' }] });
  });

  test('refuses more values than a query can have, and says how many those are', async () => {
    // pg sends a count that is cut off.
    const client: any = new facade.Client(config());
    await client.connect();
    await expect(client.query('SELECT 1', new Array(65_536).fill(1))).rejects.toThrow(
      'a statement can have at most 65535 parameters, not 65536',
    );
    expect((await client.query('SELECT 1 AS a')).rows).toEqual([{ a: 1 }]);
    await client.end();
  });

  test('leaves the configuration that it is given as it was', async () => {
    await onClients(async (client) => {
      const config = Object.freeze({ text: 'SELECT $1::int4 AS a', values: Object.freeze([1]) });
      return [await settled(client.query(config)), await settled(client.query(config))];
    });
  });

  test('gives each statement of a text its result', async () => {
    await onClients(async (client) => [
      await settled(client.query('SELECT 1 AS a; SELECT 2 AS b, 3 AS c')),
      await settled(client.query('SELECT 1; CREATE TEMP TABLE t (a int4); SELECT 2')),
      await settled(
        client.query('INSERT INTO t VALUES (1), (2); UPDATE t SET a = a; DELETE FROM t'),
      ),
      await settled(client.query({ text: 'SELECT 1 AS a; SELECT 2 AS b', rowMode: 'array' })),
      await settled(client.query(';;')),
      await settled(client.query('')),
      await settled(client.query('', [])),
      await settled(client.query({ text: '', queryMode: 'extended' })),
      await settled(client.query('-- a comment')),
      await settled(client.query('SELECT 1; SELECT 1 / 0; SELECT 2')),
      await settled(client.query('SELECT 1; SELECT 2', [1])),
    ]);
  });

  test('tells of every command what pg tells', async () => {
    await onClients(async (client) => {
      const texts = [
        'CREATE TABLE another (a int4)',
        'DROP TABLE another',
        "INSERT INTO t VALUES (1, 'a') RETURNING *",
        "INSERT INTO t VALUES (2, 'b')",
        'UPDATE t SET b = a RETURNING a',
        'SELECT * FROM t WHERE false',
        'BEGIN',
        'DECLARE c CURSOR FOR SELECT * FROM t',
        'FETCH 1 FROM c',
        'MOVE 1 FROM c',
        'COMMIT',
        'EXPLAIN (COSTS OFF) SELECT 1',
        'SHOW server_version_num',
        'DO $$ BEGIN END $$',
        'DELETE FROM t',
        'TRUNCATE t',
        'COPY (SELECT 1) TO STDOUT',
        'COPY t FROM STDIN',
        'SELECT 1',
      ];
      const outcomes: unknown[] = [];
      for (const text of texts) {
        outcomes.push(text, await settled(client.query(text)), client.getTransactionStatus());
      }
      return outcomes;
    }, inSchema);
  });

  test('fails with the errors of pg', async () => {
    await onClients(async (client) => {
      const outcomes: unknown[] = [];
      for (const [text, values] of [
        ['SELEC 1'],
        ['SELECT nothing'],
        ['SELECT nothing', [1]],
        ['SELECT $1::int4', ['x']],
        ['INSERT INTO p VALUES (1), (1)'],
        ['INSERT INTO p VALUES (0)'],
        ['INSERT INTO p VALUES (1, null)'],
        ["DO $$ BEGIN RAISE EXCEPTION 'no' USING HINT = 'h', DETAIL = 'd'; END $$"],
        ["SELECT query_to_xml('SELECT nowhere', true, true, '')"],
        ['SELECT $1', []],
        ['SELECT $1::int4', [1, 2]],
        ['SELECT 1; SELECT 2', [1]],
      ] as [string, unknown[]?][]) {
        outcomes.push(text, await settled(client.query(text, values)));
      }
      return outcomes;
    }, inSchema);
  });

  // pg's own count depends on whether error and ReadyForQuery come in one piece of the stream.
  test('emits drain before a query that is asked in the catch of the last one', async () => {
    const client: any = new facade.Client(config());
    await client.connect();
    const log: unknown[] = [];
    client.on('drain', () => log.push('drain'));
    const failed = (): Promise<unknown> =>
      client.query('SELECT 1 / $1::int4', [0]).catch(() => log.push('caught'));
    await failed();
    await failed();
    await client.query('SELECT 1').then(() => log.push('one'));
    await new Promise<void>((resolve) => {
      client.query('SELECT 1/0', () => {
        log.push('told');
        client.query('SELECT 2', () => {
          log.push('two');
          resolve();
        });
      });
    });
    await Promise.all([failed(), client.query('SELECT 3').then(() => log.push('three'))]);
    await client.end();
    expect(log).toEqual([
      ...['drain', 'caught', 'drain', 'caught', 'drain', 'one'],
      ...['told', 'two', 'drain', 'caught', 'drain', 'three'],
    ]);
  });

  test('runs queries one after the other', async () => {
    await onClients(async (client) => {
      const log: unknown[] = [];
      client.on('drain', () => log.push('drain'));
      await Promise.allSettled([
        client.query('SELECT 1').then(() => log.push('one')),
        client.query('SELECT nothing').catch(() => log.push('two')),
        client.query('SELECT $1::int4', [3]).then(() => log.push('three')),
        client.query({ text: 'SELECT $1::int4', values: 'x' }).catch(() => log.push('four')),
      ]);
      log.push(client._queryQueue.length, client._activeQuery ?? null);
      client.query('SELECT 1').catch(() => {});
      const second = client.query('SELECT 2');
      log.push(
        client._activeQuery.text,
        client._queryQueue.map(({ text }: any) => text),
      );
      await second;
      log.push(client._queryQueue.length);
      return log;
    });
  });

  test('looks a query up for its callback when it is over', async () => {
    const seen = await onClients(async (client) => {
      const promise = client.query('SELECT 1 AS a');
      const query = client._queryQueue.at(-1) ?? client._activeQuery;
      const { callback } = query;
      const seen: unknown[] = [];
      query.callback = (error: unknown, result: any) => {
        seen.push(error, result.rows);
        callback(error, result);
      };
      await promise;
      return seen;
    });
    expect(seen).toEqual([null, [{ a: 1 }]]);
  });

  test('passes on what a callback throws, and goes on', async () => {
    await onClients(async (client) => {
      const uncaught = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      try {
        const thrown = new Promise((resolve) => process.once('uncaughtException', resolve));
        client.query('SELECT 1', () => {
          throw new Error('of the callback');
        });
        const error = plain(await thrown);
        return [error, await settled(client.query('SELECT 2 AS a'))];
      } finally {
        for (const listener of uncaught) process.on('uncaughtException', listener);
      }
    });
  });
});

describe('a Query', () => {
  test('emits its rows, its end and its error', async () => {
    await onClients(async (client, { Query }) => [
      await emitted(client.query(new Query('SELECT generate_series(1, 3) AS a'))),
      await emitted(client.query(new Query('SELECT $1::int4 AS a', [5]))),
      await emitted(
        client.query(new Query({ text: 'SELECT 1; SELECT 2', rowMode: 'array' } as any)),
      ),
      await emitted(client.query(new Query('SELECT nothing'))),
      await emitted(
        client.query(new Query({ text: 'SELECT generate_series(1, 5)', rows: 2 } as any)),
      ),
      await emitted(client.query(new Query({ text: 'SELECT 1', values: 'x' } as any))),
    ]);
  });

  test('that is read in pages and fails lets the next one follow, for which pg waits for ever', async () => {
    const client: any = new facade.Client(config());
    await client.connect();
    const failed = { error: { code: '22012' } };
    expect(await settled(client.query({ text: 'SELECT 1 / 0', rows: 1 }))).toMatchObject(failed);
    const late = { text: 'SELECT 1 / (2 - a) FROM generate_series(1, 3) AS a', rows: 1 };
    expect(await settled(client.query(late))).toMatchObject(failed);
    expect((await client.query('SELECT 1 AS a')).rows).toEqual([{ a: 1 }]);
    await client.end();
  });

  test('with a callback is told by that, and keeps its rows', async () => {
    await onClients(async (client, { Query }) => {
      const rows: unknown[] = [];
      const result = await new Promise((resolve) => {
        const query = new Query('SELECT generate_series(1, 3) AS a', (_error: any, given: any) =>
          resolve(owned(given)),
        );
        query.on('row', (row: unknown) => rows.push(row));
        client.query(query);
      });
      return [rows, result];
    });
  });

  test.each([
    ['SELECT generate_series(1, 3) AS a', undefined],
    ['SELECT $1::int4 AS a', [5]],
    ['SELECT 1 AS a; SELECT 2 AS b', undefined],
    ['', undefined],
    ['COPY pg_class FROM STDIN', undefined],
    ['SELECT 1 / $1::int4', [0]],
  ])('of a class of its own is told of all that its methods are for: %s', async (text, values) => {
    await onClients(async (client, { Query }) => {
      const told: unknown[] = [];
      const methods = [
        'handleRowDescription',
        'handleDataRow',
        'handleCommandComplete',
        'handleEmptyQuery',
        'handleCopyInResponse',
        'handleReadyForQuery',
        'handleError',
      ];
      for (const name of methods) {
        class Own extends (Query as new (...given: any[]) => any) {}
        Own.prototype[name] = function (...given: any[]) {
          told.push(name, given[0]?.fields, given[0]?.text);
          return (Query as any).prototype[name].apply(this, given);
        };
        const callback = (error: any, result: any): unknown =>
          told.push(plain(error), result === undefined ? result : owned(result));
        client.query(new Own({ text, values }, callback));
        await client.query('SELECT 1');
      }
      return told;
    });
  });

  test('is told of rows by what was put in the place of a method', async () => {
    await onClients(async (client, { Query }) => {
      const told: unknown[] = [];
      const query = new Query('SELECT generate_series(1, 3) AS a') as any;
      query.handleDataRow = (message: any) => {
        told.push(message.fields);
        return (Query as any).prototype.handleDataRow.call(query, message);
      };
      return [await emitted(client.query(query)), told];
    });
  });
});

describe('named statements', () => {
  test('are prepared once, and are of one text', async () => {
    await onClients(async (client) => {
      const named = (text: string | undefined, values: unknown[]): Promise<unknown> =>
        settled(client.query({ name: 'one', text, values }));
      const prepared = 'SELECT name, statement FROM pg_prepared_statements';
      return [
        await named('SELECT $1::int4 AS a', [1]),
        await named('SELECT $1::int4 AS a', [2]),
        await named(undefined, [3]),
        await named('SELECT $1::int4 AS b', [4]),
        await named('SELECT $1::int4 AS a', ['x']),
        await named('SELECT $1::int4 AS a', [5]),
        owned(await client.query(prepared)),
        { ...client.connection.parsedStatements },
      ];
    });
  });

  test('that cannot be prepared may be prepared later', async () => {
    await onClients(async (client) => {
      const outcomes = await Promise.all([
        settled(client.query({ name: 'two', text: 'SELECT nothing', values: [] })),
        settled(client.query({ name: 'two', text: 'SELECT nothing', values: [] })),
        settled(client.query({ name: 'two', text: 'SELECT 1 AS a', values: [] })),
        settled(client.query({ name: 'two', text: 'SELECT 2 AS a', values: [] })),
      ]);
      return [outcomes, { ...client.connection.submittedNamedStatements }];
    });
  });

  test('answer with an error once their columns are others', async () => {
    await onClients(async (client) => {
      await client.query('CREATE TEMP TABLE changing (a int4)');
      const query = { name: 'all', text: 'SELECT * FROM changing' };
      await client.query(query);
      await client.query('ALTER TABLE changing ADD b int4');
      return [await settled(client.query(query)), await settled(client.query('SELECT 1'))];
    });
  });
});

describe('binary results', () => {
  test('are those of pg', async () => {
    await onClients(
      async (client) => [
        await settled(client.query('SELECT $1::int4 AS a, true AS b, null::int4 AS c', [1])),
        await settled(client.query({ text: 'SELECT $1::int4[] AS a', values: [[1, 2]] })),
        await settled(client.query('SELECT 1::int4 AS a')),
      ],
      { binary: true },
    );
  });
});

describe('query_timeout', () => {
  test.each([
    ['of the client', { query_timeout: 100 }, {}],
    ['of the query', {}, { query_timeout: 100 }],
  ])('%s ends a query with the message of pg', async (_, options, query) => {
    const log = await onClients(async (client, { Client }) => {
      const log = [await settled(client.query({ text: 'SELECT pg_sleep(0.7)', ...query }))];
      log.push(await settled(client.query({ text: 'SELECT 1 AS a', query_timeout: 20_000 })));
      log.push(Client.name);
      return log;
    }, options);
    expect(log[0]).toMatchObject({ error: { message: 'Query read timeout' } });
  });
});
