import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  BitString,
  type Connection,
  Interval,
  InvalidArgumentError,
  Range,
  sql,
} from '../../../src/index.ts';
import { collector, connectWithThreeGoods, expectUsable } from '../../support/copy.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

let connection: Connection;
const folder = temporaryFolder();

beforeEach(async () => {
  connection = await connectWithThreeGoods();
});
afterEach(() => connection.close());

async function copied(query: Parameters<Connection['copyFromQuery']>[0]): Promise<string> {
  const { output, text } = collector();
  await connection.copyFromQuery(query, { output });
  return text();
}

describe('the arguments of a query', () => {
  test.each<[string, unknown, string, string]>([
    ['text', 'it\'s \\ $1 "', "SELECT $1 || '$1'", 'it\'s \\\\ $1 "$1\n'],
    ['null', null, 'SELECT $1::int IS NULL', 't\n'],
    ['int4', -5, 'SELECT 3 - $1::int', '8\n'],
    ['int8', 2n ** 62n, 'SELECT $1::int8', '4611686018427387904\n'],
    ['numeric', '-0.50', 'SELECT -$1::numeric', '0.50\n'],
    ['float8', 0.1 + 0.2, 'SELECT $1::float8', '0.30000000000000004\n'],
    ['NaN', Number.NaN, 'SELECT $1::float8', 'NaN\n'],
    ['bool', false, 'SELECT NOT $1', 't\n'],
    ['bytea', Buffer.from([0, 1, 255]), "SELECT encode($1, 'hex')", '0001ff\n'],
    ['an array', [1, null, 3], 'SELECT ($1::int[])[3], $1[1]', '3\t1\n'],
    [
      'a text array',
      ['a"b', 'c,d', "e'f"],
      "SELECT $1::text[] = ARRAY['a\"b', 'c,d', 'e''f']",
      't\n',
    ],
    ['jsonb', { a: "'" }, "SELECT $1::jsonb->>'a'", "'\n"],
    ['a date', '2024-02-29', 'SELECT $1::date + 1', '2024-03-01\n'],
    [
      'an interval',
      new Interval({ months: 1, days: 0, microseconds: 0n }),
      "SELECT date '2024-01-31' + $1::interval",
      '2024-02-29 00:00:00\n',
    ],
    ['a range', new Range(1, 5), 'SELECT upper($1::int4range)', '5\n'],
    [
      'bits',
      new BitString('1011'),
      "SELECT length(b) FROM (SELECT * FROM (SELECT b'1011'::bit(4)) v(b)) w WHERE b = $1",
      '4\n',
    ],
    ['char', 'abc', "SELECT 'ok' WHERE 'abc'::char(3) = $1", 'ok\n'],
    [
      'char, blanks at its end included',
      'a  ',
      "SELECT '<' || format('%s', $1::bpchar) || '>'",
      '<a  >\n',
    ],
    ['"char"', 'f', "SELECT 'a' WHERE 'f'::\"char\" = $1", 'a\n'],
  ])('of type %s', async (_, arg, text, expected) => {
    expect(await copied({ text, args: [arg] })).toBe(expected);
  });

  test('many at once, in any order, with comments and strings between them', async () => {
    const text = `SELECT $2::int, '$1', $1 /* $3 */, "$3" -- $1
      FROM (SELECT $3::text AS "$3") _ -- the end;
      ;`;
    expect(await copied({ text, args: ['a', 2, "c'"] })).toBe("2\t$1\ta\tc'\n");
  });

  test('of more than 832, which is as many as a select list could hold in pairs', async () => {
    const args = Array.from({ length: 1500 }, (_, index) => index);
    const sum = args.map((_, index) => `$${index + 1}::int`).join(' + ');
    expect(await copied({ text: `SELECT ${sum}`, args })).toBe(`${(1499 * 1500) / 2}\n`);
  });

  test('of the sql tag', async () => {
    expect(await copied(sql`SELECT name FROM goods WHERE id = ${2} AND name = ${'bärry'}`)).toBe(
      'bärry\n',
    );
  });

  test('with standard_conforming_strings off', async () => {
    await connection.execute(
      'SET standard_conforming_strings = off; SET escape_string_warning = off',
    );
    expect(await copied({ text: "SELECT '\\'$1', $1", args: ["a\\b'c"] })).toBe("'$1\ta\\\\b'c\n");
  });

  test('with array_nulls off, a NULL in an array is no string', async () => {
    await connection.execute(`CREATE TEMP TABLE pairs (a int, b text[]);
      CREATE DOMAIN pg_temp.words AS text[]; SET array_nulls = off`);
    const query = (text: string, ...args: unknown[]) => copied({ text, args });
    expect(await query('SELECT ($1::text[])[1] IS NULL, $1', [null, 'NULL', "'"])).toBe(
      't\t{NULL,"NULL",\'}\n',
    );
    expect(await query('SELECT $1::int[], $2::text', [1, null], 'null')).toBe('{1,NULL}\tnull\n');
    expect(await query('SELECT $1::text[], $2::text[]', null, [])).toBe('\\N\t{}\n');
    expect(await query('SELECT $1::text[]', [['null'], ['b']])).toBe('{{"null"},{b}}\n');
    expect(await query('SELECT $1::bpchar[]', [null, 'a '])).toBe('{NULL,"a "}\n');
    expect(await query('SELECT $1::pg_temp.pairs[]', [{ a: 1, b: ['null'] }, null])).toBe(
      '{"(1,\\\\"{\\\\"\\\\"null\\\\"\\\\"}\\\\")",NULL}\n',
    );
    const { output } = collector();
    for (const [type, value] of [
      ['text[]', [['a'], [null]]],
      ['pg_temp.pairs', { a: 1, b: [null] }],
      ['pg_temp.pairs[]', [{ a: 1, b: [null] }]],
      ['pg_temp.words', [null]],
    ]) {
      const refused = { text: `SELECT $1::${type}`, args: [value] };
      const copying = connection.copyFromQuery(refused, { output });
      await expect(copying, `${type}`).rejects.toBeInstanceOf(InvalidArgumentError);
    }
    expect(await connection.fetchVal('SHOW array_nulls')).toBe('off');
  });

  test('are exact whatever the session prints, and its settings stay', async () => {
    await connection.execute(`SET extra_float_digits = -5; SET DateStyle = 'SQL, DMY';
      SET TimeZone = 'Asia/Kolkata'`);
    const moment = new Date('2024-02-03T00:00:00Z');
    const text = `SELECT $1 = 0.1::float8 + 0.2::float8, ($2::float8[])[1] = 1::float8 / 3,
      extract(epoch FROM $3::timestamptz)::int8, $4::date`;
    const args = [0.1 + 0.2, [1 / 3], moment, '2024-02-03'];
    const expected = `t\tt\t${moment.getTime() / 1000}\t03/02/2024\n`;
    expect(await copied({ text, args })).toBe(expected);
    await connection.transaction(async (tx) => {
      await tx.execute("SET LOCAL DateStyle = 'German'; SET extra_float_digits = -7");
      const { output, text: result } = collector();
      await tx.copyFromQuery({ text: 'SELECT $1::date', args: ['2024-02-03'] }, { output });
      expect(result()).toBe('03.02.2024\n');
      expect(await tx.fetchVal('SHOW extra_float_digits')).toBe('-7');
    });
    expect(await connection.fetchVal('SHOW DateStyle')).toBe('SQL, DMY');
    expect(await connection.fetchVal('SHOW extra_float_digits')).toBe('-7');
  });

  test('of a user’s types, in a schema that is not on the search_path', async () => {
    await connection.execute(`CREATE SCHEMA "my types"; CREATE TYPE "my types"."Mood" AS ENUM ('it''s fine');
      CREATE DOMAIN "my types".small AS int CHECK (VALUE < 10)`);
    try {
      expect(
        await copied({
          text: 'SELECT $1::"my types"."Mood", $2::"my types".small + 1',
          args: ["it's fine", 5],
        }),
      ).toBe("it's fine\t6\n");
    } finally {
      await connection.execute('DROP SCHEMA "my types" CASCADE');
    }
  });

  test('through the codecs that are set, which are no concern of our own queries', async () => {
    await connection.setTypeCodec('text', {
      schema: 'pg_catalog',
      encoder: (text: string) => `<${text}>`,
      decoder: () => 'nonsense',
    });
    expect(await copied({ text: 'SELECT $1::text', args: ['a'] })).toBe('<a>\n');
  });

  test('too few, too many or wrong are refused', async () => {
    const { output } = collector();
    for (const args of [[1, 2, 3], [1]]) {
      await expect(
        connection.copyFromQuery({ text: 'SELECT $1::int, $2::int', args }, { output }),
      ).rejects.toMatchObject({ name: 'InterfaceError' });
    }
    await expect(
      connection.copyFromQuery({ text: 'SELECT $1::int, $2::int', args: [1, 'x'] }, { output }),
    ).rejects.toBeInstanceOf(InvalidArgumentError);
    await expect(
      connection.copyFromQuery({ text: 'SELEC $1', args: [1] }, { output }),
    ).rejects.toMatchObject({ sqlstate: '42601', query: 'SELEC $1', position: 1 });
    await expectUsable(connection);
  });
});

