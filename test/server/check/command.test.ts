import { chmod, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { connect } from 'asyncpg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { schemaFinding } from '../../../src/check/database.ts';
import { runScript } from '../../../src/migrations/run-script.ts';
import { scriptOf } from '../../../src/migrations/script.ts';
import { Project } from '../../check/project.ts';
import { MIGRATION_FILES } from '../../support/migration-files.ts';
import { PGBOUNCER, PGBOUNCER_TITLE, PgBouncer } from '../../support/servers/pgbouncer.ts';
import { hasServer, serverDsn } from '../../support/servers/server.ts';

const SCHEMA = `
  CREATE TYPE mood AS ENUM ('sad', 'it''s ok');
  CREATE TABLE users (
    id int8 PRIMARY KEY, email text NOT NULL, name text, mood mood NOT NULL, tags text[] NOT NULL
  );
  CREATE TABLE orders (id int8 PRIMARY KEY, user_id int8 NOT NULL REFERENCES users, total numeric NOT NULL);
  CREATE VIEW user_orders AS
    SELECT u.email, o.total FROM users u LEFT JOIN orders o ON o.user_id = u.id;
`;

function inFolder(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]),
  );
}

/** The entry of a query in a generated file. */
function entry(generated: string, text: string): string | undefined {
  const line = generated
    .split('\n')
    .find((each) => each.startsWith(`    ${JSON.stringify(text)}: `));
  return line?.slice(JSON.stringify(text).length + 6, -1);
}

describe.each([18, 15] as const)('asyncpg check, PostgreSQL %i', (version) => {
  const config = `export default { schema: ['schema.sql'], version: ${version} };`;

  it.skipIf(!hasServer(version))('writes the types of queries', async () => {
    const texts = {
      'SELECT id, name, mood, tags FROM users WHERE email = $1':
        "{ args: [email: string]; row: { id: bigint; name: string | null; mood: 'sad' | 'it\\'s ok'; tags: (string | null)[] }; first: bigint }",
      'INSERT INTO users (id, email, name) VALUES ($1, $2, $3)':
        '{ args: [id: bigint | number, email: string, name: string | null]; row: {}; first: null }',
      'SELECT email, total FROM user_orders':
        '{ args: []; row: { email: string; total: string | null }; first: string }',
      'SELECT u.email, o.total FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE o.total > 10':
        '{ args: []; row: { email: string; total: string }; first: string }',
      'SELECT count(*), sum(total) FROM orders':
        '{ args: []; row: { count: bigint; sum: string | null }; first: bigint; one: true }',
      'SELECT id FROM users WHERE id = ANY ($1) LIMIT $2':
        '{ args: [ids: readonly (bigint | number)[], limit: bigint | number]; row: { id: bigint }; first: bigint }',
    };
    await using project = await Project.make({
      'asyncpg.config.mjs': config,
      'schema.sql': SCHEMA,
      'src/a.ts': Object.keys(texts)
        .map((text) => `db.fetch(${JSON.stringify(text)});`)
        .join('\n'),
    });
    expect(await project.check()).toEqual({
      code: 0,
      out: '6 queries in 1 file: no errors\n',
      err: '',
    });
    const generated = await project.read('src/queries.gen.d.ts');
    for (const [text, type] of Object.entries(texts)) expect(entry(generated, text)).toBe(type);
  });

  it.skipIf(!hasServer(version))('tells what the server objects to, and where', async () => {
    await using project = await Project.make({
      'asyncpg.config.mjs': config,
      'schema.sql': SCHEMA,
      'src/a.ts': "const a = 1;\ndb.fetch(`SELECT '🙂', id,\n  nmae FROM users`);\n",
    });
    const { code, out } = await project.check();
    expect(code).toBe(1);
    expect(out).toBe(
      [
        'src/a.ts(3,3): error 42703: column "nmae" does not exist',
        '    nmae FROM users`);',
        '    ^',
        '    Perhaps you meant to reference the column "users.name".',
        '',
        '1 query in 1 file: 1 error',
        '',
      ].join('\n'),
    );
    expect(await project.read('src/queries.gen.d.ts')).toContain(
      String.raw`{ error: "column \"nmae\" does not exist" }`,
    );
  });
});

