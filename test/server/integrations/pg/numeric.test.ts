import facade from 'asyncpg/pg';
import { describe, expect, test } from 'vitest';
import { config, onClients } from './both.ts';

const NUMERIC = 1700;

const NUMBERS = [
  '294733346389144765940638005275322203805',
  '9'.repeat(1000),
  `-1${'0'.repeat(5000)}.${'0'.repeat(300)}1`,
  `0.${'0'.repeat(400)}12`,
  `1.${'0'.repeat(500)}`,
  '1.50',
  '-0',
  '0.000',
  '1e300',
  '1e-300',
  'NaN',
  'Infinity',
  '-Infinity',
];

describe.each([15, 18] as const)('numerics of any size, PostgreSQL %i', (version) => {
  test('are the same texts, by each protocol and in arrays', async () => {
    const texts = await onClients(async (client) => {
      const found: unknown[] = [];
      for (const number of NUMBERS) {
        const queries = [
          client.query('SELECT $1::numeric AS n, ARRAY[$1::numeric, NULL] AS a', [number]),
          client.query(`SELECT '${number}'::numeric AS n, '{${number}}'::numeric[] AS a`),
        ];
        for (const { rows } of await Promise.all(queries)) found.push(rows);
      }
      return found;
    }, config(version));
    expect(texts[0]).toEqual([{ n: NUMBERS[0], a: [Number(NUMBERS[0]), null] }]);
  });

  test('go to the parser that is set: by the query, the client, or for all', async () => {
    await onClients(async (client, pg) => {
      const found: unknown[] = [];
      const ask = async (types?: unknown): Promise<void> => {
        for (const values of [NUMBERS, []]) {
          const list = NUMBERS.map((text, i) => (values.length > 0 ? `$${i + 1}` : `'${text}'`));
          const text = `SELECT unnest(ARRAY[${list}]::numeric[]) AS n`;
          found.push((await client.query({ text, values, types })).rows);
        }
      };
      const types = {
        getTypeParser: (oid: number, format: any) =>
          oid === NUMERIC ? (text: string) => `query ${text}` : pg.types.getTypeParser(oid, format),
      };
      const before = pg.types.getTypeParser(NUMERIC);
      await ask();
      await ask(types);
      try {
        pg.types.setTypeParser(NUMERIC, (text: string) => `all ${text}`);
        await ask();
        await ask(types);
        client.setTypeParser(NUMERIC, (text: string) => `client ${text}`);
        await ask();
        await ask(types);
      } finally {
        pg.types.setTypeParser(NUMERIC, before);
      }
      await ask();
      return found;
    }, config(version));
  });

  // pg reads bytes as UTF-8 before a parser gets them.
  test('go to the parser of binary format as the bytes they are', async () => {
    const client: any = new facade.Client(config(version));
    await client.connect();
    const { types } = facade;
    const before = types.getTypeParser(NUMERIC, 'binary');
    const digits = (bytes: Buffer): number => bytes.readInt16BE(0);
    const ask = async (ownTypes?: unknown): Promise<unknown> => {
      const query = { text: 'SELECT $1::numeric AS n', binary: true, types: ownTypes };
      const { rows } = await client.query({ ...query, values: [NUMBERS[0]] });
      return rows[0].n;
    };
    try {
      expect(await ask()).toBe(Number(NUMBERS[0]));
      types.setTypeParser(NUMERIC, 'binary', (bytes: Buffer) => ['all', digits(bytes)]);
      expect(await ask()).toEqual(['all', 10]);
      client.setTypeParser(NUMERIC, 'binary', (bytes: Buffer) => ['client', digits(bytes)]);
      expect(await ask()).toEqual(['client', 10]);
      const getTypeParser = () => (bytes: Buffer) => ['query', digits(bytes)];
      expect(await ask({ getTypeParser })).toEqual(['query', 10]);
    } finally {
      types.setTypeParser(NUMERIC, 'binary', before);
      await client.end();
    }
  });
});
