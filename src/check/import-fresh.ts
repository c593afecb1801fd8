import { stat } from 'node:fs/promises';
import path from 'node:path';
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
    throw new CheckError(`${file} cannot be loaded: ${whyNot(file, error as Error)}`, {
      cause: error,
    });
  }
}

/** What Node says of a module that it cannot load, and what helps where that is not told. */
export function whyNot(file: string, error: Error & { readonly code?: string }): string {
  const { name, ext } = path.parse(file);
  const isTypeScript = /^\.[cm]?ts$/.test(ext);
  if (isTypeScript && error.code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return `Node ${process.version} runs no TypeScript, which 22.18 and newer do: make it ${name}.mjs, in JavaScript`;
  }
  const isModule = /^(?:Unexpected token 'export'|Cannot use import statement)/.test(error.message);
  if (/^\.[jt]s$/.test(ext) && isModule) {
    const renamed = `${name}${isTypeScript ? '.mts' : '.mjs'}`;
    return `${error.message}. It is no module where package.json has "type": "commonjs": name it ${renamed}`;
  }
  return error.message;
}
