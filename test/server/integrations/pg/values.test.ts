import facade from 'asyncpg/pg';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { config, onClients, owned, plain, settled } from './both.ts';
import { EXPRESSIONS } from './expressions.ts';

beforeEach(() => {
  vi.stubEnv('TZ', 'America/New_York');
});

describe('values that the server sends', () => {
  test.each([
    { name: 'by the simple protocol', query: {} },
    { name: 'by the extended protocol', query: { queryMode: 'extended' } },
    { name: 'as arrays', query: { rowMode: 'array' } },
    {
      name: 'as arrays by the extended protocol',
      query: { rowMode: 'array', queryMode: 'extended' },
    },
    { name: 'in pages', query: { rows: 1 } },
    { name: 'of a named statement', query: { name: 'values' } },
  ])('are those of pg $name', async ({ query }) => {
    const columns = EXPRESSIONS.map((text, i) => `${text} AS v${i}`);
    const result: any = await onClients((client) =>
      settled(client.query({ text: `SELECT ${columns.join(', ')}`, ...query })),
    );
    expect(result.error?.message).toBeUndefined();
    expect(result.rows).toHaveLength(1);
  });

  test('are those of pg for parsers of the client, of the query and of all', async () => {
    await onClients(async (client, { types }) => {
      const text = 'SELECT 1::int4 AS a, 2::int8 AS b, null::int8 AS c, now()::date AS d';
      const log: unknown[] = [];
      client.setTypeParser(23, (value: string) => `client's ${value}`);
      client.setTypeParser(20, 'text', BigInt);
      log.push((await client.query(text)).rows[0].a, client.getTypeParser(23)('7'));
      const asked: unknown[] = [];
      const getTypeParser = (oid: number, format: string): any => {
        asked.push([oid, format]);
        return oid === 1082 ? () => 'a day' : types.getTypeParser(oid as 23, format as 'text');
      };
      log.push((await client.query({ text, types: { getTypeParser } })).rows, asked);
      const before = types.getTypeParser(1082);
      types.setTypeParser(1082, () => 'a day for all');
      try {
        log.push((await client.query(text)).rows);
      } finally {
        types.setTypeParser(1082, before);
      }
      return log;
    });
  });

  test('are read by what a program puts in the place of the functions of types, as in pg', async () => {
    await onClients(async (client, { defaults, types, Result, TypeOverrides }) => {
      const query = { text: 'SELECT 7::int8 AS a, $1::text AS b', values: ['t'] };
      const rowsOf = async (): Promise<unknown> => (await client.query(query)).rows;
      const { getTypeParser, setTypeParser } = types;
      const log: unknown[] = [await rowsOf()];
      try {
        types.getTypeParser = ((oid: 20, format: 'text') => {
          log.push([oid, format]);
          return oid === 20 ? (value: string) => `all's ${value}` : getTypeParser(oid, format);
        }) as typeof getTypeParser;
        log.push(await rowsOf(), (client as any).getTypeParser(20)('1'));
        log.push(new TypeOverrides().getTypeParser(20)('2'));
        const result: any = new (Result as any)();
        result.addFields([{ name: 'c', dataTypeID: 20, format: 'text' }]);
        log.push(result.parseRow(['3']));
        types.setTypeParser = ((...args: unknown[]) => {
          log.push(args.slice(0, 2));
        }) as typeof setTypeParser;
        defaults.parseInt8 = true;
      } finally {
        Object.assign(types, { getTypeParser, setTypeParser });
      }
      log.push(await rowsOf());
      return log;
    });
  });

  test('that a parser refuses fail the query, and not the client', async () => {
    await onClients(async (client) => {
      const failing = { getTypeParser: () => () => JSON.parse('{') };
      const text = 'SELECT generate_series(1, 3)';
      return [
        await settled(client.query({ text, types: failing })),
        await settled(client.query({ text: `${text}::text::int4`, values: [], types: failing })),
        await settled(client.query(text)),
      ];
    });
  });

  test('of types whose parsers are none fail the query, unless they are NULL', async () => {
    await onClients(async (client) => {
      const outcomes: unknown[] = [];
      for (const parser of [undefined, null, 1, {}]) {
        for (const rowMode of [undefined, 'array']) {
          for (const value of ['1', 'NULL']) {
            const types = { getTypeParser: () => parser };
            const query = { text: `SELECT ${value}::int4 AS a`, types, rowMode };
            outcomes.push(await settled(client.query(query)));
          }
        }
      }
      return [outcomes, await settled(client.query('SELECT 1'))];
    });
  });

  // node-postgres throws this where nobody can catch it, and its client is of no use any more.
  test('of types that tell no parsers fail the query, in the words of pg', async () => {
    const client = new facade.Client(config());
    await client.connect();
    const message = 'this._types.getTypeParser is not a function';
    for (const types of [{}, [], { getTypeParser: 1 }, 'text', 5] as any[]) {
      for (const query of [{ text: 'SELECT 1' }, { text: 'SELECT $1', values: ['1'] }]) {
        await expect(client.query({ ...query, types })).rejects.toThrow(new TypeError(message));
      }
      const result: any = new facade.Result(undefined as any, types);
      const fields = [{ name: 'a', dataTypeID: 23, format: 'text' }];
      expect(() => result.addFields(fields)).toThrow(new TypeError(message));
      const other = new facade.Client({ ...config(), types });
      await other.connect();
      await expect(other.query('SELECT 1')).rejects.toThrow(new TypeError(message));
      await other.end();
    }
    expect((await client.query('SELECT 2 AS a')).rows).toEqual([{ a: 2 }]);
    await client.end();
  });

  test('are plain objects whatever the columns are called', async () => {
    await onClients(async (client) => {
      const names = ['a', 'a', '__proto__', 'constructor', '1', '0', 'x"y', 'toString', ''];
      const columns = names.map((name, i) =>
        name === '' ? `${i}` : `${i} AS "${name.replaceAll('"', '""')}"`,
      );
      const { rows } = await client.query(`SELECT ${columns.join(', ')}`);
      const [row] = rows;
      return {
        entries: Object.entries(row),
        own: Object.getOwnPropertyNames(row),
        isPlain: Object.getPrototypeOf(row) === Object.prototype,
        json: JSON.stringify(rows),
      };
    });
  });

  test.each([1, 2, 300, 1600])('make rows of %s columns', async (count) => {
    const columns = Array.from({ length: count }, (_, i) => `${i} AS c${i}`);
    await onClients((client) => settled(client.query(`SELECT ${columns.join(', ')}`)));
  });

  test('of no columns, no rows and many rows', async () => {
    await onClients(async (client) => [
      await settled(client.query('SELECT FROM generate_series(1, 3)')),
      await settled(client.query('SELECT 1 AS a WHERE false')),
      await settled(client.query('SELECT i, i::text AS t FROM generate_series(1, 20000) AS i')),
      await settled(client.query('SELECT $1::text AS t', ['x'.repeat(300_000)])),
    ]);
  });
});

