import type { CodecSource } from '../../codecs/codec-source.ts';
import type { Clock } from '../../transport/clock.ts';
import type { Server } from '../server.ts';
import { StatementCache, type StatementCacheOptions } from './statement-cache.ts';
import { Surroundings } from './surroundings.ts';

/** How many unnamed statements' descriptions are kept at least. */
const MIN_DESCRIPTIONS = 100;
const NONE: readonly string[] = [];

/** What a session knows of statements, and which of them are to be closed on the server. */
export class KnownStatements {
  /** The statements that are prepared on the server under a name. */
  readonly named: StatementCache;
  /** What the server has told of statements that are parsed anew for each execution. */
  readonly unnamed: StatementCache;
  /** What they were prepared in. */
  readonly surroundings: Surroundings;
  readonly #codecs: CodecSource;
  #closes: string[] = [];

  constructor(
    options: StatementCacheOptions,
    clock: Clock,
    codecs: CodecSource,
    server: Server,
    mayRepeat: () => boolean,
  ) {
    this.#codecs = codecs;
    this.surroundings = new Surroundings(server, mayRepeat, (texts) => {
      this.named.clear(texts);
      this.unnamed.clear(texts);
    });
    this.named = new StatementCache(options, clock, codecs, this.surroundings, (name) =>
      this.close(name),
    );
    const size = Math.max(options.size, MIN_DESCRIPTIONS);
    this.unnamed = new StatementCache(
      { ...options, size },
      clock,
      codecs,
      this.surroundings,
      () => {},
    );
  }

  /** Where what is known of a query is kept; `prepare` is false for one that is to have no name. */
  storeFor(text: string, prepare: boolean): StatementCache {
    return prepare && this.named.accepts(text) ? this.named : this.unnamed;
  }

  /**
   * Forgets every statement: one turned out to be outdated, the others may be as well.
   * `schema`: on the pool's other sessions too, as the schema has changed.
   */
  forget(schema: boolean): void {
    if (schema) this.#codecs.schemaChanged();
    this.surroundings.renew();
  }

  /** Has the statement closed on the server, with the next flight. */
  close(name: string): void {
    if (name !== '') this.#closes.push(name);
  }

  /** The statements to close, whose Close rides along with an extended query. */
  takeCloses(): readonly string[] {
    if (this.#closes.length === 0) return NONE;
    const closes = this.#closes;
    this.#closes = [];
    return closes;
  }

  /** They were not closed after all. */
  returnCloses(names: readonly string[]): void {
    this.#closes.unshift(...names);
  }
}
