import { located } from '../client/calls/caller-stack.ts';
import { checkOptions, type OptionNames } from '../client/calls/known-options.ts';
import { configFor, contextFor } from '../client/connect.ts';
import type { ConnectOptions } from '../config/options.ts';
import { InterfaceError, InvalidArgumentError } from '../errors/client-errors.ts';
import { lsnText, parseLsn } from '../protocol/replication/lsn.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { type Row, rowShape } from '../values/row.ts';
import { OpenRawStream, type RawStream } from './raw-stream.ts';
import { type SystemIdentity, Walsender, withReplication } from './walsender.ts';

/** How a slot is made by `ReplicationConnection.createSlot`. */
export interface CreateSlotOptions {
  /** The output plugin: `pgoutput`, `test_decoding`, `wal2json`. */
  readonly plugin: string;
  /** It dies with the connection. */
  readonly temporary?: boolean | undefined;
  /** `export`: what there was can be read by others, until the next command. Default `nothing`. */
  readonly snapshot?: 'export' | 'nothing' | undefined;
  /** Standbys keep it too (PostgreSQL 17). */
  readonly failover?: boolean | undefined;
  /** Prepared transactions are sent when they are prepared (PostgreSQL 15). */
  readonly twoPhase?: boolean | undefined;
}

const SLOT_OPTIONS: OptionNames<CreateSlotOptions> = {
  plugin: true,
  temporary: true,
  snapshot: true,
  failover: true,
  twoPhase: true,
};

/** What `ReplicationConnection.start` streams. */
export interface StartOptions {
  /** The slot's name. */
  readonly slot: string;
  /** Where to begin; default: where the slot is. */
  readonly from?: string | undefined;
  /** Options of the output plugin. */
  readonly options?: Readonly<Record<string, string>> | undefined;
}

const START_OPTIONS: OptionNames<StartOptions> = { slot: true, from: true, options: true };

/** A walsender takes no comment in front of its commands. */
const STREAMING = /^\s*(START_REPLICATION|BASE_BACKUP)\b/i;

/** A connection to a walsender, for any plugin and command. Made by `connectReplication`. */
export interface ReplicationConnection extends AsyncDisposable {
  /** What server this is. */
  identifySystem(): Promise<SystemIdentity>;
  /** Makes a replication slot. */
  createSlot(
    name: string,
    o: CreateSlotOptions,
  ): Promise<{ consistentPoint: string; snapshot: string | null }>;
  /** Drops one; `wait`: until nobody streams from it. */
  dropSlot(name: string, o?: { wait?: boolean | undefined }): Promise<void>;
  /** The history file of a timeline. */
  timelineHistory(timeline: number): Promise<{ name: string; content: Buffer }>;
  /**
   * Any command of a walsender that does not stream, or SQL without arguments; its rows are texts. What SQL asks about tables
   * stays in the server's caches, and a stream that begins on this connection goes by them: ask that on another.
   */
  command(text: string): Promise<Row<Record<string, string | null>>[]>;
  /** Streams from a slot, logical or physical as the connection is. Nothing else can be done then. */
  start(o: StartOptions): RawStream;
  /** Ends the connection. */
  close(): Promise<void>;
}

/**
 * Connects to a walsender: the bare protocol, for output plugins other than pgoutput and for physical
 * replication (`replication=true` in the DSN).
 *
 * @throws what `connect` throws
 * @example
 * await using walsender = await connectReplication('postgres://localhost/shop');
 * await walsender.createSlot('audit', { plugin: 'test_decoding' });
 * const stream = walsender.start({ slot: 'audit' });
 * for await (const { lsn, data } of stream) {
 *   console.log(data.toString());
 *   stream.ack(lsn);
 * }
 */
export function connectReplication(
  dsn: string,
  options: ConnectOptions = {},
): Promise<ReplicationConnection> {
  return located(async () => {
    const config = await configFor(dsn, options);
    const replication = config.startupParameters.get('replication') ?? 'database';
    const context = contextFor(withReplication(config, replication));
    return new OpenReplicationConnection(
      await Walsender.connect(context, null),
      replication === 'database',
    );
  });
}

