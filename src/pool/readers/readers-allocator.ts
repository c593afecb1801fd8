import type { Use } from '../../client/lease.ts';
import { connectSession } from '../../connecting/connect-session.ts';
import type { SessionContext } from '../../connecting/open-session.ts';
import { TargetServerAttributeNotMatched } from '../../errors/client-errors.ts';
import type { Session } from '../../session/session.ts';
import type { Timer } from '../../transport/clock.ts';
import { Deadline } from '../../transport/deadline.ts';
import { within } from '../../transport/within.ts';
import { Allocator, type Waiting } from '../allocator.ts';
import type { PoolSettings } from '../pool-options.ts';
import type { PooledSession } from '../pooled-session.ts';
import { Pauses } from './pauses.ts';
import { ReadersOpener } from './readers-opener.ts';
import type { ReadersSettings } from './readers-options.ts';
import type { Replay, ReplayWatch } from './replay-watch.ts';

/** How often a call is given a connection that turns out to be of no use. */
const TRIES = 5;
/** Finds one whose server may be read from, beginning with what was lent. */
type Search = (lent: PooledSession | Promise<PooledSession>) => Promise<PooledSession>;

/** The longest pause between two looks at whether a standby has replayed enough, in milliseconds. */
const LONGEST_LOOK = 20;

/** What `work` comes to, or what the call ends with before that. */
async function inTime<T>(deadline: Deadline | null, work: Promise<T>): Promise<T> {
  try {
    return await within(deadline, work);
  } finally {
    deadline?.watch(null);
  }
}

/**
 * The allocator of a pool of readers: what it gives out is connected to a server that may be read from.
 * Connections to others are replaced, and those to the primary as soon as a standby can be had. Nothing runs
 * in the background unless calls come.
 */
export class ReadersAllocator extends Allocator {
  readonly #context: SessionContext;
  readonly #readers: ReadersSettings;
  readonly #watch: ReplayWatch;
  readonly #opener: ReadersOpener;
  /** Since when none can be opened at all: until the pause is over, calls are told at once. */
  readonly #openings: Pauses;
  readonly #looks: Pauses;
  readonly #acquireTimeout: number | null;
  readonly #refreshing = new Set<Replay>();
  /** Idle sessions that have been asked how far their servers are, and have not answered. */
  readonly #asked = new WeakSet<Session>();
  readonly #ending = new AbortController();
  /** The errors by which a call is told that there is nobody to read from. */
  readonly #absences = new WeakSet<object>();

  constructor(
    context: SessionContext,
    settings: PoolSettings,
    readers: ReadersSettings,
    watch: ReplayWatch,
  ) {
    const openings = new Pauses(context.clock);
    const opener = new ReadersOpener(context, settings, openings);
    super(opener, settings, context.clock);
    this.#context = context;
    this.#acquireTimeout = settings.acquireTimeout;
    this.#readers = readers;
    this.#watch = watch;
    this.#opener = opener;
    this.#openings = openings;
    this.#looks = new Pauses(context.clock);
  }

  /** Whether a call has failed since there is no server to read from, so that another pool may serve it. */
  tellsOfAbsence(error: unknown): boolean {
    if (typeof error !== 'object' || error === null) return false;
    return this.#absences.has(error) || this.#opener.failures.has(error);
  }

