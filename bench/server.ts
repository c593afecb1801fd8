import { connect } from 'asyncpg';
import { TempCluster } from 'asyncpg/cluster';
import { Authority } from '../test/support/servers/certificates.ts';
import { SCHEMA, SCRAM_PASSWORD, SCRAM_USER, TLS_USER, WORKLOADS } from './workloads.ts';

/** The server that everything is measured against, with its tables. */
export interface BenchServer extends AsyncDisposable {
  readonly version: string;
  readonly dsn: string;
  /** Connects a user who needs a password. */
  readonly scramDsn: string;
  /** Connects a user who needs a password, over TLS; null: the server has none. */
  readonly tlsDsn: string | null;
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

const TLS = { ssl: true, ssl_cert_file: 'server.crt', ssl_key_file: 'server.key' };

/** TLS is for one user only: some drivers would use it unasked, and others not. */
const HBA = [
  `hostssl all ${TLS_USER} 127.0.0.1/32 scram-sha-256`,
  `hostnossl all ${SCRAM_USER} 127.0.0.1/32 scram-sha-256`,
  'hostnossl all all 127.0.0.1/32 trust',
  'local all all trust',
];

async function startCluster(): Promise<TempCluster> {
  await using authority = await Authority.create();
  const { cert, key } = await authority.issue({ altNames: ['IP:127.0.0.1'] });
  return await TempCluster.start({
    settings: { ...SETTINGS, ...TLS },
    hba: HBA,
    files: { 'server.crt': cert, 'server.key': key },
  });
}

function withPassword(dsn: string, user: string, sslmode: string): string {
  const url = new URL(dsn);
  url.username = user;
  url.password = SCRAM_PASSWORD;
  url.searchParams.set('sslmode', sslmode);
  return url.href;
}

export async function startServer(dsn: string | null): Promise<BenchServer> {
  const cluster = dsn === null ? await startCluster() : null;
  const server = dsn ?? cluster!.dsn;
  const admin = await connect(server);
  const tables = [...SCHEMA.join('\n').matchAll(/CREATE (?:UNLOGGED )?TABLE (\w+)/g)];
  await admin.execute(`DROP TABLE IF EXISTS ${tables.map(([, name]) => name).join(', ')}`);
  await admin.execute(`DROP ROLE IF EXISTS ${SCRAM_USER}, ${TLS_USER}`);
  for (const statement of SCHEMA) await admin.execute(statement);
  return {
    version: admin.settings['server_version']!.split(' ')[0]!,
    dsn: server,
    // Some would ask for TLS first, others not; the same work for all.
    scramDsn: withPassword(server, SCRAM_USER, 'disable'),
    tlsDsn: cluster === null ? null : withPassword(server, TLS_USER, 'require'),
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
