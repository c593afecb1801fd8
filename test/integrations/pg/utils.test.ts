import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { defaults } from '../../../src/integrations/pg/defaults.ts';
import { getTypeParser } from '../../../src/integrations/pg/types/index.ts';
import * as utils from '../../../src/integrations/pg/utils.ts';
import { expectSame, inEachZone, outcome, pg, pgUtils } from './side-by-side.ts';

function comparePrepared(value: unknown): void {
  expectSame(
    outcome(() => utils.prepareValue(value)),
    outcome(() => pgUtils.prepareValue(value)),
    value,
  );
}

afterEach(() => {
  defaults.parseInputDatesAsUTC = false;
  pg.defaults.parseInputDatesAsUTC = false;
});

describe('prepareValue agrees with pg', () => {
  it('of anything', () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withTypedArray: true,
          withSparseArray: true,
          withBoxedValues: true,
          withMap: true,
        }),
        comparePrepared,
      ),
      { numRuns: 5_000 },
    );
  });

  it('of dates, local and UTC, in any time zone', () => {
    inEachZone(() => {
      for (const asUtc of [false, true]) {
        defaults.parseInputDatesAsUTC = asUtc;
        pg.defaults.parseInputDatesAsUTC = asUtc;
        fc.assert(fc.property(fc.date({ noInvalidDate: false }), comparePrepared), {
          numRuns: 2_000,
        });
        for (const year of [-1, 0, 1, 99, 1847, 9999, 10_000]) {
          comparePrepared(new Date(Date.UTC(2000, 1, 29, 12) + (year - 2000) * 31_556_952_000));
        }
      }
    });
  });

  it('of arrays with bytes, quotes, nulls and arrays in them', () => {
    const element = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', '"', '\\', ',', '{', '}', ' ', 'é') }),
      fc.uint8Array({ maxLength: 5 }),
      fc.constantFrom(null, undefined, 1, 2n, true, { a: [1] }, Buffer.from('x')),
    );
    const nested = fc.array(fc.oneof(element, fc.array(element), fc.array(fc.array(element))));
    fc.assert(fc.property(nested, comparePrepared), { numRuns: 3_000 });
  });

  it('of views on a part of a buffer', () => {
    const buffer = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
    for (const view of [
      new Uint8Array(buffer, 1, 3),
      new DataView(buffer, 4),
      new Uint16Array(buffer, 2, 2),
    ]) {
      comparePrepared(view);
      comparePrepared([view, [view]]);
    }
  });

  it('of objects with toPostgres', () => {
    class Custom {
      readonly gives: unknown;
      constructor(gives: unknown) {
        this.gives = gives;
      }
      toPostgres(): unknown {
        return this.gives;
      }
    }
    for (const gives of [
      null,
      1,
      'text',
      [1, 2],
      { a: 1 },
      new Date(0),
      Buffer.from('a'),
      new Custom(5),
    ]) {
      comparePrepared(new Custom(gives));
    }
    comparePrepared([new Custom('a"b'), new Custom([1])]);
    comparePrepared({ toPostgres: (prepare: (value: unknown) => unknown) => prepare(new Date(0)) });
    comparePrepared({ toPostgres: 'no function' });
    const circle = { toPostgres: () => circle, toString: () => 'a circle' };
    comparePrepared(circle);
    const first: { toPostgres(): unknown } = { toPostgres: () => second };
    const second = { toPostgres: () => first };
    comparePrepared(first);
  });

  it('of an interval, which was read before', () => {
    const text = '1 year 2 mons 3 days 04:05:06.007';
    expect(utils.prepareValue(getTypeParser(1186)(text))).toBe(
      pgUtils.prepareValue(pg.types.getTypeParser(1186)(text)),
    );
  });

  it('and takes what pg fails on: an object that is null or bytes within an array', () => {
    expect(utils.prepareValue([{ toPostgres: () => null }])).toBe('{NULL}');
    expect(utils.prepareValue([{ toPostgres: () => Buffer.from('a') }])).toBe('{\\\\x61}');
    expect(utils.prepareValue([{ toJSON: () => undefined }])).toBe('{NULL}');
  });
});

describe('the other utilities agree with pg', () => {
  it('in quoting', () => {
    const text = fc.string({ unit: fc.constantFrom('a', "'", '"', '\\', ' ', 'é', '\n') });
    fc.assert(
      fc.property(text, (value) => {
        expect(utils.escapeIdentifier(value)).toBe(pgUtils.escapeIdentifier(value));
        expect(utils.escapeLiteral(value)).toBe(pgUtils.escapeLiteral(value));
      }),
      { numRuns: 2_000 },
    );
    for (const value of [null, undefined, 5, {}]) {
      expect(utils.escapeLiteral(value as never)).toBe(pgUtils.escapeLiteral(value));
    }
  });

  it('in what a query was called with', () => {
    const callback = () => {};
    class Config {
      text = 'x';
      get name(): string {
        return 'n';
      }
    }
    for (const args of [
      ['select 1'],
      ['select 1', [1]],
      ['select 1', callback],
      ['select 1', undefined, callback],
      ['select 1', null, callback],
      [{ text: 'a', values: [1], rowMode: 'array', nestTables: true }],
      [{ text: 'a', values: [1] }, [2]],
      [{ text: 'a', callback }, [2], undefined],
      [new Config(), [1], callback],
    ]) {
      const ours = utils.normalizeQueryConfig(...(args as [any]));
      expect(ours).toEqual(pgUtils.normalizeQueryConfig(...args));
      expect(ours).not.toBe(args[0]);
      expect(ours.name).toBe(args[0] instanceof Config ? 'n' : undefined);
    }
  });

  it('in the defaults', () => {
    const { prepare, ...others } = defaults;
    expect(prepare).toBe(false);
    expect(others).toEqual({ ...pg.defaults });
    expect(Object.keys(defaults).filter((name) => name !== 'prepare')).toEqual(
      Object.keys(pg.defaults),
    );
  });

  it('in what defaults.parseInt8 does, and undoes', () => {
    for (const [library, parser] of [
      [defaults, getTypeParser],
      [pg.defaults, pg.types.getTypeParser],
    ] as const) {
      library.parseInt8 = true;
      expect(parser(20)('5')).toBe(5);
      expect(parser(1016)('{5}')).toEqual([5]);
      library.parseInt8 = false;
      expect(parser(20)('5')).toBe('5');
      expect(parser(1016)('{5}')).toEqual(['5']);
      expect(library.parseInt8).toBeUndefined();
    }
  });
});
