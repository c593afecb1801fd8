/** Node's kind of callback. */
export type Settle = (error: any, ...values: any[]) => void;

/** Throws for what would be called as a callback later, where nobody could tell whose it is. */
export function checkCallback(callback: unknown): void {
  if (callback && typeof callback !== 'function') {
    throw new TypeError('callback is not a function');
  }
}

/** The callback, or else one that settles a promise, and that promise. */
export function settlement(PromiseClass: any, callback?: any): { settle: Settle; result: any } {
  checkCallback(callback);
  if (callback) return { settle: callback, result: undefined };
  let settle: Settle = () => {};
  const result = new PromiseClass((resolve: (value: any) => void, reject: (error: any) => void) => {
    settle = (error, value) => (error ? reject(error) : resolve(value));
  }).catch((error: any) => {
    // It comes from a socket's event: a stack that ends at the call that failed says more.
    if (typeof error === 'object') Error.captureStackTrace(error);
    throw error;
  });
  return { settle, result };
}
