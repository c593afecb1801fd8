import type { TransformOptions, TypeOptions } from 'asyncpg';
import { CheckError } from './check-error.ts';
import { RULES, type Rules } from './rules/names.ts';

/** What `asyncpg.config.ts` exports by default. Paths are relative to its folder. */
export interface CheckConfig {
  /** Files of SQL that make the tables, or globs, or folders of migrations, in this order. */
  readonly schema: readonly string[];
  /** Globs of the sources, or folders. Default: every TypeScript file. */
  readonly include?: readonly string[];
  /** Globs of what to leave out, or folders. `node_modules` and declarations always are. */
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

const TYPES: Readonly<Record<string, readonly string[]>> = {
  int8: ['bigint', 'number', 'string'],
  numeric: ['string', 'number'],
  datetime: ['date', 'temporal', 'string'],
  json: ['parse', 'text'],
};

/** @throws CheckError for what is no configuration, with what it may be */
export function checkConfig(file: string, config: unknown): asserts config is CheckConfig {
  if (typeof config !== 'object' || config === null) {
    throw new CheckError(`${file} exports no configuration: export default { schema: […] };`);
  }
  for (const name of Object.keys(config)) {
    if (!(name in KNOWN)) {
      throw new CheckError(`${file}: ${name} is no option: ${Object.keys(KNOWN).join(', ')}`);
    }
  }
  for (const name of ['types', 'codecs', 'columns', 'transform', 'rules'] as const) {
    const value: unknown = (config as CheckConfig)[name];
    if (value !== undefined && (typeof value !== 'object' || value === null)) {
      throw new CheckError(`${file}: ${name} must be an object`);
    }
  }
  const { rules = {}, types = {}, codecs = {}, columns = {} } = config as CheckConfig;
  for (const [option, named] of Object.entries({ codecs, columns })) {
    for (const [name, type] of Object.entries(named)) {
      if (typeof type === 'string') continue;
      throw new CheckError(`${file}: ${option}['${name}'] must be the text of a TypeScript type`);
    }
  }
  for (const name of Object.keys(types)) {
    if (name in TYPES || name === 'temporal') continue;
    const known = [...Object.keys(TYPES), 'temporal'].join(', ');
    throw new CheckError(`${file}: types.${name} is no option: ${known}`);
  }
  for (const [name, level] of Object.entries(rules)) {
    if (!(RULES as readonly string[]).includes(name)) {
      throw new CheckError(`${file}: rules.${name} is no rule: ${RULES.join(', ')}`);
    }
    checkOneOf(`${file}: rules.${name}`, level, ['error', 'warning', 'off']);
  }
  for (const [name, known] of Object.entries(TYPES)) {
    checkOneOf(`${file}: types.${name}`, (types as Record<string, unknown>)[name], known);
  }
  const column: unknown = (config as CheckConfig).transform?.column;
  if (column !== undefined && typeof column !== 'function') {
    throw new CheckError(`${file}: transform.column must be a function, as camelCase of asyncpg`);
  }
  checkKind(file, config, 'strict', 'boolean');
  checkKind(file, config, 'version', 'number');
  const lists = config as Record<string, unknown>;
  checkKind(file, config, 'out', 'string');
  checkKind(file, config, 'program', 'string');
  for (const name of ['schema', 'include', 'exclude', 'extensions']) {
    const list = lists[name];
    const isMissing = list === undefined && name !== 'schema';
    if (!isMissing && !(Array.isArray(list) && list.every((each) => typeof each === 'string'))) {
      throw new CheckError(`${file}: ${name} must be a list of strings`);
    }
  }
}

function checkOneOf(what: string, value: unknown, known: readonly string[]): void {
  if (value === undefined || known.includes(value as string)) return;
  throw new CheckError(`${what} must be one of ${known.join(', ')}, not ${String(value)}`);
}

function checkKind(file: string, config: object, name: keyof CheckConfig, kind: string): void {
  const value = (config as CheckConfig)[name];
  if (value === undefined || typeof value === kind) return;
  throw new CheckError(`${file}: ${name} must be a ${kind}`);
}
