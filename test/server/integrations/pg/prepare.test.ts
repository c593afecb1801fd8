import { type AddressInfo, createServer, connect as dial } from 'node:net';
import facade from 'asyncpg/pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Connection, connect } from '../../../../src/index.ts';
import { PGBOUNCER, PGBOUNCER_TITLE, PgBouncer } from '../../../support/servers/pgbouncer.ts';
import { serverDsn } from '../../../support/servers/server.ts';
import { UNTRACKED } from '../../pooler/clients.ts';
import { config, onClients, owned, plain, settled } from './both.ts';

const PREPARED = { prepare: true };

async function connected(options: object = {}): Promise<any> {
  const client: any = new facade.Client({ ...config(), prepare: true, ...options });
  await client.connect();
  return client;
}

/** What several executions of a query come to. */
async function times(
  count: number,
  client: any,
  query: any,
  values?: unknown[],
): Promise<unknown[]> {
  const results: unknown[] = [];
  for (let i = 0; i < count; i++) results.push(await settled(client.query(query, values)));
  return results;
}

describe('statements of the option prepare', () => {
  const kept = "SELECT count(*)::int4 AS n FROM pg_prepared_statements WHERE name LIKE 'asyncpg_%'";
  const count = async (client: any): Promise<number> => (await client.query(kept)).rows[0].n;

  test('keeps one statement for each text that has values', async () => {
    const client = await connected();
    for (const a of [1, 2, 3]) {
      expect((await client.query('SELECT $1::int4 AS a', [a])).rows).toEqual([{ a }]);
    }
    await client.query('SELECT 1');
    await client.query({ name: 'own', text: 'SELECT $1::int4 AS a', values: [1] });
    const { rows } = await client.query(
      'SELECT statement, generic_plans + custom_plans AS runs FROM pg_prepared_statements ORDER BY name',
    );
    expect(rows).toEqual([
      { statement: 'SELECT $1::int4 AS a', runs: '3' },
      { statement: 'SELECT $1::int4 AS a', runs: '1' },
    ]);
    await client.end();
    const plain = await connected({ prepare: false });
    await plain.query('SELECT $1::int4 AS a', [1]);
    expect(await count(plain)).toBe(0);
    await plain.end();
  });

  test('neither Parse nor Describe is sent again', async () => {
    const { host, port } = config();
    let sent = Buffer.alloc(0);
    const proxy = createServer((client) => {
      const server = dial({ host, port });
      client.on('data', (chunk) => {
        sent = Buffer.concat([sent, chunk]);
      });
      client.pipe(server).pipe(client);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const client = await connected({ port: (proxy.address() as AddressInfo).port });
    const types: string[] = [];
    for (const text of [
      'SELECT $1::int4 AS a',
      'SELECT WHERE $1::int4 > 0',
      'SELECT $1::int4 AS a',
    ]) {
      for (let i = 0; i < 2; i++) {
        sent = Buffer.alloc(0);
        await client.query(text, [1]);
        let frames = '';
        for (let at = 0; at < sent.length; at += 1 + sent.readInt32BE(at + 1)) {
          frames += String.fromCharCode(sent[at]!);
        }
        types.push(frames);
      }
    }
    expect(types).toEqual(['PBDES', 'BES', 'PBDES', 'BES', 'BES', 'BES']);
    await client.end();
    proxy.close();
  });

  test('what several blocks set that the server does not report', async () => {
    const play = (client: any): Promise<unknown> =>
      (async () => {
        const told: unknown[] = [];
        for (const setting of [
          'on',
          'DO $$BEGIN SET array_nulls = off; END$$',
          'do $$begin set array_nulls = on; end$$',
          "/* again */ DO LANGUAGE plpgsql 'BEGIN SET array_nulls = off; END'",
          'SELECT 1; DO $$BEGIN SET array_nulls = on; END$$',
          "INSERT INTO done VALUES (1) ON CONFLICT DO NOTHING; DO 'BEGIN SET array_nulls = off; END'",
        ]) {
          if (setting !== 'on') await client.query(setting);
          for (let i = 0; i < 3; i++) {
            const { rows } = await client.query("SELECT '{NULL}'::text[] AS a, $1::int4 AS b", [i]);
            told.push(rows[0]);
          }
        }
        return told;
      })();
    const outcomes = await onClients(
      async (client) => {
        await client.query('CREATE TEMP TABLE done (a int PRIMARY KEY)');
        return play(client);
      },
      { prepare: true },
    );
    expect((outcomes as any[]).map(({ a }) => a[0])).toEqual(
      [null, 'NULL', null, 'NULL', null, 'NULL'].flatMap((value) => [value, value, value]),
    );
  });

  test('an upsert drops no statements', async () => {
    const client = await connected();
    await client.query('CREATE TEMP TABLE done (a int PRIMARY KEY)');
    const upsert = 'INSERT INTO done VALUES ($1) ON CONFLICT (a) DO NOTHING';
    for (const a of [1, 1, 2]) await client.query(upsert, [a]);
    for (const a of [1, 2]) await client.query('SELECT a FROM done WHERE a = $1', [a]);
    const { rows } = await client.query(
      'SELECT statement, generic_plans + custom_plans AS runs FROM pg_prepared_statements ORDER BY statement',
    );
    expect(rows).toEqual([
      { statement: upsert, runs: '3' },
      { statement: 'SELECT a FROM done WHERE a = $1', runs: '2' },
    ]);
    await client.end();
  });

  test('is in the defaults as well', async () => {
    facade.defaults.prepare = true;
    try {
      const client = await connected({ prepare: undefined });
      await client.query('SELECT $1::int4', [1]);
      expect(await count(client)).toBe(1);
      await client.end();
    } finally {
      facade.defaults.prepare = false;
    }
  });

  test.each(['no', 'false', '', 0, 1])(
    'is refused where it is neither true nor false: %j',
    async (prepare) => {
      // Of an environment variable, 'false' was as good as true.
      const message = 'The option prepare must be true or false';
      const options: any = { ...config(), prepare };
      expect(() => new facade.Client(options)).toThrow(message);
      await expect((async () => new facade.Pool(options).query('SELECT 1'))()).rejects.toThrow(
        message,
      );
    },
  );

  test('keeps a hundred, those that were used last', async () => {
    const client = await connected();
    for (let i = 0; i <= 100; i++) {
      await client.query(`SELECT $1::int4 AS a${i}`, [i]);
      await client.query('SELECT $1::int4 AS a0', [i]);
    }
    await client.query('SELECT $1::int4 AS a0', [1]);
    expect(await count(client)).toBe(100);
    const used = await client.query(
      "SELECT 1 FROM pg_prepared_statements WHERE statement LIKE '% a0' OR statement LIKE '% a1'",
    );
    expect(used.rowCount).toBe(1);
    await client.end();
  });

  test('what either side drops the other parses again, in a transaction too', async () => {
    const client = await connected();
    const text = 'SELECT $1::int4 AS a';
    const both = async (): Promise<unknown[]> => [
      (await client.query(text, [1])).rows[0].a,
      await client.asyncpg.fetchVal(text, 2),
    ];
    expect(await both()).toEqual([1, 2]);
    await client.query('BEGIN');
    await client.query('DEALLOCATE ALL');
    expect(await both()).toEqual([1, 2]);
    await client.asyncpg.execute('DEALLOCATE ALL');
    expect(await both()).toEqual([1, 2]);
    await client.query('DEALLOCATE PREPARE ALL', []);
    expect(await both()).toEqual([1, 2]);
    await client.query('COMMIT');
    await client.end();
  });

  test('a statement that is outdated is parsed again', async () => {
    const client = await connected();
    await client.query('CREATE TEMP TABLE t AS SELECT 1 AS a');
    const select = (): Promise<any> => client.query('SELECT * FROM t WHERE a = $1', [1]);
    await select();
    await client.query('ALTER TABLE t ADD b text');
    expect((await select()).rows).toEqual([{ a: 1, b: null }]);
    await client.query('DEALLOCATE ALL');
    expect((await select()).rows).toEqual([{ a: 1, b: null }]);
    expect(await count(client)).toBe(1);
    await client.asyncpg.execute('DISCARD PLANS; DEALLOCATE ALL');
    expect((await select()).rows).toEqual([{ a: 1, b: null }]);
    // What the session itself has changed is no surprise, even in a transaction.
    await client.query('BEGIN');
    await client.query('ALTER TABLE t DROP b');
    expect((await select()).rows).toEqual([{ a: 1 }]);
    await client.query('ROLLBACK');
    expect((await select()).rows).toEqual([{ a: 1, b: null }]);
    await client.end();
  });

  test('what is wrong with a query is told as ever', async () => {
    const client = await connected();
    for (let i = 0; i < 2; i++) {
      await expect(client.query('SELECT nothing, $1', [1])).rejects.toMatchObject({
        code: '42703',
      });
      await expect(client.query('SELECT 1 / $1::int4', [0])).rejects.toMatchObject({
        code: '22012',
      });
      await expect(client.query('SELECT $1::int4', ['x'])).rejects.toMatchObject({ code: '22P02' });
    }
    // A function may fail with the code of a statement that is not there: that is not ours.
    await client.query(`CREATE FUNCTION pg_temp.fail(int) RETURNS int LANGUAGE plpgsql AS
      $$BEGIN RAISE EXCEPTION 'mine' USING ERRCODE = '26000'; END$$`);
    await client.query('CREATE TEMP TABLE refused (a int4 CHECK (pg_temp.fail(a) > 0))');
    for (let i = 0; i < 2; i++) {
      await expect(client.query('SELECT pg_temp.fail($1)', [1])).rejects.toThrow('mine');
      await expect(client.query('INSERT INTO refused VALUES ($1)', [1])).rejects.toThrow('mine');
    }
    expect((await client.query('SELECT $1::int4 AS a', [5])).rows).toEqual([{ a: 5 }]);
    await client.end();
  });

  test('does nothing in pipeline mode', async () => {
    const client = await connected({ pipeline: true });
    await Promise.all([client.query('SELECT $1::int4', [1]), client.query('SELECT $1::int4', [2])]);
    expect(await count(client)).toBe(0);
    await client.end();
  });
});

describe('with the option prepare, as with pg', () => {
  beforeEach(() => {
    vi.stubEnv('TZ', 'America/New_York');
  });

  test.each([
    { name: 'objects', query: {} },
    { name: 'arrays', query: { rowMode: 'array' } },
    {
      name: 'binary',
      query: { binary: true },
      text: "SELECT $1::int4 AS a, 'x'::text AS b, true AS c, 7::int8 AS d",
    },
    { name: 'pages', query: { rows: 1 } },
    { name: 'a portal', query: { portal: 'own' } },
    { name: 'no columns', query: {}, text: 'SELECT WHERE $1::int4 > 0' },
    { name: 'no rows', query: {}, text: 'SELECT $1::int4 AS a WHERE false' },
    { name: 'the same name twice', query: {}, text: 'SELECT $1::int4 AS a, 2 AS a' },
    { name: 'an empty text', query: { queryMode: 'extended' }, text: '', values: [] },
    {
      name: 'a command',
      query: { queryMode: 'extended' },
      text: 'SET work_mem = 1000',
      values: [],
    },
    { name: 'SHOW', query: { queryMode: 'extended' }, text: 'SHOW server_version', values: [] },
  ])('each execution has the same results: $name', async ({ query, text, values }) => {
    await onClients(
      (client) =>
        times(3, client, {
          text:
            text ??
            `SELECT $1::int4 AS a, 'x'::text AS b, true AS c, 1.5::float8 AS d, now() > '2024-01-01' AS e,
              '2024-03-10 01:02:03+00'::timestamptz AS f, array[1,2] AS g, null AS h, '\\x00ff'::bytea AS i
            FROM generate_series(1, 3)`,
          values: values ?? [1],
          ...query,
        }),
      PREPARED,
    );
  });

  test('formats and modes of one text may change between executions', async () => {
    await onClients(async (client) => {
      const text = 'SELECT $1::int4 AS a, 7::int8 AS b';
      const results: unknown[] = [];
      for (const query of [
        {},
        { binary: true },
        {},
        { rowMode: 'array' },
        { rows: 1 },
        { binary: true },
      ]) {
        results.push(await settled(client.query({ text, values: [5], ...query })));
      }
      client.setTypeParser(23, (value: string) => `own ${value}`);
      return [...results, ...(await times(2, client, text, [5]))];
    }, PREPARED);
  });

  test('values are as lenient as ever', async () => {
    await onClients(async (client) => {
      const results: unknown[] = [];
      for (const value of [
        1,
        '1',
        true,
        null,
        undefined,
        1.5,
        'x',
        '',
        [1],
        new Date(0),
        '2',
        10n ** 20n,
      ]) {
        for (const type of ['int4', 'text', 'numeric', 'bool']) {
          results.push(await settled(client.query(`SELECT $1::${type} AS a`, [value])));
        }
        results.push(await settled(client.query('SELECT 1 AS a WHERE $1 = 1', [value])));
      }
      return results;
    }, PREPARED);
  });

  test('wrong numbers of values', async () => {
    await onClients(async (client) => {
      const results: unknown[] = [];
      for (const values of [[1], [1, 2], [1], [1, 2, 3], [1]]) {
        results.push(await settled(client.query('SELECT $1::int4 AS a', values)));
      }
      return results;
    }, PREPARED);
  });

  test('ALTER TABLE and other changes of the schema between executions', async () => {
    await onClients(async (client) => {
      const results: unknown[] = [];
      const run = async (): Promise<void> => {
        for (const text of [
          'SELECT * FROM altered WHERE id > $1',
          'UPDATE altered SET v = v WHERE id > $1 RETURNING *',
        ]) {
          const result: any = await settled(client.query(text, ['0']));
          const {
            rows: [{ oid }],
          } = await client.query("SELECT to_regclass('altered')::oid AS oid");
          // OIDs differ from run to run: only that it is the table's counts.
          for (const field of result.fields ?? []) field.tableID = field.tableID === oid;
          results.push(result);
        }
      };
      await client.query('CREATE TEMP TABLE altered AS SELECT 1 AS id, 2 AS v');
      for (const text of [
        'SELECT 1',
        'ALTER TABLE altered ADD w text',
        'ALTER TABLE altered ALTER v TYPE text',
        'ALTER TABLE altered RENAME w TO x',
        'DROP TABLE altered; CREATE TEMP TABLE altered AS SELECT 1 AS id, 2 AS v',
        'BEGIN',
        'ALTER TABLE altered DROP v, ADD v int8',
        'SAVEPOINT s',
        'ALTER TABLE altered RENAME id TO di; ALTER TABLE altered RENAME v TO id; ALTER TABLE altered RENAME di TO v',
        'ROLLBACK TO s',
        'ROLLBACK',
      ]) {
        await run();
        await client.query(text);
        await run();
      }
      return results;
    }, PREPARED);
  });

  test.each([18, 15] as const)(
    'a search_path, time zone or style of dates between executions: PostgreSQL %i',
    async (version) => {
      await onClients(
        async (client) => {
          const results: unknown[] = [];
          const run = async (): Promise<void> => {
            for (const text of [
              'SELECT * FROM found WHERE id > $1',
              "SELECT '01/02/2020'::date::text AS a, '2020-01-01 00:00'::timestamptz AT TIME ZONE 'UTC' AS b, $1 AS c",
              "SELECT 'today'::date > '2024-01-01' AS a, 'now'::timestamptz <= clock_timestamp() AS b, $1::int4 AS c",
            ]) {
              const { fields, ...result }: any = await settled(client.query(text, [0]));
              results.push([
                result,
                fields?.map(({ name, dataTypeID }: any) => [name, dataTypeID]),
              ]);
            }
          };
          await client.query('BEGIN');
          await client.query('CREATE SCHEMA prepare_a CREATE TABLE found (id int4)');
          await client.query('CREATE SCHEMA prepare_b CREATE TABLE found (id int8, extra text)');
          await client.query('INSERT INTO prepare_a.found VALUES (1)');
          await client.query("INSERT INTO prepare_b.found VALUES (2, 'b')");
          await client.query('SET search_path TO prepare_a');
          for (const query of [
            { text: 'SET search_path TO prepare_b' },
            { text: "SELECT set_config('search_path', $1, false)", values: ['prepare_a'] },
            { text: 'SET LOCAL search_path TO prepare_b', queryMode: 'extended' },
            { text: "SET datestyle TO 'ISO, DMY'" },
            { text: 'SET timezone TO 5' },
            { text: 'SET timezone TO -7', queryMode: 'extended' },
          ]) {
            await run();
            await client.query(query);
            await run();
          }
          await client.query('ROLLBACK');
          return results;
        },
        { ...config(version), ...PREPARED },
      );
    },
  );

  test('errors and transactions', async () => {
    await onClients(async (client) => {
      const results: unknown[] = [];
      const ask = (a: unknown): Promise<unknown> =>
        settled(client.query('SELECT 8 / $1::int4 AS a', [a]));
      for (const a of [1, 0, 2, 'x', 3]) results.push(await ask(a));
      await client.query('BEGIN');
      for (const a of [1, 0, 2, 'x', 3]) results.push(await ask(a));
      results.push(client.getTransactionStatus());
      await client.query('ROLLBACK');
      results.push(await ask(4));
      results.push(...(await times(2, client, 'SELECT nothing, $1', [1])));
      // Prepared where it is rolled back: the statement stays.
      await client.query('BEGIN');
      results.push(await settled(client.query('SELECT $1::int4 AS kept', [1])));
      await client.query('ROLLBACK');
      results.push(...(await times(2, client, 'SELECT $1::int4 AS kept', [2])));
      return results;
    }, PREPARED);
  });

  test('150 texts, again and again', async () => {
    await onClients(async (client) => {
      const results: unknown[] = [];
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 150; i++) {
          const { rows } = await client.query(`SELECT $1::int4 + ${i} AS a`, [round]);
          results.push(rows);
        }
      }
      return results;
    }, PREPARED);
  });

  test('notices and events', async () => {
    await onClients(async (client, { Query }) => {
      const log: unknown[] = [];
      client.on('notice', (notice: any) => log.push(['notice', notice.message]));
      await client.query(`CREATE FUNCTION pg_temp.say(a int4) RETURNS int4 LANGUAGE plpgsql AS
        $$BEGIN RAISE NOTICE 'said %', a; RETURN a; END$$`);
      for (let i = 0; i < 3; i++) {
        await new Promise<void>((resolve) => {
          const query: any = client.query(
            new Query('SELECT pg_temp.say(g) AS a FROM generate_series(1, $1) g', [2]),
          );
          query.on('row', (row: unknown, result: unknown) => log.push(['row', row, owned(result)]));
          query.on('end', (result: unknown) => {
            log.push(['end', owned(result)]);
            resolve();
          });
        });
      }
      return log;
    }, PREPARED);
  });

  test('cursors, FETCH and EXECUTE have the columns of what they name', async () => {
    await onClients(async (client) => {
      const results: unknown[] = [];
      for (const text of ['SELECT 1 AS a', "SELECT 'x'::text AS b, 2 AS c"]) {
        await client.query('BEGIN');
        await client.query(`DECLARE c CURSOR FOR ${text}`);
        results.push(await settled(client.query({ text: 'FETCH c', queryMode: 'extended' })));
        await client.query('COMMIT');
        await client.query(`PREPARE p AS ${text}`);
        results.push(await settled(client.query({ text: 'EXECUTE p', queryMode: 'extended' })));
        await client.query('DEALLOCATE p');
      }
      return results;
    }, PREPARED);
  });
});

