import { parseLsn } from '../../protocol/replication/lsn.ts';
import { QueryRequest } from '../../session/requests/query-request.ts';
import type { Session } from '../../session/session.ts';
import type { Clock } from '../../transport/clock.ts';
import { Deadline } from '../../transport/deadline.ts';

/** How long a server may take to tell how far it is, in milliseconds. */
const PATIENCE = 1_000;
/** How long a standby has to reach where the primary was, before its own word on its delay counts. */
const CATCH_UP = 100;
/** After how long a primary that has not answered is asked again. */
const RETRY = 5_000;
/** How many of the primary's positions are kept. */
const POSITIONS = 16;

/** Which server it is, whatever stands in front of it; how far it has replayed, and received; its delay. */
const QUESTION = `SELECT pg_catalog.concat_ws(' ', pg_catalog.inet_server_addr(),
    pg_catalog.current_setting('port'), pg_catalog.pg_postmaster_start_time()),
  pg_catalog.pg_is_in_recovery(),
  pg_catalog.pg_last_wal_replay_lsn()::pg_catalog.text,
  pg_catalog.pg_last_wal_receive_lsn()::pg_catalog.text,
  pg_catalog.date_part('epoch',
    pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()) * 1000`;

/** What is known of one server. */
export interface Replay {
  isPrimary: boolean;
  /** Up to where it has replayed the log. */
  lsn: bigint;
  /** It has all that was committed before this moment, by the pool's clock. */
  asOf: number;
  /** When it has had its time to catch up, last, and was still behind. */
  lateAt: number;
}

/** Where the primary's log ended at a moment. */
interface Position {
  readonly at: number;
  readonly lsn: bigint;
}

/**
 * How far the standbys are, asked for when a call needs to know. Where the primary's log ended at
 * a moment is asked of the primary: a standby that has replayed it so far has all of that moment, by this
 * process's clock alone. The standby's own word, the time of the last transaction that it has replayed, counts
 * besides, and is all there is while the primary does not answer; if it has replayed all that it has
 * received, an idle primary is not a delay.
 */
export class ReplayWatch {
  readonly #clock: Clock;
  readonly #askPrimary: (timeout: number) => Promise<string>;
  readonly #maxLag: number | null;
  readonly #servers = new Map<string, Replay>();
  readonly #ofSession = new WeakMap<Session, Replay>();
  /** Of the primary, the newest last. */
  readonly #positions: Position[] = [];
  #asking: Promise<void> | null = null;
  #failedAt = -Infinity;

  constructor(
    clock: Clock,
    askPrimary: (timeout: number) => Promise<string>,
    maxLag: number | null,
  ) {
    this.#clock = clock;
    this.#askPrimary = askPrimary;
    this.#maxLag = maxLag;
  }

  /** What is known of a session's server; undefined: nothing yet. */
  of(session: Session): Replay | undefined {
    return this.#ofSession.get(session);
  }

  /** For how many milliseconds its server is certainly within `maxLag`; 0 or less: not at all. */
  freshFor(session: Session): number {
    const replay = this.#ofSession.get(session);
    if (replay === undefined) return 0;
    return replay.isPrimary ? Infinity : replay.asOf + this.#maxLag! - this.#clock.now();
  }

  /** Whether its server is known to have replayed the log so far. */
  hasReplayed(session: Session, lsn: bigint): boolean {
    const replay = this.#ofSession.get(session);
    return replay !== undefined && (replay.isPrimary || replay.lsn >= lsn);
  }

  /** Why a session is of no use that was just opened, or null. */
  async objectionTo(session: Session): Promise<string | null> {
    await this.measure(session);
    return this.freshFor(session) > 0
      ? null
      : `the standby is further behind the primary than ${this.#maxLag} ms`;
  }

  /** Asks a server how far it is. Rejects with what the session fails with. */
  async ask(session: Session): Promise<Replay> {
    const { askedAt, isReplayed, delay, replay } = await this.#question(session);
    this.#confirm(replay);
    const isPrimaryKnown =
      this.#positions.length > 0 && this.#failedAt < this.#positions.at(-1)!.at;
    if (isReplayed && !isPrimaryKnown) replay.asOf = Math.max(replay.asOf, askedAt);
    if (delay !== null) replay.asOf = Math.max(replay.asOf, askedAt - Math.max(0, delay));
    return replay;
  }

  /**
   * Asks until the server is certainly within `maxLag`, or has had its time to get there.
   *
   * @param isOver nobody waits for it any more, and the session may be somebody else's
   */
  async measure(session: Session, isOver: () => boolean = () => false): Promise<void> {
    await this.locatePrimary();
    if (isOver()) return;
    const until = this.#clock.now() + CATCH_UP;
    for (let pause = 1; ; pause *= 2) {
      const replay = await this.ask(session);
      if (this.freshFor(session) > 0) return;
      const now = this.#clock.now();
      // Who was late a moment ago is not given the time again.
      if (now - replay.lateAt < PATIENCE) return;
      if (now >= until) {
        replay.lateAt = now;
        return;
      }
      await new Promise<void>((resolve) => {
        this.#clock.setTimer(pause, resolve);
      });
      if (isOver()) return;
    }
  }

  async #question(session: Session) {
    const deadline = Deadline.of(this.#clock, PATIENCE);
    const askedAt = this.#clock.now();
    try {
      const options = { wanted: 'row', form: 'array', prepare: false } as const;
      const request = new QueryRequest(QUESTION, [], options, deadline);
      session.submit(request);
      const [id, inRecovery, replayed, received, delay] = (await request.promise) as [
        string,
        boolean,
        string | null,
        string | null,
        number | null,
      ];
      const replay = this.#replayOf(id);
      this.#ofSession.set(session, replay);
      replay.isPrimary = !inRecovery;
      const lsn = replayed === null ? 0n : parseLsn(replayed);
      if (lsn > replay.lsn) replay.lsn = lsn;
      const isReplayed = received !== null && lsn >= parseLsn(received);
      return { askedAt, isReplayed, delay, replay };
    } finally {
      deadline?.dispose();
    }
  }

  #replayOf(id: string): Replay {
    let replay = this.#servers.get(id);
    if (replay === undefined) {
      replay = { isPrimary: false, lsn: 0n, asOf: -Infinity, lateAt: -Infinity };
      this.#servers.set(id, replay);
      // Servers come and go, and few are there at a time.
      if (this.#servers.size > 100) this.#servers.delete(this.#servers.keys().next().value!);
    }
    return replay;
  }

  /** It had all of the last moment at which the primary's log ended where it is now. */
  #confirm(replay: Replay): void {
    const passed = this.#positions.findLast(({ lsn }) => lsn <= replay.lsn);
    if (passed !== undefined && passed.at > replay.asOf) replay.asOf = passed.at;
  }

  /** Asks where the primary's log ends, unless that was known a moment ago or it has not answered. */
  async locatePrimary(): Promise<void> {
    const now = this.#clock.now();
    const last = this.#positions.at(-1)?.at ?? -Infinity;
    if (now - last < this.#maxLag! / 4 || now - this.#failedAt < RETRY) return;
    this.#asking ??= this.#locate(now).finally(() => {
      this.#asking = null;
    });
    await this.#asking;
  }

  async #locate(at: number): Promise<void> {
    try {
      this.#positions.push({ at, lsn: parseLsn(await this.#askPrimary(PATIENCE)) });
      if (this.#positions.length > POSITIONS) this.#positions.shift();
    } catch {
      // Until it answers again the standbys' own word has to do.
      this.#failedAt = this.#clock.now();
    }
  }
}
