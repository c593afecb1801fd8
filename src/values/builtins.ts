/**
 * Whether a value is of one of JavaScript's own classes, of whichever realm. Jest, `node:vm` and frames
 * give each realm its own Date, Map, Error and so on, and `instanceof` knows only those of its own.
 * It comes first here, since it is quick and nearly always right.
 */

const describe = Object.prototype.toString;
const { getTime } = Date.prototype;

/** What the engine, or a class of its own, calls the object: `Date`, `Error`, `Uint8Array`. */
function tagOf(value: unknown): string | null {
  return typeof value === 'object' && value !== null ? describe.call(value).slice(8, -1) : null;
}

export function isDate(value: unknown): value is Date {
  if (value instanceof Date) return true;
  if (tagOf(value) !== 'Date') return false;
  try {
    getTime.call(value as Date);
    return true;
  } catch {
    // It only says that it is one.
    return false;
  }
}

export function isMap(value: unknown): value is Map<unknown, unknown> {
  return value instanceof Map || tagOf(value) === 'Map';
}

export function isSet(value: unknown): value is Set<unknown> {
  return value instanceof Set || tagOf(value) === 'Set';
}

/** A Uint8Array, of which a Buffer is one. */
export function isUint8Array(value: unknown): value is Uint8Array {
  return (
    value instanceof Uint8Array || (ArrayBuffer.isView(value) && tagOf(value) === 'Uint8Array')
  );
}

export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return value instanceof ArrayBuffer || tagOf(value) === 'ArrayBuffer';
}

export function isDataView(value: unknown): value is DataView {
  return value instanceof DataView || (ArrayBuffer.isView(value) && tagOf(value) === 'DataView');
}

export function isUrl(value: unknown): value is URL {
  return value instanceof URL || tagOf(value) === 'URL';
}

export function isAbortSignal(value: unknown): value is AbortSignal {
  return value instanceof AbortSignal || tagOf(value) === 'AbortSignal';
}

/** An Error, as which a DOMException counts: an AbortSignal's reason is one. */
export function isError(value: unknown): value is Error {
  if (value instanceof Error) return true;
  const tag = tagOf(value);
  return tag === 'Error' || tag === 'DOMException';
}

/** A TypeError or a RangeError that the engine has thrown. */
export function isErrorNamed(name: 'TypeError' | 'RangeError', value: unknown): value is Error {
  return isError(value) && value.name === name;
}

/** A promise or what behaves like one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  );
}
