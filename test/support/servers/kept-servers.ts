import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Connection, connect } from '../../../src/index.ts';
import type { TestServer } from './server.ts';
import { SETTINGS, VERSIONS } from './test-clusters.ts';

/** Servers by version that another process, `npm run test:servers`, keeps running between test runs. */
export interface KeptServers {
  /** The checkout that they belong to: a copy of node_modules brings the file along. */
  readonly root: string;
  /** The process that keeps them. They end with it. */
  readonly keeper: number;
  /** How they were started: servers of an older state of the tests are not used. */
  readonly configuration: string;
  readonly servers: Readonly<Record<number, TestServer>>;
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const FILE = path.join(ROOT, 'node_modules/.cache/asyncpg/test-servers.json');
const CONFIGURATION = JSON.stringify([VERSIONS, SETTINGS]);

/** How long a kept server may take to answer, in milliseconds. */
const PATIENCE = 5_000;

/** Where the lock of a test run is held: a session in the way of no test, even if that drops databases. */
const LOCK_DATABASE = 'test_run';
/** Of any value, as long as all test runs take the same. */
const LOCK = 1;

/** Tells the test runs of this checkout where the servers are. */
export async function announce(servers: KeptServers['servers']): Promise<void> {
  for (const { dsn } of Object.values(servers)) {
    await using connection = await connect(dsn);
    await connection.execute(`CREATE DATABASE ${LOCK_DATABASE}`);
  }
  const kept: KeptServers = {
    root: ROOT,
    keeper: process.pid,
    configuration: CONFIGURATION,
    servers,
  };
  await mkdir(path.dirname(FILE), { recursive: true });
  // Renamed into its place: nobody reads half a file, and no other name of an old one is written to.
  const written = `${FILE}.${process.pid}`;
  await writeFile(written, JSON.stringify(kept));
  await rename(written, FILE);
}

/** Test runs find no servers any more, and their keeper ends. */
export async function revoke(): Promise<void> {
  await rm(FILE, { force: true });
}

/** The servers that are announced, if the process that keeps them is there; else null. */
export async function announced(): Promise<KeptServers | null> {
  try {
    const kept = JSON.parse(await readFile(FILE, 'utf8')) as KeptServers;
    return kept.root === ROOT && isRunning(kept.keeper) ? kept : null;
  } catch {
    return null;
  }
}

/** Whether there is such a process. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The kept servers, for one test run alone. */
export class ServersOnLoan {
  readonly servers: KeptServers['servers'];
  /** One to each server. Each holds a lock until it is closed: the servers are in use. */
  readonly connections: readonly Connection[];

  private constructor(servers: KeptServers['servers'], connections: readonly Connection[]) {
    this.servers = servers;
    this.connections = connections;
  }

  /** Null where no servers are kept, or these cannot be used; the reason for that is printed. */
  static async take(): Promise<ServersOnLoan | null> {
    const kept = await announced();
    if (kept === null) return null;
    const connections: Connection[] = [];
    try {
      if (kept.configuration !== CONFIGURATION) {
        throw new Error('they were started by an older state of the tests');
      }
      const servers = Object.values(kept.servers);
      for (const result of await Promise.allSettled(servers.map(openLocked))) {
        if (result.status === 'rejected') throw result.reason;
        connections.push(result.value);
      }
      await Promise.all(servers.map((server, index) => sweep(server, connections[index]!)));
      return new ServersOnLoan(kept.servers, connections);
    } catch (error) {
      for (const connection of connections) connection.terminate();
      console.warn(`the kept servers are not used: ${(error as Error).message}`);
      return null;
    }
  }
}

async function openLocked({ dsn, dataDirectory }: TestServer): Promise<Connection> {
  const connection = await connect(dsn, { database: LOCK_DATABASE, timeout: PATIENCE });
  try {
    if ((await connection.fetchVal('SHOW data_directory')) !== dataDirectory) {
      throw new Error(`${dsn} is another server`);
    }
    if (!(await connection.fetchVal('SELECT pg_try_advisory_lock($1)', LOCK))) {
      throw new Error('another test run uses them');
    }
    return connection;
  } catch (error) {
    connection.terminate();
    throw error;
  }
}

/**
 * Of what tests may make on a server, that which is there; what was there before them has a lower OID.
 * Temporary schemas stay, empty, for the sessions to come.
 */
const LEFT = `
  SELECT 'database ' || datname FROM pg_database
    WHERE datname NOT IN ('postgres', 'template0', 'template1', '${LOCK_DATABASE}')
  UNION ALL SELECT 'role ' || rolname FROM pg_roles WHERE oid >= 16384
  UNION ALL SELECT 'setting ' || setconfig[1] FROM pg_db_role_setting
  UNION ALL SELECT 'prepared transaction ' || gid FROM pg_prepared_xacts
  UNION ALL SELECT 'schema ' || nspname FROM pg_namespace
    WHERE oid >= 16384 AND nspname !~ '^pg_(toast_)?temp_'
  UNION ALL SELECT pg_describe_object(classid, objid, objsubid) FROM pg_depend WHERE objid >= 16384`;

/** What a run that failed has left on a server goes: the next one begins as on a new server. */
async function sweep(server: TestServer, lock: Connection): Promise<void> {
  const connection = await connect(server.dsn);
  const left = await connection.fetch(LEFT);
  await connection.close();
  if (left.length === 0) return;
  const databases = await lock.fetch<{ name: string }>(
    `SELECT quote_ident(datname) AS name FROM pg_database
     WHERE NOT datistemplate AND datname <> '${LOCK_DATABASE}'`,
  );
  for (const { name } of databases) await lock.execute(`DROP DATABASE ${name} WITH (FORCE)`);
  const roles = await lock.fetch<{ name: string }>(
    'SELECT quote_ident(rolname) AS name FROM pg_roles WHERE oid >= 16384',
  );
  for (const { name } of roles) await lock.execute(`DROP ROLE ${name}`);
  await lock.execute('CREATE DATABASE postgres TEMPLATE template0');
}
