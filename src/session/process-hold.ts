import type { ByteStream } from '../transport/byte-stream.ts';
import type { RequestQueue } from './request-queue.ts';

/** Whether a session keeps the process alive: it does, unless it was told that it need not while nothing is under way. */
export class ProcessHold {
  readonly #transport: ByteStream;
  readonly #queue: RequestQueue;
  #letsExit = false;
  /** It may not now, since something is under way. */
  #keeps = false;
  #ended = false;

  constructor(transport: ByteStream, queue: RequestQueue) {
    this.#transport = transport;
    this.#queue = queue;
  }

  /** Keeps the process alive while the session is open, which is how it begins. */
  ref(): void {
    this.#letsExit = false;
    this.#transport.ref();
  }

  /** Lets the process exit while nothing is under way. */
  unref(): void {
    this.#letsExit = true;
    if (this.#queue.isIdle) this.#transport.unref();
    else this.#keep();
  }

  /** A request was submitted: it is not to be lost by the exit of the process. */
  submitted(): void {
    if (this.#letsExit) this.#keep();
  }

  /** Whoever waits until the peer has closed its side is told of it. */
  keepForEnd(): void {
    if (this.#letsExit) this.#transport.ref();
  }

  /** The session has ended. */
  end(): void {
    this.#ended = true;
  }

  #keep(): void {
    if (this.#keeps || this.#ended) return;
    this.#keeps = true;
    this.#transport.ref();
    void this.#queue.whenIdle().then(() => {
      this.#keeps = false;
      if (!this.#letsExit || this.#ended) return;
      if (this.#queue.isIdle) this.#transport.unref();
      else this.#keep();
    });
  }
}
