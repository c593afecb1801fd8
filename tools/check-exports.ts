// Whether each entry in dist/ exports what its source does, and nothing more: what the build adds is not
// public. A part of `npm run check:package`.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { entries, root } from './entries.ts';
import { isForAlias } from './peer-aliases.ts';

for (const { specifier, source, dist } of entries) {
  // Its peer dependency is installed here under another name.
  if (isForAlias(source)) continue;
  const [built, written] = await Promise.all([namesOf(dist), namesOf(source)]);
  const more = built.filter((name) => !written.includes(name));
  const fewer = written.filter((name) => !built.includes(name));
  if (more.length + fewer.length === 0) continue;
  console.error(`${specifier}: exports ${more.join(', ')} too, and not ${fewer.join(', ')}`);
  process.exitCode = 1;
}

async function namesOf(file: string): Promise<string[]> {
  return Object.keys((await import(pathToFileURL(path.join(root, file)).href)) as object);
}
