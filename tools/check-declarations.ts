// Compiles the declarations in dist/ as somebody's program would that imports every entry of the package:
// strictly, with the libraries of the language alone; and what must not compile against them, which
// differs from the sources by what is internal. A part of `npm run check:package`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Entry, entries, root } from './entries.ts';
import { isForAlias, pathsOfAliases, peerAliases } from './peer-aliases.ts';

/** Drizzle's are made for skipLibCheck. */
const FOREIGN = ['node_modules/drizzle-orm/', ...[...peerAliases.keys()].map(folderOfPackage)];

const folder = path.join(root, 'node_modules/.cache/asyncpg');
const project = path.join(folder, 'declarations.tsconfig.json');

mkdirSync(folder, { recursive: true });
const isForNext = ({ source }: Entry): boolean => isForAlias(source);
const errors =
  compile(
    entries.filter((entry) => !isForNext(entry)),
    {},
    [path.join(root, 'test/types/internals.test-d.ts')],
  ) + compile(entries.filter(isForNext), pathsOfAliases, [], ['node']);
process.stdout.write(errors);
process.exitCode = errors === '' ? 0 : 1;

/**
 * What the compiler says of entries, in a program that has these other paths. In the first one, entries bring
 * the types of Node.
 */
function compile(
  some: readonly Entry[],
  paths: Readonly<Record<string, string[]>>,
  files: readonly string[] = [],
  types: readonly string[] = [],
): string {
  writeFileSync(
    project,
    JSON.stringify({
      compilerOptions: {
        target: 'es2023',
        lib: ['es2023', 'esnext.disposable'],
        module: 'nodenext',
        types,
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        noEmit: true,
        paths: {
          ...Object.fromEntries(
            entries.map(({ specifier, types }) => [specifier, [path.join(root, types)]]),
          ),
          ...paths,
        },
      },
      files: [...some.map(({ types }) => path.join(root, types)), ...files],
    }),
  );
  const { status, stdout, stderr } = spawnSync('tsc', ['-p', project, '--pretty', 'false'], {
    encoding: 'utf8',
  });
  return withoutForeign(stdout) + stderr + (status === null ? 'the compiler was ended' : '');
}

function folderOfPackage(name: string): string {
  return `node_modules/${name}/`;
}

/** Leaves out errors in the declarations of packages that do not compile as they are, with what is indented below. */
function withoutForeign(output: string): string {
  let isForeign = false;
  const lines = output.split('\n').filter((line) => {
    if (!line.startsWith(' ')) isForeign = FOREIGN.some((folder) => line.startsWith(folder));
    return !isForeign;
  });
  return lines.join('\n').trim();
}
