/** The text of an interval as an argument is what the server itself would read in it. */
import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { type Connection, Interval, InvalidArgumentError } from '../../../src/index.ts';
import { describeEach, failure, open } from '../../support/connections.ts';

const STYLES = ['postgres', 'postgres_verbose', 'sql_standard', 'iso_8601'] as const;

const sign = fc.constantFrom('', '', '-', '+');
const small = fc.integer({ min: 0, max: 99 });
const clock = fc
  .tuple(small, fc.integer({ min: 0, max: 59 }), fc.integer({ min: 0, max: 59 }), small)
  .map(([h, m, s, f]) => `${h}:${m}${f % 3 === 0 ? '' : `:${s}${f % 2 ? `.${f}` : ''}`}`);
const unit = fc.constantFrom(
  ...'year years mon mons month week weeks day days hour hours min mins minute sec secs second'.split(
    ' ',
  ),
  ...'y yrs w d h hr m s ms msecs milliseconds us usecs dec decades c centuries mil millennia'.split(
    ' ',
  ),
);
const fraction = fc.constantFrom('.5', '.25', '.75', '.1', '.7', '.125', '.123456', '.0', '.');
const word = fc.oneof(
  fc.tuple(sign, small, unit).map(([s, n, u]) => `${s}${n} ${u}`),
  fc.tuple(sign, small, small).map(([s, n, f]) => `${s}${n}.${f} secs`),
  fc.tuple(sign, small, fraction, unit).map(([s, n, f, u]) => `${s}${n}${f} ${u}`),
  fc.tuple(sign, small, unit).map(([s, n, u]) => `${s}${n}${u}`),
  fc.tuple(small, unit, small, unit).map((joined) => joined.join('')),
  fc.tuple(sign, small, fc.integer({ min: 0, max: 12 })).map(([s, y, m]) => `${s}${y}-${m}`),
  fc.tuple(sign, small).map(([s, n]) => `${s}${n}`),
  fc.tuple(sign, clock).map(([s, c]) => `${s}${c}`),
);
const words = fc
  .tuple(fc.constantFrom('', '@ '), fc.array(word, { maxLength: 4 }), fc.constantFrom('', ' ago'))
  .map(([at, list, ago]) => `${at}${list.join(list.length === 3 ? ', ' : ' ')}${ago}`);
/** Most often in the order of a standard text, so that many are taken. */
const ordered = fc
  .tuple(
    fc.option(fc.tuple(sign, small, fc.integer({ min: 0, max: 11 })), { nil: null }),
    fc.option(fc.tuple(sign, small, fc.constantFrom('', ' days')), { nil: null }),
    fc.option(fc.tuple(sign, clock), { nil: null }),
  )
  .map(([ym, d, t]) =>
    [ym && `${ym[0]}${ym[1]}-${ym[2]}`, d?.join(''), t?.join('')].filter(Boolean).join(' '),
  );
const part = (units: string) =>
  fc
    .array(
      fc.tuple(
        fc.constantFrom('', '-'),
        small,
        fc.oneof({ weight: 3, arbitrary: fc.constant('') }, fraction),
        fc.constantFrom(...units),
      ),
      { maxLength: 3 },
    )
    .map((list) => list.map((piece) => piece.join('')).join(''));
const iso = fc.oneof(
  fc.tuple(part('YMWD'), part('HMS')).map(([d, t]) => `P${d}${t === '' ? '' : `T${t}`}`),
  fc
    .tuple(small, small, fc.option(small, { nil: null }), fc.option(clock, { nil: null }))
    .map(([y, m, d, t]) => `P000${y}-${m}${d === null ? '' : `-${d}`}${t === null ? '' : `T${t}`}`),
);

