// What must hold everywhere: a short walk through the public surface, for a runtime or whatever stands
// in for a server. Plain JavaScript without newer syntax, so that each runtime reads the file itself.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';

/**
 * The checks by name. They are given what the package exports, and what `connect` and `createPool` take.
 *
 * @param {Pick<typeof import('../../dist/index.js'), 'createPool' | 'sql'>} asyncpg
 * @param {string | undefined} dsn
 * @param {import('../../dist/index.js').ConnectOptions} options
 * @returns {[string, (connection: import('../../dist/index.js').Connection) => Promise<void>][]}
 */
export const checksOf = ({ createPool, sql }, dsn, options = {}) => [
  [
    'values go there and back',
    async (connection) => {
      const when = new Date('2024-02-29T12:34:56.789Z');
      const row = await connection.fetchRow(
        'SELECT $1::int4 AS i, $2::int8 AS big, $3::float8 AS f, $4::text AS t, $5::bool AS b, ' +
          '$6::numeric AS n, $7::timestamptz AS at, $8::jsonb AS j, $9::bytea AS raw, ' +
          '$10::int4[] AS list, $11::uuid AS id, $12::text AS nothing',
        ...[-7, 2n ** 62n, 0.1, 'grüße 🐘', true, '1234567890.0123456789', when],
        ...[{ a: [1, null] }, Buffer.from([0, 255]), [1, null, 3]],
        ...['6ba7b810-9dad-11d1-80b4-00c04fd430c8', null],
      );
      assert.equal(row.i, -7);
      assert.equal(row.big, 2n ** 62n);
      assert.equal(row.f, 0.1);
      assert.equal(row.t, 'grüße 🐘');
      assert.equal(row.b, true);
      assert.equal(row.n, '1234567890.0123456789');
      assert.equal(row.at.getTime(), when.getTime());
      assert.deepEqual(row.j, { a: [1, null] });
      assert.deepEqual([...row.raw], [0, 255]);
      assert.deepEqual([...row.list], [1, null, 3]);
      assert.equal(row.id, '6ba7b810-9dad-11d1-80b4-00c04fd430c8');
      assert.equal(row.nothing, null);
      assert.equal(row.length, 12);
    },
  ],
  [
    'a row is a dict and a tuple at once',
    async (connection) => {
      const row = await connection.fetchRow("SELECT 1 AS id, 'x' AS name");
      assert.equal(row.name, 'x');
      assert.equal(row[0], 1);
      assert.deepEqual([...row], [1, 'x']);
      assert.deepEqual(Object.keys(row), ['id', 'name']);
      assert.equal(JSON.stringify(row), '{"id":1,"name":"x"}');
      assert.deepEqual({ ...row }, { id: 1, name: 'x' });
    },
  ],
  [
    'many rows arrive whole and in order',
    async (connection) => {
      const rows = await connection.fetch(
        'SELECT g, repeat(g::text, 20) FROM generate_series(1, 20000) g',
      );
      assert.equal(rows.length, 20_000);
      assert.ok(rows.every((row, index) => row[0] === index + 1));
      assert.equal(rows[19_999][1], '20000'.repeat(20));
    },
  ],
  [
    'queries made at once share the connection and keep their order',
    async (connection) => {
      const numbers = Array.from({ length: 200 }, (_, index) => index);
      const values = await Promise.all(
        numbers.map((n) => connection.fetchVal('SELECT $1::int4', n)),
      );
      assert.deepEqual(values, numbers);
    },
  ],
  [
    'the sql tag keeps values apart from the text',
    async (connection) => {
      const evil = "'; DROP TABLE t; --";
      assert.equal(await connection.fetchVal(sql`SELECT ${evil}::text`), evil);
    },
  ],
  [
    'command tags are told',
    async (connection) => {
      await connection.execute('CREATE TEMP TABLE tags (n int4)');
      assert.equal(
        await connection.execute('INSERT INTO tags SELECT generate_series(1, 3)'),
        'INSERT 0 3',
      );
      await connection.executeMany('INSERT INTO tags VALUES ($1)', [[4], [5]]);
      assert.equal(await connection.fetchVal('SELECT count(*) FROM tags'), 5n);
    },
  ],
  [
    'a server error has its fields, and the connection goes on',
    async (connection) => {
      await connection.execute('CREATE TEMP TABLE keys (n int4 PRIMARY KEY)');
      await connection.execute('INSERT INTO keys VALUES (1)');
      const error = await connection
        .execute('INSERT INTO keys VALUES (1)')
        .catch((reason) => reason);
      assert.equal(error.name, 'UniqueViolationError');
      assert.equal(error.sqlstate, '23505');
      assert.equal(error.constraintName, 'keys_pkey');
      assert.equal(await connection.fetchVal('SELECT 1'), 1);
    },
  ],
  [
    'a wrong argument is refused before anything is sent',
    async (connection) => {
      const error = await connection.fetchVal('SELECT $1::int4', 1.5).catch((reason) => reason);
      assert.equal(error.name, 'InvalidArgumentError');
      assert.match(error.message, /\$1/);
      assert.equal(await connection.fetchVal('SELECT 1'), 1);
    },
  ],
  [
    'a transaction commits, and rolls back when its function throws',
    async (connection) => {
      await connection.execute('CREATE TEMP TABLE deeds (n int4)');
      await connection.transaction(async (tx) => {
        await tx.execute('INSERT INTO deeds VALUES (1)');
      });
      const failure = new Error('no');
      const error = await connection
        .transaction(async (tx) => {
          await tx.execute('INSERT INTO deeds VALUES (2)');
          throw failure;
        })
        .catch((reason) => reason);
      assert.equal(error, failure);
      assert.deepEqual(
        (await connection.fetch('SELECT n FROM deeds')).map((row) => row.n),
        [1],
      );
    },
  ],
  [
    'a prepared statement and a stream',
    async (connection) => {
      const statement = await connection.prepare('SELECT $1::int4 + $2::int4');
      assert.equal(await statement.fetchVal(2, 3), 5);
      await statement.close();
      let sum = 0;
      for await (const row of connection.stream('SELECT g FROM generate_series(1, 1000) g'))
        sum += row.g;
      assert.equal(sum, 500_500);
    },
  ],
  [
    'COPY goes both ways',
    async (connection) => {
      await connection.execute('CREATE TEMP TABLE goods (id int4, name text)');
      const source = [Buffer.from('1\tone\n2\tt'), Buffer.from('wo\n')];
      assert.equal(await connection.copyToTable('goods', { source }), 'COPY 2');
      const records = [
        [3, 'three'],
        [4, null],
      ];
      assert.equal(await connection.copyRecordsToTable('goods', { records }), 'COPY 2');
      const chunks = [];
      const output = (chunk) => {
        chunks.push(Buffer.from(chunk));
      };
      const query = 'SELECT * FROM goods ORDER BY id';
      assert.equal(await connection.copyFromQuery(query, { output, format: 'csv' }), 'COPY 4');
      assert.equal(Buffer.concat(chunks).toString('utf8'), '1,one\n2,two\n3,three\n4,\n');
    },
  ],
  [
    'a notification reaches its listener',
    async (connection) => {
      const arrived = new Promise((resolve) => {
        connection.addListener('news', resolve).then(() => connection.notify('news', 'hello'));
      });
      const { channel, payload, pid } = await arrived;
      assert.deepEqual(
        { channel, payload, pid },
        { channel: 'news', payload: 'hello', pid: connection.serverPid },
      );
    },
  ],
  [
    'an aborted query is cancelled and the connection goes on',
    async (connection) => {
      const controller = new AbortController();
      const query = connection.execute({ text: 'SELECT pg_sleep(600)', signal: controller.signal });
      setTimeout(() => controller.abort(), 100);
      await assert.rejects(query, { name: 'AbortError' });
      assert.equal(await connection.fetchVal('SELECT 1'), 1);
    },
  ],
  [
    'a pool shares its connections and closes',
    async () => {
      const pool = await createPool(dsn, { ...options, minSize: 1, maxSize: 3 });
      const numbers = Array.from({ length: 50 }, (_, index) => index);
      const values = await Promise.all(numbers.map((n) => pool.fetchVal('SELECT $1::int4', n)));
      assert.deepEqual(values, numbers);
      assert.ok(pool.size <= 3);
      const pid = await pool.withConnection((connection) =>
        connection.fetchVal('SELECT pg_backend_pid()'),
      );
      assert.equal(typeof pid, 'number');
      await pool.close();
    },
  ],
];
