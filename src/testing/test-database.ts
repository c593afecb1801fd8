import { connect } from '../client/connect.ts';
import type { Connection } from '../client/connection.ts';
import { ClientConfigurationError, InterfaceError } from '../errors/client-errors.ts';
import { InvalidCatalogNameError, ObjectInUseError } from '../errors/generated/sqlstate.ts';
import { createPool } from '../pool/create-pool.ts';
import type { Pool } from '../pool/pool.ts';
import type { PoolOptions } from '../pool/pool-options.ts';
import { systemClock } from '../transport/clock.ts';
import type { RowForm } from '../values/row-form.ts';
import { copyProperties } from './database-properties.ts';
import { dropDatabase } from './drop-database.ts';
import { type Migrations, migrationsOf, readMigrations } from './migrations.ts';
import { type TestServer, testServer, withDatabase } from './server.ts';
import {
  databaseName,
  dropAbandoned,
  ensureTemplate,
  holdDatabase,
  holdTemplate,
  templateName,
} from './template.ts';

/** Which database a test file gets. */
export interface TestDatabaseOptions {
  /** What its template is made with. By default it is empty. */
  readonly migrations?: Migrations | undefined;
  /**
   * The DSN of a server to make it on, as a role that may create databases. By default that of
   * `globalSetup`, and without it a `TempCluster` of this process.
   */
  readonly server?: string | undefined;
  /** Is given `close`: `afterAll` of vitest, `after` of node:test. */
  readonly after?: ((close: () => Promise<void>) => unknown) | undefined;
}

/** How long a test's pools wait for connections that it has not given back, in milliseconds. */
const PATIENCE = 1_000;

/** The servers on which this process has looked for what killed ones have left. */
const swept = new Set<string>();

/** How often a template is made again that somebody has dropped before it could be cloned. */
const ATTEMPTS = 3;

const OPTIONS: Readonly<Record<keyof TestDatabaseOptions, true>> = {
  migrations: true,
  server: true,
  after: true,
};

/** A pool, whatever its rows are. */
type Closable = Pick<Pool, 'close' | 'terminate'>;

/** A database of one test file's own. */
export class TestDatabase {
  /** Its name. */
  readonly name: string;
  /** What to connect to it with. */
  readonly dsn: string;
  readonly #server: TestServer;
  readonly #admin: Connection;
  /** Those that are being made, too: none is to stay open behind `close`. */
  readonly #pools: Promise<Closable>[] = [];
  #closing: Promise<void> | null = null;

  /** @internal */
  constructor(server: TestServer, admin: Connection, name: string) {
    this.name = name;
    this.dsn = withDatabase(server.dsn, name);
    this.#server = server;
    this.#admin = admin;
  }

  /**
   * A pool of connections to it, of which none is opened before it is needed. It is closed with the database.
   *
   * @throws InterfaceError once the database is being closed
   */
  async createPool<F extends RowForm = 'record'>(options?: PoolOptions<F>): Promise<Pool<F>> {
    if (this.#closing !== null) throw new InterfaceError('the test database is closed');
    const making = createPool<F>(this.dsn, { minSize: 0, ...options } as PoolOptions<F>);
    this.#pools.push(making);
    return await making;
  }

  /** Closes its pools and drops it, whoever is still connected. Calling it again does nothing. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await Promise.all(this.#pools.map(end));
      await this.#drop();
    } finally {
      await leave(this.#admin, this.#server);
    }
  }

  /** A test may have ended all connections, or restarted the server: then by a new one. */
  async #drop(): Promise<void> {
    const { dsn } = this.#server;
    try {
      return await dropDatabase(this.#admin, dsn, this.name);
    } catch (error) {
      if (!this.#admin.isClosed) throw error;
    }
    const admin = await connect(dsn);
    try {
      await dropDatabase(admin, dsn, this.name);
    } finally {
      await admin.close();
    }
  }

  /** The same as `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** A test that has failed may have a connection still: it must not hold up the others. */
async function end(making: Promise<Closable>): Promise<void> {
  // Why there is none was told to who wanted it.
  const pool = await making.catch(() => null);
  if (pool === null) return;
  const timer = systemClock.setTimer(PATIENCE, () => pool.terminate());
  try {
    await pool.close();
  } finally {
    timer.cancel();
  }
}

/** Whatever the one comes to: a server that nobody gives back would run on. */
async function leave(admin: Connection | null, server: TestServer): Promise<void> {
  try {
    await admin?.close();
  } finally {
    await server.release();
  }
}

/**
 * Makes a database of a test file's own. It is a clone of a template, which is migrated once for all files and
 * processes, and again when the migrations change; to clone it takes some 50 ms.
 *
 * @throws Error naming the file of a migration that fails
 * @throws ClientConfigurationError for unknown options, and a folder without SQL
 * @throws InsufficientPrivilegeError where the role may not create databases
 * @example
 * import { afterAll, expect, test } from 'vitest';
 *
 * const database = await testDatabase({ migrations: 'migrations', after: afterAll });
 * const pool = await database.createPool();
 *
 * test('has no users yet', async () => {
 *   expect(await pool.fetchVal('SELECT count(*) FROM users')).toBe(0n);
 * });
 */
export async function testDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(OPTIONS, name))
      throw new ClientConfigurationError(`unknown option "${name}"`);
  }
  if (typeof (options.server ?? '') !== 'string') {
    throw new ClientConfigurationError('server: expected a DSN as text');
  }
  if (typeof (options.after ?? Function) !== 'function') {
    throw new ClientConfigurationError('after: expected a function of the test runner');
  }
  const read = await readMigrations(options.migrations);
  const server = await testServer(options.server);
  const name = databaseName();
  let admin: Connection | null = null;
  try {
    admin = await connect(server.dsn);
    await holdDatabase(admin, name);
    const session = await admin.fetchRow<{ role: string; database: string }>(
      'SELECT current_user AS role, current_database() AS database',
    );
    const migrations = migrationsOf(session!, read);
    await holdTemplate(admin, migrations);
    for (let attempt = 1; ; attempt++) {
      await ensureTemplate(admin, server.dsn, migrations);
      try {
        await admin.execute(`CREATE DATABASE ${name} TEMPLATE ${templateName(migrations)}`);
        break;
      } catch (error) {
        // The server has waited for them: five seconds.
        if (error instanceof ObjectInUseError) {
          throw new Error(
            'a session is left on the template: migrate must end those that it begins',
            {
              cause: error,
            },
          );
        }
        if (!(error instanceof InvalidCatalogNameError) || attempt === ATTEMPTS) throw error;
      }
    }
    await copyProperties(admin, templateName(migrations), name);
    if (!swept.has(server.dsn)) {
      swept.add(server.dsn);
      await dropAbandoned(admin, server.dsn);
    }
    const database = new TestDatabase(server, admin, name);
    options.after?.(() => database.close());
    return database;
  } catch (error) {
    // What went wrong first is told.
    await admin?.execute(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`).catch(() => {});
    await leave(admin, server).catch(() => {});
    throw error;
  }
}