describe('what was kept turns out to be outdated', () => {
  let other: Connection;
  beforeAll(async () => {
    other = await connect(serverDsn());
    await other.execute('DROP TABLE IF EXISTS prepared_elsewhere');
  });
  afterAll(async () => {
    await other.execute('DROP TABLE IF EXISTS prepared_elsewhere');
    await other.close();
  });

  /** What a pooler in transaction mode does. Behind the first one it is open what the block has set, as behind each. */
  const UNSEEN = 'SELECT pg_temp.forget()';
  /** A client whose server can be made to forget its statements by that, as if a pooler had changed sessions. */
  async function forgetful(): Promise<any> {
    const client = await connected();
    const body = "BEGIN EXECUTE 'DEALL' || 'OCATE ALL'; END";
    await client.query(
      `CREATE FUNCTION pg_temp.forget() RETURNS void LANGUAGE plpgsql AS $$${body}$$`,
    );
    return client;
  }

  test('by another session, outside of a transaction and in one', async () => {
    await other.execute('CREATE TABLE prepared_elsewhere (id int4, v int4)');
    await other.execute('INSERT INTO prepared_elsewhere VALUES (1, 2)');
    const client = await connected();
    const select = (): Promise<any> =>
      client.query('SELECT * FROM prepared_elsewhere WHERE id = $1', [1]);
    const insert = (v: unknown): Promise<any> =>
      client.query('INSERT INTO prepared_elsewhere (id, v) VALUES (2, $1) RETURNING v', [v]);
    await select();
    await insert(3);
    await other.execute('ALTER TABLE prepared_elsewhere ADD w text');
    expect((await select()).rows).toEqual([{ id: 1, v: 2, w: null }]);
    await other.execute('ALTER TABLE prepared_elsewhere ALTER v TYPE text');
    // As a value of the type that it had it would be refused.
    expect((await insert('x')).rows).toEqual([{ v: 'x' }]);
    await other.execute('ALTER TABLE prepared_elsewhere RENAME w TO z');
    expect((await select()).rows).toEqual([{ id: 1, v: '2', z: null }]);
    await other.execute('ALTER TABLE prepared_elsewhere DROP z');
    expect((await select()).fields.map(({ name }: any) => name)).toEqual(['id', 'v']);
    // In a transaction it fails, as it would with a name; the next one does not.
    await select();
    await other.execute('ALTER TABLE prepared_elsewhere DROP v');
    await client.query('BEGIN');
    await expect(select()).rejects.toMatchObject({ code: '0A000' });
    await client.query('ROLLBACK');
    expect((await select()).rows).toEqual([{ id: 1 }]);
    expect((await select()).rows).toEqual([{ id: 1 }]);
    const { rows } = await client.query('SELECT count(*)::int4 AS n FROM prepared_elsewhere');
    expect(rows).toEqual([{ n: 3 }]);
    await client.end();
  });

  test('without the statement on the server it does without names from then on', async () => {
    const client = await forgetful();
    const ask = async (a: number): Promise<void> => {
      expect((await client.query('SELECT $1::int4 AS a', [a])).rows).toEqual([{ a }]);
    };
    await client.query(UNSEEN);
    await ask(1);
    await client.query(UNSEEN);
    for (let a = 2; a < 5; a++) await ask(a);
    const names = await client.query('SELECT name FROM pg_prepared_statements');
    expect(names.rows).toEqual([]);
    await client.end();
  });

  test('in a transaction that is lost', async () => {
    const client = await forgetful();
    const ask = (a: number): Promise<any> => client.query('SELECT $1::int4 AS a', [a]);
    await client.query(UNSEEN);
    await ask(1);
    await client.query(UNSEEN);
    await client.query('BEGIN');
    await expect(ask(2)).rejects.toMatchObject({ code: '26000' });
    await client.query('ROLLBACK');
    expect((await ask(3)).rows).toEqual([{ a: 3 }]);
    expect((await client.query('SELECT name FROM pg_prepared_statements')).rows).toEqual([]);
    await client.end();
  });

  test('an execution that has begun is not repeated', async () => {
    const client = await connected();
    await client.query('CREATE TEMP SEQUENCE executions');
    await client.query(`CREATE FUNCTION pg_temp.refuse(code text) RETURNS int LANGUAGE plpgsql AS
      $$BEGIN PERFORM nextval('executions'); RAISE EXCEPTION 'mine' USING ERRCODE = code; END$$`);
    for (const code of ['26000', '42P05', '0A000', '42703', 'XX000', '26000']) {
      const error = await client.query('SELECT pg_temp.refuse($1)', [code]).catch(plain);
      expect(error).toMatchObject({ code, message: 'mine' });
    }
    expect((await client.query('SELECT last_value::int4 AS n FROM executions')).rows).toEqual([
      { n: 6 },
    ]);
    await client.end();
  });
});

