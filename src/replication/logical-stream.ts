import type { SessionContext } from '../connecting/open-session.ts';
import { InterfaceError, InternalClientError } from '../errors/client-errors.ts';
import { Backoff } from '../pool/backoff.ts';
import { noteStream, type VisibleStream } from '../pool/open-streams.ts';
import { lsnText, parseLsn } from '../protocol/replication/lsn.ts';
import type { Keepalive } from '../protocol/replication/walsender.ts';
import type { CopyBothRequest, WalSink } from '../session/requests/copy-both-request.ts';
import type { Clock } from '../transport/clock.ts';
import { Deadline } from '../transport/deadline.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { Assembler, type AssemblerHost } from './assembler.ts';
import { BatchReader } from './batches.ts';
import type {
  BatchOptions,
  ChangeBatch,
  ChangeStream,
  ChangeStreamStats,
  StreamPosition,
} from './change-stream.ts';
import { PublicationMissingError, ReplicationDivergedError } from './errors.ts';
import { askApart, learnTypes } from './learn-types.ts';
import type { StreamSettings } from './options.ts';
import {
  checkSlot,
  checkVersion,
  createSlot,
  findSlot,
  isPassing,
  isTaken,
  leftHistory,
  prepareDecoding,
  startCommand,
} from './preparation.ts';
import { ensurePublication, findPublications, publicationError } from './publications.ts';
import { confirmedPosition, SlotWatch } from './slot-watch.ts';
import { endWalsender, slotError, slotLost } from './slots.ts';
import { Snapshot } from './snapshot.ts';
import { StatusReporter } from './status-reporter.ts';
import { bothOf, type ChangeTransaction, Transaction } from './transaction.ts';
import { milliseconds, type SystemIdentity, Walsender, withReplication } from './walsender.ts';

/** Below this share of `highWater` reading goes on. */
const LOW_WATER = 0.25;
/** How long the server may take to end in good order, in milliseconds. */
const CLOSE_PATIENCE = 1000;
/** Before it is asked again whether an acknowledgement has come, in milliseconds. */
const CONFIRM_PAUSE = 100;

/** What PostgreSQL 18 warns with that it does not find a publication. */
const SKIPPED_PUBLICATION = '55000';

let temporarySlots = 0;

/**
 * A change stream: one walsender at a time, and what its user has of it. Everything that happens to
 * the connection happens in `#run`, one thing after the other, so that there is never a second one.
 */
export class LogicalStream implements ChangeStream, AssemblerHost, WalSink, VisibleStream {
  readonly #context: SessionContext;
  readonly #senderContext: SessionContext;
  readonly #settings: StreamSettings;
  readonly #slot: string;
  readonly #assembler: Assembler;
  readonly #acknowledgements: Acknowledgements;
  readonly #reporter: StatusReporter;
  readonly #watch: SlotWatch;
  readonly #closing = new AbortController();
  readonly #onAbort = (): void => this.#abort();
  failure: { readonly error: unknown } | null = null;
  #running: Promise<void> = Promise.resolve();
  #backoff: Backoff | null = null;
  #identity: SystemIdentity | null = null;
  #sender: Walsender | null = null;
  #request: CopyBothRequest | null = null;
  #snapshot: Snapshot | null = null;
  #isBinary: boolean;
  #isClosed = false;
  #strikeOut: () => void = () => {};
  #hasFailed = false;
  #wasMade = false;

  /** Transactions to be handed over. */
  #queue: Transaction[] = [];
  #queued = 0;
  #isPaused = false;
  /** Types are asked for, and what comes is kept until they are known. */
  #isBlocked = false;
  #backlog: Buffer[] = [];
  #wake: (() => void) | null = null;
  #isIterated = false;
  #serverEnd = 0n;
  readonly #counts = { transactions: 0, changes: 0, reconnects: 0, keepalives: 0, maxQueued: 0 };

  private constructor(context: SessionContext, settings: StreamSettings) {
    this.#context = context;
    this.#senderContext = { ...context, config: withReplication(context.config, 'database') };
    this.#settings = settings;
    temporarySlots += 1;
    this.#slot =
      settings.slot ??
      `asyncpg_${process.pid}_${Math.random().toString(36).slice(2, 10)}_${temporarySlots}`;
    this.#isBinary = settings.binary;
    const start = settings.startAfter ?? 0n;
    this.#assembler = new Assembler(this, settings.wantsMessage, start);
    this.#acknowledgements = new Acknowledgements(start);
    this.#reporter = new StatusReporter(context.clock, this, settings.receiveTimeout);
    this.#watch = new SlotWatch(context, this.#slot, settings);
  }

