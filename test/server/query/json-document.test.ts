import { expect, it } from 'vitest';
import { InvalidArgumentError, sql } from '../../../src/index.ts';
import { describeEach, failure, open } from '../../support/connections.ts';

const VALUES = [
  null,
  'text',
  '{"a": 1}',
  5,
  true,
  [1, null],
  { a: { b: [2] } },
  2n ** 60n,
  new Date(0),
];

describeEach('sql.json', (version) => {
  it.each(['json', 'jsonb'])('is a document for %s, null and strings included', async (type) => {
    const c = await open(version);
    for (const value of VALUES) {
      const text = await c.fetchVal(`SELECT ($1::${type})::text`, sql.json(value));
      const expected = typeof value === 'bigint' ? String(value) : JSON.stringify(value);
      expect(text.replaceAll(' ', '')).toBe(expected.replaceAll(' ', ''));
    }
    expect(await c.fetchVal(`SELECT ${type}_typeof($1)`, sql.json(null))).toBe('null');
    expect(await c.fetchVal(`SELECT $1::${type} IS NULL`, null)).toBe(true);
  });

  it('is its text for text, and stands in arrays, in templates and in records', async () => {
    const c = await open(version);
    expect(await c.fetchVal('SELECT $1::text', sql.json({ a: 'x' }))).toBe('{"a":"x"}');
    expect(await c.fetchVal('SELECT $1::varchar', sql.json(null))).toBe('null');
    expect(
      await c.fetchVal('SELECT ARRAY(SELECT jsonb_typeof(x) FROM unnest($1::jsonb[]) AS x)', [
        sql.json(null),
        sql.json('a'),
        sql.json([]),
      ]),
    ).toEqual(['null', 'string', 'array']);
    expect(await c.fetchOne(sql`SELECT ${sql.json([1])}::jsonb AS a`)).toEqual({ a: [1] });
    await c.execute('CREATE TEMPORARY TABLE j (a jsonb, b json, c text)');
    await c.copyRecordsToTable('j', {
      records: [
        [sql.json(null), sql.json('b'), sql.json({ c: 1 })],
        [null, null, null],
      ],
    });
    await c.executeMany('INSERT INTO j VALUES ($1, $2, $3)', [
      [sql.json('x'), sql.json(null), sql.json(2)],
    ]);
    expect(await c.fetch('SELECT a::text, b::text, c FROM j')).toEqual([
      { a: 'null', b: '"b"', c: '{"c":1}' },
      { a: null, b: null, c: null },
      { a: '"x"', b: 'null', c: '2' },
    ]);
  });

  it('is a document where json is read as text as well', async () => {
    const c = await open(version, { types: { json: 'text' } });
    expect(await c.fetchVal('SELECT $1::jsonb', sql.json('x'))).toBe('"x"');
    expect(await c.fetchVal('SELECT $1::jsonb', sql.json(null))).toBe('null');
  });

  it.each(['text', 'binary'] as const)(
    'gives its value to a codec of json, in %s',
    async (format) => {
      const c = await open(version);
      const encode = (value: unknown): string => JSON.stringify({ own: value instanceof Map });
      const encoder = format === 'text' ? encode : (value: unknown) => Buffer.from(encode(value));
      await c.setTypeCodec('json', { schema: 'pg_catalog', format, encoder });
      expect(await c.fetchVal('SELECT $1::json', sql.json(new Map()))).toEqual({ own: true });
      expect(await c.fetchVal('SELECT $1::json[]', [sql.json(null)])).toEqual([{ own: false }]);
    },
  );

  it('gives its value to the codec of a domain over json, and its text to one of text', async () => {
    const c = await open(version);
    await c.execute(`CREATE DOMAIN pg_temp.document AS jsonb; CREATE DOMAIN pg_temp.inner_document AS pg_temp.document;
      CREATE DOMAIN pg_temp.words AS text; CREATE TYPE pg_temp.pair AS (a int4, b int4)`);
    const schema = await c.fetchVal<string>(
      'SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()',
    );
    const given: unknown[] = [];
    const encoder = (value: unknown): string => {
      given.push(value);
      return typeof value === 'string' ? value : JSON.stringify(value);
    };
    for (const name of ['document', 'inner_document', 'words', 'pair']) {
      await c.setTypeCodec(name, { schema: schema!, encoder });
    }
    for (const name of ['text', 'int4']) {
      await c.setTypeCodec(name, { schema: 'pg_catalog', encoder });
    }
    const value = { a: 1 };
    for (const type of ['document', 'inner_document', 'words']) {
      await c.fetchVal(`SELECT $1::pg_temp.${type}`, sql.json(value));
    }
    await c.fetchVal('SELECT $1::pg_temp.document[]', [sql.json(value)]);
    await c.fetchVal('SELECT $1::text', sql.json(value));
    expect(given).toEqual([value, value, '{"a":1}', value, '{"a":1}']);
    for (const type of ['int4', 'pg_temp.pair']) {
      const error = await failure(c.fetchVal(`SELECT $1::${type}`, sql.json(5)));
      expect(error).toBeInstanceOf(InvalidArgumentError);
    }
    expect(given).toHaveLength(5);
  });

  it('is refused for other types and for what has no JSON form, before anything is sent', async () => {
    const c = await open(version);
    expect(await failure(c.fetchVal('SELECT $1::int4', sql.json(5)))).toBeInstanceOf(
      InvalidArgumentError,
    );
    expect(await failure(c.fetchVal('SELECT $1::jsonb', sql.json(Number.NaN)))).toMatchObject({
      message: expect.stringContaining('$1 (jsonb): NaN has no JSON form'),
    });
    expect(() => sql.json(undefined)).toThrow(InvalidArgumentError);
  });
});
