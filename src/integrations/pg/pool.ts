import { EventEmitter } from 'node:events';
import { systemClock, type Timer } from '../../transport/clock.ts';
import { nextTick, setImmediate } from '../../transport/turn.ts';
import { Client as OwnClient } from './client.ts';
import { poolOptions } from './pool-options.ts';
import { checkCallback, settlement } from './settlement.ts';

/** What a pool asks of a client: that of this library, or another that the option `Client` names. */
export interface PoolableClient extends EventEmitter {
  [member: string]: any;
  connect(callback: (error?: any) => void): unknown;
  end(callback?: () => void): unknown;
}

type ConnectCallback = (error: any, client?: any, release?: (error?: any) => void) => void;

/** A client nobody uses, with what watches it meanwhile. */
interface Idle {
  readonly client: PoolableClient;
  readonly onError: (error: any) => void;
  /** Removes it when nobody wants it for long. */
  readonly timer: Timer | null;
}

/** Somebody who wants a client. Once timed out it is told of no client any more. */
interface Waiting {
  readonly callback: ConnectCallback;
  isTimedOut: boolean;
}

export const ENDED: string = 'Cannot use a pool after calling end on the pool';

function nothing(): void {}

/**
 * A pool as pg-pool has it: who comes is given the client that was released last, or a new one as long
 * as there are fewer than `max`, or waits. A client is as its last user has left it.
 */
export class Pool extends EventEmitter {
  options: any;
  log: (...messages: any[]) => void;
  Client: new (
    options: any,
  ) => PoolableClient;
  Promise: any;
  ending = false;
  ended = false;
  _clients: PoolableClient[] = [];
  _idle: Idle[] = [];
  /** Clients past their lifetime, removed as soon as they are released. */
  _expired: WeakSet<PoolableClient> = new WeakSet();
  _pendingQueue: Waiting[] = [];
  _endCallback: (() => void) | undefined = undefined;

  constructor(options?: any, Client?: new (options: any) => PoolableClient) {
    super();
    this.options = poolOptions(options);
    this.log = this.options.log || nothing;
    this.Client = this.options.Client || Client || this._ownClient();
    this.Promise = this.options.Promise || globalThis.Promise;
  }

  /** Clients, whatever they do. */
  get totalCount(): number {
    return this._clients.length;
  }

  /** Clients that nobody uses. */
  get idleCount(): number {
    return this._idle.length;
  }

  /** Calls that wait for a client. */
  get waitingCount(): number {
    return this._pendingQueue.length;
  }

  /** Clients past their lifetime that are still in use. */
  get expiredCount(): number {
    return this._clients.filter((client) => this._expired.has(client)).length;
  }

  /** Gives a client, which must be released: `client.release()`, or with an error to have it closed. */
  connect(callback?: ConnectCallback): any {
    checkCallback(callback);
    if (this.ending) {
      const error = new Error(ENDED);
      return callback ? callback(error) : this.Promise.reject(error);
    }
    const { settle, result } = settlement(this.Promise, callback);
    if (this._idle.length === 0 && !this._isFull()) {
      this.newClient({ callback: settle, isTimedOut: false });
      return result;
    }
    if (this._idle.length > 0) nextTick(() => this._pulseQueue());
    this._pendingQueue.push(this._waiting(settle));
    return result;
  }

  /** Runs a query on some client; a submittable, too, is taken. */
  query(text: any, values?: any, callback?: any): any {
    if (typeof text === 'function') {
      const { settle, result } = settlement(this.Promise, text);
      const message = 'Passing a function as the first parameter to pool.query is not supported';
      setImmediate(() => settle(new Error(message)));
      return result;
    }
    const hasValues = typeof values !== 'function';
    const { settle, result } = settlement(this.Promise, hasValues ? callback : values);
    // By name, since whoever watches pools puts another function in the place of `connect`.
    this.connect((failure: any, client: any) => {
      if (failure) return settle(failure);
      this._queryOn(client, text, hasValues ? values : undefined, settle);
    });
    return result;
  }

  /** Closes all clients, those in use when they are released. New calls are refused from now on. */
  end(callback?: (error?: any) => void): any {
    checkCallback(callback);
    this.log('ending');
    if (this.ending) {
      const error = new Error('Called end on pool more than once');
      return callback ? callback(error) : this.Promise.reject(error);
    }
    this.ending = true;
    const { settle, result } = settlement(this.Promise, callback);
    this._endCallback = settle as () => void;
    this._pulseQueue();
    return result;
  }

