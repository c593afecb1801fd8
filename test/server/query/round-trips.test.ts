import { expect, it } from 'vitest';
import { sql } from '../../../src/index.ts';
import { describeEach, open } from '../../support/connections.ts';
import { CountingDial } from '../../support/counting-dial.ts';

describeEach('round trips', (version) => {
  async function counted(options: Parameters<typeof open>[1] = {}) {
    const flights = new CountingDial();
    const connection = await open(version, { ...options, dial: flights.dial });
    flights.take();
    return { connection, flights };
  }

  it('takes two flights for a first query and one from then on', async () => {
    const { connection, flights } = await counted();
    await connection.fetch('SELECT $1::int4', 1);
    expect(flights.take()).toBe(2);
    await connection.fetch('SELECT $1::int4', 2);
    expect(flights.take()).toBe(1);
    await connection.fetchRow('SELECT $1::int4', 2);
    await connection.fetchVal('SELECT $1::int4', 2);
    await connection.execute('SELECT $1::int4', 2);
    expect(flights.take()).toBe(3);
  });

  it('takes one flight for a script', async () => {
    const { connection, flights } = await counted();
    await connection.execute('SELECT 1; SELECT 2; SELECT 3');
    expect(flights.take()).toBe(1);
  });

  it('sends all calls of one turn in one flight', async () => {
    const { connection, flights } = await counted();
    await connection.fetchVal('SELECT $1::int4', 0);
    flights.take();
    const calls = Array.from({ length: 200 }, (_, i) => connection.fetchVal('SELECT $1::int4', i));
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 200 }, (_, i) => i));
    expect(flights.take()).toBe(1);
  });

  it('sends BEGIN along with the first statement of a transaction', async () => {
    const { connection, flights } = await counted();
    await connection.fetchVal('SELECT $1::int4', 0);
    flights.take();
    await connection.transaction((tx) => tx.fetchVal('SELECT $1::int4', 1));
    expect(flights.take()).toBe(2);
    await connection.transaction({ isolation: 'serializable', readOnly: true }, (tx) =>
      tx.execute('SELECT 1'),
    );
    expect(flights.take()).toBe(2);
  });

  it('sends nothing for a transaction without a statement', async () => {
    const { connection, flights } = await counted();
    await connection.transaction(async () => {});
    await connection.transaction(async () => Promise.reject(new Error('no'))).catch(() => {});
    expect(flights.take()).toBe(0);
  });

  it('sends SAVEPOINT along with the first statement of a nested transaction', async () => {
    const { connection, flights } = await counted();
    await connection.fetchVal('SELECT $1::int4', 0);
    await connection.transaction(async (tx) => {
      await tx.fetchVal('SELECT $1::int4', 1);
      flights.take();
      await tx.transaction((inner) => inner.fetchVal('SELECT $1::int4', 2));
      expect(flights.take()).toBe(2);
    });
  });

  it('takes two flights for a batch whose statements are new, and one from then on', async () => {
    const { connection, flights } = await counted();
    const queries = Array.from(
      { length: 10 },
      (_, i) => sql`SELECT ${i}::int4 AS ${sql.id(`c${i}`)}`,
    );
    expect(await connection.batch(queries)).toHaveLength(10);
    expect(flights.take()).toBe(2);
    await connection.batch(queries);
    expect(flights.take()).toBe(1);
  });

  it('takes one flight for executeMany, once it is prepared', async () => {
    const { connection, flights } = await counted();
    const sets = Array.from({ length: 100 }, (_, i) => [i]);
    await connection.executeMany('SELECT $1::int4', sets);
    expect(flights.take()).toBe(2);
    await connection.executeMany('SELECT $1::int4', sets);
    expect(flights.take()).toBe(1);
    expect(await connection.fetchMany('SELECT $1::int4', sets)).toHaveLength(100);
    expect(flights.take()).toBe(1);
  });

  it('takes one flight for an unnamed statement once its types are known', async () => {
    const { connection, flights } = await counted({ statementCacheSize: 0 });
    await connection.fetch('SELECT $1::int4', 1);
    expect(flights.take()).toBe(2);
    await connection.fetch('SELECT $1::int4', 2);
    expect(flights.take()).toBe(1);
    await connection.batch([sql`SELECT ${1}::int4`, sql`SELECT ${'a'}::text`]);
    expect(flights.take()).toBe(2);
    await connection.batch([sql`SELECT ${1}::int4`, sql`SELECT ${'a'}::text`]);
    expect(flights.take()).toBe(1);
    await connection.executeMany('SELECT $1::int4', [[1], [2]]);
    expect(flights.take()).toBe(1);
  });

  it('takes one flight for a query that is not to be prepared, once its types are known', async () => {
    const { connection, flights } = await counted();
    const query = { text: 'SELECT $1::int4', args: [1], prepare: false };
    await connection.fetch(query);
    expect(flights.take()).toBe(2);
    expect(await connection.fetchVal(query)).toBe(1);
    expect(flights.take()).toBe(1);
    expect(await connection.fetchVal('SELECT count(*) FROM pg_prepared_statements')).toBe(1n);
  });

  it('lets Close of an evicted statement ride along', async () => {
    const { connection, flights } = await counted({ statementCacheSize: 1 });
    await connection.fetch('SELECT 1');
    await connection.fetch('SELECT 2');
    flights.take();
    await connection.fetch('SELECT 3');
    expect(flights.take()).toBe(2);
  });

  it('takes one flight more for the first query with a type of the user', async () => {
    const { connection, flights } = await counted();
    await connection.execute('CREATE TEMP TABLE t (a int4, b text)');
    flights.take();
    await connection.fetch('SELECT t FROM t');
    expect(flights.take()).toBe(3);
    await connection.fetch('SELECT t FROM t');
    expect(flights.take()).toBe(1);
  });

  it('takes one flight for COPY out and two for COPY in', async () => {
    const { connection, flights } = await counted();
    await connection.execute('CREATE TEMP TABLE t (a int4)');
    flights.take();
    await connection.copyToTable('t', { source: ['1\n2\n'] });
    expect(flights.take()).toBe(2);
    const chunks: Buffer[] = [];
    await connection.copyFromTable('t', { output: (chunk: Buffer) => void chunks.push(chunk) });
    expect(flights.take()).toBe(1);
    expect(Buffer.concat(chunks).toString()).toBe('1\n2\n');
  });

  it('takes one flight more for each thing that a COPY has to ask first', async () => {
    const { connection, flights } = await counted();
    await connection.execute('CREATE TEMP TABLE t (a int4)');
    flights.take();
    // The columns; the statement; the data.
    await connection.copyRecordsToTable('t', { records: [[1], [2]] });
    expect(flights.take()).toBe(3);
    // The parameters; their quoted values; the statement.
    const query = { text: 'SELECT a FROM t WHERE a < $1', args: [2] };
    await connection.copyFromQuery(query, { output: () => {} });
    expect(flights.take()).toBe(3);
    for await (const row of connection.copyRecordsFromQuery(query)) expect(row).toEqual({ a: 1 });
    expect(flights.take()).toBe(3);
  });

  it('takes one flight for each step of a cursor', async () => {
    const { connection, flights } = await counted();
    await connection.transaction(async (tx) => {
      await tx.fetch('SELECT generate_series(1, 10)');
      const cursor = connection.cursor('SELECT generate_series(1, 10)');
      flights.take();
      await cursor.fetch(3);
      await cursor.fetch(3);
      expect(flights.take()).toBe(2);
      await cursor.close();
      expect(flights.take()).toBe(1);
    });
  });
});
