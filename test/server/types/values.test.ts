/** The texts of our values, held against those of a real server, fetched by another driver. */
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BitString } from '../../../src/values/bit-string.ts';
import { float8Text } from '../../../src/values/float-text.ts';
import {
  Box,
  Circle,
  Line,
  LineSegment,
  Path,
  Point,
  Polygon,
} from '../../../src/values/geometry.ts';
import { Interval } from '../../../src/values/interval.ts';
import { Range } from '../../../src/values/range.ts';
import { hasServer, serverDsn } from '../../support/servers/server.ts';

describe.each([15, 18] as const)('PostgreSQL %d', (version) => {
  describe.runIf(hasServer(version))('writes as we do', () => {
    let client: pg.Client;
    beforeAll(async () => {
      client = new pg.Client(serverDsn(version));
      await client.connect();
      await client.query("SET timezone TO 'UTC'");
    });
    afterAll(() => client.end());

    /** What the server makes of each text, read as a value of the type and written again. */
    async function written(type: string, texts: string[]): Promise<string[]> {
      const { rows } = await client.query<{ text: string }>(
        `SELECT each::${type}::text AS text FROM unnest($1::text[]) WITH ORDINALITY AS _ (each, n)
         ORDER BY n`,
        [texts],
      );
      return rows.map(({ text }) => text);
    }

    async function expectAsWritten(type: string, texts: string[]): Promise<void> {
      expect(texts.length).toBeGreaterThan(0);
      expect(await written(type, texts)).toEqual(texts);
    }

    test('numbers of float8', async () => {
      const powers = Array.from({ length: 600 }, (_, index) => 10 ** (index - 300));
      const numbers = [...powers, ...powers.map((power) => -power / 3)];
      numbers.push(0, -0, Infinity, -Infinity, NaN, 5e-324, 2 ** 53, 1e15 - 1, 1e15, 123456.789);
      const random = fc.sample(fc.double({ noDefaultInfinity: true, noNaN: true }), 2000);
      await expectAsWritten('float8', [...numbers, ...random].map(float8Text));
    });

    test('numbers of float8 beyond 2^53, where the shortest digits can lie between two', async () => {
      const integers = fc.sample(
        fc
          .tuple(fc.integer({ min: 1, max: 2 ** 30 }), fc.integer({ min: 0, max: 22 }), fc.nat(40))
          .map(([factor, fives, twos]) => factor * 5 ** fives * 2 ** twos + 2 ** 53),
        5000,
      );
      // A power of two has its lower neighbour nearer than its upper one.
      const powers = Array.from({ length: 2098 }, (_, index) => 2 ** (index - 1074));
      const ties = [1e23, -1e23, 50557875960339376, 9007199254740996 * 5, 2 ** 53 + 4, 2 ** 54 + 8];
      await expectAsWritten('float8', [...integers, ...powers, ...ties].map(float8Text));
    });

    test('intervals, in every style that is read', async () => {
      const small = fc.integer({ min: -30, max: 30 });
      const intervals = fc
        .sample(
          fc.record({
            months: fc.oneof(small, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
            days: fc.oneof(small, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
            microseconds: fc.oneof(
              fc.bigInt({ min: -90_000_000n, max: 90_000_000n }),
              fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
              fc.constant(0n),
            ),
          }),
          1000,
        )
        .map((fields) => new Interval(fields));
      const print: [string, (interval: Interval) => string][] = [
        ['postgres', String],
        ['iso_8601', (interval) => interval.toISOString()],
      ];
      try {
        for (const [style, text] of print) {
          await client.query(`SET intervalstyle TO ${style}`);
          await expectAsWritten('interval', intervals.map(text));
        }
        await client.query('SET intervalstyle TO postgres_verbose');
        const verbose = await written('interval', intervals.map(String));
        expect(verbose.map((text) => Interval.fromString(text))).toEqual(intervals);
      } finally {
        await client.query('RESET intervalstyle');
      }
    });

    test.runIf(version >= 17)('infinite intervals', async () => {
      await expectAsWritten('interval', [
        String(Interval.INFINITY),
        String(Interval.NEGATIVE_INFINITY),
      ]);
    });

    test('bit strings', async () => {
      const bits = fc.sample(fc.string({ unit: fc.constantFrom('0', '1') }), 100);
      await expectAsWritten(
        'varbit',
        bits.map((each) => String(new BitString(each))),
      );
      const { rows } = await client.query<{ int: string }>('SELECT $1::bit(64)::int8 AS int', [
        String(BitString.fromInt(-5n, 64, { signed: true })),
      ]);
      expect(rows).toEqual([{ int: '-5' }]);
    });

    test('geometric values', async () => {
      const number = fc.double();
      const point = fc.tuple(number, number);
      const points = fc.array(point, { minLength: 1 });
      const finite = fc.double({ noDefaultInfinity: true, noNaN: true, min: 1 });
      const sample = (values: fc.Arbitrary<unknown>) => fc.sample(values, 200).map(String);
      await expectAsWritten('point', sample(point.map(([x, y]) => new Point(x, y))));
      await expectAsWritten(
        'line',
        sample(fc.tuple(finite, finite, finite).map((parts) => new Line(...parts))),
      );
      await expectAsWritten(
        'lseg',
        sample(fc.tuple(point, point).map((parts) => new LineSegment(...parts))),
      );
      await expectAsWritten(
        'box',
        sample(fc.tuple(point, point).map((parts) => new Box(...parts))),
      );
      await expectAsWritten(
        'path',
        sample(fc.tuple(points, fc.boolean()).map((parts) => new Path(...parts))),
      );
      await expectAsWritten('polygon', sample(points.map((parts) => new Polygon(parts))));
      await expectAsWritten(
        'circle',
        sample(fc.tuple(point, finite).map((parts) => new Circle(...parts))),
      );
    });

    test('ranges', async () => {
      await expectAsWritten('numrange', [
        String(new Range('1.50', '2', { upperInc: true })),
        String(new Range(null, 5n)),
        String(new Range()),
        String(Range.empty()),
        String(new Range<string>('-Infinity', 'NaN', { lowerInc: false })),
      ]);
      await expectAsWritten('tstzrange', [
        String(new Range(new Date('2024-01-02T03:04:05.060Z'), new Date('2024-02-01T00:00:00Z'))),
        String(new Range(new Date('-000043-03-15T00:00:00Z'), new Date('+012345-01-01T00:00:00Z'))),
      ]);
      // A range of texts, whose bounds need every kind of quoting; the type ends with the test.
      await client.query('BEGIN');
      try {
        await client.query(
          'CREATE TYPE pg_temp.textrange AS RANGE (subtype = text, collation = "C")',
        );
        const texts = ['', ' ', 'a', '"', '\\', 'a,b', '(]', '\n', 'ü', '""', '\\\\"'].sort();
        const ranges = texts.slice(1).map((upper, n) => new Range(texts[n] ?? '', upper));
        await expectAsWritten('pg_temp.textrange', ranges.map(String));
      } finally {
        await client.query('ROLLBACK');
      }
    });

    test('containment of ranges is what the server says', async () => {
      const bound = fc.option(
        fc.constantFrom('-10', '-9.5', '-0.5', '0', '0.0', '1', '1.0001', '9', '10', '1e2', 'NaN'),
        { nil: null },
      );
      const ranges = fc
        .sample(fc.tuple(bound, bound, fc.boolean(), fc.boolean()), 300)
        .map(([a, b, lowerInc, upperInc]) => {
          const [lower, upper] = new Range(a, null).contains(b ?? 'NaN') ? [a, b] : [b, a];
          return new Range(lower, upper, { lowerInc, upperInc });
        });
      const { rows } = await client.query<{ a: string; b: string; subset: boolean }>(
        `SELECT a::text, b::text, a <@ b AS subset
         FROM (SELECT each::numrange, n FROM unnest($1::text[]) WITH ORDINALITY AS _ (each, n)) AS x (a, n)
         JOIN (SELECT each::numrange, n FROM unnest($1::text[]) WITH ORDINALITY AS _ (each, n)) AS y (b, m)
         ON m BETWEEN n AND n + 20`,
        [ranges.map(String)],
      );
      expect(rows.length).toBeGreaterThan(1000);
      for (const { a, b, subset } of rows) {
        const isSubset = Range.fromString(a).isSubset(Range.fromString(b));
        expect(isSubset, `${a} <@ ${b}`).toBe(subset);
      }
    });
  });
});
