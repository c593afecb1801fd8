import { describe, expect, it } from 'vitest';
import { Project } from '../../check/project.ts';
import { serverDsn } from '../../support/servers/server.ts';

const SCHEMA = `
  CREATE TABLE users (id int8 PRIMARY KEY, email text NOT NULL, seen timestamp);
  CREATE TABLE orders (id int8 PRIMARY KEY, user_id int8 REFERENCES users, total numeric);
  CREATE INDEX ON users (email);
  CREATE SCHEMA "Own";
  CREATE TABLE "Own".notes (id int8 PRIMARY KEY, body text);
`;

describe('the rules of asyncpg check', () => {
  it('find what is often not meant, where they are on', async () => {
    const queries = [
      "db.fetch('SELECT * FROM users WHERE email = $1');",
      "db.fetch('SELECT o.id, u.* FROM users u JOIN orders o ON o.user_id = u.id');",
      "db.fetch('SELECT count(*) FROM users WHERE EXISTS (SELECT * FROM orders)');",
      "db.execute('DELETE FROM orders');",
      "db.execute('WITH d AS (UPDATE orders SET total = 0 RETURNING id) SELECT id FROM d');",
      "db.execute('DELETE FROM orders WHERE true');",
      "db.execute('/* check: allow write-without-where */ DELETE FROM orders');",
      "db.fetch('SELECT seen FROM users WHERE id = $1');",
      "db.fetch('SELECT id FROM orders WHERE user_id = $1');",
      "db.fetch('SELECT u.id FROM users u JOIN orders o ON o.user_id = u.id WHERE u.email = $1');",
      "for (const id of ids) await db.fetch('SELECT email FROM users WHERE id = $1', id);",
      "for (const id of ids) list.push(() => db.fetch('SELECT id FROM users WHERE id = $1', id));",
      `db.fetch('SELECT id FROM "Own".notes WHERE body = $1');`,
      "db.fetch(sql`SELECT u.id FROM ${sql.unnest(['id'], ['int8'])} u`);",
      // Four variants, in three of which it is the same table: told once.
      'db.fetch(sql`SELECT id FROM orders WHERE true ${a ? sql`AND user_id = ${a}` : sql``} ${b ? sql`AND total = ${b}` : sql``}`);',
    ];
    const files = { 'schema.sql': SCHEMA, 'a.ts': queries.join('\n') };
    await using project = await Project.make(files);
    expect(await project.check()).toMatchObject({
      code: 0,
      out: expect.stringContaining('no errors'),
    });
    await project.write({
      'asyncpg.config.mjs': `export default { schema: ['schema.sql'], rules: {
        'select-star': 'warning', 'write-without-where': 'error', 'lossy-type': 'warning',
        'missing-index': 'warning', 'queries-in-loop': 'warning' } };`,
    });
    const { code, out } = await project.check('--format', 'json');
    expect(code).toBe(1);
    const findings = JSON.parse(out).findings as { line: number; column: number; code: string }[];
    expect(findings.map(({ line, column, code: rule }) => `${line}:${column} ${rule}`)).toEqual([
      '1:18 select-star',
      '1:10 lossy-type',
      '2:24 select-star',
      '2:10 lossy-type',
      '4:12 write-without-where',
      '5:12 write-without-where',
      '8:10 lossy-type',
      '9:10 missing-index',
      '11:38 queries-in-loop',
      '13:10 missing-index',
      '15:10 missing-index',
    ]);
  });

  it('are named in the configuration', async () => {
    await using project = await Project.make({
      'schema.sql': '',
      'asyncpg.config.mjs': "export default { schema: ['schema.sql'], rules: { none: 'error' } };",
    });
    expect(await project.check()).toMatchObject({
      code: 2,
      err: expect.stringContaining('rules.none is no rule: missing-index, '),
    });
  });
});

it('a template that only the program knows is let pass where a comment says that it is meant', async () => {
  await using project = await Project.make({
    'asyncpg.config.mjs': "export default { schema: ['schema.sql'], strict: true };",
    'schema.sql': 'CREATE TABLE notes (id int, body text)',
    'a.ts': [
      "import { sql } from 'asyncpg';",
      'db.execute(sql`UPDATE notes /* check: allow not-checked */ SET ${sql.set(changes)} WHERE id = ${id}`);',
      'db.execute(sql`UPDATE notes SET ${sql.set(changes)} WHERE id = ${id}`);',
      'db.execute(sql`DELETE FROM notes WHERE ${sql.and(parts)} /* check: allow not-checked */`);',
    ].join('\n'),
  });
  const { code, out } = await project.check();
  expect(code).toBe(1);
  expect([...out.matchAll(/^a\.ts\((\d+),.*not-checked/gm)].map(([, line]) => line)).toEqual([
    '3',
    '4',
  ]);
});

it.each([
  'const order = orderBy(key); declare function orderBy(key: string): SqlFragment; db.fetch(sql`SELECT 1 % ORDER BY ${order}`);',
  'db.fetch(sql`SELECT 1 % WHERE ${old ? sql`a = ${sql.id(name)}` : sql`true`}`);',
  'db.fetch(`SELECT 1 % FROM ${table}`);',
  "db.fetch('SELECT 1 % FROM ' + table);",
  "let text = 'SELECT 1 %'; text += ' FROM ' + table; db.fetch(text);",
])('let a query pass that only the program knows, wherever that is known: %s', async (source) => {
  await using project = await Project.make({
    'asyncpg.config.mjs': 'export default { schema: [], strict: true };',
    'a.ts': source.replace('%', ''),
  });
  const run = ['--database', serverDsn()];
  const { code, out } = await project.check(...run);
  expect(out).toMatch(/^a\.ts\(1,\d+\): error not-checked: /);
  expect(code).toBe(1);
  await project.write({ 'a.ts': source.replace('%', '/* check: allow not-checked */') });
  expect(await project.check(...run)).toMatchObject({ code: 0, err: '' });
});
