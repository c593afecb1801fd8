import { CopyInRequest } from '../../session/requests/copy-in-request.ts';
import { CopyInput } from '../../session/requests/copy-input.ts';
import type { Turn } from '../../session/requests/turn.ts';
import { statementKind } from '../../sql/statement-kind.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { checkOptions, type OptionNames } from '../calls/known-options.ts';
import type { ClientSession } from '../client-session.ts';
import { ChunkEncoder } from './chunk-encoder.ts';
import {
  COMMON_OPTIONS,
  type CopyCommon,
  type CopyFormat,
  FORMAT_OPTIONS,
  tellProgress,
} from './copy-options.ts';
import { type CopySource, chunksOf } from './copy-source.ts';
import { copyFromStdin } from './copy-statement.ts';
import { FileChunks } from './file-chunks.ts';
import { inTurn } from './in-turn.ts';
import { withSchemaHint } from './schema-hint.ts';

/** See Queryable.copyToTable. */
export interface CopyToTableOptions extends CopyFormat, CopyCommon {
  /**
   * Data in COPY's text, csv or binary format, as `format` says; strings are sent as UTF-8. Calls
   * that it makes on the same connection are refused, as it would wait for itself.
   */
  readonly source: CopySource;
  /** An SQL condition: rows for which it is not true are left out (12+). Sent as it is. */
  readonly where?: string | undefined;
}

const OPTIONS: OptionNames<CopyToTableOptions> = {
  source: true,
  where: true,
  ...FORMAT_OPTIONS,
  ...COMMON_OPTIONS,
};

/** Copies data in one of COPY's formats into a table; see Queryable.copyToTable. */
export async function copyToTable(
  client: ClientSession,
  table: string,
  options: CopyToTableOptions,
  deadline: Deadline | null,
): Promise<string> {
  checkOptions('copyToTable', options, OPTIONS);
  const { source, timeout, signal: _signal, onProgress, ...statement } = options;
  const { session } = client;
  const text = copyFromStdin(table, statement, session.server);
  const chunks = chunksOf(source);
  const input = new CopyInput(chunks, 'the source');
  const data = {
    input,
    encoder: new ChunkEncoder(whyBytesOnly(statement)),
    columns: null,
    onSent: (bytes: number) => tellProgress(onProgress, { bytes }),
  };
  const request = new CopyInRequest(text, data, deadline);
  client.effects.note(statementKind(text));
  let copying = request.promise;
  if (chunks instanceof FileChunks) {
    const openFirst = async (turn: Turn): Promise<string> => {
      await turn.waitFor(() => chunks.open());
      return turn.submit(request);
    };
    copying = inTurn(session, deadline, openFirst, () => input.stop());
  } else {
    session.submit(request);
  }
  copying = withSchemaHint(copying, table, options.schema);
  return client.logged(copying, text, [], timeout, 'copy');
}

function whyBytesOnly({ format, encoding }: CopyFormat): string | null {
  if (format === 'binary') return 'the binary format takes bytes only';
  if (encoding === undefined || /^utf-?8$/i.test(encoding)) return null;
  return 'text is sent as UTF-8; with another encoding pass bytes';
}
