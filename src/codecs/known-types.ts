import { builtinType } from './builtin-types.ts';
import { RECORD } from './oids.ts';
import { partsOf, type TypeDescription } from './type-description.ts';

/**
 * The most types that a session asks for along with one that it needs, because the pool has met
 * them: then most connections ask once. A program that uses more asks for the others as it goes.
 */
const MAX_ALONG = 250;

/**
 * What the sessions of a pool tell each other of types. None believes it: the next connection may
 * lead to another server, where the same OID is another type. It says what to ask for at once.
 */
class PoolTypes {
  /** As some session was told last. */
  readonly met = new Map<number, TypeDescription>();
  /** Types that a value turned out to need. They are asked for with the next missing ones. */
  readonly wanted = new Set<number>();
  /** Grows whenever the sessions have to look at what they know. */
  epoch = 0;
  /** Grows whenever what they know of types may be wrong now. */
  doubts = 0;
  schemaVersion = 0;
}

/**
 * What one session's server has told it of types. An OID does not say that its type is still the
 * same: attributes are renamed, and only the catalogs know. So what may have changed is in doubt
 * until the session has asked for it once more; then it is found to be as it was, or another.
 */
export class KnownTypes {
  readonly #pool: PoolTypes;
  readonly #told = new Map<number, TypeDescription>();
  /** What was told before it came into doubt. */
  readonly #doubted = new Map<number, TypeDescription>();
  #epoch = 0;
  /** How much of `epoch` is taken into account in what is known. */
  #seenEpoch: number;
  #seenDoubts: number;
  #isInDoubt = false;
  /** Grows whenever a type is not what it was. */
  changes = 0;
  /** Grows whenever a description is no longer there, or another. */
  version = 0;

  constructor(pool: PoolTypes = new PoolTypes()) {
    this.#pool = pool;
    this.#seenEpoch = pool.epoch;
    this.#seenDoubts = pool.doubts;
  }

  /** Those of another session of the pool. */
  fork(): KnownTypes {
    return new KnownTypes(this.#pool);
  }

  /** Grows whenever what is known may be wrong, or is found to be. */
  get epoch(): number {
    return this.#epoch + this.#pool.epoch;
  }

  /** The epoch for which what is known is right. */
  get seenEpoch(): number {
    return this.#seenEpoch;
  }

  get schemaVersion(): number {
    return this.#pool.schemaVersion;
  }

  schemaChanged(): void {
    this.#pool.schemaVersion++;
  }

  get(oid: number): TypeDescription | undefined {
    return builtinType(oid) ?? this.#told.get(oid);
  }

  /** See `CodecSource.doubt`. */
  doubt(): void {
    this.#isInDoubt = true;
    this.#epoch++;
  }

  /** Has the other sessions of the pool doubt what they know. */
  doubtElsewhere(): void {
    this.#pool.doubts++;
    this.#seenDoubts++;
    this.#pool.epoch++;
    this.#seenEpoch++;
  }

  /** Sets what is in doubt aside, so that it is missing. Whether there was a doubt. */
  catchUp(): boolean {
    const isInDoubt = this.#isInDoubt || this.#seenDoubts !== this.#pool.doubts;
    if (isInDoubt) {
      for (const [oid, type] of this.#told) this.#doubted.set(oid, type);
      this.#told.clear();
      this.version++;
      this.#isInDoubt = false;
      this.#seenDoubts = this.#pool.doubts;
    }
    this.#seenEpoch = this.epoch;
    return isInDoubt;
  }

  want(oids: readonly number[]): void {
    for (const oid of oids) this.#pool.wanted.add(oid);
    this.#pool.epoch++;
  }

  missing(oids: Iterable<number>): number[] {
    const missing = new Set<number>();
    const seen = new Set<number>();
    const pending = [...oids, ...this.#pool.wanted];
    let hasRecord = false;
    for (let oid = pending.pop(); oid !== undefined; oid = pending.pop()) {
      if (seen.has(oid)) continue;
      seen.add(oid);
      if (oid === RECORD) hasRecord = true;
      const known = this.get(oid);
      if (known === undefined) missing.add(oid);
      const type = known ?? this.#presumed(oid);
      if (type !== undefined) pending.push(...partsOf(type));
    }
    // What an anonymous record is made of comes to light with its values.
    if (missing.size > 0 || hasRecord) this.#addAlong(missing);
    return [...missing];
  }

  /** What a type probably is: enough to ask for all that it is made of in one go. */
  #presumed(oid: number): TypeDescription | undefined {
    return this.#doubted.get(oid) ?? this.#pool.met.get(oid);
  }

  #addAlong(missing: Set<number>): void {
    for (const presumed of [this.#doubted, this.#pool.met]) {
      for (const oid of presumed.keys()) {
        if (missing.size >= MAX_ALONG) return;
        if (!this.#told.has(oid)) missing.add(oid);
      }
    }
  }

  composites(oids: Iterable<number>): number[] {
    const seen = new Set(oids);
    const composites: number[] = [];
    for (const oid of seen) {
      const type = this.get(oid) ?? this.#doubted.get(oid);
      if (type === undefined) continue;
      for (const part of partsOf(type)) seen.add(part);
      if (type.typtype === 'c') composites.push(oid);
    }
    return composites;
  }

  define(types: readonly TypeDescription[]): void {
    const { met, wanted } = this.#pool;
    let isOther = false;
    let isChanged = false;
    for (const type of types) {
      const { oid } = type;
      wanted.delete(oid);
      if (builtinType(oid) !== undefined) continue;
      const before = this.#told.get(oid) ?? this.#doubted.get(oid);
      this.#doubted.delete(oid);
      if (before !== undefined && isSame(before, type)) {
        this.#told.set(oid, before);
        continue;
      }
      const presumed = before ?? met.get(oid);
      const told = presumed !== undefined && isSame(presumed, type) ? presumed : type;
      this.#told.set(oid, told);
      met.set(oid, told);
      isOther ||= presumed !== undefined && presumed !== told;
      isChanged ||= before !== undefined;
    }
    // Either a type has changed, or this is not the server that others have asked.
    if (isOther) this.doubtElsewhere();
    if (!isChanged) return;
    this.#changed();
    // Others may have changed along with it.
    if (this.#told.size > types.length) this.doubt();
  }

  forget(): void {
    this.#told.clear();
    this.#doubted.clear();
    this.#pool.met.clear();
    this.#changed();
    this.doubtElsewhere();
    this.#pool.schemaVersion++;
  }

  #changed(): void {
    this.changes++;
    this.version++;
    this.#epoch++;
    this.#seenEpoch++;
  }
}

function isSame(one: TypeDescription, other: TypeDescription): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
