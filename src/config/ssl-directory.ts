import { join } from 'node:path';
import { isError } from '../values/builtins.ts';
import type { Environment } from './environment.ts';

/** Where libpq looks for certificates that are not named; null without a home directory. */
export function sslDirectory(environment: Environment): string | null {
  if (environment.platform === 'win32') {
    const appData = environment.env['APPDATA'];
    return appData ? join(appData, 'postgresql') : null;
  }
  return environment.homeDirectory === null ? null : join(environment.homeDirectory, '.postgresql');
}

/** Whether there may be files in it. */
export function hasSslDirectory(environment: Environment): boolean {
  const directory = sslDirectory(environment);
  if (directory === null) return false;
  try {
    return !environment.files.isMissingSync(directory);
  } catch (error) {
    return !isMissing(error);
  }
}

/** Whether the error says that there is no such file. */
export function isMissing(error: unknown): boolean {
  const code = isError(error) && 'code' in error ? error.code : null;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
