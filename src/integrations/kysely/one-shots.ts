import {
  type CompiledQuery,
  PostgresQueryCompiler,
  type QueryId,
  type RootOperationNode,
} from 'kysely';

/**
 * Tells a query that Kysely makes on its own from the first of several on one connection: to a driver they
 * look alike. The former is compiled, and in the same turn a connection is asked for; who wants a
 * connection for several queries compiles them when it is there. What cannot be told has a connection to
 * itself.
 */
export class OneShots {
  #last: CompiledQuery | null = null;
  /** Those compiled before the driver was ready, which wait for it. */
  #early: WeakSet<CompiledQuery> | null = new WeakSet();
  #isReady = false;

  /** A query has been compiled. */
  note(query: CompiledQuery): void {
    this.#last = query;
    if (this.#isReady) this.#early = null;
    this.#early?.add(query);
  }

  /** The driver is ready, and those that wait for it ask for connections now. */
  ready(): void {
    this.#isReady = true;
  }

  /** A connection is asked for: what tells whether the first query on it is the only one. */
  expect(): (query: CompiledQuery) => boolean {
    const expected = this.#last;
    const early = this.#early;
    this.#last = null;
    return (query) => query === expected || early?.has(query) === true;
  }
}

/** Kysely's compiler, which tells what it has compiled. */
export class NotingCompiler extends PostgresQueryCompiler {
  readonly #oneShots: OneShots;

  constructor(oneShots: OneShots) {
    super();
    this.#oneShots = oneShots;
  }

  override compileQuery(node: RootOperationNode, queryId: QueryId): CompiledQuery {
    const query = super.compileQuery(node, queryId);
    this.#oneShots.note(query);
    return query;
  }
}
