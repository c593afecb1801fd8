import type { HostConfig } from '../config/connect-config.ts';
import { hostConfigs, PROVIDED } from '../config/host-list.ts';
import type { HostProvider } from '../config/host-provider.ts';
import { TimeoutError } from '../errors/client-errors.ts';
import { ConnectionFailureError } from '../errors/generated/sqlstate.ts';
import type { Clock } from '../transport/clock.ts';
import { Deadline } from '../transport/deadline.ts';
import { within } from '../transport/within.ts';
import { messageOf } from '../values/message-of.ts';

const REFRESH = 5_000;
const TIMEOUT = 5_000;
/** How often it is asked at most while no server can be had, in milliseconds. */
const AGAIN = 250;

/** A list of hosts, and when it was asked for. */
export interface HostList {
  readonly hosts: readonly HostConfig[];
  readonly askedAt: number;
}

/** The provider is being asked. */
interface Question {
  readonly answer: Promise<HostList>;
  readonly abort: (reason: Error) => void;
  /** How many wait for the answer. */
  waiting: number;
}

/**
 * What a host provider has told last, for all connections of a pool. It is asked by one at a time,
 * and whatever goes wrong, the last list stays.
 */
export class HostDirectory {
  readonly provider: HostProvider;
  readonly #clock: Clock;
  /** What was given besides it, for as long as it has told nothing. */
  #last: HostList | null;
  #triedAt = -Infinity;
  #askedAgainAt = -Infinity;
  #question: Question | null = null;

  constructor(provider: HostProvider, given: readonly HostConfig[], clock: Clock) {
    this.provider = provider;
    this.#clock = clock;
    this.#last = given.length === 0 ? null : { hosts: given, askedAt: -Infinity };
  }

  /** The hosts, asked for anew if they are older than they may be. */
  async list(deadline: Deadline | null): Promise<HostList> {
    const { refreshMs = REFRESH } = this.provider;
    // An attempt that failed counts too: a provider that is down must not hold up every connection.
    const tried = this.#last === null ? -Infinity : this.#triedAt;
    if (this.#clock.now() - tried < refreshMs) return this.#last!;
    if (this.#last === null || deadline === null) return await this.#ask(deadline);
    return await this.#askInHalf(deadline);
  }

  /** Asks within half of the time that is left: the rest is for the servers that were told last. */
  async #askInHalf(deadline: Deadline): Promise<HostList> {
    const abort = new AbortController();
    deadline.watch((expired) => abort.abort(expired.reason(false)));
    const half = Deadline.of(this.#clock, deadline.remaining / 2, abort.signal);
    try {
      return await this.#ask(half);
    } catch (error) {
      if (deadline.expired) throw error;
      return this.#last!;
    } finally {
      half?.dispose();
      deadline.watch(null);
    }
  }

  /** The hosts as they are by now, when those of `list` were of no use; null: nothing new. */
  async newerThan(list: HostList, deadline: Deadline | null): Promise<HostList | null> {
    let next = this.#last!;
    const now = this.#clock.now();
    if (next.askedAt <= list.askedAt && now - this.#askedAgainAt >= AGAIN) {
      this.#askedAgainAt = now;
      next = await this.#ask(deadline);
    }
    return JSON.stringify(next.hosts) === JSON.stringify(list.hosts) ? null : next;
  }

  /** Asks, or waits with those who do. Without anybody who waits the provider is told to stop. */
  async #ask(deadline: Deadline | null): Promise<HostList> {
    this.#question ??= this.#begin();
    const question = this.#question;
    question.waiting += 1;
    try {
      return await within(deadline, question.answer);
    } finally {
      question.waiting -= 1;
      if (question.waiting === 0) this.#abandon(question);
    }
  }

  /** Who comes now asks anew: the answer to this one will be that nobody waited for it. */
  #abandon(question: Question): void {
    if (this.#question === question) this.#question = null;
    question.abort(new Error('nobody waits for the hosts any more'));
  }

  #begin(): Question {
    const control = new AbortController();
    const answer = this.#askOnce(control).finally(() => {
      if (this.#question?.answer === answer) this.#question = null;
    });
    // When all who waited have gone nobody hears of it.
    answer.catch(() => {});
    return { answer, waiting: 0, abort: (reason) => control.abort(reason) };
  }

  async #askOnce(control: AbortController): Promise<HostList> {
    const askedAt = this.#clock.now();
    this.#triedAt = askedAt;
    try {
      this.#last = { hosts: hostConfigs(await this.#listInTime(control), PROVIDED), askedAt };
    } catch (error) {
      if (this.#last === null) throw unknownHosts(error);
    }
    return this.#last;
  }

  async #listInTime(control: AbortController): Promise<unknown> {
    const { timeoutMs = TIMEOUT } = this.provider;
    const { signal } = control;
    const listing = (async () => await this.provider.list({ signal }))();
    return await new Promise((resolve, reject) => {
      const timer = this.#clock.setTimer(timeoutMs, () => {
        const message = `the host provider did not answer within ${timeoutMs} ms`;
        control.abort(new TimeoutError(message, { safeToRetry: true }));
      });
      const done = (): void => timer.cancel();
      signal.addEventListener('abort', () => {
        done();
        reject(signal.reason);
      });
      listing.finally(done).then(resolve, reject);
    });
  }
}

function unknownHosts(cause: unknown): ConnectionFailureError {
  const message = messageOf(cause);
  return new ConnectionFailureError(
    `could not connect: the host provider has told no hosts: ${message}`,
    {},
    { cause, safeToRetry: true, isTransient: true },
  );
}