  override checkOut(
    use: Use,
    deadline: Deadline | null,
    patience: number | null,
    text = '',
    waiting: Waiting | null = null,
  ): PooledSession | Promise<PooledSession> {
    this.#checkOpenings();
    const again = () => super.checkOut(use, deadline, patience, text);
    const search: Search = (lent) => this.#findFit(lent, again, deadline, text);
    const all: Waiting = waiting ?? ((wait) => wait());
    const lent = super.checkOut(use, deadline, patience, text, (wait) => all(() => search(wait())));
    if (lent instanceof Promise || this.#isFit(lent.client.session)) return lent;
    return all(() => search(lent));
  }

  #checkOpenings(): void {
    this.checkOpen();
    if (this.size === 0 && this.#openings.isPaused) throw this.#openings.reason;
  }

  /**
   * A session for one holder, waiting for it until then; for those that are in use, as long as any call does.
   */
  async #checkOutUntil(until: number, deadline: Deadline | null): Promise<PooledSession> {
    const { clock } = this.#context;
    const giving = new AbortController();
    const wait = Deadline.of(clock, null, giving.signal);
    deadline?.watch((expired) => giving.abort(expired.reason(false)));
    let inLine = false;
    const take = async (): Promise<PooledSession> => {
      inLine = true;
      const pooled = await super.checkOut('exclusive', wait, this.#acquireTimeout);
      inLine = false;
      return pooled;
    };
    let timer: Timer;
    const look = (): void => {
      if (inLine && this.#opener.hasAny) timer = clock.setTimer(this.#readers.maxWait, look);
      else giving.abort(this.#absence('no standby can be read from so far'));
    };
    timer = clock.setTimer(Math.max(0, until - clock.now()), look);
    try {
      this.#checkOpenings();
      return await this.#findFit(take(), take, wait, '');
    } finally {
      timer.cancel();
      wait?.dispose();
      deadline?.watch(null);
    }
  }

  /** A session for one holder whose server has replayed the log up to `lsn`, waiting for that a while. */
  async checkOutAfter(lsn: bigint, deadline: Deadline | null): Promise<PooledSession> {
    const has = (pooled: PooledSession): boolean => {
      const { session } = pooled.client;
      return this.#hasReplayed(session, lsn) && this.#isFit(session);
    };
    const ready = this.takeIdle(has);
    if (ready !== null) return ready;
    const { clock } = this.#context;
    const until = clock.now() + this.#readers.maxWait;
    const pooled = await this.#checkOutUntil(until, deadline);
    try {
      let answer: Promise<unknown> | null = null;
      for (let pause = 1; ; pause = Math.min(2 * pause, LONGEST_LOOK)) {
        this.#askOthers(pooled);
        answer ??= this.#ask(pooled);
        // Who falls silent holds nobody up for whom another has the answer.
        const isSilent = await inTime(deadline, this.#isSlow(answer, until - clock.now()));
        if (!isSilent) answer = null;
        if (has(pooled)) return pooled;
        const other = this.takeIdle(has);
        if (other !== null) {
          this.checkIn(pooled);
          return other;
        }
        deadline?.check();
        if (clock.now() >= until) {
          if (isSilent) this.#expireServer(pooled);
          throw this.#absence('no standby has replayed the log so far yet');
        }
        if (!isSilent) await this.#sleep(Math.min(pause, until - clock.now()), deadline);
      }
    } catch (error) {
      this.checkIn(pooled);
      throw error;
    }
  }

  #hasReplayed(session: Session, lsn: bigint): boolean {
    return this.#isOnPrimary(session) || this.#watch.hasReplayed(session, lsn);
  }

  /**
   * Asks one idle session of each server how far that is, and each session whose server is not known yet;
   * not those that have not answered yet.
   */
  #askOthers(own: PooledSession): void {
    const asked = new Map<Replay | Session, Session>();
    for (const { client, state } of this.#opener.sessions) {
      const { session } = client;
      if (state === 'idle') asked.set(this.#watch.of(session) ?? session, session);
    }
    const known = this.#watch.of(own.client.session);
    if (known !== undefined) asked.delete(known);
    for (const session of asked.values()) {
      if (this.#asked.has(session)) continue;
      this.#asked.add(session);
      const answered = (): boolean => this.#asked.delete(session);
      this.#watch.ask(session).then(answered, answered);
    }
  }

  async #ask(own: PooledSession): Promise<void> {
    try {
      await this.#watch.ask(own.client.session);
    } catch (error) {
      throw this.#absence('the standby does not tell how far it is', error);
    }
  }

  /** Whether the answer is not there by the time at which it is looked again what others have answered. */
  async #isSlow(answer: Promise<unknown>, left: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const delay = Math.max(0, Math.min(LONGEST_LOOK, left));
      const timer = this.#context.clock.setTimer(delay, () => resolve(true));
      const settled = (): void => timer.cancel();
      answer.finally(settled).then(() => resolve(false), reject);
    });
  }

