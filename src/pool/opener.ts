import type { ClientSession } from '../client/client-session.ts';
import { LEND } from '../client/internals.ts';
import { openClientSession } from '../client/open-client-session.ts';
import { keep, rollBack } from '../client/transactions/undoing.ts';
import type { SessionContext } from '../connecting/open-session.ts';
import { Deadline } from '../transport/deadline.ts';
import type { SessionSource } from './connections.ts';
import { ExclusiveLease } from './exclusive-lease.ts';
import { runHook } from './hook.ts';
import { PoolConnection } from './pool-connection.ts';
import type { PoolSettings } from './pool-options.ts';
import { PooledSession } from './pooled-session.ts';

/** Opens connections for a pool: connects and has the `init` hook run. */
export class Opener implements SessionSource {
  readonly #context: SessionContext;
  readonly #settings: PoolSettings;
  readonly #attempts = new Set<AbortController>();

  constructor(context: SessionContext, settings: PoolSettings) {
    this.#context = context;
    this.#settings = settings;
  }

  async open(generation: number): Promise<PooledSession> {
    const { clock } = this.#context;
    const attempt = new AbortController();
    this.#attempts.add(attempt);
    try {
      const client = await openClientSession(this.#context, attempt.signal, true);
      try {
        const pooled = new PooledSession(
          client,
          generation,
          clock,
          this.#settings.maxConnectionLifetime,
        );
        await this.#initialise(pooled, attempt.signal);
        client.checkOpen();
        return pooled;
      } catch (error) {
        client.session.destroy(null);
        throw error;
      }
    } finally {
      this.#attempts.delete(attempt);
    }
  }

  async #initialise(pooled: PooledSession, signal: AbortSignal): Promise<void> {
    const { client } = pooled;
    const { init } = this.#settings;
    if (init !== undefined) {
      const { clock, config } = this.#context;
      const lease = new ExclusiveLease(pooled, null);
      const connection = PoolConnection[LEND](lease);
      const deadline = Deadline.of(clock, null, signal);
      try {
        deadline?.check();
        const initAndFinish = async (): Promise<void> => {
          await init(connection);
          await finished(client);
        };
        await runHook('init', initAndFinish, connection, clock, config.timeout, deadline);
      } finally {
        deadline?.dispose();
        lease.isOver = true;
      }
    }
    pooled.keepsInit = client.effects.areLasting || client.prepared.size > 0;
    keep(client);
    if (this.#settings.allowExitOnIdle) client.session.unref();
    pooled.begin();
  }

  abort(reason: Error): void {
    for (const attempt of this.#attempts) attempt.abort(reason);
  }
}

/** The hook's calls that it did not await are over, and no transaction is left of it. */
async function finished(client: ClientSession): Promise<void> {
  await client.session.whenIdle();
  if (client.isInTransaction) await rollBack(client);
}
