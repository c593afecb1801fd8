// The same program with Prisma's client on @prisma/adapter-pg and on asyncpg/prisma, each in a process of its
// own: `npm run bench:prisma`. It installs Prisma into a folder of its own, as `npm run test:prisma` does.
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { generateClient } from '../../test/recipes/prisma-client.ts';
import { compare } from './compare.ts';

using project = await generateClient();
copyFileSync(new URL('measure.ts', import.meta.url), path.join(project.folder, 'measure.ts'));
await compare(
  'Prisma',
  ['pg', 'facade', 'native'],
  (driver, dsn) => {
    const preloaded = driver === 'facade' ? ['--import', './pg-is-facade.mjs'] : [];
    return [process.execPath, [...preloaded, 'bench.mjs', driver, dsn]];
  },
  project.folder,
);
