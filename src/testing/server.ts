import type { TempCluster } from '../cluster/index.ts';

/** Where `globalSetup` tells the processes of the tests which server is theirs. */
export const SERVER = 'ASYNCPG_TEST_SERVER';

let own: { readonly cluster: Promise<TempCluster>; users: number } | null = null;

/** A server that is there until `release`. */
export interface TestServer {
  readonly dsn: string;
  release(): Promise<void>;
}

/** The server that was given, that of `globalSetup`, or a throw-away one of this process. */
export async function testServer(given: string | undefined): Promise<TestServer> {
  const dsn = given ?? process.env[SERVER];
  if (dsn) return { dsn, release: async () => {} };
  own ??= { cluster: startCluster(), users: 0 };
  const mine = own;
  mine.users += 1;
  const release = async (): Promise<void> => {
    mine.users -= 1;
    if (mine.users > 0) return;
    if (own === mine) own = null;
    await (await mine.cluster).stop();
  };
  try {
    return { dsn: (await mine.cluster).dsn, release };
  } catch (error) {
    if (own === mine) own = null;
    throw error;
  }
}

/** Starts a throw-away server. Its code is loaded only where one is needed. */
export async function startCluster(): Promise<TempCluster> {
  const cluster = await import('../cluster/index.ts');
  return cluster.TempCluster.start();
}

/** The DSN as a URI: what is in front of the database, and what is behind it, without space around it. */
const URI = /^[ \t\n\v\f\r]*(postgres(?:ql)?:\/\/[^/?]*)(?:\/[^?]*?)?((?:\?.*?)?)[ \t\n\v\f\r]*$/is;

/** What names the database behind the "?": to libpq, and what is made with it, it goes before the path. */
const IN_QUERY = /(?<=[?&])(?:dbname|database)=[^&]*(?:&|$)/g;

/** The same server by another database. */
export function withDatabase(dsn: string, name: string): string {
  const uri = URI.exec(dsn);
  if (uri === null) return `${dsn} dbname=${name}`;
  const query = uri[2]!.replace(IN_QUERY, '').replace(/[?&]$/, '');
  return `${uri[1]}/${name}${query}`;
}
