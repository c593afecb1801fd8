import type { Deadline } from '../../transport/deadline.ts';
import { checkOptions, type OptionNames } from '../calls/known-options.ts';
import type { ClientSession } from '../client-session.ts';
import { COMMON_OPTIONS, type CopyCommon, FORMAT_OPTIONS } from './copy-options.ts';
import { type CopyOutOptions, copyOut } from './copy-out.ts';
import { copyTableToStdout } from './copy-statement.ts';
import { withSchemaHint } from './schema-hint.ts';

/** See Queryable.copyFromTable. */
export type CopyFromTableOptions = CopyOutOptions & CopyCommon;

const OPTIONS: OptionNames<CopyFromTableOptions> = {
  output: true,
  ...FORMAT_OPTIONS,
  ...COMMON_OPTIONS,
};

/** Copies a table to an output; see Queryable.copyFromTable. */
export async function copyFromTable(
  client: ClientSession,
  table: string,
  options: CopyFromTableOptions,
  deadline: Deadline | null,
): Promise<string> {
  checkOptions('copyFromTable', options, OPTIONS);
  const text = copyTableToStdout(table, options, client.session.server.version);
  return withSchemaHint(copyOut(client, text, options, deadline), table, options.schema);
}
