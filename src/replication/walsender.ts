import type { ConnectConfig } from '../config/connect-config.ts';
import { connectSession } from '../connecting/connect-session.ts';
import type { SessionContext } from '../connecting/open-session.ts';
import { InternalClientError } from '../errors/client-errors.ts';
import { PostgresError, type PostgresLogMessage } from '../errors/postgres-error.ts';
import { CopyBothRequest, type WalSink } from '../session/requests/copy-both-request.ts';
import { WalsenderCommand } from '../session/requests/walsender-command.ts';
import type { Session } from '../session/session.ts';
import { endIfSilent } from './patience.ts';

/** A row of a command's answer, as texts. */
export type TextRow = Readonly<Record<string, string | null>>;

/** What IDENTIFY_SYSTEM tells. */
export interface SystemIdentity {
  /** Of the cluster, and of all its standbys. */
  readonly systemId: string;
  /** Grows with each promotion. */
  readonly timeline: number;
  /** The end of the log. */
  readonly position: string;
  /** The database, if the connection is to one. */
  readonly database: string | null;
}

/**
 * What a walsender's session begins with, whatever the user has set: the text forms of values do not
 * depend on it, and it may sit idle in a transaction while its snapshot is in use.
 */
const PARAMETERS: Readonly<Record<string, string>> = {
  datestyle: 'ISO',
  intervalstyle: 'postgres',
  extra_float_digits: '3',
  idle_in_transaction_session_timeout: '0',
};

/** The configuration of a connection for replication. */
export function withReplication(config: ConnectConfig, replication: string): ConnectConfig {
  const startupParameters = new Map<string, string>();
  for (const [name, value] of config.startupParameters) {
    if (!(name.toLowerCase() in PARAMETERS)) startupParameters.set(name, value);
  }
  startupParameters.set('replication', replication);
  for (const [name, value] of Object.entries(PARAMETERS)) startupParameters.set(name, value);
  return { ...config, startupParameters };
}

/** The configuration of an ordinary connection to the same server. */
export function withoutReplication(config: ConnectConfig): ConnectConfig {
  if (!config.startupParameters.has('replication')) return config;
  const startupParameters = new Map(config.startupParameters);
  startupParameters.delete('replication');
  return { ...config, startupParameters };
}

/** One connection to a walsender. */
export class Walsender {
  readonly session: Session;
  /** Resolves when it is over, to the reason: null for one that this side has closed. */
  readonly ended: Promise<Error | null>;
  /** Is told of what the server says beside. */
  onNotice: (notice: PostgresLogMessage) => void = () => {};
  readonly #patience: number | null;

  private constructor(session: Session, patience: number | null) {
    this.session = session;
    this.#patience = patience;
    this.ended = new Promise((resolve) => {
      session.observer = {
        notice: (notice) => this.onNotice(notice),
        notification: () => {},
        transactionEnded: () => {},
        ended: resolve,
      };
    });
  }

  /** @param context of a connection for replication */
  static async connect(context: SessionContext, signal: AbortSignal | null): Promise<Walsender> {
    const session = await connectSession(context, signal);
    return new Walsender(session, context.config.timeout);
  }

  /** Runs one command, in the time that connecting has. */
  async command(text: string): Promise<TextRow[]> {
    const rows = await this.rawCommand(text);
    return rows.map((row) =>
      Object.fromEntries(Array.from(row, ([name, value]) => [name, value?.toString() ?? null])),
    );
  }

  /** The same, with values as they came. */
  async rawCommand(text: string): Promise<ReadonlyMap<string, Buffer | null>[]> {
    const request = new WalsenderCommand(text);
    const timer = endIfSilent(this.session, this.#patience);
    try {
      this.session.submit(request);
      return await request.promise;
    } finally {
      timer?.cancel();
    }
  }

  /** What server this is. */
  async identify(): Promise<SystemIdentity> {
    const [row] = await this.command('IDENTIFY_SYSTEM');
    if (row === undefined) throw new InternalClientError('IDENTIFY_SYSTEM has told nothing');
    return {
      systemId: row['systemid'] ?? '',
      timeline: Number(row['timeline']),
      position: row['xlogpos'] ?? '',
      database: row['dbname'] ?? null,
    };
  }

  /** A setting of the server. */
  async setting(name: string): Promise<string> {
    const [row] = await this.command(`SHOW ${name}`);
    return row?.[name] ?? '';
  }

  /** Resolves when the server streams. What ends the stream ends the connection. */
  async start(text: string, sink: WalSink): Promise<CopyBothRequest> {
    const request = new CopyBothRequest(text, sink);
    const timer = endIfSilent(this.session, this.#patience);
    try {
      this.session.submit(request);
      await request.begun;
    } finally {
      timer?.cancel();
    }
    request.promise.then(
      () => this.destroy(null),
      (error: unknown) => this.destroy(error as Error),
    );
    return request;
  }

  destroy(reason: Error | null): void {
    this.session.fail(reason);
  }

  /** Ends in good order. Resolves when the server has let go of the connection. */
  async close(): Promise<void> {
    this.session.terminateGracefully();
    await this.session.whenGone();
  }
}

/**
 * Asks about tables and publications on an ordinary connection. What a walsender itself was asked about them stays in
 * its caches, and PostgreSQL goes by those when it streams: tables and publications would be in what was committed
 * before as they are now.
 */
export async function askCatalog<T>(
  context: SessionContext,
  signal: AbortSignal,
  work: (asker: Walsender) => Promise<T>,
): Promise<T> {
  const asker = await Walsender.connect(context, signal).catch((error: unknown) => {
    if (!isFull(error)) throw error;
    // Walsenders have places of their own, and answer the same.
    const config = withReplication(context.config, 'database');
    return Walsender.connect({ ...context, config }, signal);
  });
  const leaving = endIfSilent(asker.session, null, signal);
  try {
    return await work(asker);
  } finally {
    leaving?.cancel();
    asker.destroy(null);
  }
}

/** Whether the server has no place for another connection. */
export function isFull(error: unknown): boolean {
  return error instanceof PostgresError && error.sqlstate === '53300';
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds of a duration as SHOW prints it; 0: none. */
export function milliseconds(setting: string): number {
  const match = /^(\d+)([a-z]*)$/.exec(setting);
  return match === null ? 0 : Number(match[1]) * (UNITS[match[2] || 'ms'] ?? 1);
}