  /** @internal */
  static async open(context: SessionContext, settings: StreamSettings): Promise<LogicalStream> {
    const stream = new LogicalStream(context, settings);
    settings.signal?.addEventListener('abort', stream.#onAbort, { once: true });
    try {
      await stream.#openFirst();
    } catch (error) {
      stream.#fail(error);
      throw stream.failure!.error;
    }
    stream.#strikeOut = noteStream(stream);
    stream.#running = stream.#run().catch((error: unknown) => stream.#fail(error));
    return stream;
  }

  // ── Connections ─────────────────────────────────────────────────────────────────────────

  /** The slot may still be taken by the connection of a process that has died. */
  async #openFirst(): Promise<void> {
    const { clock, config } = this.#context;
    const backoff = new Backoff(clock, true);
    this.#backoff = backoff;
    const deadline = Deadline.of(clock, config.timeout ?? undefined);
    try {
      for (;;) {
        try {
          await this.#connect(true);
          return;
        } catch (error) {
          if (!isTaken(error) || deadline?.expired || this.#closing.signal.aborted) throw error;
        }
        await backoff.pause();
      }
    } finally {
      deadline?.dispose();
    }
  }

  /** Connects, and streams unless the snapshot comes first. */
  async #connect(isFirst: boolean): Promise<void> {
    const sender = await Walsender.connect(this.#senderContext, this.#closing.signal);
    this.#sender = sender;
    try {
      if (this.#isClosed) throw this.failure!.error;
      await this.#prepare(sender, isFirst);
      if (this.#snapshot === null) await this.#start(sender);
    } catch (error) {
      const reason = sender.session.endReason;
      sender.destroy(null);
      throw slotError(reason ?? error, this.#slot);
    }
  }

  async #prepare(sender: Walsender, isFirst: boolean): Promise<void> {
    checkVersion(sender, this.#settings);
    const identity = await sender.identify();
    if (this.#identity !== null) await this.#checkHistory(sender, this.#identity, identity);
    this.#identity = identity;
    if (isFirst) await ensurePublication(sender, this.#settings);
    this.#isBinary = await prepareDecoding(
      sender,
      this.#context,
      this.#settings,
      this.#isBinary,
      this.#closing.signal,
    );
    await this.#prepareSlot(sender, isFirst, identity.database);
  }

  async #checkHistory(
    sender: Walsender,
    known: SystemIdentity,
    found: SystemIdentity,
  ): Promise<void> {
    const left = await leftHistory(sender, known, found);
    if (left === null) return;
    if (this.#assembler.delivered > left) {
      throw new ReplicationDivergedError(
        `the server has left the history of what was handed over at ${lsnText(left)}`,
        { detail: `Handed over was up to ${lsnText(this.#assembler.delivered)}.` },
      );
    }
    // What is beyond is another history: nothing of it was confirmed.
    this.#acknowledgements.rewind(left);
  }

  async #prepareSlot(sender: Walsender, isFirst: boolean, database: string | null): Promise<void> {
    const { slot, failover, twoPhase, startAfter, snapshot } = this.#settings;
    const { timeout } = this.#context.config;
    const known = slot === null ? null : await findSlot(sender, slot);
    if (known !== null) {
      checkSlot(known, sender, database);
      this.#foundAt(parseLsn(known.confirmedFlush ?? '0/0'), isFirst);
      return;
    }
    if (slot !== null && (!isFirst || startAfter !== null || this.#wasMade)) throw slotLost(slot);
    if (snapshot !== null) {
      this.#snapshot = await Snapshot.begin(sender, this.#context, this.#settings, slot!);
      this.#acknowledgements.idle(this.#snapshot.position);
      return;
    }
    const isTemporary = slot === null;
    const { consistentPoint } = await createSlot(
      sender,
      { name: this.#slot, isTemporary, exportsSnapshot: false, failover, twoPhase },
      timeout,
    );
    this.#wasMade = true;
    if (isTemporary && !isFirst) this.#acknowledgements.restart(consistentPoint);
    else this.#acknowledgements.idle(consistentPoint);
  }

  /** The slot is there, and has been confirmed up to this position. */
  #foundAt(confirmed: bigint, isFirst: boolean): void {
    if (isFirst) {
      this.#acknowledgements.idle(confirmed);
    } else if (confirmed > this.#reporter.reported && confirmed > this.#acknowledgements.position) {
      throw new ReplicationDivergedError(
        `somebody else has confirmed changes of the replication slot ${this.#slot}`,
        {
          detail: `It is at ${lsnText(confirmed)}; this stream has confirmed ${lsnText(this.#reporter.reported)}.`,
        },
      );
    }
  }

  async #start(sender: Walsender): Promise<void> {
    const { session } = sender;
    const limit = milliseconds(await sender.setting('wal_sender_timeout'));
    const interval = this.#settings.statusInterval;
    this.#isBlocked = false;
    this.#backlog = [];
    this.#assembler.connected({
      codecs: session.registry,
      textRun: session.inbox.textRun,
      isBinary: this.#isBinary,
    });
    const text = startCommand(
      this.#settings,
      this.#slot,
      this.#acknowledgements.position,
      this.#isBinary,
      session.server.version.major,
    );
    sender.onNotice = (notice) => {
      if (notice.sqlstate === SKIPPED_PUBLICATION) this.#checkPublications(sender);
    };
    this.#walsenders.add(session.processId);
    this.#request = await sender.start(text, this);
    this.#walsenders.clear();
    this.#walsenders.add(session.processId);
    if (session.isEnded) throw session.endReason ?? endedUnasked();
    this.#reporter.start(
      sender,
      this.#request,
      limit > 0 ? Math.min(interval, limit / 3) : interval,
    );
    this.#watch.start();
  }

  /**
   * PostgreSQL 18 warns of a publication that it does not find, and goes on without its tables. It may not
   * have been there yet when what it reads was written: that is as it should be. One that is gone is not.
   */
  #checkPublications(sender: Walsender): void {
    findPublications(this.#context, this.#settings, this.#closing.signal).then(
      () => {},
      (error: unknown) => {
        if (error instanceof PublicationMissingError) sender.destroy(error);
      },
    );
  }