  /** What its clients are of, if nobody says so. */
  _ownClient(): new (options: any) => PoolableClient {
    return OwnClient;
  }

  _isFull(): boolean {
    return this._clients.length >= this.options.max;
  }

  _isAboveMin(): boolean {
    return this._clients.length > this.options.min;
  }

  /** One who waits, for as long as the options allow. */
  _waiting(callback: ConnectCallback): Waiting {
    const { connectionTimeoutMillis } = this.options;
    if (!connectionTimeoutMillis) return { callback, isTimedOut: false };
    const waiting: Waiting = {
      isTimedOut: false,
      callback: (error, client, release) => {
        timer.cancel();
        callback(error, client, release);
      },
    };
    const giveUp = () => {
      removeFrom(this._pendingQueue, (other) => other === waiting);
      waiting.isTimedOut = true;
      callback(new Error('timeout exceeded when trying to connect'));
    };
    const timer = systemClock.setTimer(connectionTimeoutMillis, giveUp, false);
    return waiting;
  }

  /** Serves the next one who waits, if that is possible now; when ending, closes what is idle. */
  _pulseQueue(): void {
    this.log('pulse queue');
    if (this.ended) {
      this.log('pulse queue ended');
      return;
    }
    if (this.ending) {
      this.log('pulse queue on ending');
      for (const { client } of [...this._idle]) this._remove(client);
      if (this._clients.length === 0) this._finishEnd();
      return;
    }
    if (this._pendingQueue.length === 0) {
      this.log('no queued requests');
      return;
    }
    if (this._idle.length === 0 && this._isFull()) return;
    const waiting = this._pendingQueue.shift() as Waiting;
    // The one that was used last, so that the others come to their idle time-out.
    const idle = this._idle.pop();
    if (idle === undefined) {
      this.newClient(waiting);
      return;
    }
    idle.timer?.cancel();
    idle.client['ref']?.();
    this._acquireClient(idle.client, waiting, idle.onError, false);
  }

  _finishEnd(): void {
    this.ended = true;
    // There will be no client for them any more.
    for (const { callback } of this._pendingQueue.splice(0)) callback(new Error(ENDED));
    this._endCallback?.();
  }

  _remove(client: PoolableClient, callback?: () => void): void {
    removeFrom(this._idle, (idle) => idle.client === client)?.timer?.cancel();
    this._clients = this._clients.filter((other) => other !== client);
    client.end(() => {
      this.emit('remove', client);
      callback?.();
    });
  }

  /** Opens a client for somebody. */
  newClient(waiting: Waiting): void {
    const client = new this.Client(this.options);
    this._clients.push(client);
    const onError = this._idleListener(client);

    this.log('checking client timeout');
    let isTimeUp = false;
    const { connectionTimeoutMillis } = this.options;
    const timer = connectionTimeoutMillis
      ? systemClock.setTimer(connectionTimeoutMillis, () => {
          if (client['connection']) {
            this.log('ending client due to timeout');
            isTimeUp = true;
            client['connection'].stream.destroy();
          } else if (!client['isConnected']()) {
            this.log('ending client due to timeout');
            isTimeUp = true;
            client.end();
          }
        })
      : null;

    this.log('connecting new client');
    client.connect((error) => {
      timer?.cancel();
      client.on('error', onError);
      if (error) {
        this.log('client failed to connect', error);
        this._clients = this._clients.filter((other) => other !== client);
        const failure = isTimeUp
          ? new Error('Connection terminated due to connection timeout', { cause: error })
          : error;
        // Its place is free for others.
        this._pulseQueue();
        if (!waiting.isTimedOut) waiting.callback(failure, undefined, nothing);
        return;
      }
      this.log('new client connected');
      const { options } = this;
      if (!options.onConnect) {
        this._afterConnect(client, waiting, onError);
        return;
      }
      this._promiseTry(() => options.onConnect(client)).then(
        () => this._afterConnect(client, waiting, onError),
        (refusal: unknown) => {
          this._clients = this._clients.filter((other) => other !== client);
          client.end(() => {
            this._pulseQueue();
            if (!waiting.isTimedOut) waiting.callback(refusal, undefined, nothing);
          });
        },
      );
    });
  }

  _promiseTry(call: () => unknown): Promise<unknown> {
    return new this.Promise((resolve: (value: unknown) => void) => resolve(call()));
  }

