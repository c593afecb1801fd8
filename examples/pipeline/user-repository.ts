import type { Queryable } from 'asyncpg';

export interface User {
  readonly id: bigint;
  readonly email: string;
  readonly name: string;
  readonly isActive: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface NewUser {
  readonly email: string;
  readonly name: string;
  readonly isActive: boolean;
}

/** A row of `users` as a `User`: each column by its name in JavaScript. */
const USER = `id, email, name, is_active AS "isActive",
  created_at AS "createdAt", updated_at AS "updatedAt"`;

/**
 * All that the program does with users.
 *
 * It takes anything that can run a query: the pool, where each call is on its own, or a transaction,
 * where all of them happen or none.
 */
export class UserRepository {
  readonly #db: Queryable;

  constructor(db: Queryable) {
    this.#db = db;
  }

  /** Adds a user. A second one with the same email is a `UniqueViolationError`. */
  async create(email: string, name: string): Promise<User> {
    const user = await this.#db.fetchRow<User>(
      `INSERT INTO users (email, name) VALUES ($1, $2) RETURNING ${USER}`,
      email,
      name,
    );
    if (user === null) throw new Error('INSERT … RETURNING returned no row');
    return user;
  }

  getById(id: bigint): Promise<User | null> {
    return this.#db.fetchRow<User>(`SELECT ${USER} FROM users WHERE id = $1`, id);
  }

  getByEmail(email: string): Promise<User | null> {
    return this.#db.fetchRow<User>(`SELECT ${USER} FROM users WHERE email = $1`, email);
  }

  /** One page of the active users, the oldest first. The first page is 1. */
  listActive(page: number, pageSize: number): Promise<User[]> {
    return this.#db.fetch<User>(
      `SELECT ${USER} FROM users WHERE is_active ORDER BY id LIMIT $1 OFFSET $2`,
      pageSize,
      (page - 1) * pageSize,
    );
  }

  /** How many users there are, or how many active ones. */
  async count(activeOnly = false): Promise<number> {
    // count() is a bigint, in PostgreSQL and so in JavaScript.
    return Number(
      await this.#db.fetchVal<bigint>(
        'SELECT count(*) FROM users WHERE is_active OR NOT $1',
        activeOnly,
      ),
    );
  }

  /** Changes the name; null if there is no such user. */
  updateName(id: bigint, name: string): Promise<User | null> {
    return this.#db.fetchRow<User>(
      `UPDATE users SET name = $2, updated_at = now() WHERE id = $1 RETURNING ${USER}`,
      id,
      name,
    );
  }

  /** Deactivates a user. True only if that changed something: `execute` returns the command tag. */
  async deactivate(id: bigint): Promise<boolean> {
    const tag = await this.#db.execute(
      'UPDATE users SET is_active = false, updated_at = now() WHERE id = $1 AND is_active',
      id,
    );
    return tag === 'UPDATE 1';
  }

  /**
   * Adds any number of users by COPY, all or none, and says how many. They may come from a
   * generator: no more of them are in memory than are on their way to the server.
   *
   * @param onProgress gets how many users have been sent so far
   */
  async bulkInsert(
    users: Iterable<NewUser> | AsyncIterable<NewUser>,
    onProgress?: (sent: number) => void,
  ): Promise<number> {
    const tag = await this.#db.copyRecordsToTable('users', {
      columns: ['email', 'name', 'is_active'],
      records: toRecords(users),
      onProgress: ({ rows }) => onProgress?.(rows ?? 0),
    });
    return Number(tag.slice('COPY '.length));
  }
}

async function* toRecords(
  users: Iterable<NewUser> | AsyncIterable<NewUser>,
): AsyncGenerator<unknown[]> {
  for await (const { email, name, isActive } of users) yield [email, name, isActive];
}
