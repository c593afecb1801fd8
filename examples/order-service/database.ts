import { TempCluster } from 'asyncpg/cluster';

/** Where the service keeps its data. Disposing it stops the embedded server, if it is one. */
export interface Database extends AsyncDisposable {
  readonly dsn: string;
  readonly description: string;
}

/** The database of `DATABASE_URL`, or else a throw-away PostgreSQL server for a first look. */
export async function findDatabase(): Promise<Database> {
  const dsn = process.env['DATABASE_URL'];
  if (dsn) {
    return { dsn, description: 'DATABASE_URL', [Symbol.asyncDispose]: async () => {} };
  }
  // For a feed by a change stream; nothing else needs it.
  const cluster = await TempCluster.start({ settings: { wal_level: 'logical' } });
  const description = `an embedded PostgreSQL ${cluster.version}, gone when the service stops`;
  return { dsn: cluster.dsn, description, [Symbol.asyncDispose]: () => cluster.stop() };
}
