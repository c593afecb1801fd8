import { ofNoCall } from '../client/tracing.ts';
import type { SessionContext } from '../connecting/open-session.ts';
import { InternalClientError, TimeoutError } from '../errors/client-errors.ts';
import { Backoff } from '../pool/backoff.ts';
import { lsnText, parseLsn } from '../protocol/replication/lsn.ts';
import type { CopyBothRequest } from '../session/requests/copy-both-request.ts';
import { Deadline } from '../transport/deadline.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import type { Assembler, AssemblerHost } from './assembler.ts';
import { PublicationMissingError, ReplicationDivergedError } from './errors.ts';
import { askApart } from './learn-types.ts';
import type { StreamSettings } from './options.ts';
import {
  type Asking,
  checkReached,
  checkSlot,
  checkVersion,
  createSlot,
  findSlot,
  isPassing,
  isTaken,
  keepOnStandbys,
  leftHistory,
  prepareDecoding,
  startCommand,
} from './preparation.ts';
import {
  checkPublications,
  findPublications,
  isLater,
  publicationError,
  rememberPublications,
} from './publications.ts';
import type { Receiver } from './receiver.ts';
import type { SlotWatch } from './slot-watch.ts';
import { endWalsender, type SlotStatus, slotError, slotLost } from './slots.ts';
import { Snapshot } from './snapshot.ts';
import type { StatusReporter } from './status-reporter.ts';
import {
  askCatalog,
  milliseconds,
  type SystemIdentity,
  Walsender,
  withReplication,
} from './walsender.ts';

/** How long the server may take to end in good order, in milliseconds. */
const CLOSE_PATIENCE = 1000;

/** What PostgreSQL 18 warns with that it does not find a publication. */
const SKIPPED_PUBLICATION = '55000';

/** What a connection is begun for. */
export interface StreamParts {
  readonly receiver: Receiver;
  readonly reporter: StatusReporter;
  readonly acknowledgements: Acknowledgements;
  readonly assembler: Assembler;
  readonly watch: SlotWatch;
}

/**
 * Has one walsender at a time, and begins a new one when that is lost. Everything that happens to connections
 * happens in `run`, one thing after the other, so that there is never a second one.
 */
export class Reconnector {
  /** Connections that were lost and made anew. */
  reconnects = 0;
  readonly #context: SessionContext;
  readonly #senderContext: SessionContext;
  readonly #settings: StreamSettings;
  readonly #slot: string;
  readonly #signal: AbortSignal;
  readonly #receiver: Receiver;
  readonly #reporter: StatusReporter;
  readonly #acknowledgements: Acknowledgements;
  readonly #assembler: Assembler;
  readonly #watch: SlotWatch;
  #backoff: Backoff | null = null;
  #identity: SystemIdentity | null = null;
  /** The server was a standby: it may be promoted, and stream on. */
  #isStandby = false;
  #sender: Walsender | null = null;
  #request: CopyBothRequest | null = null;
  #snapshot: Snapshot | null = null;
  #isBinary: boolean;
  /** The slot was made by this stream. */
  #wasMade = false;
  /** The slot is older than its publications, and the server has to remember them. */
  #remembers = false;
  /** The connection was ended by this side, to be begun anew. */
  #restarts = false;
  /** The server's processes that may stream to this side: the present one, and those that were lost on the way. */
  readonly #walsenders = new Set<number>();

  /** @param signal the stream is closed, with the reason that calls are told */
  constructor(
    context: SessionContext,
    settings: StreamSettings,
    slot: string,
    parts: StreamParts,
    signal: AbortSignal,
  ) {
    this.#context = context;
    this.#senderContext = { ...context, config: withReplication(context.config, 'database') };
    this.#settings = settings;
    this.#slot = slot;
    this.#signal = signal;
    this.#receiver = parts.receiver;
    this.#reporter = parts.reporter;
    this.#acknowledgements = parts.acknowledgements;
    this.#assembler = parts.assembler;
    this.#watch = parts.watch;
    this.#isBinary = settings.binary;
  }

