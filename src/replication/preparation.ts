import type { SessionContext } from '../connecting/open-session.ts';
import { InterfaceError } from '../errors/client-errors.ts';
import { PostgresError } from '../errors/postgres-error.ts';
import { lsnText, parseLsn } from '../protocol/replication/lsn.ts';
import { quoteIdentifier, quoteLiteral } from '../sql/quote.ts';
import { ReplicationDivergedError } from './errors.ts';
import { learnTypesApart } from './learn-types.ts';
import type { StreamSettings } from './options.ts';
import { areBinary, checkPublications, ensurePublication, publishedTypes } from './publications.ts';
import { type SlotStatus, slotStatusOf, statusQuery } from './slots.ts';
import { isFull, type SystemIdentity, type Walsender } from './walsender.ts';

/** The slot's state on the walsender's own server; null: there is none. */
export async function findSlot(sender: Walsender, name: string): Promise<SlotStatus | null> {
  const [row] = await sender.command(statusQuery(quoteLiteral(name)));
  return row === undefined ? null : slotStatusOf(row['slot']!, row['lag'] ?? null);
}

/** What a slot is made with. */
export interface NewSlot {
  readonly name: string;
  readonly isTemporary: boolean;
  /** Others can read what there was when the slot was made, until the next command. */
  readonly exportsSnapshot: boolean;
  readonly failover: boolean;
  readonly twoPhase: boolean;
}

/** A slot that was made. */
export interface MadeSlot {
  /** It begins here. */
  readonly consistentPoint: bigint;
  /** Its exported snapshot. */
  readonly snapshot: string | null;
}

/**
 * Makes a slot. The server waits for all transactions that are open, and would do so without end:
 * `lock_timeout` works there, `statement_timeout` does not.
 */
export async function createSlot(
  sender: Walsender,
  slot: NewSlot,
  patience: number | null,
): Promise<MadeSlot> {
  const { major } = sender.session.server.version;
  const isNew = major >= 15;
  const snapshot = slot.exportsSnapshot ? 'export' : 'nothing';
  const options = isNew
    ? [`SNAPSHOT '${snapshot}'`]
    : [slot.exportsSnapshot ? 'EXPORT_SNAPSHOT' : 'NOEXPORT_SNAPSHOT'];
  if (slot.twoPhase) options.push(isNew ? 'TWO_PHASE true' : 'TWO_PHASE');
  if (slot.failover && major >= 17) options.push('FAILOVER true');
  const text = isNew ? `(${options.join(', ')})` : options.join(' ');
  if (patience !== null && patience > 0) {
    await sender.command(`SET lock_timeout = ${Math.max(1, Math.round(patience * 0.9))}`);
  }
  const [row] = await sender.command(
    `CREATE_REPLICATION_SLOT ${quoteIdentifier(slot.name)}${slot.isTemporary ? ' TEMPORARY' : ''} LOGICAL pgoutput ${text}`,
  );
  return {
    consistentPoint: parseLsn(row?.['consistent_point'] ?? ''),
    snapshot: row?.['snapshot_name'] ?? null,
  };
}

/** Makes a slot one that standbys keep as well. PostgreSQL 17. */
export async function keepOnStandbys(sender: Walsender, slot: string): Promise<void> {
  await sender.command(`ALTER_REPLICATION_SLOT ${quoteIdentifier(slot)} (FAILOVER true)`);
}

/** Whether the slot is one that this stream can use. */
export function checkSlot(slot: SlotStatus, sender: Walsender, database: string | null): void {
  const { name } = slot;
  if (slot.plugin === 'pgoutput' && slot.database === database) return;
  const what =
    slot.plugin === 'pgoutput'
      ? `is for the database ${slot.database}`
      : slot.plugin === null
        ? 'is a physical one'
        : `has the output plugin ${slot.plugin}`;
  sender.destroy(null);
  throw new InterfaceError(`the replication slot ${name} ${what}`, {
    hint: 'A change stream needs one with pgoutput, in its own database.',
  });
}

/** Refuses what the server is too old for. */
export function checkVersion(sender: Walsender, settings: StreamSettings): void {
  const { major } = sender.session.server.version;
  const needs = (isUsed: boolean, option: string, least: number): void => {
    if (!isUsed || major >= least) return;
    throw new InterfaceError(`${option} needs PostgreSQL ${least}, the server has ${major}`);
  };
  needs(settings.twoPhase, 'twoPhase', 15);
  needs(settings.origin === 'none', "origin: 'none'", 16);
  needs(settings.failover, 'failover', 17);
  needs(settings.streaming, 'streaming', 14);
  needs(settings.messages, 'messages', 14);
}

/** Asks about tables and publications; see `askCatalog`. */
export type Asking = <T>(work: (asker: Walsender) => Promise<T>) => Promise<T>;

/**
 * Publications are there, and values can be had in their binary forms: true. Types that come to be published later are
 * met on the way.
 */
