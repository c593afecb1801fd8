/** The types of the extensions that come with PostgreSQL, as the guide "Extensions" has them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cube, cube } from '../../../examples/extensions/cube.ts';
import { createPool, type Pool } from '../../../src/index.ts';
import { makeDatabase, type TestDatabase } from '../../support/servers/database.ts';
import { hasServer } from '../../support/servers/server.ts';

const EXTENSIONS = ['citext', 'cube', 'earthdistance', 'hstore', 'intarray', 'isn', 'lo', 'ltree'];
EXTENSIONS.push('pg_trgm', 'pgcrypto', 'seg', 'tablefunc', 'unaccent', '"uuid-ossp"', 'xml2');

/** Values of types that have their text without a codec, as the server writes it. */
const TEXTS: readonly (readonly [type: string, text: string])[] = [
  ['citext', 'Grüße'],
  ['ltree', 'top.science.astronomy'],
  ['lquery', 'top.*{1,2}.astro@*'],
  ['ltxtquery', 'europe & russia@*'],
  ['isbn', '0-393-04002-X'],
  ['isbn13', '978-0-393-04002-9'],
  ['issn', '1436-4522'],
  ['ean13', '400-638133393-1'],
  ['seg', '1.5 .. 2.5'],
  ['query_int', '1 & ( 2 | 3 )'],
  ['cube', '(1, 2),(3, 4)'],
  ['hstore', '"a"=>"1", "b"=>NULL'],
];

describe.each([15, 18] as const)('PostgreSQL %d', (version) => {
  describe.runIf(hasServer(version))('extensions of contrib', () => {
    let database: TestDatabase;
    let plain: Pool;
    let pool: Pool;

    beforeAll(async () => {
      database = await makeDatabase(`contrib_${version}_${process.pid}`, version);
      plain = await createPool(database.dsn, { minSize: 0 });
      await plain.execute(EXTENSIONS.map((name) => `CREATE EXTENSION ${name}`).join(';'));
      pool = await createPool(database.dsn, {
        minSize: 0,
        codecs: { cube, hstore: { codecName: 'pg_contrib.hstore' } },
      });
    });

    afterAll(async () => {
      await plain.close();
      await pool.close();
      await database[Symbol.asyncDispose]();
    });

    test.each(TEXTS)(
      '%s is its text, alone, in arrays, composites and COPY',
      async (type, text) => {
        const table = `kept_${type}`;
        await plain.execute(`CREATE TABLE ${table} (id int4, one ${type}, many ${type}[])`);
        const values = [1, text, [text, null]];
        await plain.execute(`INSERT INTO ${table} VALUES ($1, $2, $3)`, ...values);
        await plain.copyRecordsToTable(table, { records: [values, [2, null, []]] });
        const rows = await plain.fetch(`SELECT * FROM ${table} ORDER BY id`);
        expect(rows.map((row) => [...row])).toEqual([values, values, [2, null, []]]);
        expect(await plain.fetchVal(`SELECT t FROM ${table} t WHERE id = 2`)).toEqual({
          id: 2,
          one: null,
          many: [],
        });
        const copied = [];
        for await (const row of plain.copyRecordsFromQuery(`SELECT * FROM ${table}`))
          copied.push([...row]);
        expect(copied).toEqual([values, values, [2, null, []]]);
      },
    );

    const CUBES: Cube[] = [
      [1, 2.5, -3],
      [],
      { from: [0, 0], to: [1e300, Infinity] },
      { from: [3], to: [-3] },
      [-Infinity, 0.1],
    ];

    test('the codec of cube holds alone, in arrays and domains, and in COPY', async () => {
      for (const value of CUBES)
        expect(await pool.fetchVal('SELECT $1::cube', value)).toEqual(value);
      const list = [...CUBES, null];
      const boxes = list.filter((each) => each !== null && 'from' in each);
      expect(await pool.fetchVal('SELECT $1::cube[]', boxes)).toEqual(boxes);
      await pool.execute('CREATE TABLE places (id int4, at cube)');
      await pool.copyRecordsToTable('places', { records: list.map((at, id) => [id, at]) });
      const rows = await pool.fetch('SELECT at FROM places ORDER BY id');
      expect(rows.map(({ at }) => at)).toEqual(list);
      // `earth` is a domain over cube.
      const earth = await pool.fetchVal<number[]>('SELECT ll_to_earth(90, 0)::cube');
      expect(earth!.map(Math.round)).toEqual([0, 0, 6378168]);
      const far = 'SELECT earth_distance(ll_to_earth(52, 13), ll_to_earth(48, 2))::int4';
      expect(await pool.fetchVal(far)).toBeGreaterThan(800_000);
    });

    test('hstore is an object', async () => {
      const tags = { a: '1', b: null, 'c"\\': "d'" };
      expect(await pool.fetchVal('SELECT $1::hstore', tags)).toEqual(tags);
      expect(await pool.fetchVal('SELECT $1::hstore[]', [tags, null, {}])).toEqual([
        tags,
        null,
        {},
      ]);
    });

    test('what the others give is of built-in types', async () => {
      const row = await plain.fetchRow(
        `SELECT uuid_nil() AS id, digest('x', 'md5') AS hash, 'wort' % 'worte' AS near,
                similarity('wort', 'worte') AS much, unaccent('Hôtel') AS bare, sort('{3,1}') AS ints,
                17::lo AS large, xpath_nodeset('<a><b>x</b></a>', '/a/b') AS nodes`,
      );
      expect({ ...row, hash: row!['hash'].toString('hex') }).toEqual({
        id: '00000000-0000-0000-0000-000000000000',
        hash: '9dd4e461268c8034f5c8564e155c67a6',
        near: true,
        much: expect.closeTo(0.571, 3),
        bare: 'Hotel',
        ints: [1, 3],
        large: 17,
        nodes: '<b>x</b>',
      });
      const pivot = await plain.fetch(
        "SELECT * FROM crosstab($$VALUES ('r', 'a', 1), ('r', 'b', 2)$$) AS t (key text, a int4, b int4)",
      );
      expect(pivot).toEqual([{ key: 'r', a: 1, b: 2 }]);
    });
  });
});
