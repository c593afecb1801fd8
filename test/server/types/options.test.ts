/** What the `types` option makes of values, and that none of it loses what was sent. */
import { Temporal } from 'temporal-polyfill/full';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  ClientConfigurationError,
  type Connection,
  connect,
  createPool,
  DecodeError,
  InterfaceError,
  InvalidArgumentError,
  type Queryable,
  type TypeOptions,
} from '../../../src/index.ts';
import { serverDsn } from '../../support/servers/server.ts';

const settings = { serverSettings: { timezone: 'Asia/Kolkata' } };

async function open(types: TypeOptions): Promise<Connection> {
  const db = await connect(serverDsn(), { ...settings, types });
  onTestFinished(() => db.terminate());
  return db;
}

const CHOICES = {
  int8: ['bigint', 'number', 'string'],
  numeric: ['string', 'number'],
  datetime: ['date', 'string', 'temporal'],
  json: ['parse', 'text'],
} as const;

type Choices = { readonly [K in keyof typeof CHOICES]: (typeof CHOICES)[K][number] };

const COMBINATIONS: Choices[] = CHOICES.int8.flatMap((int8) =>
  CHOICES.numeric.flatMap((numeric) =>
    CHOICES.datetime.flatMap((datetime) =>
      CHOICES.json.map((json) => ({ int8, numeric, datetime, json })),
    ),
  ),
);

const QUERY = `SELECT 42::int8 AS i, 1.50::numeric AS n, '{"a": [1, null]}'::jsonb AS j,
  '2001-02-03 04:05:06.123'::timestamp AS ts, '2001-02-03 04:05:06.123+00'::timestamptz AS tz,
  '2001-02-03'::date AS d, '04:05:06.123456'::time AS t`;
const BACK = `SELECT ROW($1::int8, $2::numeric, $3::jsonb, $4::timestamp, $5::timestamptz, $6::date,
  $7::time)::text`;

function expected({ int8, numeric, datetime, json }: Choices): unknown[] {
  const iso = '2001-02-03T04:05:06.123';
  const times = {
    date: [new Date(`${iso}Z`), new Date(`${iso}Z`), '2001-02-03', '04:05:06.123456'],
    // PostgreSQL's ISO text; timestamptz in UTC, whatever the session's time zone.
    string: [
      '2001-02-03 04:05:06.123',
      '2001-02-03 04:05:06.123+00',
      '2001-02-03',
      '04:05:06.123456',
    ],
    temporal: [
      Temporal.PlainDateTime.from(iso),
      Temporal.Instant.from(`${iso}Z`),
      Temporal.PlainDate.from('2001-02-03'),
      Temporal.PlainTime.from('04:05:06.123456'),
    ],
  };
  return [
    { bigint: 42n, number: 42, string: '42' }[int8],
    { string: '1.50', number: 1.5 }[numeric],
    { parse: { a: [1, null] }, text: '{"a": [1, null]}' }[json],
    ...times[datetime],
  ];
}

/** Values of Temporal have no fields to compare: their text and their class stand for them. */
function comparable(values: Iterable<unknown>): unknown[] {
  return Array.from(values, (value) =>
    Object.prototype.toString.call(value).includes('Temporal')
      ? [String(value), value?.constructor.name]
      : value,
  );
}

async function expectChoices(db: Queryable, choices: Choices): Promise<void> {
  const row = await db.fetchRow(QUERY);
  expect(comparable(row!)).toEqual(comparable(expected(choices)));
  const text = await db.fetchVal(BACK, ...row!);
  const n = choices.numeric === 'number' ? '1.5' : '1.50';
  expect(text).toBe(
    `(42,${n},"{""a"": [1, null]}","2001-02-03 04:05:06.123","2001-02-03 09:35:06.123+05:30",2001-02-03,04:05:06.123456)`,
  );
}

test.each(COMBINATIONS)(
  'connect with int8 $int8, numeric $numeric, datetime $datetime, json $json',
  async (choices) => {
    const temporal = choices.datetime === 'temporal' ? { temporal: Temporal } : {};
    await expectChoices(await open({ ...choices, ...temporal }), choices);
  },
);

test.each(COMBINATIONS.filter((_, i) => i % 5 === 0))(
  'createPool with int8 $int8, numeric $numeric, datetime $datetime, json $json',
  async (choices) => {
    const types = { ...choices, temporal: Temporal };
    await using pool = await createPool(serverDsn(), { ...settings, minSize: 1, types });
    await expectChoices(pool, choices);
  },
);

test('connections with different options do not disturb each other', async () => {
  const [numbers, strings, standard] = await Promise.all([
    open({ int8: 'number' }),
    open({ int8: 'string' }),
    open({}),
  ]);
  const query = "SELECT '{7}'::int8[] || 8::int8";
  expect(await numbers.fetchVal(query)).toEqual([7, 8]);
  expect(await strings.fetchVal(query)).toEqual(['7', '8']);
  expect(await standard.fetchVal(query)).toEqual([7n, 8n]);
});

