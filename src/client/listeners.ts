import { InvalidArgumentError } from '../errors/client-errors.ts';
import type { PostgresLogMessage } from '../errors/postgres-error.ts';
import type { ScriptRequest } from '../session/requests/script-request.ts';
import type { SessionObserver } from '../session/session.ts';
import { quoteWholeIdentifier } from '../sql/quote.ts';
import type { ClientSession } from './client-session.ts';
import type { Connection } from './connection.ts';
import { callUser } from './user-callback.ts';

/** What NOTIFY brought. */
export interface Notification {
  /** The channel that it was sent to. */
  readonly channel: string;
  /** What it was sent with; empty if nothing. */
  readonly payload: string;
  /** The process ID of the server session that sent it. */
  readonly pid: number;
  /** The connection that listens. */
  readonly connection: Connection;
}

/** Is called with each notification. What it throws or rejects with becomes a process warning. */
export type NotificationCallback = (notification: Notification) => void | Promise<void>;
/** Is called with each notice and warning of the server. */
export type LogCallback = (message: PostgresLogMessage, connection: Connection) => void;
/** Is called once, when the connection is over. */
export type TerminationCallback = (connection: Connection) => void;

/** Refuses what a notification cannot be told to. */
export function checkListener(callback: unknown): void {
  if (typeof callback === 'function') return;
  throw new InvalidArgumentError(`the listener of a channel is a function, not ${typeof callback}`);
}

/** Those who listen on one channel. */
interface Channel {
  readonly callbacks: Set<NotificationCallback>;
  /** LISTEN. What comes before it is answered is of an earlier one, and might be followed by a gap. */
  readonly listen: ScriptRequest;
  /** Its answer, which has to come before anybody can count on it. */
  readonly listening: Promise<unknown>;
}

/** Everyone who wants to hear of one session. A failing callback harms nobody else. */
export class Listeners implements SessionObserver {
  readonly #client: ClientSession;
  readonly #channels = new Map<string, Channel>();
  readonly #logs = new Set<LogCallback>();
  readonly #terminations = new Set<TerminationCallback>();
  readonly #leavers = new Set<() => void>();
  /** Those who were there when the session became its pool's: they outlast its holders. */
  #lasting: ReadonlySet<LogCallback | TerminationCallback> = new Set();
  /** The connection object that callbacks are given. */
  owner: Connection | null = null;
  /** Called first when the session ends, e.g. by the pool that it belongs to. */
  onEnd: ((reason: Error | null) => void) | null = null;

  constructor(client: ClientSession) {
    this.#client = client;
  }

  async add(channel: string, callback: NotificationCallback): Promise<void> {
    const name = quoteWholeIdentifier(channel);
    checkListener(callback);
    let entry = this.#channels.get(channel);
    if (entry === undefined) {
      entry = this.#listen(`LISTEN ${name}`);
      this.#channels.set(channel, entry);
    }
    entry.callbacks.add(callback);
    try {
      await entry.listening;
    } catch (error) {
      entry.callbacks.delete(callback);
      if (this.#channels.get(channel) === entry) this.#channels.delete(channel);
      throw error;
    }
  }

  async remove(channel: string, callback: NotificationCallback): Promise<void> {
    const entry = this.#channels.get(channel);
    if (entry === undefined || !entry.callbacks.delete(callback) || entry.callbacks.size > 0) {
      return;
    }
    this.#channels.delete(channel);
    if (this.#client.session.isEnded) return;
    await this.#client.command(`UNLISTEN ${quoteWholeIdentifier(channel)}`);
  }

  #listen(text: string): Channel {
    const deadline = this.#client.deadline(undefined);
    const listen = this.#client.submitScript(text, deadline);
    const listening = this.#client
      .logged(listen.promise, text, [])
      .finally(() => deadline?.dispose());
    return { callbacks: new Set(), listen, listening };
  }

  /** How many callbacks the present holder has on channels and for log messages. */
  get size(): number {
    let logs = 0;
    for (const callback of this.#logs) if (!this.#lasting.has(callback)) logs += 1;
    return this.#channels.size + logs;
  }

  /** Whether the session listens on any channel. */
  get isListening(): boolean {
    return this.#channels.size > 0;
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

  /** Calls back once when the present holder's listeners end. The result takes that back. */
  onLeave(callback: () => void): () => void {
    this.#leavers.add(callback);
    return () => this.#leavers.delete(callback);
  }

  /** Whoever listens by now, other than on channels, does so for as long as the session lives. */
  keep(): void {
    this.#lasting = new Set([...this.#logs, ...this.#terminations]);
  }

  /** Forgets the callbacks on channels and for log messages. UNLISTEN is the reset's work. */
  clear(): void {
    this.#channels.clear();
    for (const callback of this.#logs) {
      if (!this.#lasting.has(callback)) this.#logs.delete(callback);
    }
    this.#leave();
  }

  /** The holder is gone: nothing of its own is left. */
  clearHolder(): void {
    this.clear();
    for (const callback of this.#terminations) {
      if (!this.#lasting.has(callback)) this.#terminations.delete(callback);
    }
  }

  #leave(): void {
    const leavers = [...this.#leavers];
    this.#leavers.clear();
    for (const leaver of leavers) leaver();
  }

  notice(message: PostgresLogMessage): void {
    for (const callback of this.#logs) {
      this.#call('a log listener', () => callback(message, this.owner!));
    }
  }

  notification(channel: string, payload: string, pid: number): void {
    const entry = this.#channels.get(channel);
    if (entry === undefined || !entry.listen.isAnswered) return;
    const notification = Object.freeze({ channel, payload, pid, connection: this.owner! });
    for (const callback of entry.callbacks) {
      this.#call('a notification listener', () => callback(notification));
    }
  }

  parameter(): void {
    // The session's settings are up to date already.
  }

  ended(reason: Error | null): void {
    this.onEnd?.(reason);
    for (const callback of this.#terminations) {
      this.#call('a termination listener', () => callback(this.owner!));
    }
    this.#channels.clear();
    this.#logs.clear();
    this.#terminations.clear();
    this.#leave();
  }

  /** Callbacks run after the present step, so that none sees the engine half-way. */
  #call(what: string, callback: () => unknown): void {
    queueMicrotask(() => callUser(what, callback));
  }
}
