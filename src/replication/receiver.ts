import { ofNoCall } from '../client/calls/tracing.ts';
import type { SessionContext } from '../connecting/open-session.ts';
import { dataStart, type Keepalive } from '../protocol/replication/walsender.ts';
import type { Verdict, WalSink } from '../session/requests/copy-both-request.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import type { Assembler } from './assembler.ts';
import { learnTypesApart } from './learn-types.ts';
import { ReadPacer } from './read-pacer.ts';
import type { StatusReporter } from './status-reporter.ts';
import type { TransactionQueue } from './transaction-queue.ts';
import type { Walsender } from './walsender.ts';

/**
 * Takes what the walsender sends, as long as there is room for it, and all types that it has are known.
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
  readonly #pacer: ReadPacer;
  #sender: Walsender | null = null;
  /** Types are asked for, and nothing is taken until they are known. */
  #isBlocked = false;

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
    this.#pacer = new ReadPacer(context.clock, () => this.resume());
  }

  /** A connection is about to stream. */
  connected(sender: Walsender, isBinary: boolean): void {
    const { registry, inbox } = sender.session;
    this.#sender = sender;
    this.#isBlocked = false;
    const decoding = { codecs: registry, textRun: inbox.textRun, isBinary };
    this.#assembler.connected(decoding, this.#acknowledgements.position);
  }

  /** It is lost: see the assembler's. */
  disconnected(comesAgain: boolean): void {
    this.#sender = null;
    this.#isBlocked = false;
    this.#assembler.disconnected(comesAgain);
  }

  /** Changes that have come, and had not come before. */
  get changes(): number {
    return this.#queue.counts.changes;
  }

  /** Nothing is read at the moment. */
  get isPaused(): boolean {
    return this.#queue.isPaused || this.#isBlocked;
  }

  /** The queue has room again, or types are known. */
  resume(): void {
    const session = this.#sender?.session;
    if (session === undefined || this.isPaused || this.#pacer.isPausing) return;
    if (!session.isEnded) session.inbox.resume();
  }

  data(buffer: Buffer, start: number, end: number): Verdict {
    if (!this.#assembler.take(buffer, start, end, dataStart(buffer, start))) return 'again';
    this.#queue.weigh(end - start);
    return this.#queue.isPaused ? 'enough' : 'taken';
  }

  hasRead(length: number): void {
    this.#pacer.hasRead(this.#sender!.session, length);
  }

  keepalive({ end, time, wantsReply }: Keepalive): void {
    this.keepalives += 1;
    if (end > this.serverEnd) this.serverEnd = end;
    this.#assembler.reached(end);
    // Nothing that was sent is unprocessed: all up to here is as good as processed.
    if (!this.#assembler.isMidway && this.#acknowledgements.idle(end)) this.#reporter.soon();
    this.#reporter.heard(time);
    if (wantsReply) this.#reporter.reply();
  }

  /** Asks for types, and goes on when they are known. */
  learn(oids: readonly number[], isOutdated: boolean): void {
    const sender = this.#sender!;
    const { registry } = sender.session;
    this.#isBlocked = true;
    ofNoCall(() => learnTypesApart(this.#context, registry, oids, isOutdated, this.#signal)).then(
      () => {
        if (this.#sender !== sender || sender.session.isEnded) return;
        this.#assembler.learnt();
        this.#isBlocked = false;
        this.resume();
      },
      (error: unknown) => sender.destroy(error as Error),
    );
  }

  /** Nothing more of this connection is taken. */
  block(): void {
    this.#isBlocked = true;
  }
}
