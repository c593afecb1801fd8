import { Duplex } from 'node:stream';

/**
 * A client's connection without any network, for the option `dial`: what the server says
 * arrives in the very chunks in which it was said, each in a turn of its own.
 */
export class FakeStream extends Duplex {
  /** Every byte that the client has sent. */
  received: Buffer = Buffer.alloc(0);
  readonly #react: (stream: FakeStream, chunk: Buffer) => void;
  #queue: (Uint8Array | null)[] = [];
  #delivering = false;

  /** `react` is called with what the client sends. */
  constructor(react: (stream: FakeStream, chunk: Buffer) => void = () => {}) {
    super({ allowHalfOpen: true });
    this.#react = react;
  }

  /** Has the client receive these chunks; null is the end. */
  say(...chunks: (Uint8Array | null)[]): void {
    this.#queue.push(...chunks);
    void this.#deliver();
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    this.received = Buffer.concat([this.received, chunk]);
    this.#react(this, chunk);
    callback();
  }

  async #deliver(): Promise<void> {
    if (this.#delivering) return;
    this.#delivering = true;
    while (this.#queue.length > 0) {
      await new Promise(setImmediate);
      const chunk = this.#queue.shift()!;
      if (this.destroyed) break;
      if (chunk === null || chunk.length > 0) this.push(chunk);
    }
    this.#delivering = false;
  }

  override _read(): void {}

  override _final(callback: (error?: Error | null) => void): void {
    callback();
    // A server closes its side when the client has closed its own.
    this.say(null);
  }
}
