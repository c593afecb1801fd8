// Builds packages/pg, which is published as @asyncpg/pg: the engine and its facade as CommonJS, since Jest and
// whatever hooks into `require` want that, and declarations made of those in dist/. `core.js` is what
// its other files load, which are written by hand; `driver.js` is loaded when a program asks for the driver's own
// classes. A part of `npm run build`.
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, type Plugin } from 'rolldown';
import { asciiOnly, compactClasses, ownNamesOnly, shortNames } from './build-plugins.ts';
import { denseLines } from './dense-lines.ts';
import { root } from './entries.ts';
import { startFunctions } from './start-functions.ts';

const SOURCE = 'src/integrations/pg/index.ts';
const DRIVER = 'src/integrations/pg/driver.ts';
const DECLARATIONS = path.join(root, 'dist/integrations/pg');
const LIB = path.join(root, 'packages/pg/lib');

/** What the declarations say besides those of `surface.ts`, which has the classes as values. */
const INDEX = `export * from './surface';
import type { ClientConfig, Defaults } from './surface';
import TypeOverrides = require('./type-overrides');
export { TypeOverrides };
export declare const types: typeof import('./types/index');
export declare const defaults: Defaults & ClientConfig;
export declare const native: typeof import('./index') | null;
export declare const utils: typeof import('./utils');
export declare function escapeIdentifier(name: string): string;
export declare function escapeLiteral(text: string): string;
`;

/** Of the entry for ECMAScript modules. */
const MODULE = `import pg from '../lib/index.js';
export * from '../lib/index.js';
export default pg;
`;

/** Of the files of lib/ that are one class or object. */
const LIB_TYPES: Readonly<Record<string, string>> = {
  client: "import { Client } from './surface';\nexport = Client;\n",
  connection: "import { Connection } from './surface';\nexport = Connection;\n",
  'connection-parameters':
    "import { ConnectionParameters } from './parameters';\nexport = ConnectionParameters;\n",
  defaults: "import { defaults } from './index';\nexport = defaults;\n",
  pool: "import { Pool } from './surface';\nexport = Pool;\n",
  'pg-pool': "import { Pool } from './surface';\nexport = Pool;\n",
  query: "import { Query } from './surface';\nexport = Query;\n",
  result: "import { Result } from './surface';\nexport = Result;\n",
  'type-overrides': "import { TypeOverrides } from './overrides';\nexport = TypeOverrides;\n",
};

/** Builds it; dist/ must have been built before. */
export async function buildPgPackage(): Promise<void> {
  await buildCode(LIB);
  writeDeclarations();
}

/** Has the driver's own classes loaded when they are asked for, which only `require` does in one turn. */
const lateDriver: Plugin = {
  name: 'late-driver',
  resolveId: {
    filter: { id: /^\.\/driver\.js$/ },
    handler: (id) => ({ id, external: true }),
  },
  load: {
    filter: { id: /driver-loader\.ts$/ },
    handler: () => ({ code: "export const driver = () => require('./driver.js');" }),
  },
};

/** `node:module` takes a while to be loaded, and only old versions of Node need it. */
const lateNodeModule: Plugin = {
  name: 'late-node-module',
  load: {
    filter: { id: /runtime\/builtin-module\.ts$/ },
    handler: () => ({
      code:
        'export const builtinModule = process.getBuiltinModule ?? ' +
        "((name) => require('node:module').createRequire(process.execPath)(name));",
    }),
  },
};

/**
 * What connecting and most queries do without: half of the code. Reading it takes longer than connecting, and in
 * CommonJS a `require` in the turn that needs it costs nobody a wait.
 */