  /** Everything that happens to connections, one thing after the other. */
  async #run(): Promise<void> {
    if (this.#snapshot !== null) {
      const sender = this.#sender!;
      await this.#snapshot.run(this, this.#closing.signal);
      this.#snapshot = null;
      this.#wasMade = true;
      if (this.#isClosed) return;
      // The slot is there: what happens to the connection from here on is gone through.
      await this.#start(sender).catch((error: unknown) => sender.destroy(error as Error));
    }
    for (;;) {
      const reason = await this.#sender!.ended;
      this.#disconnected();
      if (this.#isClosed) return;
      const error = reason ?? endedUnasked();
      const isText = reason === null && this.#settings.binary && !this.#isBinary && this.#restarts;
      this.#restarts = false;
      if (reason !== null && !isPassing(reason)) {
        throw slotError(publicationError(reason, this.#settings), this.#slot);
      }
      if (!(await this.#reconnect(error, isText))) return;
    }
  }

  /** The connection was ended by this side, to be begun anew. */
  #restarts = false;
  /** The server's processes that may stream to this side: the present one, and those that were lost on the way. */
  readonly #walsenders = new Set<number>();

  #disconnected(): void {
    const hasSlot = this.#settings.slot !== null;
    this.#reporter.stop();
    this.#request = null;
    this.#sender = null;
    this.#isBlocked = false;
    this.#backlog = [];
    this.#assembler.disconnected(hasSlot);
  }

  /** Connects until it works. False: the stream was closed meanwhile. */
  async #reconnect(reason: Error, isQuiet: boolean): Promise<boolean> {
    const backoff = new Backoff(this.#context.clock, true);
    this.#backoff = backoff;
    let error = reason;
    for (let attempt = 1; ; attempt++) {
      if (!isQuiet) this.#settings.onReconnect({ error, attempt });
      if (attempt > 1) await backoff.pause();
      if (this.#isClosed) return false;
      try {
        await this.#connect(false);
        if (!isQuiet) this.#counts.reconnects += 1;
        if (this.#settings.slot === null) this.#settings.onGap();
        return true;
      } catch (failure) {
        if (this.#isClosed) return false;
        if (!isPassing(failure)) throw failure;
        error = failure as Error;
        if (isTaken(failure)) await this.#endFormer();
      }
    }
  }

  /**
   * The server still has the connection that was lost here: a walsender that waits for the rest of a message
   * does so for as long as TCP does, whatever its wal_sender_timeout is.
   */
  async #endFormer(): Promise<void> {
    const pids = [...this.#walsenders];
    // Who may not, or finds nobody, waits for the server as before.
    await askApart(this.#context, this.#closing.signal, (connection) =>
      endWalsender(connection, this.#slot, pids),
    ).catch(() => {});
  }

  // ── What the walsender sends ────────────────────────────────────────────────────────────

  data(buffer: Buffer, start: number, end: number): boolean {
    if (this.#isBlocked || !this.#assembler.take(buffer, start, end)) {
      this.#backlog.push(Buffer.from(buffer.subarray(start, end)));
    }
    return !this.#isPaused && !this.#isBlocked;
  }

  keepalive({ end, time, wantsReply }: Keepalive): void {
    this.#counts.keepalives += 1;
    if (end > this.#serverEnd) this.#serverEnd = end;
    if (!this.#isBlocked) {
      this.#assembler.reached(end);
      // Nothing that was sent is unprocessed: all up to here is as good as processed.
      if (!this.#assembler.isMidway && this.#acknowledgements.idle(end)) this.#reporter.soon();
    }
    this.#reporter.heard(time);
    if (wantsReply) this.#reporter.now();
  }

  learn(oids: readonly number[], isOutdated: boolean): void {
    const sender = this.#sender!;
    const { registry } = sender.session;
    this.#isBlocked = true;
    learnTypes(this.#context, registry, oids, isOutdated, this.#closing.signal).then(
      () => {
        if (this.#sender !== sender || sender.session.isEnded) return;
        this.#assembler.learnt();
        this.#takeBacklog(sender);
      },
      (error: unknown) => sender.destroy(error as Error),
    );
  }

  #takeBacklog(sender: Walsender): void {
    const { inbox } = sender.session;
    this.#isBlocked = false;
    let taken = 0;
    try {
      for (const message of this.#backlog) {
        inbox.textRun.stretch(message.length);
        if (!this.#assembler.take(message, 0, message.length)) break;
        taken += 1;
      }
    } catch (error) {
      sender.destroy(error as Error);
      return;
    }
    this.#backlog.splice(0, taken);
    if (!this.#isBlocked && !this.#isPaused) inbox.resume();
  }

  needsText(): void {
    this.#isBinary = false;
    this.#isBlocked = true;
    this.#restarts = true;
    this.#sender!.destroy(null);
  }

  // ── Transactions ────────────────────────────────────────────────────────────────────────

  opened(transaction: Transaction): void {
    this.#counts.transactions += 1;
    this.#acknowledgements.begun(transaction);
    this.#queue.push(transaction);
    this.pushed(transaction);
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  pushed(transaction: Transaction): void {
    this.#counts.changes += 1;
    this.#queued += 1;
    if (this.#queued > this.#counts.maxQueued) this.#counts.maxQueued = this.#queued;
    if (this.#queued < this.#settings.highWater || this.#isPaused) return;
    // Somebody who waits for a transaction in progress must get its end.
    this.#isPaused = !this.#isAwaited && !transaction.isSnapshot;
  }

  closed(transaction: Transaction): void {
    if (this.#acknowledgements.ended(transaction)) this.#reporter.soon();
  }

  taken(count: number): void {
    this.#queued -= count;
    if (this.#queued <= this.#settings.highWater * LOW_WATER) this.#resume();
  }

  starving(): void {
    this.#resume();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    const session = this.#sender?.session;
    if (session !== undefined && !this.#isBlocked && !session.isEnded) session.inbox.resume();
  }

  acknowledged(transaction: Transaction): void {
    if (transaction.isSnapshot) this.#snapshot?.acknowledged();
    if (this.#acknowledgements.advance()) this.#reporter.soon();
  }

  /** Somebody waits for what is still to come. */
  get #isAwaited(): boolean {
    return this.#wake !== null || this.#last?.isAwaited === true || this.#reporter.isAwaited;
  }

  // ── Its user ────────────────────────────────────────────────────────────────────────────

  /** The transaction that was handed over last. */
  #last: Transaction | null = null;

  [Symbol.asyncIterator](): AsyncIterator<ChangeTransaction, void, void> {
    this.#beginIteration();
    return {
      next: async () => {
        this.#leaveLast();
        const value = await this.nextTransaction();
        return value === null ? { done: true, value: undefined } : { done: false, value };
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
        return new BatchReader(this, clock, this.#settings.acknowledgesNext, options);
      },
    };
  }

  #beginIteration(): void {
    if (this.#isIterated) {
      throw new InterfaceError('a change stream is iterated once: its order is that of the log');
    }
    this.#isIterated = true;
  }

  #leaveLast(): void {
    const last = this.#last;
    this.#last = null;
    if (last === null) return;
    if (!last.hasEnded || last.waiting > 0) last.drop();
    if (this.#settings.acknowledgesNext) last.ack();
  }

  /** The next transaction, at once if there is one; null: the stream is closed. */
  async nextTransaction(): Promise<Transaction | null> {
    for (;;) {
      if (this.#hasFailed) throw this.failure!.error;
      const next = this.takeTransaction();
      if (next !== null) return next;
      if (this.#isClosed) return null;
      const woken = new Promise<void>((resolve) => {
        this.#wake = bothOf(this.#wake, resolve);
      });
      this.starving();
      await woken;
    }
  }

  /** The next transaction that is there. */
  takeTransaction(): Transaction | null {
    if (this.#isClosed) return null;
    const next = this.#queue.shift() ?? null;
    if (next !== null) this.#last = next;
    return next;
  }

  ack(upTo: ChangeTransaction | ChangeBatch | string): void {
    if (upTo instanceof Transaction) {
      this.#acknowledgements.upTo(upTo);
    } else if (typeof upTo === 'string') {
      const position = parseLsn(upTo);
      if (position > this.received && position > this.#acknowledgements.position) {
        throw new InterfaceError(`cannot acknowledge ${upTo}: it has not come yet`);
      }
      this.#acknowledgements.upToPosition(position);
    } else {
      const last = (upTo as ChangeBatch).transactions.at(-1);
      if (last !== undefined) this.#acknowledgements.upTo(last as Transaction);
    }
  }

  async flush(): Promise<void> {
    if (this.failure !== null) throw this.failure.error;
    const target = this.#acknowledgements.position;
    for (;;) {
      const flushed = this.#reporter.flush();
      // The answer has to be read.
      this.#resume();
      await flushed;
      if (this.#hasFailed) throw this.failure!.error;
      if (this.#isClosed || (await this.#isConfirmed(target))) return;
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
      return confirmed === null || confirmed >= (position < target ? position : target);
    } catch (error) {
      if (this.#isClosed) return true;
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
    return this.#isPaused || this.#isBlocked;
  }

  get slotName(): string {
    return this.#slot;
  }

  get positions(): VisibleStream['positions'] {
    return {
      received: this.received,
      acknowledged: this.#acknowledgements.position,
      reported: this.#reporter.reported,
      server: this.#serverEnd,
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
    const lag = this.#serverEnd - this.#acknowledgements.position;
    return lag > 0n ? lag : 0n;
  }

  get stats(): ChangeStreamStats {
    const { transactions, changes, reconnects, keepalives, maxQueued } = this.#counts;
    const { skipped } = this.#assembler;
    return {
      transactions,
      changes,
      skippedTransactions: skipped.transactions,
      skippedChanges: skipped.changes,
      reconnects,
      statusUpdates: this.#reporter.updates,
      keepalives,
      queued: this.#queued,
      maxQueued,
      unacknowledged: this.#acknowledgements.pending,
    };
  }

  // ── The end ─────────────────────────────────────────────────────────────────────────────

  #fail(error: unknown): void {
    if (this.#isClosed) return;
    this.#hasFailed = true;
    const sender = this.#sender;
    this.#end(error);
    sender?.destroy(null);
  }

  #abort(): void {
    this.#fail(this.#settings.signal!.reason);
  }

  /** Nothing is handed over any more. A transaction whose end has not come ends with the error. */
  #end(error: unknown): void {
    this.#isClosed = true;
    this.#strikeOut();
    this.failure = { error };
    this.#closing.abort(error);
    this.#settings.signal?.removeEventListener('abort', this.#onAbort);
    this.#backoff?.wake();
    this.#watch.stop();
    this.#reporter.stop();
    this.#reporter.release();
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
    this.#last?.wake();
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
      const sender = this.#sender;
      const request = this.#request;
      this.#end(closedError());
      if (sender !== null) await this.#leave(sender, request);
    }
    await this.#running;
  }

  /** The server is told that this is the end, and given some time to agree. */
  async #leave(sender: Walsender, request: CopyBothRequest | null): Promise<void> {
    const { session } = sender;
    const { clock } = this.#context;
    if (!session.isEnded && request !== null) {
      request.stop();
      session.inbox.resume();
      const timer = clock.setTimer(CLOSE_PATIENCE, () => sender.destroy(null));
      await Promise.race([request.promise.catch(() => {}), sender.ended]);
      timer.cancel();
    }
    sender.destroy(null);
    await session.whenGone();
  }
}

function pause(clock: Clock, delay: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(delay, resolve);
  });
}

function endedUnasked(): Error {
  return new InternalClientError('the server has ended the replication');
}

function closedError(): InterfaceError {
  return new InterfaceError('the change stream is closed');
}
