import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  type Connection,
  connect,
  InFailedSQLTransactionError,
  OutdatedSchemaCacheError,
  PostgresError,
  sql,
} from '../../../src/index.ts';
import { serverDsn } from '../../support/servers/server.ts';

let connection: Connection;

beforeEach(async () => {
  connection = await connect(serverDsn());
});
afterEach(() => connection.close());

async function expectUsable(): Promise<void> {
  expect(await connection.fetchVal('SELECT 1')).toBe(1);
}

const EVERYTHING = `SELECT 1::int2 AS a, 2::int8 AS b, 0.5::float4 AS c, pi() AS d, true AS e,
  '\\x00ff'::bytea AS f, timestamptz '2024-02-29 12:34:56.789+00' AS g, date '2024-02-29' AS h,
  '01234567-89ab-cdef-0123-456789abcdef'::uuid AS i, '{"a": [1, null]}'::json AS j,
  '{"a": [1, null]}'::jsonb AS k, '{{1,2},{3,NULL}}'::int[] AS l, '{a,NULL,"b,c"}'::text[] AS m,
  -12.340::numeric AS n, row(1, 'x') AS o, inet '10.0.0.0/8' AS p, interval '1 month 2 days' AS q,
  int4range(1, 5) AS r, 'varchar'::varchar AS s, 'ch'::char(3) AS t, '<a/>'::xml AS u,
  b'101' AS v, 'bärry' AS w, NULL::text AS x, '' AS y, point(1, 2) AS z, 'a'::"char" AS "A",
  'text longer than what is cut out of a run of many texts, ${'x'.repeat(200)}' AS "B"`;

test('the rows are those of an ordinary query', async () => {
  const expected = await connection.fetchRow(EVERYTHING);
  const rows = [];
  for await (const row of connection.copyRecordsFromQuery(EVERYTHING)) rows.push(row);
  expect(rows).toEqual([expected]);
});

test('a column whose type has no known binary form makes it an ordinary query', async () => {
  const rows = [];
  const query = "SELECT 'pg_class'::regclass AS a, $1::int AS b";
  for await (const row of connection.copyRecordsFromQuery(query, 5)) rows.push(row);
  expect(rows).toEqual([{ a: 'pg_class', b: 5 }]);
});

test('no rows, or no columns', async () => {
  for await (const _ of connection.copyRecordsFromQuery('SELECT 1 WHERE false')) {
    expect.unreachable();
  }
  let count = 0;
  for await (const row of connection.copyRecordsFromQuery('SELECT FROM generate_series(1, 3)')) {
    expect(row).toHaveLength(0);
    count += 1;
  }
  expect(count).toBe(3);
});

test('arguments, a query object, the sql tag, and a semicolon', async () => {
  const values = [];
  const queries = [
    connection.copyRecordsFromQuery<{ v: string }>('SELECT $1::text AS v;', "it's"),
    connection.copyRecordsFromQuery<{ v: string }>({ text: 'SELECT $1::text AS v', args: ['b'] }),
    connection.copyRecordsFromQuery<{ v: string }>(sql`SELECT ${'c'}::text AS v`),
  ];
  for (const rows of queries) for await (const { v } of rows) values.push(v);
  expect(values).toEqual(["it's", 'b', 'c']);
});

test('duplicate and strange column names', async () => {
  const query = 'SELECT 1 AS a, 2 AS a, 3 AS constructor, 4 AS __proto__, 5 AS "0"';
  for await (const row of connection.copyRecordsFromQuery(query)) {
    expect([...row]).toEqual([1, 2, 3, 4, 5]);
    expect(row.a).toBe(2);
  }
});

test('through the codecs that are set', async () => {
  await connection.setTypeCodec('numeric', {
    schema: 'pg_catalog',
    decoder: (text: string) => `<${text}>`,
  });
  for await (const row of connection.copyRecordsFromQuery(
    'SELECT 1.50 AS a, $1::numeric AS b',
    2,
  )) {
    expect(row).toEqual({ a: '<1.50>', b: '<2>' });
  }
});

