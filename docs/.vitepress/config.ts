import { copyFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import manifest from '../../package.json' with { type: 'json' };
import reference from '../reference/typedoc-sidebar.json' with { type: 'json' };

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where the sources are, once package.json says so: the links to them and to edit a page come with it. */
const { version, repository } = manifest as { version: string; repository?: { url: string } };
const sources = repository?.url.replace(/^git\+/, '').replace(/\.git$/, '');

export default defineConfig({
  title: 'asyncpg',
  description: 'A PostgreSQL driver for TypeScript: fast, strict, without dependencies.',
  lang: 'en',
  cleanUrls: true,
  head: [['link', { rel: 'icon', href: '/logo.svg', type: 'image/svg+xml' }]],
  lastUpdated: false,
  ignoreDeadLinks: false,
  markdown: { theme: { light: 'github-light', dark: 'github-dark' } },
  themeConfig: {
    logo: '/logo.svg',
    ...(sources !== undefined && {
      socialLinks: [{ icon: 'github', link: sources }],
      editLink: {
        // The reference is made from the sources, and has no page to edit.
        pattern: ({ filePath }: { filePath: string }) =>
          filePath.startsWith('reference/')
            ? `${sources}/tree/main/src`
            : `${sources}/edit/main/docs/${filePath}`,
        text: 'Edit this page',
      },
    }),
    nav: [
      { text: 'Guide', link: '/guides/start', activeMatch: '^/guides/' },
      { text: 'Coming from …', link: '/coming-from/pg', activeMatch: '^/coming-from/' },
      { text: 'Measured', link: '/guides/performance' },
      { text: 'Reference', link: '/reference/', activeMatch: '^/reference/' },
      { text: version, link: '/compatibility' },
    ],
    sidebar: {
      '/reference/': [{ text: 'Error classes by SQLSTATE', link: '/sqlstate' }, ...reference],
      '/': [
        {
          text: 'Guide',
          items: [
            { text: 'Start in five minutes', link: '/guides/start' },
            { text: 'Queries', link: '/guides/queries' },
            { text: 'Types', link: '/guides/types' },
            { text: 'Extensions', link: '/guides/extensions' },
            { text: 'Checked queries', link: '/guides/checked-queries' },
            { text: 'Transactions', link: '/guides/transactions' },
            { text: 'Pool', link: '/guides/pool' },
            { text: 'Primary and standbys', link: '/guides/clusters' },
            { text: 'COPY', link: '/guides/copy' },
            { text: 'Streams and cursors', link: '/guides/streams' },
            { text: 'LISTEN and NOTIFY', link: '/guides/notifications' },
            { text: 'Change streams', link: '/guides/replication' },
            { text: 'Errors', link: '/guides/errors' },
            { text: 'Web frameworks', link: '/guides/web-frameworks' },
            { text: 'Next.js, SvelteKit, NestJS', link: '/guides/full-stack' },
            { text: 'From pg in one line', link: '/guides/from-pg' },
            { text: 'Query builders and ORMs', link: '/guides/orms' },
            { text: 'Recipes', link: '/guides/recipes' },
          ],
        },
        {
          text: 'Recipes',
          items: [
            { text: 'Pagination, upserts, bulk', link: '/guides/sql-recipes' },
            { text: 'Tenants', link: '/guides/tenants' },
            { text: 'Jobs and outbox', link: '/guides/jobs' },
            { text: 'Money and time', link: '/guides/money-and-time' },
            { text: 'Migrations', link: '/guides/migrations' },
          ],
        },
        {
          text: 'In operation',
          items: [
            { text: 'Connecting', link: '/guides/connecting' },
            { text: 'TLS and authentication', link: '/guides/security' },
            { text: 'Poolers and proxies', link: '/poolers' },
            { text: 'Clusters, measured', link: '/clusters' },
            { text: 'Observability', link: '/guides/observability' },
            { text: 'Performance', link: '/guides/performance' },
            { text: 'Serverless', link: '/guides/serverless' },
            { text: 'Runtimes', link: '/runtimes' },
            { text: 'Testing', link: '/guides/testing' },
          ],
        },
        {
          text: 'Coming from …',
          items: [
            { text: 'asyncpg (Python)', link: '/coming-from/asyncpg' },
            { text: 'pg', link: '/coming-from/pg' },
            { text: 'postgres.js', link: '/coming-from/postgres-js' },
          ],
        },
        {
          text: 'Inside',
          items: [
            { text: 'Side by side', link: '/comparison' },
            { text: 'Compatibility', link: '/compatibility' },
            { text: 'Promises', link: '/promises' },
            { text: 'What a newcomer met', link: '/newcomer' },
            { text: 'Architecture', link: '/architecture' },
          ],
        },
      ],
    },
    outline: [2, 3],
    search: {
      provider: 'local',
      options: {
        miniSearch: {
          searchOptions: {
            // Who looks for a word wants what explains it; the reference has each word many times.
            boostDocument: (id: string) => (id.includes('/reference/') ? 0.2 : 1),
          },
        },
      },
    },
  },
  // What programs read: llms.txt, and beside each page its Markdown.
  async buildEnd({ outDir, pages, srcDir }) {
    for (const page of pages.filter((each) => !each.startsWith('reference/'))) {
      await copyFile(path.join(srcDir, page), path.join(outDir, page));
    }
    await copyFile(path.join(root, 'skills/asyncpg/SKILL.md'), path.join(outDir, 'SKILL.md'));
    const llms = await readFile(path.join(root, 'llms.txt'), 'utf8');
    const links = llms
      .replaceAll('](docs/', '](/')
      .replace('](skills/asyncpg/SKILL.md)', '](/SKILL.md)')
      .replace(/^.*CHANGELOG\.md.*\n/m, '');
    await writeFile(path.join(outDir, 'llms.txt'), links);
  },
});
