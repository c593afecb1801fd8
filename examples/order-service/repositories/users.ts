import type { Writable } from 'node:stream';
import type { Queryable } from 'asyncpg';

export interface User {
  readonly id: number;
  readonly email: string;
  readonly name: string;
  readonly isActive: boolean;
  readonly createdAt: Date;
}

export interface UserChange {
  readonly name?: string;
  readonly isActive?: boolean;
}

/** A row of `users` as a `User`. */
const USER = 'id, email, name, is_active AS "isActive", created_at AS "createdAt"';

export const USER_BY_ID = `SELECT ${USER} FROM users WHERE id = $1`;

/** Options of COPY, the same for the way out and the way in. */
const CSV = { format: 'csv', header: true } as const;

/** A million rows take their time. In milliseconds. */
const CSV_TIMEOUT = 10 * 60_000;

/** All that the service does with users. It takes whatever can run a query: `request.pg`, or a transaction. */
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
    return user!;
  }

  byId(id: number): Promise<User | null> {
    return this.#db.fetchRow<User>(USER_BY_ID, id);
  }

  /** The next users after an id: a page costs the same wherever it is. */
  listAfter(id: number, limit: number): Promise<User[]> {
    return this.#db.fetch<User>(
      `SELECT ${USER} FROM users WHERE id > $1 ORDER BY id LIMIT $2`,
      id,
      limit,
    );
  }

  async count(): Promise<number> {
    return (await this.#db.fetchVal<number>('SELECT count(*) FROM users')) ?? 0;
  }

  /** Changes what is given; null if there is no such user. */
  update(id: number, change: UserChange): Promise<User | null> {
    return this.#db.fetchRow<User>(
      `UPDATE users SET name = coalesce($2, name), is_active = coalesce($3, is_active)
       WHERE id = $1 RETURNING ${USER}`,
      id,
      change.name ?? null,
      change.isActive ?? null,
    );
  }

  /** Writes all users as CSV, as fast as the output takes it. Resolves to how many. */
  async exportCsv(output: Writable): Promise<number> {
    const tag = await this.#db.copyFromQuery(
      'SELECT email, name, is_active FROM users ORDER BY id',
      { ...CSV, output, timeout: CSV_TIMEOUT },
    );
    return Number(tag.slice('COPY '.length));
  }

  /**
   * Adds the users of a CSV file with the columns email, name and is_active whose email is new. All
   * or nothing: COPY cannot skip rows that are there already, so the file goes into a temporary table
   * first, which disappears with the transaction.
   */
  importCsv(source: AsyncIterable<Uint8Array>): Promise<{ read: number; added: number }> {
    return this.#db.transaction(async (tx) => {
      await tx.execute(`
        CREATE TEMPORARY TABLE imported_users (
          email text NOT NULL, name text NOT NULL, is_active boolean NOT NULL
        ) ON COMMIT DROP`);
      const tag = await tx.copyToTable('imported_users', {
        format: 'csv',
        // A file with other columns is refused, rather than read wrongly.
        header: 'match',
        source,
        timeout: CSV_TIMEOUT,
      });
      const inserted = await tx.execute({
        text: `
          INSERT INTO users (email, name, is_active)
          SELECT email, name, is_active FROM imported_users
          ON CONFLICT (email) DO NOTHING`,
        timeout: CSV_TIMEOUT,
      });
      return {
        read: Number(tag.slice('COPY '.length)),
        added: Number(inserted.slice('INSERT 0 '.length)),
      };
    });
  }
}