const LATE: readonly { name: string; test: RegExp; ofParts?: true; within?: RegExp }[] = [
  // For the calls of `asyncpg`, and for errors.
  {
    name: 'late-codecs',
    test: /src[/\\]codecs[/\\](?:types|containers|registry|builtin-codecs|known-types|domain-codecs|common-forms)/,
    // With what these lead to there: parts that need each other while they are loaded would be in a circle.
    within: /src[/\\](?:codecs|values)[/\\]/,
  },
  {
    name: 'late-errors',
    test: /src[/\\](?:errors[/\\](?:generated|postgres-error|server-message)|session[/\\]ending)/,
  },
  { name: 'late-sql', test: /src[/\\]sql[/\\](?!path-names)/ },
  // For ways to log in that few servers ask for, and passwords that are not ASCII.
  {
    name: 'late-logins',
    // Of what is loaded for passwords.
    ofParts: true,
    test: /(?:authentication[/\\](?:oauth|gss|channel-binding)|protocol[/\\](?:md5|generated[/\\]stringprep))\.ts$/,
  },
  // For hosts that cannot be reached.
  { name: 'late-hosts', test: /src[/\\](?:config[/\\]hosts|values[/\\]ip-address)/ },
  // For submittables, and for the option `prepare`.
  {
    name: 'late-turns',
    test: /(?:submittable-turn|wire-stream|foreign-request|kept-statements)\.ts$/,
  },
];

/** Has a bundle go without its file's name, which one that is an ECMAScript module does not have. */
const ownFile: Plugin = {
  name: 'own-file',
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue;
      chunk.code = chunk.code.replaceAll(
        /require\("url"\)\.pathToFileURL\(__filename\)\.href/g,
        '(typeof __filename === "string" ? $& : undefined)',
      );
    }
  },
};

/**
 * Has each of these loaded when something of it is used first: `require_late_sql.lexer` becomes
 * `load_part_late_sql().lexer`. No line is moved, so that maps stay.
 */
const loadedLate: Plugin = {
  name: 'loaded-late',
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue;
      for (const { name } of LATE) chunk.code = withLate(chunk.code, name);
      chunk.code = withLoaders(chunk.code);
    }
  },
};

/**
 * Has what is not loaded at the start loaded once, by a function of the file that needs it.
 *
 * Jest has a loader of its own that forgets modules while they run, by `jest.resetModules()` and after a test file:
 * what would be loaded then has to do with another core.js, or is undefined. There all is loaded with what leads
 * to it; its `module` is an object like any other, but with the paths that one made by a bundler does not have. Bun's
 * is such a one too, and Bun forgets nothing.
 */
function withLoaders(code: string): string {
  const parts = new Set<string>();
  const used = code.replaceAll(
    /(^const \w+ = )?\brequire\("\.\/([\w-]+)\.js"\)/gm,
    (all, atOnce: string | undefined, part: string) => {
      if (atOnce !== undefined) return all;
      parts.add(part);
      return `${loaderOf(part)}()`;
    },
  );
  if (parts.size === 0) return code;
  const loaders = [...parts].map((part) => {
    const name = loaderOf(part);
    return `var ${name}_; function ${name}() { return ${name}_ ??= require("./${part}.js"); }`;
  });
  const calls = [...parts].map((part) => `${loaderOf(part)}();`).join(' ');
  const isJest =
    "module.paths && module.constructor.name !== 'Module' && process.versions.bun === undefined";
  const end = `${loaders.join('\n')}\nif (${isJest}) { ${calls} }\n`;
  const map = used.lastIndexOf('//# sourceMappingURL=');
  return map < 0 ? `${used}\n${end}` : `${used.slice(0, map)}${end}${used.slice(map)}`;
}

function loaderOf(part: string): string {
  return `load_${part.replaceAll('-', '_')}`;
}

function withLate(code: string, part: string): string {
  const name = `require_${part.replaceAll('-', '_')}`;
  const load = `require("./part-${part}.js")`;
  const atOnce = `const ${name} = ${load};`;
  if (!code.includes(atOnce)) return code;
  const used = code
    .replace(atOnce, '')
    .replaceAll(new RegExp(`\\bnew ${name}\\.(\\w+)`, 'g'), `new (${load}.$1)`)
    .replaceAll(new RegExp(`\\b${name}\\.`, 'g'), `${load}.`);
  if (new RegExp(`\\b${name}\\b`).test(used)) {
    throw new Error(`${name} is used as a whole, and not a part of it`);
  }
  return used;
}

