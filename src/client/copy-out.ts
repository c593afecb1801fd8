import { CopyOutRequest } from '../session/requests/copy-out.ts';
import { ErrandRequest } from '../session/requests/errand.ts';
import type { Deadline } from '../transport/deadline.ts';
import type { QueryObject } from './call.ts';
import { CopyBlocks } from './copy-blocks.ts';
import {
  type CopyCommon,
  type CopyFormat,
  copyQueryToStdout,
  copyTableToStdout,
} from './copy-options.ts';
import { inlineArguments, isPlain, plainText } from './copy-query.ts';
import { type ByteSink, checkedOutput, type CopyOutput, type OpenSink } from './copy-sink.ts';
import { ignoring } from './copy-source.ts';
import { requestStep, stepOf } from './copy-step.ts';
import type { Lane } from './lane.ts';

export type { CopyOutput };

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

/** Copies a table to an output; see Queryable.copyFromTable. */
export async function copyFromTable(
  lane: Lane,
  table: string,
  options: CopyFromTableOptions,
  deadline: Deadline | null,
): Promise<string> {
  const open = checkedOutput(options.output);
  const text = copyTableToStdout(table, options, lane.session.serverVersion);
  return copyOut(lane, text, open, options, deadline);
}

/** Copies the result of a query to an output; see Queryable.copyFromQuery. */
export async function copyFromQuery(
  lane: Lane,
  query: QueryObject,
  options: CopyOutOptions,
  deadline: Deadline | null,
): Promise<string> {
  const { session } = lane;
  const open = checkedOutput(options.output);
  // Says what is wrong with the options before the server is asked for anything.
  copyQueryToStdout('', options, session.serverVersion);
  let plain: string;
  if (isPlain(query)) {
    plain = plainText(session, query.text);
  } else {
    const errand = new ErrandRequest((_, holder) => inlineArguments(session, holder, query), null);
    plain = (await requestStep(lane, errand, deadline)).text;
  }
  const text = copyQueryToStdout(plain, options, session.serverVersion);
  return copyOut(lane, text, open, options, deadline);
}

async function copyOut(
  lane: Lane,
  text: string,
  open: OpenSink,
  { onProgress, timeout }: CopyOutOptions,
  deadline: Deadline | null,
): Promise<string> {
  const { session } = lane;
  const opening = open();
  const sink = await stepOf(opening, deadline, () => discard(opening));
  const blocks = new CopyBlocks(session, sink, onProgress);
  const request = new CopyOutRequest(text, blocks, deadline);
  blocks.onFailure = (error) => request.refuse(error);
  lane.noteDirt(text);
  session.submit(request);
  try {
    return await lane.logged(request.promise, text, [], timeout);
  } catch (error) {
    sink.destroy(error);
    throw error;
  }
}

/** A sink that was opened too late. */
function discard(opening: Promise<ByteSink>): void {
  ignoring(() =>
    opening.then((sink) => sink.destroy(new Error('the call has ended before its output opened'))),
  );
}
