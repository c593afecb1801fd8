import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ClientConfigurationError, type Connection, connect } from '../../../src/index.ts';
import { runScript, type ScriptConnection } from '../../../src/migrations/run-script.ts';
import { scriptOf } from '../../../src/migrations/script.ts';
import {
  globalSetup,
  globalTeardown,
  rolledBack,
  testDatabase,
} from '../../../src/testing/index.ts';
import { MIGRATION_FILES } from '../../support/migration-files.ts';
import { serverDsn } from '../../support/servers/server.ts';

const PROGRAM = fileURLToPath(new URL('../../support/programs/clone-database.ts', import.meta.url));
let admin: Connection;
let folder: string;
const server = serverDsn();

beforeAll(async () => {
  admin = await connect(server);
  folder = await mkdtemp(path.join(tmpdir(), 'asyncpg-migrations-'));
});
beforeEach(async () => {
  const random = Math.random();
  await writeFile(
    path.join(folder, '1.sql'),
    `CREATE TABLE made (made_by text); INSERT INTO made VALUES (pg_backend_pid() || ' ${random}');`,
  );
  await writeFile(path.join(folder, '2.sql'), 'ALTER TABLE made ADD n int4 DEFAULT 7;');
  await writeFile(path.join(folder, '2.down.sql'), 'DROP TABLE made;');
});
afterAll(async () => {
  for (const name of await databases('asyncpg_template_')) {
    await admin.execute(`ALTER DATABASE ${name} WITH IS_TEMPLATE false`);
    await admin.execute(`DROP DATABASE ${name}`);
  }
  await admin.execute('DROP ROLE IF EXISTS check_owner, check_reader, "check other"');
  await admin.close();
  await rm(folder, { recursive: true });
});

async function databases(prefix: string): Promise<string[]> {
  const query = 'SELECT datname FROM pg_database WHERE starts_with(datname, $1)';
  return (await admin.fetch<{ datname: string }>(query, prefix)).map(({ datname }) => datname);
}

/** Drops a role with the templates that it has made. */
async function dropRole(role: string): Promise<void> {
  const query =
    'SELECT datname FROM pg_database JOIN pg_roles r ON r.oid = datdba WHERE rolname = $1';
  for (const { datname } of await admin.fetch<{ datname: string }>(query, role)) {
    await admin.execute(`ALTER DATABASE ${datname} WITH IS_TEMPLATE false`);
    await admin.execute(`DROP DATABASE ${datname}`);
  }
  await admin.execute(`DROP ROLE "${role}"`);
}

