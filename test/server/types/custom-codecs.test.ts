/** Codecs of users: set on a connection, declared for all of a pool, taken back. */
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  createPool,
  InvalidArgumentError,
  InvalidTextRepresentationError,
  sql,
} from '../../../src/index.ts';
import { hasServer } from '../../support/servers/server.ts';
import { echo, useCodecSchema } from './codec-schema.ts';

const SCHEMA = 'custom_codecs';

const EXTENSIONS = 'CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree';

describe.each([15, 18] as const)('PostgreSQL %d', (version) => {
  describe.runIf(hasServer(version))('codecs', () => {
    const { dsn, open, asOwner, wrapping } = useCodecSchema(version, SCHEMA, EXTENSIONS);

    test('in text hold for an enum and for all that is made of it', async () => {
      const db = await open();
      await db.setTypeCodec('mood', wrapping);
      const ok = { wrapped: 'ok' };
      expect(await echo(db, 'mood', ok)).toEqual(ok);
      expect(await echo(db, 'mood[]', [ok, null])).toEqual([ok, null]);
      expect(await echo(db, 'mood[]', [[ok], [ok]])).toEqual([[ok], [ok]]);
      expect(await echo(db, 'mood_domain', ok)).toEqual(ok);
      expect(await echo(db, 'mood_domain[]', [ok])).toEqual([ok]);
      const holder = { m: ok, ms: [ok], p: { a: 1, b: 'x' }, d: null };
      expect(await echo(db, 'holder', holder)).toEqual(holder);
      expect(await echo(db, 'holder[]', [holder])).toEqual([holder]);
      const range = await db.fetchVal("SELECT '[sad,ok]'::mood_range");
      expect(range.upper).toEqual(ok);
      expect(await echo(db, 'mood_range', range)).toEqual(range);
      const [row] = await db.fetch("SELECT ROW('ok'::mood) AS r");
      expect(row!['r'][0]).toEqual(ok);
    });

    test('hold for COPY in both directions and for many sets of arguments', async () => {
      const db = await open();
      await db.setTypeCodec('mood', wrapping);
      await db.setTypeCodec('int4', {
        schema: 'pg_catalog',
        encoder: (value: string) => String(Number.parseInt(value, 16)),
        decoder: (text: string) => Number(text).toString(16),
      });
      await db.execute('CREATE TEMP TABLE t (n int4, m mood, h holder, ns int4[])');
      const ok = { wrapped: 'ok' };
      const holder = { m: ok, ms: [ok], p: { a: 'ff', b: 'x' }, d: null };
      const records = [['ff', ok, holder, ['a', null]]];
      await db.copyRecordsToTable('t', { records });
      await db.executeMany('INSERT INTO t VALUES ($1, $2, $3, $4)', records);
      expect(await db.fetchVal('SELECT sum(n)::text FROM t')).toBe('510');
      const rows = [];
      for await (const row of db.copyRecordsFromQuery('SELECT * FROM t')) rows.push([...row]);
      expect(rows).toEqual([...records, ...records]);
    });

    test('in text give COPY whatever the type itself would read', async () => {
      const db = await open();
      const schema = 'pg_catalog';
      await db.setTypeCodec('numeric', { schema, encoder: (value: string) => value });
      await db.setTypeCodec('date', { schema, encoder: (value: string) => value });
      await db.execute('CREATE TEMP TABLE lax (n numeric, ns numeric[], d date, t text)');
      const values = ['1.5e3', [' +1000 ', null], '03/01/2024', 'a\tb\\.'];
      await db.copyRecordsToTable('lax', { records: [values] });
      await db.execute('INSERT INTO lax VALUES ($1, $2, $3, $4)', ...values);
      const row = { n: '1500', ns: ['1000', null], d: '2024-03-01', t: 'a\tb\\.' };
      expect(await db.fetch('SELECT * FROM lax')).toEqual([row, row]);
    });

    test.each([
      {},
      { int8: 'number', numeric: 'number' },
      { datetime: 'string', json: 'text' },
    ] as const)('of a composite lose nothing of its fields on any road, with %o', async (types) => {
      const db = await open({ types });
      await db.execute(`
        CREATE TYPE precise AS (at timestamptz, n int8, j jsonb, x numeric, m mood);
        CREATE TYPE around AS (p precise, k int4);
        CREATE TEMP TABLE precise_table (p precise, ps precise[], a around);
      `);
      onTestFinished(() => asOwner('DROP TYPE precise, around CASCADE').then(() => {}));
      await db.setTypeCodec('mood', { schema: SCHEMA, decoder: () => Symbol('not a text') });
      await db.setTypeCodec('precise', wrapping);
      const wrapped = `("2024-01-01 00:00:00.123456+00",9007199254740993,"{""a"": 12345678901234567890}",1.50,ok)`;
      const value = { wrapped };
      const records = [[value, [value], { p: value, k: 1 }]];
      await db.copyRecordsToTable('precise_table', { records });
      await db.executeMany('INSERT INTO precise_table VALUES ($1, $2, $3)', records);
      expect(
        await db.fetchVal('SELECT count(*)::int4 FROM precise_table WHERE p::text = $1', wrapped),
      ).toBe(2);
      const select = 'SELECT p, ps, a, ROW(p) AS r FROM precise_table LIMIT 1';
      const expected = { p: value, ps: [value], a: { p: value, k: 1 }, r: [value] };
      expect(await db.fetchRow(select)).toEqual(expected);
      for await (const row of db.copyRecordsFromQuery(select)) expect(row).toEqual(expected);
    });

    test('in text are refused where bytes are needed and only PostgreSQL can read the text', async () => {
      const db = await open();
      const schema = 'pg_catalog';
      await db.setTypeCodec('int4', { schema, encoder: (value: string) => value });
      // Written in binary alone, and with it the whole COPY.
      const encoder = (): Buffer => Buffer.alloc(4);
      await db.setTypeCodec('hstore', { schema: SCHEMA, format: 'binary', encoder });
      await db.execute('CREATE TEMP TABLE mixed (n int4, h hstore)');
      await db.copyRecordsToTable('mixed', { records: [['16', {}]] });
      expect(await db.fetch('SELECT * FROM mixed')).toEqual([{ n: 16, h: '' }]);
      const call = db.copyRecordsToTable('mixed', { records: [['+16', null]] });
      await expect(call).rejects.toThrow(
        'row 0, column "n" (int4): the encoder of int4 returned a text that only PostgreSQL can read',
      );
      expect(await db.fetchVal('SELECT 7')).toBe(7);
    });

    test('in binary of which only the encoder is set leave results as they are', async () => {
      const db = await open();
      const encoder = (): Buffer => Buffer.alloc(4);
      await db.setTypeCodec('hstore', { schema: SCHEMA, format: 'binary', encoder });
      await db.execute('CREATE TYPE tagged AS (h hstore, n int4)');
      onTestFinished(() => asOwner('DROP TYPE tagged').then(() => {}));
      const select = `
        SELECT h, ARRAY[h] AS hs, ROW(h, 1)::tagged AS t, ARRAY[ROW(h, 1)::tagged] AS ts
        FROM (SELECT 'a=>1'::hstore AS h)`;
      const h = '"a"=>"1"';
      const expected = { h, hs: [h], t: { h, n: 1 }, ts: [{ h, n: 1 }] };
      expect(await db.fetchRow(`${select} AS s`)).toEqual(expected);
      for await (const row of db.copyRecordsFromQuery(`${select} AS s`)) {
        expect(row).toEqual(expected);
      }
      // Fields of a record come in binary, which nothing reads: the call fails, the session goes on.
      const call = db.fetchVal("SELECT ROW('a=>1'::hstore)");
      await expect(call).rejects.toThrow("the type's codec has no decoder for this format");
      expect(await db.fetchVal('SELECT 7')).toBe(7);
    });

    test('in binary of which only the decoder is set leave COPY the text', async () => {
      const db = await open();
      const decoder = (bytes: Buffer): number => bytes.readInt32BE();
      await db.setTypeCodec('hstore', { schema: SCHEMA, format: 'binary', decoder });
      await db.execute('CREATE TEMP TABLE read_only (n int4, h hstore, hs hstore[])');
      const records = [[16, 'a=>1,b=>2', ['a=>1', null]]];
      await db.copyRecordsToTable('read_only', { records });
      expect(await db.fetch('SELECT * FROM read_only')).toEqual([{ n: 16, h: 2, hs: [1, null] }]);
    });

    test('in binary exchange bytes', async () => {
      const db = await open();
      await db.setTypeCodec('uuid', {
        schema: 'pg_catalog',
        format: 'binary',
        encoder: (value: bigint) => Buffer.from(value.toString(16).padStart(32, '0'), 'hex'),
        decoder: (bytes: Buffer) => BigInt(`0x${bytes.toString('hex')}`),
      });
      const max = 2n ** 128n - 1n;
      expect(await echo(db, 'uuid[]', [1n, max, null])).toEqual([1n, max, null]);
      expect(await db.fetchVal('SELECT ($1::uuid)::text', max)).toBe(
        'ffffffff-ffff-ffff-ffff-ffffffffffff',
      );
    });

    test.each([
      ['date', "'2000-01-03'", [2], '2000-01-03'],
      ['date', "'-infinity'", [-(2 ** 31)], '-infinity'],
      ['time', "'00:00:01'", [1_000_000n], '00:00:01'],
      ['timetz', "'00:00:01+05:30:15'", [1_000_000n, -19_815], '00:00:01+05:30:15'],
      ['timestamp', "'2000-01-01 00:00:00.000001'", [1n], '2000-01-01 00:00:00.000001'],
      ['timestamptz', "'infinity'", [2n ** 63n - 1n], 'infinity'],
      ['interval', "'1 year 2 days 3 us'", [12, 2, 3n], '1 year 2 days 00:00:00.000003'],
      ['interval', "'-1 mon'", [-1, 0, 0n], '-1 mons'],
    ])('as a tuple of %s %s exchange its parts', async (type, literal, parts, text) => {
      const db = await open();
      const seen: unknown[] = [];
      await db.setTypeCodec(type, {
        schema: 'pg_catalog',
        format: 'tuple',
        encoder: (value: { parts: unknown[] }) => value.parts,
        decoder: (given: unknown[]) => {
          seen.push(given);
          return { parts: given };
        },
      });
      const value = await db.fetchVal(`SELECT ${literal}::${type}`);
      expect(seen).toEqual([parts]);
      expect(await db.fetchVal(`SELECT ($1::${type})::text`, value)).toBe(text);
      expect(await echo(db, `${type}[]`, [value, null])).toEqual([value, null]);
    });

    test('may give arrays, which are told from the dimensions of an array', async () => {
      const db = await open();
      const identity = (value: unknown): unknown => value;
      await db.setTypeCodec('date', {
        schema: 'pg_catalog',
        format: 'tuple',
        encoder: identity,
        decoder: identity,
      });
      for (const literal of ['{2000-01-02,NULL,2000-01-03}', '{{2000-01-02},{2000-01-03}}', '{}']) {
        const dates = await db.fetchVal(`SELECT '${literal}'::date[]`);
        expect(await db.fetchVal('SELECT $1::date[]::text', dates)).toBe(literal);
      }
      expect(await db.fetchVal('SELECT $1::date[]::text', [[1], null])).toBe('{2000-01-02,NULL}');
      expect(await db.fetchVal('SELECT $1::date[]::text', [[[1]], [[2]]])).toBe(
        '{{2000-01-02},{2000-01-03}}',
      );
      await db.setTypeCodec('mood', {
        schema: SCHEMA,
        encoder: ([mood]: [string]) => mood,
        decoder: (mood: string) => [mood],
      });
      const moods = await db.fetchVal("SELECT '{sad,ok}'::mood[]");
      expect(moods).toEqual([['sad'], ['ok']]);
      expect(await db.fetchVal('SELECT $1::mood[]::text', moods)).toBe('{sad,ok}');
    });

    test('as a tuple of a composite exchange its fields, decoded each', async () => {
      const db = await open();
      await db.setTypeCodec('pair', {
        schema: SCHEMA,
        format: 'tuple',
        encoder: (value: string) => [Number(value.split('/')[0]), value.split('/')[1]],
        decoder: ([a, b]: [number, string]) => `${a}/${b}`,
      });
      expect(await echo(db, 'pair', '1/x')).toBe('1/x');
      expect(await echo(db, 'pair[]', ['1/x', null])).toEqual(['1/x', null]);
      const holder = { m: null, ms: null, p: '1/x', d: null };
      expect(await echo(db, 'holder', holder)).toEqual(holder);
    });

    test('in text on a composite really apply', async () => {
      const db = await open();
      await db.setTypeCodec('pair', wrapping);
      const value = { wrapped: '(1,x)' };
      expect(await echo(db, 'pair', value)).toEqual(value);
      expect(await echo(db, 'pair[]', [value])).toEqual([value]);
    });

    test('know standard types by their SQL names', async () => {
      const db = await open();
      for (const name of [
        'double precision',
        'Character  Varying',
        'INTEGER',
        'time with time zone',
      ]) {
        await db.setTypeCodec(name, {
          schema: 'pg_catalog',
          decoder: (text: string) => `<${text}>`,
        });
        const [value] = (await db.fetchRow(`SELECT NULL::int2 IS NULL, NULL::${name}`))!;
        expect(value).toBe(true);
      }
      expect(await db.fetchVal('SELECT 1::int4')).toBe('<1>');
      expect(await db.fetchVal("SELECT 'x'::varchar")).toBe('<x>');
    });

    test('of extensions are built in', async () => {
      const db = await open();
      const plain = await db.fetchVal(`SELECT 'a=>1, b=>NULL'::hstore`);
      expect(plain).toBe('"a"=>"1", "b"=>NULL');
      expect(await echo(db, 'hstore', plain)).toBe(plain);
      const schema = SCHEMA;
      await db.setBuiltinTypeCodec('hstore', { schema, codecName: 'pg_contrib.hstore' });
      await db.setBuiltinTypeCodec('citext', { schema, codecName: 'pg_contrib.citext' });
      await db.setBuiltinTypeCodec('ltree', { schema, codecName: 'pg_contrib.ltree' });
      const value = { a: '1', b: null, __proto__x: '', 'ü"\\': '=>' };
      expect(await echo(db, 'hstore', value)).toEqual(value);
      expect(await echo(db, 'hstore[]', [value, null, {}])).toEqual([value, null, {}]);
      expect(await echo(db, 'citext', 'Abc')).toBe('Abc');
      expect(await db.fetchVal("SELECT $1::citext = 'abc'", 'ABC')).toBe(true);
      expect(await echo(db, 'ltree[]', ['a.b', null])).toEqual(['a.b', null]);
    });

    test('of built-in types serve as aliases', async () => {
      const db = await open();
      await db.execute('CREATE TYPE pg_temp.alias AS (x int4)');
      await db.setBuiltinTypeCodec('mood', { schema: SCHEMA, codecName: 'text' });
      expect(await echo(db, 'mood', 'ok')).toBe('ok');
      await db.setBuiltinTypeCodec('oid', { schema: 'pg_catalog', codecName: 'int' });
      await expect(echo(db, 'oid', 2 ** 31)).rejects.toThrow(InvalidArgumentError);
      await db.resetTypeCodec('oid', { schema: 'pg_catalog' });
      expect(await echo(db, 'oid', 2 ** 31)).toBe(2 ** 31);
    });

    test.each([
      ['pair', 'text', '(1,x)', '(2,y)'],
      ['pair', 'name', '(1,x)', '(2,y)'],
      ['pair', 'pg_contrib.citext', '(1,x)', '(2,y)'],
      ['count_domain', 'text', '5', '6'],
      ['count_domain', 'numeric', '5', '6'],
      ['count_domain', 'int8', 5n, 6n],
      ['count_domain', 'jsonb', 5, 6],
      ['count_domain', 'integer', 5, 6],
      ['mood', 'pg_contrib.ltree', 'ok', 'sad'],
      ['mood_domain', 'xml', 'ok', 'sad'],
      ['mood', 'bytea', Buffer.from('ok'), Buffer.from('sad')],
      ['count_domain', 'bytea', Buffer.of(0, 0, 0, 5), Buffer.of(0, 0, 0, 6)],
    ])('of %s read and written as %s hold in arrays and COPY as well', async (...given) => {
      const [name, codecName, value, other] = given;
      const db = await open();
      await db.setBuiltinTypeCodec(name, { schema: SCHEMA, codecName });
      expect(await echo(db, `${name}[]`, [value, null, other])).toEqual([value, null, other]);
      const [row] = await db.fetch(`SELECT ROW($1::${name}) AS r`, value);
      expect(row!['r'][0]).toEqual(value);
      await db.execute(`CREATE TEMP TABLE aliased (v ${name}, vs ${name}[])`);
      await db.copyRecordsToTable('aliased', { records: [[value, [other]]] });
      const text = 'SELECT v, vs FROM aliased';
      expect(await db.fetch(text)).toEqual([{ v: value, vs: [other] }]);
      const rows = [];
      for await (const { v, vs } of db.copyRecordsFromQuery(text)) rows.push({ v, vs });
      expect(rows).toEqual([{ v: value, vs: [other] }]);
    });

    test('of a built-in type that is read as another one hold in arrays as well', async () => {
      const db = await open();
      const schema = 'pg_catalog';
      await db.setBuiltinTypeCodec('int8', { schema, codecName: 'text' });
      expect(await echo(db, 'int8[]', ['9007199254740993', '-1'])).toEqual([
        '9007199254740993',
        '-1',
      ]);
      await db.setBuiltinTypeCodec('jsonb', { schema, codecName: 'text' });
      const document = '{"n": 12345678901234567890}';
      expect(await echo(db, 'jsonb[]', [document])).toEqual([document]);
      expect(await db.fetchVal('SELECT $1::jsonb', sql.json({ a: 1 }))).toBe('{"a": 1}');
      await expect(echo(db, 'jsonb', 'no json')).rejects.toThrow(InvalidTextRepresentationError);
    });

    test('are taken back, for all that is made of the type', async () => {
      const db = await open();
      await db.setTypeCodec('mood', wrapping);
      expect(await db.fetchVal("SELECT '{ok}'::mood[]")).toEqual([{ wrapped: 'ok' }]);
      await db.resetTypeCodec('mood', { schema: SCHEMA });
      expect(await db.fetchVal("SELECT '{ok}'::mood[]")).toEqual(['ok']);
    });

    test('outlive a reload of the schema', async () => {
      const db = await open();
      await db.setTypeCodec('mood', wrapping);
      await db.reloadSchemaState();
      expect(await db.fetchVal("SELECT 'ok'::mood")).toEqual({ wrapped: 'ok' });
    });

    test('follow a composite that gets another attribute', async () => {
      const db = await open();
      await db.execute('CREATE TYPE growing AS (a int4)');
      await db.setTypeCodec('growing', {
        schema: SCHEMA,
        format: 'tuple',
        encoder: (parts: unknown[]) => parts,
        decoder: (parts: unknown[]) => parts,
      });
      expect(await db.fetchVal("SELECT '(1)'::growing")).toEqual([1]);
      await db.execute('ALTER TYPE growing ADD ATTRIBUTE b text');
      expect(await db.fetchVal("SELECT '(1,x)'::growing")).toEqual([1, 'x']);
      expect(await echo(db, 'growing', [2, 'y'])).toEqual([2, 'y']);
      await db.execute('DROP TYPE growing');
    });

    test("do not touch the driver's own queries", async () => {
      const db = await open();
      const broken = (): never => {
        throw new Error('must not be called');
      };
      for (const name of ['oid', 'text', 'name', 'bool', 'char', 'regclass', 'int2']) {
        await db.setTypeCodec(name, { schema: 'pg_catalog', encoder: broken, decoder: broken });
      }
      await db.setTypeCodec('pair', {
        schema: SCHEMA,
        format: 'tuple',
        encoder: () => [1, null],
        decoder: ([a]: unknown[]) => a,
      });
      expect(await echo(db, 'pair', 'any')).toBe(1);
      expect(await db.fetchVal(`SELECT '(,,"(1,)",)'::holder`)).toMatchObject({ m: null, p: 1 });
      await db.execute('CREATE TEMP TABLE own (p pair)');
      await db.copyRecordsToTable('own', { records: [['any']] });
      expect(await db.fetchVal('SELECT p FROM own')).toBe(1);
    });

    test('set on a connection of a pool are its own', async () => {
      await using pool = await createPool(dsn(), { minSize: 2, maxSize: 2 });
      await using first = await pool.acquire();
      await using second = await pool.acquire();
      await first.setTypeCodec('mood', wrapping);
      const query = `SELECT 'ok'::${SCHEMA}.mood`;
      expect(await second.fetchVal(query)).toBe('ok');
      expect(await first.fetchVal(query)).toEqual({ wrapped: 'ok' });
    });

    describe('declared in the options', () => {
      test('hold for the first query of every connection, without a query of their own', async () => {
        const codecs = {
          mood: wrapping,
          hstore: { schema: SCHEMA, codecName: 'pg_contrib.hstore' },
          integer: { schema: 'pg_catalog', decoder: (text: string) => `#${text}` },
        };
        await using pool = await createPool(dsn(), { minSize: 2, maxSize: 2, codecs });
        const query = `SELECT '{ok}'::${SCHEMA}.mood[] AS m, 1 AS n, 'a=>b'::${SCHEMA}.hstore AS h`;
        const expected = { m: [{ wrapped: 'ok' }], n: '#1', h: { a: 'b' } };
        await using first = await pool.acquire();
        await using second = await pool.acquire();
        expect(await first.fetchRow(query)).toEqual(expected);
        expect(await second.fetchRow(query)).toEqual(expected);
      });

      test('hold for types that are made, or made anew, later', async () => {
        const db = await open({ codecs: { late: { ...wrapping, schema: SCHEMA } } });
        for (const label of ['one', 'two']) {
          await db.execute(`CREATE TYPE late AS ENUM ('${label}')`);
          expect(await db.fetchVal(`SELECT '${label}'::late`)).toEqual({ wrapped: label });
          await db.execute('DROP TYPE late');
        }
      });

      test('give way to one that is set, and come back when that is reset', async () => {
        const db = await open({ codecs: { mood: wrapping } });
        const query = "SELECT 'ok'::mood";
        await db.setTypeCodec('mood', { schema: SCHEMA, decoder: (text: string) => `set ${text}` });
        expect(await db.fetchVal(query)).toBe('set ok');
        await db.resetTypeCodec('mood', { schema: SCHEMA });
        expect(await db.fetchVal(query)).toEqual({ wrapped: 'ok' });
      });
    });
  });
});
