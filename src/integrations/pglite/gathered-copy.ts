import { writeCopyData, writeCopyDone, writeCopyFail } from '../../protocol/copy.ts';
import { Backend, Frontend } from '../../protocol/message-type.ts';
import { answer } from './answers.ts';
import { eachMessage } from './messages.ts';
import type { SharedBackend } from './shared-backend.ts';

/** By this the failure of a COPY is known that was only to tell how its data begins. */
const REHEARSAL = 'asyncpg: a rehearsal';
const EMPTY_BINARY_COPY = Buffer.from('5047434f50590aff0d0a000000000000000000ffff', 'hex');

/** A COPY … FROM STDIN whose data is being gathered: PGlite wants all of it at once. */
export class GatheredCopy {
  readonly #query: Buffer;
  readonly #data: Buffer[] = [];
  /** The last of it is there. */
  isWhole = false;

  constructor(query: Buffer) {
    this.#query = query;
  }

  /** Takes a message of the client's. Whether it was the last. */
  gather(message: Buffer): boolean {
    const type = message[0];
    const isData = type === Frontend.CopyData;
    // Others are ignored, as a server does.
    if (!isData && type !== Frontend.CopyDone && type !== Frontend.CopyFail) return false;
    this.#data.push(message);
    this.isWhole = !isData;
    return this.isWhole;
  }

  get messages(): Buffer {
    return Buffer.concat([this.#query, ...this.#data]);
  }
}

/**
 * Finds out how a COPY's data begins: PGlite could not wait for data. Outside of a transaction by a
 * COPY that fails, inside by one of no rows.
 *
 * @returns the CopyInResponse, or null if the COPY is refused; and all that the backend has said
 */
export async function rehearse(
  backend: SharedBackend,
  query: Buffer,
  format: 'text' | 'binary',
  isInTransaction: boolean,
): Promise<{ begin: Buffer | null; told: Buffer }> {
  const end = answer((writer) => {
    if (!isInTransaction) {
      writeCopyFail(writer, REHEARSAL);
      return;
    }
    if (format === 'binary') writeCopyData(writer, EMPTY_BINARY_COPY);
    writeCopyDone(writer);
  });
  const told = await backend.execute(Buffer.concat([query, end]));
  let begin: Buffer | null = null;
  let hasFailed = false;
  eachMessage(told, (type, start, end, from) => {
    if (type === Backend.CopyInResponse) begin = told.subarray(from, end);
    const isError = type === Backend.ErrorResponse;
    if (isError && !told.toString('latin1', start, end).includes(REHEARSAL)) hasFailed = true;
  });
  return { begin: hasFailed ? null : begin, told };
}
