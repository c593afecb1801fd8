import { BINARY, TEXT } from '../../codecs/codec.ts';
import type { CodecSource } from '../../codecs/codec-source.ts';
import { columnName } from '../../codecs/column-name.ts';
import { compileRecordEncoder, type RecordColumn } from '../../codecs/compilers/record-encoder.ts';
import { CopyInRequest } from '../../session/requests/copy-in-request.ts';
import { CopyInput } from '../../session/requests/copy-input.ts';
import { iteratorOf } from '../../session/requests/iterating.ts';
import type { Turn } from '../../session/requests/turn.ts';
import { learnArrayNulls } from '../../session/statements/array-nulls.ts';
import { withQuery } from '../../session/statements/preparation.ts';
import { settle } from '../../session/statements/settle.ts';
import { type TableColumn, tableColumns } from '../../session/statements/table-columns.ts';
import { statementKind } from '../../sql/statement-kind.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { checkOptions, type OptionNames } from '../calls/known-options.ts';
import type { ClientSession } from '../client-session.ts';
import { COMMON_OPTIONS, type CopyCommon, tellProgress } from './copy-options.ts';
import { isIterable } from './copy-source.ts';
import { copyFromStdin, qualifiedName } from './copy-statement.ts';
import { inTurn } from './in-turn.ts';
import { withSchemaHint } from './schema-hint.ts';

/** A record: the values in the order of the columns, or by their names. */
export type CopyRecord = readonly unknown[] | object;

/** See Queryable.copyRecordsToTable. */
export interface CopyRecordsOptions extends CopyCommon {
  /**
   * Arrays with a value for each column, or objects with a property for each: others are
   * ignored, one that is missing is an error. With `transform` a property may have either name, the column's
   * own or that of rows. Calls that an async iterable makes on the same
   * connection are refused, as it would wait for itself.
   */
  readonly records: Iterable<CopyRecord> | AsyncIterable<CopyRecord>;
  /** An SQL condition: records for which it is not true are left out (12+). Sent as it is. */
  readonly where?: string | undefined;
}

/** What it is called in errors. */
const RECORDS = 'records';

const OPTIONS: OptionNames<CopyRecordsOptions> = {
  records: true,
  where: true,
  ...COMMON_OPTIONS,
};

/** Copies records into a table; see Queryable.copyRecordsToTable. */
export async function copyRecordsToTable(
  client: ClientSession,
  table: string,
  options: CopyRecordsOptions,
  deadline: Deadline | null,
): Promise<string> {
  checkOptions('copyRecordsToTable', options, OPTIONS);
  const { records, columns, schema, where, timeout, onProgress } = options;
  if (!isIterable(records)) {
    throw new TypeError('the records of a COPY must be an iterable of arrays or objects');
  }
  const { session } = client;
  const name = qualifiedName(table, schema);
  const textIn = (format: 'binary' | 'text'): string =>
    copyFromStdin(table, { columns, schema, where, format }, session.server);
  // Says what is wrong with the options before the server is asked for anything.
  const binaryText = textIn('binary');
  const input = new CopyInput(iteratorOf(RECORDS, records), RECORDS);
  const copy = async (turn: Turn): Promise<string> => {
    const known = await turn
      .during(() => tableColumns(session, turn, name))
      .catch((error: unknown) => {
        throw withQuery(error, binaryText);
      });
    const copied = inRows(session.registry, copiedColumns(columns, known), known);
    const encoder = compileRecordEncoder(copied, known);
    if (encoder.format === TEXT && copied.some(({ codec }) => codec.hasArrays)) {
      await turn.during(async () => {
        await settle(session, turn);
        await learnArrayNulls(session, turn);
      });
    }
    const text = encoder.format === BINARY ? binaryText : textIn('text');
    const { format, count } = encoder;
    const model = { text: `SELECT * FROM ${name}`, parameterOids: [], columns: known };
    const prepared = { format, count, model };
    const onSent = (bytes: number, rows: number): void => tellProgress(onProgress, { bytes, rows });
    return turn.submit(
      new CopyInRequest(text, { input, encoder, columns: prepared, onSent }, deadline),
    );
  };
  client.effects.note(statementKind(binaryText));
  const copying = withSchemaHint(
    inTurn(session, deadline, copy, () => input.stop()),
    table,
    schema,
  );
  return client.logged(copying, binaryText, [], timeout, 'copy');
}

/**
 * The columns with what they are called in rows, so that rows can be copied as they were read. What two columns of the
 * table are called would be the value of one of them: there a record needs the column's own name.
 */
function inRows(
  registry: CodecSource,
  columns: RecordColumn[],
  table: readonly TableColumn[],
): RecordColumn[] {
  if (!registry.columnName) return columns;
  /** How many columns have a name, as their own or in rows. */
  const counts = new Map<string, number>();
  for (const { name } of table) {
    for (const each of new Set([name, columnName(registry, name)])) {
      counts.set(each, (counts.get(each) ?? 0) + 1);
    }
  }
  return columns.map((column) => {
    const rowName = columnName(registry, column.name);
    return counts.get(rowName) === 1 ? { ...column, rowName } : column;
  });
}

/**
 * The named columns, or all that COPY takes when none are named. A name that the table does not
 * have is left for the server to refuse, before it asks for any data.
 */
function copiedColumns(
  names: readonly string[] | undefined,
  known: readonly TableColumn[],
): RecordColumn[] {
  if (names === undefined || names.length === 0) return known.filter(({ generated }) => !generated);
  const columns = new Map(known.map((column) => [column.name, column]));
  return names.flatMap((name) => columns.get(name) ?? []);
}
