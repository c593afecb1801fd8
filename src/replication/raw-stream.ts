import { Backlog } from '../client/bulk/backlog.ts';
import { InterfaceError } from '../errors/client-errors.ts';
import { lsnText, parseLsn } from '../protocol/replication/lsn.ts';
import type { Keepalive } from '../protocol/replication/walsender.ts';
import type { CopyBothRequest, Verdict, WalSink } from '../session/requests/copy-both-request.ts';
import { type Progress, StatusReporter } from './status-reporter.ts';
import { bothOf } from './transaction.ts';
import { milliseconds, type Walsender } from './walsender.ts';

/** A piece of the log, or one message of an output plugin. */
export interface RawMessage {
  /** Where it begins in the log. */
  readonly lsn: string;
  /** What the plugin has written, or the log itself. */
  readonly data: Buffer;
}

/** What a slot streams, as it comes. */
export interface RawStream extends AsyncIterable<RawMessage> {
  /** Everything before the position was processed: the server need not keep it. */
  ack(lsn: string): void;
}

/** Messages that may wait before no more is read. */
const HIGH_WATER = 1024;
const STATUS_INTERVAL = 10_000;
const RECEIVE_TIMEOUT = 60_000;

/** START_REPLICATION as it is: nothing is acknowledged, and nothing begun anew, but by its user. */
export class OpenRawStream
  implements RawStream, WalSink, Progress, AsyncIterator<RawMessage, void>
{
  acknowledgedPosition = 0n;
  received = 0n;
  isPaused = false;
  readonly #sender: Walsender;
  readonly #text: string;
  readonly #reporter: StatusReporter;
  #request: CopyBothRequest | null = null;
  #starting: Promise<void> | null = null;
  /** The server would not begin. */
  #isRefused = false;
  #queue: RawMessage[] = [];
  readonly #backlog = new Backlog(HIGH_WATER);
  #wake: (() => void) | null = null;
  #end: { readonly error: Error | null } | null = null;

  constructor(sender: Walsender, text: string) {
    this.#sender = sender;
    this.#text = text;
    this.#reporter = new StatusReporter(sender.session.clock, this, RECEIVE_TIMEOUT);
  }

  /** It was begun, and the connection has not ended. */
  get isStreaming(): boolean {
    return this.#starting !== null && !this.#isRefused && !this.#sender.session.isEnded;
  }

  [Symbol.asyncIterator](): this {
    if (this.#starting !== null) throw new InterfaceError('a slot is streamed once');
    this.#starting = this.#start();
    // It is told by `next`.
    this.#starting.catch(() => {
      this.#isRefused = true;
    });
    return this;
  }

  async #start(): Promise<void> {
    const limit = milliseconds(await this.#sender.setting('wal_sender_timeout'));
    const every = limit > 0 ? Math.min(STATUS_INTERVAL, limit / 3) : STATUS_INTERVAL;
    this.#request = await this.#sender.start(this.#text, this);
    this.#reporter.start(this.#sender, this.#request, every);
    void this.#sender.ended.then((error) => {
      this.#end = { error };
      this.#reporter.stop();
      this.#tell();
    });
  }

  async next(): Promise<IteratorResult<RawMessage, void>> {
    await this.#starting;
    for (;;) {
      const value = this.#queue.shift();
      if (value !== undefined) this.#backlog.leave(1);
      if (this.isPaused && this.#backlog.isLow) {
        this.isPaused = false;
        if (!this.#sender.session.isEnded) this.#sender.session.inbox.resume();
      }
      if (value !== undefined) return { done: false, value };
      if (this.#end !== null) {
        if (this.#end.error !== null) throw this.#end.error;
        return { done: true, value: undefined };
      }
      await new Promise<void>((resolve) => {
        this.#wake = bothOf(this.#wake, resolve);
      });
    }
  }

  async return(): Promise<IteratorResult<RawMessage, void>> {
    this.#reporter.now();
    this.#reporter.stop();
    this.#request?.stop();
    await this.#sender.close();
    return { done: true, value: undefined };
  }

  #tell(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  data(buffer: Buffer, start: number, end: number, lsn: () => bigint): Verdict {
    this.received = lsn();
    this.#queue.push({
      lsn: lsnText(this.received),
      data: Buffer.from(buffer.subarray(start, end)),
    });
    this.#backlog.count += 1;
    this.#backlog.weigh(end - start);
    this.#tell();
    this.isPaused = this.#backlog.isFull;
    return this.isPaused ? 'enough' : 'taken';
  }

  keepalive({ time, wantsReply }: Keepalive): void {
    this.#reporter.heard(time);
    if (wantsReply) this.#reporter.reply();
  }

  ack(lsn: string): void {
    const position = parseLsn(lsn);
    if (position <= this.acknowledgedPosition) return;
    this.acknowledgedPosition = position;
    this.#reporter.soon();
  }
}
