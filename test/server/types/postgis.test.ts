/** PostGIS's types, as the guide "Extensions" has them, on Debian's PostgreSQL 15. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Geometry, geometryCodec } from '../../../examples/extensions/geometry.ts';
import { TempCluster } from '../../../src/cluster/index.ts';
import { createPool, type Pool } from '../../../src/index.ts';

const BIN = '/usr/lib/postgresql/15/bin';
const hasPostgis =
  existsSync(`${BIN}/initdb`) && existsSync('/usr/share/postgresql/15/extension/postgis.control');
if (!hasPostgis) console.warn('tests of PostGIS are skipped: postgresql-15-postgis-3 is not there');

/** Values and what PostGIS itself calls them. */
const VALUES: readonly (readonly [ewkt: string, value: Geometry])[] = [
  ['POINT(1.5 -2)', { type: 'Point', coordinates: [1.5, -2] }],
  ['POINT(1 2 3)', { type: 'Point', coordinates: [1, 2, 3] }],
  ['POINT(1 2 3 4)', { type: 'Point', coordinates: [1, 2, 3, 4] }],
  ['POINT EMPTY', { type: 'Point', coordinates: [] }],
  ['SRID=3857;POINT(1 2)', { type: 'Point', coordinates: [1, 2], srid: 3857 }],
  [
    'LINESTRING(0 0,1 1,2 1)',
    {
      type: 'LineString',
      coordinates: [
        [0, 0],
        [1, 1],
        [2, 1],
      ],
    },
  ],
  ['LINESTRING EMPTY', { type: 'LineString', coordinates: [] }],
  [
    'POLYGON((0 0,4 0,4 4,0 0),(1 1,2 1,2 2,1 1))',
    {
      type: 'Polygon',
      coordinates: [
        [
          [0, 0],
          [4, 0],
          [4, 4],
          [0, 0],
        ],
        [
          [1, 1],
          [2, 1],
          [2, 2],
          [1, 1],
        ],
      ],
    },
  ],
  [
    'MULTIPOINT(1 2,3 4)',
    {
      type: 'MultiPoint',
      coordinates: [
        [1, 2],
        [3, 4],
      ],
    },
  ],
  [
    'MULTILINESTRING((0 0 1,1 1 1),(2 2 1,3 3 1))',
    {
      type: 'MultiLineString',
      coordinates: [
        [
          [0, 0, 1],
          [1, 1, 1],
        ],
        [
          [2, 2, 1],
          [3, 3, 1],
        ],
      ],
    },
  ],
  [
    'SRID=3857;MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))',
    {
      type: 'MultiPolygon',
      coordinates: [
        [
          [
            [0, 0],
            [1, 0],
            [1, 1],
            [0, 0],
          ],
        ],
        [
          [
            [5, 5],
            [6, 5],
            [6, 6],
            [5, 5],
          ],
        ],
      ],
      srid: 3857,
    },
  ],
  [
    'SRID=3857;GEOMETRYCOLLECTION(POINT(1 2),GEOMETRYCOLLECTION(LINESTRING(0 0,1 1)),MULTIPOINT(7 7))',
    {
      type: 'GeometryCollection',
      geometries: [
        { type: 'Point', coordinates: [1, 2] },
        {
          type: 'GeometryCollection',
          geometries: [
            {
              type: 'LineString',
              coordinates: [
                [0, 0],
                [1, 1],
              ],
            },
          ],
        },
        { type: 'MultiPoint', coordinates: [[7, 7]] },
      ],
      srid: 3857,
    },
  ],
  ['GEOMETRYCOLLECTION EMPTY', { type: 'GeometryCollection', geometries: [] }],
];

