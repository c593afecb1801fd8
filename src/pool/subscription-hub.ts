import { ofNoCall } from '../client/calls/tracing.ts';
import { Connection } from '../client/connection.ts';
import { CREATE } from '../client/internals.ts';
import type { Notification } from '../client/listening/notification.ts';
import { openClientSession } from '../client/open-client-session.ts';
import type { SessionContext } from '../connecting/open-session.ts';
import { InterfaceError } from '../errors/client-errors.ts';
import { ConnectionDoesNotExistError } from '../errors/generated/sqlstate.ts';
import type { Timer } from '../transport/clock.ts';
import { Backoff } from './backoff.ts';
import { Subscriber } from './subscriber.ts';
import { Subscription } from './subscription.ts';
import { warnOfRefusedListening } from './warnings.ts';

/** A connection that only listens is asked for a sign of life so often, in milliseconds. */
const HEARTBEAT = 30_000;
const HEARTBEAT_TIMEOUT = 10_000;
/** How long closing may take if the server does not answer. */
const CLOSE_TIMEOUT = 1_000;
/** One that was opened again and is lost so soon counts as one that could not be opened, in milliseconds. */
const TOO_SOON = 1_000;

/** The connection that is there, or coming, or coming back. */
interface Link {
  /** Ends all attempts at it. */
  readonly abort: AbortController;
  readonly backoff: Backoff;
  /** The connection on which all channels are listened to. */
  ready: Promise<Connection>;
  /** The same once it is there, until it is lost. */
  connection: Connection | null;
  /** When it was last opened again. */
  reopenedAt: number;
  /** When it is asked for a sign of life next. */
  heartbeat: Timer | null;
  /** It cannot be opened again for what does not pass, and that was told. */
  hasWarned: boolean;
}

/**
 * The one connection on which all subscriptions of a pool listen. It is opened with the first
 * and closed with the last; when it is lost it is opened again, all channels are listened to
 * again, and each subscription is told once that there was a gap.
 */
export class SubscriptionHub {
  readonly #context: SessionContext;
  readonly #subscribers = new Set<Subscriber>();
  /** Those to whose channels each connection listened when it was opened. */
  readonly #heard = new WeakMap<Connection, ReadonlySet<Subscriber>>();
  #link: Link | null = null;
  #closed = false;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** Resolves when the server listens on the channel. */
  async subscribe(
    channel: string,
    callback: (notification: Notification) => unknown,
    onReconnect: (() => unknown) | null,
  ): Promise<Subscription> {
    const subscriber = new Subscriber(channel, callback, onReconnect);
    this.#subscribers.add(subscriber);
    try {
      for (;;) {
        const connection = await this.#connected();
        if (await this.#listen(connection, subscriber)) break;
      }
    } catch (error) {
      this.#subscribers.delete(subscriber);
      this.#dropUnusedLink();
      throw error;
    }
    subscriber.begin();
    return Subscription[CREATE](subscriber, () => this.#unsubscribe(subscriber));
  }

  /** False: the connection was lost over it, which the next one makes good. */
  async #listen(connection: Connection, subscriber: Subscriber): Promise<boolean> {
    try {
      if (!this.#heard.get(connection)?.has(subscriber)) {
        await connection.addListener(subscriber.channel, subscriber.deliver);
      }
      return !connection.isClosed;
    } catch (error) {
      if (connection.isClosed) return false;
      throw error;
    }
  }

  async #unsubscribe(subscriber: Subscriber): Promise<void> {
    if (!this.#subscribers.delete(subscriber) || this.#closed) return;
    const connection = this.#link?.connection ?? null;
    this.#dropUnusedLink();
    if (connection !== null) await this.#leave(connection, subscriber);
  }

  async #leave(connection: Connection, { channel, deliver }: Subscriber): Promise<void> {
    if (connection.isClosed) return;
    try {
      await connection.removeListener(channel, deliver);
    } catch {
      // The connection is lost, and with it what it listened to.
    }
  }

  // ── The connection ──────────────────────────────────────────────────────────────────────

