import { pick } from '../values/pick.ts';
import type { RowForm } from '../values/row-form.ts';
import type { ConnectConfig } from './connect-config.ts';
import { type Environment, processEnvironment } from './environment.ts';
import { OPTIONS, variables } from './option-table.ts';
import type { ConnectOptions } from './options.ts';
import { NotLoaded, rareConfig } from './rare-room.ts';
import { readConfig } from './read-config.ts';

/**
 * Makes the configuration of what options and environment are at the time of the call. What few need is
 * loaded first where it is needed.
 *
 * @throws ClientConfigurationError naming the setting and where it came from, never a secret.
 *
 * @example
 * await loadConfig('postgres://app@db.example/shop?sslmode=verify-full', { timeout: 5_000 });
 */
export async function loadConfig(
  dsn: string | undefined,
  options: ConnectOptions<RowForm>,
  environment: Environment = processEnvironment(),
): Promise<ConnectConfig> {
  try {
    return readConfig(dsn, options, environment);
  } catch (error) {
    if (!(error instanceof NotLoaded)) throw error;
  }
  const kept = { ...options, ...pick(options, OPTIONS) };
  const env = pick(environment.env, variables());
  await rareConfig.open();
  return readConfig(dsn, kept, { ...environment, env });
}
