import path from 'node:path';
import { entries, root } from '../tools/entries.ts';

/** @type {Partial<import('typedoc').TypeDocOptions> & Record<string, unknown>} */
export default {
  name: 'Reference',
  entryPoints: entries.map(({ source }) => path.join(root, source)),
  exclude: ['../src/errors/generated/sqlstate.ts'],
  tsconfig: 'tsconfig.json',
  out: 'reference',
  plugin: ['typedoc-plugin-markdown', 'typedoc-vitepress-theme'],
  docsRoot: '.',
  readme: 'none',
  excludePrivate: true,
  excludeInternal: true,
  disableSources: true,
  validation: { notExported: true, invalidLink: true, notDocumented: true },
  requiredToBeDocumented: [
    'Accessor',
    'Class',
    'Function',
    'Interface',
    'Method',
    'Property',
    'TypeAlias',
    'Variable',
  ],
  treatValidationWarningsAsErrors: true,
};
