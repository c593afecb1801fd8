/** So many bytes may wait, as they came, before no more is read: rows may be large. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Below this share of what may wait reading goes on. */
const LOW_WATER = 0.25;

/** What waits for a consumer: how many rows or changes, and about how many bytes. */
export class Backlog {
  count = 0;
  #bytes = 0;
  readonly #most: number;

  /** @param most how many may wait */
  constructor(most: number) {
    this.#most = most;
  }

  /** What has come last is of this size. */
  weigh(bytes: number): void {
    this.#bytes += bytes;
  }

  /** So many wait no more. What each of them weighs is not kept: they are all alike. */
  leave(count: number): void {
    const left = this.count - count;
    this.#bytes = left > 0 ? (this.#bytes * left) / this.count : 0;
    this.count = left;
  }

  get isFull(): boolean {
    return this.count >= this.#most || this.#bytes >= MOST_BYTES;
  }

  get isLow(): boolean {
    return this.count <= this.#most * LOW_WATER && this.#bytes <= MOST_BYTES * LOW_WATER;
  }

  /** So many of those that wait now may be left when reading goes on. */
  get low(): number {
    const ofBytes = (this.count * MOST_BYTES * LOW_WATER) / Math.max(1, this.#bytes);
    return Math.floor(Math.min(this.#most * LOW_WATER, ofBytes));
  }
}
