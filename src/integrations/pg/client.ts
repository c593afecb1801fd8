import { EventEmitter } from 'node:events';
import { deprecate } from 'node:util';
import type { Connection as DriverConnection } from '../../client/connection.ts';
import type { Request } from '../../session/request.ts';
import { UntypedQueryRequest } from '../../session/requests/untyped-query-request.ts';
import { UntypedScriptRequest } from '../../session/requests/untyped-script-request.ts';
import { systemClock, type Timer } from '../../transport/clock.ts';
import { type ConnectSettings, passwordFromFile, SETTINGS } from './connect-config.ts';
import { Connection } from './connection.ts';
import { ConnectionParameters } from './connection-parameters.ts';
import { DatabaseError } from './database-error.ts';
import { defaults } from './defaults.ts';
import { KeptStatements } from './kept-statements.ts';
import { Link, type LinkHost } from './link.ts';
import { Query, type QueryCallback } from './query.ts';
import { QueryRun, type RunHost, safely } from './query-run.ts';
import { type Submittable, SubmittableTurn, type TurnHost } from './submittable-turn.ts';
import { TypeOverrides } from './type-overrides.ts';
import { escapeIdentifier, escapeLiteral, prepareValue } from './utils.ts';

const SUBMIT = Query.prototype.submit;
/** Characters of a name that the server keeps. */
const MAX_NAME = 63;
const NO_VALUES: readonly never[] = [];
const always = (): boolean => true;
const nothing = (): void => {};

/** A COPY for whose data the server would wait: nothing may be sent behind it. */
const COPY_FROM_STDIN = /stdin/i;

const warnActiveQuery = deprecate(
  nothing,
  'Client.activeQuery is deprecated and will be removed in pg@9.0',
);
const warnQueryQueue = deprecate(
  nothing,
  'Client.queryQueue is deprecated and will be removed in pg@9.0.',
);

/** A query of this library's own or of somebody else's, in the queue. */
type Queued = Query | Submittable;

/** One connection to a server, with the methods, events and properties of node-postgres. */
export class Client extends EventEmitter {
  static Query: typeof Query = Query;

  connectionParameters: any;
  user: any;
  database: any;
  port: any;
  host: any;
  declare password: any;
  replication: any;
  connection: Connection;
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

  readonly #config: any;
  readonly #link: Link;
  /** Of the active query. */
  #request: Request | null = null;
  #run: RunHost | null = null;
  #turns: TurnHost | null = null;
  /** With the option `prepare`. */
  #statements: KeptStatements | null = null;

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
    this.#config = given;
    this._Promise = given.Promise || Promise;
    this._types = new TypeOverrides(given.types);
    this.enableChannelBinding = Boolean(given.enableChannelBinding);
    this.pipeline = Boolean(given.pipeline);
    this.binary = given.binary || defaults.binary;
    this.ssl = parameters.ssl || false;
    this.sslNegotiation = parameters.sslnegotiation || 'postgres';
    if (this.ssl?.key) Object.defineProperty(this.ssl, 'key', { enumerable: false });
    this._connectionTimeoutMillis = Number(given.connectionTimeoutMillis) || 0;
    this.#link = new Link(this.#linkHost);
    this.connection = new Connection({ ssl: parameters.ssl }, this.#link);
  }

  // ── Connecting ──────────────────────────────────────────────────────────────────────────

  connect(): Promise<this>;
  connect(callback: (error: any, client?: any) => void): void;
  connect(callback?: (error: any, client?: any) => void): Promise<this> | undefined {
    if (callback) {
      this._connect(callback);
      return undefined;
    }
    return new this._Promise<this>((resolve, reject) => {
      this._connect((error) => {
        if (error) reject(error);
        else resolve(this);
      });
    });
  }

  _connect(callback: (error: any, client?: any) => void): void {
    if (this._connecting || this._connected) {
      const error = new Error('Client has already been connected. You cannot reuse a client.');
      process.nextTick(() => callback(error));
      return;
    }
    this._connectionCallback = callback;
    this._connecting = true;
    this.connection._connecting = true;
    this.connection.on('error', (error) => this._handleErrorEvent(error));
    try {
      this.#link.open(this[SETTINGS]());
    } catch (error) {
      process.nextTick(() => this._handleErrorWhileConnecting(error));
    }
  }

