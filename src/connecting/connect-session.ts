import type { HostConfig } from '../config/connect-config.ts';
import { areDefaultHosts } from '../config/hosts.ts';
import { TargetServerAttributeNotMatched, TimeoutError } from '../errors/client-errors.ts';
import { ConnectionFailureError } from '../errors/generated/sqlstate.ts';
import { messageText } from '../errors/message-text.ts';
import { PostgresError } from '../errors/postgres-error.ts';
import type { Session } from '../session/session.ts';
import { type AbortSource, Deadline } from '../transport/deadline.ts';
import { within } from '../transport/within.ts';
import { isError } from '../values/builtins.ts';
import { messageOf } from '../values/message-of.ts';
import { connectError, describeHost } from './dial.ts';
import { isAnswer, openSession, type SessionContext, timedOut } from './open-session.ts';
import { type Role, roleMatches, wantedRole } from './target-session.ts';

/**
 * How long an address may take to answer at all while its name has others, in milliseconds: a
 * network that drops packets, IPv6 most often, shall not use up the time of those that work.
 */
const PATIENCE = 3_000;

/** The hint where connecting has failed to all places that were only guessed. */
const UNSET =
  'No DSN, host or PGHOST says where the server is, so these were tried. Is a variable unset?';

/**
 * Connects to the first host that answers and has the wanted role. Every address of every host
 * has its share of the time that is left, so that a silent one cannot use it all up. Of a role
 * that is only preferred, the first server without it is kept until the last host was asked.
 *
 * @throws TimeoutError or the signal's reason; the one failure there was; the one server's answer
 *   among failures; else a ConnectionFailureError or TargetServerAttributeNotMatched that lists
 *   every attempt
 */
export async function connectSession(
  context: SessionContext,
  signal: AbortSource | null = null,
): Promise<Session> {
  const { clock, config } = context;
  const deadline = Deadline.of(clock, config.wholeTimeout, signal);
  const walk = new Walk(context, deadline);
  try {
    deadline?.check();
    return await walk.run();
  } finally {
    walk.end();
    deadline?.dispose();
  }
}

interface Failure {
  readonly host: HostConfig;
  readonly error: unknown;
}

/** One walk over all hosts and their addresses. */
class Walk {
  readonly #context: SessionContext;
  readonly #deadline: Deadline | null;
  readonly #failures: Failure[] = [];
  /** A server without the preferred role: better than none. */
  #spare: Session | null = null;

  constructor(context: SessionContext, deadline: Deadline | null) {
    this.#context = context;
    this.#deadline = deadline;
  }

  async run(): Promise<Session> {
    const { targetSessionAttrs } = this.#context.config;
    const { role, strict } = wantedRole(targetSessionAttrs);
    const { directory } = this.#context;
    if (!directory) {
      const session = await this.#visit(this.#context.config.hosts, role, strict);
      return session ?? this.#takeSpare() ?? this.#fail();
    }
    const list = await this.#askDirectory((deadline) => directory.list(deadline));
    let session = await this.#visit(list.hosts, role, strict);
    if (session === null && this.#spare === null && !this.#isOver()) {
      // Perhaps the servers are elsewhere by now.
      const newer = await this.#askDirectory((deadline) => directory.newerThan(list, deadline))
        // What the hosts have answered tells more than that there was no time for others.
        .catch(() => null);
      if (newer !== null) session = await this.#visit(newer.hosts, role, strict);
    }
    return session ?? this.#takeSpare() ?? this.#fail();
  }

