import { connectionClosed, type Lane } from '../client/client-session.ts';
import { openLane } from '../client/open-client-session.ts';
import type { SessionContext } from '../connecting/open-session.ts';
import { Deadline } from '../transport/deadline.ts';
import type { SlotSource } from './allocator.ts';
import { runHook } from './hook.ts';
import { PoolConnection } from './pool-connection.ts';
import type { PoolSettings } from './pool-options.ts';
import { Slot } from './pooled-session.ts';

/** Opens connections for a pool: connects and has the `init` hook run. */
export class Opener implements SlotSource {
  readonly #context: SessionContext;
  readonly #settings: PoolSettings;
  readonly #attempts = new Set<AbortController>();

  constructor(context: SessionContext, settings: PoolSettings) {
    this.#context = context;
    this.#settings = settings;
  }

  async open(generation: number): Promise<Slot> {
    const { clock } = this.#context;
    const attempt = new AbortController();
    this.#attempts.add(attempt);
    try {
      const lane = await openLane(this.#context, attempt.signal);
      try {
        const slot = new Slot(lane, generation, clock, this.#settings.maxConnectionLifetime);
        await this.#initialise(slot, attempt.signal);
        if (lane.session.isEnded) throw connectionClosed(lane.session);
        return slot;
      } catch (error) {
        lane.session.destroy(null);
        throw error;
      }
    } finally {
      this.#attempts.delete(attempt);
    }
  }

  async #initialise(slot: Slot, signal: AbortSignal): Promise<void> {
    const { lane } = slot;
    const { init } = this.#settings;
    if (init !== undefined) {
      const { clock, config } = this.#context;
      const connection = new PoolConnection(slot, null);
      const deadline = Deadline.of(clock, null, signal);
      try {
        deadline?.check();
        const initAndFinish = async (): Promise<void> => {
          await init(connection);
          await finished(lane);
        };
        await runHook('init', initAndFinish, connection, clock, config.timeout, deadline);
      } finally {
        deadline?.dispose();
        connection.markReleased();
      }
    }
    slot.keepsInit = lane.dirty || lane.prepared.size > 0;
    lane.keep();
    slot.begin();
  }

  abort(reason: Error): void {
    for (const attempt of this.#attempts) attempt.abort(reason);
  }
}

/** The hook's calls that it did not await are over, and no transaction is left of it. */
async function finished(lane: Lane): Promise<void> {
  await lane.session.whenIdle();
  if (lane.isInTransaction) await lane.rollBack();
}