  /** The slot may still be taken by the connection of a process that has died. */
  async open(): Promise<void> {
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
          if (this.#mayRemember(error)) continue;
          if (!isTaken(error) || deadline?.expired || this.#signal.aborted) throw error;
        }
        await backoff.pause();
      }
    } finally {
      deadline?.dispose();
    }
  }

  /** Connects, and streams unless the snapshot comes first. */
  async #connect(isFirst: boolean): Promise<void> {
    const sender = await Walsender.connect(this.#senderContext, this.#signal);
    this.#sender = sender;
    try {
      this.#signal.throwIfAborted();
      await this.#prepare(sender, isFirst);
      if (this.#snapshot === null) await this.#start(sender);
    } catch (error) {
      const reason = sender.session.endReason;
      sender.destroy(null);
      // What the end of its session comes to may have been found already.
      const isFound = reason === null || (error instanceof TimeoutError && error.cause === reason);
      throw await this.#told(isFound ? (error as Error) : reason);
    }
  }

  async #prepare(sender: Walsender, isFirst: boolean): Promise<void> {
    checkVersion(sender, this.#settings);
    const identity = await sender.identify();
    if (this.#identity !== null) await this.#checkHistory(sender, this.#identity, identity);
    this.#identity = identity;
    this.#isStandby = sender.session.server.settings.get('in_hot_standby') === 'on';
    const { slot } = this.#settings;
    const known = slot === null ? null : await findSlot(sender, slot);
    if (isFirst) {
      // What a slot that is made now will have is newer than all that was asked for.
      const ask: Asking =
        known === null
          ? (work) => work(sender)
          : (work) => askCatalog(this.#context, this.#signal, work);
      this.#isBinary = await prepareDecoding(
        sender,
        this.#context,
        this.#settings,
        this.#isBinary,
        this.#signal,
        ask,
      );
    } else {
      await checkPublications(sender, this.#settings);
    }
    const { startAfter } = this.#settings;
    if (isFirst && startAfter !== null) {
      await checkReached(sender, identity, startAfter, 'startAfter');
    }
    await this.#prepareSlot(sender, isFirst, identity, known);
  }

  async #checkHistory(
    sender: Walsender,
    known: SystemIdentity,
    found: SystemIdentity,
  ): Promise<void> {
    const left = await leftHistory(sender, known, found);
    if (left === null) return;
    if (this.#assembler.delivered > left && !(await this.#wasPromoted(sender, left))) {
      throw new ReplicationDivergedError(
        `the server has left the history of what was handed over at ${lsnText(left)}`,
        { detail: `Handed over was up to ${lsnText(this.#assembler.delivered)}.` },
      );
    }
    // What is beyond is another history: nothing of it was confirmed.
    this.#acknowledgements.rewind(left);
  }

  /** Whether the server is the one that was streamed from, which has left its history meanwhile. */
  async #wasPromoted(sender: Walsender, left: bigint): Promise<boolean> {
    if (!this.#isStandby) return false;
    // What is beyond was confirmed there: on another server the slot would not have come so far.
    const known = await findSlot(sender, this.#slot);
    return parseLsn(known?.confirmedFlush ?? '0/0') > left;
  }

  async #prepareSlot(
    sender: Walsender,
    isFirst: boolean,
    identity: SystemIdentity,
    known: SlotStatus | null,
  ): Promise<void> {
    const { slot, failover, twoPhase, startAfter, snapshot } = this.#settings;
    const { timeout } = this.#context.config;
    if (known !== null) {
      checkSlot(known, sender, identity.database);
      const confirmed = parseLsn(known.confirmedFlush ?? '0/0');
      if (isFirst) await checkReached(sender, identity, confirmed, `the replication slot ${slot}`);
      if (isFirst && failover && !known.failover) await keepOnStandbys(sender, slot!);
      this.#foundAt(confirmed, isFirst);
      return;
    }
    if (slot !== null && (!isFirst || startAfter !== null || this.#wasMade)) throw slotLost(slot);
    if (snapshot !== null) {
      this.#snapshot = await Snapshot.begin(
        sender,
        this.#context,
        this.#settings,
        slot!,
        this.#signal,
      );
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
    if (this.#remembers) await rememberPublications(sender, this.#settings);
    const interval = this.#settings.statusInterval;
    this.#receiver.connected(sender, this.#isBinary);
    const text = startCommand(
      this.#settings,
      this.#slot,
      this.#acknowledgements.position,
      this.#isBinary,
      session.server.version.major,
    );
    const onNotice: Walsender['onNotice'] = (notice) => {
      if (notice.sqlstate === SKIPPED_PUBLICATION) this.#checkPublications(sender);
    };
    sender.onNotice = onNotice;
    this.#walsenders.add(session.processId);
    this.#request = await sender.start(text, this.#receiver);
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
    findPublications(this.#context, this.#settings, this.#signal).then(
      () => {},
      (error: unknown) => {
        if (error instanceof PublicationMissingError) sender.destroy(error);
      },
    );
  }

  /** Everything that happens to connections from there on, until the stream is closed. */
  async run(host: AssemblerHost): Promise<void> {
    if (this.#snapshot !== null) {
      const sender = this.#sender!;
      await this.#snapshot.run(host, this.#signal);
      this.#snapshot = null;
      this.#wasMade = true;
      if (this.#signal.aborted) return;
      // The slot is there: what happens to the connection from here on is gone through.
      await this.#start(sender).catch((error: unknown) => sender.destroy(error as Error));
    }
    for (;;) {
      const reason = await this.#sender!.ended;
      this.#disconnected();
      if (this.#signal.aborted) return;
      const error = reason ?? endedUnasked();
      const isText = reason === null && this.#settings.binary && !this.#isBinary && this.#restarts;
      this.#restarts = false;
      let isLate = false;
      if (reason !== null && !isPassing(reason)) {
        const told = await this.#told(reason);
        if (this.#signal.aborted) return;
        isLate = this.#mayRemember(told);
        if (!isLate && !isPassing(told)) throw told;
      } else {
        this.#remembers = false;
      }
      if (!(await this.#reconnect(error, isText || isLate))) return;
    }
  }

  /** Whether another connection, whose server remembers the publications, may read on where this one has failed. */
  #mayRemember(error: unknown): boolean {
    if (this.#remembers || this.#settings.slot === null || !isLater(error)) return false;
    this.#remembers = true;
    return true;
  }

  /** What the server's error is told as. */
  async #told(error: Error): Promise<unknown> {
    const told = await publicationError(error, this.#context, this.#settings, this.#signal);
    return slotError(told, this.#slot);
  }

  #disconnected(): void {
    this.#reporter.stop();
    this.#request = null;
    this.#sender = null;
    this.#receiver.disconnected(this.#settings.slot !== null);
  }

  /** Connects until it works. False: the stream was closed meanwhile. */
  async #reconnect(reason: Error, isQuiet: boolean): Promise<boolean> {
    const backoff = new Backoff(this.#context.clock, true);
    this.#backoff = backoff;
    let error = reason;
    for (let attempt = 1; ; attempt++) {
      if (!isQuiet) this.#settings.onReconnect({ error, attempt });
      if (attempt > 1) await backoff.pause();
      if (this.#signal.aborted) return false;
      try {
        await ofNoCall(() => this.#connect(false));
        if (!isQuiet) this.reconnects += 1;
        if (this.#settings.slot === null) this.#settings.onGap();
        return true;
      } catch (failure) {
        if (this.#signal.aborted) return false;
        if (this.#mayRemember(failure)) continue;
        if (!isPassing(failure)) throw failure;
        error = failure as Error;
        if (isTaken(failure)) await ofNoCall(() => this.#endFormer());
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
    await askApart(this.#context, this.#signal, (connection) =>
      endWalsender(connection, this.#slot, pids),
    ).catch(() => {});
  }

  /** A type has no binary form here: begins anew in text. */
  restartInText(): void {
    this.#isBinary = false;
    this.#receiver.block();
    this.#restarts = true;
    this.#sender!.destroy(null);
  }

  /** Rows of a snapshot are to be read yet, or to be acknowledged. */
  get isInSnapshot(): boolean {
    return this.#snapshot?.isOpen === true;
  }

  /** One of the snapshot's transactions was acknowledged. */
  snapshotAcknowledged(): void {
    this.#snapshot?.acknowledged();
  }

  // ── The end ─────────────────────────────────────────────────────────────────────────────

  /** Nobody waits for the next attempt to connect, or for rows of a snapshot. */
  wake(): void {
    this.#snapshot?.wake();
    this.#backoff?.wake();
  }

  /** Ends the connection. */
  destroy(): void {
    this.#sender?.destroy(null);
  }

  /** The server is told that this is the end, and given some time to agree. */
  async leave(): Promise<void> {
    const sender = this.#sender;
    const request = this.#request;
    if (sender === null) return;
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

function endedUnasked(): Error {
  return new InternalClientError('the server has ended the replication');
}
