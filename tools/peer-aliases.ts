// A peer dependency of which two majors are supported has its next one among the devDependencies by another
// name, `drizzle-orm-next`: the sources and the tests of what is for that one import it so. What is published
// says the name that users have.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './entries.ts';

interface Manifest {
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Manifest;

/** The peer dependencies by the other names that they have here. */
export const peerAliases: ReadonlyMap<string, string> = new Map(
  Object.entries(manifest.devDependencies).flatMap(([alias, range]) => {
    const name = /^npm:((?:@[^/]+\/)?[^@]+)@/.exec(range)?.[1];
    return name !== undefined && name in manifest.peerDependencies ? [[alias, name]] : [];
  }),
);

/** A module or its declarations, with the names that users have. */
export function withUsersNames(text: string): string {
  let named = text;
  for (const [alias, name] of peerAliases) {
    named = named.replaceAll(
      new RegExp(`(["'])${alias}(?=[/"'])`, 'g'),
      (_, quote) => `${quote}${name}`,
    );
  }
  return named;
}

/** The next major under the users' name, for whatever compiles the declarations of its entries: `paths`. */
export const pathsOfAliases: Readonly<Record<string, string[]>> = Object.fromEntries(
  [...peerAliases].flatMap(([alias, name]) => {
    const folder = path.join(root, 'node_modules', alias);
    return [
      [name, [path.join(folder, 'index.d.ts')]],
      [`${name}/*`, [path.join(folder, '*.d.ts'), path.join(folder, '*/index.d.ts')]],
    ];
  }),
);

/** Whether an entry is for the next major of its peer. */
export function isForAlias(source: string): boolean {
  const text = readFileSync(path.join(root, source), 'utf8');
  const folder = path.dirname(source);
  const imported = [...text.matchAll(/from '(\.\/[^']+)'/g)].map(([, file]) =>
    readFileSync(path.join(root, folder, file!), 'utf8'),
  );
  return [text, ...imported].some((module) => withUsersNames(module) !== module);
}
