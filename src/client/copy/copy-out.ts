import { CopyOutRequest } from '../../session/requests/copy-out-request.ts';
import type { Turn } from '../../session/requests/turn.ts';
import { statementKind } from '../../sql/statement-kind.ts';
import type { Deadline } from '../../transport/deadline.ts';
import type { ClientSession } from '../client-session.ts';
import { BlockBuffer } from './block-buffer.ts';
import type { CopyCommon, CopyFormat } from './copy-options.ts';
import { type CopyOutput, sinkOf } from './copy-output.ts';
import { inTurn } from './in-turn.ts';

/** See Queryable.copyFromQuery. */
export interface CopyOutOptions extends CopyFormat, Omit<CopyCommon, 'columns' | 'schema'> {
  /**
   * Where the data goes, in blocks of about 64 KiB that end anywhere. A file is created with
   * the permissions that the process gives its files. What it had before is replaced when the first
   * block has come: a COPY that fails earlier leaves it as it is, one that fails later leaves what has come.
   */
  readonly output: CopyOutput;
}

/**
 * Copies to an output.
 *
 * @param text the statement
 * @param lookUp what the server is asked for the statement, if that takes it; query loggers get
 *   `text` all the same, with `args`
 */
export function copyOut(
  client: ClientSession,
  text: string,
  { output, onProgress, timeout }: CopyOutOptions,
  deadline: Deadline | null,
  lookUp: ((turn: Turn) => Promise<string>) | null = null,
  args: readonly unknown[] = [],
): Promise<string> {
  const { session } = client;
  const sink = sinkOf(output);
  const blocks = new BlockBuffer(session, sink, onProgress);
  const copy = async (turn: Turn): Promise<string> => {
    if (sink.open !== undefined) await turn.waitFor(() => sink.open!());
    const statement = lookUp === null ? text : await turn.during(() => lookUp(turn));
    return turn.submit(new CopyOutRequest(statement, blocks, null, deadline));
  };
  client.effects.note(statementKind(text));
  let copying: Promise<string>;
  if (sink.open === undefined && lookUp === null) {
    const request = new CopyOutRequest(text, blocks, null, deadline);
    session.submit(request);
    copying = request.promise;
  } else {
    copying = inTurn(session, deadline, copy, (error) => blocks.destroy(error));
  }
  const { streams } = client;
  streams.add(blocks);
  const strikeOut = (): void => void streams.delete(blocks);
  copying.then(strikeOut, strikeOut);
  return client.logged(copying, text, args, timeout, 'copy');
}