class OpenReplicationConnection implements ReplicationConnection {
  readonly #sender: Walsender;
  readonly #isLogical: boolean;
  #stream: OpenRawStream | null = null;

  constructor(sender: Walsender, isLogical: boolean) {
    this.#sender = sender;
    this.#isLogical = isLogical;
  }

  /** What a command is sent to. While it streams, it would wait until that has ended. */
  get #commands(): Walsender {
    if (this.#stream?.isStreaming !== true) return this.#sender;
    throw new InterfaceError('the connection streams from a slot: nothing else can be done on it', {
      hint: 'Make another one: connectReplication().',
      safeToRetry: true,
    });
  }

  identifySystem(): Promise<SystemIdentity> {
    return located(() => this.#commands.identify());
  }

  createSlot(
    name: string,
    o: CreateSlotOptions,
  ): Promise<{ consistentPoint: string; snapshot: string | null }> {
    return located(async () => {
      checkOptions('createSlot', o, SLOT_OPTIONS);
      const { plugin, temporary = false, snapshot = 'nothing', failover, twoPhase } = o;
      if (snapshot !== 'export' && snapshot !== 'nothing') {
        throw new InvalidArgumentError('snapshot must be one of export, nothing');
      }
      const options = [`SNAPSHOT '${snapshot}'`];
      if (twoPhase) options.push('TWO_PHASE true');
      if (failover) options.push('FAILOVER true');
      const { major } = this.#sender.session.server.version;
      const exports = snapshot === 'export' ? 'EXPORT_SNAPSHOT' : 'NOEXPORT_SNAPSHOT';
      const [row] = await this.#commands.command(
        `CREATE_REPLICATION_SLOT ${quoteIdentifier(name)}${temporary ? ' TEMPORARY' : ''} LOGICAL ${quoteIdentifier(plugin)} ${major >= 15 ? `(${options.join(', ')})` : exports}`,
      );
      return {
        consistentPoint: row?.['consistent_point'] ?? '0/0',
        snapshot: row?.['snapshot_name'] ?? null,
      };
    });
  }

  dropSlot(name: string, { wait = false }: { wait?: boolean | undefined } = {}): Promise<void> {
    return located(async () => {
      await this.#commands.command(
        `DROP_REPLICATION_SLOT ${quoteIdentifier(name)}${wait ? ' WAIT' : ''}`,
      );
    });
  }

  timelineHistory(timeline: number): Promise<{ name: string; content: Buffer }> {
    return located(async () => {
      const [row] = await this.#commands.rawCommand(`TIMELINE_HISTORY ${Number(timeline)}`);
      return {
        name: row?.get('filename')?.toString() ?? '',
        content: row?.get('content') ?? Buffer.alloc(0),
      };
    });
  }

  command(text: string): Promise<Row<Record<string, string | null>>[]> {
    return located(async () => {
      if (typeof text !== 'string') throw new InvalidArgumentError('a command must be a string');
      const streaming = STREAMING.exec(text);
      if (streaming !== null) {
        throw new InvalidArgumentError(`${streaming[1]} has no rows for an answer, but a stream`, {
          hint: 'start() streams from a slot; a base backup is for pg_basebackup.',
        });
      }
      const rows = await this.#commands.command(text);
      return rows.map((row) => rowShape(Object.keys(row)).make(Object.values(row)));
    });
  }

  start(o: StartOptions): RawStream {
    checkOptions('start', o, START_OPTIONS);
    const { slot, from = '0/0', options = {} } = o;
    const list = Object.entries(options).map(([name, value]) => {
      if (typeof value === 'string') {
        return `${quoteIdentifier(name)} '${value.replaceAll("'", "''")}'`;
      }
      throw new InvalidArgumentError(`the option ${name} of the plugin must be a string`);
    });
    const kind = this.#isLogical ? 'LOGICAL' : 'PHYSICAL';
    const text = `START_REPLICATION SLOT ${quoteIdentifier(slot)} ${kind} ${lsnText(parseLsn(from))}`;
    this.#stream = new OpenRawStream(
      this.#commands,
      list.length === 0 ? text : `${text} (${list.join(', ')})`,
    );
    return this.#stream;
  }

  async close(): Promise<void> {
    if (!this.#sender.session.isEnded) await this.#sender.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
