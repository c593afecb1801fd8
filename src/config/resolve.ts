import type { RowForm } from '../values/row-form.ts';
import type { ConnectConfig } from './connect-config.ts';
import { type Environment, processEnvironment } from './environment.ts';
import type { ConnectOptions } from './options.ts';
import * as content from './rare-config.ts';
import { rareConfig } from './rare-room.ts';
import { readConfig } from './read-config.ts';

/** `loadConfig` for who cannot wait: all that a configuration may need is loaded with this file. */
export function resolveConfig(
  dsn: string | undefined,
  options: ConnectOptions<RowForm>,
  environment: Environment = processEnvironment(),
): ConnectConfig {
  rareConfig.content ??= content;
  return readConfig(dsn, options, environment);
}
