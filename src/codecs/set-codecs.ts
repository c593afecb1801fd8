import type { Replacement } from './replacement.ts';

/** A codec that was set in place of a type's own. */
export interface SetCodec {
  readonly replacement: Replacement;
  /** Of a domain, the OID of the type that it is made of in the end; null of other types. */
  readonly base: number | null;
}

/** The codecs that were set in place of types' own, by the OIDs of the types. */
export class SetCodecs {
  readonly #set = new Map<number, SetCodec>();
  /** Those of them that are the session's own, whoever holds it. */
  #kept: ReadonlyMap<number, SetCodec> = this.#set;

  get(oid: number): SetCodec | undefined {
    return this.#set.get(oid);
  }

  set(oid: number, codec: SetCodec): void {
    this.#set.set(oid, codec);
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
    if (this.#set.size === 0 && this.#kept.size === 0) return [];
    const changed = [...new Set([...this.#set.keys(), ...this.#kept.keys()])].filter(
      (oid) => this.#set.get(oid) !== this.#kept.get(oid),
    );
    for (const oid of changed) {
      const codec = this.#kept.get(oid);
      if (codec === undefined) this.#set.delete(oid);
      else this.#set.set(oid, codec);
    }
    return changed;
  }
}
