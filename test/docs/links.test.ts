import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { documents, ROOT } from './blocks.ts';

/** Pages of the site that are made of the doc comments. */
const GENERATED = '/reference/';

/** As GitHub and the site name a heading in a link. */
function slugOf(heading: string): string {
  const words = heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '');
  return words.replaceAll(' ', '-');
}

async function headingsOf(file: string): Promise<Set<string>> {
  const text = await readFile(file, 'utf8');
  return new Set([...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => slugOf(heading)));
}

it.for([...(await documents()), 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'])(
  'the links of %s lead to a file and a heading, in the repository as on the site',
  async (document) => {
    const text = await readFile(path.join(ROOT, document), 'utf8');
    const dead: string[] = [];
    for (const [, link = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link) || link.startsWith(GENERATED)) continue;
      const [page = '', heading] = link.split('#');
      const file = page === '' ? document : path.join(path.dirname(document), page);
      const isThere = !page.startsWith('/') && existsSync(path.join(ROOT, file));
      if (!isThere || (heading && !(await headingsOf(path.join(ROOT, file))).has(heading))) {
        dead.push(link);
      }
    }
    expect(dead).toEqual([]);
  },
);

it('what llms.txt and the guides link to is in the package, but for pictures and what the site generates', async () => {
  const manifest = await readFile(path.join(ROOT, 'package.json'), 'utf8');
  const { files } = JSON.parse(manifest) as { files: string[] };
  const isPacked = (file: string): boolean =>
    files.some((each) => file === each || file.startsWith(`${each}/`)) || file === 'README.md';
  const missing: string[] = [];
  const packed = (await documents()).filter((each) => isPacked(each) && each !== 'README.md');
  expect(packed).toContain('docs/guides/serverless.md');
  for (const document of packed) {
    const text = await readFile(path.join(ROOT, document), 'utf8');
    for (const [, link = ''] of text.matchAll(/\]\(([^)\s#]+)(?:#[^)\s]*)?\)/g)) {
      if (/^https?:/.test(link) || link.startsWith(GENERATED)) continue;
      const file = path.posix.join(path.posix.dirname(document), link);
      if (/\.(?:png|jpg|svg)$/.test(file) || file === 'docs/sqlstate.md') continue;
      if (!isPacked(file)) missing.push(`${document}: ${link}`);
    }
  }
  expect(missing).toEqual([]);
});