export async function prepareDecoding(
  sender: Walsender,
  context: SessionContext,
  settings: StreamSettings,
  wantsBinary: boolean,
  signal: AbortSignal,
  ask: Asking,
): Promise<boolean> {
  const types = await ask(async (asker) => {
    await ensurePublication(asker, settings);
    await checkPublications(asker, settings);
    return publishedTypes(asker, settings);
  });
  const codecs = sender.session.registry;
  const mayBeBinary = wantsBinary && sender.session.server.version.major >= 14;
  try {
    await learnTypesApart(context, codecs, types, false, signal);
  } catch (error) {
    // They are met on the way.
    if (isFull(error)) return mayBeBinary;
    throw error;
  }
  return mayBeBinary && areBinary(codecs, types);
}

/** START_REPLICATION. */
export function startCommand(
  settings: StreamSettings,
  slot: string,
  position: bigint,
  isBinary: boolean,
  major: number,
): string {
  const names = settings.publications.map(quoteIdentifier).join(',');
  const isParallel = settings.streaming && major >= 16;
  const version = isParallel ? 4 : settings.twoPhase ? 3 : settings.streaming ? 2 : 1;
  const options = [
    `proto_version '${version}'`,
    // The options of a command know no other escape than the quote's.
    `publication_names '${names.replaceAll("'", "''")}'`,
  ];
  if (isBinary) options.push("binary 'true'");
  if (settings.messages) options.push("messages 'true'");
  if (settings.streaming) options.push(`streaming '${isParallel ? 'parallel' : 'on'}'`);
  if (settings.twoPhase) options.push("two_phase 'true'");
  if (settings.origin === 'none') options.push("origin 'none'");
  return `START_REPLICATION SLOT ${quoteIdentifier(slot)} LOGICAL ${lsnText(position)} (${options.join(', ')})`;
}

/**
 * Where the server's history has left the one that was known: null if it has not.
 *
 * @throws ReplicationDivergedError for another cluster
 */
export async function leftHistory(
  sender: Walsender,
  known: SystemIdentity,
  found: SystemIdentity,
): Promise<bigint | null> {
  if (found.systemId !== known.systemId) {
    throw new ReplicationDivergedError(
      `the server is another one: its system is ${found.systemId}, and was ${known.systemId}`,
    );
  }
  if (found.timeline === known.timeline) return null;
  if (found.timeline < known.timeline) {
    throw new ReplicationDivergedError(
      `the server is on timeline ${found.timeline}, which was left for ${known.timeline}`,
      { hint: 'It may be the former primary.' },
    );
  }
  const [row] = await sender.command(`TIMELINE_HISTORY ${found.timeline}`);
  for (const line of (row?.['content'] ?? '').split('\n')) {
    const [timeline, position] = line.trim().split(/\s+/);
    if (Number(timeline) === known.timeline) return parseLsn(position ?? '');
  }
  throw new ReplicationDivergedError(
    `the server's timeline ${found.timeline} does not come from ${known.timeline}`,
  );
}

/**
 * Refuses a position that the primary's log has not reached: it is of another server, or of a log that was lost.
 * The server would wait there, send nothing of what is committed before, and keep the slot so.
 *
 * @param whose says whose position it is, at the beginning of a sentence
 */
export async function checkReached(
  sender: Walsender,
  { position }: SystemIdentity,
  wanted: bigint,
  whose: string,
): Promise<void> {
  if (wanted <= parseLsn(position)) return;
  // A standby may yet come there.
  const [row] = await sender.command('SELECT pg_catalog.pg_is_in_recovery() AS is_standby');
  if (row?.['is_standby'] === 't') return;
  throw new ReplicationDivergedError(
    `${whose} is at ${lsnText(wanted)}, and the server's log ends at ${position}`,
    { hint: 'It is of another server, or of one that was set back: begin anew, with a snapshot.' },
  );
}

/**
 * Whether somebody else has the slot: streams from it, has just made it, or is in its snapshot (42710 is that of the
 * snapshot's own slot, which a connection that is lost keeps until the server notices).
 */
export function isTaken(error: unknown): boolean {
  return error instanceof PostgresError && ['55006', '42710'].includes(error.sqlstate ?? '');
}

/** Whether another attempt may succeed where this one has failed. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof PostgresError)) {
    const { name } = error as Error;
    return name === 'TimeoutError' || name === 'TargetServerAttributeNotMatched';
  }
  const state = error.sqlstate ?? '';
  if (state === '08P01') return false;
  // A standby that is about to be promoted, or has not the slot's latest state yet: in which language is for the server to say.
  const where = error.serverSourceFunction;
  if (state === '55000') return where === 'CreateDecodingContext';
  if (state === '0A000') return where === 'CheckLogicalDecodingRequirements';
  // 55006: the server has not noticed yet that the connection before is gone.
  return /^(08|57P0|53|55006|55P03)/.test(state);
}
