import { channel, tracingChannel } from 'node:diagnostics_channel';
import type { Traced } from '../../client/calls/tracing.ts';
import type { Message } from './messages.ts';

/** Is told when each traced call begins and ends. */
export interface Observer {
  start(traced: Traced, message: Message): void;
  /** `message` has `result` or `error` now. */
  end(traced: Traced, message: Message): void;
}

const TRACED = ['query', 'prepare', 'copy', 'transaction', 'connect', 'pool.acquire'] as const;

/** Calls back for each connection that its holder has given back to a pool. */
export function observeReleases(released: (message: Message) => void): () => void {
  const subscriber = (message: unknown): void => released(message as Message);
  const releases = channel('asyncpg:pool.release');
  releases.subscribe(subscriber);
  return () => void releases.unsubscribe(subscriber);
}

/** Subscribes an observer to the driver's channels. What it returns takes that back. */
export function observe(observer: Observer): () => void {
  const undo = TRACED.map((traced) => {
    const ended = (message: Message): void => observer.end(traced, message);
    const subscribers = {
      start(message: Message) {
        observer.start(traced, message);
      },
      // Work that throws before there is a promise has no asynchronous end.
      end(message: Message) {
        if ('error' in message) ended(message);
      },
      asyncStart() {},
      asyncEnd: ended,
      error() {},
    };
    const calls = tracingChannel<unknown, Message>(`asyncpg:${traced}`);
    calls.subscribe(subscribers);
    return () => calls.unsubscribe(subscribers);
  });
  return () => {
    for (const unsubscribe of undo) unsubscribe();
  };
}
