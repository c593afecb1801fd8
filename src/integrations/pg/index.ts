/**
 * node-postgres 8 on this driver: the same classes, methods, events, values and messages.
 *
 * @example
 * import pg from 'asyncpg/pg';
 *
 * const pool = new pg.Pool({ connectionString: 'postgres://ada@localhost/shop' });
 * const { rows } = await pool.query('SELECT $1::text AS name', ['Ada']);
 */
import { Client } from './client.ts';
import { Connection } from './connection.ts';
import { ConnectionParameters } from './connection-parameters.ts';
import { DatabaseError } from './database-error.ts';
import { defaults } from './defaults.ts';
import { Pool as PoolOfAny } from './pool.ts';
import { Query } from './query.ts';
import { Result } from './result.ts';
import { TypeOverrides } from './type-overrides.ts';
import * as typesModule from './types/index.ts';
import * as utilsModule from './utils.ts';
import { escapeIdentifier, escapeLiteral } from './utils.ts';

/** A pool of clients. */
class BoundPool extends PoolOfAny {
  constructor(options?: any) {
    super(options, Client);
  }
}

/** The parsers of all clients. An object like any other, which may be changed. */
const types = { ...typesModule };
const utils = { ...utilsModule };
/** There is no binding of libpq. */
const native = null;
const _pools: unknown[] = [];

export {
  _pools,
  BoundPool as Pool,
  Client,
  Connection,
  ConnectionParameters,
  DatabaseError,
  defaults,
  escapeIdentifier,
  escapeLiteral,
  native,
  Query,
  Result,
  TypeOverrides,
  types,
  utils,
};

const pg = {
  defaults,
  Client,
  Query,
  Pool: BoundPool,
  _pools,
  Connection,
  types,
  DatabaseError,
  TypeOverrides,
  escapeIdentifier,
  escapeLiteral,
  Result,
  utils,
};
// Not among its keys, so that what copies them all does not ask for it.
Object.defineProperty(pg, 'native', { value: native, configurable: true, enumerable: false });

export default pg;
