// A migrated PostgreSQL in this very process, for tests.
import { createHash, randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  openAsBlob,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { createPool, type Pool } from 'asyncpg';
import { pglite } from 'asyncpg/pglite';

const KEPT = 'node_modules/.cache/pglite';
const PACKAGE = 'node_modules/@electric-sql/pglite/package.json';

/** A database of its own. The data of one that is migrated are kept until the migrations change. */
export async function openDatabase(migrations: string): Promise<{ db: PGlite; pool: Pool }> {
  const version = createHash('sha256').update(readFileSync(PACKAGE)).update(migrations);
  const file = `${KEPT}/${version.digest('hex')}.tar`;
  if (!existsSync(file)) await keep(file, migrations);
  const db = await PGlite.create({ loadDataDir: await openAsBlob(file) });
  return { db, pool: await createPool({ dial: pglite(db), minSize: 1 }) };
}

async function keep(file: string, migrations: string): Promise<void> {
  // Less to load each time: small buffers, a small log, and no databases to make others from.
  const small = ['--set=shared_buffers=8MB', '--wal-segsize=1'];
  const db = await PGlite.create({ initDbStartParams: small });
  await db.exec(migrations);
  await db.exec('UPDATE pg_database SET datistemplate = false');
  for (const name of ['template0', 'template1']) await db.exec(`DROP DATABASE ${name}`);
  await db.exec('CHECKPOINT');
  const data = await db.dumpDataDir('none');
  await db.close();
  mkdirSync(KEPT, { recursive: true });
  // Others may be making the same: each finds a whole file or none.
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, new Uint8Array(await data.arrayBuffer()));
  renameSync(draft, file);
}
