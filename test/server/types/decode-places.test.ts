/** The error for a value that cannot be read says where in it the cause is, as that for an argument does. */
import { expect, test } from 'vitest';
import { type Connection, DecodeError, InterfaceError } from '../../../src/index.ts';
import { collect, describeEach, failure, openWithSchema } from '../../support/connections.ts';

describeEach('a value that cannot be read is told of with its place', (version) => {
  /** A connection to which int8 beyond 2^53 and the text `bad` cannot be read. */
  async function open(format: 'text' | 'binary'): Promise<Connection> {
    const connection = await openWithSchema(version, { types: { int8: 'number' } });
    await connection.execute(`CREATE TYPE part AS (name text, "part no" int8, sizes int8[]);
      CREATE TYPE whole AS (part part, parts part[]); CREATE DOMAIN parts AS part[]`);
    await connection.setTypeCodec('text', {
      schema: 'pg_catalog',
      format,
      decoder: (given: string | Buffer) => {
        if (String(given) === 'bad') throw new Error('it is bad');
        return String(given);
      },
    });
    return connection;
  }

  const BIG = `${2 ** 53 + 2}`;
  const CASES: readonly [sql: string, place: string][] = [
    [`'bad'::text`, '(text): the decoder'],
    [`ARRAY['good', NULL, 'bad']`, '(text[]) at [2]: the decoder'],
    [`ARRAY[ARRAY['good', 'good'], ARRAY['good', 'bad']]`, '(text[]) at [1][1]: the decoder'],
    [`'[5:6]={good,bad}'::text[]`, '(text[]) at [1]: the decoder'],
    [`ROW('bad', 1, NULL)::part`, '(part) at .name: the decoder'],
    [`ARRAY[NULL, ROW('bad', 1, NULL)::part]`, '(part[]) at [1].name: the decoder'],
    [
      `ROW(NULL, ARRAY[ROW('bad', 1, NULL)::part])::whole`,
      '(whole) at .parts[0].name: the decoder',
    ],
    [`ROW(ROW('bad', 1, NULL)::part, NULL)::whole`, '(whole) at .part.name: the decoder'],
    [`ROW(1, ARRAY['good', 'bad'])`, '(record) at [1][1]: the decoder'],
    [`${BIG}`, `(int8): int8 ${BIG} cannot`],
    [`ARRAY[1, ${BIG}]`, `(int8[]) at [1]: int8 ${BIG} cannot`],
    [`ROW('good', ${BIG}, NULL)::part`, `(part) at ["part no"]: int8 ${BIG} cannot`],
    [`ROW('good', 1, ARRAY[1, ${BIG}])::part`, `(part) at .sizes[1]: int8 ${BIG} cannot`],
    [`ROW(1, ${BIG})`, `(record) at [1]: int8 ${BIG} cannot`],
    [`int8range(1, ${BIG})`, `(int8range) at .upper: int8 ${BIG} cannot`],
    [`int8range(${BIG}, NULL)`, `(int8range) at .lower: int8 ${BIG} cannot`],
    [`ARRAY[int8range(1, ${BIG})]`, `(int8range[]) at [0].upper: int8 ${BIG} cannot`],
    [
      `int8multirange(int8range(1, 2), int8range(5, ${BIG}))`,
      `(int8multirange) at [1].upper: int8 ${BIG} cannot`,
    ],
  ];

  test.each(['text', 'binary'] as const)('by a codec in %s', async (format) => {
    const connection = await open(format);
    const told: unknown[] = [];
    const expected: unknown[] = [];
    for (const [sql, place] of CASES) {
      const query = `SELECT 1 AS one, ${sql} AS v`;
      const calls = [
        () => connection.fetch(query),
        () => connection.fetch({ text: query, rows: 'array' }),
        () => collect(connection.stream(query)),
        () => collect(connection.copyRecordsFromQuery(query)),
      ];
      const isOfCodec = place.endsWith('the decoder');
      for (const call of calls) {
        const error = await failure(call());
        expect(error).toBeInstanceOf(isOfCodec ? DecodeError : InterfaceError);
        if (!isOfCodec) expect(error['hint']).toMatch(/^Set the types.int8 option/);
        const start = `cannot ${isOfCodec ? 'decode' : 'read'} column "v" ${place}`;
        told.push(error.message.slice(0, start.length));
        expected.push(start);
      }
    }
    expect(told).toEqual(expected);
    expect(await connection.fetchVal(`SELECT 'good'`)).toBe('good');
  });

  // With a field that has no binary form a composite travels as its text.
  test('in values that travel as text', async () => {
    const connection = await open('text');
    await connection.execute(
      `CREATE TYPE priced AS (price money, name text, sizes int8[], r int8range)`,
    );
    const places: [sql: string, place: string][] = [
      [`ROW(1, 'bad', NULL, NULL)::priced`, '(priced) at .name: the decoder'],
      [`ARRAY[NULL, ROW(1, 'bad', NULL, NULL)::priced]`, '(priced[]) at [1].name: the decoder'],
      [
        `ROW(1, 'x', ARRAY[ARRAY[1], ARRAY[${BIG}]], NULL)::priced`,
        '(priced) at .sizes[1][0]: int8',
      ],
      [`ROW(1, 'x', NULL, int8range(${BIG}, NULL))::priced`, '(priced) at .r.lower: int8'],
    ];
    for (const [sql, place] of places) {
      const error = await failure(connection.fetch(`SELECT ${sql} AS v`));
      expect(error.message).toContain(`column "v" ${place}`);
    }
  });
});
