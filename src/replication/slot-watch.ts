import { ofNoCall } from '../client/calls/tracing.ts';
import { callUser } from '../client/calls/user-callback.ts';
import type { SessionContext } from '../connecting/open-session.ts';
import { parseLsn } from '../protocol/replication/lsn.ts';
import type { Timer } from '../transport/clock.ts';
import { askApart } from './learn-types.ts';
import type { StreamSettings } from './options.ts';
import { slotStatus } from './slots.ts';

/** Everything before was confirmed, as the slot itself has it; null: there is none. */
export async function confirmedPosition(
  context: SessionContext,
  slot: string,
  signal: AbortSignal,
): Promise<bigint | null> {
  const status = await askApart(context, signal, (connection) => slotStatus(connection, slot));
  const { confirmedFlush = null } = status ?? {};
  return confirmedFlush === null ? null : parseLsn(confirmedFlush);
}

/** Asks now and then how much of the log the slot holds back, if somebody wants to be warned. */
export class SlotWatch {
  readonly #context: SessionContext;
  readonly #slot: string;
  readonly #settings: StreamSettings;
  readonly #signal: AbortSignal;
  #timer: Timer | null = null;
  #isStopped = false;

  /** @param signal the stream is over: nothing is asked any more */
  constructor(
    context: SessionContext,
    slot: string,
    settings: StreamSettings,
    signal: AbortSignal,
  ) {
    this.#context = context;
    this.#signal = signal;
    this.#slot = slot;
    this.#settings = settings;
  }

  start(): void {
    if (this.#settings.onSlotWarning === null || this.#timer !== null || this.#isStopped) return;
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    this.#timer = this.#context.clock.setTimer(
      this.#settings.statusInterval,
      () => {
        // That nothing can be asked at the moment is not worth a warning: the stream notices too.
        void ofNoCall(() => this.#look())
          .catch(() => {})
          .then(() => {
            if (!this.#isStopped) this.#schedule();
          });
      },
      false,
    );
  }

  async #look(): Promise<void> {
    const status = await askApart(this.#context, this.#signal, (connection) =>
      slotStatus(connection, this.#slot),
    );
    if (status === null || this.#isStopped) return;
    const { walStatus, safeWalSize, lag } = status;
    if (walStatus !== 'extended' && walStatus !== 'unreserved') return;
    const { onSlotWarning } = this.#settings;
    callUser('an onSlotWarning callback', () => onSlotWarning!({ walStatus, safeWalSize, lag }));
  }
}