/** A parameter's type and the values that are sent for it. */
const PARAMETERS: readonly (readonly [type: string, ...values: unknown[]])[] = [
  ['int2', 70000, -1],
  ['int4', '5', 5, true, '5.7', 5n, Buffer.from('35'), Number.NaN, Buffer.from([0, 0, 1, 0]), -0],
  ['int8', 5, '9007199254740993', 9007199254740993n],
  ['text', 5, true, new Date(0), { a: 1 }, [1, 2], 5n, Buffer.from('ab'), Symbol('x'), null],
  ['text', undefined, new String('boxed'), new Map(), 'a\0b', '\ud800', '', [], [[]], [null]],
  ['text', { toPostgres: () => 'tp' }, { toPostgres: () => ({ b: 2 }) }, () => 1],
  ['text', { toJSON: () => undefined }, { toPostgres: () => undefined }],
  ['bool', 'true', 1, 't', 0],
  ['numeric', 1.5, '1e3', 1e21],
  ['float8', '1.5', Number.NaN, Number.POSITIVE_INFINITY, 1e-7],
  ['date', new Date(0), '2024-01-02'],
  ['timestamptz', new Date(0), '2024-01-02', 0, new Date(Date.UTC(-43, 2, 15))],
  ['timestamp', new Date(0)],
  ['uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'],
  ['json', { a: 1 }, [1, 2], '"s"', 's', 5, [{ a: 1 }]],
  ['jsonb', null, '[1]', true],
  ['bytea', Buffer.from('ab'), new Uint8Array([1]), '\\x01', 'ab', new Uint16Array([258])],
  ['bytea', new DataView(new ArrayBuffer(2)), Buffer.alloc(0)],
  ['int4[]', [1, 2], '{1,2}', ['1', '2'], [[1], [2]], []],
  ['text[]', ['a', null, 'b"c', 'd\\e'], [1, true], '{a,b}', [undefined]],
  ['jsonb[]', [{ a: 1 }]],
  ['timestamptz[]', [new Date(0)]],
  ['bytea[]', [Buffer.from('a')], [new Uint8Array([1])]],
  ['int4range', '[1,5)'],
  ['point', '(1,2)'],
  ['interval', '1 day', { days: 1 }],
  ['inet', '10.0.0.1'],
  ['time', '10:00'],
  ['regclass', 'pg_class'],
];

describe('parameters', () => {
  test.each(PARAMETERS)('of %s come to what they do in pg', async (type, ...values) => {
    await onClients(async (client) => {
      const outcomes: unknown[] = [];
      for (const value of values) {
        outcomes.push(await settled(client.query(`SELECT $1::${type}::text AS v`, [value])));
      }
      return outcomes;
    });
  });

  test.each([
    ['SELECT $1 AS v', 5],
    ['SELECT $1 AS v', null],
    ['SELECT $1 + 1 AS v', '4'],
    ['SELECT 1 WHERE 1 = $1', '1'],
    ['SELECT coalesce($1, 5) AS v', '7'],
  ])('have the type that the server gives them: %s, %s', async (text, value) => {
    await onClients((client) => settled(client.query(text, [value])));
  });

  test('that throw when they are prepared fail the query, and leave the client as it was', async () => {
    await onClients(async (client) => {
      const thrown = new Error('no');
      const throwing = {
        toPostgres: () => {
          throw thrown;
        },
      };
      const circular: any = { toPostgres: () => circular };
      const attempts = [
        client.query('SELECT $1::text', [throwing]),
        client.query('SELECT $1::text', [circular]),
        client.query({ name: 'n', text: 'SELECT $1::text', values: [throwing] }),
      ].map((promise: Promise<unknown>) => promise.catch(plain));
      const outcomes = await Promise.all(attempts);
      // pg has then closed the statement that it has begun to prepare.
      return [outcomes, owned(await client.query('SELECT $1::int4 AS v', [1]))];
    });
  });
});
