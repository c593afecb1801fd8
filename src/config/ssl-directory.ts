import { join } from 'node:path';
import { isError } from '../values/builtins.ts';
import type { Environment } from './environment.ts';

/** Where libpq looks for certificates that are not named; null without a home directory that may be entered. */
export function sslDirectory(environment: Environment): string | null {
  const directory = placeIn(environment);
  return directory === null || stateOf(directory, environment) === 'closed' ? null : directory;
}

/** Whether there may be files in it. */
export function hasSslDirectory(environment: Environment): boolean {
  const directory = placeIn(environment);
  return directory !== null && stateOf(directory, environment) === 'there';
}

function placeIn(environment: Environment): string | null {
  if (environment.platform === 'win32') {
    const appData = environment.env['APPDATA'];
    return appData ? join(appData, 'postgresql') : null;
  }
  return environment.homeDirectory === null ? null : join(environment.homeDirectory, '.postgresql');
}

/**
 * A home directory that is closed to this process is another user's, or the runtime was told so: nothing in it is
 * meant for this one.
 */
function stateOf(directory: string, { files }: Environment): 'there' | 'missing' | 'closed' {
  try {
    return files.isMissingSync(directory) ? 'missing' : 'there';
  } catch (error) {
    return isMissing(error) ? 'missing' : isDenied(error) ? 'closed' : 'there';
  }
}

/** What the system, Node's permissions and Deno's say of a place that a process may not look at. */
const DENIED: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'ERR_ACCESS_DENIED']);

function isDenied(error: unknown): boolean {
  if (!isError(error)) return false;
  return ('code' in error && DENIED.has(error.code)) || error.name === 'NotCapable';
}

/** Whether the error says that there is no such file. */
export function isMissing(error: unknown): boolean {
  const code = isError(error) && 'code' in error ? error.code : null;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
