/**
 * What gives the values of something that its user calls iterable, one after the other.
 *
 * @param what names it in errors
 * @throws TypeError for what has no iterator that could be asked for values
 */
export function iteratorOf(
  what: string,
  iterable: Iterable<unknown> | AsyncIterable<unknown>,
): Iterator<unknown, unknown> | AsyncIterator<unknown, unknown> {
  const { [Symbol.asyncIterator]: async, [Symbol.iterator]: sync } = iterable as {
    [Symbol.asyncIterator]?: unknown;
    [Symbol.iterator]?: unknown;
  };
  const iterate = async ?? sync;
  if (typeof iterate !== 'function') {
    const name = (async ?? null) === null ? 'iterator' : 'asyncIterator';
    throw new TypeError(`the Symbol.${name} of ${what} is not a function`);
  }
  const iterator = iterate.call(iterable);
  if (!isObject(iterator)) throw new TypeError(`the iterator of ${what} is not an object`);
  if (typeof (iterator as Partial<Iterator<unknown>>).next !== 'function') {
    throw new TypeError(`the iterator of ${what} has no function next`);
  }
  return iterator as Iterator<unknown>;
}

/** Whether the values of an iterable may have to be waited for. */
export function isAsync(iterable: object): iterable is AsyncIterable<unknown> {
  return ((iterable as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] ?? null) !== null;
}

/** Throws TypeError for what an iterator must not give. */
export function checkResult(what: string, result: unknown): void {
  if (!isObject(result)) throw new TypeError(`the iterator of ${what} does not give objects`);
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
