import * as pg from 'pg';

/**
 * A pool of clients of any class: `pg`'s own if none is given.
 *
 * @example
 * const pool = new Pool({ connectionString: 'postgres://app@db.example/shop', max: 20 });
 */
declare class Pool<T extends pg.ClientBase = pg.Client> extends pg.Pool {
  readonly Client: Pool.ClientLikeCtr<T>;
  constructor(config?: Pool.Config<T>, client?: Pool.ClientLikeCtr<T>);
  connect(): Promise<T & pg.PoolClient>;
  connect(
    callback: (
      error: Error | undefined,
      client: (T & pg.PoolClient) | undefined,
      done: (release?: unknown) => void,
    ) => void,
  ): void;
}

declare namespace Pool {
  interface Config<T extends pg.ClientBase> extends Omit<pg.PoolConfig, 'Client'> {
    Client?: ClientLikeCtr<T> | undefined;
  }
  type ClientLikeCtr<T extends pg.ClientBase> = new (config?: string | pg.ClientConfig) => T;
}

export = Pool;
