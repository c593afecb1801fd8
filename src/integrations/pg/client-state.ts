import { EventEmitter } from 'node:events';
import { deprecate } from 'node:util';
import { nextTick } from '../../transport/turn.ts';
import type { Connection } from './connection.ts';
import { ConnectionParameters } from './connection-parameters.ts';
import { defaults } from './defaults.ts';
import { startupParameters } from './login.ts';
import { TypeOverrides } from './type-overrides.ts';
import { escapeIdentifier, escapeLiteral } from './utils.ts';

const nothing = (): void => {};

const warnActiveQuery = deprecate(
  nothing,
  'Client.activeQuery is deprecated and will be removed in pg@9.0',
);
const warnQueryQueue = deprecate(
  nothing,
  'Client.queryQueue is deprecated and will be removed in pg@9.0.',
);

/** A finite number, also as text, or else the other one. */
function numberOr(value: unknown, otherwise: number): number {
  const isText = typeof value === 'string' && value.trim() !== '';
  const number = typeof value === 'number' || isText ? Number(value) : NaN;
  return Number.isFinite(number) ? number : otherwise;
}

/** What a client shows of itself, and what it does without its connection. */
export abstract class ClientState extends EventEmitter {
  connectionParameters: any;
  user: any;
  database: any;
  port: any;
  host: any;
  declare password: any;
  replication: any;
  abstract connection: Connection;
  _queryQueue: any[] = [];
  /** In pipeline mode: queries that are on the wire. */
  _sentQueryQueue: any[] = [];
  pipeline: boolean;
  binary: boolean;
  /** The backend's. */
  processID: number | null = null;
  secretKey: number | null = null;
  ssl: any;
  sslNegotiation: string;
  enableChannelBinding: boolean;
  /** The most iterations of SCRAM that a server may ask for; 0: any number. */
  scramMaxIterations: number;
  /** The mechanism of SASL, while it authenticates. */
  saslSession: { mechanism: string } | null = null;
  /** Whether the server waits for a query. */
  readyForQuery = false;
  hasExecuted = false;
  _Promise: PromiseConstructor;
  _types: TypeOverrides;
  _ending = false;
  _ended = false;
  _connecting = false;
  _connected = false;
  _connectionError = false;
  _queryable = true;
  _activeQuery: any = null;
  _txStatus: 'I' | 'T' | 'E' | null = null;
  _connectionTimeoutMillis: number;
  _connectionCallback: ((error: any, client?: any) => void) | null = null;

  constructor(config?: any) {
    super();
    const parameters: any = new ConnectionParameters(config);
    this.connectionParameters = parameters;
    this.user = parameters.user;
    this.database = parameters.database;
    this.port = parameters.port;
    this.host = parameters.host;
    // Invisible to whatever prints or serialises the client.
    Object.defineProperty(this, 'password', {
      configurable: true,
      enumerable: false,
      writable: true,
      value: parameters.password,
    });
    this.replication = parameters.replication;
    const given = config || {};
    this._Promise = given.Promise || Promise;
    this._types = new TypeOverrides(given.types);
    this.enableChannelBinding = Boolean(given.enableChannelBinding);
    this.scramMaxIterations = numberOr(given.scramMaxIterations, 100_000);
    this.pipeline = Boolean(given.pipeline);
    this.binary = given.binary || defaults.binary;
    this.ssl = parameters.ssl || false;
    this.sslNegotiation = parameters.sslnegotiation || 'postgres';
    if (this.ssl?.key) Object.defineProperty(this.ssl, 'key', { enumerable: false });
    this._connectionTimeoutMillis = Number(given.connectionTimeoutMillis) || 0;
  }

  setTypeParser(oid: any, format: any, parse?: any): void {
    this._types.setTypeParser(oid, format, parse);
  }

  getTypeParser(oid: any, format?: any): any {
    return this._types.getTypeParser(oid, format);
  }

  escapeIdentifier(name: string): string {
    return escapeIdentifier(name);
  }

  escapeLiteral(text: string): string {
    return escapeLiteral(text);
  }

  /** Keeps the process alive while the connection is open, which is how it begins. */
  ref(): void {
    this.connection.ref();
  }

  /** Lets the process exit while the connection is open. */
  unref(): void {
    this.connection.unref();
  }

  /** What the server is told at start-up, besides the encoding. */
  getStartupConf(): Record<string, any> {
    return startupParameters(this.connectionParameters);
  }

  _errorAllQueries(error: any): void {
    const queries: any[] = [...this._sentQueryQueue, ...this._queryQueue];
    if (this._activeQuery) queries.unshift(this._activeQuery);
    this._activeQuery = null;
    this._sentQueryQueue.length = 0;
    this._queryQueue.length = 0;
    for (const query of queries) {
      nextTick(() => query.handleError?.(error, this.connection));
    }
  }

  _getActiveQuery(): any {
    return this._activeQuery;
  }

  get activeQuery(): any {
    warnActiveQuery();
    return this._activeQuery;
  }

  set activeQuery(query: any) {
    warnActiveQuery();
    this._activeQuery = query;
  }

  get queryQueue(): any[] {
    warnQueryQueue();
    return this._queryQueue;
  }
}