describe('a test database', () => {
  test('is a clone of what the migrations make, alone on it, and dropped in the end', async () => {
    const after = vi.fn<(close: () => Promise<void>) => void>();
    const one = await testDatabase({ server, migrations: folder, after });
    // A file that is named twice is run once.
    const again = [folder, path.join(folder, '2.sql')];
    await using two = await testDatabase({ server, migrations: again });
    const pool = await one.createPool();
    await pool.execute("INSERT INTO made VALUES ('me', 1)");
    expect(await pool.fetchVal('SELECT count(*) FROM made')).toBe(2n);
    const other = await two.createPool({ maxSize: 1 });
    expect(await other.fetchVal('SELECT n FROM made')).toBe(7);
    expect(await databases('asyncpg_test_')).toEqual(expect.arrayContaining([one.name, two.name]));
    await after.mock.calls[0]![0]();
    expect(await databases(one.name)).toEqual([]);
    await expect(pool.fetch('SELECT 1')).rejects.toThrow(/closed/);
    await one.close();
  });

  test('comes from one template, however many processes want it at once', async () => {
    const run = promisify(execFile);
    const outputs = await Promise.all(
      [1, 2, 3].map(() => run(process.execPath, [PROGRAM, server, folder])),
    );
    const told = outputs.map(
      ({ stdout }) => JSON.parse(stdout) as { madeBy: string; name: string },
    );
    expect(new Set(told.map(({ madeBy }) => madeBy)).size).toBe(1);
    expect(new Set(told.map(({ name }) => name)).size).toBe(3);
  });

  test('is there for all who want it at once, by whichever databases they have come', async () => {
    for (const way of ['way_1', 'way_2']) await admin.execute(`CREATE DATABASE ${way}`);
    const ways = ['way_1', 'way_2', 'way_1', 'way_2'].map((way) => {
      const dsn = new URL(server);
      dsn.pathname = way;
      return dsn.href;
    });
    try {
      const made = await Promise.allSettled(
        ways.map((way) => testDatabase({ server: way, migrations: folder })),
      );
      for (const each of made) if (each.status === 'fulfilled') await each.value.close();
      expect(made.map(({ status }) => status)).toEqual(ways.map(() => 'fulfilled'));
    } finally {
      for (const way of ['way_1', 'way_2']) await admin.execute(`DROP DATABASE ${way}`);
    }
  });

  test('is of the role that asks for it, whoever has migrated before', async () => {
    await admin.execute('CREATE ROLE maker_1 LOGIN CREATEDB; CREATE ROLE maker_2 LOGIN CREATEDB');
    try {
      for (const role of ['maker_1', 'maker_2']) {
        const own = server.replace('//postgres@', `//${role}@`);
        await using database = await testDatabase({ server: own, migrations: folder });
        const pool = await database.createPool();
        expect(await pool.fetchVal('SELECT count(*) FROM made')).toBe(1n);
        expect(await pool.fetchVal('SELECT current_user')).toBe(role);
      }
    } finally {
      await dropRole('maker_1');
      await dropRole('maker_2');
    }
  });

  test('is made anew when the migrations change, and the former template goes', async () => {
    await (await testDatabase({ server, migrations: folder })).close();
    const before = await databases('asyncpg_template_');
    await writeFile(path.join(folder, '3.sql'), 'ALTER TABLE made ADD m int4 DEFAULT 8;');
    await using database = await testDatabase({ server, migrations: folder });
    const pool = await database.createPool();
    expect(await pool.fetchVal('SELECT m FROM made')).toBe(8);
    await rm(path.join(folder, '3.sql'));
    const after = await databases('asyncpg_template_');
    expect(after).toHaveLength(before.length);
    expect(after).not.toEqual(before);
  });

  test('may be migrated by a function, once for each version', async () => {
    const migrate = vi.fn((connection: Connection, dsn: string) =>
      connection.execute(`CREATE TABLE dsn AS SELECT '${dsn.length}'`),
    );
    const version = String(Math.random());
    for (let i = 0; i < 2; i++) {
      await using database = await testDatabase({ server, migrations: { version, migrate } });
      await (await database.createPool()).fetch('SELECT * FROM dsn');
    }
    expect(migrate).toHaveBeenCalledTimes(1);
  });

  test('is made of what tools write as `asyncpg check` makes it, with the rows of COPY', async () => {
    const own = await mkdtemp(path.join(folder, '..', 'asyncpg-tools-'));
    for (const [name, text] of Object.entries(MIGRATION_FILES)) {
      await mkdir(path.dirname(path.join(own, name)), { recursive: true });
      await writeFile(path.join(own, name), text);
    }
    // As PowerShell writes what a program says.
    const wide = Buffer.from('\uFEFFALTER TABLE a ADD wide int;', 'utf16le');
    await writeFile(path.join(own, '17_wide.sql'), wide);
    await using database = await testDatabase({ server, migrations: own });
    const pool = await database.createPool({ rows: 'object' });
    expect(await pool.fetchVal('SELECT count(wide) FROM a')).toBe(0n);
    expect(await pool.fetchVal('SELECT count(d) FROM twice')).toBe(0n);
    expect(await pool.fetch('SELECT * FROM g ORDER BY n')).toEqual([
      { m: 'low', n: 1, o: 2 },
      { m: 'high', n: null, o: null },
      { m: null, n: null, o: null },
    ]);
    await writeFile(path.join(own, '11_open.sql'), 'BEGIN; CREATE TABLE d ();');
    await expect(testDatabase({ server, migrations: own })).rejects.toThrow(
      /11_open\.sql leaves a transaction open/,
    );
    await rm(path.join(own, '11_open.sql'));
    // Rows decide as statements do; a glob stands for its files.
    const rows = MIGRATION_FILES['16_rows.sql']!.replace('low\t1', 'low\t3');
    await writeFile(path.join(own, '16_rows.sql'), rows);
    await using other = await testDatabase({ server, migrations: `${own}/**/*.sql` });
    const others = await other.createPool();
    expect(await others.fetchVal('SELECT max(n) FROM g')).toBe(3);
    await rm(own, { recursive: true });
  });

  test('is made of files with rows in one transaction each, unless a statement cannot be in one', async () => {
    const write = (text: string): Promise<void> => writeFile(path.join(folder, '3.sql'), text);
    const rows = (table: string, ...values: readonly string[]): string =>
      `COPY ${table} FROM STDIN;\n${values.join('\n')}\n\\.\n`;
    await write(`CREATE TABLE parent (id int4 PRIMARY KEY);
      CREATE TABLE child (parent int4 REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
      CREATE TEMP TABLE staging (id int4) ON COMMIT DROP;
      SET LOCAL search_path = pg_temp, public;
${rows('child', '1', '2')}${rows('staging', '1', '2')}INSERT INTO parent SELECT * FROM staging;`);
    await using database = await testDatabase({ server, migrations: folder });
    const pool = await database.createPool();
    expect(await pool.fetchVal('SELECT count(*) FROM child JOIN parent ON id = parent')).toBe(2n);

    await write(`CREATE TABLE t (n int4);\n${rows('t', '1')}VACUUM t;\nINSERT INTO t VALUES (2);`);
    await using apart = await testDatabase({ server, migrations: folder });
    expect(await (await apart.createPool()).fetchVal('SELECT count(*) FROM t')).toBe(2n);

    await write(`CREATE TABLE t (n int4);
      CREATE PROCEDURE p() BEGIN ATOMIC END;
      CREATE PROCEDURE commits() LANGUAGE plpgsql AS 'BEGIN INSERT INTO t VALUES (2); COMMIT; END';
${rows('t', '1')}CALL commits();`);
    await using committed = await testDatabase({ server, migrations: folder });
    expect(await (await committed.createPool()).fetchVal('SELECT count(*) FROM t')).toBe(2n);

    await write(`CREATE TABLE t (n int4);\n${rows('t', '1')}INSERT INTO t VALUES ('x');`);
    await expect(testDatabase({ server, migrations: folder })).rejects.toThrow(
      /3\.sql failed in line 5: invalid input syntax/,
    );
    await write(
      `CREATE TABLE t (n int4 UNIQUE DEFERRABLE INITIALLY DEFERRED);\n${rows('t', '1', '1')}`,
    );
    await expect(testDatabase({ server, migrations: folder })).rejects.toThrow(
      /3\.sql failed in line 2: duplicate key value/,
    );
    await rm(path.join(folder, '3.sql'));
  });

  test('is not made where psql alone could tell what it would have', async () => {
    await writeFile(path.join(folder, '3.sql'), "SELECT 1;\n\\copy made FROM 'rows.csv' CSV\n");
    const failing = testDatabase({ server, migrations: folder });
    await expect(failing).rejects.toThrow(/3\.sql, line 2: \\copy is a command of psql's/);
    // Its tables would be missing.
    const making = "SELECT format('CREATE TABLE %I ()', n)\nFROM made \\gexec\n";
    await writeFile(path.join(folder, '3.sql'), making);
    await expect(testDatabase({ server, migrations: folder })).rejects.toThrow(
      /3\.sql, line 2: \\gexec is a command of psql's, which is not run\nHINT: .* in DO /,
    );
    await writeFile(path.join(folder, '3.sql'), "\\copy made TO 'rows.csv' CSV\n\\echo if\n");
    await (await testDatabase({ server, migrations: folder })).close();
    await rm(path.join(folder, '3.sql'));
  });

  test.each([
    [
      'latin1',
      Buffer.from("SELECT 1;\nSELECT '🙂é\uFFFD';\nSELECT '\u00D6l';\n", 'latin1'),
      ':2',
      'UTF-8',
    ],
    [
      'latin1',
      Buffer.concat([Buffer.from("SELECT 'é\uFFFD';\n\nSELECT '"), Buffer.from([0xd6])]),
      ':3',
      'UTF-8',
    ],
    ['UTF-16', Buffer.from('\uFEFFSELECT \uD800;', 'utf16le'), '', 'UTF-16LE'],
  ])(
    'is not made of a file whose bytes would be other text: %s',
    async (_, bytes, line, encoding) => {
      const file = path.join(folder, '3.sql');
      await writeFile(file, bytes);
      const failing = testDatabase({ server, migrations: folder });
      await expect(failing).rejects.toThrow(
        `${file}${line}: there are bytes that are no ${encoding}; save the file as UTF-8`,
      );
      await rm(file);
    },
  );

  test('is made of files in UTF-16 of either order', async () => {
    const text = "\uFEFFCREATE TABLE wide AS SELECT 'Öl🙂' AS oil;";
    for (const bytes of [Buffer.from(text, 'utf16le'), Buffer.from(text, 'utf16le').swap16()]) {
      await writeFile(path.join(folder, '3.sql'), bytes);
      await using database = await testDatabase({ server, migrations: folder });
      const pool = await database.createPool();
      expect(await pool.fetchVal('SELECT oil FROM wide')).toBe('Öl🙂');
    }
    await rm(path.join(folder, '3.sql'));
  });

  test('has the settings that the migrations gave to the database', async () => {
    const migrate = (connection: Connection): Promise<unknown> =>
      connection.execute(`DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET search_path = "Own", public', current_database());
        EXECUTE format('ALTER DATABASE %I SET app.name = %L', current_database(), 'it''s = a, b');
        EXECUTE format('ALTER ROLE CURRENT_USER IN DATABASE %I SET work_mem = ''5MB''', current_database());
      END $$`);
    await using database = await testDatabase({ server, migrations: { version: '1', migrate } });
    const pool = await database.createPool();
    expect(await pool.fetchVal('SHOW search_path')).toBe('"Own", public');
    expect(await pool.fetchVal('SHOW app.name')).toBe("it's = a, b");
    expect(await pool.fetchVal('SHOW work_mem')).toBe('5MB');
  });

  test('has the owner, privileges, connection limit and comment that the migrations gave', async () => {
    await admin.execute('CREATE ROLE "an owner"; CREATE ROLE reader; CREATE ROLE "PUBLIC"');
    const query = `SELECT pg_get_userbyid(datdba) AS owner, datconnlimit AS "limit",
        shobj_description(oid, 'pg_database') AS comment,
        (SELECT array_agg(grantee::regrole || ' ' || privilege_type || is_grantable ORDER BY grantee::regrole::text, privilege_type)
         FROM aclexplode(datacl)) AS privileges
      FROM pg_database WHERE datname = $1`;
    try {
      const statements = [
        'ALTER DATABASE %I OWNER TO "an owner"',
        'REVOKE ALL ON DATABASE %I FROM PUBLIC',
        'REVOKE TEMPORARY ON DATABASE %I FROM "an owner"',
        'GRANT CONNECT ON DATABASE %I TO reader WITH GRANT OPTION',
        'GRANT TEMPORARY ON DATABASE %I TO "PUBLIC", postgres',
        'ALTER DATABASE %I CONNECTION LIMIT 7',
        "COMMENT ON DATABASE %I IS 'it''s'",
      ];
      const migrate = async (connection: Connection): Promise<void> => {
        const name = await connection.fetchVal<string>('SELECT current_database()');
        for (const each of statements) await connection.execute(each.replace('%I', name!));
      };
      const version = String(Math.random());
      await using database = await testDatabase({ server, migrations: { version, migrate } });
      expect(await admin.fetchRow(query, database.name)).toMatchObject({
        owner: 'an owner',
        limit: 7,
        comment: "it's",
        privileges: [
          '"PUBLIC" TEMPORARYfalse',
          '"an owner" CONNECTfalse',
          '"an owner" CREATEfalse',
          'postgres TEMPORARYfalse',
          'reader CONNECTtrue',
        ],
      });
      // Nobody has any; and what was given to nobody is as it was.
      const none = (connection: Connection): Promise<unknown> =>
        connection.execute(
          `DO $$ BEGIN EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC, postgres', current_database()); END $$`,
        );
      await using closed = await testDatabase({
        server,
        migrations: { version: `${version} none`, migrate: none },
      });
      const acl = 'SELECT datacl::text FROM pg_database WHERE datname = $1';
      expect(await admin.fetchVal(acl, closed.name)).toBe('{}');
      await using plain = await testDatabase({ server, migrations: folder });
      expect(await admin.fetchVal(acl, plain.name)).toBeNull();
    } finally {
      await dropRole('an owner');
      await admin.execute('DROP OWNED BY reader, "PUBLIC"; DROP ROLE reader, "PUBLIC"');
    }
  });

  // Each of these would have a say in what is done to give the others to the clone.
  test('has those that change what a session may do', async () => {
    const settings = [
      "role = 'pg_monitor'",
      "client_encoding = 'latin1'",
      'statement_timeout = 1',
      'default_transaction_read_only = on',
      "app.path = E'C:\\\\a'",
      "temp_tablespaces = ''",
      "search_path = ''",
    ];
    const migrate = async (connection: Connection): Promise<void> => {
      const name = await connection.fetchVal<string>('SELECT current_database()');
      for (const set of settings) await connection.execute(`ALTER DATABASE ${name} SET ${set}`);
    };
    await using database = await testDatabase({ server, migrations: { version: '2', migrate } });
    const pool = await database.createPool({ serverSettings: { statement_timeout: '0' } });
    expect(await pool.fetchVal('SHOW role')).toBe('pg_monitor');
    const stored = await admin.fetchVal<string[]>(
      'SELECT setconfig FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase WHERE datname = $1',
      database.name,
    );
    expect(stored).toEqual([
      'role=pg_monitor',
      'client_encoding=latin1',
      'statement_timeout=1',
      'default_transaction_read_only=on',
      'app.path=C:\\a',
      'temp_tablespaces=""',
      'search_path=""',
    ]);
  });

  test('is asked for by any spelling of a DSN', async () => {
    const { host, port, pathname } = new URL(server);
    await admin.execute(`CREATE ROLE "a#b" SUPERUSER LOGIN`);
    try {
      for (const dsn of [
        `POSTGRES://postgres@${host}${pathname}`,
        ` postgres://postgres@${host}${pathname}?application_name=a \n`,
        `postgresql://postgres@${host}`,
        `postgres://a#b:c#d@${host}${pathname}`,
        `postgres://postgres@${host}?dbname=postgres&application_name=a#/b`,
        `postgres://postgres@${host}?application_name=a&dbname=postgres`,
        `postgres://postgres@${host}?database=postgres`,
        `postgres://postgres@${host}?application_name=dbname&dbname=other&dbname=postgres`,
        ` host=127.0.0.1 port=${port} user=postgres dbname=postgres `,
      ]) {
        await using database = await testDatabase({ server: dsn, migrations: folder });
        const pool = await database.createPool();
        expect(await pool.fetchVal('SELECT current_database()')).toBe(database.name);
        // To libpq what is behind the "?" goes before the path.
        expect(database.dsn).not.toMatch(/[?&](?:dbname|database)=/);
      }
    } finally {
      await dropRole('a#b');
    }
    await expect(testDatabase({ server: new URL(server) as never })).rejects.toThrow(
      'server: expected a DSN as text',
    );
  });

  test('has no pool open when it is closed, whenever that was asked for', async () => {
    const database = await testDatabase({ server, migrations: folder });
    const making = database.createPool({ minSize: 1 });
    const closing = database.close();
    await expect(database.createPool()).rejects.toThrow('the test database is closed');
    const pool = await making;
    await closing;
    await expect(pool.fetch('SELECT 1')).rejects.toThrow(/closed/);
    expect(await databases(database.name)).toEqual([]);
  });

  test('is dropped where what it was given fails', async () => {
    const before = await databases('asyncpg_test_');
    const failing = testDatabase({
      server,
      migrations: folder,
      after: () => {
        throw new Error('outside of a suite');
      },
    });
    await expect(failing).rejects.toThrow('outside of a suite');
    expect(await databases('asyncpg_test_')).toEqual(before);
  });

  test('is dropped though a test has not given back its connection', async () => {
    const database = await testDatabase({ server, migrations: folder });
    const pool = await database.createPool();
    const held = await pool.acquire();
    await database.close();
    await expect(held.fetchVal('SELECT 1')).rejects.toThrow();
    expect(await databases('asyncpg_test_')).not.toContain(database.name);
  });

  test('refuses migrations that are none', async () => {
    const migrations = (async () => {}) as never;
    await expect(testDatabase({ server, migrations })).rejects.toThrow(/files and folders of SQL/);
  });

  test('whose migration fails says which, and leaves nothing behind', async () => {
    const before = await databases('asyncpg_');
    for (const second of ['TRUNCATE nowhere', 'COPY nowhere FROM stdin;\n1']) {
      await writeFile(path.join(folder, '2.sql'), `SELECT '🙂';\n\n-- then\n${second};`);
      await expect(testDatabase({ server, migrations: folder })).rejects.toThrow(
        /the migration .*2\.sql failed in line 4: relation "nowhere" does not exist$/,
      );
    }
    expect(await databases('asyncpg_')).toEqual(before);
  });

  test('gets no role made on a server whose data matter', async () => {
    const script = scriptOf('CREATE TEMP TABLE owned ();\nALTER TABLE owned OWNER TO check_none;');
    const failed = await runScript(admin, script, { makesRoles: false });
    expect(failed).toMatchObject({
      at: 28,
      error: { message: 'role "check_none" does not exist' },
      missingRole: 'check_none',
    });
    await admin.execute('DROP TABLE owned');
    const refused = await runScript(admin, scriptOf('SELECT 1;\n COPY a TO STDOUT;'), {
      makesRoles: false,
    });
    expect(refused).toMatchObject({
      at: 11,
      error: { message: expect.stringContaining('not possible as a query') },
    });
  });

  test.each([
    ['German', (role: string) => `Rolle »${role}« existiert nicht`],
    ['French', (role: string) => `le rôle « ${role} » n'existe pas`],
    ['Georgian', (role: string) => `როლი არ არსებობს: "${role}"`],
    ['Korean', (role: string) => `"${role}" 롤(role) 없음`],
  ])('gets the roles made that the server misses in %s', async (_, say) => {
    const said: string[] = [];
    const translated = async (answer: Promise<unknown>): Promise<unknown> => {
      try {
        return await answer;
      } catch (error) {
        const { message } = error as Error;
        const role = /^role "(.+)" does not exist$/.exec(message)?.[1];
        said.push(role ?? message);
        if (role !== undefined) (error as Error).message = say(role);
        throw error;
      }
    };
    const on: ScriptConnection = {
      isClosed: false,
      isInTransaction: () => admin.isInTransaction(),
      execute: (text) => translated(admin.execute(text)),
      fetchVal: (text) => translated(admin.fetchVal(text)),
    };
    const script = scriptOf(
      'BEGIN;\nCREATE TABLE spoken ();\nALTER TABLE spoken OWNER TO "spoken »of« ""here""";\nCOMMIT;\nSET ROLE spoken_as;\nRESET ROLE;',
    );
    try {
      expect(await runScript(on, script, { makesRoles: true })).toBeNull();
      expect(said).toEqual([
        'spoken »of« "here"',
        'asyncpg_has_no_such_role',
        'spoken_as',
        'asyncpg_has_no_such_role',
      ]);
      // What is missing besides roles is told of as it is.
      const other = scriptOf('CREATE TABLE made_of (n "spoken_as");');
      expect(await runScript(on, other, { makesRoles: true })).toMatchObject({
        at: 24,
        error: { sqlstate: '42704', message: 'type "spoken_as" does not exist' },
        missingRole: null,
      });
    } finally {
      await admin.execute('DROP TABLE IF EXISTS spoken');
      await admin.execute('DROP ROLE IF EXISTS spoken_as, "spoken »of« ""here"""');
    }
  });

  test('is refused for an option that there is not, and for a folder without SQL', async () => {
    const misspelt = { server, migration: folder } as object;
    await expect(testDatabase(misspelt)).rejects.toThrow('unknown option "migration"');
    for (const [wrong, message] of [
      [{ migrations: null }, 'migrations: expected files and folders of SQL'],
      [{ migrations: [5] }, 'migrations: expected files and folders of SQL'],
      [{ migrations: { migrate: () => {} } }, 'migrations: expected a version'],
      [{ after: 5 }, 'after: expected a function'],
    ] as const) {
      const refused = testDatabase({ server, ...(wrong as object) });
      await expect(refused).rejects.toBeInstanceOf(ClientConfigurationError);
      await expect(refused).rejects.toThrow(message);
    }
    const empty = await mkdtemp(path.join(folder, 'empty-'));
    await expect(testDatabase({ server, migrations: empty })).rejects.toThrow(
      `there is no .sql file in ${empty}`,
    );
    await rm(empty, { recursive: true });
  });

  test('says so if what has migrated it is still connected', async () => {
    const left: Connection[] = [];
    const migrations = {
      version: 'left open',
      migrate: async (_connection: Connection, dsn: string) => left.push(await connect(dsn)),
    };
    await expect(testDatabase({ server, migrations })).rejects.toThrow(
      'migrate must end those that it begins',
    );
    await left[0]!.close();
    await using database = await testDatabase({ server, migrations });
    expect(left).toHaveLength(1);
    expect(database.name).toMatch(/^asyncpg_test_/);
  });

  test('is not made where migrate leaves a transaction open', async () => {
    for (const left of ['BEGIN; CREATE TABLE t ()', 'BEGIN; SELECT 1/0']) {
      const migrate = async (connection: Connection): Promise<void> => {
        await connection.execute(left).catch(() => {});
      };
      const version = `${left} ${Math.random()}`;
      await expect(testDatabase({ server, migrations: { version, migrate } })).rejects.toThrow(
        'migrate leaves a transaction open, which would be undone: COMMIT it',
      );
    }
    // What was not awaited is; and a connection that it has closed is no fault.
    for (const [index, leave] of [
      (c: Connection) => void c.transaction((tx) => tx.execute('CREATE TABLE t ()')),
      (c: Connection) => c.execute('CREATE TABLE t ()').then(() => c.close()),
    ].entries()) {
      const migrations = {
        version: `${index} ${Math.random()}`,
        migrate: async (connection: Connection): Promise<void> => leave(connection),
      };
      await using database = await testDatabase({ server, migrations });
      expect(await (await database.createPool()).fetch('SELECT * FROM t')).toEqual([]);
    }
  });

  test('of a process that was killed is dropped by the next who migrates', async () => {
    const child: ChildProcess = spawn(process.execPath, [PROGRAM, server, folder, '--stay']);
    const [chunk] = (await once(child.stdout!, 'data')) as [Buffer];
    const { name } = JSON.parse(String(chunk)) as { name: string };
    child.kill('SIGKILL');
    await once(child, 'exit');
    // The server notices it in its own time.
    await vi.waitFor(async () => {
      const query =
        'SELECT count(*) FROM pg_stat_activity WHERE query LIKE $1 AND pid <> pg_backend_pid()';
      expect(await admin.fetchVal(query, `CREATE DATABASE ${name}%`)).toBe(0n);
    });
    expect(await databases(name)).toEqual([name]);
    await writeFile(path.join(folder, '2.sql'), 'ALTER TABLE made ADD k int4;');
    await (await testDatabase({ server, migrations: folder })).close();
    expect(await databases(name)).toEqual([]);
  });

  test('of a process that was killed is dropped by the next process, and one in use is not', async () => {
    await (await testDatabase({ server, migrations: folder })).close();
    const child: ChildProcess = spawn(process.execPath, [PROGRAM, server, folder, '--stay']);
    const [chunk] = (await once(child.stdout!, 'data')) as [Buffer];
    const { name } = JSON.parse(String(chunk)) as { name: string };
    const run = promisify(execFile);
    // Without its lock, as where a test has ended all connections of the server.
    const ended = await admin.fetchVal(
      `SELECT count(pg_terminate_backend(pid)) FROM pg_locks
       WHERE locktype = 'advisory' AND objid = (hashtext($1)::int8 & 4294967295)::oid`,
      name,
    );
    expect(ended).toBe(1n);
    await run(process.execPath, [PROGRAM, server, folder]);
    expect(await databases(name)).toEqual([name]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await vi.waitFor(async () => {
      await run(process.execPath, [PROGRAM, server, folder]);
      expect(await databases(name)).toEqual([]);
    }, 20_000);
  });

  test('does not disturb others on the server that are made otherwise', async () => {
    const version = Math.random();
    let isMaking = (): void => {};
    const making = new Promise<void>((resolve) => {
      isMaking = resolve;
    });
    const slow = testDatabase({
      server,
      migrations: {
        version: `${version} slow`,
        migrate: async (connection) => {
          isMaking();
          await connection.execute('CREATE TABLE slow (a int)');
          await connection.execute('SELECT pg_sleep(0.5)');
        },
      },
    });
    await making;
    // Those of a run whose server was given by another database.
    await admin.execute('CREATE DATABASE elsewhere');
    const other = await testDatabase({
      server: server.replace(/\/[^/?]*(\?|$)/, '/elsewhere$1'),
      migrations: folder,
    });
    const quick = await testDatabase({
      server,
      migrations: { version: `${version} quick`, migrate: async () => {} },
    });
    for (const database of [await slow, other, quick]) {
      expect(await databases(database.name)).toEqual([database.name]);
      await database.close();
    }
    await admin.execute('DROP DATABASE elsewhere');
  });

  test('is on the server of globalSetup, else on a throw-away one', async () => {
    vi.stubEnv('ASYNCPG_TEST_SERVER', server);
    const teardown = await globalSetup();
    {
      await using database = await testDatabase();
      expect(database.dsn).toBe(server.replace(/\/[^/?]*(\?|$)/, `/${database.name}$1`));
    }
    await teardown();
    expect(process.env['ASYNCPG_TEST_SERVER']).toBe(server);
    vi.stubEnv('ASYNCPG_TEST_SERVER', '');
    await globalSetup();
    expect(process.env['ASYNCPG_TEST_SERVER']).toMatch(/^postgres/);
    {
      await using database = await testDatabase();
      expect(database.dsn).not.toBe(server);
      await (await database.createPool()).fetch('SELECT 1');
    }
    await globalTeardown();
    expect(process.env['ASYNCPG_TEST_SERVER']).toBeUndefined();
    await using database = await testDatabase();
    expect(await (await database.createPool()).fetchVal('SELECT 1')).toBe(1);
  });
});

describe('a test that is rolled back', () => {
  test('leaves nothing, gives its result and fails with its own error', async () => {
    await using database = await testDatabase({ server, migrations: folder });
    const pool = await database.createPool();
    const count = await rolledBack(pool, async (tx) => {
      await tx.execute('DELETE FROM made');
      await tx.transaction((inner) => inner.execute("INSERT INTO made VALUES ('x'), ('y')"));
      return tx.fetchVal('SELECT count(*) FROM made');
    });
    expect(count).toBe(2n);
    const failure = new Error('failed');
    await expect(
      rolledBack(pool, async (tx) => {
        await tx.execute('DELETE FROM made');
        throw failure;
      }),
    ).rejects.toBe(failure);
    const plain = await database.createPool({ rows: 'object' });
    await rolledBack(plain, async (tx) => {
      expect(await tx.fetch('SELECT 1 AS one')).toStrictEqual([{ one: 1 }]);
    });
    const ofPg = { query: () => {} } as never;
    await expect(rolledBack(ofPg, async () => 1)).rejects.toThrow('rolledBack takes a pool');
    await expect(rolledBack(admin, undefined as never)).rejects.toThrow('takes a function');
    expect(await pool.fetchVal('SELECT count(*) FROM made')).toBe(1n);
  });
});
