/** The pool's own defaults, in milliseconds where it is a time; `defaults` has no say in them. */
const DEFAULT_MAX = 10;
const DEFAULT_IDLE_TIMEOUT = 10_000;

/** The options of a pool as it shows them: a copy of what was given, with its defaults. */
export function poolOptions(given: any): any {
  const options = withHiddenSecrets(given);
  options.max ||= options.poolSize || DEFAULT_MAX;
  options.min ||= 0;
  options.maxUses ||= Infinity;
  options.allowExitOnIdle ||= false;
  options.maxLifetimeSeconds ||= 0;
  // Null is no limit.
  if (options.idleTimeoutMillis === undefined) options.idleTimeoutMillis = DEFAULT_IDLE_TIMEOUT;
  return options;
}

/** In which printing finds neither the password nor the key. */
function withHiddenSecrets(given: any): any {
  const options = { ...given };
  if (given && 'password' in given) {
    Object.defineProperty(options, 'password', {
      configurable: true,
      enumerable: false,
      writable: true,
      value: given.password,
    });
  }
  if (given?.ssl?.key) Object.defineProperty(options.ssl, 'key', { enumerable: false });
  return options;
}
