import type { SessionContext } from '../connecting/open-session.ts';
import { InterfaceError, InvalidArgumentError } from '../errors/client-errors.ts';
import { noteStream, type VisibleStream } from '../pool/open-streams.ts';
import { lsnText, parseLsn } from '../protocol/replication/lsn.ts';
import type { Clock } from '../transport/clock.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { Assembler } from './assembler.ts';
import type { AssemblerHost } from './assembler-host.ts';
import { Batch, BatchReader } from './batches.ts';
import type {
  BatchOptions,
  ChangeBatch,
  ChangeStream,
  ChangeStreamStats,
  StreamPosition,
} from './change-stream.ts';
import type { StreamSettings } from './options.ts';
import { isPassing } from './preparation.ts';
import { Receiver } from './receiver.ts';
import { Reconnector } from './reconnector.ts';
import { confirmedPosition, SlotWatch } from './slot-watch.ts';
import { StatusReporter } from './status-reporter.ts';
import { type ChangeTransaction, Transaction } from './transaction.ts';
import { TransactionQueue } from './transaction-queue.ts';

/** Before it is asked again whether an acknowledgement has come, in milliseconds. */
const CONFIRM_PAUSE = 100;

let temporarySlots = 0;

/** A change stream as its user has it: what it is made of, and how it ends. */
export class LogicalStream implements ChangeStream, AssemblerHost, VisibleStream {
  readonly #context: SessionContext;
  readonly #settings: StreamSettings;
  readonly #slot: string;
  readonly #assembler: Assembler;
  readonly #acknowledgements: Acknowledgements;
  readonly #reporter: StatusReporter;
  readonly #watch: SlotWatch;
  readonly #queue: TransactionQueue;
  readonly #receiver: Receiver;
  readonly #connections: Reconnector;
  readonly #closing = new AbortController();
  readonly #onAbort = (): void => this.#fail(this.#settings.signal!.reason);
  failure: { readonly error: unknown } | null = null;
  #running: Promise<void> = Promise.resolve();
  #isIterated = false;
  #isClosed = false;
  #hasFailed = false;
  #strikeOut: () => void = () => {};