  /** Asks who tells the hosts, with connect_timeout for as long as a host may take. */
  #askDirectory<T>(ask: (deadline: Deadline | null) => Promise<T>): Promise<T> {
    return this.#withinShare(1, async (deadline) => {
      try {
        return await ask(deadline);
      } catch (error) {
        const reason = deadline?.expired ? deadline.reason(false) : null;
        if (!(reason instanceof TimeoutError)) throw error;
        throw new TimeoutError(`the host provider did not answer in time: ${reason.message}`, {
          safeToRetry: true,
        });
      } finally {
        this.#deadline?.watch(null);
      }
    });
  }

  /** The first session of these hosts that has the role. */
  async #visit(given: readonly HostConfig[], role: Role, strict: boolean): Promise<Session | null> {
    const hosts = given.length > 1 ? likelyFirst(this.#inOrder(given), role) : given;
    for (const [index, host] of hosts.entries()) {
      // The spare is no attempt of its own, but must still be there when the time is up.
      const later = hosts.length - index - (strict ? 1 : 0);
      const addresses = await this.#addressesOf(host, later + 1);
      for (const [i, address] of addresses.entries()) {
        const left = addresses.length - i;
        const patience = left > 1 ? PATIENCE : null;
        const session = await this.#ask(address, later + left, role, strict, patience);
        if (session !== null) return session;
        if (this.#isOver()) return null;
      }
    }
    return null;
  }

  /** Lets go of what the walk still holds. */
  end(): void {
    this.#spare?.terminateGracefully();
    this.#spare = null;
  }

  /** The places behind a host name. None, and a failure noted, when it cannot be looked up. */
  async #addressesOf(host: HostConfig, parts: number): Promise<readonly HostConfig[]> {
    const { config, network } = this.#context;
    const { dial, lookup } = config;
    if (dial !== null || host.socketPath !== null || host.address !== null) return [host];
    const found = network.resolve(host.host, lookup);
    if (typeof found === 'string') return [{ ...host, address: found }];
    return this.#withinShare(parts, async (deadline) => {
      try {
        const addresses = await within(deadline, found);
        return this.#inOrder(addresses).map((address) => ({ ...host, address }));
      } catch (error) {
        this.#note(
          host,
          deadline?.expired
            ? timedOut(deadline, host, 'looking up its addresses', error)
            : connectError(host, error),
        );
        return [];
      }
    });
  }

  /** The session if the server has the role; else null, with the failure noted or the spare set. */
  #ask(
    host: HostConfig,
    parts: number,
    role: Role,
    strict: boolean,
    patience: number | null,
  ): Promise<Session | null> {
    return this.#withinShare(parts, async (deadline) => {
      try {
        const session = await openSession(this.#context, host, deadline, patience);
        const { database } = this.#context.config;
        session.peer = { host: host.host, port: host.port, database };
        if (role === 'any' || (await asked(session, host, deadline, roleMatches(session, role)))) {
          const { accept } = this.#context;
          const objection =
            accept === undefined ? null : await asked(session, host, deadline, accept(session));
          if (objection === null) return session;
          this.#note(host, new TargetServerAttributeNotMatched(objection));
          session.terminateGracefully();
          return null;
        }
        if (!strict && this.#spare === null) {
          this.#spare = session;
        } else {
          this.#note(host, new TargetServerAttributeNotMatched(`the server is not ${role}`));
          session.terminateGracefully();
        }
      } catch (error) {
        this.#note(host, error);
      }
      return null;
    });
  }

  /** Does something with its share of the time that is left. */
  async #withinShare<T>(parts: number, work: (deadline: Deadline | null) => Promise<T>) {
    const overall = this.#deadline;
    const { clock, config } = this.#context;
    if (parts === 1 && config.attemptTimeout === null) return work(overall);
    const share = (overall?.remaining ?? Infinity) / parts;
    const limit = Math.min(Math.ceil(share), config.attemptTimeout ?? Infinity);
    if (limit === Infinity) return work(overall);
    const abort = new AbortController();
    overall?.watch((expired) => abort.abort(expired.reason(false)));
    const deadline = Deadline.of(clock, limit, abort.signal);
    try {
      return await work(deadline);
    } finally {
      deadline?.dispose();
      overall?.watch(null);
    }
  }

  #note(host: HostConfig, error: unknown): void {
    this.#failures.push({ host, error });
  }

  /** Out of time, or with wrong credentials: trying them on could lock the account. */
  #isOver(): boolean {
    return (this.#deadline?.expired ?? false) || isRejection(this.#failures.at(-1)?.error);
  }

  #takeSpare(): Session | null {
    const spare = this.#spare;
    if (spare === null || spare.isEnded) return null;
    if (this.#deadline?.expired && !(this.#deadline.reason(false) instanceof TimeoutError)) {
      return null;
    }
    this.#spare = null;
    return spare;
  }

  #fail(): never {
    const last = this.#failures.at(-1)?.error;
    if (this.#deadline?.expired) {
      const reason = this.#deadline.reason(false);
      if (!(reason instanceof TimeoutError)) throw reason;
      if (this.#failures.length < 2) throw last ?? reason;
      throw this.#timedOut();
    }
    if (this.#failures.length === 1 || isRejection(last)) throw last;
    if (this.#failures.every(({ error }) => error instanceof TimeoutError)) throw this.#timedOut();
    throw this.#summary();
  }

  #timedOut(): TimeoutError {
    return new TimeoutError(`could not connect to any host in time: ${this.#list()}`, {
      cause: this.#aggregate(),
      safeToRetry: true,
    });
  }

  /** An error that lists every attempt. */
  #summary(): Error {
    const errors = this.#failures.map(({ error }) => error);
    if (errors.some((error) => error instanceof TargetServerAttributeNotMatched)) {
      return new TargetServerAttributeNotMatched(
        `none of the hosts matches targetSessionAttrs ` +
          `"${this.#context.config.targetSessionAttrs}": ${this.#list()}`,
        { cause: this.#aggregate(), safeToRetry: true },
      );
    }
    // Where one server answered, its word tells more than the sockets that were not there.
    const [answer, ...others] = errors.filter(isAnswer);
    if (answer !== undefined && others.length === 0) {
      if (answer.cause === undefined) {
        const cause = { value: this.#aggregate(), writable: true, configurable: true };
        Object.defineProperty(answer, 'cause', cause);
      }
      return answer;
    }
    const additions = areDefaultHosts(this.#context.config.hosts) ? { hint: UNSET } : {};
    const where = `could not connect to any of ${errors.length} addresses: ${this.#list()}`;
    return new ConnectionFailureError(messageText(where, additions), additions, {
      cause: this.#aggregate(),
      safeToRetry: true,
      isTransient: errors.some(isTransient),
    });
  }

  /** All failures; with the first system error's code, as Node does it for a name's addresses. */
  #aggregate(): AggregateError {
    const errors = this.#failures.map(({ error }) => error);
    const aggregate = new AggregateError(errors, this.#list());
    const code = errors.map(systemCode).find((found) => found !== undefined);
    return code === undefined ? aggregate : Object.assign(aggregate, { code });
  }

  #list(): string {
    return this.#failures
      .map(({ host, error }) => {
        const place = describeHost(host);
        const text = messageOf(error);
        return text.includes(place) ? text : `${place}: ${text}`;
      })
      .join('; ');
  }

  #inOrder<T>(items: readonly T[]): T[] {
    const ordered = [...items];
    if (this.#context.config.loadBalanceHosts === 'random') {
      for (let i = ordered.length - 1; i > 0; i--) {
        const j = Math.floor(Math.random() * (i + 1));
        [ordered[i], ordered[j]] = [ordered[j]!, ordered[i]!];
      }
    }
    return ordered;
  }
}

