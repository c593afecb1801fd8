import path from 'node:path';
import { entries, root } from '../tools/entries.ts';

/** @type {Partial<import('typedoc').TypeDocOptions> & Record<string, unknown>} */
export default {
  name: 'Reference',
  // The reference of asyncpg/pg is node-postgres's own: it has the same surface.
  entryPoints: entries
    .filter(({ specifier }) => specifier !== 'asyncpg/pg')
    .map(({ source }) => path.join(root, source)),
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
  // Parts of types, which their doc comments speak of.
  intentionallyNotExported: ['PositionsOf', 'IsTold', 'Unknown', 'ROW', 'Sets', 'WhyNot'],
  intentionallyNotDocumented: [
    'asyncpg.Checked.__type.error',
    'asyncpg.ArgsOf.__type.args',
    'asyncpg.ColumnsOf.__type.row',
    'asyncpg.RowTypeOf.__type.[ROW]',
    'asyncpg.FirstColumnOf.__type.first',
    'asyncpg.FormOf.__type.rows',
    'asyncpg.NamedArgsOf.__type.args',
    'asyncpg.NamedRowOf.__type.row',
    'asyncpg/replication.ReplicationConnection.createSlot.__type.consistentPoint',
    'asyncpg/replication.ReplicationConnection.createSlot.__type.snapshot',
    'asyncpg/replication.ReplicationConnection.timelineHistory.__type.name',
    'asyncpg/replication.ReplicationConnection.timelineHistory.__type.content',
  ],
  treatValidationWarningsAsErrors: true,
};
