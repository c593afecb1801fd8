/**
 * node-postgres 8 on this driver: the same classes, methods, events, values and messages.
 *
 * @example
 * import pg from 'asyncpg/pg';
 *
 * const pool = new pg.Pool({ connectionString: 'postgres://ada@localhost/shop' });
 * const { rows } = await pool.query('SELECT $1::text AS name', ['Ada']);
 */
import type { Pool as DriverPool } from '../../pool/pool.ts';
import { Client as ClientClass } from './client.ts';
import { connectConfig, SETTINGS } from './connect-config.ts';
import { Connection as ConnectionClass } from './connection.ts';
import { ConnectionParameters } from './connection-parameters.ts';
import { DatabaseError as DatabaseErrorClass } from './database-error.ts';
import { defaults as defaultValues } from './defaults.ts';
import { driver } from './driver-loader.ts';
import { types } from './global-types.ts';
import { ENDED, Pool as PoolOfAny } from './pool.ts';
import { Query as QueryClass } from './query.ts';
import { Result as ResultClass } from './result.ts';
import type * as surface from './surface.ts';
import { TypeOverrides as TypeOverridesClass } from './type-overrides.ts';
import * as utilsModule from './utils.ts';
import { escapeIdentifier, escapeLiteral } from './utils.ts';

export type {
  BindConfig,
  ClientBase,
  ClientConfig,
  ConnectionConfig,
  CustomTypesConfig,
  Defaults,
  Events,
  ExecuteConfig,
  FieldDef,
  MessageConfig,
  NoticeMessage,
  Notification,
  PoolClient,
  PoolConfig,
  PoolOptions,
  QueryArrayConfig,
  QueryArrayResult,
  QueryConfig,
  QueryConfigValues,
  QueryParse,
  QueryResult,
  QueryResultBase,
  QueryResultRow,
  ResultBuilder,
  Submittable,
  TransactionStatus,
} from './surface.ts';
export type { TypeFormat, TypeId, TypeParser } from './types/index.ts';
export {
  _pools,
  ConnectionParameters,
  escapeIdentifier,
  escapeLiteral,
  native,
  PublicClient as Client,
  PublicConnection as Connection,
  PublicDatabaseError as DatabaseError,
  PublicPool as Pool,
  PublicQuery as Query,
  PublicResult as Result,
  TypeOverridesClass as TypeOverrides,
  types,
};

/** A pool of clients. */
class BoundPool extends PoolOfAny {
  #driver: DriverPool | null = null;
  #driverClosed: Promise<void> | null = null;

  constructor(options?: any) {
    super(options, ClientClass);
  }

  /** A pool of the driver's to the same server, opened when it is used first. */
  get asyncpg(): DriverPool {
    if (this.#driver === null) {
      if (this.ending) throw new Error(ENDED);
      const config = connectConfig(new ClientClass(this.options)[SETTINGS]());
      this.#driver = driver().driverPool(config, this.options);
    }
    return this.#driver;
  }