/** Those first that are said to have the role. */
function likelyFirst(hosts: readonly HostConfig[], role: Role): readonly HostConfig[] {
  const likely = role === 'read-write' ? 'primary' : role === 'read-only' ? 'standby' : role;
  if (!hosts.some((host) => host.role === likely)) return hosts;
  const rank = (host: HostConfig): number =>
    host.role === likely ? 0 : host.role === undefined ? 1 : 2;
  return hosts.toSorted((a, b) => rank(a) - rank(b));
}

/** Asking a server that does not tell is a part of connecting: so are the ways it can fail. */
async function asked<T>(
  session: Session,
  host: HostConfig,
  deadline: Deadline | null,
  answer: Promise<T>,
): Promise<T> {
  try {
    return await within(deadline, answer);
  } catch (error) {
    session.destroy(null);
    if (deadline?.expired) throw timedOut(deadline, host, 'asking for its role', error);
    throw isAnswer(error) ? error : connectError(host, error);
  }
}

function isTransient(error: unknown): boolean {
  return isError(error) && 'isTransient' in error && error.isTransient === true;
}

function systemCode(error: unknown): unknown {
  return error instanceof ConnectionFailureError && isError(error.cause)
    ? (error.cause as NodeJS.ErrnoException).code
    : undefined;
}

/** Wrong credentials are wrong everywhere. */
function isRejection(error: unknown): boolean {
  return (
    error instanceof PostgresError && (error.sqlstate === '28P01' || error.sqlstate === '28000')
  );
}
