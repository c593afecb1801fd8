import { stat } from 'node:fs/promises';
import path from 'node:path';
import { CheckError } from './check-error.ts';
import { type CheckConfig, checkConfig } from './config-options.ts';
import { importFresh } from './import-fresh.ts';
import { outputFile } from './output-file.ts';
import { type CodecTypes, programOptions } from './program-options.ts';

/** A configuration and where it was found. */
export interface LoadedConfig extends Omit<CheckConfig, 'codecs'> {
  readonly codecs: Readonly<Record<string, CodecTypes>>;
  /** The folder that everything is relative to. */
  readonly root: string;
}

const NAMES = ['ts', 'mts', 'mjs', 'js'].map((each) => `asyncpg.config.${each}`);

/** @throws CheckError if there is none, or what it exports is no configuration */
export async function loadConfig(cwd: string, given: string | undefined): Promise<LoadedConfig> {
  const file = given === undefined ? await findConfig(cwd) : path.resolve(cwd, given);
  if (file === null) {
    throw new CheckError(
      `there is no asyncpg.config.ts in ${cwd}. A first one: export default { schema: ['schema.sql'] };`,
    );
  }
  const { default: exported } = (await importFresh(file)) as { default?: unknown };
  checkConfig(file, exported);
  const root = path.dirname(file);
  const { codecs = {}, program } = exported;
  const named = Object.entries(codecs).map(([name, type]): [string, CodecTypes] => [
    name,
    { result: type, argument: type, schema: null },
  ]);
  const own =
    program === undefined
      ? { codecs: {} }
      : await programOptions(path.resolve(root, program), outputFile({ root, ...exported }));
  return { ...own, ...exported, codecs: { ...own.codecs, ...Object.fromEntries(named) }, root };
}

async function findConfig(cwd: string): Promise<string | null> {
  for (const name of NAMES) {
    const file = path.join(cwd, name);
    try {
      await stat(file);
      return file;
    } catch {
      // The next name.
    }
  }
  return null;
}
