import type { Connection } from '../client/connection.ts';
import { ChunkEncoder } from '../client/copy/chunk-encoder.ts';
import { CLIENT } from '../client/internals.ts';
import { CopyInRequest } from '../session/requests/copy-in-request.ts';
import { CopyInput } from '../session/requests/copy-input.ts';

/** Carries out a statement COPY … FROM STDIN with the rows that follow it in a file. */
export function copyRows(on: Connection, statement: string, rows: string): Promise<string> {
  const data = {
    input: new CopyInput([rows].values(), 'the file'),
    encoder: new ChunkEncoder(null),
    columns: null,
    onSent: () => {},
  };
  const request = new CopyInRequest(statement, data, null);
  on[CLIENT]('copyRows').session.submit(request);
  return request.promise;
}
