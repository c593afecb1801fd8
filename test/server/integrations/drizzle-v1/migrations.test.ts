import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { migrate } from 'asyncpg/drizzle-v1';
import * as migrator from 'asyncpg/drizzle-v1/migrator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DrizzleTest } from './support.ts';

const drizzleTest = new DrizzleTest('drizzle1_migrations');
const migrationsSchema = 'drizzle1_migrations_log';
let migrationsFolder: string;

/** Writes a folder as drizzle-kit does. */
function writeMigrations(...texts: readonly string[]): void {
  for (const name of readdirSync(migrationsFolder)) {
    rmSync(path.join(migrationsFolder, name), { recursive: true });
  }
  for (const [i, text] of texts.entries()) {
    const folder = path.join(migrationsFolder, `2024010100000${i}_m`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'migration.sql'), text);
  }
}

beforeAll(() => {
  migrationsFolder = mkdtempSync(path.join(tmpdir(), 'asyncpg-drizzle-'));
});
afterAll(() => rmSync(migrationsFolder, { recursive: true }));

test('migrations are applied once, in one transaction', async () => {
  const { admin, db } = drizzleTest;
  await admin.execute(`DROP SCHEMA IF EXISTS ${migrationsSchema} CASCADE`);
  const first =
    'CREATE TABLE m1 (a int);\n--> statement-breakpoint\nCREATE INDEX ON m1 (a); CREATE INDEX ON m1 (a)';
  writeMigrations(first);
  await migrate(db, { migrationsFolder, migrationsSchema });
  await migrate(db, { migrationsFolder, migrationsSchema });
  expect(await admin.fetchVal("SELECT count(*) FROM pg_indexes WHERE tablename = 'm1'")).toBe(2n);
  writeMigrations(first, 'CREATE TABLE m2 (a int)', 'CREATE TABLE m1 (a int)');
  await expect(migrator.migrate(db, { migrationsFolder, migrationsSchema })).rejects.toMatchObject({
    query: 'CREATE TABLE m1 (a int)',
    cause: { sqlstate: '42P07' },
  });
  expect(await admin.fetchVal("SELECT to_regclass('m2')::text")).toBeNull();
  writeMigrations(first, 'CREATE TABLE m2 (a int)');
  await migrator.migrate(db, { migrationsFolder, migrationsSchema });
  expect(await admin.fetchVal("SELECT to_regclass('m2')::text")).toBe('m2');
  const log = `SELECT count(*) FROM ${migrationsSchema}."__drizzle_migrations"`;
  expect(await admin.fetchVal(log)).toBe(2n);
  await admin.execute(`DROP SCHEMA ${migrationsSchema} CASCADE`);
});
