/*
 * The types of node-postgres as its users know them from `@types/pg` 8: a program that compiles against
 * those compiles against these. The classes are declared here and written elsewhere; index.ts puts the
 * two together.
 */
import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Connection as DriverConnection } from '../../client/connection.ts';
import type { Pool as DriverPool } from '../../pool/pool.ts';
import type {
  ClientConfig,
  ConnectionConfig,
  CustomTypesConfig,
  QueryArrayConfig,
  QueryConfig,
  QueryConfigValues,
} from './config-types.ts';
import type {
  FieldDef,
  QueryArrayResult,
  QueryResult,
  QueryResultRow,
  ResultBuilder,
} from './result-types.ts';
import type { ServerFields } from './server-fields.ts';
import type { TypeFormat, TypeId, TypeParser } from './types/index.ts';

export type * from './config-types.ts';
export type * from './result-types.ts';

/** What writes its own messages to a connection: pg-cursor, pg-query-stream, pg-copy-streams. */
export interface Submittable {
  submit: (connection: Connection) => void;
}

/** What NOTIFY has sent. */
export interface Notification {
  processId: number;
  channel: string;
  payload?: string | undefined;
}

export interface QueryParse {
  name: string;
  text: string;
  types: string[];
}

export type TransactionStatus = 'I' | 'T' | 'E' | null;

export interface BindConfig {
  portal?: string | undefined;
  statement?: string | undefined;
  binary?: string | undefined;
  values?: Array<Buffer | null | undefined | string> | undefined;
  valueMapper?: ((value: any, index: number) => any) | undefined;
}

export interface ExecuteConfig {
  portal?: string | undefined;
  rows?: string | undefined;
}

export interface MessageConfig {
  type: string;
  name?: string | undefined;
}

/** What a submittable is given to write messages with. */
export declare class Connection extends EventEmitter {
  readonly stream: Duplex;
  constructor(config?: ConnectionConfig);
  bind(config: BindConfig | null, more?: boolean): void;
  execute(config: ExecuteConfig | null, more?: boolean): void;
  parse(query: QueryParse, more?: boolean): void;
  query(text: string): void;
  describe(message: MessageConfig, more?: boolean): void;
  close(message: MessageConfig, more?: boolean): void;
  flush(): void;
  sync(): void;
  end(): void;
}

/** An error of the server's; `code` is its SQLSTATE. */
export declare class DatabaseError extends Error {
  readonly length: number;
  readonly name: any;
  constructor(message: string, length: number, name: any);
}
export interface DatabaseError extends ServerFields {}

/** A notice of the server's. */
export interface NoticeMessage extends ServerFields {
  readonly length: number;
  readonly message: string | undefined;
  readonly name: 'notice';
}

/** What a pool and each of its clients are made with. */
export interface PoolConfig extends ClientConfig {
  /** The most clients; 10 if not given. */
  max?: number | undefined;
  /** Clients that are kept even when idle; none is opened for that. */
  min?: number | undefined;
  /** Milliseconds after which an idle client is closed; 0 and null: never; 10,000 if not given. */
  idleTimeoutMillis?: number | undefined | null;
  log?: ((...messages: any[]) => void) | undefined;
  Promise?: PromiseConstructorLike | undefined;
  /** The process may exit while there are none but idle clients. */
  allowExitOnIdle?: boolean | undefined;
  /** A client is closed after so many uses. */
  maxUses?: number | undefined;
  /** A client is closed after so many seconds; 0: never. */
  maxLifetimeSeconds?: number | undefined;
  Client?: (new () => ClientBase) | undefined;
  /** Called with each new client; what it throws fails the call that wanted one. */
  onConnect?: ((client: ClientBase) => void) | undefined;
  verify?: ((client: PoolClient, done: (error?: Error) => void) => void) | undefined;
}

/** The options of a pool as it shows them, its own defaults filled in. */
export interface PoolOptions extends PoolConfig {
  max: number;
  maxUses: number;
  allowExitOnIdle: boolean;
  maxLifetimeSeconds: number;
  idleTimeoutMillis: number | null;
  // Of any client: that of @types/pg has fewer members, and libraries take a Pool for theirs.
  onConnect?: ((client: any) => void) | undefined;
  verify?: ((client: any, done: (error?: Error) => void) => void) | undefined;
}

/** The ways to call `query`, of clients and of pools. */
interface Queries {
  query<T extends Submittable>(query: T): T;
  query<R extends any[] = any[], I = any[]>(
    config: QueryArrayConfig<I>,
    values?: QueryConfigValues<I>,
  ): Promise<QueryArrayResult<R>>;
  query<R extends QueryResultRow = any, I = any>(config: QueryConfig<I>): Promise<QueryResult<R>>;
  query<R extends QueryResultRow = any, I = any[]>(
    query: string | QueryConfig<I>,
    values?: QueryConfigValues<I>,
  ): Promise<QueryResult<R>>;
  query<R extends any[] = any[], I = any[]>(
    config: QueryArrayConfig<I>,
    callback: (error: Error, result: QueryArrayResult<R>) => void,
  ): void;
  query<R extends QueryResultRow = any, I = any[]>(
    query: string | QueryConfig<I>,
    callback: (error: Error, result: QueryResult<R>) => void,
  ): void;
  query<R extends QueryResultRow = any, I = any[]>(
    text: string,
    values: QueryConfigValues<I>,
    callback: (error: Error, result: QueryResult<R>) => void,
  ): void;
}

