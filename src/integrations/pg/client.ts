import type { Connection as DriverConnection } from '../../client/connection.ts';
import { nextTick } from '../../transport/turn.ts';
import { ClientState } from './client-state.ts';
import { type ConnectSettings, SETTINGS } from './connect-config.ts';
import { Connection } from './connection.ts';
import { defaults } from './defaults.ts';
import { Dispatcher, type DispatcherHost, type Queued } from './dispatcher.ts';
import { Link, type LinkHost } from './link.ts';
import { connectSettings, iterationsRefusal } from './login.ts';
import { Query } from './query.ts';
import { limitQuery } from './query-limit.ts';
import { promiseOf } from './query-promise.ts';
import { safely } from './safely.ts';
import { checkCallback } from './settlement.ts';

const nothing = (): void => {};

/** One connection to a server, with the methods, events and properties of node-postgres. */
export class Client extends ClientState {
  static Query: typeof Query = Query;

  connection: Connection;
  readonly #config: any;
  readonly #link: Link;
  readonly #dispatcher: Dispatcher;
  /** Why the client itself refuses to log in. */
  #refusal: Error | null = null;

  constructor(config?: any) {
    super(config);
    this.#config = config || {};
    if (typeof this.#keepsStatements !== 'boolean') {
      throw new TypeError('The option prepare must be true or false');
    }
    this.#link = new Link(this.#linkHost);
    this.connection = new Connection({ ssl: this.ssl }, this.#link);
    this.#dispatcher = new Dispatcher(this.#dispatcherHost, this.#link);
  }

  /** As it was told: no boolean, if that was none. */
  get #keepsStatements(): boolean {
    return this.#config.prepare ?? defaults.prepare;
  }

  // ── Connecting ──────────────────────────────────────────────────────────────────────────

