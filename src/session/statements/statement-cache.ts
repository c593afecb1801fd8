import type { CodecSource } from '../../codecs/codec-source.ts';
import type { Clock } from '../../transport/clock.ts';
import type { Scope } from './scope.ts';
import type { Statement } from './statement.ts';

export interface StatementCacheOptions {
  /** How many statements are kept; 0 keeps none. */
  readonly size: number;
  /** Milliseconds until a statement is prepared afresh; 0 is never. */
  readonly lifetime: number;
  /** Longer texts, in characters, are not kept; 0 is no limit. */
  readonly maxTextLength: number;
}

interface Entry {
  readonly statement: Statement;
  readonly expiresAt: number;
  /** The session's own definitions when it was prepared. */
  readonly definitions: number;
}

/** What a cache needs to know of the session's surroundings: see Surroundings. */
interface Around {
  readonly scope: Scope;
  readonly definitions: { readonly count: number; readonly alteredAt: number };
  readonly mayRepeat: () => boolean;
}

/** The statements of one scope by their texts, least recently used first. */
type Entries = Map<string, Entry>;

/**
 * The statements that one session knows: those that are prepared on the server, or what was told
 * of unnamed ones. Each belongs to the surroundings that it was prepared in, and is not found in
 * others; the least recently used go first, of the surroundings as well. A change of the schema that
 * any session of the pool has met empties it.
 */
export class StatementCache {
  readonly #options: StatementCacheOptions;
  readonly #clock: Clock;
  readonly #registry: CodecSource;
  readonly #surroundings: Around;
  readonly #close: (name: string) => void;
  #schemaVersion: number;
  /** The present surroundings, as far as this cache was asked since they changed. */
  #scope: Scope;
  /** Their statements. */
  #entries: Entries = new Map();
  /** Those of all surroundings, least recently used first. */
  readonly #scopes = new Map<Scope, Entries>();
  /** Statements of other surroundings. */
  #others = 0;
  /** When statements are kept again, by the clock; 0: they are. */
  #resumesAt = 0;

  constructor(
    options: StatementCacheOptions,
    clock: Clock,
    registry: CodecSource,
    surroundings: Around,
    close: (name: string) => void,
  ) {
    this.#options = options;
    this.#clock = clock;
    this.#registry = registry;
    this.#schemaVersion = registry.schemaVersion;
    this.#surroundings = surroundings;
    this.#scope = surroundings.scope;
    this.#scopes.set(this.#scope, this.#entries);
    this.#close = close;
  }

  /** Whether statements are kept at all. */
  get isKeeping(): boolean {
    return this.#options.size > 0;
  }

