import { BINARY } from '../../codecs/codec.ts';
import { compileRecordEncoder, type RecordColumn } from '../../codecs/compilers/record-encoder.ts';
import type { Request } from '../../session/request.ts';
import { type CopyFeed, CopyInRequest } from '../../session/requests/copy-in-request.ts';
import type { Session } from '../../session/session.ts';
import { type TableColumn, tableColumns } from '../../session/statements/table-columns.ts';
import { statementKind } from '../../sql/statement-kind.ts';
import type { Deadline } from '../../transport/deadline.ts';
import type { ClientSession } from '../client-session.ts';
import { checkOptions, type OptionNames } from '../known-options.ts';
import { ChunkFeed, RecordFeed, type RecordPlan } from './copy-feed.ts';
import {
  COMMON_OPTIONS,
  type CopyCommon,
  type CopyFormat,
  copyFromStdin,
  FORMAT_OPTIONS,
  qualifiedName,
} from './copy-options.ts';
import { type CopySource, isIterable, pullFrom, pullFromSource } from './copy-source.ts';

/** See Queryable.copyToTable. */
export interface CopyToTableOptions extends CopyFormat, CopyCommon {
  /**
   * Data in COPY's text, csv or binary format, as `format` says; strings are sent as UTF-8. It
   * must not wait for calls on the same connection: they follow the COPY.
   */
  readonly source: CopySource;
  /** An SQL condition: rows for which it is not true are left out (12+). Sent as it is. */
  readonly where?: string | undefined;
}

/** A record: the values in the order of the columns, or by their names. */
export type CopyRecord = readonly unknown[] | object;

/** See Queryable.copyRecordsToTable. */
export interface CopyRecordsOptions extends CopyCommon {
  /**
   * Arrays with a value for each column, or objects with a property for each: others are
   * ignored, one that is missing is an error. They must not wait for calls on the same
   * connection: they follow the COPY.
   */
  readonly records: Iterable<CopyRecord> | AsyncIterable<CopyRecord>;
  /** An SQL condition: records for which it is not true are left out (12+). Sent as it is. */
  readonly where?: string | undefined;
}

const TABLE_OPTIONS: OptionNames<CopyToTableOptions> = {
  source: true,
  where: true,
  ...FORMAT_OPTIONS,
  ...COMMON_OPTIONS,
};
const RECORDS_OPTIONS: OptionNames<CopyRecordsOptions> = {
  records: true,
  where: true,
  ...COMMON_OPTIONS,
};

/** Copies data in one of COPY's formats into a table; see Queryable.copyToTable. */
export async function copyToTable(
  client: ClientSession,
  table: string,
  options: CopyToTableOptions,
  deadline: Deadline | null,
): Promise<string> {
  checkOptions('copyToTable', options, TABLE_OPTIONS);
  const { source, timeout, signal: _signal, onProgress, ...statement } = options;
  const text = copyFromStdin(table, statement, client.session.serverVersion);
  const bytesOnly = whyBytesOnly(statement);
  const feed = new ChunkFeed(pullFromSource(source), { text, bytesOnly, onProgress });
  return copyIn(client, text, feed, deadline, timeout);
}

function whyBytesOnly({ format, encoding }: CopyFormat): string | null {
  if (format === 'binary') return 'the binary format takes bytes only';
  if (encoding === undefined || /^utf-?8$/i.test(encoding)) return null;
  return 'text is sent as UTF-8; with another encoding pass bytes';
}

/** Copies records into a table; see Queryable.copyRecordsToTable. */
export async function copyRecordsToTable(
  client: ClientSession,
  table: string,
  options: CopyRecordsOptions,
  deadline: Deadline | null,
): Promise<string> {
  checkOptions('copyRecordsToTable', options, RECORDS_OPTIONS);
  const { records, columns, schema, where, timeout, onProgress } = options;
  if (!isIterable(records)) {
    throw new TypeError('the records of a COPY must be an iterable of arrays or objects');
  }
  const name = qualifiedName(table, schema);
  const wanted = columns === undefined || columns.length === 0 ? null : columns;
  const textIn = (format: 'binary' | 'text'): string =>
    copyFromStdin(table, { columns, schema, where, format }, client.session.serverVersion);
  // Says what is wrong with the options before the server is asked for anything.
  const binaryText = textIn('binary');
  const plan = async (session: Session, parent: Request): Promise<RecordPlan> => {
    const known = await tableColumns(session, parent, name);
    const copied = wanted === null ? settable(known) : named(wanted, known);
    const encoder = compileRecordEncoder(copied, known);
    return { encoder, text: encoder.format === BINARY ? binaryText : textIn('text') };
  };
  const feed = new RecordFeed(pullFrom<unknown>(records), plan, onProgress);
  return copyIn(client, binaryText, feed, deadline, timeout);
}

/** The columns that COPY takes when none are named. */
function settable(known: readonly TableColumn[]): RecordColumn[] {
  return known.filter(({ generated }) => !generated);
}

/**
 * The named columns. One that the table does not have is left for the server to refuse, before
 * it asks for any data.
 */
function named(wanted: readonly string[], known: readonly TableColumn[]): RecordColumn[] {
  const columns = new Map(known.map((column) => [column.name, column]));
  return wanted.flatMap((name) => columns.get(name) ?? []);
}

function copyIn(
  client: ClientSession,
  text: string,
  feed: CopyFeed,
  deadline: Deadline | null,
  timeout: number | undefined,
): Promise<string> {
  const request = new CopyInRequest(feed, deadline);
  client.noteEffects(statementKind(text));
  client.session.submit(request);
  return client.logged(request.promise, text, [], timeout, 'copy');
}
