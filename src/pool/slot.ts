import type { Lane } from '../client/lane.ts';
import type { Clock, Timer } from '../transport/clock.ts';

/** Who uses a slot's connection. */
export type SlotState =
  /** Nobody. */
  | 'idle'
  /** One-shot queries, one or more. */
  | 'shared'
  /** One holder, or the pool itself (hooks, reset). */
  | 'leased'
  /** Nobody ever again. */
  | 'gone';

/** One connection of the pool, and what the pool keeps in mind of it. */
export class Slot {
  readonly lane: Lane;
  readonly generation: number;
  state: SlotState = 'leased';
  /** One-shot queries under way. */
  users = 0;
  /** When the present holder got it, in the clock's milliseconds. */
  leasedAt = 0;
  /** When it is to be replaced; Infinity: never. */
  readonly expiresAt: number;
  readonly #clock: Clock;
  #idleTimer: Timer | null = null;

  constructor(lane: Lane, generation: number, clock: Clock, lifetime: number) {
    this.lane = lane;
    this.generation = generation;
    this.#clock = clock;
    // Connections that were opened together must not all be replaced together.
    const jitter = 0.9 + Math.random() * 0.2;
    this.expiresAt = lifetime > 0 ? clock.now() + lifetime * jitter : Infinity;
    this.leasedAt = clock.now();
  }

  /** Calls `onIdle` when the slot has stayed unused for so long. */
  watchIdle(lifetime: number, onIdle: () => void): void {
    if (lifetime > 0) this.#idleTimer = this.#clock.setTimer(lifetime, onIdle, false);
  }

  unwatchIdle(): void {
    this.#idleTimer?.cancel();
    this.#idleTimer = null;
  }
}
