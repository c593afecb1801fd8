import { isUint8Array } from 'node:util/types';
import type { RecordEncoder } from '../../codecs/compilers/record-encoder.ts';
import { InterfaceError, InvalidArgumentError } from '../../errors/client-errors.ts';
import type { CopyResponse } from '../../protocol/copy.ts';
import { Frontend } from '../../protocol/message-type.ts';
import type { MessageWriter } from '../../protocol/writer.ts';
import type { Request } from '../../session/request.ts';
import {
  COPY_BLOCK,
  type CopyFeed,
  type FeedStep,
} from '../../session/requests/copy-in-request.ts';
import type { Session } from '../../session/session.ts';
import { type OnProgress, tellProgress } from './copy-options.ts';
import type { Pull } from './copy-source.ts';

/** What a message of records seldom exceeds. */
const ROOMY = COPY_BLOCK + 8 * 1024;

/** What data is taken from, piece by piece, as the server takes it. */
abstract class PullFeed implements CopyFeed {
  protected readonly pull: Pull<unknown>;
  #awaited: Promise<IteratorResult<unknown, unknown>> | null = null;
  #arrived: IteratorResult<unknown, unknown> | null = null;
  /** The source has come to its end, or failed by itself. */
  #over = false;
  /** Bytes of data that were written. */
  protected bytes = 0;

  constructor(pull: Pull<unknown>) {
    this.pull = pull;
  }

  abstract plan(session: Session, parent: Request): string | Promise<string>;
  abstract begin(response: CopyResponse): void;
  abstract write(writer: MessageWriter): FeedStep;
  abstract sent(): void;

  /** The next piece; null when it must be waited for. */
  protected take(): IteratorResult<unknown, unknown> | null {
    let result = this.#arrived;
    if (result !== null) {
      this.#arrived = null;
    } else {
      let next: IteratorResult<unknown, unknown> | Promise<IteratorResult<unknown, unknown>>;
      try {
        next = this.pull.next();
      } catch (error) {
        this.#over = true;
        throw error;
      }
      if (typeof (next as Promise<unknown>)?.then === 'function') {
        this.#awaited = next as Promise<IteratorResult<unknown, unknown>>;
        return null;
      }
      result = next as IteratorResult<unknown, unknown>;
    }
    if (typeof result !== 'object' || result === null) {
      throw new TypeError('the iterator of the source does not give objects');
    }
    if (result.done) this.#over = true;
    return result;
  }

  async wait(): Promise<void> {
    const awaited = this.#awaited;
    if (awaited === null) return;
    try {
      this.#arrived = await awaited;
    } catch (error) {
      this.#over = true;
      throw error;
    }
    this.#awaited = null;
  }

  /** Begins a message. Once there is much data, in a buffer that need not grow step by step. */
  protected open(writer: MessageWriter): void {
    if (this.bytes >= COPY_BLOCK) writer.ensure(ROOMY);
    writer.begin(Frontend.CopyData);
  }

  /** No more is taken. The source is told, unless it knows. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    this.pull.stop();
  }
}

/** The longest part of a chunk that is written as one message. */
const MAX_PART = 256 * 1024;

/** How text chunks may be sent. */
export interface ChunkOptions {
  /** The statement. */
  readonly text: string;
  /** Text is of no use to COPY's binary format, or in another encoding than UTF-8. */
  readonly bytesOnly: string | null;
  readonly onProgress: OnProgress;
}

/** Data that is in one of COPY's formats already, in chunks of any size. */
export class ChunkFeed extends PullFeed {
  readonly #options: ChunkOptions;
  #index = -1;
  /** What is left of the present chunk. */
  #rest: Uint8Array | null = null;

  constructor(pull: Pull<unknown>, options: ChunkOptions) {
    super(pull);
    this.#options = options;
  }

  override plan(): string | Promise<string> {
    const { text } = this.#options;
    return this.pull.open === undefined ? text : this.pull.open().then(() => text);
  }

  override begin(): void {
    // Whether the data is right for the format, only the server can tell.
  }