  private constructor(context: SessionContext, settings: StreamSettings) {
    this.#context = context;
    this.#settings = settings;
    temporarySlots += 1;
    this.#slot =
      settings.slot ??
      `asyncpg_${process.pid}_${Math.random().toString(36).slice(2, 10)}_${temporarySlots}`;
    const start = settings.startAfter ?? 0n;
    this.#assembler = new Assembler(this, settings.wantsMessage, start);
    this.#acknowledgements = new Acknowledgements(start);
    this.#reporter = new StatusReporter(context.clock, this, settings.receiveTimeout);
    this.#watch = new SlotWatch(context, this.#slot, settings, this.#closing.signal);
    this.#queue = new TransactionQueue(this, settings.highWater);
    const { signal } = this.#closing;
    this.#receiver = new Receiver(
      context,
      this.#assembler,
      this.#acknowledgements,
      this.#reporter,
      this.#queue,
      signal,
    );
    const parts = {
      receiver: this.#receiver,
      reporter: this.#reporter,
      acknowledgements: this.#acknowledgements,
      assembler: this.#assembler,
      watch: this.#watch,
    };
    this.#connections = new Reconnector(context, settings, this.#slot, parts, signal);
  }

  /** @internal */
  static async open(context: SessionContext, settings: StreamSettings): Promise<LogicalStream> {
    const stream = new LogicalStream(context, settings);
    settings.signal?.addEventListener('abort', stream.#onAbort, { once: true });
    try {
      await stream.#connections.open();
    } catch (error) {
      stream.#fail(error);
      throw stream.failure!.error;
    }
    stream.#strikeOut = noteStream(stream);
    stream.#running = stream.#connections
      .run(stream)
      .catch((error: unknown) => stream.#fail(error));
    return stream;
  }

  // ── Its parts ───────────────────────────────────────────────────────────────────────────

  learn(oids: readonly number[], isOutdated: boolean): void {
    this.#receiver.learn(oids, isOutdated);
  }

  needsText(): void {
    this.#connections.restartInText();
  }

  opened(transaction: Transaction): void {
    this.#acknowledgements.begun(transaction);
    this.#queue.opened(transaction);
  }

  pushed(transaction: Transaction): void {
    this.#queue.pushed(transaction);
  }

  closed(transaction: Transaction): void {
    if (this.#acknowledgements.ended(transaction)) this.#reporter.soon();
  }

  forgotten(transaction: Transaction): void {
    this.#acknowledgements.forget(transaction);
    if (this.#acknowledgements.advance()) this.#reporter.soon();
  }

  taken(count: number): void {
    this.#queue.taken(count);
  }

  starving(): void {
    this.#queue.resume();
  }

  resume(): void {
    this.#receiver.resume();
  }

  storable(position: bigint): bigint {
    return this.#queue.firstEnd(position);
  }

  acknowledged(transaction: Transaction): void {
    if (transaction.isSnapshot) this.#connections.snapshotAcknowledged();
    if (this.#acknowledgements.advance()) this.#reporter.soon();
  }

  // ── Its user ────────────────────────────────────────────────────────────────────────────

  [Symbol.asyncIterator](): AsyncIterator<ChangeTransaction, void, void> {
    this.#beginIteration();
    const wait = async (): Promise<IteratorResult<ChangeTransaction, void>> => {
      const value = await this.#queue.next();
      return value === null ? { done: true, value: undefined } : { done: false, value };
    };
    return {
      next: () => {
        this.#leave();
        const value = this.#queue.take();
        return value === null ? wait() : Promise.resolve({ done: false, value });
      },
      return: async () => {
        await this.close();
        return { done: true, value: undefined };
      },
    };
  }

  batches(options: BatchOptions = {}): AsyncIterable<ChangeBatch> {
    if (this.#settings.streaming) {
      throw new InterfaceError('batches cannot be had with streaming: changes may be undone later');
    }
    return {
      [Symbol.asyncIterator]: () => {
        this.#beginIteration();
        const { clock } = this.#context;
        const source = { queue: this.#queue, close: () => this.close() };
        return new BatchReader(source, clock, this.#settings.acknowledgesNext, options);
      },
    };
  }

  #beginIteration(): void {
    if (this.#isIterated) {
      throw new InterfaceError('a change stream is iterated once: its order is that of the log');
    }
    this.#isIterated = true;
  }

  #leave(): void {
    const left = this.#queue.leave();
    if (this.#settings.acknowledgesNext) for (const transaction of left) transaction.ack();
  }

  ack(upTo: ChangeTransaction | ChangeBatch | string): void {
    if (typeof upTo === 'string') {
      const position = parseLsn(upTo);
      if (position > this.received && position > this.#acknowledgements.position) {
        throw new InterfaceError(`cannot acknowledge ${upTo}: it has not come yet`);
      }
      this.#acknowledgements.upToPosition(position);
      return;
    }
    const isKnown = upTo instanceof Transaction || upTo instanceof Batch;
    if (!isKnown) {
      throw new InvalidArgumentError(
        'ack takes a transaction, a batch or a position such as "16/B374D848"',
      );
    }
    const isOwn = upTo instanceof Batch ? upTo.isOf(this.#queue) : upTo.isOf(this);
    if (!isOwn) {
      throw new InterfaceError('cannot acknowledge what another change stream has handed over');
    }
    const last = upTo instanceof Batch ? upTo.transactions.at(-1) : upTo;
    if (last !== undefined) this.#acknowledgements.upTo(last);
  }

  async flush(): Promise<void> {
    if (this.failure !== null) throw this.failure.error;
    // A snapshot has no slot to tell, and gets none before who waits here goes on with it.
    if (this.#connections.isInSnapshot) return;
    const target = this.#acknowledgements.position;
    for (;;) {
      await this.#told();
      if (!this.#isClosed && (await this.#isConfirmed(target))) return;
      // It may have ended at any of these: then nobody answers any more.
      if (this.#hasFailed) throw this.failure!.error;
      if (this.#isClosed) return;
    }
  }

  /**
   * Tells the server. Resolves when it has answered; or when nothing is read for now, as the answer comes behind
   * changes for which there is no room.
   */
  async #told(): Promise<void> {
    let isAnswered = false;
    const answered = this.#reporter.flush().then(() => {
      isAnswered = true;
    });
    while (!isAnswered && !this.isPaused) {
      await Promise.race([answered, pause(this.#context.clock, CONFIRM_PAUSE)]);
    }
  }

  /**
   * Whether the slot has come so far. A keepalive does not say which update it answers, and others come
   * unasked: only the slot itself tells.
   */
  async #isConfirmed(target: bigint): Promise<boolean> {
    const { signal } = this.#closing;
    try {
      const confirmed = await confirmedPosition(this.#context, this.#slot, signal);
      // After a failover it may have been set back.
      const { position } = this.#acknowledgements;
      if (confirmed === null || confirmed >= (position < target ? position : target)) return true;
      if (this.isPaused) await pause(this.#context.clock, CONFIRM_PAUSE);
      return false;
    } catch (error) {
      if (this.#isClosed) return false;
      if (!isPassing(error)) throw error;
      await pause(this.#context.clock, CONFIRM_PAUSE);
      return false;
    }
  }

  // Progress, for the reporter.

  get received(): bigint {
    return this.#assembler.delivered;
  }

  get acknowledgedPosition(): bigint {
    return this.#acknowledgements.position;
  }

  get isPaused(): boolean {
    return this.#receiver.isPaused;
  }

  get slotName(): string {
    return this.#slot;
  }

  get positions(): VisibleStream['positions'] {
    return {
      received: this.received,
      acknowledged: this.#acknowledgements.position,
      reported: this.#reporter.reported,
      server: this.#receiver.serverEnd,
    };
  }

  get position(): StreamPosition {
    const { received, acknowledged, reported, server } = this.positions;
    return {
      received: lsnText(received),
      acknowledged: lsnText(acknowledged),
      reported: lsnText(reported),
      server: lsnText(server),
    };
  }

  get lag(): bigint {
    const lag = this.#receiver.serverEnd - this.#acknowledgements.position;
    return lag > 0n ? lag : 0n;
  }

  get stats(): ChangeStreamStats {
    const { transactions, changes, maxQueued } = this.#queue.counts;
    const { skipped } = this.#assembler;
    return {
      transactions,
      changes,
      skippedTransactions: skipped.transactions,
      skippedChanges: skipped.changes,
      reconnects: this.#connections.reconnects,
      statusUpdates: this.#reporter.updates,
      keepalives: this.#receiver.keepalives,
      queued: this.#queue.queued,
      maxQueued,
      unacknowledged: this.#acknowledgements.pending,
    };
  }

  // ── The end ─────────────────────────────────────────────────────────────────────────────

  #fail(error: unknown): void {
    if (this.#isClosed) return;
    this.#hasFailed = true;
    this.#end(error);
    this.#connections.destroy();
  }

  /** Nothing is handed over any more. A transaction whose end has not come ends with the error. */
  #end(error: unknown): void {
    this.#isClosed = true;
    this.#strikeOut();
    this.failure = { error };
    this.#closing.abort(error);
    this.#settings.signal?.removeEventListener('abort', this.#onAbort);
    this.#connections.wake();
    this.#watch.stop();
    this.#reporter.stop();
    this.#reporter.release();
    this.#queue.end(this.#hasFailed ? this.failure : null);
    this.#assembler.wakeAll();
  }

  #closed: Promise<void> | null = null;

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    if (!this.#isClosed) {
      this.#reporter.now();
      this.#end(new InterfaceError('the change stream is closed'));
      await this.#connections.leave();
    }
    await this.#running;
  }
}

function pause(clock: Clock, delay: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(delay, resolve);
  });
}
