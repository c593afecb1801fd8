import { HEADER_LENGTH } from '../../protocol/message-type.ts';

/** Walks whole messages: `visit` gets the type, where the body stands, and where the message begins. */
export function eachMessage(
  buffer: Buffer,
  visit: (type: number, start: number, end: number, from: number) => void,
): void {
  for (let at = 0; at + HEADER_LENGTH <= buffer.length; ) {
    const end = at + 1 + buffer.readInt32BE(at + 1);
    visit(buffer[at]!, at + HEADER_LENGTH, end, at);
    at = end;
  }
}

/** Cuts what a client sends into its messages, each in memory of its own kind: none is used again. */
export class ClientMessages {
  #rest: Buffer = Buffer.alloc(0);
  /** The first messages of a connection have no type. */
  isTyped = false;

  /** The next message whole, with its header; null: it has not arrived. */
  next(): Buffer | null {
    const rest = this.#rest;
    const header = this.isTyped ? HEADER_LENGTH : HEADER_LENGTH - 1;
    if (rest.length < header) return null;
    const end = rest.readInt32BE(header - 4) + header - 4;
    if (rest.length < end) return null;
    this.#rest = rest.subarray(end);
    return rest.subarray(0, end);
  }

  feed(chunk: Uint8Array): void {
    // The chunk is the sender's again once it was taken.
    this.#rest = Buffer.concat([this.#rest, chunk]);
  }
}
