import { CopyBlock } from '../../protocol/copy-block.ts';
import type { CopySink } from '../../session/requests/copy-out-request.ts';
import { COPY_BLOCK } from '../../session/requests/copy-request.ts';
import type { Session } from '../../session/session.ts';
import { type OnProgress, tellProgress } from './copy-options.ts';
import type { BlockSink } from './copy-output.ts';

/** Bytes that wait for the sink beyond which the server is made to wait as well. */
const HIGH_WATER = 1024 * 1024;
/** Reading goes on when so few are left. */
const LOW_WATER = 256 * 1024;

/** The data of a COPY between the wire and its output: gathered into blocks, written one by one. */
export class BlockBuffer implements CopySink {
  onFailure: ((error: unknown) => void) | null = null;
  readonly #session: Session;
  readonly #sink: BlockSink;
  readonly #onProgress: OnProgress;
  #block: CopyBlock | null = null;
  #blocks: CopyBlock[] = [];
  /** Blocks that the sink has given back. */
  readonly #spare: CopyBlock[] = [];
  #waiting = 0;
  #written = 0;
  /** What was written when it was looked at last, and the server waited; else -1. */
  #writtenThen = -1;
  #paused = false;
  #complete = false;
  #destroyed = false;
  #wake: (() => void) | null = null;
  readonly #done: Promise<void>;

  constructor(session: Session, sink: BlockSink, onProgress: OnProgress) {
    this.#session = session;
    this.#sink = sink;
    this.#onProgress = onProgress;
    // Begun here, the output is written to in the caller's asynchronous context.
    this.#done = this.#run();
    this.#done.catch((error: unknown) => this.onFailure?.(error));
  }

  run(buffer: Buffer, at: number, limit: number): number {
    return this.#block === null ? at : this.#block.appendRun(buffer, at, limit);
  }

  data(buffer: Buffer, start: number, end: number): boolean {
    for (let at = start; at < end; ) {
      this.#block ??= this.#spare.pop() ?? new CopyBlock(COPY_BLOCK);
      const to = Math.min(end, at + this.#block.space);
      this.#block.append(buffer, at, to);
      at = to;
      if (this.#block.space === 0) this.#push(this.#block);
    }
    // With calls behind the COPY the server is not made to wait: the output may be waiting for
    // one of them, and so would both for ever.
    if (this.#waiting < HIGH_WATER || this.#session.hasFollowers) return true;
    this.#paused = true;
    return false;
  }

  #push(block: CopyBlock): void {
    this.#block = null;
    this.#blocks.push(block);
    this.#waiting += block.used;
    this.#wake?.();
  }

  end(): Promise<void> {
    this.#complete = true;
    if (this.#block !== null) this.#push(this.#block);
    this.#wake?.();
    return this.#done;
  }

  /** Has the COPY fail if the server waits for the output, which has taken no block since this was called last. */
  endIfUnread(reason: () => Error): void {
    const written = this.#paused ? this.#written : -1;
    const isUnread = written >= 0 && written === this.#writtenThen;
    this.#writtenThen = written;
    if (isUnread) this.onFailure?.(reason());
  }

  destroy(error: unknown): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#blocks = [];
    this.#wake?.();
    this.#sink.destroy(error);
  }

  async #run(): Promise<void> {
    for (;;) {
      if (this.#destroyed) return;
      const block = this.#blocks.shift();
      if (block === undefined) {
        if (this.#complete) break;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = null;
        continue;
      }
      const written = this.#sink.write(block.filled);
      if (typeof (written as Promise<void> | undefined)?.then === 'function') await written;
      this.#waiting -= block.used;
      this.#written += block.used;
      if (this.#sink.returnsBlocks) {
        block.used = 0;
        this.#spare.push(block);
      }
      tellProgress(this.#onProgress, { bytes: this.#written });
      if (this.#paused && this.#waiting <= LOW_WATER) {
        this.#paused = false;
        this.#session.inbox.resume();
      }
    }
    await this.#sink.end();
  }
}