  #sleep(delay: number, deadline: Deadline | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#context.clock.setTimer(delay, () => {
        deadline?.watch(null);
        resolve();
      });
      deadline?.watch(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  // ── Which servers are fit ───────────────────────────────────────────────────────────────

  #isOnPrimary(session: Session): boolean {
    const reported = session.server.settings.get('in_hot_standby');
    if (reported !== undefined) return reported === 'off';
    return this.#watch.of(session)?.isPrimary ?? !this.#opener.standbys.has(session);
  }

  /** Whether a session may be used, as far as that is known. What is about to be doubtful is asked for. */
  #isFit(session: Session): boolean {
    if (this.#isOnPrimary(session)) return this.#mayBePrimary();
    const { maxLag } = this.#readers;
    if (maxLag === null) return true;
    const left = this.#watch.freshFor(session);
    if (left > 0 && left < maxLag / 2) void this.#refresh(session);
    return left > 0;
  }

  #mayBePrimary(): boolean {
    const { targetSessionAttrs } = this.#context.config;
    if (targetSessionAttrs === 'prefer-standby') void this.#lookForStandby();
    return targetSessionAttrs !== 'standby';
  }

  /** The same when all has been asked for. */
  async #examine(session: Session, deadline: Deadline | null): Promise<boolean> {
    const needsMeasure = this.#readers.maxLag !== null && !this.#isOnPrimary(session);
    if (needsMeasure) {
      let isOver = false;
      const measuring = this.#watch.measure(session, () => isOver).catch(() => {});
      try {
        await inTime(deadline, measuring);
      } finally {
        isOver = true;
      }
    }
    return !session.isEnded && this.#isFit(session);
  }

  /** A session that is fit: those that are not are closed. */
  async #findFit(
    first: PooledSession | Promise<PooledSession>,
    checkOut: () => PooledSession | Promise<PooledSession>,
    deadline: Deadline | null,
    text: string,
  ): Promise<PooledSession> {
    let pooled = first instanceof Promise ? await first : first;
    for (let tries = TRIES; tries > 0; tries--) {
      if (this.#isFit(pooled.client.session)) return pooled;
      try {
        if (await this.#examine(pooled.client.session, deadline)) return pooled;
      } catch (error) {
        this.checkIn(pooled, text);
        throw error;
      }
      this.#expireServer(pooled);
      this.checkIn(pooled, text);
      deadline?.check();
      pooled = await checkOut();
    }
    if (this.#isFit(pooled.client.session)) return pooled;
    this.checkIn(pooled, text);
    throw this.#absence('no standby is close enough to the primary');
  }

  #absence(message: string, cause?: unknown): TargetServerAttributeNotMatched {
    const error = new TargetServerAttributeNotMatched(message, {
      ...(cause === undefined ? {} : { cause }),
      safeToRetry: true,
      isTransient: true,
    });
    this.#absences.add(error);
    return error;
  }

  /** Closes the connections to a server, those in use when they come back. */
  #expireServer(pooled: PooledSession): void {
    pooled.expiresAt = 0;
    const replay = this.#watch.of(pooled.client.session);
    if (replay === undefined) return;
    for (const other of this.#opener.sessions) {
      if (this.#watch.of(other.client.session) === replay) other.expiresAt = 0;
    }
  }

  /** Has a server asked how far it is, on a connection that nobody has for himself. */
  async #refresh(session: Session): Promise<void> {
    const replay = this.#watch.of(session);
    if (replay === undefined || this.#refreshing.has(replay)) return;
    this.#refreshing.add(replay);
    try {
      await this.#watch.locatePrimary();
      const quiet = [...this.#opener.sessions].find(
        ({ client, state }) =>
          (state === 'idle' || state === 'shared') && this.#watch.of(client.session) === replay,
      );
      if (quiet !== undefined) await this.#watch.ask(quiet.client.session);
    } catch {
      // The next call that needs to know asks again, and waits.
    } finally {
      this.#refreshing.delete(replay);
    }
  }

  /** Whether there is a standby by now: then the connections to the primary are replaced. */
  async #lookForStandby(): Promise<void> {
    if (this.#looks.isPaused || this.#ending.signal.aborted) return;
    this.#looks.begin();
    try {
      const config = { ...this.#context.config, targetSessionAttrs: 'standby' } as const;
      const session = await connectSession({ ...this.#context, config }, this.#ending.signal);
      session.terminateGracefully();
    } catch (error) {
      this.#looks.failed(error);
      return;
    }
    this.#looks.succeeded();
    for (const pooled of this.#opener.sessions) {
      if (this.#isOnPrimary(pooled.client.session)) pooled.expiresAt = 0;
    }
  }

  // ── The end ─────────────────────────────────────────────────────────────────────────────

  override async close(): Promise<void> {
    this.#ending.abort();
    await super.close();
  }

  override terminate(): void {
    this.#ending.abort();
    super.terminate();
  }
}
