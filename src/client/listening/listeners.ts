import { InvalidArgumentError } from '../../errors/client-errors.ts';
import { PostgresError, type PostgresLogMessage } from '../../errors/postgres-error.ts';
import { inContext } from '../../runtime/in-context.ts';
import { quoteWholeIdentifier } from '../../sql/quote.ts';
import { soon } from '../../transport/turn.ts';
import { isError } from '../../values/builtins.ts';
import { callUser } from '../calls/user-callback.ts';

/** What NOTIFY brought, for the one who has the session: its Connection. */
interface Told<Owner> {
  readonly channel: string;
  readonly payload: string;
  readonly pid: number;
  readonly connection: Owner;
}

type OnNotification<Owner> = (told: Told<Owner>) => unknown;
type OnLog<Owner> = (message: PostgresLogMessage, owner: Owner) => unknown;
type OnTermination<Owner> = (owner: Owner) => unknown;

/** What listeners need of the client session that they listen to. */
export interface ListenHost<Owner> {
  /** What callbacks are given as the connection. */
  readonly owner: Owner | null;
  readonly isEnded: boolean;
  readonly isInTransaction: boolean;
  /** Sends LISTEN, with a promise of its answer. In time that is not limited, if nobody waits for it. */
  listen(text: string, isAwaited: boolean): Listening;
  /** It cannot be listened any more. */
  giveUp(reason: Error | null): void;
}

/** A LISTEN that was sent. */
export interface Listening {
  /** Whether it has been answered: what comes before is of an earlier one. */
  readonly request: { readonly isAnswered: boolean; readonly isLasting: boolean };
  readonly answer: Promise<unknown>;
}

/** Refuses what cannot be told anything. */
export function checkListener(callback: unknown): void {
  if (typeof callback === 'function') return;
  throw new InvalidArgumentError(`a listener is a function, not ${typeof callback}`);
}

/** Callbacks as they were given, each with itself in the context of whoever has added it. */
class Callbacks<F extends (...args: any[]) => unknown> extends Map<F, F> {
  add(callback: F): void {
    checkListener(callback);
    if (!this.has(callback)) this.set(callback, inContext(callback));
  }
}

/** Those who listen on one channel. */
interface Channel<Owner> {
  readonly callbacks: Callbacks<OnNotification<Owner>>;
  /** What comes before LISTEN is answered is of an earlier one, and might be followed by a gap. */
  readonly first: Listening;
  /** The latest LISTEN: what a transaction or a text may have undone is sent again. */
  listening: Listening;
}

/** How often LISTEN is sent again if a cancel that was meant for another call strikes it. */
const MAX_STRUCK = 5;

/** The listeners of one session. A callback that fails does not affect the others. */
export class Listeners<Owner> {
  readonly #host: ListenHost<Owner>;
  readonly #channels = new Map<string, Channel<Owner>>();
  readonly #logs = new Callbacks<OnLog<Owner>>();
  readonly #terminations = new Callbacks<OnTermination<Owner>>();
  readonly #leavers = new Set<() => void>();
  /** LISTENs that are sent again and not answered. */
  readonly #renewals = new Set<Promise<void>>();
  /** Those who were there when the session became its pool's: they outlast its holders. */
  #lasting: ReadonlySet<OnLog<Owner> | OnTermination<Owner>> = new Set();
  /** What was said at start-up: for the first who listens. */
  #untold: readonly PostgresLogMessage[];
  /** Called first when the session ends, e.g. by the pool that it belongs to. */
  onEnd: ((reason: Error | null) => void) | null = null;

  constructor(host: ListenHost<Owner>, startUpNotices: readonly PostgresLogMessage[]) {
    this.#host = host;
    this.#untold = startUpNotices;
  }

  async add(channel: string, callback: OnNotification<Owner>): Promise<void> {
    const text = `LISTEN ${quoteWholeIdentifier(channel)}`;
    checkListener(callback);
    let entry = this.#channels.get(channel);
    if (entry === undefined) {
      const listening = this.#host.listen(text, true);
      entry = { callbacks: new Callbacks(), first: listening, listening };
      this.#channels.set(channel, entry);
    } else if (entry.listening.request.isAnswered) {
      // Once more: a function or a DO block may have undone it, which nobody sees.
      entry.listening = this.#host.listen(text, true);
    }
    const isNew = !entry.callbacks.has(callback);
    entry.callbacks.add(callback);
    try {
      await entry.listening.answer;
    } catch (error) {
      if (isNew) this.remove(channel, callback, entry);
      throw error;
    }
  }

