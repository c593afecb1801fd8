import type { RowDecoder } from '../../codecs/compilers/row-decoder.ts';
import { ProtocolError } from '../../errors/client-errors.ts';
import type { RequestHost } from '../request.ts';
import type { CopySink } from './copy-out-request.ts';
import type { RowSink } from './stream-request.ts';

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
/** The signature, the flags, and the length of the header's extension. */
const HEADER = SIGNATURE.length + 8;
/** Flags that a reader must know; there is none but the OIDs of servers before version 12. */
const CRITICAL_FLAGS = 0xffff0000;

/**
 * Decodes the data of a binary COPY. A tuple in it has the layout of a DataRow, and the server
 * sends each as one CopyData, the first one with the header before it.
 * PostgreSQL manual, "COPY", section "Binary Format".
 */
export class CopyRows implements CopySink {
  onFailure = null;
  readonly #session: RequestHost;
  readonly #rows: RowSink;
  readonly #decoder: RowDecoder<unknown>;
  #headerRead = false;
  #complete = false;

  constructor(session: RequestHost, rows: RowSink, decoder: RowDecoder<unknown>) {
    this.#session = session;
    this.#rows = rows;
    this.#decoder = decoder;
  }

  data(buffer: Buffer, start: number, end: number): boolean {
    let at = start;
    if (!this.#headerRead) {
      at = afterHeader(buffer, start, end);
      this.#headerRead = true;
      if (at === end) return true;
    }
    if (this.#complete) throw malformed('data follows its end');
    if (end - at === 2 && buffer.readInt16BE(at) === -1) {
      this.#complete = true;
      return true;
    }
    return this.#rows.push(this.#decoder(buffer, at, end, this.#session.inbox.textRun), end - at);
  }

  async end(): Promise<void> {
    if (!this.#complete) throw malformed('it has no end');
  }

  destroy(): void {
    // The reader of the rows learns of it from the request.
  }
}

function afterHeader(buffer: Buffer, start: number, end: number): number {
  const flags = start + SIGNATURE.length;
  if (end - start < HEADER || !buffer.subarray(start, flags).equals(SIGNATURE)) {
    throw malformed('it does not begin with its signature');
  }
  if ((buffer.readUInt32BE(flags) & CRITICAL_FLAGS) !== 0) {
    throw malformed('it has flags that are not known');
  }
  const extension = buffer.readUInt32BE(flags + 4);
  if (extension > end - start - HEADER) throw malformed('its header ends too early');
  return start + HEADER + extension;
}

function malformed(reason: string): ProtocolError {
  return new ProtocolError(`malformed data of a binary COPY: ${reason}`);
}
