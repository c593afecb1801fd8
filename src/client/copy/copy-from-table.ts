import { CopyOutRequest } from '../../session/requests/copy-out-request.ts';
import { statementKind } from '../../sql/statement-kind.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { argsOf, type QueryObject } from '../call.ts';
import type { ClientSession } from '../client-session.ts';
import { checkOptions, type OptionNames } from '../known-options.ts';
import { CopyBlocks, type MakeText } from './copy-blocks.ts';
import {
  COMMON_OPTIONS,
  type CopyCommon,
  type CopyFormat,
  copyQueryToStdout,
  copyTableToStdout,
  FORMAT_OPTIONS,
} from './copy-options.ts';
import { inlineArguments, plainText } from './copy-query.ts';
import { type CopyOutput, sinkFor } from './copy-sink.ts';

/** See Queryable.copyFromQuery. */
export interface CopyOutOptions extends CopyFormat, Omit<CopyCommon, 'columns' | 'schema'> {
  /**
   * Where the data goes, in blocks of about 64 KiB that end anywhere. A file is created with
   * the permissions that the process gives its files, and keeps what it has got if the COPY
   * fails.
   */
  readonly output: CopyOutput;
}

/** See Queryable.copyFromTable. */
export type CopyFromTableOptions = CopyOutOptions & CopyCommon;

const { columns: _columns, schema: _schema, ...CALL_OPTIONS } = COMMON_OPTIONS;
const QUERY_OPTIONS: OptionNames<CopyOutOptions> = {
  output: true,
  ...FORMAT_OPTIONS,
  ...CALL_OPTIONS,
};
const TABLE_OPTIONS: OptionNames<CopyFromTableOptions> = {
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
  checkOptions('copyFromTable', options, TABLE_OPTIONS);
  const text = copyTableToStdout(table, options, client.session.serverVersion);
  return copyOut(client, text, () => text, options, deadline);
}

/** Copies the result of a query to an output; see Queryable.copyFromQuery. */
export async function copyFromQuery(
  client: ClientSession,
  query: QueryObject,
  options: CopyOutOptions,
  deadline: Deadline | null,
): Promise<string> {
  checkOptions('copyFromQuery', options, QUERY_OPTIONS);
  const { serverVersion } = client.session;
  const plain = copyQueryToStdout(plainText(client.session, query.text), options, serverVersion);
  if (argsOf(query).length === 0) return copyOut(client, plain, () => plain, options, deadline);
  const makeText: MakeText = async (session, parent) => {
    const { text } = await inlineArguments(session, parent, query);
    return copyQueryToStdout(text, options, serverVersion);
  };
  return copyOut(client, plain, makeText, options, deadline);
}

/** `text` is the statement for the query loggers, without what is only known later. */
function copyOut(
  client: ClientSession,
  text: string,
  makeText: MakeText,
  { output, onProgress, timeout }: CopyOutOptions,
  deadline: Deadline | null,
): Promise<string> {
  const { session } = client;
  const blocks = new CopyBlocks(makeText, session, sinkFor(output), onProgress);
  const request = new CopyOutRequest(blocks, deadline);
  blocks.onFailure = (error) => request.refuse(error);
  client.noteEffects(statementKind(text));
  session.submit(request);
  return client.logged(request.promise, text, [], timeout, 'copy');
}
