import { ofNoCall } from '../client/calls/tracing.ts';
import type { SessionContext } from '../connecting/open-session.ts';
import { InternalClientError, TimeoutError } from '../errors/client-errors.ts';
import { Backoff } from '../pool/backoff.ts';
import type { CopyBothRequest } from '../session/requests/copy-both-request.ts';
import { Deadline } from '../transport/deadline.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import type { AssemblerHost } from './assembler-host.ts';
import { PublicationMissingError } from './errors.ts';
import { askApart } from './learn-types.ts';
import type { StreamSettings } from './options.ts';
import { isPassing, isTaken, startCommand } from './preparation.ts';
import {
  findPublications,
  isLater,
  publicationError,
  rememberPublications,
} from './publications.ts';
import type { Receiver } from './receiver.ts';
import { type Progress, SlotOpening } from './slot-opening.ts';
import type { SlotWatch } from './slot-watch.ts';
import { endWalsender, slotError } from './slots.ts';
import type { StatusReporter } from './status-reporter.ts';
import { milliseconds, Walsender, withReplication } from './walsender.ts';

/** How long the server may take to end in good order, in milliseconds. */
const CLOSE_PATIENCE = 1000;

/** A connection that is lost within so many milliseconds may be lost again at once: the next one is not hurried. */
const TOO_SOON = 1000;

/** What PostgreSQL 18 warns with that it does not find a publication. */
const SKIPPED_PUBLICATION = '55000';

/** What a connection is begun for. */
export interface StreamParts extends Progress {
  readonly receiver: Receiver;
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
  readonly #watch: SlotWatch;
  readonly #opening: SlotOpening;
  #backoff: Backoff;
  /** When the server was connected to again last, and how many changes had come by then. */
  #reopenedAt = -Infinity;
  #reopenedWith = 0;
  #sender: Walsender | null = null;
  #request: CopyBothRequest | null = null;
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
    this.#watch = parts.watch;
    this.#backoff = new Backoff(context.clock, true);
    this.#opening = new SlotOpening(context, settings, slot, parts, signal);
  }

  /** The slot may still be taken by the connection of a process that has died. */
  async open(): Promise<void> {
    const { clock, config } = this.#context;
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
        await this.#backoff.pause();
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
      await this.#opening.prepare(sender, isFirst);
      if (this.#opening.snapshot === null) await this.#start(sender);
    } catch (error) {
      const reason = sender.session.endReason;
      sender.destroy(null);
      // What the end of its session comes to may have been found already.
      const isFound = reason === null || (error instanceof TimeoutError && error.cause === reason);
      throw await this.#told(isFound ? (error as Error) : reason);
    }
  }

  async #start(sender: Walsender): Promise<void> {
    const { session } = sender;
    const limit = milliseconds(await sender.setting('wal_sender_timeout'));
    if (this.#remembers) await rememberPublications(sender, this.#settings);
    const interval = this.#settings.statusInterval;
    this.#receiver.connected(sender, this.#opening.isBinary);
    const text = startCommand(
      this.#settings,
      this.#slot,
      this.#acknowledgements.position,
      this.#opening.isBinary,
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
    if (this.#opening.snapshot !== null) {
      const sender = this.#sender!;
      await this.#opening.snapshot.run(host, this.#signal);
      this.#opening.snapshot = null;
      this.#opening.wasMade = true;
      if (this.#signal.aborted) return;
      // The slot is there: what happens to the connection from here on is gone through.
      await this.#start(sender).catch((error: unknown) => sender.destroy(error as Error));
    }
    for (;;) {
      const reason = await this.#sender!.ended;
      this.#disconnected();
      if (this.#signal.aborted) return;
      const error = reason ?? endedUnasked();
      const isText =
        reason === null && this.#settings.binary && !this.#opening.isBinary && this.#restarts;
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
    return slotError(told, this.#slot, this.#opening.isGivenUp);
  }

  #disconnected(): void {
    this.#reporter.stop();
    this.#request = null;
    this.#sender = null;
    this.#receiver.disconnected(this.#settings.slot !== null);
  }

  /** Connects until it works. False: the stream was closed meanwhile. */
  async #reconnect(reason: Error, isQuiet: boolean): Promise<boolean> {
    const { clock } = this.#context;
    const isTooSoon = !isQuiet && clock.now() - this.#reopenedAt < TOO_SOON;
    // What ends each connection when something has come is no reason to wait for longer and longer.
    if (!isTooSoon || this.#receiver.changes > this.#reopenedWith) {
      this.#backoff = new Backoff(clock, true);
    }
    let error = reason;
    for (let attempt = 1; ; attempt++) {
      if (!isQuiet) this.#settings.onReconnect({ error, attempt });
      if (attempt > 1 || isTooSoon) await this.#backoff.pause();
      if (this.#signal.aborted) return false;
      try {
        await ofNoCall(() => this.#connect(false));
        if (!isQuiet) this.reconnects += 1;
        this.#reopenedAt = clock.now();
        this.#reopenedWith = this.#receiver.changes;
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
    this.#opening.isBinary = false;
    this.#receiver.block();
    this.#restarts = true;
    this.#sender!.destroy(null);
  }

  /** Rows of a snapshot are to be read yet, or to be acknowledged. */
  get isInSnapshot(): boolean {
    return this.#opening.snapshot?.isOpen === true;
  }

  /** One of the snapshot's transactions was acknowledged. */
  snapshotAcknowledged(): void {
    this.#opening.snapshot?.acknowledged();
  }

  // ── The end ─────────────────────────────────────────────────────────────────────────────

  /** Nobody waits for the next attempt to connect, or for rows of a snapshot. */
  wake(): void {
    this.#opening.snapshot?.wake();
    this.#backoff.wake();
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