  /** What it is connected with. */
  [SETTINGS](): ConnectSettings {
    const { host, port, user, database } = this;
    const parameters = new Map<string, string>();
    for (const [name, value] of Object.entries(this.getStartupConf())) {
      parameters.set(name, String(value));
    }
    parameters.set('client_encoding', 'UTF8');
    const config = this.#config;
    return {
      host: host ?? 'localhost',
      port: Number(port),
      user: String(user),
      database: String(database),
      ssl: this.ssl,
      sslNegotiation: this.sslNegotiation,
      enableChannelBinding: this.enableChannelBinding,
      keepAlive: Boolean(config.keepAlive),
      keepAliveInitialDelayMillis: Number(config.keepAliveInitialDelayMillis) || 0,
      connectionTimeoutMillis: this._connectionTimeoutMillis,
      queryTimeoutMillis: Number(this.connectionParameters.query_timeout) || 0,
      stream: config.stream,
      startupParameters: parameters,
      password: () => this.#getPassword(),
    };
  }

  /** What the server is told at start-up, besides the encoding. */
  getStartupConf(): Record<string, any> {
    const parameters = this.connectionParameters;
    const conf: Record<string, any> = { user: parameters.user, database: parameters.database };
    const name = parameters.application_name || parameters.fallback_application_name;
    if (name) conf['application_name'] = name;
    if (parameters.replication) conf['replication'] = `${parameters.replication}`;
    for (const setting of [
      'statement_timeout',
      'lock_timeout',
      'idle_in_transaction_session_timeout',
    ]) {
      const value = parameters[setting];
      if (value) conf[setting] = String(Number.parseInt(value, 10));
    }
    if (parameters.options) conf['options'] = parameters.options;
    return conf;
  }

