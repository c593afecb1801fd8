import { Duplex } from 'node:stream';

/** What stands behind the stream: the session of its client, once there is one. */
export interface Wire {
  /** Sends bytes. */
  write(bytes: Uint8Array): void;
  /** Resolves when more can be written without piling up. */
  whenDrained(): Promise<void> | null;
  /** The stream has room for what comes. */
  resume(): void;
  /** Says goodbye and closes. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
  ref(): void;
  unref(): void;
}

/**
 * Stands in for the socket of a client, for those who reach for it: what is written is sent as it is,
 * and whoever takes away its one `data` listener reads the server's messages as they come, and may
 * hand back what is not his by calling that listener.
 */
export class WireStream extends Duplex {
  readonly #wire: Wire;
  /** As a socket of TLS has them. */
  encrypted?: boolean;
  authorized?: boolean;
  alpnProtocol?: string | false;

  constructor(wire: Wire, taken: (chunk: Buffer) => void) {
    super({ autoDestroy: true, allowHalfOpen: true });
    this.#wire = wire;
    this.on('data', taken);
  }

  /** Whether nobody reads what the server sends but the client, and nothing is left of it in here. */
  get isUntouched(): boolean {
    return (
      this.listenerCount('data') > 0 && this.readableFlowing === true && this.readableLength === 0
    );
  }

  override _read(): void {
    this.#wire.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#wire.write(chunk);
    const drained = this.#wire.whenDrained();
    if (drained === null) done();
    else void drained.then(() => done());
  }

  override _final(done: () => void): void {
    this.#wire.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#wire.destroy();
    done(error);
  }

  ref(): this {
    this.#wire.ref();
    return this;
  }

  unref(): this {
    this.#wire.unref();
    return this;
  }

  /** What is set is set when the connection is made. */
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }
}
