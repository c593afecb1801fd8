import { Connection } from '../client/connection.ts';
import { openLane } from '../client/open-lane.ts';
import type { Notification } from '../client/listeners.ts';
import { InterfaceError } from '../errors/client-errors.ts';
import type { SessionContext } from '../session/open-session.ts';
import type { Timer } from '../transport/clock.ts';
import { Subscription, type SubscriptionHost } from './subscription.ts';

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;
/** A connection that only listens is asked for a sign of life so often, in milliseconds. */
const HEARTBEAT = 30_000;
const HEARTBEAT_TIMEOUT = 10_000;

type Callback = (notification: Notification) => void | Promise<void>;

/**
 * The one connection on which all subscriptions of a pool listen. It is opened with the first
 * and closed with the last; when it is lost it is opened again, all channels are listened to
 * again, and each subscription is told once that there was a gap.
 */
export class SubscriptionHub implements SubscriptionHost {
  readonly #context: SessionContext;
  readonly #channels = new Map<string, Set<Subscription>>();
  readonly #callbacks = new Map<Subscription, Callback>();
  #connection: Promise<Connection> | null = null;
  #heartbeat: Timer | null = null;
  #abort = new AbortController();
  #closed = false;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  async subscribe(
    channel: string,
    callback: Callback,
    onReconnect: (() => void) | null,
  ): Promise<Subscription> {
    const subscription = new Subscription(this, channel, callback, onReconnect);
    const deliver: Callback = (notification) => subscription.deliver(notification);
    const subscriptions = this.#channels.get(channel) ?? new Set();
    subscriptions.add(subscription);
    this.#channels.set(channel, subscriptions);
    this.#callbacks.set(subscription, deliver);
    try {
      const connection = await this.#connected();
      await connection.addListener(channel, deliver);
    } catch (error) {
      this.#forget(subscription);
      throw error;
    }
    return subscription;
  }

  #forget(subscription: Subscription): void {
    const subscriptions = this.#channels.get(subscription.channel);
    subscriptions?.delete(subscription);
    if (subscriptions?.size === 0) this.#channels.delete(subscription.channel);
    this.#callbacks.delete(subscription);
  }

  async unsubscribe(subscription: Subscription): Promise<void> {
    const callback = this.#callbacks.get(subscription);
    this.#forget(subscription);
    const current = this.#connection;
    if (callback === undefined || current === null || this.#closed) return;
    try {
      const connection = await current;
      if (this.#channels.size === 0) {
        this.#connection = null;
        this.#heartbeat?.cancel();
        await connection.close();
      } else if (!connection.isClosed) {
        await connection.removeListener(subscription.channel, callback);
      }
    } catch {
      // The connection is lost, and with it what it listened to.
    }
  }

  #connected(): Promise<Connection> {
    if (this.#closed) throw new InterfaceError('the pool is closed', { safeToRetry: true });
    if (this.#connection === null) {
      const opening = this.#open();
      this.#connection = opening;
      opening.catch(() => {
        if (this.#connection === opening) this.#connection = null;
      });
    }
    return this.#connection;
  }

  async #open(): Promise<Connection> {
    const lane = await openLane(this.#context, this.#abort.signal);
    const connection = new Connection(lane);
    lane.listeners.onEnd = () => this.#lost();
    this.#beat(connection);
    return connection;
  }

  /** Half-open connections look alive until something is asked of them. */
  #beat(connection: Connection): void {
    this.#heartbeat?.cancel();
    this.#heartbeat = this.#context.clock.setTimer(
      HEARTBEAT,
      () => {
        if (connection.isClosed) return;
        connection.fetchVal({ text: 'SELECT 1', timeout: HEARTBEAT_TIMEOUT, prepare: false }).then(
          () => this.#beat(connection),
          () => connection.terminate(),
        );
      },
      false,
    );
  }

  #lost(): void {
    this.#heartbeat?.cancel();
    if (this.#connection === null || this.#closed) return;
    const again = this.#reconnect();
    this.#connection = again;
    // Whoever subscribes meanwhile waits for the same connection.
    again.catch(() => {});
  }

  async #reconnect(): Promise<Connection> {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(LONGEST_PAUSE, pause * 2)) {
      try {
        const connection = await this.#open();
        for (const subscriptions of [...this.#channels.values()]) {
          for (const subscription of subscriptions) {
            const callback = this.#callbacks.get(subscription);
            if (callback !== undefined) {
              await connection.addListener(subscription.channel, callback);
            }
          }
        }
        this.#tellGap();
        return connection;
      } catch (error) {
        if (this.#closed || this.#channels.size === 0) throw error;
        await new Promise<void>((resolve) => {
          this.#context.clock.setTimer(pause * (0.5 + Math.random() / 2), resolve);
        });
        if (this.#closed || this.#channels.size === 0) throw error;
      }
    }
  }

  #tellGap(): void {
    for (const subscription of [...this.#callbacks.keys()]) {
      if (subscription.onReconnect !== null) queueMicrotask(subscription.onReconnect);
    }
  }

  async close(): Promise<void> {
    const current = this.#connection;
    this.#end();
    if (current === null) return;
    try {
      await (await current).close();
    } catch {
      // It was being opened, or is lost.
    }
  }

  terminate(): void {
    const current = this.#connection;
    this.#end();
    current?.then(
      (connection) => connection.terminate(),
      () => {},
    );
  }

  #end(): void {
    this.#closed = true;
    this.#heartbeat?.cancel();
    this.#abort.abort(new InterfaceError('the pool is closed'));
    for (const subscription of [...this.#callbacks.keys()]) void subscription.close();
  }
}
