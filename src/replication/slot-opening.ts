import type { SessionContext } from '../connecting/open-session.ts';
import { lsnText, parseLsn } from '../protocol/replication/lsn.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import type { Assembler } from './assembler.ts';
import { ReplicationDivergedError } from './errors.ts';
import type { StreamSettings } from './options.ts';
import {
  type Asking,
  checkReached,
  checkSlot,
  checkVersion,
  createSlot,
  findSlot,
  keepOnStandbys,
  leftHistory,
  prepareDecoding,
} from './preparation.ts';
import { checkPublications } from './publications.ts';
import { type SlotStatus, slotLost } from './slots.ts';
import { Snapshot } from './snapshot.ts';
import type { StatusReporter } from './status-reporter.ts';
import { askCatalog, type SystemIdentity, type Walsender } from './walsender.ts';

/** What a stream has got to, as far as that decides whether a slot may be read on. */
export interface Progress {
  readonly reporter: StatusReporter;
  readonly acknowledgements: Acknowledgements;
  readonly assembler: Assembler;
}

/**
 * What comes before a walsender streams, at the first connection and at each that follows: the server is the one that
 * it was, the slot is there and where it was left, or is made.
 */
export class SlotOpening {
  isBinary: boolean;
  /** The slot was made by this stream. */
  wasMade = false;
  /** The server has given the slot up, as it said when it was asked last. */
  isGivenUp = false;
  /** What comes first, where the slot was made for it. */
  snapshot: Snapshot | null = null;
  readonly #context: SessionContext;
  readonly #settings: StreamSettings;
  readonly #slot: string;
  readonly #signal: AbortSignal;
  readonly #reporter: StatusReporter;
  readonly #acknowledgements: Acknowledgements;
  readonly #assembler: Assembler;
  #identity: SystemIdentity | null = null;
  /** The server was a standby: it may be promoted, and stream on. */
  #isStandby = false;

  /** @param signal the stream is closed, with the reason that calls are told */
  constructor(
    context: SessionContext,
    settings: StreamSettings,
    slot: string,
    progress: Progress,
    signal: AbortSignal,
  ) {
    this.#context = context;
    this.#settings = settings;
    this.#slot = slot;
    this.#signal = signal;
    this.#reporter = progress.reporter;
    this.#acknowledgements = progress.acknowledgements;
    this.#assembler = progress.assembler;
    this.isBinary = settings.binary;
  }

  /** Everything that is looked at and made before a walsender streams. */
  async prepare(sender: Walsender, isFirst: boolean): Promise<void> {
    checkVersion(sender, this.#settings);
    const identity = await sender.identify();
    if (this.#identity !== null) await this.#checkHistory(sender, this.#identity, identity);
    this.#identity = identity;
    this.#isStandby = sender.session.server.settings.get('in_hot_standby') === 'on';
    const { slot } = this.#settings;
    const known = slot === null ? null : await findSlot(sender, slot);
    this.isGivenUp = known !== null && known.invalidation !== null;
    if (isFirst) {
      // What a slot that is made now will have is newer than all that was asked for.
      const ask: Asking =
        known === null
          ? (work) => work(sender)
          : (work) => askCatalog(this.#context, this.#signal, work);
      this.isBinary = await prepareDecoding(
        sender,
        this.#context,
        this.#settings,
        this.isBinary,
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
    if (slot !== null && (!isFirst || startAfter !== null || this.wasMade)) throw slotLost(slot);
    if (snapshot !== null) {
      this.snapshot = await Snapshot.begin(
        sender,
        this.#context,
        this.#settings,
        slot!,
        this.#signal,
      );
      this.#acknowledgements.idle(this.snapshot.position);
      return;
    }
    const isTemporary = slot === null;
    const { consistentPoint } = await createSlot(
      sender,
      { name: this.#slot, isTemporary, exportsSnapshot: false, failover, twoPhase },
      timeout,
    );
    this.wasMade = true;
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
}
