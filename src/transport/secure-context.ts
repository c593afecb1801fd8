import tls, { type ConnectionOptions, type SecureContext } from 'node:tls';

const contexts = new WeakMap<object, SecureContext>();

/**
 * The options with what certificates, keys and limits come to, made once for each `owner`: the
 * connections of a pool share it.
 */
export function withSecureContext(owner: object, options: ConnectionOptions): ConnectionOptions {
  if (options.secureContext !== undefined) return options;
  let secureContext = contexts.get(owner);
  if (secureContext === undefined) {
    // Where nothing is verified, the well-known roots need not be loaded, which takes a while.
    const noRoots = options.rejectUnauthorized === false && options.ca === undefined;
    secureContext = tls.createSecureContext(noRoots ? { ...options, ca: [] } : options);
    contexts.set(owner, secureContext);
  }
  return { ...options, secureContext };
}
