import { connect } from 'asyncpg';
import { TempCluster } from 'asyncpg/cluster';
import { SCHEMA, SCRAM_PASSWORD, SCRAM_USER, WORKLOADS } from './workloads.ts';

/** The server that everything is measured against, with its tables. */
export interface BenchServer extends AsyncDisposable {
  readonly version: string;
  readonly dsn: string;
  /** Connects a user who needs a password. */
  readonly scramDsn: string;
  /** Empties a table and waits until the server has nothing else to do. */
  settle(table: string | undefined): Promise<void>;
}

/** Steady rather than safe: nothing but the queries is to take time on the same processors. */
const SETTINGS = {
  max_connections: 100,
  shared_buffers: '256MB',
  max_wal_size: '4GB',
  checkpoint_timeout: '1h',
  autovacuum: false,
  jit: false,
};

const HBA = [
  `host all ${SCRAM_USER} 127.0.0.1/32 scram-sha-256`,
  'host all all 127.0.0.1/32 trust',
  'local all all trust',
];

export async function startServer(dsn: string | null): Promise<BenchServer> {
  const cluster = dsn === null ? await TempCluster.start({ settings: SETTINGS, hba: HBA }) : null;
  const server = dsn ?? cluster!.dsn;
  const admin = await connect(server);
  const tables = [...SCHEMA.join('\n').matchAll(/CREATE (?:UNLOGGED )?TABLE (\w+)/g)];
  await admin.execute(`DROP TABLE IF EXISTS ${tables.map(([, name]) => name).join(', ')}`);
  await admin.execute(`DROP ROLE IF EXISTS ${SCRAM_USER}`);
  for (const statement of SCHEMA) await admin.execute(statement);
  const scram = new URL(server);
  scram.username = SCRAM_USER;
  scram.password = SCRAM_PASSWORD;
  // Some would ask for TLS first, others not; the same work for all.
  scram.searchParams.set('sslmode', 'disable');
  const { major, minor } = admin.serverVersion;
  return {
    version: `${major}.${minor}`,
    dsn: server,
    scramDsn: scram.href,
    async settle(table) {
      if (table !== undefined) await admin.execute(`TRUNCATE ${table}`);
    },
    async [Symbol.asyncDispose]() {
      for (const { fills } of WORKLOADS) {
        if (fills !== undefined) await admin.execute(`TRUNCATE ${fills}`);
      }
      await admin.close();
      await cluster?.stop();
    },
  };
}
