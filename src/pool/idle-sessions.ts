import { SyncRequest } from '../session/requests/sync-request.ts';
import type { Clock, Timer } from '../transport/clock.ts';
import type { PoolSettings } from './pool-options.ts';
import type { PooledSession } from './pooled-session.ts';

/** What connections at rest need of their allocator. */
export interface RestHost {
  /** Whether there are more connections than the pool keeps at least. */
  readonly isAboveFloor: () => boolean;
  /** Whether a caller waits for a connection. */
  readonly isAwaited: () => boolean;
  readonly isFit: (pooled: PooledSession) => boolean;
  /** Gives a session to the first waiter. */
  readonly reuse: (pooled: PooledSession) => void;
  /** Closes a connection; it is `remove`d. */
  readonly discard: (pooled: PooledSession) => void;
}

/**
 * The connections that are not in use: how long each may rest, and which of them the server has to
 * answer on before they are lent out, since they have been silent for long.
 */
export class IdleSessions {
  readonly #settings: PoolSettings;
  readonly #clock: Clock;
  readonly #host: RestHost;
  /** The most recently used last: it is the first to be used again. */
  readonly #idle: PooledSession[] = [];
  /** Those of which it is not known whether the server still is at their other end. */
  readonly #checking = new Set<PooledSession>();
  /** When they are looked at next; Infinity: not before one is added. */
  #lookAt = Infinity;
  #timer: Timer | null = null;

  constructor(settings: PoolSettings, clock: Clock, host: RestHost) {
    this.#settings = settings;
    this.#clock = clock;
    this.#host = host;
  }

  /** How many can be lent out; those that are being checked do not count. */
  get idle(): number {
    return this.#idle.length;
  }

  /** All of them, those that are being checked included. */
  all(): PooledSession[] {
    return [...this.#idle, ...this.#checking];
  }

  /** Takes the one that was used last, of those that can be lent out. */
  take(): PooledSession | null {
    for (let pooled = this.#idle.pop(); pooled !== undefined; pooled = this.#idle.pop()) {
      if (!this.#host.isFit(pooled)) this.#host.discard(pooled);
      else if (this.#clock.now() >= this.#checkDue(pooled)) this.#check(pooled);
      else return pooled;
    }
    return null;
  }

  /** Takes the one that was used last of those that `accept` takes. */
  takeWhere(accept: (pooled: PooledSession) => boolean): PooledSession | null {
    const now = this.#clock.now();
    const found = this.#idle.findLast(
      (pooled) => this.#host.isFit(pooled) && now < this.#checkDue(pooled) && accept(pooled),
    );
    if (found === undefined) return null;
    this.#idle.splice(this.#idle.indexOf(found), 1);
    return found;
  }

  add(pooled: PooledSession): void {
    pooled.state = 'idle';
    pooled.idleSince = this.#clock.now();
    this.#idle.push(pooled);
    this.#watch(pooled);
  }

  /** It is gone, if it was here at all. */
  remove(pooled: PooledSession): void {
    const at = this.#idle.indexOf(pooled);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#checking.delete(pooled);
    if (this.#idle.length > 0 || this.#timer === null) return;
    this.#timer.cancel();
    this.#timer = null;
    this.#lookAt = Infinity;
  }

  /** Closes a resting connection when its time has come, or has it checked. */
  #watch(pooled: PooledSession): void {
    const now = this.#clock.now();
    const lifetime = this.#settings.maxInactiveConnectionLifetime || Infinity;
    const dueIdle = pooled.idleSince + lifetime;
    // Timers may be early by a fraction.
    if (now + 1 >= pooled.expiresAt || (this.#host.isAboveFloor() && now + 1 >= dueIdle)) {
      this.#host.discard(pooled);
      return;
    }
    const checkDue = this.#checkDue(pooled);
    if (now + 1 >= checkDue) {
      this.#idle.splice(this.#idle.indexOf(pooled), 1);
      this.#check(pooled);
      return;
    }
    const due = Math.min(now + 1 < dueIdle ? dueIdle : Infinity, pooled.expiresAt, checkDue);
    this.#lookBy(due, now);
  }

  /** One timer for all: those that are used and come back all the time need none set and cancelled each time. */
  #lookBy(due: number, now: number): void {
    if (due >= this.#lookAt) return;
    this.#timer?.cancel();
    this.#lookAt = due;
    this.#timer = this.#clock.setTimer(due - now, () => this.#look(), false);
  }

  #look(): void {
    this.#timer = null;
    this.#lookAt = Infinity;
    for (const pooled of [...this.#idle]) if (pooled.state === 'idle') this.#watch(pooled);
  }

  /** When a connection has been silent for so long that it must not be lent out unchecked. */
  #checkDue(pooled: PooledSession): number {
    return pooled.heardAt + (this.#settings.validate || Infinity);
  }

  /** Has the server answer a lone Sync. A caller that needs a connection meanwhile waits. */
  #check(pooled: PooledSession): void {
    const { session } = pooled.client;
    pooled.state = 'checking';
    this.#checking.add(pooled);
    pooled.watch(this.#settings.validateTimeout, () => session.destroy(null));
    session.submitInner(new SyncRequest(() => this.#checked(pooled)));
  }

  /** It goes back where it was: the check does not count as a use of it. */
  #checked(pooled: PooledSession): void {
    if (!this.#checking.delete(pooled)) return;
    pooled.unwatch();
    if (this.#host.isAwaited()) {
      this.#host.reuse(pooled);
      return;
    }
    pooled.state = 'idle';
    const later = this.#idle.findIndex(({ idleSince }) => idleSince > pooled.idleSince);
    this.#idle.splice(later < 0 ? this.#idle.length : later, 0, pooled);
    this.#watch(pooled);
  }
}