  /** One message: as many chunks as fit, or a part of a long one. */
  override write(writer: MessageWriter): FeedStep {
    if (this.#rest === null) {
      const step = this.#next();
      if (step !== 'more') return step;
    }
    const start = writer.offset;
    this.open(writer);
    const body = writer.offset;
    let step: FeedStep = 'more';
    while (step === 'more' && writer.offset - start < COPY_BLOCK) {
      this.#writePart(writer);
      if (this.#rest === null) step = this.#next();
    }
    this.bytes += writer.offset - body;
    writer.end();
    return step;
  }

  #writePart(writer: MessageWriter): void {
    const rest = this.#rest!;
    writer.bytes(rest.length <= MAX_PART ? rest : rest.subarray(0, MAX_PART));
    this.#rest = rest.length <= MAX_PART ? null : rest.subarray(MAX_PART);
  }

  /** Takes the next chunk that is not empty. */
  #next(): FeedStep {
    for (;;) {
      const result = this.take();
      if (result === null) return 'wait';
      if (result.done) return 'end';
      this.#index += 1;
      const bytes = this.#bytesOf(result.value);
      if (bytes.length > 0) {
        this.#rest = bytes;
        return 'more';
      }
    }
  }

  #bytesOf(chunk: unknown): Uint8Array {
    if (isUint8Array(chunk)) return chunk;
    const place = `chunk ${this.#index} of the source`;
    if (typeof chunk !== 'string') {
      throw new TypeError(`${place} is neither a string nor a Buffer or Uint8Array`);
    }
    const { bytesOnly } = this.#options;
    if (bytesOnly !== null) throw new TypeError(`${place} is a string, but ${bytesOnly}`);
    if (!chunk.isWellFormed()) {
      throw new InvalidArgumentError(`${place} has a lone surrogate, which has no UTF-8 form`);
    }
    return Buffer.from(chunk, 'utf8');
  }

  override sent(): void {
    tellProgress(this.#options.onProgress, { bytes: this.bytes });
  }
}

/** What there is to know before records can be encoded. */
export interface RecordPlan {
  /** The statement. */
  readonly text: string;
  readonly encoder: RecordEncoder;
}

/** Records, encoded straight into the write buffer. */
export class RecordFeed extends PullFeed {
  readonly #makePlan: (session: Session, parent: Request) => Promise<RecordPlan>;
  readonly #onProgress: OnProgress;
  #encoder: RecordEncoder | null = null;
  #row = 0;
  #begun = false;

  constructor(
    pull: Pull<unknown>,
    makePlan: (session: Session, parent: Request) => Promise<RecordPlan>,
    onProgress: OnProgress,
  ) {
    super(pull);
    this.#makePlan = makePlan;
    this.#onProgress = onProgress;
  }

  override async plan(session: Session, parent: Request): Promise<string> {
    const { text, encoder } = await this.#makePlan(session, parent);
    this.#encoder = encoder;
    return text;
  }

  override begin(response: CopyResponse): void {
    const { format, count } = this.#encoder!;
    const { columnFormats } = response;
    if (response.format === format && columnFormats.length === count) return;
    throw new InterfaceError(
      `the table changed meanwhile: the server expects ${columnFormats.length} columns, not ${count}`,
      { isTransient: true },
    );
  }

  /** One message: records until there are enough. */
  override write(writer: MessageWriter): FeedStep {
    const encoder = this.#encoder!;
    let result = this.take();
    if (result === null) return 'wait';
    const start = writer.offset;
    this.open(writer);
    const body = writer.offset;
    if (!this.#begun) {
      this.#begun = true;
      encoder.header(writer);
    }
    let step: FeedStep = 'more';
    for (;;) {
      if (result.done) {
        encoder.trailer(writer);
        step = 'end';
        break;
      }
      encoder.record(writer, result.value, this.#row);
      this.#row += 1;
      if (writer.offset - start >= COPY_BLOCK) break;
      result = this.take();
      if (result === null) {
        step = 'wait';
        break;
      }
    }
    this.bytes += writer.offset - body;
    writer.end();
    return step;
  }

  override sent(): void {
    tellProgress(this.#onProgress, { bytes: this.bytes, rows: this.#row });
  }
}
