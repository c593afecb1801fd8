import type { ClientSession } from '../../src/client/client-session.ts';
import { SessionEffects } from '../../src/client/session-effects.ts';
import { ConnectionDoesNotExistError } from '../../src/index.ts';
import type { SessionSource } from '../../src/pool/connections.ts';
import type { PoolSettings } from '../../src/pool/pool-options.ts';
import { PooledSession } from '../../src/pool/pooled-session.ts';
import type { SyncRequest } from '../../src/session/requests/sync-request.ts';
import type { Standstill } from '../../src/session/session.ts';
import type { Clock } from '../../src/transport/clock.ts';

/** As much of a session as a pool looks at. The server's end goes when it is told to. */
export class FakeSession {
  isEnded = false;
  isIdle = true;
  isCancelling = false;
  transactionStatus = 'I';
  requests = 0;
  readonly queue = { load: 0 };
  isCalledBySource = false;
  standstill: Standstill | null = null;
  activity = 0;
  lastProgress = 0;
  readonly server = { isRoleInDoubt: false, isReadOnly: null };
  onEnd: (() => void) | null = null;
  isGone = false;
  /** Nothing is ever heard of the server again, though the connection stands. */
  isDeaf = false;
  /** How often the server was asked for a sign of life. */
  checks = 0;
  #waiters: (() => void)[] = [];

  readonly #source: FakeSource;
  readonly #clock: Clock;

  constructor(source: FakeSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
    this.lastProgress = clock.now();
  }

  /** The pool's check, the only thing that it sends. */
  submitInner(fence: SyncRequest): void {
    this.checks += 1;
    if (this.isDeaf) return;
    setImmediate(() => {
      if (this.isEnded) return;
      this.lastProgress = this.#clock.now();
      fence.ready();
    });
  }

  terminateGracefully(): void {
    this.end();
    if (this.#source.isPrompt) this.letGo();
  }

  destroy(): void {
    this.end();
    this.letGo();
  }

  /** The session ends, e.g. because the server ends it. */
  end(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.onEnd?.();
  }

  /** The server has closed its side. */
  letGo(): void {
    if (this.isGone) return;
    this.isGone = true;
    for (const waiter of this.#waiters) waiter();
  }

  whenGone(): Promise<void> {
    if (this.isGone) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  whenIdle(): Promise<void> {
    return Promise.resolve();
  }
}

function fakeClientSession(session: FakeSession): ClientSession {
  const client = {
    session,
    effects: new SessionEffects(),
    isInTransaction: false,
    reset: () => Promise.resolve(),
    listeners: {
      set onEnd(callback: () => void) {
        session.onEnd = callback;
      },
    },
  };
  return client as unknown as ClientSession;
}

/** One attempt to connect, which succeeds or fails when the test says so. */
export interface Attempt {
  succeed(): FakeSession;
  fail(error?: Error): void;
}

/** Opens connections to nowhere. */
export class FakeSource implements SessionSource {
  readonly sessions: FakeSession[] = [];
  readonly attempts = new Set<Attempt>();
  /** Every attempt succeeds at once. */
  isEager = false;
  /** The server lets go of connections as soon as they are closed. */
  isPrompt = false;
  readonly #clock: Clock;
  readonly #settings: PoolSettings;

  constructor(clock: Clock, settings: PoolSettings) {
    this.#clock = clock;
    this.#settings = settings;
  }

  /** What the server counts: every connection that it has not let go of. */
  get backends(): number {
    return this.attempts.size + this.sessions.filter(({ isGone }) => !isGone).length;
  }

  open(generation: number): Promise<PooledSession> {
    return new Promise((resolve, reject) => {
      const attempt: Attempt = {
        succeed: () => {
          this.attempts.delete(attempt);
          const session = new FakeSession(this, this.#clock);
          this.sessions.push(session);
          const { maxConnectionLifetime } = this.#settings;
          resolve(
            new PooledSession(
              fakeClientSession(session),
              generation,
              this.#clock,
              maxConnectionLifetime,
            ),
          );
          return session;
        },
        fail: (error = new ConnectionDoesNotExistError('no connection')) => {
          this.attempts.delete(attempt);
          reject(error);
        },
      };
      this.attempts.add(attempt);
      if (this.isEager) attempt.succeed();
    });
  }

  abort(reason: Error): void {
    for (const attempt of [...this.attempts]) attempt.fail(reason);
  }
}
