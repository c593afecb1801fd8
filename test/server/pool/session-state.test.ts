import { describe, expect, it } from 'vitest';
import type { Connection, PoolOptions } from '../../../src/index.ts';
import { failure } from '../../support/connections.ts';
import { TestPool } from '../../support/pool.ts';
import { hasServer, serverDsn, type TestedVersion } from '../../support/servers/server.ts';

const ONE: PoolOptions = { minSize: 1, maxSize: 1 };

describe.each<TestedVersion>([18, 15])('the state of a session on PostgreSQL %i', (version) => {
  describe.skipIf(!hasServer(version))('with a server', () => {
    const leaks: Record<
      string,
      [leave: (c: Connection) => Promise<unknown>, probe: string, clean: unknown]
    > = {
      'a setting': [
        (c) => c.execute("SET work_mem = '1MB'"),
        "SELECT current_setting('work_mem') = '1MB'",
        false,
      ],
      'a setting by function': [
        (c) => c.fetch("SELECT set_config('search_path', 'nowhere', false)"),
        "SELECT current_setting('search_path') = 'nowhere'",
        false,
      ],
      'a setting by the view of settings': [
        (c) => c.execute("UPDATE pg_settings SET setting = '1024' WHERE name = 'work_mem'"),
        "SELECT current_setting('work_mem') = '1MB'",
        false,
      ],
      'a setting of a committed transaction': [
        (c) => c.transaction((tx) => tx.execute("SET statement_timeout = '1h'")),
        "SELECT current_setting('statement_timeout')",
        '0',
      ],
      'a setting by cursor': [
        (c) =>
          c.transaction(async (tx) => {
            await tx.connection.cursor("SELECT set_config('work_mem', '1MB', false)").fetch(1);
          }),
        "SELECT current_setting('work_mem') = '1MB'",
        false,
      ],
      'a role': [(c) => c.execute('SET ROLE pg_monitor'), 'SELECT current_user::text', 'postgres'],
      'a session’s user': [
        (c) => c.execute('SET SESSION AUTHORIZATION pg_monitor'),
        'SELECT session_user::text',
        'postgres',
      ],
      'a temporary table': [
        (c) => c.execute('CREATE TEMP TABLE leak (id int)'),
        "SELECT to_regclass('pg_temp.leak') IS NULL",
        true,
      ],
      'a temporary table by SELECT': [
        (c) => c.execute('SELECT 1 AS id INTO TEMP leak'),
        "SELECT to_regclass('pg_temp.leak') IS NULL",
        true,
      ],
      'an advisory lock': [
        (c) => c.fetch('SELECT pg_advisory_lock(4711)'),
        "SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
        0,
      ],
      'a channel': [
        (c) => c.addListener('leak', () => {}),
        'SELECT count(*)::int FROM pg_listening_channels()',
        0,
      ],
      'a channel by hand': [
        (c) => c.execute('LISTEN leak'),
        'SELECT count(*)::int FROM pg_listening_channels()',
        0,
      ],
      'a cursor that outlives its transaction': [
        (c) => c.execute('BEGIN; DECLARE leak CURSOR WITH HOLD FOR SELECT 1; COMMIT'),
        "SELECT count(*)::int FROM pg_cursors WHERE name = 'leak'",
        0,
      ],
      'a prepared statement': [
        (c) => c.prepare('SELECT 1', { name: 'leak' }),
        "SELECT count(*)::int FROM pg_prepared_statements WHERE name = 'leak'",
        0,
      ],
      'a prepared statement by hand': [
        (c) => c.execute('PREPARE leak AS SELECT 1'),
        "SELECT count(*)::int FROM pg_prepared_statements WHERE name = 'leak'",
        0,
      ],
      'the last value of a sequence': [
        (c) => c.execute("CREATE TEMP SEQUENCE leak; SELECT nextval('leak')"),
        "SELECT to_regclass('pg_temp.leak') IS NULL",
        true,
      ],
    };

    it.each(Object.keys(leaks))('does not pass on %s', async (name) => {
      const [leave, probe, clean] = leaks[name]!;
      await using test = await TestPool.open(ONE, serverDsn(version));
      const { pool } = test;
      const connection = await pool.acquire();
      const { serverPid } = connection;
      // Statements that the session keeps for itself are still good afterwards.
      expect(await connection.fetchVal(probe)).toEqual(clean);
      await leave(connection);
      expect(await connection.fetchVal(probe)).not.toEqual(clean);
      await pool.release(connection);
      await using next = await pool.acquire();
      expect(next.serverPid).toBe(serverPid);
      expect(await next.fetchVal(probe)).toEqual(clean);
    });

    const called: Record<string, [body: string, probe: string, clean: unknown]> = {
      'a setting': [
        "PERFORM set_config('app.user', 'ann', false)",
        "SELECT coalesce(current_setting('app.user', true), '')",
        '',
      ],
      'an advisory lock': [
        'PERFORM pg_advisory_lock(4712)',
        "SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
        0,
      ],
      'a temporary table': [
        'CREATE TEMP TABLE called (id int)',
        "SELECT to_regclass('pg_temp.called') IS NULL",
        true,
      ],
      'a channel': ['LISTEN called', 'SELECT count(*)::int FROM pg_listening_channels()', 0],
    };

    it.each(Object.keys(called))('does not pass on what a function left: %s', async (name) => {
      const [body, probe, clean] = called[name]!;
      await using test = await TestPool.open(ONE, serverDsn(version));
      const { pool } = test;
      const schema = `called_${process.pid}_${Object.keys(called).indexOf(name)}`;
      await pool.execute(`CREATE SCHEMA ${schema}`);
      try {
        await pool.execute(
          `CREATE FUNCTION ${schema}.f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN ${body}; RETURN 1; END $$`,
        );
        const call = `SELECT ${schema}.f()`;
        const serverPid = await pool.withConnection(async (c) => {
          await c.fetch(call);
          // It is really left until the connection comes back.
          expect(await c.fetchVal(probe)).not.toEqual(clean);
          return c.serverPid;
        });
        expect(await pool.fetchVal(probe)).toEqual(clean);
        await pool.transaction((tx) => tx.fetchVal(call));
        expect(await pool.fetchVal(probe)).toEqual(clean);
        const [, shared] = await Promise.all([pool.fetch(call), pool.fetchVal(probe)]);
        expect(shared).toEqual(clean);
        expect(await pool.fetchVal(probe)).toEqual(clean);
        expect(await pool.fetchVal('SELECT pg_backend_pid()')).toBe(serverPid);
      } finally {
        await pool.execute(`DROP SCHEMA ${schema} CASCADE`);
      }
    });

    const outlasting: Record<string, string> = {
      'a seed': 'SELECT setseed(0.5)',
      'a seed that is set': 'SET SESSION seed = 0.5',
      'a seed by set_config': "SELECT set_config('seed', '0.5', false)",
      'a backup': "SELECT pg_backup_start('leak', true)",
      'a temporary slot': `SELECT pg_create_physical_replication_slot('leak_${process.pid}', true, true)`,
    };

    it.each(Object.keys(outlasting))(
      'is a new one’s after what no reset undoes: %s',
      async (name) => {
        const text = outlasting[name]!;
        await using test = await TestPool.open(ONE, serverDsn(version));
        const { pool } = test;
        const pid = (): Promise<number | null> => pool.fetchVal('SELECT pg_backend_pid()');
        const ways: readonly (() => Promise<unknown>)[] = [
          () => pool.withConnection((c) => c.execute(text)),
          () => pool.transaction((tx) => tx.fetch(text)),
          () => pool.execute(text),
          () => pool.execute(`SELECT 1; ${text}`),
          () => pool.batch(['SELECT 1', text]),
          () =>
            pool.withConnection(async (c) => {
              await c.execute(text);
              await c.reset();
            }),
        ];
        for (const leave of ways) {
          const before = await pid();
          await leave();
          expect(await pid(), String(leave)).not.toBe(before);
        }
        const kept = await pid();
        await pool.execute('SELECT $1::text', text);
        await pool.fetch(
          `SELECT ${name === 'a seed' ? 'random()' : `'${text.replaceAll("'", '')}'`}`,
        );
        expect(await pid()).toBe(kept);
      },
    );

    it('lets the next holder prepare a statement of the same name', async () => {
      await using test = await TestPool.open(ONE, serverDsn(version));
      for (let i = 0; i < 3; i++) {
        await using connection = await test.pool.acquire();
        const statement = await connection.prepare(`SELECT ${i}`, { name: 'mine' });
        expect(await statement.fetchVal()).toBe(i);
      }
    });

    it('is kept as the options and the role’s own settings have it', async () => {
      await using test = await TestPool.open(
        { ...ONE, serverSettings: { work_mem: '3MB' } },
        serverDsn(version),
      );
      const { pool } = test;
      await pool.execute("SET work_mem = '1MB'");
      expect(await pool.fetchVal("SELECT current_setting('work_mem')")).toBe('3MB');
    });

    it('is not passed on by one-shot calls either', async () => {
      await using test = await TestPool.open(ONE, serverDsn(version));
      const { pool } = test;
      await pool.execute("SET work_mem = '1MB'");
      expect(await pool.fetchVal("SELECT current_setting('work_mem') = '1MB'")).toBe(false);
      await pool.execute("UPDATE pg_settings SET setting = '1024' WHERE name = 'work_mem'");
      expect(await pool.fetchVal("SELECT current_setting('work_mem') = '1MB'")).toBe(false);
      await Promise.all([
        pool.execute("DO $$ BEGIN SET work_mem = '1MB'; END $$"),
        ...Array.from({ length: 5 }, () => pool.execute('CREATE TEMP TABLE once (id int)')),
        pool.execute("SELECT set_config('work_mem', '1MB', false)"),
      ]);
      expect(await pool.fetchVal("SELECT current_setting('work_mem') = '1MB'")).toBe(false);
      expect(pool.stats).toMatchObject({ size: 1, idle: 1, closed: 0 });
    });

    describe('codecs that a holder has set', () => {
      const mark = { schema: 'pg_catalog', decoder: (value: string) => `holder: ${value}` };
      const value = "SELECT '1'::json";

      it.each(['auto', 'always', 'never'] as const)('end with its release: %s', async (reset) => {
        await using test = await TestPool.open(
          { ...ONE, resetOnRelease: reset },
          serverDsn(version),
        );
        const { pool } = test;
        expect(await pool.fetchVal(value)).toBe(1);
        for (let i = 0; i < 2; i++) {
          await using connection = await pool.acquire();
          await connection.setTypeCodec('json', mark);
          await connection.setBuiltinTypeCodec('uuid', {
            schema: 'pg_catalog',
            codecName: 'text',
          });
          expect(await connection.fetchVal(value)).toBe('holder: 1');
          expect(await connection.fetchVal("SELECT ARRAY['1'::json]")).toEqual(['holder: 1']);
        }
        expect(await pool.fetchVal(value)).toBe(1);
        expect(await pool.fetchVal("SELECT ARRAY['1'::json]")).toEqual([1]);
        await expect(pool.fetchVal('SELECT $1::uuid', 'none')).rejects.toThrow(/uuid/);
        expect(pool.stats).toMatchObject({ size: 1, closed: 0 });
      });

      it('give way to those of init again, domains’ too', async () => {
        const schema = `kept_codecs_${process.pid}`;
        const own = (of: string) => ({ schema, decoder: (value: string) => `${of}: ${value}` });
        await using setUp = await TestPool.open(ONE, serverDsn(version));
        await setUp.pool.execute(
          `CREATE SCHEMA ${schema}; CREATE DOMAIN ${schema}.email AS text; CREATE DOMAIN ${schema}.tag AS text;
           CREATE TABLE ${schema}.t (e ${schema}.email, g ${schema}.tag); INSERT INTO ${schema}.t VALUES ('a', 'b')`,
        );
        try {
          const init = async (c: Connection) => {
            await c.setTypeCodec('email', own('init'));
            await c.setTypeCodec('json', { ...mark, decoder: (text: string) => `init: ${text}` });
          };
          await using test = await TestPool.open({ ...ONE, init }, serverDsn(version));
          const { pool } = test;
          const read = `SELECT e, g, '1'::json FROM ${schema}.t`;
          const kept = ['init: a', 'b', 'init: 1'];
          expect([...(await pool.fetchRow(read))!]).toEqual(kept);
          await pool.withConnection(async (c) => {
            await c.resetTypeCodec('email', { schema });
            await c.setTypeCodec('tag', own('holder'));
            await c.setTypeCodec('json', mark);
            expect([...(await c.fetchRow(read))!]).toEqual(['a', 'holder: b', 'holder: 1']);
          });
          expect([...(await pool.fetchRow(read))!]).toEqual(kept);
          expect([...(await pool.fetchRow(`${read} LIMIT 1`))!]).toEqual(kept);
          // Also where all types are in doubt by then, and the session has forgotten what they are.
          await pool.withConnection(async (c) => {
            await c.setTypeCodec('email', own('holder'));
            await c.reloadSchemaState();
          });
          expect([...(await pool.fetchRow(read))!]).toEqual(kept);
          await pool.withConnection(async (c) => {
            await c.resetTypeCodec('email', { schema });
            await c.execute(`CREATE TYPE ${schema}.other AS ENUM ('x')`);
            await c.fetchVal('SELECT 1');
          });
          expect([...(await pool.fetchRow(`${read} LIMIT 1`))!]).toEqual(kept);
        } finally {
          await setUp.pool.execute(`DROP SCHEMA ${schema} CASCADE`);
        }
      });

      it('are not set any more by a call that was not awaited', async () => {
        await using test = await TestPool.open(ONE, serverDsn(version));
        const { pool } = test;
        const connection = await pool.acquire();
        const setting = failure(connection.setTypeCodec('information_schema.json', mark));
        const builtin = failure(connection.setTypeCodec('json', mark));
        await pool.release(connection);
        await Promise.all([setting, builtin]);
        expect(await pool.fetchVal(value)).toBe(1);
      });
    });
  });
});
