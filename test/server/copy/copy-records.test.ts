import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CLIENT } from '../../../src/client/internals.ts';
import {
  CheckViolationError,
  type Connection,
  type CopyRecordsOptions,
  connect,
  Interval,
  InvalidArgumentError,
  Range,
  UndefinedColumnError,
  UndefinedTableError,
} from '../../../src/index.ts';
import { hasServer, serverDsn, type TestedVersion } from '../../support/servers/server.ts';

type Records = CopyRecordsOptions['records'];

describe.each<TestedVersion>([18, 15])('PostgreSQL %i', (version) => {
  describe.runIf(hasServer(version))('copies records', () => {
    let connection: Connection;

    beforeEach(async () => {
      connection = await connect(serverDsn(version));
      await connection.execute('CREATE TEMP TABLE items (id int, name text, price numeric)');
    });
    afterEach(() => connection.close());

    const items = (): Promise<unknown[]> => connection.fetch('SELECT * FROM items ORDER BY id');
    const ROWS = [
      { id: 1, name: 'a', price: '1.50' },
      { id: 2, name: null, price: null },
    ];

    const arrays = [
      [1, 'a', '1.50'],
      [2, null, null],
    ];
    const shapes: Record<string, () => Records> = {
      arrays: () => arrays,
      objects: () => [
        { price: '1.50', name: 'a', id: 1, more: 'is ignored' },
        { id: 2, name: null, price: null },
      ],
      'arrays and objects': () => [arrays[0]!, { id: 2, name: null, price: null }],
      'a generator': () =>
        (function* () {
          yield* arrays;
        })(),
      'an async generator': () =>
        (async function* () {
          yield arrays[0]!;
          await new Promise((resolve) => setImmediate(resolve));
          yield arrays[1]!;
        })(),
      'a Set': () => new Set(arrays),
      'class instances': () => {
        class Item {
          readonly id: number;
          constructor(id: number) {
            this.id = id;
          }
          get name(): string | null {
            return this.id === 1 ? 'a' : null;
          }
          get price(): string | null {
            return this.id === 1 ? '1.50' : null;
          }
        }
        return [new Item(1), new Item(2)];
      },
    };
    test.each(Object.entries(shapes))('from %s', async (_, make) => {
      expect(await connection.copyRecordsToTable('items', { records: make() })).toBe('COPY 2');
      expect(await items()).toEqual(ROWS);
    });

    test('from the rows of a query, streamed from another connection', async () => {
      await using other = await connect(serverDsn(version));
      const records = other.stream(
        'SELECT n AS id, n::text AS name, n / 4.0 AS price FROM generate_series(1, 5000) n',
      );
      expect(await connection.copyRecordsToTable('items', { records })).toBe('COPY 5000');
      expect(await connection.fetchVal('SELECT count(*) FROM items WHERE price = id / 4.0')).toBe(
        5000n,
      );
    });

    test('none: nothing is copied', async () => {
      expect(await connection.copyRecordsToTable('items', { records: [] })).toBe('COPY 0');
      expect(await items()).toEqual([]);
    });

    test('into some columns, in their order', async () => {
      const columns = ['price', 'id'];
      await connection.copyRecordsToTable('items', {
        columns,
        records: [[2.5, 1], { id: 2, price: null }],
      });
      expect(await items()).toEqual([
        { id: 1, name: null, price: '2.5' },
        { id: 2, name: null, price: null },
      ]);
    });

    test('in whatever notation a call takes them', async () => {
      await connection.execute(
        'CREATE TABLE notations (a inet, b cidr, c macaddr, d macaddr8, e tsvector, k int)',
      );
      const texts = {
        a: ['10/8', '172.16.5/12', '::1.2.3.4', '10/16', '1.2.3'],
        b: ['10', '128.1', '192.168', '192.168.1', '224', '224.1', '240', '10.1/20', '10.1/8'],
        c: ['8:0:2b:1:2:3', ' 08002b-010203 ', '0800:2b01:0203', '08.00.2b.01.02.03'],
        d: ['08002b:0102030405', '08.00.2b.01.02.03', '0800:2b01-0203', '8:0:2b:1:2:3'],
        e: ['a:1,2B b', "'x y':3 c", 'a:1b', 'a:1x', 'a:1,'],
      };
      try {
        let k = 0;
        for (const [column, samples] of Object.entries(texts)) {
          for (const text of samples) {
            k += 1;
            const called = await connection
              .execute(`INSERT INTO notations (${column}, k) VALUES ($1, $2)`, text, k)
              .catch(() => null);
            const copied = await connection
              .copyRecordsToTable('notations', { columns: [column, 'k'], records: [[text, k]] })
              .catch(() => null);
            expect([text, copied === null]).toEqual([text, called === null]);
          }
        }
        const counts = await connection.fetch('SELECT count(*)::int FROM notations t GROUP BY t');
        expect(counts.map(({ count }) => count)).toEqual(Array(18).fill(2));
      } finally {
        await connection.execute('DROP TABLE notations');
      }
    });

    test('with values of every kind of type', async () => {
      await connection.execute(`
        CREATE TYPE mood AS ENUM ('sad', 'happy');
        CREATE TYPE pair AS (x int, y text);
        CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
        CREATE TABLE kinds (a int2, b int8, c float4, d float8, e bool, f bytea, g timestamptz,
          h date, i uuid, j json, k jsonb, l int[], m text[], n mood, o pair, p email, q inet,
          r interval, s int4range, t varchar(5), u char(3), v xml, w bit(3), x mood[], y pair[])`);
      try {
        const values = {
          a: -5,
          b: 2n ** 62n,
          c: 0.5,
          d: Math.PI,
          e: true,
          f: Buffer.from([0, 1, 255]),
          g: new Date('2024-02-29T12:34:56.789Z'),
          h: '2024-02-29',
          i: '01234567-89ab-cdef-0123-456789abcdef',
          j: { a: [1, 'zwei', null] },
          k: 'text',
          l: [
            [1, 2],
            [3, 4],
          ],
          m: ['a,b', null, '"', '\\'],
          n: 'happy',
          o: { x: 1, y: 'y,"' },
          p: 'ada@example.org',
          q: '192.168.0.1',
          r: new Interval({ months: 1, days: 2, microseconds: 3n }),
          s: new Range(1, 5),
          t: 'abcde',
          u: 'abc',
          v: '<a>b</a>',
          w: null,
          x: ['sad', 'happy'],
          y: [{ x: 1, y: null }],
        };
        const nulls = Object.fromEntries(Object.keys(values).map((key) => [key, null]));
        const records = [values, nulls, values];
        expect(await connection.copyRecordsToTable('kinds', { records })).toBe('COPY 3');
        expect(await connection.fetch('SELECT * FROM kinds')).toEqual(records);
      } finally {
        await connection.execute('DROP TABLE kinds; DROP TYPE pair, mood; DROP DOMAIN email');
      }
    });

    test('through the codecs that are set', async () => {
      await connection.setTypeCodec('numeric', {
        schema: 'pg_catalog',
        encoder: (cents: number) =>
          `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`,
        decoder: (text: string) => Number(text.replace('.', '')),
      });
      await connection.setTypeCodec('text', {
        schema: 'pg_catalog',
        encoder: (text: string) => text.toUpperCase(),
        decoder: (text: string) => text.toLowerCase(),
      });
      await connection.copyRecordsToTable('items', { records: [[1, 'a', 1234]] });
      expect(await items()).toEqual([{ id: 1, name: 'a', price: 1234 }]);
      expect(await connection.fetchVal('SELECT name = chr(65) FROM items')).toBe(true);
    });

    test('in text where a type has no known binary form', async () => {
      await connection.execute('CREATE TEMP TABLE odd (a regclass, b text, c int[], d aclitem)');
      const records = [
        ['pg_class', 'tab\t line\n return\r back\\ \b\f\v end', [1, 2], null],
        ['pg_type', '\\N', [], '=r/postgres'],
        [null, '', null, null],
        ['pg_proc', '\\.', null, null],
        ['pg_proc', null, null, null],
      ];
      const tag = await connection.copyRecordsToTable('odd', { records });
      expect(tag).toBe('COPY 5');
      expect((await connection.fetch('SELECT * FROM odd')).map((row) => [...row])).toEqual(records);
    });

    test('in text, with no name cut off that is too long', async () => {
      await connection.execute(`CREATE DOMAIN pg_temp.label AS name;
        CREATE TEMP TABLE names (a name, b name[], c pg_temp.label, price money)`);
      const longest = `${'é'.repeat(31)}x`;
      await connection.copyRecordsToTable('names', {
        records: [[longest, [longest, null], longest]],
        columns: ['a', 'b', 'c'],
      });
      expect(await connection.fetch('SELECT a, b, c FROM names')).toEqual([
        { a: longest, b: [longest, null], c: longest },
      ]);
      const long = 'é'.repeat(32);
      for (const record of [{ a: long }, { b: [long] }, { c: long }]) {
        const columns = Object.keys(record);
        const copying = connection.copyRecordsToTable('names', { records: [record], columns });
        await expect(copying, columns[0]).rejects.toThrow('at most 63 bytes');
      }
      expect(await connection.fetchVal('SELECT count(*) FROM names')).toBe(1n);
    });

    test('with the values that the server does not read in binary', async () => {
      await connection.execute(
        'CREATE TEMP TABLE unreadable (q tsquery, qs tsquery[], i int2vector, o oidvector)',
      );
      const records = [
        ['', ['', null], [], []],
        ["'a' & 'b'", [], [1, 2], [3]],
      ];
      await connection.copyRecordsToTable('unreadable', { records });
      const rows = await connection.fetch('SELECT * FROM unreadable');
      expect(rows.map((row) => [...row])).toEqual(records);
    });

    test('with lexemes that the server alone takes apart', async () => {
      await connection.execute('CREATE TEMP TABLE lexemes (v tsvector, vs tsvector[])');
      const texts = ['a\u00a0b c', '\u3000', 'x\u2003:1A y:2A3', "'a\u00a0b'"];
      await connection.copyRecordsToTable('lexemes', {
        records: texts.map((text) => [text, [text]]),
      });
      const read = await connection.fetch('SELECT v::text, vs[1]::text AS e FROM lexemes');
      for (const [i, text] of texts.entries()) {
        const expected = await connection.fetchVal('SELECT $1::tsvector::text', text);
        expect([...read[i]]).toEqual([expected, expected]);
      }
    });

    test('in text where a column left out has no binary form', async () => {
      await connection.execute('CREATE TEMP TABLE odd (a int[], d aclitem)');
      const records = [{ a: [1, null] }, { a: null }];
      await connection.copyRecordsToTable('odd', { records, columns: ['a'] });
      expect(await connection.fetch('SELECT a FROM odd')).toEqual(records);
    });

    test('in text, an error names the row and the column too', async () => {
      await connection.execute('CREATE TEMP TABLE odd (a regclass, b int)');
      await expect(
        connection.copyRecordsToTable('odd', {
          records: [
            ['pg_class', 1],
            ['pg_class', 1.5],
          ],
        }),
      ).rejects.toThrow('invalid input for row 1, column "b" (int4)');
    });

    test('but not into generated columns', async () => {
      await connection.execute(
        'CREATE TEMP TABLE sums (a int, total int GENERATED ALWAYS AS (a + b) STORED, b int, gone int); ALTER TABLE sums DROP gone',
      );
      await connection.copyRecordsToTable('sums', { records: [[1, 2], { b: 4, a: 3 }] });
      expect(await connection.fetch('SELECT * FROM sums')).toEqual([
        { a: 1, total: 3, b: 2 },
        { a: 3, total: 7, b: 4 },
      ]);
      await expect(
        connection.copyRecordsToTable('sums', { columns: ['total'], records: [[1]] }),
      ).rejects.toMatchObject({ sqlstate: '42P10' });
    });

    test('with where', async () => {
      const tag = await connection.copyRecordsToTable('items', {
        records: arrays,
        where: 'name IS NOT NULL',
      });
      expect(tag).toBe('COPY 1');
    });

    test('into tables and columns of any name', async () => {
      await connection.execute(
        'CREATE SCHEMA "a.b"; CREATE TABLE "a.b"."c""d" (" x" int, constructor text, __proto__ text, "0" int, length int)',
      );
      try {
        await connection.copyRecordsToTable('c"d', {
          schema: 'a.b',
          records: [
            [1, 'a', 'b', 2, 3],
            JSON.parse('{" x":1,"constructor":"a","__proto__":"b","0":2,"length":3}') as object,
          ],
        });
        const rows = await connection.fetch('SELECT * FROM "a.b"."c""d"');
        expect(rows.map((row) => [...row])).toEqual([
          [1, 'a', 'b', 2, 3],
          [1, 'a', 'b', 2, 3],
        ]);
        await expect(
          connection.copyRecordsToTable('c"d', {
            schema: 'a.b',
            records: [{ ' x': 1, __proto__: { inherited: true }, 0: 2, length: 3 }],
          }),
        ).rejects.toThrow('record 0 has no value for the column "constructor"');
      } finally {
        await connection.execute('DROP SCHEMA "a.b" CASCADE');
      }
    });

    test('as the table is now, not as it was at the last call', async () => {
      await connection.copyRecordsToTable('items', { records: arrays });
      await connection.execute('TRUNCATE items; ALTER TABLE items ALTER id TYPE float4');
      await connection.copyRecordsToTable('items', { records: arrays });
      expect(await items()).toEqual(ROWS);
    });

    test('by a role that may only insert', async () => {
      await connection.execute(`CREATE ROLE writer_of_items; CREATE TABLE closed_items (id int);
        GRANT INSERT ON closed_items TO writer_of_items; SET ROLE writer_of_items`);
      try {
        expect(await connection.copyRecordsToTable('closed_items', { records: [[1]] })).toBe(
          'COPY 1',
        );
      } finally {
        await connection.execute('RESET ROLE; DROP TABLE closed_items; DROP ROLE writer_of_items');
      }
    });

    describe('and refuses', () => {
      test.each<[string, unknown[], string]>([
        [
          'a short record',
          [
            [1, 'a', 1],
            [2, 'b'],
          ],
          'record 1 has 2 values, expected 3',
        ],
        ['a long record', [[1, 'a', 1, 1]], 'record 0 has 4 values, expected 3'],
        ['an empty record', [[]], 'record 0 has 0 values, expected 3'],
        [
          'an object that lacks a column',
          [{ id: 1, name: 'a' }],
          'record 0 has no value for the column "price"',
        ],
        [
          'undefined',
          [[1, undefined, 1]],
          'invalid input for row 0, column "name" (text): undefined',
        ],
        [
          'an undefined field',
          [{ id: 1, name: undefined, price: 1 }],
          'invalid input for row 0, column "name" (text): undefined',
        ],
        [
          'what is no number',
          [...Array.from({ length: 5000 }, (_, id) => [id, '', 0]), ['1', 'a', 1]],
          'invalid input for row 5000, column "id" (int4)',
        ],
        [
          'a fraction for an integer',
          [[1.5, 'a', 1]],
          'invalid input for row 0, column "id" (int4)',
        ],
        [
          'a number out of range',
          [[2 ** 31, 'a', 1]],
          'invalid input for row 0, column "id" (int4)',
        ],
        ['a number for a text', [[1, 5, 1]], 'invalid input for row 0, column "name" (text)'],
        ['a NUL', [[1, 'a\0', 1]], 'invalid input for row 0, column "name" (text)'],
        ['a lone surrogate', [[1, 'a\udc00', 1]], 'invalid input for row 0, column "name" (text)'],
        ['a record that is none', [5], 'record 0 is neither an array of values nor an object'],
        ['a string for a record', ['abc'], 'record 0 is neither an array of values nor an object'],
        [
          'null for a record',
          [[1, 'a', 1], null],
          'record 1 is neither an array of values nor an object',
        ],
      ])('%s, and copies nothing', async (_, records, message) => {
        const error = await connection
          .copyRecordsToTable('items', { records: records as Records })
          .catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(InvalidArgumentError);
        expect((error as Error).message).toContain(message);
        expect(await items()).toEqual([]);
      });

      test.each([[5], [null], [undefined], ['text'], [{}]])(
        '%s for records with a TypeError',
        async (records) => {
          await expect(
            connection.copyRecordsToTable('items', { records: records as unknown as Records }),
          ).rejects.toThrow(TypeError);
        },
      );

      test('a value whose getter throws, with that as the cause', async () => {
        const failure = new Error('not today');
        const price = {
          toString: () => {
            throw failure;
          },
        };
        const name = {
          get name() {
            throw failure;
          },
        };
        await connection.execute('CREATE TEMP TABLE docs (id int, doc jsonb)');
        const doc = {
          toJSON: () => {
            throw failure;
          },
        };
        await expect(
          connection.copyRecordsToTable('docs', { records: [[1, doc]] }),
        ).rejects.toMatchObject({ cause: failure });
        await expect(
          connection.copyRecordsToTable('items', { records: [[1, 'a', price]] }),
        ).rejects.toBeInstanceOf(InvalidArgumentError);
        await expect(
          connection.copyRecordsToTable('items', { columns: ['name'], records: [name] }),
        ).rejects.toBe(failure);
        expect(await items()).toEqual([]);
      });

      test('columns and tables that are not there, as the server does', async () => {
        let pulled = 0;
        const records = (function* () {
          pulled += 1;
          yield [1];
        })();
        await expect(
          connection.copyRecordsToTable('items', { columns: ['id', 'nope'], records }),
        ).rejects.toBeInstanceOf(UndefinedColumnError);
        await expect(
          connection.copyRecordsToTable('nowhere', { records: [[1]] }),
        ).rejects.toBeInstanceOf(UndefinedTableError);
        await expect(
          connection.copyRecordsToTable('items', { columns: ['id', 'id'], records: [[1, 2]] }),
        ).rejects.toMatchObject({ sqlstate: '42701' });
        expect(pulled).toBe(0);
        expect(await items()).toEqual([]);
      });
    });

    test('until the server objects', async () => {
      await connection.execute('ALTER TABLE items ADD CHECK (id < 1000)');
      let closed = false;
      function* endless(): Generator<unknown[]> {
        try {
          for (let id = 0; ; id++) yield [id, 'name', '1.5'];
        } finally {
          closed = true;
        }
      }
      await expect(
        connection.copyRecordsToTable('items', { records: endless() }),
      ).rejects.toBeInstanceOf(CheckViolationError);
      expect(closed).toBe(true);
      expect(await items()).toEqual([]);
    });

    test('until the call is aborted, from inside the encoding of a value', async () => {
      await connection.execute('CREATE TEMP TABLE docs (id int, doc jsonb)');
      const controller = new AbortController();
      const records = (function* () {
        for (let id = 0; ; id++) {
          yield [
            id,
            {
              toJSON: () => {
                if (id === 3000) controller.abort(new Error('enough'));
                return { id };
              },
            },
          ];
        }
      })();
      await expect(
        connection.copyRecordsToTable('docs', { records, signal: controller.signal }),
      ).rejects.toThrow('enough');
      expect(await connection.fetchVal('SELECT count(*) FROM docs')).toBe(0n);
    });

    test('while a record’s getter makes a call on the same connection, which follows', async () => {
      const calls: Promise<unknown>[] = [];
      const record = {
        id: 1,
        get name() {
          calls.push(connection.fetchVal('SELECT count(*) FROM items'));
          connection[CLIENT]('a test').session.outbox.flush();
          return 'a';
        },
        price: 1,
      };
      expect(await connection.copyRecordsToTable('items', { records: [record] })).toBe('COPY 1');
      expect(await Promise.all(calls)).toEqual([1n]);
    });

    test('telling of the progress', async () => {
      const seen: (number | undefined)[] = [];
      await connection.copyRecordsToTable('items', {
        records: Array.from({ length: 10_000 }, (_, id) => [id, 'name', '1.5']),
        onProgress: ({ rows, bytes }) => {
          seen.push(rows);
          expect(bytes).toBeGreaterThan(rows! * 10);
        },
      });
      expect(seen.length).toBeGreaterThan(2);
      expect(seen.at(-1)).toBe(10_000);
    });

    test('in one transaction, which the first of them opens', async () => {
      await expect(
        connection.transaction(async (tx) => {
          await tx.copyRecordsToTable('items', { records: arrays });
          await tx.copyRecordsToTable('items', { records: arrays });
          expect(await tx.fetchVal('SELECT count(*) FROM items')).toBe(4n);
          throw new Error('back');
        }),
      ).rejects.toThrow('back');
      expect(await items()).toEqual([]);
    });

    test('in the order of the calls', async () => {
      const answers = await Promise.all([
        connection.copyRecordsToTable('items', { records: arrays }),
        connection.fetchVal('SELECT count(*) FROM items'),
        connection.copyRecordsToTable('items', { records: arrays }),
        connection.fetchVal('SELECT count(*) FROM items'),
      ]);
      expect(answers).toEqual(['COPY 2', 2n, 'COPY 2', 4n]);
    });

    test('a million of them, with no more memory in use than for a block', async () => {
      function* records(count: number): Generator<unknown[]> {
        for (let id = 0; id < count; id++) yield [id, `the name of the item ${id}`, '12.50'];
      }
      await connection.copyRecordsToTable('items', { records: records(100_000) });
      const before = process.memoryUsage.rss();
      expect(await connection.copyRecordsToTable('items', { records: records(1_000_000) })).toBe(
        'COPY 1000000',
      );
      expect(process.memoryUsage.rss() - before).toBeLessThan(96 * 1024 * 1024);
      expect(
        await connection.fetchRow('SELECT count(*), count(DISTINCT id) AS ids FROM items'),
      ).toEqual({ count: 1_100_000n, ids: 1_000_000n });
    });
  });
});