type PoolEvent = 'error' | 'release' | 'connect' | 'acquire' | 'remove';

/** What listens to an event of a pool. */
type PoolListener<K extends PoolEvent> = K extends 'error' | 'release'
  ? (error: Error, client: PoolClient) => void
  : (client: PoolClient) => void;

/**
 * Clients that are lent out and given back as they are. `query` takes one for a single query.
 *
 * @example
 * const pool = new Pool({ connectionString: 'postgres://app@db.example/shop', max: 20 });
 * const { rows } = await pool.query('SELECT name FROM products WHERE id = $1', [7]);
 */
export declare class Pool extends EventEmitter {
  constructor(config?: PoolConfig);
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
  readonly expiredCount: number;
  readonly ending: boolean;
  readonly ended: boolean;
  options: PoolOptions;
  /**
   * A pool of the driver's to the same server with the same options: a program moves over call by call.
   * It has connections of its own, at most `max` as well, and opens none before it is used; `end` closes it.
   */
  readonly asyncpg: DriverPool;
  connect(): Promise<PoolClient>;
  connect(
    callback: (
      error: Error | undefined,
      client: PoolClient | undefined,
      done: (release?: any) => void,
    ) => void,
  ): void;
  end(): Promise<void>;
  end(callback: () => void): void;
  on<K extends PoolEvent>(event: K, listener: PoolListener<K>): this;
}
export interface Pool extends Queries {}

type ClientEvent = 'connect' | 'drain' | 'error' | 'notice' | 'notification' | 'end';

/** What listens to an event of a client. */
type ClientListener<E extends ClientEvent> = E extends 'connect' | 'drain' | 'end'
  ? () => void
  : E extends 'error'
    ? (error: Error) => void
    : E extends 'notice'
      ? (notice: NoticeMessage) => void
      : (message: Notification) => void;

/** What clients of all kinds have; a type alone. */
export declare class ClientBase extends EventEmitter {
  constructor(config?: string | ClientConfig);
  connect(): Promise<ClientBase>;
  connect(callback: (error: any, client: ClientBase) => void): void;
  copyFrom(queryText: string): import('node:stream').Writable;
  copyTo(queryText: string): import('node:stream').Readable;
  pauseDrain(): void;
  resumeDrain(): void;
  escapeIdentifier(name: string): string;
  escapeLiteral(text: string): string;
  setTypeParser<T>(id: TypeId, parse: TypeParser<string, T>): void;
  setTypeParser<T>(id: TypeId, format: TypeFormat, parse: TypeParser<any, T>): void;
  getTypeParser(id: TypeId, format?: TypeFormat): any;
  getTransactionStatus(): TransactionStatus;
  on<E extends ClientEvent>(event: E, listener: ClientListener<E>): this;
}
export interface ClientBase extends Queries {}

/**
 * One connection to a server.
 *
 * @example
 * const client = new Client({ host: 'db.example', user: 'app', database: 'shop' });
 * await client.connect();
 * const { rows } = await client.query('SELECT $1::text AS greeting', ['hello']);
 * await client.end();
 */
export declare class Client extends ClientBase {
  user?: string | undefined;
  database?: string | undefined;
  port: number;
  host: string;
  password?: string | undefined;
  ssl: boolean;
  readonly pipeline: boolean;
  readonly connection: Connection;
  /** The process number of the server's backend; null before it is connected. */
  readonly processID: number | null;
  /** The driver underneath, on the same session: a program moves over call by call. */
  readonly asyncpg: DriverConnection;
  constructor(config?: string | ClientConfig);
  override connect(): Promise<Client>;
  override connect(callback: (error: any, client: Client) => void): void;
  end(): Promise<void>;
  end(callback: (error: Error) => void): void;
  ref(): void;
  unref(): void;
}

/** A client that a pool has lent. */
export interface PoolClient extends Client {
  /** It is connected. */
  readonly processID: number;
  /** Gives it back; with an error, or true, to have it closed. Once only. */
  release(error?: Error | boolean): void;
}

type QueryEvent = 'row' | 'error' | 'end';

/** A query as an object: it emits its rows one by one. */
export declare class Query<R extends QueryResultRow = any, I extends any[] = any>
  extends EventEmitter
  implements Submittable
{
  constructor(
    query?: string | QueryConfig<I>,
    callback?: (error: Error | undefined, result: ResultBuilder<R>) => void,
  );
  constructor(
    query?: string | QueryConfig<I>,
    values?: I,
    callback?: (error: Error | undefined, result: ResultBuilder<R>) => void,
  );
  submit: (connection: Connection) => void;
  on<E extends QueryEvent>(
    event: E,
    listener: E extends 'row'
      ? (row: R, result?: ResultBuilder<R>) => void
      : E extends 'error'
        ? (error: Error) => void
        : (result: ResultBuilder<R>) => void,
  ): this;
}

/** An emitter of errors; a type alone. */
export declare class Events extends EventEmitter {
  on(event: 'error', listener: (error: Error, client: Client) => void): this;
}

/** What a query gives, as a class. */
export declare class Result<R extends QueryResultRow = any> implements QueryResult<R> {
  command: string;
  rowCount: number | null;
  oid: number;
  fields: FieldDef[];
  rows: R[];
  constructor(rowMode: string, types: CustomTypesConfig);
}
