/** Codecs of domains, whose columns the server describes as of the type that the domain is made of. */
import { describe, expect, test } from 'vitest';
import { RESULT } from '../../../src/client/internals.ts';
import {
  type Connection,
  createPool,
  OutdatedSchemaCacheError,
  type PoolOptions,
} from '../../../src/index.ts';
import { collect } from '../../support/connections.ts';
import { hasServer } from '../../support/servers/server.ts';
import { useCodecSchema } from './codec-schema.ts';

const SCHEMA = 'domain_codecs';

describe.each([15, 18] as const)('PostgreSQL %d', (version) => {
  describe.runIf(hasServer(version))('a codec on a domain', () => {
    const { dsn, open, asOwner, wrapping } = useCodecSchema(
      version,
      SCHEMA,
      `CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%'); CREATE DOMAIN work_email AS email;
       CREATE TABLE users (id int4, mail email, mails email[], plain text, work work_email)`,
    );
    const ada = { wrapped: 'ada@example.org' };
    const bob = { wrapped: 'bob@example.org' };
    /** Before 16 only the columns of tables can be told. */
    const tellsExpressions = version >= 16;

    async function withRows() {
      const db = await open();
      await db.setTypeCodec('email', wrapping);
      await db.execute('TRUNCATE users');
      const insert = 'INSERT INTO users (id, mail, mails, plain) VALUES ($1, $2, $3, $4)';
      await db.execute(insert, 1, ada, [ada, null], 'text@example.org');
      await db.executeMany(insert, [[2, bob, null, null]]);
      await db.copyRecordsToTable('users', { records: [[3, null, [bob], 'x', null]] });
      return db;
    }

    const ROWS = [
      { id: 1, mail: ada, mails: [ada, null], plain: 'text@example.org' },
      { id: 2, mail: bob, mails: null, plain: null },
      { id: 3, mail: null, mails: [bob], plain: 'x' },
    ];
    const SELECT = 'SELECT id, mail, mails, plain FROM users ORDER BY id';

    test('holds for rows that are copied out, in binary and in text', async () => {
      const db = await withRows();
      const copied = async (text: string, ...args: unknown[]) =>
        (await collect(db.copyRecordsFromQuery({ text, args }))).map((row) => ({ ...row }));
      const select = 'SELECT mail, plain FROM users WHERE id = ';
      const expected = [{ mail: ada, plain: 'text@example.org' }];
      expect(await copied(`${select} 1`)).toEqual(expected);
      expect(await copied(`${select} $1 AND mail = $2`, 1, ada.wrapped)).toEqual(expected);
      await db.setTypeCodec('email', {
        schema: SCHEMA,
        format: 'binary',
        encoder: ({ wrapped }: { wrapped: string }) => Buffer.from(wrapped),
        decoder: (bytes) => ({ wrapped: Buffer.from(bytes).toString() }),
      });
      expect(await copied(`${select} 1`)).toEqual(expected);
      expect(await copied(`${select} $1 AND mail = $2`, 1, ada.wrapped)).toEqual(expected);
    });

    test('holds for columns of tables in what a script of several statements comes to', async () => {
      const db = await withRows();
      const byDeclaring = await open({ codecs: { email: wrapping } });
      for (const connection of [db, byDeclaring, byDeclaring]) {
        const last = async (text: string): Promise<unknown> => {
          const { rows } = await connection[RESULT]({ text });
          return (rows as object[]).map((row) => ({ ...row }));
        };
        expect(await last(`SELECT 1; ${SELECT}`)).toEqual(ROWS);
        expect(await last(`${SELECT}; SELECT mail AS other FROM users WHERE id = 1`)).toEqual([
          { other: ada },
        ]);
        // Of what is no column of a table it is not said.
        expect(await last("SELECT 1; SELECT 'a@b'::email AS made, 'x' AS plain")).toEqual([
          { made: 'a@b', plain: 'x' },
        ]);
        expect(await last('SELECT 1; SELECT plain FROM users WHERE id = 3')).toEqual([
          { plain: 'x' },
        ]);
      }
    });

    test('holds for arguments and for columns of tables, however they are asked for', async () => {
      const db = await withRows();
      const plain = (rows: readonly object[]) => rows.map((row) => ({ ...row }));
      expect(plain(await db.fetch(SELECT))).toEqual(ROWS);
      expect(plain(await db.fetch(SELECT))).toEqual(ROWS);
      expect(plain(await db.fetch({ text: SELECT, prepare: false }))).toEqual(ROWS);
      expect(plain(await db.fetch({ text: SELECT, prepare: false }))).toEqual(ROWS);
      const [, batched] = await db.batch(['SELECT 1', SELECT]);
      expect(plain(batched!.rows)).toEqual(ROWS);
      expect(plain(await collect(db.stream(SELECT)))).toEqual(ROWS);
      expect(plain(await collect(db.copyRecordsFromQuery(SELECT)))).toEqual(ROWS);
      const statement = await db.prepare(SELECT);
      expect(plain(await statement.fetch())).toEqual(ROWS);
      expect(statement.attributes[1]!.type).toMatchObject({ name: 'email', kind: 'domain' });
      expect(statement.attributes[3]!.type).toMatchObject({ name: 'text' });
      await db.transaction(async (tx) => {
        expect(plain(await collect(tx.cursor(SELECT)))).toEqual(ROWS);
      });
      expect(await db.fetchVal('SELECT mail FROM users WHERE mail = $1', ada.wrapped)).toEqual(ada);
      const returned = 'UPDATE users SET mail = $1 WHERE id = 3 RETURNING mail';
      expect(await db.fetchVal(returned, bob)).toEqual(bob);
      expect(await db.fetchMany(returned, [[ada], [bob]])).toMatchObject([
        { mail: ada },
        { mail: bob },
      ]);
    });

    test('holds where a row, an array or a table has the domain', async () => {
      const db = await withRows();
      const [whole] = await db.fetchOne('SELECT users FROM users WHERE id = 1');
      expect(whole).toMatchObject({ mail: ada, mails: [ada, null], plain: 'text@example.org' });
      expect(await db.fetchVal('SELECT array_agg(mail ORDER BY id) FROM users')).toEqual([
        ada,
        bob,
        null,
      ]);
      expect(await db.fetchVal('SELECT $1::email[]', [ada])).toEqual([ada]);
    });

    test.runIf(tellsExpressions)('holds for expressions', async () => {
      const db = await withRows();
      for (const prepare of [true, false]) {
        const value = { text: 'SELECT $1::email', args: [ada], prepare };
        expect(await db.fetchVal(value)).toEqual(ada);
        expect(await db.fetchVal(value)).toEqual(ada);
        expect(await db.fetchVal({ text: "SELECT 'b@c'::email", prepare })).toEqual({
          wrapped: 'b@c',
        });
      }
      const union =
        'SELECT mail FROM users WHERE id = 1 UNION ALL SELECT mail FROM users WHERE id = 2';
      expect(await db.fetch(union)).toMatchObject([{ mail: ada }, { mail: bob }]);
      // A function of text makes text of it.
      expect(await db.fetchVal('SELECT max(mail) FROM users')).toBe('bob@example.org');
      const temporary = await db.fetch(
        "SELECT name FROM pg_prepared_statements WHERE statement = 'SELECT $1::email'",
      );
      expect(temporary).toHaveLength(1);
    });

    test('holds for a domain made of the domain, and that may have its own', async () => {
      const db = await withRows();
      await db.execute('UPDATE users SET work = $1 WHERE id = 1', ada);
      const one = 'SELECT plain, work, work AS other FROM users WHERE id = 1';
      const read = { plain: 'text@example.org', work: ada, other: ada };
      expect(await db.fetchRow(one)).toEqual(read);
      expect(await db.fetchRow({ text: one, prepare: false })).toEqual(read);
      expect((await collect(db.copyRecordsFromQuery(one))).map((row) => ({ ...row }))).toEqual([
        read,
      ]);
      expect(await db.fetchVal('SELECT $1::work_email', ada)).toEqual(
        tellsExpressions ? ada : ada.wrapped,
      );
      const statement = await db.prepare(one);
      expect(statement.attributes.map(({ type }) => type.name)).toEqual([
        'text',
        'work_email',
        'work_email',
      ]);
      await db.setTypeCodec('work_email', {
        schema: SCHEMA,
        encoder: ({ work }: { work: string }) => work,
        decoder: (work: string) => ({ work }),
      });
      await db.execute('UPDATE users SET work = $1 WHERE id = 2', { work: 'w@example.org' });
      const rows = await db.fetch('SELECT mail, work FROM users WHERE id < 3 ORDER BY id');
      expect(rows).toMatchObject([
        { mail: ada, work: { work: 'ada@example.org' } },
        { mail: bob, work: { work: 'w@example.org' } },
      ]);
    });

    test('that is declared holds for a domain made of the domain', async () => {
      const db = await open({ codecs: { email: wrapping } });
      await db.execute('TRUNCATE users');
      await db.execute('INSERT INTO users (id, work) VALUES (1, $1)', bob);
      expect(await db.fetch('SELECT id, work, plain FROM users')).toEqual([
        { id: 1, work: bob, plain: null },
      ]);
      expect(await db.fetchVal('SELECT work FROM users')).toEqual(bob);
    });

    test('is set and taken back while statements are known', async () => {
      const db = await open();
      await db.execute('TRUNCATE users');
      await db.execute("INSERT INTO users (id, mail) VALUES (1, 'ada@example.org')");
      const text = 'SELECT mail FROM users';
      expect(await db.fetchVal(text)).toBe('ada@example.org');
      const statement = await db.prepare(text);
      await db.setTypeCodec('email', wrapping);
      expect(await db.fetchVal(text)).toEqual(ada);
      expect(await statement.fetchVal()).toBe('ada@example.org');
      await db.resetTypeCodec('email', { schema: SCHEMA });
      expect(await db.fetchVal(text)).toBe('ada@example.org');
      await db.setTypeCodec('text', { schema: 'pg_catalog', decoder: (value: string) => [value] });
      expect(await db.fetchVal(text)).toEqual(['ada@example.org']);
      await db.setBuiltinTypeCodec('email', { schema: SCHEMA, codecName: 'json' });
      await db.execute(`UPDATE users SET mail = '{"a": "@"}'`);
      expect(await db.fetchVal(text)).toEqual({ a: '@' });
    });

    test('in binary, and of a domain over an enum', async () => {
      const db = await open();
      await db.setTypeCodec('count_domain', {
        schema: SCHEMA,
        format: 'binary',
        encoder: (value: { count: number }) => {
          const bytes = Buffer.alloc(4);
          bytes.writeInt32BE(value.count);
          return bytes;
        },
        decoder: (bytes: Buffer) => ({ count: bytes.readInt32BE() }),
      });
      await db.setTypeCodec('mood_domain', wrapping);
      await db.execute('CREATE TEMP TABLE t (n count_domain, m mood_domain, o mood)');
      await db.execute('INSERT INTO t VALUES ($1, $2, $3)', { count: 9 }, { wrapped: 'ok' }, 'sad');
      expect(await db.fetchRow('SELECT * FROM t')).toMatchObject({
        n: { count: 9 },
        m: { wrapped: 'ok' },
        o: 'sad',
      });
      await expect(db.execute('INSERT INTO t (n) VALUES ($1)', { count: -1 })).rejects.toThrow(
        'violates check constraint',
      );
    });

    test('is declared for a pool, before and after the domain is made', async () => {
      await asOwner('DROP DOMAIN IF EXISTS late CASCADE');
      await using pool = await createPool(dsn(), {
        maxSize: 2,
        serverSettings: { search_path: SCHEMA },
        codecs: { email: wrapping, late: wrapping },
      });
      await pool.execute('TRUNCATE users');
      await pool.withConnection(async (connection) => {
        await connection.execute('INSERT INTO users (id, mail) VALUES (0, $1)', ada);
        const upper = (value: string): string => value.toUpperCase();
        await connection.setTypeCodec('email', { schema: SCHEMA, decoder: upper });
        const text = 'SELECT mail FROM users WHERE id = 0';
        expect(await connection.fetchVal(text)).toBe('ADA@EXAMPLE.ORG');
        await connection.resetTypeCodec('email', { schema: SCHEMA });
        expect(await connection.fetchVal(text)).toEqual(ada);
        expect(await connection.fetchVal('SELECT mail FROM users LIMIT 1')).toEqual(ada);
        await connection.execute('DELETE FROM users');
      });
      await pool.execute('INSERT INTO users (id, mail) VALUES (1, $1)', ada);
      const both = await Promise.all([1, 2].map(() => pool.fetchVal('SELECT mail FROM users')));
      expect(both).toEqual([ada, ada]);
      await using connection = await pool.acquire();
      await connection.execute('CREATE DOMAIN late AS text; CREATE TABLE lates (l late)');
      await connection.execute('INSERT INTO lates VALUES ($1)', { wrapped: 'x' });
      await connection.reloadSchemaState();
      expect(await connection.fetchVal('SELECT l FROM lates')).toEqual({ wrapped: 'x' });
      await connection.execute('DROP TABLE lates');
    });

    describe('that is declared for a pool', () => {
      const TEXT = 'SELECT v FROM kinds';
      const x = { wrapped: 'x' };
      const BACK = 'ALTER TABLE kinds ALTER v TYPE text;';
      const DOMAIN = `CREATE DOMAIN kind AS text; ALTER TABLE kinds ALTER v TYPE kind`;
      const ENUM = `CREATE TYPE kind AS ENUM ('x'); ALTER TABLE kinds ALTER v TYPE kind USING v::kind`;

      async function openPool(options: PoolOptions = {}) {
        await asOwner(
          `DROP TABLE IF EXISTS kinds; DROP TYPE IF EXISTS kind;
           CREATE TABLE kinds (v text); INSERT INTO kinds VALUES ('x')`,
        );
        const serverSettings = { search_path: SCHEMA };
        const codecs = { kind: wrapping };
        return createPool(dsn(), { maxSize: 2, serverSettings, codecs, ...options });
      }

      test('holds for a domain that a connection makes late, or anew, and for what takes its name', async () => {
        await using pool = await openPool();
        await using one = await pool.acquire();
        await using other = await pool.acquire();
        const steps = [
          [`${BACK} ${DOMAIN}`, x],
          [`${BACK} DROP DOMAIN kind; ${DOMAIN}`, x],
          [`${BACK} DROP DOMAIN kind; ${ENUM}`, x],
          [`${BACK} DROP TYPE kind; ${DOMAIN}`, x],
          [`${BACK} DROP DOMAIN kind`, 'x'],
        ] as const;
        expect([await one.fetchVal(TEXT), await other.fetchVal(TEXT)]).toEqual(['x', 'x']);
        for (const [text, value] of steps) {
          await one.execute(text);
          for (const connection of [one, other]) {
            expect(await connection.fetchVal(TEXT), text).toEqual(value);
            expect(await connection.fetchVal({ text: TEXT, prepare: false }), text).toEqual(value);
          }
        }
      });

      test.each([
        ['is kept', {}],
        ['is not kept', { statementCacheSize: 0 }],
      ])(
        'holds in each way to read for a domain that another connection has made anew, where a statement %s',
        async (_, options) => {
          await using pool = await openPool(options);
          await using one = await pool.acquire();
          await using other = await pool.acquire();
          const ways: ((c: Connection) => Promise<unknown>)[] = [
            (c) => c.fetchVal(TEXT),
            (c) => c.fetchVal({ text: TEXT, prepare: false }),
            async (c) => (await c.batch(['SELECT 1', TEXT]))[1]!.rows[0]!.v,
            async (c) => (await c.fetchMany(TEXT, [[]]))[0]!.v,
            async (c) => (await collect(c.stream(TEXT)))[0]!.v,
            async (c) => (await collect(c.copyRecordsFromQuery(TEXT)))[0]!.v,
          ];
          const MAKE = 'CREATE TABLE kinds (v kind); INSERT INTO kinds VALUES ($$x$$)';
          const kinds = [
            'CREATE DOMAIN kind AS text',
            "CREATE TYPE kind AS ENUM ('x')",
            'CREATE DOMAIN kind AS varchar',
            'CREATE DOMAIN kind AS varchar',
          ];
          for (const way of ways) {
            for (const kind of kinds) {
              await one.execute(`DROP TABLE kinds; DROP TYPE IF EXISTS kind; ${kind}; ${MAKE}`);
              expect(await way(other), `${way} ${kind}`).toEqual(x);
              expect(await way(one), `${way} ${kind}`).toEqual(x);
            }
          }
        },
      );

      test('holds where another connection has made the table anew, and statements are not kept', async () => {
        await using pool = await openPool({ statementCacheSize: 0 });
        await using one = await pool.acquire();
        await using other = await pool.acquire();
        await one.execute('CREATE DOMAIN kind AS text');
        const make = (type: string) =>
          one.execute(
            `DROP TABLE kinds; CREATE TABLE kinds (v ${type}); INSERT INTO kinds VALUES ('x'), (NULL)`,
          );
        const ways: ((c: Connection) => Promise<unknown[]>)[] = [
          (c) => c.fetch(TEXT),
          async (c) => (await c.batch(['SELECT 1', TEXT]))[1]!.rows,
          (c) => c.fetchMany(TEXT, [[]]),
        ];
        for (const way of ways) {
          for (const [type, v] of [
            ['text', 'x'],
            ['kind', x],
            ['kind', x],
            ['text', 'x'],
          ] as const) {
            await make(type);
            expect(await way(other), `${way} ${type}`).toEqual([{ v }, { v: null }]);
          }
        }
        // What hands rows on as they come may fail once, and is never wrong.
        const handing = [
          () => collect(other.stream(TEXT)),
          () => collect(other.copyRecordsFromQuery(TEXT)),
          () => other.transaction(() => collect(other.cursor(TEXT))),
        ];
        for (const way of handing) {
          await make('text');
          expect(await ways[0]!(other)).toEqual([{ v: 'x' }, { v: null }]);
          await make('kind');
          const found = await way().catch((error: unknown) => error);
          if (!(found instanceof OutdatedSchemaCacheError)) {
            expect(found, `${way}`).toEqual([{ v: x }, { v: null }]);
          }
          expect(await way(), `${way}`).toEqual([{ v: x }, { v: null }]);
        }
      });

      test('holds behind what a batch makes anew', async () => {
        await using pool = await openPool();
        await using connection = await pool.acquire();
        await connection.execute('CREATE DOMAIN kind AS text; CREATE TYPE single AS (a int4)');
        const [, , , , after] = await connection.batch([
          'ALTER TYPE single RENAME ATTRIBUTE a TO b',
          'DROP TABLE kinds',
          'CREATE TABLE kinds (v kind)',
          "INSERT INTO kinds VALUES ('x')",
          `SELECT v, ROW(1)::single AS p FROM kinds`,
        ]);
        expect(after!.rows).toEqual([{ v: x, p: { b: 1 } }]);
        await connection.execute('DROP TYPE single');
      });

      test('holds for a domain that gets its name while statements are known, and no longer than that', async () => {
        await using pool = await openPool();
        await using one = await pool.acquire();
        await using other = await pool.acquire();
        await one.execute('CREATE DOMAIN named AS text; ALTER TABLE kinds ALTER v TYPE named');
        const read = async () => [
          await one.fetchVal(TEXT),
          await other.fetchVal(TEXT),
          await other.fetchVal({ text: TEXT, prepare: false }),
        ];
        expect(await read()).toEqual(['x', 'x', 'x']);
        await one.execute('ALTER DOMAIN named RENAME TO kind');
        expect(await read()).toEqual([x, x, x]);
        await one.execute('ALTER DOMAIN kind RENAME TO named');
        expect(await read()).toEqual(['x', 'x', 'x']);
        await one.execute(`${BACK} DROP DOMAIN named`);
      });

      test('writes arguments of a domain that another connection has made anew', async () => {
        await using pool = await openPool();
        await using one = await pool.acquire();
        await using other = await pool.acquire();
        const write = 'SELECT $1::kind::text';
        for (const kind of [
          'DOMAIN kind AS text',
          "TYPE kind AS ENUM ('x')",
          'DOMAIN kind AS text',
        ]) {
          await one.execute(`DROP TYPE IF EXISTS kind; CREATE ${kind}`);
          expect(await other.fetchVal(write, x)).toBe('x');
          expect(await other.fetchMany(write, [[x]])).toEqual([{ text: 'x' }]);
        }
      });

      test('holds for a domain that is made in a transaction, and not after its rollback', async () => {
        await using pool = await openPool();
        await using connection = await pool.acquire();
        const last = 'SELECT v FROM kinds LIMIT 1';
        expect(await connection.fetchVal(TEXT)).toBe('x');
        const undone = connection.transaction(async (tx) => {
          await tx.execute('CREATE DOMAIN kind AS text');
          await tx.execute('CREATE TABLE made AS SELECT v::kind FROM kinds');
          expect(await tx.fetchVal('SELECT v FROM made')).toEqual(x);
          throw new Error('undone');
        });
        await expect(undone).rejects.toThrow('undone');
        expect(await connection.fetchVal(TEXT)).toBe('x');
        await connection.execute(DOMAIN);
        expect(await connection.fetchVal(last)).toEqual(x);
      });

      test('holds in new connections for a domain that somebody else has made of an enum', async () => {
        await using pool = await openPool();
        await asOwner(ENUM);
        expect(await pool.fetchVal(TEXT)).toEqual(x);
        await asOwner(`${BACK} DROP TYPE kind; ${DOMAIN}`);
        await pool.expireConnections();
        expect(await pool.fetchVal(TEXT)).toEqual(x);
      });
    });
  });
});