  #connected(): Promise<Connection> {
    if (this.#closed) throw poolClosed();
    if (this.#link !== null) return this.#link.ready;
    const link: Link = {
      abort: new AbortController(),
      backoff: new Backoff(this.#context.clock, true),
      ready: Promise.reject(new InterfaceError('the connection has not been opened')),
      connection: null,
      reopenedAt: -Infinity,
      heartbeat: null,
      hasWarned: false,
    };
    link.ready.catch(() => {});
    this.#link = link;
    link.ready = this.#open(link);
    link.ready.catch(() => {
      // A link whose connection does not come is no link.
      if (this.#link === link) this.#link = null;
    });
    return link.ready;
  }

  /** Opens the connection and listens on all channels that have subscribers. */
  async #open(link: Link): Promise<Connection> {
    const { signal } = link.abort;
    const client = await openClientSession(this.#context, signal);
    const connection = Connection[CREATE](client);
    // From here on: LISTEN may be the first thing that is not answered.
    this.#beat(link, connection);
    const end = (): void => connection.terminate();
    signal.addEventListener('abort', end, { once: true });
    const all = [...this.#subscribers];
    const heard = new Set<Subscriber>();
    this.#heard.set(connection, heard);
    try {
      signal.throwIfAborted();
      await Promise.all(
        all.map(async (subscriber) => {
          try {
            await connection.addListener(subscriber.channel, subscriber.deliver);
            heard.add(subscriber);
          } catch (error) {
            // Who is about to subscribe is told himself what the server has against his channel.
            if (subscriber.isLive || connection.isClosed) throw error;
          }
        }),
      );
      client.checkOpen();
    } catch (error) {
      link.heartbeat?.cancel();
      connection.terminate();
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', end);
    }
    link.connection = connection;
    const lost = (): void => this.#lost(link);
    client.listeners.onEnd = lost;
    // Some may have been closed while the others were listened to.
    for (const subscriber of all) {
      if (!this.#subscribers.has(subscriber)) void this.#leave(connection, subscriber);
    }
    return connection;
  }

  #lost(link: Link): void {
    link.connection = null;
    link.heartbeat?.cancel();
    if (this.#link !== link) return;
    this.#reopen(link, this.#context.clock.now() - link.reopenedAt < TOO_SOON);
  }

  /**
   * Opens the connection again, however often that fails. Who subscribes meanwhile waits for one attempt, and is
   * told if it fails.
   *
   * @param isPaused whether the last attempt came to nothing, so that this one is not hurried
   */
  #reopen(link: Link, isPaused: boolean): void {
    link.ready = ofNoCall(() => this.#openAgain(link, isPaused));
    link.ready.catch((error: unknown) => {
      if (this.#link !== link) return;
      // Subscriptions that hear nothing any more would otherwise be seen by nobody.
      if (!link.hasWarned && !passes(error)) {
        link.hasWarned = true;
        warnOfRefusedListening(error);
      }
      this.#reopen(link, true);
    });
  }

  async #openAgain(link: Link, isPaused: boolean): Promise<Connection> {
    if (isPaused) {
      this.#noteGaps();
      await link.backoff.pause();
      link.abort.signal.throwIfAborted();
    }
    this.#noteGaps();
    const connection = await this.#open(link);
    link.reopenedAt = this.#context.clock.now();
    link.hasWarned = false;
    for (const subscriber of this.#subscribers) subscriber.tellGap();
    return connection;
  }

  /** For all who are subscribed by now, something may be missed from here on. */
  #noteGaps(): void {
    // Also when the connection is lost before all channels were listened to again: some
    // subscriptions may have been told of the gap before by then.
    for (const subscriber of this.#subscribers) subscriber.noteGap();
  }

  /** Half-open connections look alive until something is asked of them. */
  #beat(link: Link, connection: Connection): void {
    link.heartbeat = this.#context.clock.setTimer(
      HEARTBEAT,
      () => {
        if (connection.isClosed) return;
        ofNoCall(() =>
          connection.fetchVal({ text: 'SELECT 1', timeout: HEARTBEAT_TIMEOUT, prepare: false }),
        ).then(
          () => {
            if (!connection.isClosed) this.#beat(link, connection);
          },
          () => connection.terminate(),
        );
      },
      false,
    );
  }

  // ── The end ─────────────────────────────────────────────────────────────────────────────

  #dropUnusedLink(): void {
    if (this.#subscribers.size === 0)
      void this.#drop(new InterfaceError('nobody listens any more'));
  }

  /** Closes the connection, or ends the attempts at it. */
  async #drop(reason: InterfaceError): Promise<void> {
    const link = this.#link;
    if (link === null) return;
    this.#link = null;
    link.heartbeat?.cancel();
    link.abort.abort(reason);
    link.backoff.wake();
    // A server that does not answer has lost the connection already.
    await link.connection?.close({ timeout: CLOSE_TIMEOUT }).catch(() => {});
  }

  #endAll(): void {
    this.#closed = true;
    for (const subscriber of this.#subscribers) subscriber.end();
    this.#subscribers.clear();
  }

  async close(): Promise<void> {
    this.#endAll();
    await this.#drop(poolClosed());
  }

  terminate(): void {
    const connection = this.#link?.connection;
    this.#endAll();
    void this.#drop(poolClosed());
    connection?.terminate();
  }
}

/** Whether what connecting has failed with may pass by itself. */
function passes(error: unknown): boolean {
  // A connection that does not answer is ended here.
  if (error instanceof ConnectionDoesNotExistError) return true;
  return (error as { isTransient?: unknown } | null)?.isTransient === true;
}

/** What is rejected that the end of the pool concerns. */
export function poolClosed(): InterfaceError {
  return new InterfaceError('the pool is closed', { safeToRetry: true });
}