describe('asyncpg check', () => {
  it('takes files as tools write them, and tells of a transaction that is left open', async () => {
    await using project = await Project.make({
      'asyncpg.config.mjs': "export default { schema: ['m'] };",
      ...inFolder('m', MIGRATION_FILES),
      // What psql alone can do is passed over here.
      'm/17_psql.sql':
        "SELECT 'SELECT 1' \\gexec\n\\copy g FROM 'g.csv'\n\\if :{?x}\n\\lo_import 'a.png'\n\\endif\nALTER TABLE g ADD p int;",
      'src/a.ts': "db.fetch('SELECT c FROM a'); db.fetch('SELECT m, n, o, p FROM g, twice');",
    });
    const all = await project.check();
    expect(all).toMatchObject({ code: 0, err: '' });
    const warnings = all.out.split('\n').filter((line) => line.includes('warning'));
    expect(warnings).toEqual([
      "m/17_psql.sql(1,19): warning psql: \\gexec is psql's, and what its query comes to is not executed here",
      "m/17_psql.sql(3,1): warning psql: \\if is psql's, and the statements of all its branches are executed here",
      '2 queries in 1 file: no errors and 2 warnings',
    ]);
    await project.write({ 'm/11_open.sql': 'BEGIN;\nCREATE TABLE d ();\n' });
    const { code, out } = await project.check();
    expect(code).toBe(1);
    expect(out).toContain(
      'm/11_open.sql(2,18): error open-transaction: a transaction is left open',
    );
    expect(out).toContain('m/17_psql.sql(1,19): warning psql: ');
  });

  it.each([':owner', ":'owner'", ':"owner"'])(
    'says of %s that it is a variable of psql',
    async (variable) => {
      await using project = await Project.make({
        'schema.sql': `\\set owner ada\nCREATE TABLE a (b text DEFAULT ${variable});`,
      });
      const { code, out } = await project.check();
      expect(code).toBe(1);
      expect(out).toContain('schema.sql(2,32): error 42601: syntax error at or near ":"');
      expect(out).toContain(`    psql alone knows its variable ${variable}: write the value, or`);
    },
  );

  it('reads the files of SQL that another has psql read, each once, in their places', async () => {
    await using project = await Project.make({
      'asyncpg.config.mjs': "export default { schema: ['db/all.sql', 'db/two.sql'] };",
      'db/all.sql':
        "\n\\set x 1\n\\ir one.sql\n\\ir 'o''ne.sql'\nCREATE VIEW v AS SELECT a, b FROM one, two;\n\\include_relative all.sql\nSELECT 1;",
      'db/one.sql': 'CREATE TABLE one (a int NOT NULL);\n\\ir sub/three.sql\nSELECT c FROM three;',
      "db/o'ne.sql": 'BEGIN;\nCREATE TABLE two (b text);\nCOMMIT;\n\\ir two.sql',
      'db/two.sql': 'CREATE TABLE four (d int);',
      'db/sub/three.sql': 'CREATE TABLE three (c int)',
      'src/a.ts': "db.fetch('SELECT a, b, c, d FROM v, three, four');",
    });
    expect(await project.check()).toMatchObject({ code: 0, err: '' });
    await project.write({ 'db/sub/three.sql': '\nCREATE TABEL three ();' });
    expect((await project.check()).out).toContain('db/sub/three.sql(2,8): error 42601');
    await project.write({
      'db/sub/three.sql': 'CREATE TABLE three (c int)',
      'db/two.sql': '\\ir two.sql\n\nCREATE TABLE four (e nono);',
    });
    expect((await project.check()).out).toContain('db/two.sql(3,22): error 42704');
    await project.write({ 'db/two.sql': '\n\\ir none.sql' });
    const { code, err } = await project.check();
    expect([code, err]).toEqual([2, expect.stringMatching(/two\.sql:2: there is no file .*none/)]);
    await project.write({ 'db/two.sql': Buffer.from("\n\n\nSELECT '\u00D6l'", 'latin1') });
    const latin = await project.check();
    expect([latin.code, latin.err]).toEqual([
      2,
      expect.stringMatching(/two\.sql:4: there are bytes that are no UTF-8; save the file/),
    ]);
  });

  it('tells a mistake in the schema by its place', async () => {
    await using project = await Project.make({
      'schema.sql': "BEGIN;\nCREATE TABLE a (id int8);\nCOMMIT;\nSELECT '🙂'; CREATE TABEL b ();",
    });
    const { code, out } = await project.check();
    expect(code).toBe(1);
    expect(out).toContain('schema.sql(4,21): error 42601: syntax error at or near "TABEL"');
  });

  it('says of a schema what helps: an extension that is not there, what the driver refuses', async () => {
    await using db = await connect(serverDsn());
    const told = async (text: string, said?: string): Promise<object> => {
      const script = { file: '/a/s.sql', ...scriptOf(text) };
      const failed = await runScript(db, script, { makesRoles: false });
      if (said !== undefined) failed!.error!.message = said;
      return schemaFinding('/a', script, failed!);
    };
    expect(await told('SELECT 1;\n CREATE EXTENSION none;')).toMatchObject({
      line: 2,
      column: 2,
      code: '0A000',
      hint: 'Use a database that has it: --database URL',
    });
    const inGerman = 'Erweiterung »none« ist nicht verfügbar';
    expect(await told('CREATE EXTENSION none;', inGerman)).toMatchObject({
      message: inGerman,
      hint: 'Use a database that has it: --database URL',
    });
    expect(await told(';\nCOPY a TO STDOUT;')).toMatchObject({
      line: 2,
      code: 'refused',
      message: 'a COPY from or to the client is not possible as a query',
      hint: 'Use copyFromTable().',
    });
    expect(await told("SELECT 1;\nDO 'BEGIN RAISE ''no''; END';")).toMatchObject({
      line: 2,
      code: 'P0001',
      hint: 's.sql cannot be executed as it is.',
    });
  });

  it('executes nothing and leaves nothing in a database that is there', async () => {
    await using db = await connect(serverDsn());
    await db.execute(
      'CREATE TABLE check_existing (id int8 NOT NULL); INSERT INTO check_existing VALUES (1)',
    );
    try {
      await using project = await Project.make({
        'schema.sql': '',
        'src/a.ts':
          "db.execute('DELETE FROM check_existing'); db.fetch('SELECT id FROM check_existing FOR UPDATE');",
      });
      expect(await project.check('--database', serverDsn())).toMatchObject({ code: 0 });
      expect(await db.fetchVal('SELECT count(*) FROM check_existing')).toBe(1n);
      expect(await project.read('src/queries.gen.d.ts')).toContain('row: { id: bigint }');
    } finally {
      await db.execute('DROP TABLE check_existing');
    }
  });

  it('writes nothing when frozen, and fails where the file would change', async () => {
    const source = "db.fetch('SELECT 1 AS one');";
    await using project = await Project.make({ 'schema.sql': '', 'src/a.ts': source });
    const frozen = ['--frozen', '--database', serverDsn()];
    expect(await project.check(...frozen)).toMatchObject({
      code: 1,
      out: expect.stringContaining('src/queries.gen.d.ts(1,1): error outdated:'),
    });
    await expect(project.read('src/queries.gen.d.ts')).rejects.toThrow('ENOENT');
    expect(await project.check('--database', serverDsn())).toMatchObject({ code: 0 });
    expect(await project.check(...frozen)).toMatchObject({ code: 0 });
    await project.write({ 'src/a.ts': source.replace('one', 'two') });
    expect(await project.check(...frozen)).toMatchObject({ code: 1 });
  });

  it('counts columns as editors do, and leaves a file in another encoding as it is', async () => {
    const latin1 = Buffer.from('db.fetch(sql`SELECT 1`); // caf\u00e9', 'latin1');
    await using project = await Project.make({
      'schema.sql': '',
      'a.ts': '\uFEFFdb.fetch("SELECT x");\ndb.fetch("SELECT y");',
    });
    await project.write({
      'b.ts': latin1,
      'c.ts': Buffer.from('\uFEFFdb.fetch("SELECT 1")', 'utf16le'),
    });
    const { out } = await project.check('--database', serverDsn(), '--fix');
    expect(out).toMatch(/^a\.ts\(1,18\): error 42703: .*\n {4}db\.fetch\("SELECT x"\);\n {21}\^$/m);
    expect(out).toContain('a.ts(2,18): error 42703');
    expect(out).toContain(
      'b.ts(1,32): warning not-checked: not checked: the file is not UTF-8: save it as that',
    );
    expect(out).toContain('c.ts(1,1): warning not-checked: not checked: the file is not UTF-8');
    expect(await readFile(path.join(project.folder, 'b.ts'))).toEqual(latin1);
  });

  it('tells of queries that are given to a function which is called as a method that shows them', async () => {
    await using project = await Project.make({
      'schema.sql': '',
      'a.ts': `import { each, replace } from './b.ts';
await each(['SELECT 1 FROM a']);
await replace('DELETE FROM a');
test.each(['SELECT 2 FROM a']);
text.replace('SELECT 3 FROM a', '');`,
    });
    const { out } = await project.check('--database', serverDsn());
    expect(out).toContain('2 queries were not checked');
    expect(out).toMatch(/: a\.ts\(2,13\), a\.ts\(3,15\)\n$/);
  });

  it('tells of queries that are given to nothing that can be followed', async () => {
    const lines = (count: number) =>
      Array.from({ length: count }, (_, index) => `db.one('SELECT ${index} FROM a');`).join('\n');
    await using project = await Project.make({
      'schema.sql': '',
      'a.ts': "const Q = 'SELECT 1 FROM b'; elsewhere({ Q });\ndb.fetch('SELECT 1');\n",
      'b.ts': lines(6),
    });
    const out = async (...args: string[]): Promise<string> =>
      (await project.check('--database', serverDsn(), ...args)).out;
    const places = 'a.ts(1,11), b.ts(1,8), b.ts(2,8), b.ts(3,8), b.ts(4,8)';
    const said = `7 queries were not checked, as they are given to nothing that can be followed: ${places}, and 2 more`;
    expect(await out()).toBe(`1 query in 2 files: no errors\n${said}\n`);
    expect(await project.check('--offline')).toEqual({ code: 0, out: await out(), err: '' });
    expect(await out('--format', 'github')).toBe(`::notice title=not-followed::${said}\n`);
    await project.write({ 'b.ts': '' });
    const a = { file: 'a.ts', line: 1, column: 11 };
    expect(JSON.parse(await out('--format', 'json'))).toMatchObject({ notFollowed: [a] });
    expect(JSON.parse(await out('--format', 'sarif')).runs[0].results).toMatchObject([
      { ruleId: 'not-followed', level: 'note' },
    ]);
    await project.write({
      'b.ts': "import { Q } from './c.ts'; db.fetch(Q);",
      'c.ts': "export const Q = 'SELECT 1 FROM b';",
    });
    expect(await out()).toMatch(/ 1 error\n$/);
  });

  it('reports in the forms that tools read', async () => {
    await using project = await Project.make({
      'schema.sql': '',
      'src/a.ts': "db.fetch('SELECT\\n1 / x');\n",
    });
    const inForm = async (format: string): Promise<string> =>
      (await project.check('--format', format, '--database', serverDsn())).out;
    expect(JSON.parse(await inForm('json'))).toEqual({
      findings: [
        {
          file: 'src/a.ts',
          line: 1,
          column: 23,
          severity: 'error',
          code: '42703',
          message: 'column "x" does not exist',
          hint: null,
        },
      ],
      queries: 1,
      files: 1,
      notFollowed: [],
    });
    expect(await inForm('github')).toBe(
      '::error file=src/a.ts,line=1,col=23,title=42703::column "x" does not exist\n',
    );
    const located = async (): Promise<object> =>
      JSON.parse(await inForm('sarif')).runs[0].results[0].locations[0].physicalLocation;
    const region = { startLine: 1, startColumn: 23 };
    expect(await located()).toEqual({ artifactLocation: { uri: 'src/a.ts' }, region });
    await rename(path.join(project.folder, 'src'), path.join(project.folder, 'a:b#c?d é'));
    expect(await located()).toMatchObject({
      artifactLocation: { uri: 'a%3Ab%23c%3Fd%20%C3%A9/a.ts' },
    });
  });

  it('has exit code 2 where it could not run', async () => {
    await using project = await Project.make({ 'schema.sql': '' });
    const failures: [string[], RegExp][] = [
      [['--database', 'postgres://127.0.0.1:1/none'], /the database cannot be reached/],
      [['--format', 'xml'], /--format must be one of text, json, github, sarif/],
      [['--colour'], /Unknown option '--colour'/],
      [['--config', 'none.mjs'], /cannot be loaded/],
      [['src/a.ts'], /^asyncpg check: it takes no files, such as src\/a\.ts: include /],
    ];
    for (const [args, message] of failures) {
      const { code, err } = await project.check(...args);
      expect(code).toBe(2);
      expect(err).toMatch(message);
    }
    const configurations: [string, RegExp][] = [
      ['schemas: []', /schemas is no option/],
      ['types: null', /types must be an object/],
      [
        "types: { int4: 'bigint' }",
        /types\.int4 is no option: int8, numeric, datetime, json, temporal/,
      ],
      ['codecs: { numeric: Number }', /codecs\['numeric'\] must be the text of a TypeScript type/],
      ["rules: { 'select-star': 'eror' }", /rules\.select-star must be one of error, .*, not eror/],
      [
        "types: { int8: 'nubmer' }",
        /types\.int8 must be one of bigint, number, string, not nubmer/,
      ],
      ["strict: 'true'", /strict must be a boolean/],
      ["version: '18'", /version must be a number/],
      ["include: ['lib/**']", /include: there is no TypeScript file for lib/],
      ["transform: { column: 'camelCase' }", /transform\.column must be a function/],
    ];
    for (const [options, message] of configurations) {
      const text = `export default { schema: ['schema.sql'], ${options} };`;
      await project.write({ 'asyncpg.config.mjs': text });
      const { code, err } = await project.check();
      expect(err).toMatch(message);
      expect(code).toBe(2);
    }
  });

  it('writes over what it has generated, and over no other file', async () => {
    const config = (out: string) => `export default { schema: [], out: '${out}' };`;
    await using project = await Project.make({
      'asyncpg.config.mjs': config('src/a.ts'),
      'src/a.ts': "db.fetch('SELECT 1');",
      'src/empty.d.ts': '\n',
    });
    const run = ['--database', serverDsn()];
    const { code, err } = await project.check(...run);
    expect(err).toMatch(/^asyncpg check: out: .*src\/a\.ts is not written, as it is there and /);
    expect(code).toBe(2);
    expect(await project.read('src/a.ts')).toBe("db.fetch('SELECT 1');");
    await project.write({ 'asyncpg.config.mjs': config('src/empty.d.ts') });
    expect(await project.check(...run)).toMatchObject({ code: 0, err: '' });
    const generated = await project.read('src/empty.d.ts');
    // Two branches have made it from different schemas.
    const [first = '', ...rest] = generated.split('\n');
    const other = first.replace(/schema \w+/, 'schema 0123456789abcdef');
    const merged = ['<<<<<<< HEAD', first, '=======', other, '>>>>>>> other', ...rest].join('\r\n');
    await project.write({ 'src/empty.d.ts': merged });
    expect(await project.check(...run)).toMatchObject({ code: 0, err: '' });
    expect(await project.read('src/empty.d.ts')).toBe(generated);
  });

  it('takes folders for what is below them, and tells of a file that cannot be written', async () => {
    await using project = await Project.make({
      'asyncpg.config.mjs':
        "export default { schema: [], include: ['./src/'], exclude: ['src/old'], out: 'src' };",
      'src/a.ts': "db.fetch('SELECT 1');",
      'src/old/b.ts': "db.fetch('SELECT x');",
      'src/older.ts': "db.fetch('SELECT 2');",
      'other/c.ts': "db.fetch('SELECT x');",
    });
    const run = ['--database', serverDsn()];
    const { code, err } = await project.check(...run);
    expect(err).toMatch(/^asyncpg check: .*src cannot be written: EISDIR[^\n]*\n$/);
    expect(code).toBe(2);
    // A folder in which none can be made, on Linux; elsewhere a file that is none.
    for (const out of ['/proc/none/queries.gen.d.ts', 'src/a.ts/b/queries.gen.d.ts']) {
      await project.write({
        'asyncpg.config.mjs': `export default { schema: [], out: '${out}' };`,
      });
      const refused = await project.check(...run);
      expect(refused.err).toMatch(/queries\.gen\.d\.ts cannot be written: E/);
      expect(refused.code).toBe(2);
    }
    await project.write({
      'asyncpg.config.mjs':
        "export default { schema: [], include: ['./src/'], exclude: ['src/old'] };",
    });
    expect(await project.check(...run)).toMatchObject({
      code: 0,
      out: '2 queries in 2 files: no errors\n',
    });
  });

  it.skipIf(PGBOUNCER === null)(
    `has to do with the server itself: a pooler, ${PGBOUNCER_TITLE}, stays as it was`,
    async () => {
      await using project = await Project.make({
        'schema.sql': '',
        'a.ts': "db.fetch('SELECT 1');",
      });
      const parameters = 'client_min_messages,debug_pretty_print,debug_print_parse';
      for (const settings of [{}, { ignore_startup_parameters: parameters }]) {
        const bouncer = await PgBouncer.start('transaction', settings);
        onTestFinished(() => bouncer.stop());
        const { code, err } = await project.check('--database', bouncer.dsn);
        expect(err).toMatch(/cannot be asked for the trees of queries.*\n.*not a pooler/);
        expect(code).toBe(2);
        // Those of each session that it has for its clients.
        await using one = await connect(bouncer.dsn);
        await using two = await connect(bouncer.dsn);
        await one.transaction(async (tx) => {
          for (const each of [tx, two]) {
            expect(await each.fetchVal('SHOW default_transaction_read_only')).toBe('off');
            expect(await each.fetchVal('SHOW debug_print_parse')).toBe('off');
          }
        });
      }
    },
  );

  it.skipIf(process.getuid?.() === 0)(
    'passes over folders that it may not read, such as the data of a database in a container',
    async () => {
      await using project = await Project.make({
        'schema.sql': SCHEMA,
        'a.ts': "db.fetch('SELECT id FROM users');",
        'data/pg_hba.conf': '',
      });
      const data = path.join(project.folder, 'data');
      await chmod(data, 0);
      try {
        expect(await project.check('--offline')).toMatchObject({ err: '', code: 1 });
      } finally {
        await chmod(data, 0o700);
      }
    },
  );
});
