import { expect } from 'vitest';
import type { ConnectConfig } from '../../src/config/connect-config.ts';
import type { Environment } from '../../src/config/environment.ts';
import { systemFiles } from '../../src/config/files.ts';
import type { ConnectOptions } from '../../src/config/options.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { ClientConfigurationError } from '../../src/errors/client-errors.ts';

/** A process with nothing in its environment. */
export function bareEnvironment(
  env: Record<string, string> = {},
  homeDirectory: string | null = null,
  platform = 'linux',
): Environment {
  return { env, homeDirectory, userName: () => 'os_user', platform, files: systemFiles };
}

export interface Given {
  dsn?: string;
  options?: ConnectOptions;
  env?: Record<string, string>;
  home?: string;
  platform?: string;
}

export function resolve(given: Given): ConnectConfig {
  return resolveConfig(
    given.dsn,
    given.options ?? {},
    bareEnvironment(given.env, given.home ?? null, given.platform),
  );
}

/** The error of a configuration that must not resolve. */
export function refusal(given: Given): ClientConfigurationError {
  try {
    resolve(given);
  } catch (error) {
    expect(error).toBeInstanceOf(ClientConfigurationError);
    return error as ClientConfigurationError;
  }
  throw new Error(`resolved, but should have been refused: ${JSON.stringify(given)}`);
}

/** Hosts as `name:port`, sockets as their path. */
export function places(config: ConnectConfig): string[] {
  return config.hosts.map((host) => host.socketPath ?? `${host.host}:${host.port}`);
}

/** Like JSON.parse but for option values that only plain JavaScript could pass. */
export function untyped(options: Record<string, unknown>): ConnectOptions {
  return options as ConnectOptions;
}
