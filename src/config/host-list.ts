import { ClientConfigurationError } from '../errors/client-errors.ts';
import type { HostConfig } from './connect-config.ts';
import type { Host, HostProvider } from './host-provider.ts';
import { hostListText, hostListValue, portListValue, resolveHosts } from './hosts.ts';
import { configurationError, gotSuffix, type Origin, optionOrigin } from './origin.ts';
import type { ValueParser } from './value-parsers.ts';

const NAMES: ReadonlySet<string> = new Set(['host', 'port', 'hostaddr', 'role']);

/** What others call a primary and a standby. */
const ROLES: ReadonlyMap<unknown, 'primary' | 'standby'> = new Map([
  ['primary', 'primary'],
  ['standby', 'standby'],
  ['leader', 'primary'],
  ['master', 'primary'],
  ['replica', 'standby'],
]);

/** @param strict only what a `Host` has, for what a program has written itself */
function configOf(
  item: unknown,
  origin: Origin,
  platform: string,
  strict: boolean,
): readonly HostConfig[] {
  if (typeof item === 'string') {
    return resolveHosts({ value: hostListText(item, origin), origin }, null, null, platform);
  }
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    throw configurationError(origin, `expected { host, port }${gotSuffix(item, origin)}`);
  }
  const { host, port, hostaddr, role } = item as Host;
  const unknown = strict && Object.keys(item).find((name) => !NAMES.has(name));
  if (typeof unknown === 'string') {
    throw configurationError(origin, `a host has no "${unknown}"`);
  }
  if (strict && (role ?? null) !== null && role !== 'primary' && role !== 'standby') {
    throw configurationError(origin, 'the role of a host must be "primary" or "standby"');
  }
  const found = <T>(value: T) => ({ value, origin });
  const places = resolveHosts(
    found(hostListValue(host, origin)),
    (port ?? null) === null ? null : found(portListValue(port, origin)),
    (hostaddr ?? null) === null ? null : found([hostaddr!]),
    platform,
  );
  const known = ROLES.get(role);
  return known === undefined ? places : places.map((place) => ({ ...place, role: known }));
}

/** The places that a program or a provider has named. */
export function hostConfigs(
  list: unknown,
  origin: Origin,
  strict = false,
  platform: string = process.platform,
): readonly HostConfig[] {
  if (!Array.isArray(list) || list.length === 0) {
    throw configurationError(origin, 'expected at least one host');
  }
  return Object.freeze(list.flatMap((item: unknown) => configOf(item, origin, platform, strict)));
}

export const hostsValue: ValueParser<readonly HostConfig[]> = (value, origin) =>
  hostConfigs(value, origin, true);

function milliseconds(name: string, value: unknown, least: number): void {
  if (value === undefined) return;
  if (typeof value !== 'number' || !(value >= least)) {
    throw new ClientConfigurationError(
      `hostProvider.${name} (from the options): expected a number of milliseconds, at least ${least}`,
    );
  }
}

export const hostProviderValue: ValueParser<HostProvider> = (value, origin) => {
  const provider = value as HostProvider;
  if (typeof value !== 'object' || value === null || typeof provider.list !== 'function') {
    throw configurationError(origin, 'expected an object with a function list()');
  }
  milliseconds('refreshMs', provider.refreshMs, 0);
  milliseconds('timeoutMs', provider.timeoutMs, 1);
  return provider;
};

export const PROVIDED: Origin = optionOrigin('hostProvider');
