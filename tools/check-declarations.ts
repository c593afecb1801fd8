// Compiles the declarations in dist/ as somebody's program would that imports every entry of the package:
// strictly, with the libraries of the language alone; and what must not compile against them, which
// differs from the sources by what is internal. A part of `npm run check:package`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { entries, root } from './entries.ts';

/** Drizzle's are made for skipLibCheck. */
const FOREIGN = ['node_modules/drizzle-orm/'];

const folder = path.join(root, 'node_modules/.cache/asyncpg');
const project = path.join(folder, 'declarations.tsconfig.json');

mkdirSync(folder, { recursive: true });
writeFileSync(
  project,
  JSON.stringify({
    compilerOptions: {
      target: 'es2023',
      lib: ['es2023', 'esnext.disposable'],
      module: 'nodenext',
      types: [],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      paths: Object.fromEntries(
        entries.map(({ specifier, types }) => [specifier, [path.join(root, types)]]),
      ),
    },
    files: [
      ...entries.map(({ types }) => path.join(root, types)),
      path.join(root, 'test/types/internals.test-d.ts'),
    ],
  }),
);
const { status, stdout, stderr } = spawnSync('tsc', ['-p', project, '--pretty', 'false'], {
  encoding: 'utf8',
});
const own = withoutForeign(stdout);
process.stdout.write(own + stderr);
process.exitCode = own === '' && stderr === '' && status !== null ? 0 : 1;

/** Leaves out errors in the declarations of packages that do not compile as they are, with what is indented below. */
function withoutForeign(output: string): string {
  let isForeign = false;
  const lines = output.split('\n').filter((line) => {
    if (!line.startsWith(' ')) isForeign = FOREIGN.some((folder) => line.startsWith(folder));
    return !isForeign;
  });
  return lines.join('\n').trim();
}