describeEach('the text of an interval', (version) => {
  async function opened(style: string): Promise<Connection> {
    const connection = await open(version);
    await connection.execute(`SET IntervalStyle = ${style};
      CREATE FUNCTION pg_temp.reading(t text) RETURNS interval LANGUAGE plpgsql AS
        $$ BEGIN RETURN t::interval; EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$`);
    return connection;
  }

  /** How the server reads each, null for those that it refuses; and what arrives of an argument. */
  async function readings(
    connection: Connection,
    texts: readonly string[],
  ): Promise<[text: string, server: Interval | null, argument: Interval | null][]> {
    const rows = await connection.fetch<{ v: Interval | null }>(
      'SELECT pg_temp.reading(t) AS v FROM unnest($1::text[]) WITH ORDINALITY AS u (t, n) ORDER BY n',
      [...texts],
    );
    const settled = await Promise.allSettled(
      texts.map((text) => connection.fetchVal<Interval>('SELECT $1::interval', text)),
    );
    return texts.map((text, i) => {
      const result = settled[i]!;
      return [text, rows[i]!.v, result.status === 'fulfilled' ? result.value : null];
    });
  }

  it.each(STYLES)(
    'is read as the server reads it, or refused, with the style %s',
    async (style) => {
      const connection = await opened(style);
      const texts = fc.sample(fc.oneof(words, ordered, ordered, iso), 3000);
      const all = await readings(connection, texts);
      const taken = all.filter(([, , argument]) => argument !== null);
      // Enough of both, or the comparison would say little.
      expect(taken.length).toBeGreaterThan(500);
      expect(taken.length).toBeLessThan(texts.length);
      const other = taken.filter(([, server, argument]) => !argument!.equals(server));
      expect(other.map((found) => found.map(String))).toEqual([]);
    },
  );

  it.each(STYLES)('that the server writes with the style %s is taken back', async (style) => {
    const connection = await opened(style);
    const texts = await connection.fetch<{ t: string }>(`
      SELECT make_interval(y, m, 0, d, h, 0, s)::text AS t
      FROM unnest('{-1,0,1}'::int[]) y, unnest('{-2,0,2}'::int[]) m, unnest('{-3,0,3}'::int[]) d,
        unnest('{-4,0,4}'::int[]) h, unnest('{-6.5,0,6.000001}'::float8[]) s`);
    const all = await readings(
      connection,
      texts.map(({ t }) => t),
    );
    expect(all.length).toBe(243);
    for (const [text, server, argument] of all) {
      expect(argument, text).not.toBeNull();
      expect(argument!.equals(server), text).toBe(true);
    }
  });

  test.each([
    ['postgres', '-1 day 02:03:04', '-1 days +02:03:04'],
    ['iso_8601', '-1 day 02:03:04', '-1 days +02:03:04'],
    ['sql_standard', '-1 day 02:03:04', '-1 days -02:03:04'],
    ['sql_standard', '-1 day +02:03:04', '-1 days +02:03:04'],
    ['sql_standard', '-1 year 2 mons 3 days', '-1 years -2 mons -3 days'],
    ['sql_standard', '-3 4:05:06', '-3 days -04:05:06'],
    ['postgres', '-3 4:05:06', '-3 days +04:05:06'],
    ['postgres', '+1-2 -3 +4:05:06', '1 year 2 mons -3 days +04:05:06'],
    ['postgres', 'P0001-02-03T04:05:06', '1 year 2 mons 3 days 04:05:06'],
    ['postgres', '1.5 hours', '01:30:00'],
    ['sql_standard', '-1.5 days 250 ms', '-1 days -12:00:00.25'],
    ['postgres', '-1.5 days 250 ms', '-1 days -11:59:59.75'],
  ])('with the style %s, %j is %s', async (style, text, expected) => {
    const connection = await opened(style);
    const value = new Interval({});
    expect(String(await connection.fetchVal('SELECT $1::interval', text))).toBe(expected);
    const many = await connection.fetchVal<Interval[]>('SELECT $1::interval[]', [text, value]);
    expect(many!.map(String)).toEqual([expected, '00:00:00']);
    await connection.execute('CREATE TEMP TABLE spans (i interval)');
    await connection.copyRecordsToTable('spans', { records: [[text]] });
    await connection.executeMany('INSERT INTO spans VALUES ($1)', [[text]]);
    const stored = await connection.fetch('SELECT i FROM spans');
    expect(stored.map(({ i }) => String(i))).toEqual([expected, expected]);
  });

  it('that is refused has the reason told, and not the text', async () => {
    const connection = await opened('postgres');
    expect((await failure(connection.fetchVal('SELECT $1::interval', '1.55 years'))).message).toBe(
      'invalid input for query argument $1 (interval): expected an interval such as "1 year 2 mons 3 days 04:05:06" or ' +
        '"P1Y2M3DT4H5M6S", got a string that is none: its fraction of a year is not exact; give months',
    );
  });

  it('is read by the style that holds, also for a statement that is prepared', async () => {
    const connection = await opened('postgres');
    const query = 'SELECT $1::interval';
    const read = async () => String(await connection.fetchVal(query, '-1 day 02:03:04'));
    expect(await read()).toBe('-1 days +02:03:04');
    await connection.transaction(async (tx) => {
      await tx.execute('SET LOCAL IntervalStyle = sql_standard');
      expect(await read()).toBe('-1 days -02:03:04');
    });
    expect(await read()).toBe('-1 days +02:03:04');
    const standard = await open(version, { serverSettings: { IntervalStyle: 'sql_standard' } });
    expect(String(await standard.fetchVal(query, '-1 day 02:03:04'))).toBe('-1 days -02:03:04');
  });

  test.runIf(version < 17)('is not infinite, which would be a long one there', async () => {
    await using db = await open(version);
    await db.execute('CREATE TEMP TABLE spans (span interval)');
    for (const value of ['infinity', Interval.INFINITY, Interval.NEGATIVE_INFINITY]) {
      const one = await failure(db.fetchVal('SELECT $1::interval', value));
      expect(one).toBeInstanceOf(InvalidArgumentError);
      expect(one.message).toMatch(/\$1.*PostgreSQL 17/);
      expect(await failure(db.fetchVal('SELECT $1::interval[]', [value]))).toBeInstanceOf(
        InvalidArgumentError,
      );
      expect(await failure(db.copyRecordsToTable('spans', { records: [[value]] }))).toBeInstanceOf(
        InvalidArgumentError,
      );
    }
    expect(await db.fetchVal('SELECT count(*)::int FROM spans')).toBe(0);
    expect(String(await db.fetchVal('SELECT $1::interval', '100000000 years'))).toBe(
      '100000000 years',
    );
  });

  test.runIf(version >= 17)('may be infinite', async () => {
    await using db = await open(version);
    for (const value of ['infinity', Interval.INFINITY]) {
      expect(await db.fetchVal('SELECT ($1::interval)::text', value)).toBe('infinity');
    }
  });
});

