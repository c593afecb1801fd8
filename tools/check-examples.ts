// Checks the queries of the examples by `asyncpg check`, as it was built: each against a database with the
// example's own tables; and those of the documentation's programs. Run by `npm run check`.

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Connection, connect, createPool } from 'asyncpg';
import { TempCluster } from 'asyncpg/cluster';
import { migrate } from '../examples/order-service/schema.ts';
import { POOL, SCHEMA as SERVICE } from '../examples/order-service/settings.ts';
import { CONNECT_OPTIONS } from '../examples/pipeline/database.ts';
import { createSchema, SCHEMA as PIPELINE } from '../examples/pipeline/schema.ts';
import { checkDocuments } from './check-documents.ts';
import { root } from './entries.ts';

/** Checks the sources of a folder against a database whose tables are in this schema of it. */
async function check(
  folder: string,
  dsn: string,
  db: Connection,
  schema: string,
): Promise<boolean> {
  await db.execute(`ALTER DATABASE postgres SET search_path = "${schema}"`);
  const out = await mkdtemp(path.join(os.tmpdir(), 'asyncpg-examples-'));
  try {
    // The types are not written to where the compiler of this project would find them.
    const config = path.join(root, folder, 'asyncpg.config.mjs');
    await writeFile(
      config,
      `export default { schema: [], out: ${JSON.stringify(path.join(out, 'queries.gen.d.ts'))} };`,
    );
    const program = path.join(root, 'dist/check/cli.js');
    const args = [program, 'check', '--config', config, '--database', dsn];
    const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
    await rm(config);
    return status === 0;
  } finally {
    await rm(out, { recursive: true });
  }
}

await using cluster = await TempCluster.start();
await using db = await connect(cluster.dsn);
{
  await using pipeline = await connect(cluster.dsn, CONNECT_OPTIONS);
  await createSchema(pipeline);
  // A temporary table of a transaction, which the check does not execute.
  await pipeline.execute(`CREATE TABLE imported_users (
    email text, name text, is_active boolean, created_at timestamptz, updated_at timestamptz)`);
}
{
  await using pool = await createPool(cluster.dsn, POOL);
  await migrate(pool);
  // The same there.
  await pool.execute('CREATE TABLE imported_users (email text, name text, is_active boolean)');
}
const results = [
  await check('examples/pipeline', cluster.dsn, db, PIPELINE),
  await check('examples/order-service', cluster.dsn, db, SERVICE),
  await checkDocuments(cluster.dsn),
];
process.exitCode = results.every(Boolean) ? 0 : 1;
