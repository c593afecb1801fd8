import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { pathsOf, type Targets } from './compiler-paths.ts';
import { isJson, type Json, nearest, readJson, textsIn } from './json-files.ts';

/**
 * Finds the source of a module that another one imports: by a relative path, by `paths` of tsconfig.json, by `imports`
 * of package.json, or of a package of the same repository. What is installed is not looked into.
 */
export class Resolver {
  readonly #paths = new Map<string, Targets>();
  readonly #packages = new Map<string, Package | null>();

  readonly #found = new Map<string, string | null>();

  /** The files that tell where modules are, be they there or not: package.json, tsconfig.json and what these extend. */
  readonly configurations = new Set<string>();
  readonly #asked = (file: string): void => {
    this.configurations.add(file);
  };

  /** @param from what stands in the import */
  resolve(from: string, importer: string): string | null {
    const folder = path.dirname(importer);
    const key = `${folder}\0${from}`;
    let found = this.#found.get(key);
    if (found === undefined) {
      found = this.#resolve(from, folder);
      this.#found.set(key, found);
    }
    return found;
  }

  /** Whether a name is that of a package that is installed, or of one that has a `sql` of its own. */
  isInstalled(from: string, importer: string): boolean {
    if (WITH_SQL.test(from)) return true;
    const name = /^(?:@[^/]+\/)?[^/.#~@][^/]*/.exec(from)?.[0];
    if (name === undefined) return false;
    const at = (folder: string): true | null =>
      existsSync(path.join(folder, 'node_modules', name)) ? true : null;
    return nearest(path.dirname(importer), at) === true;
  }

  #resolve(from: string, folder: string): string | null {
    if (from.startsWith('.')) return sourceAt(path.resolve(folder, from));
    const own = nearest(folder, (at) => this.#package(at));
    if (from.startsWith('#')) return own && first(matches(own.imports, from));
    const byPath = first(matches(this.#pathsFor(folder), from));
    if (byPath !== null) return byPath;
    const [, name = '', rest = ''] = /^((?:@[^/]+\/)?[^/]+)(?:\/(.*))?$/.exec(from) ?? [];
    const found = own?.name === name ? own : nearest(folder, (at) => this.#installed(at, name));
    return found && first(found.sources(rest));
  }

  /** A package that another folder of the repository is linked as. */
  #installed(folder: string, name: string): Package | null {
    const link = path.join(folder, 'node_modules', name);
    if (name === '' || !existsSync(link)) return null;
    const place = realpathSync(link);
    return /[\\/]node_modules[\\/]/.test(place) ? null : this.#package(place);
  }

  #package(folder: string): Package | null {
    let found = this.#packages.get(folder);
    if (found === undefined) {
      const json = readJson(path.join(folder, 'package.json'), this.#asked);
      found = json === null ? null : new Package(folder, json);
      this.#packages.set(folder, found);
    }
    return found;
  }

  #pathsFor(folder: string): Targets {
    let found = this.#paths.get(folder);
    if (found === undefined) {
      const file = path.join(folder, 'tsconfig.json');
      const parent = path.dirname(folder);
      this.configurations.add(file);
      const isHere = existsSync(file);
      found = isHere ? pathsOf(file, this.#asked) : parent === folder ? [] : this.#pathsFor(parent);
      this.#paths.set(folder, found);
    }
    return found;
  }
}

/** Packages that export a tag by the name of `sql`. */
const WITH_SQL =
  /^(?:bun$|(?:drizzle-orm|kysely|slonik|postgres|sqlate|sql-template-(?:strings|tag)|@(?:vercel\/postgres|prisma|databases|pgtyped|effect|neondatabase|slonik)|zapatos)(?:\/|$))/;

/** A folder with a package.json. */
class Package {
  readonly name: string;
  readonly imports: Targets;
  readonly #folder: string;
  readonly #json: Json;

  constructor(folder: string, json: Json) {
    this.#folder = folder;
    this.#json = json;
    this.name = String(json['name'] ?? '');
    this.imports = this.#targetsOf(json['imports']);
  }

  /** Where the sources of what it exports may be: what is built is looked for in `src`. */
  sources(rest: string): string[] {
    const { exports, types, main } = this.#json as { exports?: unknown; [key: string]: unknown };
    const entry = rest === '' ? '.' : `./${rest}`;
    const isMap = isJson(exports) && Object.keys(exports).some((key) => key.startsWith('.'));
    if (exports !== undefined) {
      return matches(this.#targetsOf(isMap ? exports : { '.': exports }), entry);
    }
    const given = rest === '' ? [types, main, 'index', 'src/index'] : [rest, `src/${rest}`];
    return this.#places(given.filter((each) => typeof each === 'string'));
  }

  #targetsOf(map: unknown): Targets {
    if (!isJson(map)) return [];
    return Object.entries(map).map(([name, value]) => [name, this.#places(textsIn(value))]);
  }

  #places(targets: readonly string[]): string[] {
    return targets.flatMap((target) => {
      const built = target.replace(/\.d\.([cm]?ts)$/, '.$1');
      const source = built.replace(/^(\.\/)?(?:dist|build|lib|out)\//, '$1src/');
      return [target, built, source].map((each) => path.resolve(this.#folder, each));
    });
  }
}

/** The places that a name leads to: by itself, or else by the longest pattern that it fits. */
function matches(targets: Targets, name: string): string[] {
  const found = targets
    .flatMap(([pattern, places]) => {
      const star = pattern.indexOf('*');
      if (star < 0) return pattern === name ? [{ length: Infinity, places, rest: '' }] : [];
      const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)];
      const isLong = name.length >= before.length + after.length;
      if (!isLong || !name.startsWith(before) || !name.endsWith(after)) return [];
      const rest = name.slice(before.length, name.length - after.length);
      return [{ length: before.length, places, rest }];
    })
    .sort((a, b) => b.length - a.length);
  return found.flatMap(({ places, rest }) => places.map((each) => each.replace('*', () => rest)));
}

function first(places: readonly string[]): string | null {
  for (const each of places) {
    const source = sourceAt(each);
    if (source !== null) return source;
  }
  return null;
}

const SUFFIXES = ['', '.ts', '.tsx', '.mts', '.cts', '/index.ts', '/index.tsx'];

/** The file that a path means: `./a.js` of a source is `./a.ts`. */
function sourceAt(target: string): string | null {
  const source = target.replace(/\.([cm]?)js(x?)$/, '.$1ts$2');
  const isSource = (file: string): boolean =>
    /\.[cm]?tsx?$/.test(file) && !/\.d\.[cm]?ts$/.test(file) && existsSync(file);
  return [source, ...SUFFIXES.map((suffix) => target + suffix)].find(isSource) ?? null;
}
