import { isAnswer, type SessionContext } from '../../connecting/open-session.ts';
import { inHotStandby } from '../../connecting/target-session.ts';
import type { Session } from '../../session/session.ts';
import { Opener } from '../opener.ts';
import type { PoolSettings } from '../pool-options.ts';
import type { PooledSession } from '../pooled-session.ts';
import { warnOfRefusedReaders } from '../warnings.ts';
import type { Pauses } from './pauses.ts';

/** Opens the connections of a pool of readers, and knows which there are and why one could not be opened. */
export class ReadersOpener extends Opener {
  /** What opening has failed with. */
  readonly failures = new WeakSet<object>();
  /** Those that were opened and are not over. */
  readonly sessions = new Set<PooledSession>();
  /** The sessions whose servers were standbys and do not report it when that changes. */
  readonly standbys = new WeakSet<Session>();
  readonly #pauses: Pauses;
  #hasWarned = false;

  constructor(context: SessionContext, settings: PoolSettings, pauses: Pauses) {
    super(context, settings);
    this.#pauses = pauses;
  }

  /** Whether one is open, in use or not. */
  get hasAny(): boolean {
    for (const { client } of this.sessions) if (!client.session.isEnded) return true;
    return false;
  }

  override async open(generation: number): Promise<PooledSession> {
    try {
      const pooled = await super.open(generation);
      const { session } = pooled.client;
      if (!session.server.settings.has('in_hot_standby') && (await inHotStandby(session))) {
        this.standbys.add(session);
      }
      for (const other of this.sessions) {
        if (other.client.session.isEnded) this.sessions.delete(other);
      }
      this.sessions.add(pooled);
      this.#pauses.succeeded();
      return pooled;
    } catch (error) {
      if (typeof error === 'object' && error !== null) this.failures.add(error);
      this.#pauses.failed(error);
      this.#warn(error);
      throw error;
    }
  }

  /** What servers refuse for good would otherwise be seen by nobody: the primary answers instead. */
  #warn(error: unknown): void {
    if (this.#hasWarned || !isAnswer(error) || error.isTransient) return;
    this.#hasWarned = true;
    warnOfRefusedReaders(error);
  }
}
