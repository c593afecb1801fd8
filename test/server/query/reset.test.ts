import { expect, it, vi } from 'vitest';
import {
  describeEach,
  failure,
  open,
  openBeside,
  openWithSchema,
} from '../../support/connections.ts';

describeEach('reset', (version) => {
  it('undoes settings, roles, locks, listeners, temporary tables and cursors', async () => {
    const c = await openWithSchema(version);
    const [callback, log] = [vi.fn(), vi.fn()];
    await c.execute(`SET work_mem = '7MB'; SET TIME ZONE 'Asia/Tokyo'; SET ROLE pg_monitor;
      CREATE TEMP TABLE x (a int4); DECLARE held CURSOR WITH HOLD FOR SELECT 1`);
    await c.fetch('SELECT pg_advisory_lock(4711)');
    await c.addListener('reset_test', callback);
    c.addLogListener(log);
    await c.reset();
    expect(await c.fetchVal('SHOW work_mem')).not.toBe('7MB');
    expect(c.settings['TimeZone']).not.toBe('Asia/Tokyo');
    expect(await c.fetchVal('SELECT current_user = session_user')).toBe(true);
    expect(await c.fetchVal("SELECT to_regclass('pg_temp.x')")).toBeNull();
    expect(await c.fetchVal("SELECT count(*) FROM pg_cursors WHERE name = 'held'")).toBe(0n);
    expect(
      await c.fetchVal(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
      ),
    ).toBe(0n);
    expect(await c.fetch('SELECT pg_listening_channels()')).toEqual([]);
    await c.notify('reset_test');
    await c.execute("DO $$ BEGIN RAISE NOTICE 'x'; END $$");
    expect(callback).not.toHaveBeenCalled();
    expect(log).not.toHaveBeenCalled();
    await c.reset();
  });

  it('rolls back a transaction that is open, failed or begun by hand', async () => {
    const c = await openWithSchema(version);
    const observer = await openBeside(c, version);
    await c.execute('CREATE TABLE t (a int4)');
    const path = await c.fetchVal('SHOW search_path');
    const prepare: (() => Promise<unknown>)[] = [
      () => c.execute('BEGIN; INSERT INTO t VALUES (1)'),
      () => failure(c.execute('BEGIN; INSERT INTO t VALUES (1)').then(() => c.fetch('SELECT 1/0'))),
      async () => (await c.begin()).execute('INSERT INTO t VALUES (1)'),
      async () => void (await c.begin()),
      // Not even answered yet.
      async () => void c.execute('BEGIN; INSERT INTO t VALUES (1)'),
    ];
    for (const begin of prepare) {
      await begin();
      await c.reset();
      expect(c.isInTransaction()).toBe(false);
      await c.execute(`SET search_path = ${path}`);
      expect(await c.transaction((tx) => tx.fetchVal('SELECT 1'))).toBe(1);
    }
    expect(await observer.fetchVal('SELECT count(*) FROM t')).toBe(0n);
  });

  it('leaves the statement cache and the codecs usable', async () => {
    const c = await open(version);
    await c.setTypeCodec('int4', {
      schema: 'pg_catalog',
      encoder: String,
      decoder: (text: string) => `int ${text}`,
      format: 'text',
    });
    const statement = await c.prepare('SELECT 5');
    expect(await c.fetchVal('SELECT 6')).toBe('int 6');
    await c.reset();
    expect(await c.fetchVal('SELECT 6')).toBe('int 6');
    expect(await statement.fetchVal()).toBe('int 5');
  });
});
