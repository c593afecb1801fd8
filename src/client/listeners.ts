import type { PostgresLogMessage } from '../errors/postgres-error.ts';
import type { SessionObserver } from '../session/session.ts';
import type { Connection } from './connection.ts';
import { quoteIdentifier } from './identifier.ts';
import type { Lane } from './lane.ts';
import { reportCallbackError } from './query-log.ts';

/** What NOTIFY brought. */
export interface Notification {
  readonly channel: string;
  readonly payload: string;
  /** The process ID of the server session that sent it. */
  readonly pid: number;
  /** The connection that listens. */
  readonly connection: Connection;
}

export type NotificationCallback = (notification: Notification) => void | Promise<void>;
export type LogCallback = (message: PostgresLogMessage, connection: Connection) => void;
export type TerminationCallback = (connection: Connection) => void;

/** Everyone who wants to hear of one session. A failing callback harms nobody else. */
export class Listeners implements SessionObserver {
  readonly #lane: Lane;
  readonly #channels = new Map<string, Set<NotificationCallback>>();
  readonly #logs = new Set<LogCallback>();
  readonly #terminations = new Set<TerminationCallback>();
  /** The connection object that callbacks are given. */
  owner: Connection | null = null;
  /** Called first when the session ends, e.g. by the pool that it belongs to. */
  onEnd: ((reason: Error | null) => void) | null = null;

  constructor(lane: Lane) {
    this.#lane = lane;
  }

  async add(channel: string, callback: NotificationCallback): Promise<void> {
    const name = quoteIdentifier(channel);
    const callbacks = this.#channels.get(channel);
    if (callbacks !== undefined) {
      callbacks.add(callback);
      return;
    }
    this.#channels.set(channel, new Set([callback]));
    try {
      await this.#lane.script(`LISTEN ${name}`);
    } catch (error) {
      this.#channels.delete(channel);
      throw error;
    }
  }

  async remove(channel: string, callback: NotificationCallback): Promise<void> {
    const callbacks = this.#channels.get(channel);
    if (callbacks === undefined || !callbacks.delete(callback) || callbacks.size > 0) return;
    this.#channels.delete(channel);
    if (!this.#lane.session.isEnded)
      await this.#lane.script(`UNLISTEN ${quoteIdentifier(channel)}`);
  }

  /** How many callbacks there are on channels and for log messages. */
  get size(): number {
    return this.#channels.size + this.#logs.size;
  }

  addLog(callback: LogCallback): void {
    this.#logs.add(callback);
  }

  removeLog(callback: LogCallback): void {
    this.#logs.delete(callback);
  }

  addTermination(callback: TerminationCallback): void {
    this.#terminations.add(callback);
  }

  removeTermination(callback: TerminationCallback): void {
    this.#terminations.delete(callback);
  }

  /** Forgets the callbacks of whoever held the session. UNLISTEN is the reset's work. */
  clear(): void {
    this.#channels.clear();
    this.#logs.clear();
  }

  notice(message: PostgresLogMessage): void {
    for (const callback of this.#logs) {
      this.#call('log listener', () => callback(message, this.owner!));
    }
  }

  notification(channel: string, payload: string, pid: number): void {
    const callbacks = this.#channels.get(channel);
    if (callbacks === undefined) return;
    const notification = Object.freeze({ channel, payload, pid, connection: this.owner! });
    for (const callback of callbacks) {
      this.#call('notification listener', () => callback(notification));
    }
  }

  parameter(): void {
    // The session's settings are up to date already.
  }

  ended(reason: Error | null): void {
    this.onEnd?.(reason);
    for (const callback of this.#terminations) {
      this.#call('termination listener', () => callback(this.owner!));
    }
    this.#channels.clear();
    this.#logs.clear();
    this.#terminations.clear();
  }

  /** Callbacks run after the present step, so that none sees the engine half-way. */
  #call(what: string, callback: () => unknown): void {
    queueMicrotask(() => {
      try {
        const result = callback();
        if (result instanceof Promise) {
          result.catch((error: unknown) => reportCallbackError(what, error));
        }
      } catch (error) {
        reportCallbackError(what, error);
      }
    });
  }
}
