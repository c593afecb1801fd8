import type { AsyncLocalStorage } from 'node:async_hooks';
import { InterfaceError } from '../../errors/client-errors.ts';
import { builtinModule } from '../../runtime/builtin-module.ts';

/** The feed that the running code is the source of, whichever session's; null before the first. */
let contexts: AsyncLocalStorage<Feed> | null = null;

/**
 * A request takes its data from a source of the user's that may wait. What the source itself calls on
 * the same session would come behind the request, which waits for the source.
 */
export class Feed {
  /** The feed whose source has made the call that this one is of. */
  readonly #around: Feed | undefined = contexts?.getStore();

  /** Runs what pulls from the source: calls that are made from there are inside of it. */
  run<R>(pull: () => R): R {
    contexts ??= new (builtinModule('node:async_hooks').AsyncLocalStorage)<Feed>();
    return contexts.run(this, pull);
  }

  /** Whether the running code is the source, or what that has called. */
  get isAround(): boolean {
    let feed = contexts?.getStore();
    while (feed !== undefined && feed !== this) feed = feed.#around;
    return feed === this;
  }
}

/** What a call is rejected with that the source of a request makes on the same session. */
export function calledBySource(): InterfaceError {
  return refusal('a connection', 'a COPY or executeMany that is under way on it', 'connection');
}

/** The same of a call on a pool, all of whose connections wait for the source. */
export function poolCalledBySource(): InterfaceError {
  return refusal('a pool', 'a COPY or executeMany that has its last connection', 'pool');
}

function refusal(what: string, taker: string, other: string): InterfaceError {
  return new InterfaceError(
    `cannot use ${what} in the source of ${taker}: the call would wait for itself`,
    { hint: `Read what the source needs before, or on another ${other}.`, safeToRetry: true },
  );
}
