import type { SessionContext } from '../connecting/open-session.ts';
import type { Keepalive } from '../protocol/replication/walsender.ts';
import type { WalSink } from '../session/requests/copy-both-request.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import type { Assembler } from './assembler.ts';
import { learnTypes } from './learn-types.ts';
import type { StatusReporter } from './status-reporter.ts';
import type { TransactionQueue } from './transaction-queue.ts';
import type { Walsender } from './walsender.ts';

/**
 * Takes what the walsender sends. Where that has types which are not known yet, what comes behind is kept until
 * they are.
 */
export class Receiver implements WalSink {
  /** How far the server has sent, as it said last. */
  serverEnd = 0n;
  keepalives = 0;
  readonly #context: SessionContext;
  readonly #assembler: Assembler;
  readonly #acknowledgements: Acknowledgements;
  readonly #reporter: StatusReporter;
  readonly #queue: TransactionQueue;
  readonly #signal: AbortSignal;
  #sender: Walsender | null = null;
  /** Types are asked for, and what comes is kept until they are known. */
  #isBlocked = false;
  #backlog: Buffer[] = [];

  constructor(
    context: SessionContext,
    assembler: Assembler,
    acknowledgements: Acknowledgements,
    reporter: StatusReporter,
    queue: TransactionQueue,
    signal: AbortSignal,
  ) {
    this.#context = context;
    this.#assembler = assembler;
    this.#acknowledgements = acknowledgements;
    this.#reporter = reporter;
    this.#queue = queue;
    this.#signal = signal;
  }

  /** A connection is about to stream. */
  connected(sender: Walsender, isBinary: boolean): void {
    const { registry, inbox } = sender.session;
    this.#sender = sender;
    this.#isBlocked = false;
    this.#backlog = [];
    this.#assembler.connected({ codecs: registry, textRun: inbox.textRun, isBinary });
  }

  /** It is lost: see the assembler's. */
  disconnected(comesAgain: boolean): void {
    this.#sender = null;
    this.#isBlocked = false;
    this.#backlog = [];
    this.#assembler.disconnected(comesAgain);
  }

  /** Nothing is read at the moment. */
  get isPaused(): boolean {
    return this.#queue.isPaused || this.#isBlocked;
  }

  /** The queue has room again. */
  resume(): void {
    const session = this.#sender?.session;
    if (session !== undefined && !this.#isBlocked && !session.isEnded) session.inbox.resume();
  }

  data(buffer: Buffer, start: number, end: number): boolean {
    if (this.#isBlocked || !this.#assembler.take(buffer, start, end)) {
      this.#backlog.push(Buffer.from(buffer.subarray(start, end)));
    }
    return !this.#queue.isPaused && !this.#isBlocked;
  }

  keepalive({ end, time, wantsReply }: Keepalive): void {
    this.keepalives += 1;
    if (end > this.serverEnd) this.serverEnd = end;
    if (!this.#isBlocked) {
      this.#assembler.reached(end);
      // Nothing that was sent is unprocessed: all up to here is as good as processed.
      if (!this.#assembler.isMidway && this.#acknowledgements.idle(end)) this.#reporter.soon();
    }
    this.#reporter.heard(time);
    if (wantsReply) this.#reporter.now();
  }

  /** Asks for types, and goes on when they are known. */
  learn(oids: readonly number[], isOutdated: boolean): void {
    const sender = this.#sender!;
    const { registry } = sender.session;
    this.#isBlocked = true;
    learnTypes(this.#context, registry, oids, isOutdated, this.#signal).then(
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
    if (!this.#isBlocked && !this.#queue.isPaused) inbox.resume();
  }

  /** Nothing more of this connection is taken. */
  block(): void {
    this.#isBlocked = true;
  }
}