  override end(callback?: (error?: any) => void): any {
    if (!this.ending && this.#driver !== null) this.#driverClosed = this.#driver.close();
    return super.end(callback);
  }

  /** It is ended once both pools are. */
  override _finishEnd(): void {
    const closed = this.#driverClosed;
    if (closed === null) super._finishEnd();
    else void closed.finally(() => this.ended || super._finishEnd());
  }
}

// The classes, with the types that their users know. Two constants of one name would have the bundle of
// @asyncpg/pg name the classes otherwise, as programs and traces see.
const PublicClient = ClientClass as unknown as typeof surface.Client;
type PublicClient = surface.Client;
const PublicConnection = ConnectionClass as unknown as typeof surface.Connection;
type PublicConnection = surface.Connection;
const PublicDatabaseError = DatabaseErrorClass as unknown as typeof surface.DatabaseError;
type PublicDatabaseError = surface.DatabaseError;
const PublicPool = BoundPool as unknown as typeof surface.Pool;
type PublicPool = surface.Pool;
const PublicQuery = QueryClass as unknown as typeof surface.Query;
type PublicQuery<R extends surface.QueryResultRow = any, I extends any[] = any> = surface.Query<
  R,
  I
>;
const PublicResult = ResultClass as unknown as typeof surface.Result;
type PublicResult<R extends surface.QueryResultRow = any> = surface.Result<R>;

/** What holds where neither options nor the environment say anything. */
export const defaults = defaultValues as unknown as surface.Defaults;
export const utils = { ...utilsModule };
/** What `pg` has on a binding of libpq. */
interface NativePg {
  readonly Client: typeof PublicClient;
  readonly Connection: typeof PublicConnection;
  readonly DatabaseError: typeof PublicDatabaseError;
  readonly Pool: typeof PublicPool;
  readonly Query: typeof PublicQuery;
  readonly Result: typeof PublicResult;
  readonly TypeOverrides: typeof TypeOverridesClass;
  readonly defaults: surface.Defaults;
  readonly escapeIdentifier: (name: string) => string;
  readonly escapeLiteral: (text: string) => string;
  readonly types: typeof types;
}

/** There is no binding of libpq: null. Programs ask, as `@types/pg` has them do. */
const native = null as NativePg | null;
const _pools: unknown[] = [];

const pg = {
  defaults,
  Client: PublicClient,
  Query: PublicQuery,
  Pool: PublicPool,
  _pools,
  Connection: PublicConnection,
  types,
  DatabaseError: PublicDatabaseError,
  TypeOverrides: TypeOverridesClass,
  escapeIdentifier,
  escapeLiteral,
  Result: PublicResult,
  utils,
  native,
};
// Not among its keys, so that what copies them all does not ask for it.
Object.defineProperty(pg, 'native', { value: native, configurable: true, enumerable: false });

/** The types by the names of the default export: `pg.PoolClient`. */
declare namespace pg {
  type BindConfig = surface.BindConfig;
  type Client = surface.Client;
  type ClientBase = surface.ClientBase;
  type ClientConfig = surface.ClientConfig;
  type Connection = surface.Connection;
  type ConnectionConfig = surface.ConnectionConfig;
  type CustomTypesConfig = surface.CustomTypesConfig;
  type DatabaseError = surface.DatabaseError;
  type Defaults = surface.Defaults;
  type Events = surface.Events;
  type ExecuteConfig = surface.ExecuteConfig;
  type FieldDef = surface.FieldDef;
  type MessageConfig = surface.MessageConfig;
  type NoticeMessage = surface.NoticeMessage;
  type Notification = surface.Notification;
  type Pool = surface.Pool;
  type PoolClient = surface.PoolClient;
  type PoolConfig = surface.PoolConfig;
  type PoolOptions = surface.PoolOptions;
  type Query<R extends QueryResultRow = any, I extends any[] = any> = surface.Query<R, I>;
  type QueryArrayConfig<I = any[]> = surface.QueryArrayConfig<I>;
  type QueryArrayResult<R extends any[] = any[]> = surface.QueryArrayResult<R>;
  type QueryConfig<I = any[]> = surface.QueryConfig<I>;
  type QueryConfigValues<T> = surface.QueryConfigValues<T>;
  type QueryParse = surface.QueryParse;
  type QueryResult<R extends QueryResultRow = any> = surface.QueryResult<R>;
  type QueryResultBase = surface.QueryResultBase;
  type QueryResultRow = surface.QueryResultRow;
  type Result<R extends QueryResultRow = any> = surface.Result<R>;
  type ResultBuilder<R extends QueryResultRow = any> = surface.ResultBuilder<R>;
  type Submittable = surface.Submittable;
  type TransactionStatus = surface.TransactionStatus;
  type TypeOverrides = TypeOverridesClass;
}

export default pg;
