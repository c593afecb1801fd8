import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Asked, isJson, type Json, nearest, readJson, textsIn } from './json-files.ts';

/** Names of modules and where they lead, each with at most one `*`. */
export type Targets = readonly (readonly [name: string, targets: readonly string[]])[];

/** What a configuration of the compiler says of modules. */
interface Options {
  /** The folder of `baseUrl`. */
  readonly base?: string;
  readonly paths?: Json;
  /** The folder of the configuration that `paths` stand in. */
  readonly pathsFolder?: string;
}

/** `paths` and `baseUrl` of a configuration and those that it extends; unless it has its own, also of those that it refers to. */
export function pathsOf(file: string, asked: Asked, depth = 0): Targets {
  const json = readJson(file, asked);
  if (json === null || depth > 10) return [];
  const folder = path.dirname(file);
  const { base, paths = {}, pathsFolder = folder } = optionsOf(file, folder, asked, depth);
  const found: [string, string[]][] = Object.entries(paths).map(([name, targets]) => [
    name,
    textsIn(targets).map((each) => placeOf(each, base ?? pathsFolder, folder)),
  ]);
  if (base !== undefined) found.push(['*', [path.join(base, '*')]]);
  const own = (json['compilerOptions'] ?? {}) as Json;
  if (isJson(own['paths']) || typeof own['baseUrl'] === 'string') return found;
  const references = Array.isArray(json['references']) ? (json['references'] as Json[]) : [];
  const others = references.flatMap(({ path: each }) => {
    const other = typeof each === 'string' ? configurationAt(path.resolve(folder, each)) : null;
    return other === null ? [] : pathsOf(other, asked, depth + 1);
  });
  return [...found, ...others];
}

/**
 * The options of a configuration over those that it extends, of which a later one wins.
 *
 * @param leaf the folder of the configuration that is asked for, which `${configDir}` stands for
 */
function optionsOf(file: string, leaf: string, asked: Asked, depth: number): Options {
  const json = readJson(file, asked);
  if (json === null || depth > 10) return {};
  const folder = path.dirname(file);
  const extended = textsIn(json['extends']).map((each) => {
    const other = extendedBy(each, folder);
    return other === null ? {} : optionsOf(other, leaf, asked, depth + 1);
  });
  const { paths, baseUrl } = (json['compilerOptions'] ?? {}) as Json;
  return Object.assign(
    {},
    ...extended,
    isJson(paths) && { paths, pathsFolder: folder },
    typeof baseUrl === 'string' && { base: placeOf(baseUrl, folder, leaf) },
  ) as Options;
}

function placeOf(text: string, folder: string, leaf: string): string {
  return path.resolve(
    folder,
    text.replace(/^\$\{configDir\}/, () => leaf),
  );
}

/** The configuration that another one extends: by its path, or that of a package. */
function extendedBy(name: string, folder: string): string | null {
  if (/^\.|^\//.test(name)) return configurationAt(path.resolve(folder, name));
  return nearest(folder, (at) => configurationAt(path.join(at, 'node_modules', name)));
}

function configurationAt(place: string): string | null {
  const candidates = [place, `${place}.json`, path.join(place, 'tsconfig.json')];
  return candidates.find((at) => at.endsWith('.json') && existsSync(at)) ?? null;
}
