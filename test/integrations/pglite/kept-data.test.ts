import { existsSync, readdirSync, symlinkSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openDatabase } from '../../../examples/testing/database.ts';
import { ROOT } from '../../docs/blocks.ts';

const MIGRATIONS = `
  CREATE TABLE users (id int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text UNIQUE);
  CREATE TYPE mood AS ENUM ('calm', 'merry');
  INSERT INTO users (name) VALUES ('Ada');`;

describe('the data of a PGlite that was migrated, kept as the guide says', () => {
  const home = process.cwd();
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'asyncpg-pglite-'));
    await mkdir(path.join(folder, 'node_modules'));
    const scope = 'node_modules/@electric-sql';
    symlinkSync(path.join(ROOT, scope), path.join(folder, scope));
    process.chdir(folder);
  });

  afterAll(async () => {
    process.chdir(home);
    await rm(folder, { recursive: true });
  });

  /** Opens one. Says whether PGlite was made from kept data, each time that one was made. */
  async function open(migrations: string) {
    const create = vi.spyOn(PGlite, 'create');
    const { db, pool } = await openDatabase(migrations);
    onTestFinished(async () => {
      await pool.close();
      await db.close();
    });
    const made = create.mock.calls.map(
      ([options]) => typeof options === 'object' && 'loadDataDir' in options,
    );
    create.mockRestore();
    return { pool, made };
  }

  const kept = (): string[] => readdirSync('node_modules/.cache/pglite');

  test('are made once, and are those of each database that is opened then', async () => {
    const first = await open(MIGRATIONS);
    // PGlite makes an instance that runs initdb, by the same function.
    expect(first.made.at(-1)).toBe(true);
    expect(first.made).toContain(false);
    await first.pool.execute("INSERT INTO users (name) VALUES ('Grace')");
    const second = await open(MIGRATIONS);
    expect(second.made).toEqual([true]);
    expect(await second.pool.fetchVal('SELECT string_agg(name, $1) FROM users', ',')).toBe('Ada');
    expect(await second.pool.fetchVal("SELECT 'merry'::mood")).toBe('merry');
    await second.pool.execute("INSERT INTO users (name) VALUES ('Emmy')");
    expect(await second.pool.fetchVal('SELECT max(id) FROM users')).toBe(2);
    expect(await first.pool.fetchVal('SELECT max(name) FROM users')).toBe('Grace');
    expect(kept()).toHaveLength(1);
  }, 120_000);

  test('have less to load: small buffers, a small log, one database; and all else works', async () => {
    const { pool } = await open(MIGRATIONS);
    expect(await pool.fetchVal('SHOW shared_buffers')).toBe('8MB');
    expect(await pool.fetchVal('SHOW wal_segment_size')).toBe('1MB');
    expect(await pool.fetch('SELECT datname FROM pg_database')).toEqual([{ datname: 'postgres' }]);
    await pool.execute('CREATE EXTENSION IF NOT EXISTS plpgsql');
    await pool.execute('DO $$ BEGIN CREATE TABLE by_block (id int); END $$');
    expect(await pool.fetchVal('SELECT count(*) FROM by_block')).toBe(0n);
  }, 120_000);

  test('are made anew when the migrations change', async () => {
    const { pool, made } = await open(`${MIGRATIONS} ALTER TABLE users ADD age int4;`);
    expect(made).toContain(false);
    expect(await pool.fetchVal('SELECT age FROM users')).toBe(null);
    expect(existsSync('node_modules/.cache/pglite')).toBe(true);
    expect(kept()).toHaveLength(2);
  }, 120_000);

  test('and the guide shows the very same program', async () => {
    const guide = await readFile(path.join(ROOT, 'docs/guides/testing.md'), 'utf8');
    const example = await readFile(path.join(ROOT, 'examples/testing/database.ts'), 'utf8');
    expect(guide).toContain(example.slice(example.indexOf('\n') + 1).trim());
  });
});
