// Compiles the declarations in dist/ as somebody's program would that imports every entry of the package:
// strictly, with the libraries of the language alone; and what must not compile against them, which
// differs from the sources by what is internal. A part of `npm run check:package`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { entries, root } from './entries.ts';

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
const { status } = spawnSync('tsc', ['-p', project], { stdio: 'inherit' });
process.exitCode = status ?? 1;