/** Builds its code into a folder. */
export async function buildCode(folder: string): Promise<void> {
  for (const file of globSync('part-*', { cwd: folder })) rmSync(path.join(folder, file));
  const fromTheStart = new Set<string>();
  const later = new Set<string>();
  await build({
    cwd: root,
    plugins: [
      whatIsLoaded(fromTheStart, later),
      lateDriver,
      lateNodeModule,
      ...startFunctions(),
      compactClasses,
      ownNamesOnly,
      asciiOnly,
      ownFile,
      loadedLate,
      denseLines(shortNames),
    ],
    input: { core: SOURCE, driver: DRIVER },
    preserveEntrySignatures: 'allow-extension',
    platform: 'node',
    external: /^[^./]/,
    tsconfig: 'tsconfig.build.json',
    transform: { target: 'node20' },
    output: {
      dir: folder,
      format: 'cjs',
      // As the modules of which it is made.
      strict: true,
      exports: 'named',
      sourcemap: true,
      // Who reads a stack looks for the package there, and for programs' own files elsewhere.
      sourcemapPathTransform: (source, map) => {
        const file = path.resolve(path.dirname(map), source);
        return `../${path.relative(root, file).replaceAll(path.sep, '/')}`;
      },
      entryFileNames: '[name].js',
      chunkFileNames: 'part-[name].js',
      codeSplitting: {
        includeDependenciesRecursively: false,
        groups: [
          ...LATE.map(({ name, test, ofParts, within }) => ({
            name,
            test: (id: string) => {
              if (fromTheStart.has(id) || !(ofParts || later.has(id))) return false;
              return LATE.some((late) => late.test.test(id)) ? test.test(id) : within?.test(id);
            },
          })),
          // One file: each of them takes longer to find than to read.
          { name: 'start', test: (id) => fromTheStart.has(id) },
        ],
      },
      comments: { jsdoc: false },
    },
    logLevel: 'warn',
    checks: { bundlerTimings: false },
  });
}

/** Finds the modules that core.js has, and those of LATE that they lead to. */
function whatIsLoaded(fromTheStart: Set<string>, later: Set<string>): Plugin {
  return {
    name: 'what-is-loaded',
    buildEnd() {
      const visit = (id: string, isLate: boolean): void => {
        const seen = isLate || LATE.some(({ test }) => test.test(id)) ? later : fromTheStart;
        if (seen.has(id)) return;
        seen.add(id);
        for (const each of this.getModuleInfo(id)?.importedIds ?? []) visit(each, seen === later);
      };
      visit(path.join(root, SOURCE), false);
    },
  };
}

function writeDeclarations(): void {
  rmSync(path.join(LIB, 'types'), { recursive: true, force: true });
  mkdirSync(path.join(LIB, 'types'));
  for (const name of ['surface', 'config-types', 'result-types', 'server-fields']) {
    copy(`${name}.d.ts`, `${name}.d.ts`);
  }
  copy('connection-parameters.d.ts', 'parameters.d.ts');
  copy('connection-string.d.ts', 'connection-string.d.ts');
  copy('type-overrides.d.ts', 'overrides.d.ts');
  copy('utils.d.ts', 'utils.d.ts');
  for (const name of ['index', 'builtins']) copy(`types/${name}.d.ts`, `types/${name}.d.ts`);
  writeFileSync(path.join(LIB, 'index.d.ts'), INDEX);
  writeFileSync(path.join(LIB, '../esm/index.d.mts'), MODULE);
  for (const [name, text] of Object.entries(LIB_TYPES)) {
    writeFileSync(path.join(LIB, `${name}.d.ts`), text);
  }
}

/** Copies a declaration, with what it imports from elsewhere named as a user of the package has it. */
function copy(from: string, to: string): void {
  const text = readFileSync(path.join(DECLARATIONS, from), 'utf8')
    .replace(/^\/\/# sourceMappingURL=.*$/m, '')
    .replace(
      /^import type (.*) from '\.\.\/\.\.\/(?:client\/connection|pool\/pool)\.[jt]s';$/gm,
      // Without asyncpg itself installed, `asyncpg` of clients and pools has no type.
      "// @ts-ignore\nimport type $1 from 'asyncpg' with { 'resolution-mode': 'import' };",
    )
    .replace(
      /^import type \{ TlsOptions \} from '\.\.\/\.\.\/config\/host-types\.[jt]s';$/m,
      "import type { ConnectionOptions as TlsOptions } from 'node:tls';",
    )
    // A module of CommonJS.
    .replace(/(from '\.[^']*)\.[jt]s'/g, "$1'");
  const stray = /from '(?:\.\.\/){2}[^']*'/.exec(text);
  if (stray) throw new Error(`${from} imports ${stray[0]}, which the package does not have`);
  writeFileSync(path.join(LIB, to), text);
}