describe('"number" never loses a digit', () => {
  test.each([
    ['int8', '9007199254740992'],
    ['int8', '-9007199254740992'],
    ['numeric', '9007199254740993'],
    ['numeric', '0.1234567890123456789'],
    ['numeric', '1e400'],
  ])('%s %s rejects its call alone, wherever it is', async (type, literal) => {
    const db = await open({ int8: 'number', numeric: 'number' });
    for (const expression of [
      `'${literal}'::${type}`,
      `ARRAY['${literal}'::${type}]`,
      `ROW('${literal}'::${type})`,
    ]) {
      const call = db.fetch(`SELECT ${expression}`);
      await expect(call, expression).rejects.toThrow(InterfaceError);
      expect(await db.fetchVal('SELECT 1::int8')).toBe(1);
    }
  });

  test('what a number holds exactly comes through', async () => {
    const db = await open({ int8: 'number', numeric: 'number' });
    expect(await db.fetchVal("SELECT '9007199254740991'::int8")).toBe(Number.MAX_SAFE_INTEGER);
    expect(await db.fetchVal("SELECT '0.1'::numeric")).toBe(0.1);
    expect(await db.fetchVal("SELECT 'NaN'::numeric")).toBe(Number.NaN);
    expect(await db.fetchVal("SELECT '-Infinity'::numeric")).toBe(-Infinity);
  });
});

describe('"temporal"', () => {
  test('keeps microseconds, where a Date has milliseconds only', async () => {
    const db = await open({ datetime: 'temporal', temporal: Temporal });
    const literals = [
      ['timestamptz', '2024-02-29 23:59:59.999999+05:30'],
      ['timestamptz', '1900-01-01 00:00:00.000001+05:21:10'],
      ['timestamptz', '0001-01-01 00:00:00+05:53:28 BC'],
      ['timestamp', '1969-12-31 23:59:59.999999'],
      ['timestamp', '0044-03-15 00:00:00.5 BC'],
      ['timestamp', '12026-01-01 00:00:00'],
      ['date', '0001-12-31 BC'],
      ['date', '275760-09-13'],
      ['time', '23:59:59.999999'],
      ['time', '24:00:00'],
    ];
    for (const [type, literal] of literals) {
      const value = await db.fetchVal(`SELECT '${literal}'::${type}`);
      const tag = Object.prototype.toString.call(value);
      expect(tag, literal).toMatch(literal === '24:00:00' ? 'String' : 'Temporal');
      expect(await db.fetchVal(`SELECT $1::${type}::text`, value)).toBe(literal);
      const back = await db.fetchVal(`SELECT ($1::${type}[])[2]::text`, [null, value]);
      expect(back).toBe(literal);
    }
  });

  test('leaves infinities and rejects what it cannot hold', async () => {
    const db = await open({ datetime: 'temporal', temporal: Temporal });
    for (const type of ['date', 'timestamp', 'timestamptz']) {
      const value = await db.fetchVal(`SELECT '-infinity'::${type}`);
      expect(await db.fetchVal(`SELECT $1::${type}::text`, value)).toBe('-infinity');
    }
    await expect(db.fetch("SELECT '294276-01-01'::timestamp")).rejects.toThrow(DecodeError);
    await expect(db.fetch("SELECT '5874897-01-01'::date")).rejects.toThrow(DecodeError);
    expect(await db.fetchVal('SELECT 1')).toBe(1);
  });

  test('takes Temporal values as arguments under any option', async () => {
    const db = await open({});
    const instant = Temporal.Instant.from('2001-02-03T04:05:06.123456Z');
    const zoned = instant.toZonedDateTimeISO('America/New_York');
    for (const value of [instant, zoned]) {
      expect(await db.fetchVal('SELECT $1::timestamptz::text', value)).toBe(
        '2001-02-03 09:35:06.123456+05:30',
      );
    }
    const date = Temporal.PlainDate.from('2001-02-03').withCalendar('hebrew');
    expect(await db.fetchVal('SELECT $1::date::text', date)).toBe('2001-02-03');
    const duration = Temporal.Duration.from({ months: 1, days: 2, microseconds: 3 });
    expect(await db.fetchVal('SELECT $1::interval::text', duration)).toBe(
      '1 mon 2 days 00:00:00.000003',
    );
    await expect(db.fetchVal('SELECT $1::timestamp', instant)).rejects.toThrow(
      InvalidArgumentError,
    );
    await expect(db.fetchVal('SELECT $1::date', zoned)).rejects.toThrow(InvalidArgumentError);
  });

  test('needs a Temporal', async () => {
    const options = { types: { datetime: 'temporal', temporal: {} } } as never;
    await expect(connect(serverDsn(), options)).rejects.toThrow(ClientConfigurationError);
  });
});

test('unknown choices are refused', async () => {
  for (const types of [{ int8: 'float' }, { datetime: 'Date' }, { Int8: 'number' }, 'number', []]) {
    await expect(connect(serverDsn(), { types } as never)).rejects.toThrow(
      ClientConfigurationError,
    );
  }
});
