import { stat } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { CheckError } from './check-error.ts';

/**
 * What a module exports now. A module is loaded once: after a change its address has to be another.
 *
 * @throws CheckError if it cannot be loaded
 */
export async function importFresh(file: string): Promise<object> {
  try {
    const { mtimeMs } = await stat(file);
    const address = `${pathToFileURL(file).href}?changed=${mtimeMs}`;
    return (await import(/* @vite-ignore */ address)) as object;
  } catch (error) {
    throw new CheckError(`${file} cannot be loaded: ${(error as Error).message}`, { cause: error });
  }
}
