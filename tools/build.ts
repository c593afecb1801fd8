// Builds dist/ from nothing, so that no file of an earlier build is left in it: the declarations
// file by file, the code as one module for each entry and one for what they share, and once more for bundlers. Loading 240
// modules took 110 ms of CPU time, loading two takes 45. It is built beside dist/ and then takes its place, so that
// a program that starts meanwhile finds the one or the other. Run with `npm run build`.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { build, type CodeSplittingGroup, type OutputChunk, type Plugin } from 'rolldown';
import { buildPgPackage } from './build-pg.ts';
import {
  asciiOnly,
  compactClasses,
  everyClassAtOnce,
  oneCopy,
  ownNamesOnly,
  readableMinify,
  reexports,
  usersNames,
} from './build-plugins.ts';
import { denseLines } from './dense-lines.ts';
import { entries, FOLDER_FOR_BUNDLERS, type Program, programs, root } from './entries.ts';
import { oneExport } from './one-export.ts';
import { withUsersNames } from './peer-aliases.ts';
import { publicDeclarations } from './public-declarations.ts';
import { startFunctions } from './start-functions.ts';

const DIST = path.join(root, 'dist');
const NEXT = `${DIST}.${process.pid}`;
const CHECK = path.join(root, 'src/check/');
process.on('exit', () => rmSync(NEXT, { recursive: true, force: true }));

