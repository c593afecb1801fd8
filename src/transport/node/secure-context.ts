import type { ConnectionOptions, SecureContext } from 'node:tls';
import { builtinModule } from '../../runtime/builtin-module.ts';

const contexts = new WeakMap<object, SecureContext>();

/** Contexts that hold no certificate, no key and no roots, by the versions that they allow. */
const bareContexts = new Map<string, SecureContext>();
const BARE: ReadonlySet<string> = new Set([
  'rejectUnauthorized',
  'checkServerIdentity',
  'minVersion',
  'maxVersion',
]);

/**
 * The options with what certificates, keys and limits come to, made once for each `owner`: the
 * connections of a pool share it. Where nothing is verified and nothing is shown, all share one.
 */
export function withSecureContext(owner: object, options: ConnectionOptions): ConnectionOptions {
  if (options.secureContext !== undefined) return options;
  let secureContext = contexts.get(owner);
  if (secureContext === undefined) {
    secureContext = isBare(options) ? bareContext(options) : newContext(options);
    contexts.set(owner, secureContext);
  }
  return { ...options, secureContext };
}

function isBare(options: ConnectionOptions): boolean {
  return (
    options.rejectUnauthorized === false && Object.keys(options).every((name) => BARE.has(name))
  );
}

/** Where nothing is verified, the well-known roots need not be loaded, which takes a while. */
function newContext(options: ConnectionOptions): SecureContext {
  const noRoots = options.rejectUnauthorized === false && options.ca === undefined;
  return builtinModule('node:tls').createSecureContext(noRoots ? { ...options, ca: [] } : options);
}

function bareContext(options: ConnectionOptions): SecureContext {
  const versions = `${options.minVersion} ${options.maxVersion}`;
  let context = bareContexts.get(versions);
  if (context === undefined) {
    context = newContext(options);
    bareContexts.set(versions, context);
  }
  return context;
}