  async #getPassword(): Promise<string | null> {
    let { password } = this;
    if (typeof password === 'function') {
      password = (await password(this.connectionParameters)) ?? null;
      if (password !== null && typeof password !== 'string') {
        throw new TypeError('Password must be a string');
      }
      this.connectionParameters.password = this.password = password;
    } else if (password === null || password === undefined) {
      const { host, port, user, database } = this;
      password = await passwordFromFile({ host, port, user, database });
      if (password !== null) this.connectionParameters.password = this.password = password;
    }
    if (this.saslSession !== null && !password) {
      const wanted = password === '' ? 'a non-empty string' : 'a string';
      throw new Error(`SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be ${wanted}`);
    }
    return password === null ? null : String(password);
  }

  get #linkHost(): LinkHost {
    return {
      message: (message) => {
        switch (message.name) {
          case 'notice':
          case 'notification':
            safely(() => this.emit(message.name, message));
            break;
          case 'backendKeyData':
            this.processID = message['processID'];
            this.secretKey = message['secretKey'];
            break;
          case 'authenticationSASL': {
            const bound = 'SCRAM-SHA-256-PLUS';
            const binds = this.enableChannelBinding && message['mechanisms'].includes(bound);
            this.saslSession = { mechanism: binds ? bound : 'SCRAM-SHA-256' };
            break;
          }
        }
        const { connection } = this;
        if (connection.listenerCount('message') > 0) {
          safely(() => connection.emit('message', message));
        }
        safely(() => connection.emit(message.name, message));
        if (message.name === 'authenticationSASLFinal') this.saslSession = null;
      },
      opened: () => {
        this._connecting = false;
        this._connected = true;
        this.readyForQuery = true;
        const session = this.#link.session!;
        this._txStatus = session.transactionStatus;
        // Of a pipeline, what was sent behind a statement that is outdated would overtake it.
        if ((this.#config.prepare ?? defaults.prepare) && !this.pipeline) {
          this.#statements = new KeptStatements(session.statements);
        }
        this.#emitReady();
        const callback = this._connectionCallback;
        this._connectionCallback = null;
        if (callback) safely(() => callback(null, this));
        safely(() => this.emit('connect'));
        this._pulseQueryQueue();
      },
      refused: (error) => safely(() => this._handleErrorWhileConnecting(error)),
      dismissed: (error) => {
        const query: Queued | null = this._activeQuery;
        if (query === null) {
          safely(() => this._handleErrorEvent(error));
          return;
        }
        this._activeQuery = null;
        this.#forgetSubmitted(query);
        safely(() => query.handleError?.(error, this.connection));
      },
      broken: (error: any) => {
        if (this._ending && (error.code === 'ECONNRESET' || error.code === 'EPIPE')) return;
        safely(() => this.connection.emit('error', error));
      },
      closed: () => {
        this._ending = true;
      },
      gone: () => this.#gone(),
    };
  }

  #emitReady(): void {
    const { connection, _txStatus: status } = this;
    if (connection.listenerCount('readyForQuery') === 0) return;
    safely(() => connection.emit('readyForQuery', { name: 'readyForQuery', length: 5, status }));
  }

  // ── Failing and ending ──────────────────────────────────────────────────────────────────

  _handleErrorWhileConnecting(error: any): void {
    if (this._connectionError) return;
    this._connectionError = true;
    if (this._connectionCallback) this._connectionCallback(error);
    else this.emit('error', error);
  }

  /** The connection is dead: all queries fail, and whoever listens is told. */
  _handleErrorEvent(error: any): void {
    if (this._connecting) {
      this._handleErrorWhileConnecting(error);
      return;
    }
    this._queryable = false;
    this._errorAllQueries(error);
    this.emit('error', error);
  }

  _errorAllQueries(error: any): void {
    const queries: Queued[] = [...this._sentQueryQueue, ...this._queryQueue];
    if (this._activeQuery) queries.unshift(this._activeQuery);
    this._activeQuery = null;
    this._sentQueryQueue.length = 0;
    this._queryQueue.length = 0;
    for (const query of queries) {
      process.nextTick(() => query.handleError?.(error, this.connection));
    }
  }

  #gone(): void {
    if (this._ended) return;
    const error = new Error(
      this._ending ? 'Connection terminated' : 'Connection terminated unexpectedly',
    );
    this._errorAllQueries(error);
    this._ended = true;
    this._queryable &&= this._ending;
    if (!this._ending && !this._connectionError) {
      safely(() => {
        if (this._connecting && this._connectionCallback) this._connectionCallback(error);
        else this._handleErrorEvent(error);
      });
    }
    const { connection } = this;
    safely(() => connection.emit('end'));
    const wire = connection._wire;
    if (wire !== null && !wire.destroyed) {
      wire.once('end', () => wire.destroy());
      wire.push(null);
      wire.resume();
    }
    process.nextTick(() => this.emit('end'));
  }

  end(): Promise<void>;
  end(callback: (error?: any) => void): void;
  end(callback?: any): Promise<void> | undefined {
    this._ending = true;
    const { connection } = this;
    const done = typeof callback === 'function' ? callback : null;
    if (!connection._connecting || this._ended) {
      if (done === null) return this._Promise.resolve();
      done();
      return undefined;
    }
    const isBusy = this._activeQuery !== null;
    if (!this._queryable) {
      this.#destroy();
    } else if (
      this.pipeline &&
      (isBusy || this._sentQueryQueue.length > 0 || this._queryQueue.length > 0)
    ) {
      this.once('drain', () => connection.end());
    } else if (isBusy) {
      // A query that hangs would hold up the end for as long.
      this.#destroy();
    } else {
      connection.end();
    }
    if (done === null) {
      return new this._Promise<void>((resolve) => connection.once('end', resolve));
    }
    connection.once('end', done);
    return undefined;
  }

  #destroy(): void {
    const wire = this.connection._wire;
    // Whoever has the stream may look whether it is destroyed.
    if (wire === null) this.#link.destroy();
    else wire.destroy();
  }

  // ── Queries ─────────────────────────────────────────────────────────────────────────────

  query(config: any, values?: any, callback?: any): any {
    if (config === null || config === undefined) {
      throw new TypeError('Client was passed a null or undefined query');
    }
    let query: Queued;
    let result: any;
    if (typeof config.submit === 'function') {
      result = query = config as Queued;
      if (!query.callback) {
        if (typeof values === 'function') query.callback = values;
        else if (callback) query.callback = callback;
      }
    } else {
      const own = new Query(config, values, callback);
      if (!own.callback) result = this.#promiseOf(own);
      else if (typeof own.callback !== 'function') {
        throw new TypeError('callback is not a function');
      }
      query = own;
    }
    const timeout = config.query_timeout || this.connectionParameters.query_timeout;
    if (timeout) this.#limit(query, Number(timeout));
    if (this.binary && !(query as Query).binary) (query as Query).binary = true;
    const { _result } = query as Query;
    if (_result && !_result._types) _result._types = this._types;
    const refusal = this.#refusalOf(query);
    if (refusal !== null) {
      process.nextTick(() => query.handleError?.(new Error(refusal), this.connection));
      return result;
    }
    this._queryQueue.push(query);
    this._pulseQueryQueue();
    return result;
  }

  #promiseOf(query: Query): Promise<any> {
    return new this._Promise((resolve, reject) => {
      query.callback = (error, result) => {
        if (error) reject(error);
        else resolve(result);
      };
    }).catch((error) => {
      // Here the engine knows who awaits it; where the answer came it did not.
      if (error instanceof Error) Error.captureStackTrace?.(error);
      throw error;
    });
  }

  #refusalOf(query: Queued): string | null {
    if (this.pipeline) {
      const what =
        query instanceof Query
          ? query.rows
            ? 'The `rows` option is'
            : null
          : 'Custom query classes such as pg-cursor and pg-query-stream are';
      if (what !== null) return `${what} not supported in pipeline mode`;
    }
    if (!this._queryable) return 'Client has encountered a connection error and is not queryable';
    return this._ending ? 'Client was closed and is not queryable' : null;
  }

  /** Fails the query when its time is up, and has the server stop it. */
  #limit(query: Queued, timeout: number): void {
    const told: QueryCallback = query.callback || nothing;
    const timer: Timer = systemClock.setTimer(timeout, () => {
      const error = new Error('Query read timeout');
      process.nextTick(() => query.handleError?.(error, this.connection));
      safely(() => told(error));
      // It was told: what comes of it still is nobody's.
      query.callback = nothing;
      const index = this._queryQueue.indexOf(query);
      if (index >= 0) this._queryQueue.splice(index, 1);
      else if (this.pipeline) {
        this.#destroy();
        return;
      } else this.#stop(query);
      this._pulseQueryQueue();
    });
    query.callback = (error, result) => {
      timer.cancel();
      told(error, result);
    };
  }

  #stop(query: Queued): void {
    if (this.#request === null || this._activeQuery !== query) return;
    this.#link.session?.canceller.dismiss(this.#request);
  }

  _pulseQueryQueue(): void {
    if (!this._connected || this.#link.session?.isEnded !== false) return;
    if (this.pipeline) {
      this.#pulsePipeline();
      return;
    }
    if (!this.readyForQuery) return;
    const query = this._queryQueue.shift();
    this._activeQuery = query ?? null;
    if (query !== undefined) {
      this.readyForQuery = false;
      this.hasExecuted = true;
      this.#start(query);
    } else if (this.hasExecuted) {
      safely(() => this.emit('drain'));
    }
  }

  #pulsePipeline(): void {
    if (!this._queryable) return;
    for (let query = this._queryQueue.shift(); query !== undefined; ) {
      this.hasExecuted = true;
      this._sentQueryQueue.push(query);
      this.#start(query);
      query = this._queryQueue.shift();
    }
    if (this.readyForQuery && !this._activeQuery && this._sentQueryQueue.length > 0) {
      this._activeQuery = this._sentQueryQueue.shift();
      this.readyForQuery = false;
    }
    if (!this._activeQuery && this._sentQueryQueue.length === 0 && this.hasExecuted) {
      safely(() => this.emit('drain'));
    }
  }

  // ── On the wire ─────────────────────────────────────────────────────────────────────────

  #start(query: Queued): void {
    const isOwn = query instanceof Query && query.submit === SUBMIT;
    this.#statements?.passing((query as Query).text, isOwn);
    const request = isOwn
      ? this.#requestFor(query, this.#statements)
      : new SubmittableTurn(this.#turnHost, this.#link.session!, query as Submittable).request;
    if (request === null) return;
    this.#send(request);
  }

  #send(request: Request): void {
    this.#request = request;
    this.#link.session!.submit(request);
  }

  /** The request of a query; null where it cannot be sent, which it is told. */
  #requestFor(query: Query, statements: KeptStatements | null): Request | null {
    const { connection } = this;
    const refusal = query._refusal(connection);
    if (refusal !== null) {
      process.nextTick(() => this.#over(query, refusal));
      return null;
    }
    const run = new QueryRun(this.#runHost, query);
    const { text, name } = query;
    const alone = this.pipeline && COPY_FROM_STDIN.test(text);
    if (!query.requiresPreparation()) return new UntypedScriptRequest(text, run, alone);
    const types: any = query.types;
    const sent = {
      text: text ?? '',
      statement: name || '',
      describe: true,
      parse: name ? () => this.#mustParse(query, name) : always,
      parameterTypes: Array.isArray(types) ? types : NO_VALUES,
      portal: query.portal,
      values: query.values || NO_VALUES,
      prepare: prepareValue,
      binary: Boolean(query.binary),
      maxRows: Number(query.rows) || 0,
      alone,
      watched: this.#statements !== null || this.#link.hasDriver,
    };
    // The text alone does not say what it is, if types of parameters are told.
    if (statements !== null && !name && sent.parameterTypes === NO_VALUES) {
      sent.parse = () => statements.choose(sent, run);
      run.sent = sent;
    }
    return new UntypedQueryRequest(sent, run);
  }

  /**
   * Whether a query with a statement that is kept has failed because of that alone: then it is sent
   * once more, without a name.
   */
  #startsAgain(run: QueryRun, error: unknown): boolean {
    const statements = this.#statements!;
    const sent = run.sent!;
    if (error === null) statements.succeeded(sent, run);
    if (!(error instanceof DatabaseError) || !statements.failed(sent, run, error)) return false;
    // In a transaction all is lost, whatever the reason.
    if (this.#link.session!.transactionStatus !== 'I') return false;
    const request = this.#requestFor(run.query, null);
    if (request !== null) this.#send(request);
    return true;
  }

  #mustParse(query: Query, name: string): boolean {
    const { connection } = this;
    const refusal = query._refusal(connection);
    if (refusal !== null) throw refusal;
    if (query.hasBeenParsed(connection)) return false;
    if (name.length > MAX_NAME) {
      process.emitWarning(
        `Postgres only supports ${MAX_NAME} characters for query names, and ${name} has ${name.length}. ` +
          'This can cause conflicts and silent errors executing queries.',
      );
    }
    connection.submittedNamedStatements[name] = query.text ?? '';
    return true;
  }

  get #runHost(): RunHost {
    this.#run ??= {
      types: this._types,
      statementParsed: ({ kept, query: { name, text } }) => {
        if (kept !== null) kept.isParsed = true;
        if (!name) return;
        this.connection.parsedStatements[name] = text;
        delete this.connection.submittedNamedStatements[name];
      },
      queryOver: (run, error) => {
        // Then the end of the session tells all queries at once.
        if (this.#link.session!.isEnded) return;
        if (run.kept !== null && this.#startsAgain(run, error)) return;
        this.#over(run.query, error);
      },
    };
    return this.#run;
  }

  get #turnHost(): TurnHost {
    const link = this.#link;
    const { connection } = this;
    this.#turns ??= {
      connection,
      turnBegun: (turn) => {
        link.turn = turn;
      },
      turnFailed: ({ query }) => {
        if (this._activeQuery === query) this._activeQuery = null;
      },
      turnOver: () => {
        this._txStatus = link.session!.transactionStatus;
        this._activeQuery = null;
        this.readyForQuery = true;
      },
      turnEnded: (turn) => {
        if (link.turn === turn) link.turn = null;
        this._pulseQueryQueue();
      },
    };
    return this.#turns;
  }

  /** A query is over: it is told so, and the next one may go. */
  #over(query: Query, error: unknown): void {
    if (this._activeQuery === query) {
      this._activeQuery = null;
    } else {
      const index = this._sentQueryQueue.indexOf(query);
      if (index >= 0) this._sentQueryQueue.splice(index, 1);
    }
    this.#request = null;
    this._txStatus = this.#link.session!.transactionStatus;
    if (this._activeQuery === null) this.readyForQuery = true;
    const { connection } = this;
    if (error === null) {
      safely(() => query.handleReadyForQuery(connection));
    } else {
      this.#forgetSubmitted(query);
      safely(() => query.handleError(error, connection));
    }
    this.#emitReady();
    this._pulseQueryQueue();
  }

  #forgetSubmitted(query: Queued): void {
    const { name } = query as Query;
    if (name) delete this.connection.submittedNamedStatements[name];
  }

  // ── The rest ────────────────────────────────────────────────────────────────────────────

  /** Has the server stop a query of another client, or takes it out of that client's queue. */
  cancel(client: Client, query: any): void {
    if (client._activeQuery === query) {
      const { processID, secretKey } = client;
      if (processID === null || secretKey === null) return;
      void this.#link.cancelOther(this[SETTINGS](), processID, secretKey);
    } else if (client._queryQueue.includes(query)) {
      client._queryQueue.splice(client._queryQueue.indexOf(query), 1);
    } else if (client._sentQueryQueue.includes(query)) {
      query.callback = nothing;
    }
  }

  /** The driver underneath, on the same session. */
  get asyncpg(): DriverConnection {
    return this.#link.driver();
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

  /** As the last query has left it, one of `asyncpg` as well; null before the client is connected. */
  getTransactionStatus(): 'I' | 'T' | 'E' | null {
    return this.#link.statusByDriver ?? this._txStatus;
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
