import { checkBoolean, checkOptions, type OptionNames } from '../client/calls/known-options.ts';
import { InvalidArgumentError } from '../errors/client-errors.ts';
import { parseLsn } from '../protocol/replication/lsn.ts';
import { quoteWholeIdentifier } from '../sql/quote.ts';

/** A slot that comes close to its limit: `max_slot_wal_keep_size`. */
export interface SlotWarning {
  /**
   * `extended`: it holds back more than `max_wal_size`; `unreserved`: it is about to be lost with the
   * next checkpoint.
   */
  readonly walStatus: 'extended' | 'unreserved';
  /** Bytes that can be written before it is in danger; null without a limit. */
  readonly safeWalSize: bigint | null;
  /** Bytes between what is confirmed and the end of the log. */
  readonly lag: bigint;
}

/** How a change stream is made. Durations are milliseconds. */
export interface ChangeStreamOptions {
  /**
   * A permanent slot by its name, or one that dies with the connection (then `onGap` is due). One that
   * is not there is made, once: the stream never makes one anew that was lost.
   *
   * `failover` (PostgreSQL 17) has standbys keep the slot; `twoPhase` (15) has prepared
   * transactions sent when they are prepared. One that is there is altered to fit.
   */
  readonly slot:
    | string
    | {
        /** Its name on the server. */
        readonly name: string;
        /** Standbys keep it as well. PostgreSQL 17. */
        readonly failover?: boolean | undefined;
        /** Prepared transactions come as such. PostgreSQL 15. */
        readonly twoPhase?: boolean | undefined;
      }
    | 'temporary';
  /** Names; or one that is made, or altered to fit, if it is not there: that needs the right to. */
  readonly publication:
    | string
    | readonly string[]
    | {
        /** Its name on the server. */
        readonly name: string;
        /** The tables that it is to have, as `table` or `schema.table`; a name with a dot in quotes: `sales."2026.q1"`. */
        readonly tables: readonly string[] | 'all';
      };
  /**
   * First the rows that are there: once, when the slot is made. They come as transactions of inserts,
   * one for each table, `connections` (1) of them at a time. The slot stays only if all of them
   * were acknowledged: a crash before that leaves nothing behind.
   */
  readonly snapshot?:
    | boolean
    | {
        /** The tables to copy, named in the same way; by default all that are published. */
        readonly tables?: readonly string[] | undefined;
        /** How many are copied at a time. */
        readonly connections?: number | undefined;
      }
    | undefined;
  /** The position that you stored with your effects: nothing at or before it comes again. */
  readonly startAfter?: string | null | undefined;
  /**
   * `next`: asking for the next transaction, or batch, acknowledges the one before. That is the
   * default. `manual`: nothing is acknowledged but by `ack`.
   */
  readonly acknowledge?: 'next' | 'manual' | undefined;
  /** Messages of pg_logical_emit_message as well: all, or those with these prefixes. Default false. */
  readonly messages?: boolean | readonly string[] | undefined;
  /** `none`: only what was made on this server (PostgreSQL 16). Default `any`. */
  readonly origin?: 'any' | 'none' | undefined;
  /**
   * Hands large transactions over while they are in progress; whether they count is told by
   * `outcome` and `aborted`. Those that are committed meanwhile wait in memory, and come behind: not in the order of
   * their commits. Default false: the server keeps them until their commit.
   */
  readonly streaming?: boolean | undefined;
  /** Whether values may come in their binary forms. Default `auto`: if all types have one here. */
  readonly binary?: 'auto' | false | undefined;
  /** Changes that may wait before no more is read; of large rows fewer do, 16 MB as they came. Default 1,024. */
  readonly highWater?: number | undefined;
  /** How often the server is told the position. Default: 10,000, or less if the server asks for it. */
  readonly statusInterval?: number | undefined;
  /** Without a sign of life for so long the connection is given up, and made anew. Default 60,000. */
  readonly receiveTimeout?: number | undefined;
  /**
   * The connection was lost, or could not be made; the next attempt follows. What this throws, or `onGap`, ends the
   * stream.
   */
  onReconnect?(info: { error: Error; attempt: number }): void;
  /** The temporary slot was lost and made anew: changes were missed. Called before the next comes. */
  onGap?(): void;
  /** The slot comes close to its limit. Asked for every `statusInterval`. */
  onSlotWarning?(warning: SlotWarning): void;
  /** Aborting closes the stream at once; its loops end with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: OptionNames<ChangeStreamOptions> = {
  slot: true,
  publication: true,
  snapshot: true,
  startAfter: true,
  acknowledge: true,
  messages: true,
  origin: true,
  streaming: true,
  binary: true,
  highWater: true,
  statusInterval: true,
  receiveTimeout: true,
  onReconnect: true,
  onGap: true,
  onSlotWarning: true,
  signal: true,
};

/** The options, checked, with their defaults. */
export interface StreamSettings {
  /** Null: a temporary one. */
  readonly slot: string | null;
  readonly failover: boolean;
  readonly twoPhase: boolean;
  readonly publications: readonly string[];
  /** The tables that the one publication is to have; null: it is as it is. */
  readonly publishes: readonly string[] | 'all' | null;
  /** Null: no snapshot. `tables`: all that are published. */
  readonly snapshot: {
    readonly tables: readonly string[] | null;
    readonly connections: number;
  } | null;
  readonly startAfter: bigint | null;
  readonly acknowledgesNext: boolean;
  readonly messages: boolean;
  readonly wantsMessage: (prefix: string) => boolean;
  readonly origin: 'any' | 'none';
  readonly streaming: boolean;
  readonly binary: boolean;
  readonly highWater: number;
  readonly statusInterval: number;
  readonly receiveTimeout: number;
  readonly onReconnect: (info: { error: Error; attempt: number }) => void;
  readonly onGap: () => void;
  readonly onSlotWarning: ((warning: SlotWarning) => void) | null;
  readonly signal: AbortSignal | null;
}

/** Throws InvalidArgumentError for what makes no sense. */
export function streamSettings(options: ChangeStreamOptions): StreamSettings {
  checkOptions('openChangeStream', options, NAMES);
  const slot = typeof options.slot === 'string' ? { name: options.slot } : options.slot;
  const { name, failover = false, twoPhase = false } = slot ?? {};
  if (typeof name !== 'string') throw new InvalidArgumentError('slot must be a name');
  const isTemporary = options.slot === 'temporary';
  if (!isTemporary) checkSlotName(name);
  const { acknowledge = 'next', messages = false, origin = 'any', binary = 'auto' } = options;
  checkOneOf('acknowledge', acknowledge, ['next', 'manual']);
  checkOneOf('origin', origin, ['any', 'none']);
  checkOneOf('binary', binary, ['auto', false]);
  const { snapshot = false, startAfter = null } = options;
  const wantsSnapshot = snapshot !== false;
  if (wantsSnapshot && isTemporary) {
    throw new InvalidArgumentError('a temporary slot has no snapshot');
  }
  const parts = typeof snapshot === 'object' ? snapshot : {};
  checkShapes(options);
  // Lists are the caller's, who may change them while the stream goes on.
  const prefixes = Array.isArray(messages) ? [...messages] : null;
  const settings: StreamSettings = {
    slot: isTemporary ? null : name,
    failover: checkBoolean('slot.failover', failover),
    twoPhase: checkBoolean('slot.twoPhase', twoPhase),
    ...publicationsOf(options.publication),
    snapshot: wantsSnapshot
      ? {
          tables: parts.tables === undefined ? null : [...parts.tables],
          connections: whole('snapshot.connections', parts.connections ?? 1),
        }
      : null,
    startAfter: startAfter === null ? null : parseLsn(startAfter),
    acknowledgesNext: acknowledge === 'next',
    messages: messages !== false,
    wantsMessage: prefixes === null ? () => true : (prefix) => prefixes.includes(prefix),
    origin,
    streaming: checkBoolean('streaming', options.streaming ?? false),
    binary: binary === 'auto',
    highWater: positive('highWater', options.highWater ?? 1024),
    statusInterval: positive('statusInterval', options.statusInterval ?? 10_000),
    receiveTimeout: positive('receiveTimeout', options.receiveTimeout ?? 60_000),
    onReconnect: (info) => options.onReconnect?.(info),
    onGap: () => options.onGap?.(),
    onSlotWarning:
      options.onSlotWarning === undefined ? null : (warning) => options.onSlotWarning?.(warning),
    signal: signalOf(options.signal ?? null),
  };
  settings.signal?.throwIfAborted();
  return settings;
}

/** Refuses what would be taken for something else, or fail when it is needed only. */
function checkShapes({ slot, snapshot, messages, ...callbacks }: ChangeStreamOptions): void {
  if (typeof slot === 'object') {
    checkOptions('slot', slot, { name: true, failover: true, twoPhase: true });
  }
  if (typeof snapshot === 'object') {
    checkOptions('snapshot', snapshot, { tables: true, connections: true });
    if (snapshot.tables !== undefined && !isNames(snapshot.tables)) {
      throw new InvalidArgumentError('snapshot.tables must be names');
    }
  } else {
    checkBoolean('snapshot', snapshot ?? false);
  }
  if (!isNames(messages)) checkBoolean('messages', messages ?? false);
  for (const name of ['onReconnect', 'onGap', 'onSlotWarning'] as const) {
    const callback = callbacks[name];
    if (callback === undefined || typeof callback === 'function') continue;
    throw new InvalidArgumentError(`${name} must be a function`);
  }
}

/** What PostgreSQL allows: anything else would have to be quoted in file names. */
function checkSlotName(name: string): void {
  if (typeof name === 'string' && /^[a-z0-9_]{1,63}$/.test(name)) return;
  throw new InvalidArgumentError(`${JSON.stringify(name)} is not the name of a slot`, {
    hint: 'It may have lower case letters, digits and underscores, 63 of them at most.',
  });
}

function publicationsOf(
  publication: ChangeStreamOptions['publication'],
): Pick<StreamSettings, 'publications' | 'publishes'> {
  if (typeof publication === 'string') return named([publication]);
  if (Array.isArray(publication)) return named(publication as readonly string[]);
  if (typeof publication !== 'object' || publication === null) {
    throw new InvalidArgumentError('publication must be a name, names or { name, tables }');
  }
  const made = publication as { readonly name: string; readonly tables: readonly string[] | 'all' };
  checkOptions('publication', made, { name: true, tables: true });
  const { name, tables } = made;
  if (tables !== 'all' && !isNames(tables)) {
    throw new InvalidArgumentError("publication.tables must be names or 'all'");
  }
  return { ...named([name]), publishes: tables === 'all' ? tables : [...tables] };
}

function named(names: readonly string[]): Pick<StreamSettings, 'publications' | 'publishes'> {
  if (names.length === 0) throw new InvalidArgumentError('a change stream needs a publication');
  for (const name of names) quoteWholeIdentifier(name);
  return { publications: [...names], publishes: null };
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

function checkOneOf(option: string, value: unknown, values: readonly unknown[]): void {
  if (values.includes(value)) return;
  throw new InvalidArgumentError(`${option} must be one of ${values.map(String).join(', ')}`);
}

function signalOf(signal: AbortSignal | null): AbortSignal | null {
  if (signal === null || typeof signal.throwIfAborted === 'function') return signal;
  throw new InvalidArgumentError('invalid signal: expected an AbortSignal');
}

function whole(option: string, value: number): number {
  if (Number.isInteger(value)) return positive(option, value);
  throw new InvalidArgumentError(`${option} must be a whole number above 0`);
}

function positive(option: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError(`${option} must be a number above 0`);
}
