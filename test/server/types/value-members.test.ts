import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  BitString,
  Box,
  Circle,
  type Connection,
  connect,
  createPool,
  Interval,
  Line,
  LineSegment,
  Path,
  Point,
  Polygon,
  PostgresLogMessage,
  Range,
} from '../../../src/index.ts';
import { hasServer, serverDsn } from '../../support/servers/server.ts';

/** A value of each class, and how the server itself would write it. */
const VALUES = {
  BitString: ["B'00101'::varbit", BitString],
  Box: ["'(3,4),(1,2)'::box", Box],
  Circle: ["'<(1,2),3>'::circle", Circle],
  Interval: ["'1 year 2 mons -3 days 04:05:06.7'::interval", Interval],
  Line: ["'{1,2,3}'::line", Line],
  LineSegment: ["'[(1,2),(3,4)]'::lseg", LineSegment],
  'Path, closed': ["'((1,2),(3,4))'::path", Path],
  'Path, open': ["'[(1,2),(3,4)]'::path", Path],
  Point: ["'(1.5,-2)'::point", Point],
  Polygon: ["'((0,0),(1,0),(1,1))'::polygon", Polygon],
  Range: ["'(1,5]'::numrange", Range],
  'Range, unbounded': ["'[,)'::int4range", Range],
  'Range, empty': ["'empty'::int4range", Range],
} as const;

describe.for([18, 15] as const)('what values of PostgreSQL %i have', (version) => {
  describe.skipIf(!hasServer(version))('on a server', () => {
    let connection: Connection;
    beforeAll(async () => {
      connection = await connect(serverDsn(version));
      // As in JSON of PostgreSQL's neighbours: the form of ISO 8601.
      await connection.execute("SET IntervalStyle = 'iso_8601'");
    });
    afterAll(() => connection.close());

    it.each(Object.entries(VALUES))(
      '%s: toJSON is its text as the server has it',
      async (_, of) => {
        const [expression, valueClass] = of;
        const query = `SELECT ${expression} AS value, ${expression}::text AS text`;
        const { value, text } = await connection.fetchOne<{ value: Point; text: string }>(query);
        expect(value).toBeInstanceOf(valueClass);
        expect(value.toJSON()).toBe(text);
        expect(JSON.stringify({ value })).toBe(JSON.stringify({ value: text }));
      },
    );

    it('a range tells its bounds, and which of them are in it', async () => {
      const range = (text: string) =>
        connection.fetchVal<Range<string>>(`SELECT '${text}'::numrange`);
      const half = (await range('(1,5]'))!;
      expect([half.lower, half.upper, half.lowerInc, half.upperInc]).toEqual([
        '1',
        '5',
        false,
        true,
      ]);
      const open = (await range('[1,)'))!;
      expect([open.lowerInf, open.upperInf, open.lowerInc, open.upperInc]).toEqual([
        ...[false, true, true, false],
      ]);
      const empty = (await range('empty'))!;
      expect([empty.isEmpty, empty.lowerInf, empty.upperInf]).toEqual([true, false, false]);
    });

    it('bits, an interval, a circle and a line segment have their parts', async () => {
      const row = await connection.fetchOne<{
        bits: BitString;
        interval: Interval;
        circle: Circle;
        segment: LineSegment;
      }>(`SELECT B'00101' AS bits, interval '14 mons 3 days 1 second' AS interval,
        circle '<(1,2),3>' AS circle, lseg '[(1,2),(3,4)]' AS segment`);
      expect([row.bits.length, row.bits.at(2), row.bits.toInt()]).toEqual([5, 1, 5]);
      expect([row.interval.months, row.interval.days]).toEqual([14, 3]);
      expect([row.circle.radius, row.circle.center.x]).toEqual([3, 1]);
      expect([row.segment.p1.y, row.segment.p2.x]).toEqual([2, 3]);
    });

    it('a notice is JSON with what the server said', async () => {
      const heard: PostgresLogMessage[] = [];
      connection.addLogListener((message) => heard.push(message));
      await connection.execute("DO $$ BEGIN RAISE NOTICE 'low' USING HINT = 'refill'; END $$");
      const [message] = heard;
      expect(message).toBeInstanceOf(PostgresLogMessage);
      expect(JSON.parse(JSON.stringify(message))).toMatchObject({ message: 'low', hint: 'refill' });
      expect(message!.toJSON()).toMatchObject({ message: 'low', hint: 'refill' });
    });

    it('a pool has the bounds that it was made with', async () => {
      await using pool = await createPool(serverDsn(version), { minSize: 1, maxSize: 3 });
      expect([pool.minSize, pool.maxSize]).toEqual([1, 3]);
    });
  });
});