const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json', '--outDir', NEXT], {
  cwd: root,
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);
const reached = publicDeclarations(
  entries.map(({ types }) => path.join(NEXT, path.relative('dist', types))),
);
for (const name of readdirSync(NEXT, { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.d.ts')) continue;
  const file = path.join(NEXT, name);
  // Two in three describe what nobody can import.
  if (!reached.has(file)) {
    rmSync(file);
    rmSync(`${file}.map`);
    continue;
  }
  const text = readFileSync(file, 'utf8');
  const named = withUsersNames(text);
  if (named !== text) writeFileSync(file, named);
}

const common = {
  cwd: root,
  platform: 'node',
  // Everything that is not a file of ours: Node's own modules and peer dependencies.
  external: /^[^./]/,
  tsconfig: 'tsconfig.build.json',
  transform: { target: 'node20' },
  logLevel: 'warn',
  // On a busy machine it tells of each plugin.
  checks: { bundlerTimings: false },
} as const;

/** What a program loads that imports the driver: all else is in other files. */
const fromTheStart = new Set<string>();
/**
 * What imports something when it is needed, and what imports that: it is in a file apart from what those import in
 * turn. Were they one file, all of that would be in a circle, which rolldown and Vite keep whole in a program
 * that uses none of it.
 */
const whatLoads = new Set<string>();
/** What every program has that connects. */
const connects = new Set<string>();
/** What is there beside it, `sql` and classes of values, and what both of them import. */
const beside = new Set<string>();
/** What is loaded for the codecs that many programs need, the rare ones among them. */
const commonCodecs = new Set<string>();
/** What the program `asyncpg` has ahead of the parser, which it tells to be missing. */
const aheadOfParser = new Set<string>();
await build({
  ...common,
  input: ['src/index.ts', 'src/check/cli.ts'],
  write: false,
  logLevel: 'silent',
  plugins: [
    {
      name: 'graph',
      buildEnd() {
        const visit = (id: string): boolean => {
          if (fromTheStart.has(id)) return whatLoads.has(id);
          fromTheStart.add(id);
          const { dynamicallyImportedIds = [], importedIds = [] } = this.getModuleInfo(id) ?? {};
          const loads = importedIds.map((each) => path.isAbsolute(each) && visit(each));
          if (dynamicallyImportedIds.length > 0 || loads.includes(true)) whatLoads.add(id);
          return whatLoads.has(id);
        };
        visit(path.join(root, 'src/index.ts'));
        const collect = (file: string, into: Set<string>, but: ReadonlySet<string>): void => {
          const add = (id: string): void => {
            if (but.has(id) || into.has(id)) return;
            into.add(id);
            for (const each of this.getModuleInfo(id)?.importedIds ?? []) add(each);
          };
          add(path.resolve(root, file));
        };
        collect('src/client/connect.ts', connects, new Set());
        collect('src/pool/create-pool.ts', connects, new Set());
        for (const id of fromTheStart) {
          if (!connects.has(id) && !id.endsWith('src/index.ts')) collect(id, beside, new Set());
        }
        // `camelCase` is for users as well.
        collect('src/values/column-names.ts', beside, new Set());
        collect('src/codecs/common-codecs.ts', commonCodecs, fromTheStart);
        collect('src/check/cli.ts', aheadOfParser, fromTheStart);
      },
    },
  ],
});

/** What is loaded with the driver, for Node: one file, as each takes a while to find. */
const FOR_NODE: readonly CodeSplittingGroup[] = [
  {
    name: 'start',
    test: (id) => fromTheStart.has(id) || /codecs[/\\]one-way/.test(id),
    minShareCount: 2,
  },
];

/**
 * The same for bundlers, so that each takes what a program needs. What every program has that connects is two files:
 * what loads something when it is needed, and what imports that, is apart from what those import in turn. Were they
 * one file, all of that would be in a circle, which rolldown and Vite keep whole in a program that uses none of it.
 * What is there beside it has a file for each module: a class with a static block is left out with its file or not
 * at all.
 */
const FOR_BUNDLERS: readonly CodeSplittingGroup[] = [
  { name: 'errors', test: /src[/\\]errors[/\\]/ },
  { name: 'base', test: (id) => connects.has(id) && beside.has(id) },
  {
    name: 'core',
    test: (id) => (connects.has(id) && !whatLoads.has(id)) || /codecs[/\\]one-way/.test(id),
    minShareCount: 2,
  },
  // What makes a pool loads it, and the pool imports this.
  {
    name: 'driver',
    test: (id) => whatLoads.has(id) && connects.has(id) && !id.endsWith('create-pool.ts'),
    minShareCount: 2,
  },
  {
    name: (id) => path.basename(id, '.ts'),
    debugName: 'what is there beside it',
    test: (id) => beside.has(id),
  },
];

/** What is not loaded with the driver: what is imported dynamically has a file of its own. */
const LATE: readonly CodeSplittingGroup[] = [
  // What calls share whose code is loaded when it is first needed.
  {
    name: 'late-calls',
    test: (id) =>
      !fromTheStart.has(id) &&
      /src[/\\](?:client|session)[/\\]/.test(id) &&
      !/untyped|foreign/.test(id),
    minShareCount: 2,
  },
  { name: 'common-codecs', test: (id) => commonCodecs.has(id) },
  // What `loadConfig` loads for few; adapters that cannot wait have it at once.
  {
    name: 'rare-config',
    test: (id) =>
      !fromTheStart.has(id) &&
      /src[/\\](?:config[/\\](?!resolve)|connecting[/\\]host-directory)/.test(id),
  },
  { name: 'rare-codecs', test: /src[/\\](?:codecs|values)[/\\]/, minShareCount: 2 },
  // What `createPool` loads; adapters that make pools have it at once.
  {
    name: 'pool',
    test: /src[/\\]pool[/\\](?!create-pool|split-pool-options|open-pool|readers[/\\])/,
    minShareCount: 2,
  },
  // Two entries share it; a bundler that found its peer named in the core would complain to everybody.
  { name: 'drizzle', test: /src[/\\]integrations[/\\]drizzle[/\\]/, minShareCount: 2 },
  { name: 'drizzle-v1', test: /src[/\\]integrations[/\\]drizzle-v1[/\\]/, minShareCount: 2 },
  // `asyncpg/testing` and the program have it.
  { name: 'migrations', test: /src[/\\]migrations[/\\]/, minShareCount: 2 },
  // The program `asyncpg`, which takes a package of its own to read source code.
  {
    name: 'check-command',
    test: (id) => aheadOfParser.has(id) && id.startsWith(CHECK),
    minShareCount: 2,
  },
  { name: 'check', test: /src[/\\]check[/\\]/, minShareCount: 2 },
];

interface Layout {
  readonly folder: string;
  readonly modules: readonly Program[];
  readonly start: readonly CodeSplittingGroup[];
  readonly plugins: readonly Plugin[];
  readonly sourcemap: boolean;
}

async function buildLayout({
  folder,
  modules,
  start,
  plugins,
  sourcemap,
}: Layout): Promise<OutputChunk[]> {
  const { output } = await build({
    ...common,
    plugins: [...plugins, compactClasses, usersNames, ownNamesOnly, asciiOnly, reexports],
    input: Object.fromEntries(modules.map(({ name, source }) => [name, source])),
    output: {
      dir: folder,
      format: 'esm',
      sourcemap,
      // The sources are part of the package.
      sourcemapExcludeSources: true,
      entryFileNames: '[name].js',
      chunkFileNames: '[name].js',
      codeSplitting: { groups: [...start, ...LATE] },
      comments: { legal: false, annotation: true, jsdoc: false },
      minify: readableMinify,
    },
  });
  return output.filter((chunk) => chunk.type === 'chunk');
}

/** Its names have been made short already: see `readableMinify`. */
const dense = denseLines({ compress: false, mangle: false });
const output = [
  ...(await buildLayout({
    folder: NEXT,
    modules: [...entries, ...programs],
    start: FOR_NODE,
    plugins: [...startFunctions(), everyClassAtOnce, oneCopy, oneExport, dense],
    sourcemap: true,
  })),
  // With source maps of its own it would be as large as all else together.
  ...(await buildLayout({
    folder: path.join(NEXT, FOLDER_FOR_BUNDLERS),
    modules: entries,
    start: FOR_BUNDLERS,
    plugins: [],
    sourcemap: false,
  })),
];

// Syntax that is newer than the target would be written with helpers of the bundler's, a package that
// nobody has who installs this one.
const { peerDependencies } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);
const usersName = (name: string): string => withUsersNames(`'${name}'`).slice(1, -1);
const allowed = new Set(['asyncpg', ...Object.keys(peerDependencies)]);
const packageOf = (name: string): string => name.split('/', name.startsWith('@') ? 2 : 1).join('/');
for (const chunk of output) {
  for (const name of [...chunk.imports, ...chunk.dynamicImports].map(usersName)) {
    const isKnown = /^node:|\.js$/.test(name) || allowed.has(packageOf(name));
    if (isKnown) continue;
    console.error(`${chunk.fileName} imports ${name}`);
    process.exitCode = 1;
  }
}
// What everybody loads must load, and be bundled, where no peer dependency is installed.
for (const chunk of output) {
  const isForEverybody = chunk.moduleIds.some((id) => fromTheStart.has(id));
  const isProgram = chunk.moduleIds.some((id) => aheadOfParser.has(id));
  if (!isForEverybody && !isProgram && chunk.fileName !== 'pool.js') continue;
  // The program tells what it does not find when it needs it.
  const all = isForEverybody ? [...chunk.imports, ...chunk.dynamicImports] : chunk.imports;
  const foreign = all.filter((name) => !name.endsWith('.js') && !isBuiltin(name));
  if (foreign.length > 0) throw new Error(`${chunk.fileName} imports ${foreign.join(', ')}`);
}
// The program `asyncpg check` is run, and nobody debugs it: it comes without map and sources.
for (const chunk of output) {
  if (!chunk.moduleIds.some((id) => id.startsWith(CHECK))) continue;
  const file = path.join(NEXT, chunk.fileName);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(/\n?\/\/# sourceMappingURL=.*\n?$/, '\n'));
  rmSync(`${file}.map`, { force: true });
}
const last = `${NEXT}.last`;
if (existsSync(DIST)) renameSync(DIST, last);
renameSync(NEXT, DIST);
rmSync(last, { recursive: true, force: true });
await buildPgPackage();
