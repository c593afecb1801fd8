import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { TransformOptions, TypeOptions } from 'asyncpg';
import { CheckError } from './check-error.ts';
import { importFresh } from './import-fresh.ts';
import { outputFile } from './output-file.ts';
import { type CodecTypes, programOptions } from './program-options.ts';
import { RULES, type Rules } from './rules/rules.ts';

/** What `asyncpg.config.ts` exports by default. Paths are relative to its folder. */
interface CheckConfig {
  /** Files of SQL that make the tables, or globs, or folders of migrations, in this order. */
  readonly schema: readonly string[];
  /** Globs of the sources. Default: every TypeScript file. */
  readonly include?: readonly string[];
  /** Globs of what to leave out. `node_modules` and declarations always are. */
  readonly exclude?: readonly string[];
  /** The file to write. Default: `src/queries.gen.d.ts` if there is a folder `src`. */
  readonly out?: string;
  /** Whether a query that was not checked is an error of the compiler. Default: false. */
  readonly strict?: boolean;
  /**
   * The module that exports what the program gives to its `connect` or `createPool`, as `types`, `codecs` and
   * `transform`: those decide here as well, and a codec's values have the types of its functions. The
   * options of these names here win.
   */
  readonly program?: string;
  /** As in the program's `connect` or `createPool`. */
  readonly types?: TypeOptions;
  /** TypeScript's name for what a codec of the program's own makes of a type: `{ numeric: 'Money' }`. */
  readonly codecs?: Readonly<Record<string, string>>;
  /**
   * TypeScript's types for columns, wherever their values go: `{ 'users.settings':
   * "import('./settings.ts').Settings" }`. A name may have its schema in front.
   */
  readonly columns?: Readonly<Record<string, string>>;
  /** As in the program's `connect` or `createPool`. */
  readonly transform?: TransformOptions;
  /** What to look for besides mistakes: see `Rules`. Nothing unless given. */
  readonly rules?: Rules;
  /** Extensions that the schema needs, created ahead of it. */
  readonly extensions?: readonly string[];
  /** The major version of PostgreSQL to check with, where there are several. */
  readonly version?: number;
}

/** A configuration and where it was found. */
export interface LoadedConfig extends Omit<CheckConfig, 'codecs'> {
  readonly codecs: Readonly<Record<string, CodecTypes>>;
  /** The folder that everything is relative to. */
  readonly root: string;
}

const NAMES = ['asyncpg.config.ts', 'asyncpg.config.mjs', 'asyncpg.config.js'];
const KNOWN: Readonly<Record<keyof CheckConfig, true>> = {
  schema: true,
  include: true,
  exclude: true,
  out: true,
  strict: true,
  program: true,
  types: true,
  codecs: true,
  extensions: true,
  columns: true,
  transform: true,
  rules: true,
  version: true,
};

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

function checkConfig(file: string, config: unknown): asserts config is CheckConfig {
  if (typeof config !== 'object' || config === null) {
    throw new CheckError(`${file} exports no configuration: export default { schema: […] };`);
  }
  for (const name of Object.keys(config)) {
    if (!(name in KNOWN)) {
      throw new CheckError(`${file}: ${name} is no option: ${Object.keys(KNOWN).join(', ')}`);
    }
  }
  const { rules = {} } = config as CheckConfig;
  for (const name of Object.keys(rules)) {
    if (!(RULES as readonly string[]).includes(name)) {
      throw new CheckError(`${file}: rules.${name} is no rule: ${RULES.join(', ')}`);
    }
  }
  const lists = config as Record<string, unknown>;
  for (const name of ['out', 'program']) {
    if (!['string', 'undefined'].includes(typeof lists[name])) {
      throw new CheckError(`${file}: ${name} must be a string`);
    }
  }
  for (const name of ['schema', 'include', 'exclude', 'extensions']) {
    const list = lists[name];
    const isMissing = list === undefined && name !== 'schema';
    if (!isMissing && !(Array.isArray(list) && list.every((each) => typeof each === 'string'))) {
      throw new CheckError(`${file}: ${name} must be a list of strings`);
    }
  }
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
