import type { ConnectConfig } from '../../config/connect-config.ts';
import { ClientConfigurationError } from '../../errors/client-errors.ts';
import type { RowForm } from '../../values/row-form.ts';
import { type PoolOptions, positive } from '../pool-options.ts';

/** How readers behave beyond what a pool does. */
export interface ReadersSettings {
  readonly maxLag: number | null;
  readonly maxWait: number;
}

/** What says that whoever connects does not want to write. */
const READ_ONLY = { default_transaction_read_only: 'on' };
const TIMEOUT = 5_000;
const MAX_WAIT = 500;

/** The options of the pool of standbys, and what is beyond a pool's. */
export function splitReadersOptions(
  options: PoolOptions<RowForm>,
): [settings: ReadersSettings, pool: PoolOptions<RowForm>] {
  const { readers, targetSessionAttrs: _, loadBalanceHosts, ...common } = options;
  if (typeof readers !== 'object' || readers === null || Array.isArray(readers)) {
    throw new ClientConfigurationError('invalid readers option: must be an object of options');
  }
  for (const name of ['readers', 'rows', 'transform']) {
    if (name in readers) throw new ClientConfigurationError(`readers has no option "${name}"`);
  }
  const { maxLag, maxWait, ...own } = readers;
  const { targetSessionAttrs = 'prefer-standby' } = own;
  if (targetSessionAttrs === 'read-write' || targetSessionAttrs === 'read-only') {
    throw new ClientConfigurationError(
      `invalid readers.targetSessionAttrs option: readers are read-only on every server`,
      { hint: 'Write "standby" or "prefer-standby".' },
    );
  }
  const withHosts = ['host', 'hosts', 'hostaddr', 'hostProvider'].some((name) => name in own);
  const pool: Record<string, unknown> = { ...common, ...defined(own) };
  if (withHosts) {
    for (const name of ['host', 'hosts', 'hostaddr', 'port', 'hostProvider']) {
      if (!(name in own)) delete pool[name];
    }
  }
  // A floor that was meant for both must not be above a ceiling that was given for one.
  if (own.minSize === undefined && typeof own.maxSize === 'number') {
    pool['minSize'] = Math.min(common.minSize ?? own.maxSize, own.maxSize);
  }
  return [
    {
      maxLag:
        (maxLag ?? null) === null || maxLag === Infinity
          ? null
          : positive('readers.maxLag', maxLag),
      maxWait: positive('readers.maxWait', maxWait ?? MAX_WAIT),
    },
    {
      ...pool,
      targetSessionAttrs,
      loadBalanceHosts: own.loadBalanceHosts ?? loadBalanceHosts ?? 'random',
      ...timeoutOf(own.timeout, common.timeout),
      serverSettings: { ...common.serverSettings, ...own.serverSettings, ...READ_ONLY },
    },
  ];
}

/** What options say; what a DSN or the environment says is known later: see `hastened`. */
function timeoutOf(
  own: number | null | undefined,
  common: number | null | undefined,
): { timeout?: number } {
  if ((own ?? null) !== null) return { timeout: own! };
  return (common ?? null) === null ? {} : { timeout: Math.min(common!, TIMEOUT) };
}

/** Readers do not take long to connect, unless their options say so: the primary can answer instead. */
export function hastened(config: ConnectConfig, { timeout }: PoolOptions<RowForm>): ConnectConfig {
  if ((timeout ?? null) !== null) return config;
  return Object.freeze({
    ...config,
    timeout: Math.min(config.timeout ?? TIMEOUT, TIMEOUT),
    wholeTimeout: Math.min(config.wholeTimeout ?? TIMEOUT, TIMEOUT),
  });
}

function defined(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