  connect(): Promise<this>;
  connect(callback: (error: any, client?: any) => void): void;
  connect(callback?: (error: any, client?: any) => void): Promise<this> | undefined {
    checkCallback(callback);
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
      nextTick(() => callback(error));
      return;
    }
    this._connectionCallback = callback;
    this._connecting = true;
    this.connection._connecting = true;
    this.connection.on('error', (error) => this._handleErrorEvent(error));
    this.connection.handleReady();
    try {
      this.#link.open(this[SETTINGS]());
    } catch (error) {
      nextTick(() => this._handleErrorWhileConnecting(error));
    }
  }

  /** What it is connected with. */
  [SETTINGS](): ConnectSettings {
    return connectSettings(this, this.#config);
  }

  get #linkHost(): LinkHost {
    return {
      hears: (name) => this.connection.hears(name),
      reached: () => safely(() => this.connection.emit('connect')),
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
          case 'authenticationSASLContinue':
            this.#refusal = iterationsRefusal(message['data'], this.scramMaxIterations);
        }
        this.connection.tell(message);
        if (message.name === 'authenticationSASLFinal') this.saslSession = null;
      },
      opened: () => {
        this._connecting = false;
        this._connected = true;
        this.readyForQuery = true;
        this._txStatus = this.#link.session!.transactionStatus;
        // Of a pipeline, what was sent behind a statement that is outdated would overtake it.
        if (this.#keepsStatements && !this.pipeline) this.#dispatcher.keepStatements();
        this.connection.tellReady(this._txStatus, () => this.#begin());
      },
      refused: (error) => safely(() => this._handleErrorWhileConnecting(this.#refusal ?? error)),
      dismissed: (error) => {
        const query: Queued | null = this._activeQuery;
        if (query === null) {
          safely(() => this._handleErrorEvent(error));
          return;
        }
        this._activeQuery = null;
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

  #begin(): void {
    const callback = this._connectionCallback;
    this._connectionCallback = null;
    if (callback) safely(() => callback(null, this));
    safely(() => this.emit('connect'));
    safely(() => this._pulseQueryQueue());
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

  #gone(): void {
    if (this._ended) return;
    const error = this._ending && !this.#hasQueries ? null : this.#terminated();
    if (error !== null) this._errorAllQueries(error);
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
    nextTick(() => this.emit('end'));
  }

  /** Making an error takes longer than anything else at an end that nobody has to be told of. */
  #terminated(): Error {
    return new Error(this._ending ? 'Connection terminated' : 'Connection terminated unexpectedly');
  }

  get #hasQueries(): boolean {
    const { _activeQuery, _queryQueue, _sentQueryQueue } = this;
    return _activeQuery !== null || _queryQueue.length > 0 || _sentQueryQueue.length > 0;
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
      checkCallback(own.callback);
      if (!own.callback) result = promiseOf(own, this._Promise);
      query = own;
    }
    const timeout = config.query_timeout || this.connectionParameters.query_timeout;
    if (timeout) limitQuery(query, Number(timeout), this.connection, () => this.#giveUp(query));
    if (this.binary && !(query as Query).binary) (query as Query).binary = true;
    const { _result } = query as Query;
    if (_result && !_result._types) _result._types = this._types;
    const refusal = this.#refusalOf(query);
    if (refusal !== null) {
      nextTick(() => query.handleError?.(new Error(refusal), this.connection));
      return result;
    }
    this._queryQueue.push(query);
    this._pulseQueryQueue();
    return result;
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

  /** Its time is up: it leaves the queue, or the server stops it. */
  #giveUp(query: Queued): void {
    const index = this._queryQueue.indexOf(query);
    if (index >= 0) {
      this._queryQueue.splice(index, 1);
    } else if (this.pipeline) {
      this.#destroy();
      return;
    } else if (this._activeQuery === query) {
      this.#dispatcher.stop(query);
    }
    this._pulseQueryQueue();
  }

  _pulseQueryQueue(): void {
    const link = this.#link;
    if (!this._connected || link.isClosing || link.session?.isEnded !== false) return;
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
      this.#dispatcher.start(query);
    } else if (this.hasExecuted) {
      safely(() => this.emit('drain'));
    }
  }

  #pulsePipeline(): void {
    if (!this._queryable) return;
    for (let query = this._queryQueue.shift(); query !== undefined; ) {
      this.hasExecuted = true;
      this._sentQueryQueue.push(query);
      this.#dispatcher.start(query);
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

  get #dispatcherHost(): DispatcherHost {
    return {
      connection: this.connection,
      pipeline: this.pipeline,
      _types: this._types,
      queryOver: (query, error) => this.#over(query, error),
      submittableFailed: (query) => {
        if (this._activeQuery === query) this._activeQuery = null;
      },
      submittableOver: () => {
        this._txStatus = this.#link.session!.transactionStatus;
        this._activeQuery = null;
        this.readyForQuery = true;
      },
      submittableEnded: () => safely(() => this._pulseQueryQueue()),
    };
  }

  /** A query is over: it is told so, and the next one may go. */
  #over(query: Query, error: unknown): void {
    if (this._activeQuery === query) {
      this._activeQuery = null;
    } else {
      const index = this._sentQueryQueue.indexOf(query);
      if (index >= 0) this._sentQueryQueue.splice(index, 1);
    }
    this._txStatus = this.#link.session!.transactionStatus;
    if (this._activeQuery === null) this.readyForQuery = true;
    const { connection } = this;
    connection.tellReady(this._txStatus, () => {
      if (error === null) {
        safely(() => query.handleReadyForQuery(connection));
      } else {
        safely(() => query.handleError(error, connection));
      }
      safely(() => this._pulseQueryQueue());
    });
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

  /** As the last query has left it, one of `asyncpg` as well; null before the client is connected. */
  getTransactionStatus(): 'I' | 'T' | 'E' | null {
    return this.#link.statusByDriver ?? this._txStatus;
  }
}
