import type { Replacement } from './replacement.ts';

/** The codecs that were set in place of types' own, by the OIDs of the types. */
export class SetCodecs {
  readonly #set = new Map<number, Replacement>();
  /** Those of them that are the session's own, whoever holds it. */
  #kept: ReadonlyMap<number, Replacement> = this.#set;

  get(oid: number): Replacement | undefined {
    return this.#set.get(oid);
  }

  set(oid: number, replacement: Replacement): void {
    this.#set.set(oid, replacement);
  }

  /** Whether there was one. */
  delete(oid: number): boolean {
    return this.#set.delete(oid);
  }

  /** Those that are there now are the session's own. */
  keep(): void {
    this.#kept = new Map(this.#set);
  }

  /** Leaves the session's own, as they were, and no others. Returns the types whose codecs are others now. */
  restore(): number[] {
    const changed = [...new Set([...this.#set.keys(), ...this.#kept.keys()])].filter(
      (oid) => this.#set.get(oid) !== this.#kept.get(oid),
    );
    for (const oid of changed) {
      const replacement = this.#kept.get(oid);
      if (replacement === undefined) this.#set.delete(oid);
      else this.#set.set(oid, replacement);
    }
    return changed;
  }
}
