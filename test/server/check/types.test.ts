import { describe, expect, it } from 'vitest';
import { Project } from '../../check/project.ts';
import { serverDsn } from '../../support/servers/server.ts';

const SCHEMA = `
  CREATE TYPE mood AS ENUM ('low', 'high');
  CREATE TABLE users (
    id int8 PRIMARY KEY, email text NOT NULL, nick text, settings jsonb NOT NULL, mood mood NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE orders (id int8 PRIMARY KEY, user_id int8 NOT NULL REFERENCES users, total numeric);
  CREATE TABLE lists (tags text[] NOT NULL);
  CREATE VIEW active AS SELECT id, settings AS s FROM users;
`;

const CONFIG = `export default {
  schema: ['schema.sql'],
  columns: { 'users.settings': 'Settings', 'public.users.id': 'UserId' },
};`;

const PLAIN = "export default { schema: ['schema.sql'] };";

/** What is written of these queries, by their text. */
async function typesOf(
  texts: readonly string[],
  config = CONFIG,
  files: Readonly<Record<string, string>> = {},
): Promise<Record<string, string | undefined>> {
  await using project = await Project.make({
    'schema.sql': SCHEMA,
    ...files,
    'asyncpg.config.mjs': config,
    'a.ts': texts.map((text) => `db.fetch(${JSON.stringify(text)});`).join('\n'),
  });
  expect(await project.check()).toMatchObject({ code: 0, err: '' });
  const out = files['src/options.mjs'] === undefined ? 'queries.gen.d.ts' : 'src/queries.gen.d.ts';
  const lines = (await project.read(out)).split('\n');
  const typeOf = (text: string): string | undefined => {
    const start = `    ${JSON.stringify(text)}: `;
    return lines.find((line) => line.startsWith(start))?.slice(start.length, -1);
  };
  return Object.fromEntries(texts.map((text) => [text, typeOf(text)]));
}

