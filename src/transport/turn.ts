// Taken once, as the clock's functions are: tests put others in their place.
const { setImmediate } = globalThis;
export const { nextTick } = process;

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

/**
 * Gives a function that has `callback` called at the end of this turn of the event loop: when the
 * present step, and all promises that follow from it without waiting for anything outside, have
 * had their say.
 */
export function atEndOfTurn(callback: () => void): () => void {
  // A tick that is asked for by a microtask comes after the last of them. The microtask is a
  // promise's: `queueMicrotask` makes an AsyncResource each time.
  const tick = (): void => nextTick(callback);
  return () => {
    void settled.then(tick);
  };
}
