import { Fence } from '../session/requests/sync-request.ts';
import type { Clock } from '../transport/clock.ts';
import type { PoolSettings } from './pool-options.ts';
import type { Slot } from './pooled-session.ts';

/** What connections at rest need of their stock. */
export interface RestHost {
  /** Whether there are more connections than the pool keeps at least. */
  readonly isAboveFloor: () => boolean;
  /** Whether somebody waits for a connection. */
  readonly isAwaited: () => boolean;
  readonly isFit: (slot: Slot) => boolean;
  /** Hands a connection to whoever waits. */
  readonly takeBack: (slot: Slot) => void;
  /** Closes a connection; it is `remove`d. */
  readonly discard: (slot: Slot) => void;
}

/**
 * The connections that nobody uses: how long each may rest, and which of them the server has to
 * answer on before they are lent out, since they have been silent for long.
 */
export class RestingSlots {
  readonly #settings: PoolSettings;
  readonly #clock: Clock;
  readonly #host: RestHost;
  /** The most recently used last: it is the first to be used again. */
  readonly #idle: Slot[] = [];
  /** Those of which it is not known whether the server still is at their other end. */
  readonly #checking = new Set<Slot>();

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
  all(): Slot[] {
    return [...this.#idle, ...this.#checking];
  }

  /** Takes the one that was used last, of those that can be lent out. */
  take(): Slot | null {
    for (let slot = this.#idle.pop(); slot !== undefined; slot = this.#idle.pop()) {
      slot.unwatch();
      if (!this.#host.isFit(slot)) this.#host.discard(slot);
      else if (this.#clock.now() >= this.#checkDue(slot)) this.#check(slot);
      else return slot;
    }
    return null;
  }

  add(slot: Slot): void {
    slot.state = 'idle';
    slot.idleSince = this.#clock.now();
    this.#idle.push(slot);
    this.#watch(slot);
  }

  /** It is gone, if it was here at all. */
  remove(slot: Slot): void {
    const at = this.#idle.indexOf(slot);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#checking.delete(slot);
  }

  /** Closes a resting connection when its time has come, or has it checked. */
  #watch(slot: Slot): void {
    const now = this.#clock.now();
    const lifetime = this.#settings.maxInactiveConnectionLifetime || Infinity;
    const dueIdle = slot.idleSince + lifetime;
    // Timers may be early by a fraction.
    if (now + 1 >= slot.expiresAt || (this.#host.isAboveFloor() && now + 1 >= dueIdle)) {
      this.#host.discard(slot);
      return;
    }
    const checkDue = this.#checkDue(slot);
    if (now + 1 >= checkDue) {
      this.#idle.splice(this.#idle.indexOf(slot), 1);
      this.#check(slot);
      return;
    }
    const due = Math.min(now + 1 < dueIdle ? dueIdle : Infinity, slot.expiresAt, checkDue);
    slot.watch(due - now, () => this.#watch(slot));
  }

  /** When a connection has been silent for so long that it must not be lent out unchecked. */
  #checkDue(slot: Slot): number {
    return slot.heardAt + (this.#settings.validate || Infinity);
  }

  /** Has the server answer a lone Sync. Whoever needs a connection meanwhile waits in line. */
  #check(slot: Slot): void {
    const { session } = slot.lane;
    slot.state = 'checking';
    this.#checking.add(slot);
    slot.watch(this.#settings.validateTimeout, () => session.destroy(null));
    session.submitInner(new Fence(() => this.#checked(slot)));
  }

  /** It goes back where it was: an answer to the pool is no use that anybody made of it. */
  #checked(slot: Slot): void {
    if (!this.#checking.delete(slot)) return;
    slot.unwatch();
    if (this.#host.isAwaited()) {
      this.#host.takeBack(slot);
      return;
    }
    slot.state = 'idle';
    const later = this.#idle.findIndex(({ idleSince }) => idleSince > slot.idleSince);
    this.#idle.splice(later < 0 ? this.#idle.length : later, 0, slot);
    this.#watch(slot);
  }
}
