/**
 * Resolves in the next turn of the event loop, after what has arrived by then was read. Work
 * that goes on for long without ever waiting lets others have their turn this way.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
