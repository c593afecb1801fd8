import { randomBytes } from 'node:crypto';
import { connect } from '../client/connect.ts';
import type { Connection } from '../client/connection.ts';
import { dropDatabase } from './drop-database.ts';
import type { ReadMigrations } from './migrations.ts';
import { withDatabase } from './server.ts';

/** What of advisory locks is ours. */
const LOCKS = 0x6173;

/** Those of templates that somebody makes or clones. */
const USES = LOCKS + 1;

/** How each test database is called, and none that somebody has called so himself. */
const TEST_NAME = '^asyncpg_test_[0-9]+_[0-9a-f]{12}$';

/** A name for a test database of this process. */
export function databaseName(): string {
  return `asyncpg_test_${process.pid}_${randomBytes(6).toString('hex')}`;
}

/** The name of the template of these migrations: of another project's it differs at its beginning. */
export function templateName({ source, version }: ReadMigrations): string {
  return `asyncpg_template_${source.slice(0, 8)}_${version.slice(0, 24)}`;
}

/** Keeps others from dropping the template of these migrations, until this session ends. */
export async function holdTemplate(admin: Connection, migrations: ReadMigrations): Promise<void> {
  const name = templateName(migrations);
  await admin.execute('SELECT pg_advisory_lock_shared($1, hashtext($2))', USES, name);
}

/** Makes the template if it is not there. Others who want it wait meanwhile. */
export async function ensureTemplate(
  admin: Connection,
  dsn: string,
  migrations: ReadMigrations,
): Promise<void> {
  const name = templateName(migrations);
  if (await isReady(admin, name)) return;
  await admin.execute('SELECT pg_advisory_lock($1, hashtext($2))', LOCKS, name);
  try {
    if (!(await isReady(admin, name))) await makeTemplate(admin, dsn, name, migrations);
  } finally {
    await admin.execute('SELECT pg_advisory_unlock($1, hashtext($2))', LOCKS, name);
  }
}

/** Only one that is complete is a template. */
async function isReady(admin: Connection, name: string): Promise<boolean> {
  const found = await admin.fetchVal<number>(
    'SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate',
    name,
  );
  return found === 1;
}

async function makeTemplate(
  admin: Connection,
  dsn: string,
  name: string,
  migrations: ReadMigrations,
): Promise<void> {
  // A process that made it may have been killed.
  await dropDatabase(admin, dsn, name);
  await admin.execute(`CREATE DATABASE ${name}`);
  const target = withDatabase(dsn, name);
  const connection = await connect(target);
  try {
    await migrations.run(connection, target);
  } catch (error) {
    connection.terminate();
    // What went wrong first is told.
    await dropDatabase(admin, dsn, name).catch(() => {});
    throw error;
  }
  await connection.close();
  await admin.execute(`ALTER DATABASE ${name} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false`);
  await sweep(admin, dsn, name);
  await dropAbandoned(admin, dsn);
}

/** Drops the templates of former migrations that nobody uses. */
async function sweep(admin: Connection, dsn: string, kept: string): Promise<void> {
  const old = await admin.fetch<{ name: string }>(
    'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1) AND datname <> $2',
    kept.slice(0, kept.lastIndexOf('_') + 1),
    kept,
  );
  for (const { name } of old) {
    await unlessLocked(admin, USES, name, () => drop(admin, dsn, name, true));
  }
}

/** Drops the databases of tests whose processes were killed. */
export async function dropAbandoned(admin: Connection, dsn: string): Promise<void> {
  const abandoned = await admin.fetch<{ name: string }>(
    `SELECT datname AS name FROM pg_database
     WHERE datname ~ $2 AND NOT ${isHeld('$1', 'datname')}`,
    LOCKS,
    TEST_NAME,
  );
  for (const { name } of abandoned) {
    // Its connection may have been ended, and the lock with it, by a test that ends all there are.
    if (isAlive(Number(name.split('_')[2]))) continue;
    await unlessLocked(admin, LOCKS, name, () => drop(admin, dsn, name, false));
  }
}

/** Whether there may be a process of that number on this machine. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Keeps others from taking a test database for one whose process was killed, until this session ends. */
export async function holdDatabase(admin: Connection, name: string): Promise<void> {
  await tryLock(admin, LOCKS, name);
}

async function unlessLocked(
  admin: Connection,
  locks: number,
  name: string,
  run: () => Promise<void>,
): Promise<void> {
  if (await isLocked(admin, locks, name)) return;
  if (!(await tryLock(admin, locks, name))) return;
  await run();
  await admin.execute('SELECT pg_advisory_unlock($1, hashtext($2))', locks, name);
}

/** Whether any session has it: a lock is one of its database, and others may have come by another one. */
function isLocked(admin: Connection, locks: number, name: string): Promise<boolean | null> {
  return admin.fetchVal<boolean>(`SELECT ${isHeld('$1', '$2')}`, locks, name);
}

function isHeld(locks: string, name: string): string {
  return `EXISTS (
    SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted
      AND classid = ${locks}::int8::oid AND objid = (hashtext(${name})::int8 & 4294967295)::oid)`;
}

function tryLock(admin: Connection, locks: number, name: string): Promise<boolean | null> {
  return admin.fetchVal<boolean>('SELECT pg_try_advisory_lock($1, hashtext($2))', locks, name);
}

/** Another process may do the same, or be about to clone it: that one's error is its own. */
async function drop(
  admin: Connection,
  dsn: string,
  name: string,
  isTemplate: boolean,
): Promise<void> {
  try {
    if (isTemplate) await admin.execute(`ALTER DATABASE ${name} WITH IS_TEMPLATE false`);
    await dropDatabase(admin, dsn, name);
  } catch {}
}