  /** Whether a query of this text is kept at all. */
  accepts(text: string): boolean {
    const { size, maxTextLength } = this.#options;
    if (this.#resumesAt > 0 && this.#clock.now() < this.#resumesAt) return false;
    return size > 0 && (maxTextLength === 0 || text.length <= maxTextLength);
  }

  get(text: string): Statement | undefined {
    if (this.#schemaVersion !== this.#registry.schemaVersion) this.clear();
    const surroundings = this.#surroundings;
    if (this.#scope !== surroundings.scope) this.#enter();
    const entry = this.#entries.get(text);
    if (entry === undefined) return undefined;
    if (entry.definitions !== surroundings.definitions.count && !this.#mayTry(entry)) {
      this.delete(text);
      return undefined;
    }
    if (this.#options.lifetime > 0 && this.#clock.now() >= entry.expiresAt) {
      this.delete(text);
      return undefined;
    }
    // Making the entry the youngest costs two Map operations: only needed when room is short.
    if ((this.#entries.size + this.#others) * 2 > this.#options.size) {
      this.#entries.delete(text);
      this.#entries.set(text, entry);
    }
    return entry.statement;
  }

  /** What a definition made doubtful is tried only where there is a failure, and it would not be seen. */
  #mayTry({ definitions, statement }: Entry): boolean {
    const { definitions: own, mayRepeat } = this.#surroundings;
    return mayRepeat() && (definitions >= own.alteredAt || !statement.kind.callsUnknown);
  }

  /** The surroundings are others than before. */
  #enter(): void {
    const { scope } = this.#surroundings;
    this.#others += this.#entries.size;
    if (this.#entries.size === 0) this.#scopes.delete(this.#scope);
    this.#scope = scope;
    this.#entries = this.#scopes.get(scope) ?? new Map();
    this.#others -= this.#entries.size;
    this.#scopes.delete(scope);
    this.#scopes.set(scope, this.#entries);
  }

  /** Whether the statement is still kept under this text, in whichever surroundings. */
  has(text: string, statement: Statement): boolean {
    return this.#entriesWith(text, statement) !== undefined;
  }

  #entriesWith(text: string, statement: Statement): Entries | undefined {
    if (this.#entries.get(text)?.statement === statement) return this.#entries;
    if (this.#others === 0) return undefined;
    for (const entries of this.#scopes.values()) {
      if (entries.get(text)?.statement === statement) return entries;
    }
    return undefined;
  }

  /** Whether the session may have changed the schema since it prepared the statement. */
  isDoubtful(text: string, statement: Statement): boolean {
    const entry = this.#entriesWith(text, statement)?.get(text);
    return entry !== undefined && entry.definitions !== this.#surroundings.definitions.count;
  }

  set(text: string, statement: Statement): void {
    if (this.#scope !== this.#surroundings.scope) this.#enter();
    this.delete(text);
    this.#entries.set(text, {
      statement,
      expiresAt: this.#clock.now() + this.#options.lifetime,
      definitions: this.#surroundings.definitions.count,
    });
    if (this.#entries.size + this.#others > this.#options.size) this.#deleteOldest();
  }

  #deleteOldest(): void {
    for (const [scope, entries] of this.#scopes) {
      for (const [text, { statement }] of entries) {
        entries.delete(text);
        if (entries !== this.#entries) {
          this.#others -= 1;
          if (entries.size === 0) this.#scopes.delete(scope);
        }
        this.#close(statement.name);
        return;
      }
    }
  }

  /** Puts the same statement, compiled anew, in the place of the old one. */
  replace(text: string, old: Statement, statement: Statement): void {
    const entries = this.#entriesWith(text, old);
    entries?.set(text, { ...entries.get(text)!, statement });
  }

  /** Forgets the text's statement in the present surroundings and has it closed on the server. */
  delete(text: string): void {
    const entry = this.#entries.get(text);
    if (entry === undefined) return;
    this.#entries.delete(text);
    this.#close(entry.statement.name);
  }

  /** Forgets this statement, in whichever surroundings it is kept. Whether it was. */
  deleteStatement(text: string, statement: Statement): boolean {
    const entries = this.#entriesWith(text, statement);
    if (entries === undefined) return false;
    entries.delete(text);
    if (entries !== this.#entries) this.#others -= 1;
    this.#close(statement.name);
    return true;
  }

  /** Keeps nothing for as long as a statement would be kept. */
  giveUp(): void {
    const { lifetime } = this.#options;
    this.#resumesAt = lifetime > 0 ? this.#clock.now() + lifetime : Infinity;
    this.clear();
  }

  /**
   * Forgets statements and has them closed on the server.
   *
   * @param texts which of them; null: all
   */
  clear(texts: RegExp | null = null): void {
    if (texts !== null) {
      this.#clearSome(texts);
      return;
    }
    this.#schemaVersion = this.#registry.schemaVersion;
    const all = [...this.#scopes.values()];
    this.#scopes.clear();
    this.#others = 0;
    this.#scope = this.#surroundings.scope;
    this.#entries = new Map();
    this.#scopes.set(this.#scope, this.#entries);
    for (const entries of all) {
      for (const { statement } of entries.values()) this.#close(statement.name);
    }
  }

  #clearSome(texts: RegExp): void {
    for (const entries of this.#scopes.values()) {
      for (const [text, { statement }] of entries) {
        if (!texts.test(text)) continue;
        entries.delete(text);
        if (entries !== this.#entries) this.#others -= 1;
        this.#close(statement.name);
      }
    }
  }
}