  _afterConnect(client: PoolableClient, waiting: Waiting, onError: Idle['onError']): void {
    const { maxLifetimeSeconds } = this.options;
    if (maxLifetimeSeconds !== 0) {
      const expire = () => {
        this.log('ending client due to expired lifetime');
        this._expired.add(client);
        if (!this._idle.some((idle) => idle.client === client)) return;
        // Lent out and released at once: the release removes it.
        const release: ConnectCallback = (_error, _client, done) => done?.();
        this._acquireClient(client, { callback: release, isTimedOut: false }, onError, false);
      };
      const timer = systemClock.setTimer(maxLifetimeSeconds * 1000, expire, false);
      client.once('end', () => timer.cancel());
    }
    this._acquireClient(client, waiting, onError, true);
  }

  /** Gives a client to somebody, or takes it back at once from one who waits no longer. */
  _acquireClient(
    client: PoolableClient,
    waiting: Waiting,
    onError: Idle['onError'],
    isNew: boolean,
  ): void {
    if (isNew) this.emit('connect', client);
    this.emit('acquire', client);
    const release = this._releaseOnce(client, onError);
    client['release'] = release;
    client.removeListener('error', onError);
    const { options } = this;
    if (!isNew || !options.verify) {
      if (waiting.isTimedOut) release();
      else waiting.callback(undefined, client, release);
    } else if (waiting.isTimedOut) {
      options.verify(client, release);
    } else {
      options.verify(client, (error: unknown) => {
        if (!error) return waiting.callback(undefined, client, release);
        release(error);
        waiting.callback(error, undefined, nothing);
      });
    }
  }

  _releaseOnce(client: PoolableClient, onError: Idle['onError']): (error?: any) => void {
    let isReleased = false;
    return (error) => {
      if (isReleased) {
        throw new Error('Release called on client which has already been released to the pool.');
      }
      isReleased = true;
      this._release(client, onError, error);
    };
  }

  _release(client: PoolableClient, onError: Idle['onError'], error?: any): void {
    client.on('error', onError);
    const uses = (client['_poolUseCount'] || 0) + 1;
    client['_poolUseCount'] = uses;
    this.emit('release', error, client);

    const isUsedUp = uses >= this.options.maxUses;
    if (error || this.ending || !client['_queryable'] || client['_ending'] || isUsedUp) {
      if (isUsedUp) this.log('remove expended client');
      this._remove(client, () => this._pulseQueue());
      return;
    }
    if (this._expired.delete(client)) {
      this.log('remove expired client');
      this._remove(client, () => this._pulseQueue());
      return;
    }
    const { idleTimeoutMillis, allowExitOnIdle } = this.options;
    let timer: Timer | null = null;
    if (idleTimeoutMillis && this._isAboveMin()) {
      const retire = () => {
        if (!this._isAboveMin()) return;
        this.log('remove idle client');
        this._remove(client, () => this._pulseQueue());
      };
      timer = systemClock.setTimer(idleTimeoutMillis, retire, !allowExitOnIdle);
    }
    if (allowExitOnIdle) client['unref']();
    this._idle.push({ client, onError, timer });
    this._pulseQueue();
  }

  /** What watches a client that nobody uses: its end is the pool's to tell of. */
  _idleListener(client: PoolableClient): (error: any) => void {
    const onError = (error: any): void => {
      error.client = client;
      client.removeListener('error', onError);
      client.on('error', () => {
        this.log('additional client error after disconnection due to error', error);
      });
      this._remove(client);
      this.emit('error', error, client);
    };
    return onError;
  }

  _queryOn(client: any, text: any, values: any, settle: ConnectCallback): void {
    let isReleased = false;
    const onError = (error: any): void => {
      if (isReleased) return;
      isReleased = true;
      client.release(error);
      settle(error);
    };
    client.once('error', onError);
    this.log('dispatching query');
    try {
      client.query(text, values, (error: any, result: any) => {
        this.log('query dispatched');
        client.removeListener('error', onError);
        if (isReleased) return;
        isReleased = true;
        client.release(error);
        if (error) settle(error);
        else settle(undefined, result);
      });
    } catch (error) {
      client.release(error);
      settle(error);
    }
  }
}

/** The first that is it, taken out of the list. */
function removeFrom<T>(list: T[], isIt: (item: T) => boolean): T | undefined {
  const index = list.findIndex(isIt);
  return index < 0 ? undefined : list.splice(index, 1)[0];
}
