/**
 * Whether this is Cloudflare's runtime. Its modules of Node's are written anew upon sockets of its own, and
 * in a few places do less.
 */
export const isWorkerd: boolean =
  // Node makes its `navigator` when it is first read, which takes 0.2 ms.
  'WebSocketPair' in globalThis &&
  (globalThis as { navigator?: { userAgent?: string } }).navigator?.userAgent ===
    'Cloudflare-Workers';

/** Whether this is Deno, whose modules of Node's are written anew as well. */
export const isDeno: boolean = 'Deno' in globalThis;

/**
 * Whether sockets may read into a buffer of ours. workerd takes it away with the first read, and under Deno
 * a socket that does so never gets through the handshake of TLS.
 */
export const readsIntoBuffers: boolean = !isWorkerd && !isDeno;