test('many rows, in order, with a slow consumer', async () => {
  let expected = 1;
  const query = "SELECT n, 'text ' || n AS text FROM generate_series(1, 50000) n";
  for await (const row of connection.copyRecordsFromQuery(query)) {
    if (row.n !== expected || row.text !== `text ${expected}`) expect.unreachable(`${row.n}`);
    if (expected % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
    expected += 1;
  }
  expect(expected).toBe(50_001);
});

test('leaving the loop ends the query', async () => {
  for await (const row of connection.copyRecordsFromQuery(
    'SELECT generate_series(1, 1000000000) AS n',
  )) {
    if (row.n === 1000) break;
  }
  await expectUsable();
});

describe('inside a transaction', () => {
  const ENDLESS = 'SELECT generate_series(1, 1000000000) AS n';

  beforeEach(() => connection.execute('CREATE TEMP TABLE t (a int)'));

  async function leave(rows: AsyncIterable<{ n: number }>): Promise<void> {
    for await (const { n } of rows) if (n === 1000) break;
  }

  async function kept(): Promise<unknown> {
    return connection.fetchVal('SELECT array_agg(a ORDER BY a) FROM t');
  }

  test('leaving the loop leaves the transaction as it is', async () => {
    await connection.transaction(async (tx) => {
      // The first time BEGIN travels with it.
      await leave(tx.copyRecordsFromQuery(ENDLESS));
      await tx.execute('INSERT INTO t VALUES (1)');
      await leave(tx.copyRecordsFromQuery(ENDLESS));
      await tx.execute('INSERT INTO t VALUES (2)');
      await expect(leave(tx.copyRecordsFromQuery('SELECT 1000 AS n'))).resolves.toBeUndefined();
      await tx.transaction(async (nested) => {
        await nested.execute('INSERT INTO t VALUES (3)');
        await leave(nested.copyRecordsFromQuery(ENDLESS));
      });
      const savepoint = await tx.savepoint();
      await tx.execute('INSERT INTO t VALUES (4)');
      await leave(tx.copyRecordsFromQuery(ENDLESS));
      await savepoint.rollback();
    });
    expect(await kept()).toEqual([1, 2, 3]);
    await connection.execute('BEGIN; INSERT INTO t VALUES (5)');
    await leave(connection.copyRecordsFromQuery(ENDLESS));
    expect(await connection.execute('COMMIT')).toBe('COMMIT');
    expect(await kept()).toEqual([1, 2, 3, 5]);
  });

  test('no savepoint is left behind', async () => {
    await connection.transaction(async (tx) => {
      for (const query of [ENDLESS, 'SELECT generate_series(1, 10) AS n']) {
        await leave(tx.copyRecordsFromQuery(query));
        await expect(
          tx.transaction((nested) => nested.execute('RELEASE SAVEPOINT asyncpg_copy')),
        ).rejects.toThrow('savepoint "asyncpg_copy" does not exist');
      }
    });
  });

  test('a value that cannot be used leaves it as it is, too', async () => {
    await using strict = await connect(serverDsn(), { types: { int8: 'number' } });
    await strict.transaction(async (tx) => {
      const query = 'SELECT 9007199254740993 + n AS n FROM generate_series(0, 1000000) n';
      await expect(leave(tx.copyRecordsFromQuery(query))).rejects.toThrow('int8');
      expect(await tx.fetchVal('SELECT 1')).toBe(1);
    });
  });

  test('calls made before the loop was left fail with a COPY that was still running', async () => {
    const inserts: Promise<unknown>[] = [];
    await connection.transaction(async (tx) => {
      for await (const { n } of tx.copyRecordsFromQuery(ENDLESS)) {
        if (n % 100 === 1) inserts.push(tx.execute(`INSERT INTO t VALUES (${n})`));
        if (n === 1000) break;
      }
      const results = await Promise.allSettled(inserts);
      expect(results.every(({ status }) => status === 'rejected')).toBe(true);
      await tx.execute('INSERT INTO t VALUES (0)');
    });
    expect(await kept()).toEqual([0]);
  });

  test('calls made before the loop was left keep what a COPY that had ended let them do', async () => {
    await connection.transaction(async (tx) => {
      for await (const { n } of tx.copyRecordsFromQuery('SELECT generate_series(1, 200) AS n')) {
        // Its answer comes behind all rows.
        if (n <= 2) await tx.execute(`INSERT INTO t VALUES (${n})`);
        if (n === 150) break;
      }
    });
    expect(await kept()).toEqual([1, 2]);
  });

  test('calls made before the loop was left keep their answers, or the transaction fails', async () => {
    const inserts: Promise<unknown>[] = [];
    const transaction = connection.transaction(async (tx) => {
      const rows = tx.copyRecordsFromQuery('SELECT generate_series(1, 20000) AS n');
      for await (const { n } of rows) {
        if (n % 100 === 1) {
          const call = tx.execute(`INSERT INTO t VALUES (${n})`);
          inserts.push(
            call.then(
              () => n,
              () => null,
            ),
          );
        }
        if (n === 15_000) break;
      }
      await Promise.all(inserts);
    });
    const failed = await transaction.then(
      () => null,
      (error: unknown) => error,
    );
    // The cancel may come when the COPY has just ended, and strike a call behind it.
    if (failed !== null) {
      expect(failed).toBeInstanceOf(InFailedSQLTransactionError);
      expect(await kept()).toBeNull();
      return;
    }
    const answered = (await Promise.all(inserts)).filter((n) => n !== null);
    expect(await kept()).toEqual(answered.length === 0 ? null : answered);
  });

  test('ending it at once, or before, harms no other transaction', async () => {
    await connection.execute('BEGIN');
    const rows = connection.copyRecordsFromQuery(ENDLESS);
    expect(await rows.next()).toEqual({ n: 1 });
    const left = rows.close();
    const ended = connection.execute('ROLLBACK');
    const next = connection.transaction((tx) => tx.execute('INSERT INTO t VALUES (1)'));
    await Promise.all([left, ended, next]);
    await connection.execute('BEGIN');
    const over = connection.execute('COMMIT');
    const after = leave(connection.copyRecordsFromQuery(ENDLESS));
    await Promise.all([over, after]);
    expect(connection.isInTransaction()).toBe(false);
    expect(await kept()).toEqual([1]);
  });

  test('what fails by itself or by its time-out fails the transaction', async () => {
    for (const query of [
      { text: ENDLESS, timeout: 100 },
      'SELECT 1 / (20000 - n) AS n FROM generate_series(1, 1000000) n',
    ]) {
      const transaction = await connection.begin();
      await expect(async () => {
        for await (const _ of transaction.copyRecordsFromQuery(query)) {
          // Until it fails.
        }
      }).rejects.toThrow();
      await expect(transaction.execute('SELECT 1')).rejects.toMatchObject({ sqlstate: '25P02' });
      await transaction.rollback();
    }
  });
});

describe('an error', () => {
  test('of the query is thrown where the rows are read', async () => {
    await expect(async () => {
      for await (const _ of connection.copyRecordsFromQuery('SELECT * FROM nowhere')) {
        expect.unreachable();
      }
    }).rejects.toMatchObject({ sqlstate: '42P01', query: 'SELECT * FROM nowhere', position: 15 });
    await expectUsable();
  });

  test('in the middle comes after the rows before it', async () => {
    let count = 0;
    await expect(async () => {
      const query = 'SELECT 1 / (20000 - n) FROM generate_series(1, 1000000) n';
      for await (const _ of connection.copyRecordsFromQuery(query)) count += 1;
    }).rejects.toBeInstanceOf(PostgresError);
    expect(count).toBeGreaterThan(10_000);
    await expectUsable();
  });

  test('of a value that cannot be decoded, names its column and leaves the connection usable', async () => {
    await using strict = await connect(serverDsn(), { types: { int8: 'number' } });
    await expect(async () => {
      const query = 'SELECT 9007199254740993 + n AS big FROM generate_series(0, 1000000) n';
      for await (const _ of strict.copyRecordsFromQuery(query)) expect.unreachable();
    }).rejects.toThrow('big');
    expect(await strict.fetchVal('SELECT 1')).toBe(1);
  });

  test('of an argument', async () => {
    await expect(async () => {
      for await (const _ of connection.copyRecordsFromQuery('SELECT $1::int', 'x')) {
        expect.unreachable();
      }
    }).rejects.toMatchObject({ name: 'InvalidArgumentError' });
    await expectUsable();
  });

  test('of a statement that COPY cannot take', async () => {
    await expect(async () => {
      for await (const _ of connection.copyRecordsFromQuery('SHOW server_version')) {
        expect.unreachable();
      }
    }).rejects.toBeInstanceOf(PostgresError);
    await expectUsable();
  });
});

test('a time-out holds for the preparation and for the rows', async () => {
  for (const text of [
    'SELECT pg_sleep(10)',
    'SELECT pg_sleep(0.01) FROM generate_series(1, 10000)',
  ]) {
    await expect(async () => {
      for await (const _ of connection.copyRecordsFromQuery({ text, timeout: 150 })) {
        // Until the time is over.
      }
    }).rejects.toMatchObject({ name: 'TimeoutError' });
    await expectUsable();
  }
});

test('a million rows leave no more memory in use than a few of them', async () => {
  const read = async (count: number): Promise<number> => {
    let rows = 0;
    const query = `SELECT n, 'the name of the thing number ' || n AS name FROM generate_series(1, ${count}) n`;
    for await (const _ of connection.copyRecordsFromQuery(query)) rows += 1;
    return rows;
  };
  await read(200_000);
  const before = process.memoryUsage.rss();
  expect(await read(1_000_000)).toBe(1_000_000);
  expect(process.memoryUsage.rss() - before).toBeLessThan(128 * 1024 * 1024);
});

test('own types in an anonymous record are known from the second call on', async () => {
  await connection.execute("CREATE TYPE pg_temp.mood AS ENUM ('sad', 'ok')");
  const query = "SELECT row(1, 'ok'::pg_temp.mood) AS r FROM generate_series(1, 3)";
  const read = async (): Promise<unknown[]> => {
    const rows = [];
    for await (const row of connection.copyRecordsFromQuery(query)) rows.push(row.r);
    return rows;
  };
  await expect(read()).rejects.toThrow(OutdatedSchemaCacheError);
  const pid = connection.serverPid;
  expect(await read()).toEqual(Array(3).fill([1, 'ok']));
  expect(connection.serverPid).toBe(pid);
  await expectUsable();
});

test('a composite that another session has changed is read as it is now', async () => {
  await using other = await connect(serverDsn());
  await other.execute(`CREATE TYPE copied_pair AS (a int, b int);
    CREATE TABLE copied_pairs (p copied_pair); INSERT INTO copied_pairs VALUES ((1, 2))`);
  onTestFinished(async () => {
    await using last = await connect(serverDsn());
    await last.execute('DROP TABLE copied_pairs; DROP TYPE copied_pair');
  });
  const read = async (): Promise<unknown[]> => {
    const rows = [];
    for await (const row of connection.copyRecordsFromQuery('SELECT p FROM copied_pairs')) {
      rows.push(row.p);
    }
    return rows;
  };
  expect(await read()).toEqual([{ a: 1, b: 2 }]);
  await other.execute('ALTER TYPE copied_pair ADD ATTRIBUTE c int CASCADE');
  expect(await read()).toEqual([{ a: 1, b: 2, c: null }]);
  await expectUsable();
});
