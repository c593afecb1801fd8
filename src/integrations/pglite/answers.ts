import { writeAuthentication } from '../../protocol/backend/authentication.ts';
import { writeErrorResponse } from '../../protocol/backend/response.ts';
import {
  writeBackendKeyData,
  writeParameterStatus,
  writeReadyForQuery,
} from '../../protocol/backend/session.ts';
import { MessageWriter } from '../../protocol/writer.ts';

/** Messages of the server's that are made here, in a buffer of their own. */
export function answer(write: (writer: MessageWriter) => void): Buffer {
  const writer = new MessageWriter(512);
  write(writer);
  return writer.buffer.subarray(0, writer.offset);
}

export const READY: Buffer = answer((writer) => writeReadyForQuery(writer, 'I'));

/** What a session begins with. */
export function startedUp(
  parameters: ReadonlyMap<string, string>,
  processId: number,
  secretKey: Buffer,
): Buffer {
  return answer((writer) => {
    writeAuthentication(writer, { method: 'Ok' });
    for (const [name, value] of parameters) writeParameterStatus(writer, name, value);
    writeBackendKeyData(writer, processId, secretKey);
    writeReadyForQuery(writer, 'I');
  });
}

export function failure(severity: 'ERROR' | 'FATAL', sqlstate: string, message: string): Buffer {
  return answer((writer) => writeErrorResponse(writer, { severity, sqlstate, message }));
}

export const CANCELLED: Buffer = failure(
  'ERROR',
  '57014',
  'canceling statement due to user request',
);