describeEach('the text of a numeric', (version) => {
  it.each([
    ['1_000', '1000'],
    ['-1_000.000_5e1_0', '-10000005000000'],
    ['.5_5', '0.55'],
    ['0x1F', '31'],
    ['-0X_1f_F', '-511'],
    ['+0o17', '15'],
    ['0b11', '3'],
    [`0x${'f'.repeat(40)}`, String(16n ** 40n - 1n)],
  ])('%j is %s', async (text, expected) => {
    const connection = await open(version);
    expect(await connection.fetchVal('SELECT $1::numeric', text)).toBe(expected);
    expect(await connection.fetchVal('SELECT $1::numeric[]', [text])).toEqual([expected]);
    if (version >= 16) {
      expect(await connection.fetchVal('SELECT $1::text::numeric', text)).toBe(expected);
    }
    const numbers = await open(version, { types: { numeric: 'number' } });
    expect(await numbers.fetchVal('SELECT $1::numeric::text', text)).toBe(expected);
  });

  it.each([
    '_1',
    '1_',
    '1__0',
    '1_.5',
    '1._5',
    '1e_5',
    '0x',
    '0x1_',
    '0x1.5',
    '0b12',
    '0o8',
    '0xg',
    '1x',
    '- 1',
  ])('%j is refused, as by the server', async (text) => {
    const connection = await open(version);
    expect(await failure(connection.fetchVal('SELECT $1::numeric', text))).toBeInstanceOf(
      InvalidArgumentError,
    );
    await failure(connection.fetchVal('SELECT $1::text::numeric', text));
  });
});