test('a query may end in a semicolon or a comment', async () => {
  expect(await copied('SELECT 1; -- one')).toBe('1\n');
  expect(await copied('SELECT 1 -- one')).toBe('1\n');
  expect(await copied('VALUES (1), (2) /* two */ ;;')).toBe('1\n2\n');
  expect(await copied('DELETE FROM goods WHERE id > 1 RETURNING id')).toBe('2\n3\n');
});

test('several statements are refused, whatever brackets stand in them, and none is executed', async () => {
  const { output } = collector();
  const texts = [
    'SELECT 1; DELETE FROM goods',
    'SELECT 1) TO STDOUT; DELETE FROM goods; COPY (SELECT 1',
  ];
  for (const text of texts) {
    await expect(connection.copyFromQuery(text, { output })).rejects.toThrow(InvalidArgumentError);
  }
  await connection.execute(
    'SET standard_conforming_strings = off; SET escape_string_warning = off',
  );
  expect(await copied("SELECT '\\';' || 1")).toBe("';1\n");
  const hidden = "SELECT '\\'' ) TO STDOUT; DELETE FROM goods; COPY (SELECT ''";
  await expect(connection.copyFromQuery(hidden, { output })).rejects.toThrow(InvalidArgumentError);
  expect(await connection.fetchVal('SELECT count(*) FROM goods')).toBe(3n);
});

test('calls reach the server in the order in which they were made', async () => {
  await connection.execute('CREATE TEMP SEQUENCE turn');
  const { output, text } = collector();
  const file = path.join(folder, 'order');
  const [, , third] = await Promise.all([
    connection.copyFromQuery("SELECT nextval('turn')", { output: file }),
    connection.copyFromQuery({ text: "SELECT nextval('turn') + $1", args: [0n] }, { output }),
    connection.fetchVal("SELECT nextval('turn')"),
  ]);
  expect([await readFile(file, 'utf8'), text(), third]).toEqual(['1\n', '2\n', 3n]);
});
