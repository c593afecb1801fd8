import type { RowDecoder } from '../../codecs/compilers/row-decoder.ts';
import { InterfaceError, ProtocolError } from '../../errors/client-errors.ts';
import type { CopyResponse } from '../../protocol/copy.ts';
import type { Session } from '../session.ts';
import type { CopyDataSink } from './copy-out-request.ts';
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
export class CopyRows implements CopyDataSink {
  readonly #text: string;
  readonly #session: Session;
  readonly #sink: RowSink;
  readonly #decoder: RowDecoder;
  readonly #columns: number;
  #headerRead = false;
  #complete = false;

  constructor(text: string, session: Session, sink: RowSink, decoder: RowDecoder, columns: number) {
    this.#text = text;
    this.#session = session;
    this.#sink = sink;
    this.#decoder = decoder;
    this.#columns = columns;
  }

  plan(): string {
    return this.#text;
  }

  begin({ columnFormats }: CopyResponse): void {
    if (columnFormats.length === this.#columns) return;
    throw new InterfaceError('the columns of the query changed while it was prepared', {
      isTransient: true,
    });
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
    return this.#sink.push(this.#decoder(buffer, at, end, this.#session.textRun));
  }

  async end(): Promise<void> {
    if (!this.#complete) throw malformed('it has no end');
  }

  destroy(): void {
    // Whoever reads the rows learns of it from the request.
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
