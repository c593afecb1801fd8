// The entries of the package, read from the "exports" of package.json: whatever needs to know them (the
// build, the tests, the documentation, the reports of the API) asks here.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json, to which the paths of an entry are relative. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** Where in dist/ the code stands once more, cut into other files, for bundlers: see build.ts. */
export const FOLDER_FOR_BUNDLERS = 'for-bundlers';

/** One module that users import, all paths with forward slashes. */
export interface Entry {
  /** By what name they import it: `asyncpg/cluster`. */
  readonly specifier: string;
  /** What its paths have in common: `cluster/index`. */
  readonly name: string;
  /** Its source: `src/cluster/index.ts`. */
  readonly source: string;
  /** What `npm run build` makes of it: `dist/cluster/index.js`. */
  readonly dist: string;
  /** Its declarations: `dist/cluster/index.d.ts`. */
  readonly types: string;
}

/** A program that users start: it is built like an entry, and nobody imports it. */
export type Program = Pick<Entry, 'name' | 'source' | 'dist'>;

/** `module` is the condition of bundlers; Wrangler goes by its own conditions alone. */
type Target = Readonly<Record<'types' | 'workerd' | 'module' | 'default', string>>;

interface Manifest {
  readonly name: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Target>>;
}

/** The entries that a package.json names. A file that is exported as it is, is none. */
export function entriesOf({ name: packageName, exports }: Manifest): readonly Entry[] {
  const entries: Entry[] = [];
  for (const [subpath, target] of Object.entries(exports)) {
    if (typeof target === 'string') continue;
    const name = /^\.\/dist\/(.+)\.js$/.exec(target.default)?.[1];
    if (
      name === undefined ||
      target.types !== `./dist/${name}.d.ts` ||
      target.module !== `./dist/${FOLDER_FOR_BUNDLERS}/${name}.js` ||
      target.workerd !== target.module
    ) {
      throw new Error(
        `package.json: the export ${subpath} must be ./dist/NAME.js, its types ./dist/NAME.d.ts, ` +
          `and for bundlers ./dist/${FOLDER_FOR_BUNDLERS}/NAME.js`,
      );
    }
    entries.push({
      specifier: path.posix.join(packageName, subpath),
      name,
      source: `src/${name}.ts`,
      dist: `dist/${name}.js`,
      types: `dist/${name}.d.ts`,
    });
  }
  return entries;
}

/** The programs that a package.json names. */
function programsOf({ bin }: Manifest): readonly Program[] {
  return Object.values(bin ?? {}).map((target) => {
    const name = /^\.\/dist\/(.+)\.js$/.exec(target)?.[1];
    if (name === undefined)
      throw new Error(`package.json: ${target} of bin must be ./dist/NAME.js`);
    return { name, source: `src/${name}.ts`, dist: `dist/${name}.js` };
  });
}

const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Manifest;

/** The entries of this package. */
export const entries = entriesOf(manifest);

/** The programs of this package. */
export const programs = programsOf(manifest);