  /** Tells a callback nothing more. Whether it was the last one of its channel. */
  remove(
    channel: string,
    callback: OnNotification<Owner>,
    entry: Channel<Owner> | undefined = this.#channels.get(channel),
  ): boolean {
    if (entry === undefined || !entry.callbacks.delete(callback)) return false;
    if (entry.callbacks.size > 0 || this.#channels.get(channel) !== entry) return false;
    this.#channels.delete(channel);
    return true;
  }

  /** Whether anybody listens on the channel. */
  has(channel: string): boolean {
    return this.#channels.has(channel);
  }

  // ── What the server undoes ──────────────────────────────────────────────────────────────

  /** A transaction is over. If it was rolled back, or a part of it, so was LISTEN. */
  transactionEnded(): void {
    for (const [channel, entry] of this.#channels) {
      if (!entry.listening.request.isLasting) this.#renew(channel, entry);
    }
  }

  /** UNLISTEN or DISCARD ALL was sent as text. */
  unlistened(): void {
    for (const [channel, entry] of this.#channels) this.#renew(channel, entry);
  }

  /** Resolves when the server listens to all again that it had ceased to; null: it does. */
  get settled(): Promise<unknown> | null {
    return this.#renewals.size === 0 ? null : Promise.all(this.#renewals);
  }

  #renew(channel: string, entry: Channel<Owner>, struck = 0): void {
    const text = `LISTEN ${quoteWholeIdentifier(channel)}`;
    const listening = this.#host.listen(text, false);
    entry.listening = listening;
    const renewal = listening.answer.then(
      () => {},
      (error: unknown) => {
        if (entry.listening === listening) this.#notRenewed(channel, entry, error, struck);
      },
    );
    this.#renewals.add(renewal);
    void renewal.then(() => this.#renewals.delete(renewal));
  }

  #notRenewed(channel: string, entry: Channel<Owner>, error: unknown, struck: number): void {
    const { isEnded, isInTransaction } = this.#host;
    // With the end of the transaction comes the next attempt.
    if (isEnded || isInTransaction || this.#channels.get(channel) !== entry) return;
    const wasStruck = error instanceof PostgresError && error.sqlstate === '57014';
    if (wasStruck && struck < MAX_STRUCK) this.#renew(channel, entry, struck + 1);
    // Never deaf unseen: whoever listens is told of the end.
    else this.#host.giveUp(isError(error) ? error : null);
  }

  /** How many callbacks the present holder has on channels and for log messages. */
  get size(): number {
    let logs = 0;
    for (const callback of this.#logs.keys()) if (!this.#lasting.has(callback)) logs += 1;
    return this.#channels.size + logs;
  }

  /** Whether the session listens on any channel. */
  get isListening(): boolean {
    return this.#channels.size > 0;
  }

  addLog(callback: OnLog<Owner>): void {
    this.#logs.add(callback);
    const untold = this.#untold;
    this.#untold = [];
    for (const message of untold) this.#tellLog(callback, message);
  }

  removeLog(callback: OnLog<Owner>): void {
    this.#logs.delete(callback);
  }

  addTermination(callback: OnTermination<Owner>): void {
    this.#terminations.add(callback);
  }

  removeTermination(callback: OnTermination<Owner>): void {
    this.#terminations.delete(callback);
  }

  /** Calls back once when the present holder's listeners end. The result takes that back. */
  onLeave(callback: () => void): () => void {
    this.#leavers.add(callback);
    return () => this.#leavers.delete(callback);
  }

  /** The listeners there are now, other than on channels, stay for as long as the session lives. */
  keep(): void {
    this.#untold = [];
    this.#lasting = new Set([...this.#logs.keys(), ...this.#terminations.keys()]);
  }

  /** Forgets the callbacks on channels and for log messages. UNLISTEN is the reset's work. */
  clear(): void {
    this.#channels.clear();
    for (const callback of this.#logs.keys()) {
      if (!this.#lasting.has(callback)) this.#logs.delete(callback);
    }
    this.#leave();
  }

  /** Removes all that the present holder has added. */
  clearHolder(): void {
    this.clear();
    for (const callback of this.#terminations.keys()) {
      if (!this.#lasting.has(callback)) this.#terminations.delete(callback);
    }
  }

  #leave(): void {
    if (this.#leavers.size === 0) return;
    const leavers = [...this.#leavers];
    this.#leavers.clear();
    for (const leaver of leavers) leaver();
  }

  notice(message: PostgresLogMessage): void {
    for (const callback of this.#logs.values()) this.#tellLog(callback, message);
  }

  #tellLog(callback: OnLog<Owner>, message: PostgresLogMessage): void {
    this.#call('a log listener', () => callback(message, this.#host.owner!));
  }

  notification(channel: string, payload: string, pid: number): void {
    const entry = this.#channels.get(channel);
    if (entry === undefined || !entry.first.request.isAnswered) return;
    const notification = Object.freeze({ channel, payload, pid, connection: this.#host.owner! });
    for (const callback of entry.callbacks.values()) {
      this.#call('a notification listener', () => callback(notification));
    }
  }

  ended(reason: Error | null): void {
    this.onEnd?.(reason);
    for (const callback of this.#terminations.values()) {
      this.#call('a termination listener', () => callback(this.#host.owner!));
    }
    this.#channels.clear();
    this.#logs.clear();
    this.#terminations.clear();
    this.#leave();
  }

  /** Callbacks run after the present step, so that none sees the session in mid-change. */
  #call(what: string, callback: () => unknown): void {
    soon(() => callUser(what, callback));
  }
}