describe('client.asyncpg knows what a query of the client has set', () => {
  test.each([18, 15] as const)('PostgreSQL %i', async (version) => {
    const client = await connected({ ...config(version), prepare: false });
    await client.query('BEGIN');
    await client.query('CREATE SCHEMA known_a; CREATE TABLE known_a.found AS SELECT 1 AS id');
    await client.query('CREATE SCHEMA known_b; CREATE TABLE known_b.found AS SELECT 2::int8 AS id');
    for (const [schema, value] of [
      ['known_a', 1],
      ['known_b', 2n],
      ['known_a', 1],
    ]) {
      await client.query("SELECT set_config('search_path', $1, true)", [schema]);
      expect(await client.asyncpg.fetchVal('SELECT id FROM found')).toBe(value);
    }
    await client.query('ROLLBACK');
    await client.end();
  });
});

describe.skipIf(PGBOUNCER === null)(`${PGBOUNCER_TITLE} in transaction mode`, () => {
  test.each([
    { name: 'without tracking of statements', settings: UNTRACKED },
    { name: 'with it, if it can', settings: {} },
  ])('$name each query is answered as ever', async ({ settings }) => {
    const bouncer = await PgBouncer.start('transaction', settings);
    try {
      const clients = await Promise.all(
        Array.from({ length: 4 }, () =>
          connected({
            host: '127.0.0.1',
            port: bouncer.port,
            user: 'postgres',
            password: 'secret',
          }),
        ),
      );
      await Promise.all(
        clients.map(async (client, n) => {
          for (let i = 0; i < 50; i++) {
            const { rows, fields } = await client.query('SELECT $1::int4 AS n, $2::text AS t', [
              n,
              i,
            ]);
            expect([rows, fields.length]).toEqual([[{ n, t: String(i) }], 2]);
            const { rowCount } = await client.query('SELECT FROM generate_series(1, $1)', [i]);
            expect(rowCount).toBe(i);
          }
        }),
      );
      for (const client of clients) await client.end();
    } finally {
      await bouncer.stop();
    }
  });
});
