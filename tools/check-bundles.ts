// A program that imports one small part of the package is bundled without the rest, and what the source maps name is
// in the package. A part of `npm run check:package`.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { bundle, sizeOf } from './bundle.ts';
import { root } from './entries.ts';

/** Programs of one import, and what each may weigh, minified, in bytes. */
const BOUNDS: Readonly<Record<string, number>> = {
  camelCase: 3_000,
  sql: 13_000,
  UniqueViolationError: 4_000,
  Range: 11_000,
};

for (const [name, bound] of Object.entries(BOUNDS)) {
  const chunks = await bundle(`import { ${name} } from 'asyncpg'; console.log(${name});`);
  const { bytes } = sizeOf(chunks);
  const files = chunks.map(({ fileName }) => fileName).join(', ');
  if (bytes <= bound) continue;
  console.error(`a program of ${name} alone weighs ${bytes} bytes, not ${bound}: ${files}`);
  process.exitCode = 1;
}

const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
  cwd: root,
  encoding: 'utf8',
});
const [packed] = Object.values(
  JSON.parse(stdout) as Record<string, { readonly files: readonly { readonly path: string }[] }>,
);
const files = new Set(packed!.files.map((file) => file.path));
for (const map of [...files].filter((file) => file.endsWith('.map'))) {
  const { sources } = JSON.parse(readFileSync(path.join(root, map), 'utf8')) as {
    readonly sources: readonly string[];
  };
  for (const source of sources) {
    if (files.has(path.posix.join(path.posix.dirname(map), source))) continue;
    console.error(`${map} names ${source}, which is not in the package`);
    process.exitCode = 1;
  }
}
