import type { Writable } from 'node:stream';
import type { Pool } from 'asyncpg';
import type { Kysely } from 'kysely';
import { type User, type UserChange, UserRepository } from '../order-service/repositories/users.ts';
import type { Database } from './database.ts';

const USER = ['id', 'email', 'name', 'is_active as isActive', 'created_at as createdAt'] as const;

export class KyselyUserRepository {
  readonly #db: Kysely<Database>;
  /** COPY, which Kysely has no words for, is the driver's: both share the pool. */
  readonly #files: UserRepository;

  constructor(db: Kysely<Database>, pool: Pool) {
    this.#db = db;
    this.#files = new UserRepository(pool);
  }

  /** Adds a user. A second one with the same email is a `UniqueViolationError`. */
  create(email: string, name: string): Promise<User> {
    return this.#db
      .insertInto('users')
      .values({ email, name })
      .returning(USER)
      .executeTakeFirstOrThrow();
  }

  async byId(id: number): Promise<User | null> {
    const user = await this.#db
      .selectFrom('users')
      .select(USER)
      .where('id', '=', id)
      .executeTakeFirst();
    return user ?? null;
  }

  /** The next users after an id: a page costs the same wherever it is. */
  listAfter(id: number, limit: number): Promise<User[]> {
    return this.#db
      .selectFrom('users')
      .select(USER)
      .where('id', '>', id)
      .orderBy('id')
      .limit(limit)
      .execute();
  }

  async count(): Promise<number> {
    const { count } = await this.#db
      .selectFrom('users')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return count;
  }

  /** Changes what is given; null if there is no such user. */
  async update(id: number, { name, isActive }: UserChange): Promise<User | null> {
    const user = await this.#db
      .updateTable('users')
      .set({ name, is_active: isActive })
      .where('id', '=', id)
      .returning(USER)
      .executeTakeFirst();
    return user ?? null;
  }

  exportCsv(output: Writable): Promise<number> {
    return this.#files.exportCsv(output);
  }

  importCsv(source: AsyncIterable<Uint8Array>): Promise<{ read: number; added: number }> {
    return this.#files.importCsv(source);
  }
}
