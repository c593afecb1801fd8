import type { CodecSource } from '../../codecs/codec-source.ts';
import type { Clock } from '../../transport/clock.ts';
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
  /** How many changes of the schema had gone through the session when it was prepared. */
  readonly changes: number;
}

/**
 * The statements that one session knows, least recently used first: those that are prepared on
 * the server, or what was told of unnamed ones. A change of the schema that any session of the
 * pool has met empties it.
 */
export class StatementCache {
  readonly #options: StatementCacheOptions;
  readonly #clock: Clock;
  readonly #registry: CodecSource;
  readonly #close: (name: string) => void;
  #schemaVersion: number;
  readonly #entries = new Map<string, Entry>();
  /** Changes of the schema that went through this session. */
  #changes = 0;
  /** When statements are kept again, by the clock; 0: they are. */
  #resumesAt = 0;

  constructor(
    options: StatementCacheOptions,
    clock: Clock,
    registry: CodecSource,
    close: (name: string) => void,
  ) {
    this.#options = options;
    this.#clock = clock;
    this.#registry = registry;
    this.#schemaVersion = registry.schemaVersion;
    this.#close = close;
  }

  /** Whether a query of this text is kept at all. */
  accepts(text: string): boolean {
    const { size, maxTextLength } = this.#options;
    if (this.#resumesAt > 0 && this.#clock.now() < this.#resumesAt) return false;
    return size > 0 && (maxTextLength === 0 || text.length <= maxTextLength);
  }

  get(text: string): Statement | undefined {
    if (this.#schemaVersion !== this.#registry.schemaVersion) this.clear();
    const entry = this.#entries.get(text);
    if (entry === undefined) return undefined;
    if (this.#options.lifetime > 0 && this.#clock.now() >= entry.expiresAt) {
      this.delete(text);
      return undefined;
    }
    // Making the entry the youngest costs two Map operations: only needed when room is short.
    if (this.#entries.size * 2 > this.#options.size) {
      this.#entries.delete(text);
      this.#entries.set(text, entry);
    }
    return entry.statement;
  }

  /** Whether the statement is still kept under this text. */
  has(text: string, statement: Statement): boolean {
    return this.#entries.get(text)?.statement === statement;
  }

  set(text: string, statement: Statement): void {
    this.delete(text);
    this.#entries.set(text, {
      statement,
      expiresAt: this.#clock.now() + this.#options.lifetime,
      changes: this.#changes,
    });
    if (this.#entries.size > this.#options.size) {
      const oldest = this.#entries.keys().next().value;
      if (oldest !== undefined) this.delete(oldest);
    }
  }

  /** The session is about to change the schema. */
  noteChange(): void {
    this.#changes += 1;
  }

  /** Whether the session may have changed the schema since it prepared the statement. */
  isDoubtful(text: string, statement: Statement): boolean {
    const entry = this.#entries.get(text);
    return entry?.statement === statement && entry.changes !== this.#changes;
  }

  /** Puts the same statement, compiled anew, in the place of the old one. */
  replace(text: string, statement: Statement): void {
    const entry = this.#entries.get(text);
    if (entry !== undefined) this.#entries.set(text, { ...entry, statement });
  }

  /** Forgets a statement and has it closed on the server. */
  delete(text: string): void {
    const entry = this.#entries.get(text);
    if (entry === undefined) return;
    this.#entries.delete(text);
    this.#close(entry.statement.name);
  }

  /** Keeps nothing for as long as a statement would be kept. */
  giveUp(): void {
    const { lifetime } = this.#options;
    this.#resumesAt = lifetime > 0 ? this.#clock.now() + lifetime : Infinity;
    this.clear();
  }

  /** Forgets all statements and has them closed on the server. */
  clear(): void {
    this.#schemaVersion = this.#registry.schemaVersion;
    for (const text of [...this.#entries.keys()]) this.delete(text);
  }
}