describe.skipIf(!hasPostgis)('PostGIS', () => {
  let cluster: TempCluster;
  let pool: Pool;
  let world: Pool;

  beforeAll(async () => {
    cluster = await TempCluster.start({ binDir: BIN });
    pool = await createPool(cluster.dsn, {
      codecs: { geometry: geometryCodec(), geography: geometryCodec(4326) },
    });
    await pool.execute('CREATE EXTENSION postgis');
    world = await createPool(cluster.dsn, {
      codecs: { geometry: geometryCodec(4326), geography: geometryCodec(4326) },
    });
  });

  afterAll(async () => {
    await pool?.close();
    await world?.close();
    await cluster?.stop();
  });

  test.each(VALUES)('%s there and back, as PostGIS reads and writes it', async (ewkt, value) => {
    expect(
      await pool.fetchVal(
        `SELECT ST_AsEWKT($1::geometry) = ST_AsEWKT($2::text::geometry)`,
        value,
        ewkt,
      ),
    ).toBe(true);
    expect(await pool.fetchVal('SELECT $1::text::geometry', ewkt)).toEqual(value);
    expect(await pool.fetchVal('SELECT $1::geometry', value)).toEqual(value);
    // In the other order of bytes, as other machines send it.
    const swapped = await pool.fetchVal<Buffer>("SELECT ST_AsEWKB($1::geometry, 'XDR')", value);
    expect(geometryCodec().decoder!(swapped)).toEqual({ srid: undefined, ...value });
  });

  test('it is the GeoJSON of PostGIS', async () => {
    for (const [, { srid: _, ...value }] of VALUES) {
      // What GeoJSON or PostGIS's has not: m, and collections in collections.
      if (value.type === 'Point' && value.coordinates.length === 4) continue;
      if (JSON.stringify(value).split('GeometryCollection').length > 2) continue;
      const json = await world.fetchVal('SELECT ST_AsGeoJSON($1::geometry)::jsonb', value);
      expect(json).toEqual(value);
      expect(await world.fetchVal('SELECT ST_GeomFromGeoJSON($1::jsonb)', json)).toEqual(value);
    }
  });

  test('the reference system of a codec is that of values without one, and is not told', async () => {
    await world.execute(
      'CREATE TABLE cities (id int4 PRIMARY KEY, at geometry(Point, 4326), place geography, many geometry[])',
    );
    const at = { type: 'Point', coordinates: [13.4, 52.5] } as const;
    const rows = [
      [1, at, at, [at, null]],
      [2, null, null, []],
    ];
    await world.copyRecordsToTable('cities', { records: rows });
    await world.execute('INSERT INTO cities VALUES (3, $1, $2, $3)', at, at, [at]);
    const found = await world.fetch('SELECT * FROM cities ORDER BY id');
    expect(found.map((row) => [...row])).toEqual([...rows, [3, at, at, [at]]]);
    expect(await world.fetchVal('SELECT c FROM cities c WHERE id = 3')).toEqual({
      ...{ id: 3, at, place: at, many: [at] },
    });
    expect(await pool.fetchVal('SELECT at FROM cities WHERE id = 1')).toEqual({
      ...at,
      srid: 4326,
    });
    const paris = { type: 'Point', coordinates: [2.35, 48.86] };
    const far = 'SELECT ST_Distance(place, $1::geography) FROM cities WHERE id = 1';
    expect(await world.fetchVal(far, paris)).toBeCloseTo(878_000, -4);
    await expect(
      world.execute('INSERT INTO cities (id, at) VALUES (4, $1)', { ...at, srid: 3857 }),
    ).rejects.toMatchObject({ sqlstate: '22023' });
  });

  test.each([
    ['POINT M (1 2 3)', /ST_Force2D/],
    ['CIRCULARSTRING(0 0,1 1,2 0)', /ST_CurveToLine/],
  ])('what GeoJSON has not is an error that says what to select: %s', async (ewkt, hint) => {
    await expect(pool.fetchVal('SELECT $1::text::geometry', ewkt)).rejects.toThrow(hint);
    expect(await pool.fetchVal('SELECT 1')).toBe(1);
  });

  test.each([
    [
      {
        type: 'LineString',
        coordinates: [
          [1, 2],
          [1, 2, 3],
        ],
      },
      /3 numbers, another 2/,
    ],
    [{ type: 'Point', coordinates: [1] }, /2 to 4 numbers/],
    [{ type: 'Feature', geometry: null }, /Feature is no type/],
  ])('what is no geometry is refused: %j', async (value, message) => {
    await expect(pool.fetchVal('SELECT $1::geometry', value)).rejects.toThrow(message);
  });

  test('box2d and box3d are text', async () => {
    expect(await pool.fetchVal("SELECT 'LINESTRING(0 0,2 3)'::geometry::box2d")).toBe(
      'BOX(0 0,2 3)',
    );
    expect(await pool.fetchVal("SELECT 'LINESTRING(0 0,2 3)'::geometry::box3d")).toBe(
      'BOX3D(0 0 0,2 3 0)',
    );
  });
});
