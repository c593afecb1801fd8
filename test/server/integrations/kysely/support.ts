import { AsyncpgDialect } from 'asyncpg/kysely';
import { type Generated, Kysely } from 'kysely';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import {
  type Connection,
  connect,
  createPool,
  type Pool,
  type PoolOptions,
} from '../../../../src/index.ts';
import { serverDsn, type TestedVersion } from '../../../support/servers/server.ts';

export interface Database {
  accounts: { id: Generated<number>; owner: string; balance: string; opened: Date | null };
  events: { id: bigint; body: unknown };
}

/** A Kysely on a pool, in a schema of its own that each test finds empty. */
export class KyselyTest {
  readonly #schema: string;
  readonly #version: TestedVersion;
  admin!: Connection;
  pool!: Pool;
  dialect!: AsyncpgDialect;
  db!: Kysely<Database>;

  constructor(schema: string, version: TestedVersion = 18) {
    this.#schema = schema;
    this.#version = version;
    beforeAll(async () => {
      this.admin = await connect(serverDsn(version), { serverSettings: { search_path: schema } });
      await this.admin.execute(`
        DROP SCHEMA IF EXISTS ${schema} CASCADE;
        CREATE SCHEMA ${schema};
        CREATE TABLE accounts (id serial PRIMARY KEY, owner text UNIQUE,
          balance numeric NOT NULL, opened timestamptz);
        CREATE TABLE events (id int8 PRIMARY KEY, body jsonb)`);
    });
    afterAll(async () => {
      await this.admin.execute(`DROP SCHEMA ${schema} CASCADE`);
      await this.admin.close();
    });
    beforeEach(async () => {
      await this.admin.execute('TRUNCATE accounts, events RESTART IDENTITY');
      await this.open();
      return () => this.#close();
    });
  }

  async open(options: PoolOptions = {}): Promise<void> {
    await this.#close();
    const settings = { search_path: this.#schema };
    this.pool = await createPool(serverDsn(this.#version), {
      minSize: 0,
      maxSize: 2,
      serverSettings: settings,
      ...options,
    });
    this.dialect = new AsyncpgDialect({ pool: this.pool });
    this.db = new Kysely<Database>({ dialect: this.dialect });
  }

  /** A Kysely that was never used leaves its pool open. */
  async #close(): Promise<void> {
    await this.db?.destroy();
    await this.pool?.close();
  }

  async owners(): Promise<string[]> {
    const rows = await this.admin.fetch<{ owner: string }>(
      'SELECT owner FROM accounts ORDER BY id',
    );
    return rows.map(({ owner }) => owner);
  }
}

export const ada = { owner: 'Ada', balance: '10.50' };
export const bob = { owner: 'Bob', balance: '1' };
