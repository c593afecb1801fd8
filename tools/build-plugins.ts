// What `npm run build` does to the code besides bundling it.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { MinifyOptions, Plugin } from 'rolldown';
import {
  compactSqlstateClasses,
  compactSqlstateLookup,
  everySqlstateClass,
  sqlstateMaker,
} from './compact-sqlstate.ts';
import { root } from './entries.ts';
import { withUsersNames } from './peer-aliases.ts';

/** Local names get short. Those of functions and classes stay: stacks show them, and whoever asks for `name`. */
export const shortNames = {
  compress: { keepNames: { function: true, class: true } },
  mangle: { toplevel: false, keepNames: true },
};

/**
 * Comments go, which the declarations and the sources have, and local names get short: there is a fifth less to
 * read. Lines and the names of functions and classes stay, so that a stack still tells where it is, and Node
 * shows a line of an error that nobody has caught, and not all of the file.
 */
export const readableMinify: MinifyOptions = {
  ...shortNames,
  codegen: { removeWhitespace: false },
};

/** Where it would be, were it a file. */
const MAKER = path.join(root, 'src/errors/generated', sqlstateMaker.name);

/** The SQLSTATE classes are made by calls, which are shorter, and looked up by name. */
export const compactClasses: Plugin = {
  name: 'compact-sqlstate',
  resolveId: (id) => (id === sqlstateMaker.name ? MAKER : null),
  load: (id) =>
    id === MAKER ? { code: sqlstateMaker.code, map: { mappings: '' }, moduleType: 'js' } : null,
  transform: {
    filter: { id: /errors[/\\]generated[/\\]sqlstate(?:-lookup)?\.ts$/ },
    handler: (source, id) => ({
      code: (id.endsWith('-lookup.ts') ? compactSqlstateLookup : compactSqlstateClasses)(source),
      map: null,
    }),
  },
};

const CLASSES = path.join(root, 'src/errors/generated/sqlstate.ts');
const EVERY_CLASS = `${CLASSES}?every`;

/** The entry makes all SQLSTATE classes at once; the driver makes those that it names. For Node alone. */
export const everyClassAtOnce: Plugin = {
  name: 'every-class',
  resolveId: (id, importer) =>
    id.endsWith('/generated/sqlstate.ts') && importer === path.join(root, 'src/index.ts')
      ? EVERY_CLASS
      : null,
  load: (id) =>
    id === EVERY_CLASS
      ? {
          code: everySqlstateClass(readFileSync(CLASSES, 'utf8')),
          map: { mappings: '' },
          moduleType: 'js',
        }
      : null,
};

/** Peer dependencies have the names that users have for them. */
export const usersNames: Plugin = {
  name: 'users-names',
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type === 'chunk') chunk.code = withUsersNames(chunk.code);
    }
  },
};

/** What rolldown writes where a module is used as an object: it goes through what `Object.prototype` has as well. */
const INHERITED = /for\s*\((var|let|const) (\w+) in (\w+)\)\s*__defProp\(/g;

/** An application that has put something on `Object.prototype` loads the package all the same. */
export const ownNamesOnly: Plugin = {
  name: 'own-names-only',
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue;
      const code = chunk.code.replace(INHERITED, 'for($1 $2 of Object.keys($3))__defProp(');
      if (code === chunk.code && /__exportAll\s*=/.test(code)) {
        this.error(`${chunk.fileName}: rolldown's __exportAll is another one than it was`);
      }
      chunk.code = code;
    }
  },
};

/** The same code, with what is not ASCII as escapes. */
export const ascii = (code: string): string =>
  code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A source in which all is ASCII takes half the memory, and less time to read. */
export const asciiOnly: Plugin = {
  name: 'ascii-only',
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue;
      // No line is moved, so the map stays.
      chunk.code = ascii(chunk.code);
    }
  },
};

/**
 * What an entry exports that it has of another file is exported from there, and not imported first: each name
 * stands once less in what every program reads. No line is moved, so the map stays.
 */
export const reexports: Plugin = {
  name: 'reexports',
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type === 'chunk' && chunk.isEntry) chunk.code = exportedFrom(chunk.code);
    }
  },
};

const IMPORTS = /^import \{ ([^}]+) \} from ("\.{1,2}\/[^"]+");$/gm;
const EXPORTS = /^export \{ ([^}]+) \};$/m;

export function exportedFrom(code: string): string {
  const clause = EXPORTS.exec(code);
  if (clause === null) return code;
  const left = new Set(clause[1]!.split(', '));
  const rest = code.replace(IMPORTS, '').replace(EXPORTS, '');
  const words = new Set(rest.match(/[\w$]+/g));
  const lines = code.replace(IMPORTS, (_line, names: string, file: string) => {
    const imported: string[] = [];
    const exported: string[] = [];
    for (const name of names.split(', ')) {
      const [there, here = there] = name.split(' as ') as [string, string?];
      const all = [...left].filter((each) => each.split(' as ')[0] === here);
      if (all.length === 0 || words.has(here)) {
        imported.push(name);
        continue;
      }
      for (const each of all) {
        left.delete(each);
        const [, given = here] = each.split(' as ');
        exported.push(given === there ? there : `${there} as ${given}`);
      }
    }
    const parts: string[] = [];
    if (imported.length > 0) parts.push(`import { ${imported.join(', ')} } from ${file};`);
    if (exported.length > 0) parts.push(`export { ${exported.join(', ')} } from ${file};`);
    return parts.join(' ');
  });
  return lines.replace(EXPORTS, left.size === 0 ? '' : `export { ${[...left].join(', ')} };`);
}

/**
 * Tools that turn modules into CommonJS one by one, such as tsx, leave `import()` to Node, which would load what
 * it leads to, and the driver below it, a second time: with other classes, to which nothing is an instance.
 * There each such import becomes a `require`. A module of CommonJS that is not one of the package's own is a
 * program that a bundler has made, and has the parts inside.
 */
export const oneCopy: Plugin = {
  name: 'one-copy',
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue;
      let isNeeded = false;
      chunk.code = chunk.code.replace(
        /\bimport\((["'])(\.{1,2}\/[^"']+)\1\)/g,
        (whole, _quote, file) => {
          isNeeded = true;
          return `(requireOwn('${file}') ?? ${whole})`;
        },
      );
      if (!isNeeded) continue;
      const manifest = `${'../'.repeat(chunk.fileName.split('/').length)}package.json`;
      // At its end, where no line is moved.
      chunk.code = chunk.code.replace(
        /\n?(?=\/\/# sourceMappingURL|$(?![\s\S]))/,
        () => `\n${requireOwn(manifest)}`,
      );
    }
  },
};

const requireOwn = (manifest: string): string => `function requireOwn(file) {
\tif (typeof module !== 'object' || typeof module?.require !== 'function') return;
\ttry {
\t\tif (module.require('${manifest}').name !== 'asyncpg') return;
\t} catch {
\t\treturn;
\t}
\treturn Promise.resolve(module.require(file));
}
`;
