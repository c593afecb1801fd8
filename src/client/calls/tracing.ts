import type { TracingChannel } from 'node:diagnostics_channel';
import { builtinModule } from '../../runtime/builtin-module.ts';

/** What is traced, each on a TracingChannel named `asyncpg:` and this. */
export type Traced = 'query' | 'connect' | 'prepare' | 'transaction' | 'copy' | 'pool.acquire';

/**
 * What subscribers get. One of `start` may set `run`: the work is then done by it, so that a context
 * which the subscriber has made is the current one inside.
 */
export interface TracedMessage {
  run?: <R>(work: () => R) => R;
}

type Channel = TracingChannel<string, TracedMessage>;

const { channel: plainChannel, tracingChannel } = /* @__PURE__ */ builtinModule(
  'node:diagnostics_channel',
);

/** Made when they are first asked for: few programs need all of them. */
const CHANNELS: Partial<Record<Traced, Channel>> = {};

function channelOf(what: Traced): Channel {
  CHANNELS[what] ??= tracingChannel<string, TracedMessage>(`asyncpg:${what}`);
  return CHANNELS[what];
}

/** A connection that one holder had for itself has come back to its pool. */
export const RELEASES = /* @__PURE__ */ plainChannel('asyncpg:pool.release');

/** How an observer has work done in no call's context. There is none unless somebody has asked for it. */
export const OUTSIDE: { run: (<R>(work: () => R) => R) | null } = { run: null };

/**
 * Does what the driver does by itself, such as to open a lost connection again. What is traced of it is in no call:
 * the callbacks of sockets and timers run in the context of the call that made these, and that ended long ago.
 */
export function ofNoCall<R>(work: () => R): R {
  return OUTSIDE.run === null ? work() : OUTSIDE.run(work);
}

/** Whether the channel has subscribers. Node 20 has no such property for a whole TracingChannel. */
export function isTraced(what: Traced): boolean {
  const { start, end, asyncStart, asyncEnd, error } = channelOf(what);
  return (
    start.hasSubscribers ||
    end.hasSubscribers ||
    asyncStart.hasSubscribers ||
    asyncEnd.hasSubscribers ||
    error.hasSubscribers
  );
}

/**
 * Runs `work`, traced on a channel of `node:diagnostics_channel` if that has subscribers. The
 * message is what `context` makes: `{ query, args }` of a call, for others what they say; in the
 * end it has `result` or `error` as well. Never a password. Without subscribers it costs nothing.
 *
 * @example
 * tracingChannel('asyncpg:query').subscribe({
 *   start(message) { message.startedAt = performance.now(); },
 *   asyncEnd(message) { console.log(message.query, performance.now() - message.startedAt); },
 *   end() {}, asyncStart() {}, error() {},
 * });
 */
export function traced<R>(what: Traced, context: () => object, work: () => Promise<R>): Promise<R> {
  if (!isTraced(what)) return work();
  const message: TracedMessage = context();
  const run = (): Promise<R> => (message.run === undefined ? work() : message.run(work));
  return channelOf(what).tracePromise(run, message);
}