describe('the types of queries', () => {
  it('have what was declared of a column wherever its values go', async () => {
    const rows = {
      'SELECT settings, id FROM users': '{ settings: Settings; id: UserId }',
      'SELECT s FROM active': '{ s: Settings }',
      'SELECT a.s FROM orders o LEFT JOIN active a ON a.id = o.user_id': '{ s: Settings | null }',
      'WITH x AS (SELECT settings AS y FROM users) SELECT max(id) AS id FROM users, x':
        '{ id: UserId | null }',
      'SELECT array_agg(id) AS ids FROM users GROUP BY email': '{ ids: (UserId | null)[] }',
      "SELECT json_build_object('id', id, 'mood', mood, 'settings', settings, 'at', created_at, 'nick', nick) AS doc FROM users":
        "{ doc: { id: number; mood: 'low' | 'high'; settings: Settings; at: string; nick: string | null } }",
      'SELECT u.id, (SELECT json_agg(o) FROM orders o WHERE o.user_id = u.id) AS orders FROM users u':
        '{ id: UserId; orders: ({ id: number; user_id: number; total: number | null })[] | null }',
      "SELECT coalesce(jsonb_agg(jsonb_build_object('t', total)), '[]') AS list FROM orders":
        '{ list: ({ t: number | null })[] }',
      'SELECT id + 1 AS next, settings::text AS text FROM users': '{ next: bigint; text: string }',
      'SELECT id FROM users UNION ALL SELECT user_id FROM orders': '{ id: bigint }',
    };
    const types = await typesOf(Object.keys(rows));
    for (const [text, row] of Object.entries(rows)) {
      expect(/ row: (.*); first: /.exec(types[text] ?? '')?.[1]).toBe(row);
    }
    const insert = 'INSERT INTO users (id, email, settings, mood) VALUES ($1, $2, $3, $4)';
    const update = 'UPDATE users SET nick = $2 WHERE id = $1';
    const args = await typesOf([insert, update]);
    expect(args[insert]).toContain(
      "args: [id: UserId, email: string, settings: Settings, mood: 'low' | 'high']",
    );
    expect(args[update]).toContain('args: [id: UserId, nick: string | null]');
  });

  it('take for an array what is read from its column', async () => {
    const insert = 'INSERT INTO lists (tags) VALUES ($1)';
    const update = 'UPDATE lists SET tags = $1 WHERE tags = $2 OR $3 = ANY ($4)';
    const patch = 'UPDATE lists SET tags = coalesce($1, tags)';
    const find = 'SELECT FROM lists WHERE tags = coalesce($1, tags) AND tags IS DISTINCT FROM $2';
    const args = await typesOf([insert, update, patch, find], PLAIN);
    expect(args[insert]).toContain('args: [tags: readonly (string | null)[]]');
    // An array is equal to one that has NULLs at the same places; by `ANY` a NULL matches nothing.
    expect(args[update]).toContain(
      'args: [tags: readonly (string | null)[], tags_: readonly (string | null)[], $3: string, $4: readonly (string)[]]',
    );
    expect(args[patch]).toContain('args: [tags: readonly (string | null)[] | null]');
    expect(args[find]).toContain(
      'args: [tags: readonly (string | null)[] | null, tags_: readonly (string | null)[] | null]',
    );
  });

  it('are told of reports made in many steps, each of many columns', async () => {
    const columns = Array.from({ length: 10 }, (_, index) => `c${index}`);
    const list = columns.join(', ');
    const first = `s0 AS (SELECT ${columns.map((name, index) => `${index} AS ${name}`).join(', ')})`;
    const steps = Array.from({ length: 20 }, (_, step) => {
      const before = `SELECT ${list} FROM s${step}`;
      const again = `SELECT ${columns.map((name) => `${name} + 1`).join(', ')} FROM s${step + 1}`;
      return `s${step + 1} AS (${before}${step % 4 === 3 ? ` UNION ALL ${again} WHERE c0 < 3` : ''})`;
    });
    const text = `WITH RECURSIVE ${[first, ...steps].join(', ')} SELECT ${list} FROM s20`;
    const conditions = Array.from({ length: 300 }, (_, index) => `nick <> '${index}'`).join(
      ' AND ',
    );
    const long = `SELECT ${conditions} AS x FROM users`;
    const types = await typesOf([text, long], PLAIN);
    expect(types[text]).toContain(
      `row: { ${columns.map((name) => `${name}: number`).join('; ')} }`,
    );
    expect(types[long]).toContain('row: { x: boolean | null }');
  });

  it('have no reserved word as the name of an argument', async () => {
    const text = 'SELECT 1 FROM (VALUES (1, 2)) v (class, "2 é") WHERE class = $1 AND "2 é" = $2';
    await using project = await Project.make({
      'schema.sql': '',
      'a.ts': `db.fetch(${JSON.stringify(text)});`,
    });
    expect(await project.check('--database', serverDsn())).toMatchObject({ code: 0, err: '' });
    expect(await project.read('queries.gen.d.ts')).toContain(
      '{ args: [class_: number | bigint, _2__: number | bigint]; ',
    );
  });

  it('take NULL for an argument where it is meant to be given', async () => {
    const id = 'id: bigint | number';
    const wanted = {
      'UPDATE users SET nick = CASE WHEN $2 THEN $3 ELSE nick END WHERE id = $1': `${id}, $2: boolean, nick: string | null`,
      "INSERT INTO users (id, email, nick) VALUES ($1, lower($2), NULLIF(btrim($3), ''))": `${id}, email: string, nick: string | null`,
      'UPDATE users SET email = CASE WHEN $2 THEN $3 ELSE email END WHERE id = $1': `${id}, $2: boolean, email: string`,
      'SELECT id FROM users WHERE (created_at, id) < ($1, $2)': `created_at: Date | string, ${id}`,
      // An array that goes through unnest has what goes into the column, and a document that is taken apart has not.
      'INSERT INTO users (id, email, nick) SELECT i, i::text, n FROM unnest($1::int8[], $2::text[]) u (i, n)':
        'ids: readonly (bigint | number)[], nicks: readonly (string | null)[]',
      'INSERT INTO users (id, email) SELECT i, e FROM jsonb_to_recordset($1::jsonb) u (i int8, e text)':
        '$1: unknown',
      'INSERT INTO users (id, email) SELECT i, $3 FROM generate_series($1::int8, $2) i':
        '$1: bigint | number, $2: bigint | number, email: string',
      // By a function of one's own, if it is called for NULL and is no formula.
      'SELECT given($1, $2)': 'a: number | bigint | null, b: string | null',
      'CALL done($1)': 'a: number | bigint | null',
      'SELECT strictly($1)': 'a: number | bigint',
      'SELECT formula($1)': 'a: number | bigint',
    };
    const schema = `${SCHEMA}
      CREATE FUNCTION given(a int, b text) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
      CREATE FUNCTION strictly(a int) RETURNS int LANGUAGE plpgsql STRICT AS 'BEGIN RETURN 1; END';
      CREATE FUNCTION formula(a int) RETURNS int LANGUAGE sql RETURN a + 1;
      CREATE PROCEDURE done(a int) LANGUAGE plpgsql AS 'BEGIN END';`;
    const types = await typesOf(Object.keys(wanted), PLAIN, { 'schema.sql': schema });
    for (const [text, args] of Object.entries(wanted)) {
      expect(types[text]).toContain(`{ args: [${args}]; `);
    }
  });

  it('follow rows without a type of their own into JSON', async () => {
    const user = '{ id: number; nick: string | null }';
    const rows = {
      "SELECT to_json(ROW(id, nick)) AS x, json_build_object('r', ROW(1, true)) AS y FROM users":
        '{ x: { f1: number; f2: string | null }; y: { r: { f1: number; f2: boolean } } }',
      'SELECT row_to_json((SELECT r FROM (SELECT u.id, u.nick) r)) AS x FROM users u': `{ x: ${user} }`,
      'WITH c AS (SELECT id, nick FROM users) SELECT json_agg(c) AS x FROM c': `{ x: (${user})[] | null }`,
      'WITH c AS (SELECT id, nick FROM users) SELECT to_jsonb(c) AS x FROM c': `{ x: ${user} }`,
      'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3) SELECT json_agg(c) AS x FROM c':
        '{ x: ({ n: number })[] | null }',
      'WITH d AS (DELETE FROM users RETURNING id, nick) SELECT json_agg(d) AS x FROM d': `{ x: (${user})[] | null }`,
      'SELECT json_agg(t) AS x FROM (SELECT id FROM users UNION SELECT user_id FROM orders) t':
        '{ x: ({ id: number })[] | null }',
      "SELECT json_agg(t) AS x FROM (VALUES (1, 'a')) t (a, b)":
        '{ x: ({ a: number; b: string })[] | null }',
      'SELECT json_agg(t) AS x FROM (SELECT id AS a, nick AS a FROM users) t':
        '{ x: ({ a: string | null })[] | null }',
      'SELECT json_agg(o) FILTER (WHERE o.id IS NOT NULL) AS x FROM users u LEFT JOIN orders o ON o.user_id = u.id':
        '{ x: ({ id: number; user_id: number; total: number | null })[] | null }',
      "SELECT json_agg(x) AS x FROM jsonb_each('{}') x": '{ x: (unknown)[] | null }',
      'SELECT to_json(array[row(1)]) AS x': '{ x: unknown }',
    };
    const types = await typesOf(Object.keys(rows), PLAIN);
    for (const [text, row] of Object.entries(rows)) {
      expect(/ row: (.*); first: /.exec(types[text] ?? '')?.[1]).toBe(row);
    }
  });

  it('are what JSON makes of a value, not what the driver does', async () => {
    const rows = {
      'SELECT to_json(1::oid) AS x, to_json(id) AS id FROM users': '{ x: string; id: number }',
      // hstore has a cast to JSON, by which it becomes an object.
      "SELECT json_build_object('h', ''::hstore, 'c', 'a'::citext) AS x":
        '{ x: { h: unknown; c: string } }',
      "SELECT jsonb_build_object('a', 1, 'a', 'x') AS x": '{ x: { a: string } }',
    };
    const types = await typesOf(
      Object.keys(rows),
      "export default { schema: ['schema.sql'], extensions: ['citext', 'hstore'] };",
    );
    for (const [text, row] of Object.entries(rows)) {
      expect(/ row: (.*); first: /.exec(types[text] ?? '')?.[1]).toBe(row);
    }
  });

  it('are those of a codec, where it is one of JSON', async () => {
    const text = "SELECT jsonb_build_object('a', 1) AS b, json_build_object('a', 1) AS j";
    const config = "export default { schema: ['schema.sql'], codecs: { jsonb: 'Doc' } };";
    expect((await typesOf([text], config))[text]).toContain('row: { b: Doc; j: { a: number } }');
  });

  it("are an enum's labels in JSON, whatever its codec makes of them", async () => {
    const text = "SELECT mood, json_build_object('m', mood, 'ms', ARRAY[mood]) AS j FROM users";
    const config = "export default { schema: ['schema.sql'], codecs: { mood: 'Mood' } };";
    const labels = "'low' | 'high'";
    expect((await typesOf([text], config))[text]).toContain(
      `row: { mood: Mood; j: { m: ${labels}; ms: (${labels} | null)[] } }`,
    );
  });

  it('cannot be declared for a column that there is not', async () => {
    await using project = await Project.make({
      'asyncpg.config.mjs':
        "export default { schema: ['schema.sql'], columns: { 'users.setings': 'Settings', users: 'U' } };",
      'schema.sql': SCHEMA,
    });
    const { code, err } = await project.check();
    expect(code).toBe(2);
    expect(err).toContain('columns: there is no users.setings, users in the database');
  });

  it('are of all that may take the place of a document', async () => {
    const document = "jsonb_build_object('a', id)";
    const rows = {
      [`SELECT lag(${document}, 1, '{}') OVER (ORDER BY id) AS x FROM users`]: '{ x: unknown }',
      [`SELECT lag(${document}, 1, jsonb_build_object('a', 0::int8)) OVER (ORDER BY id) AS x FROM users`]:
        '{ x: { a: number } }',
      [`SELECT coalesce((SELECT ${document} FROM users LIMIT 1), '[]') AS x`]: '{ x: unknown }',
      [`SELECT coalesce((SELECT ${document} FROM users LIMIT 1), '[]'::json::jsonb) AS x`]:
        '{ x: unknown }',
      [`SELECT coalesce((SELECT jsonb_agg(${document}) FROM users), '[]') AS x`]:
        '{ x: ({ a: number })[] }',
      "WITH RECURSIVE c AS (SELECT jsonb_build_object('a', 1) AS d, 1 AS n UNION ALL SELECT jsonb_build_object('b', 2), n + 1 FROM c WHERE n < 3) SELECT d FROM c":
        '{ d: unknown }',
      "WITH RECURSIVE c AS (SELECT jsonb_build_object('a', 1) AS d, 1 AS n UNION ALL SELECT d, n + 1 FROM c WHERE n < 3) SELECT d FROM c":
        '{ d: { a: number } }',
    };
    const types = await typesOf(Object.keys(rows), PLAIN);
    for (const [text, row] of Object.entries(rows)) {
      expect(/ row: (.*); first: /.exec(types[text] ?? '')?.[1]).toBe(row);
    }
  });

  it('are nested where a query makes arrays of arrays', async () => {
    const rows = {
      'SELECT ARRAY[[1, 2], [3, 4]] AS x': '{ x: ((number | null)[])[] }',
      'SELECT ARRAY[[[1]]] AS x': '{ x: (((number | null)[])[])[] }',
      'SELECT ARRAY(SELECT array_agg(nick) FROM users GROUP BY id) AS x':
        '{ x: ((string | null)[])[] }',
      'SELECT array_agg(a) AS x FROM (SELECT array_agg(nick) AS a FROM users GROUP BY id) t':
        '{ x: ((string | null)[])[] | null }',
      'SELECT to_json(ARRAY[[1], [2]]) AS x': '{ x: ((number | null)[])[] }',
      'SELECT array_agg(ROW(id, nick)) AS x FROM users': '{ x: (unknown[] | null)[] | null }',
      'SELECT ARRAY(SELECT indkey FROM pg_index) AS x': '{ x: ((number | null)[] | null)[] }',
    };
    const types = await typesOf(Object.keys(rows), PLAIN);
    for (const [text, row] of Object.entries(rows)) {
      expect(/ row: (.*); first: /.exec(types[text] ?? '')?.[1]).toBe(row);
    }
  });

  it('believe what a comment says of NULL', async () => {
    const rows = {
      'SELECT nick /* not null */, email /* null */, id FROM users':
        '{ nick: string; email: string | null; id: UserId }',
      'SELECT max(id) /* not null */ AS id, max(email) AS email FROM users':
        '{ id: UserId; email: string | null }',
      'SELECT s.n FROM (SELECT sum(total) OVER (ORDER BY id) AS n /* not null */ FROM orders) s':
        '{ n: string }',
      "SELECT 'é/* not null */' AS a, nick FROM users /* not null */":
        '{ a: string; nick: string | null }',
      'SELECT (SELECT o.total FROM orders o WHERE o.id = u.id) /* NOT NULL */ AS t FROM users u':
        '{ t: string }',
      'SELECT u.* /* not null */ FROM (SELECT nick FROM users) u': '{ nick: string }',
    };
    const types = await typesOf(Object.keys(rows));
    for (const [text, row] of Object.entries(rows)) expect(types[text]).toContain(`row: ${row};`);
  });

  it('tell where there is one row for certain', async () => {
    const ones = [
      'SELECT count(*) FROM users',
      'SELECT max(id) FROM users WHERE id > 3',
      'SELECT 1 AS one',
      'SELECT * FROM (SELECT count(*) FROM users) s',
      'INSERT INTO orders (id, user_id) VALUES (1, 1) RETURNING id',
    ];
    const others = [
      'SELECT id FROM users',
      'SELECT count(*) FROM users GROUP BY id',
      'SELECT count(*) FROM users HAVING count(*) > 1',
      'SELECT 1 AS one WHERE false',
      'SELECT count(*) FROM users LIMIT $1',
      'INSERT INTO orders (id, user_id) VALUES (1, 1) ON CONFLICT DO NOTHING RETURNING id',
      'INSERT INTO orders (id, user_id) SELECT id, id FROM users RETURNING id',
      'UPDATE users SET nick = NULL RETURNING id',
    ];
    const types = await typesOf([...ones, ...others]);
    for (const text of ones) expect(types[text]).toMatch(/; one: true \}$/);
    for (const text of others) expect(types[text]).not.toContain('one: true');
  });

  it("follow the program's transform, types and codecs", async () => {
    const config = `export default {
      schema: ['schema.sql'],
      transform: { column: (name) => name.replaceAll(/_(\\w)/g, (_, c) => c.toUpperCase()) },
      types: { int8: 'number', datetime: 'string' }, codecs: { numeric: 'Money' },
    };`;
    const text = 'SELECT created_at, user_id, total FROM orders JOIN users USING (id)';
    expect((await typesOf([text], config))[text]).toBe(
      '{ args: []; row: { createdAt: string; userId: number; total: Money | null }; first: string }',
    );
  });

  it('find columns in the lists of sql by a transform without an inverse', async () => {
    const transform = '{ column: (name) => name.replaceAll(/_(\\w)/g, (_, c) => c.toUpperCase()) }';
    await using project = await Project.make({
      'schema.sql': SCHEMA,
      'asyncpg.config.mjs': `export default { schema: ['schema.sql'], transform: ${transform} };`,
      'a.ts': `db.fetch(sql\`SELECT \${sql.columns(['createdAt', 'userId'])} FROM orders JOIN users USING (id)\`);`,
    });
    expect(await project.check()).toMatchObject({ code: 0, err: '' });
    await project.write({
      'a.ts': "db.fetch(sql`SELECT ${sql.columns(['madeAt'])} FROM orders`);",
    });
    expect(await project.check()).toMatchObject({
      code: 1,
      out: expect.stringContaining('madeAt'),
    });
  });

  it("are those of the program's own options", async () => {
    const text =
      'SELECT id, total, ARRAY[total] AS list, mood, 1 AS one FROM orders, users WHERE total > $1 AND orders.id > $2';
    const options = `
      export const types = { int8: 'number' };
      export const codecs = {
        numeric: { schema: 'pg_catalog', decoder: Number, encoder: String },
        // What is written goes by the type itself; and no schema is public.
        int8: { schema: 'pg_catalog', decoder: Number },
        int4: { decoder: Boolean },
        mood: { schema: 'elsewhere', decoder: Number, encoder: String },
      };`;
    const config = "export default { schema: ['schema.sql'], program: './src/options.mjs' };";
    const files = { 'src/options.mjs': options };
    const codec = `(typeof import("./options.mjs"))['codecs']["numeric"]`;
    const money = `ReturnType<${codec}['decoder']>`;
    const id = `ReturnType<${codec.replace('numeric', 'int8')}['decoder']>`;
    const types = await typesOf([text.replace('id,', 'orders.id,')], config, files);
    expect(Object.values(types)).toEqual([
      `{ args: [total: Parameters<${codec}['encoder']>[0], id: bigint | number]; row: { id: ${id}; total: ${money}; ` +
        `list: (${money} | null)[]; mood: 'low' | 'high'; one: number }; first: ${id} }`,
    ]);
  });

  it("are those of a domain's codec, also of a domain made of it, where the driver can tell", async () => {
    const options = `
      export const codecs = { email: { decoder: (text) => ({ text }), encoder: ({ text }) => text } };`;
    const files = {
      'schema.sql': `CREATE DOMAIN email AS text; CREATE DOMAIN work_email AS email; CREATE DOMAIN other AS text;
        CREATE TABLE mails (e email NOT NULL, w work_email NOT NULL, ws work_email[] NOT NULL, o other NOT NULL);`,
      'src/options.mjs': options,
    };
    const config = "export default { schema: ['schema.sql'], program: './src/options.mjs' };";
    const text =
      'SELECT e, w, ws, o, w AS "W", e::text AS t, max(e) AS m, ws[1] AS s, (SELECT w FROM mails) AS sub FROM mails GROUP BY e, w, ws, o';
    const mail = `ReturnType<(typeof import("./options.mjs"))['codecs']["email"]['decoder']>`;
    const types = await typesOf([text], config, files);
    expect(Object.values(types)).toEqual([
      `{ args: []; row: { e: ${mail}; w: ${mail}; ws: (${mail} | null)[]; o: string; W: ${mail}; t: string; ` +
        `m: string; s: ${mail} | null; sub: ${mail} | null }; first: ${mail} }`,
    ]);
  });
});
