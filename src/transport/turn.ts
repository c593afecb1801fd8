import { builtinModule } from '../runtime/builtin-module.ts';
import { isFaked } from './faked.ts';

// Taken once, and from the module, which tests leave alone: they put others in the place of globals.
export const { setImmediate } = builtinModule('node:timers');

type NextTick = <A extends unknown[]>(callback: (...args: A) => void, ...args: A) => void;

/**
 * Node's own. No module has that, so where a test had faked it before this one was loaded, the next turn
 * has to do: who asks can tell by no event of Node's that it is later.
 */
export const nextTick: NextTick = isFaked(process.nextTick) ? setImmediate : process.nextTick;

/**
 * Resolves in the next turn of the event loop, after what has arrived by then was read. Work
 * that goes on for long without ever waiting lets others have their turn this way.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

const settled = Promise.resolve();

/** Has `callback`, which must not throw, called as a microtask, by what tests do not fake. */
export function soon(callback: () => void): void {
  void settled.then(callback);
}

/**
 * Gives a function that has `callback` called at the end of this turn of the event loop: when the
 * present step, and all promises that follow from it without waiting for anything outside, have
 * had their say.
 */
export function atEndOfTurn(callback: () => void): () => void {
  // A tick that is asked for by a microtask comes after the last of them. The microtask is a
  // promise's: `queueMicrotask` makes an AsyncResource each time.
  const tick = (): void => nextTick(callback);
  return () => soon(tick);
}
