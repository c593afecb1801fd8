import type { Queryable } from '../client/queryable.ts';
import { PostgresError } from '../errors/postgres-error.ts';
import { quoteLiteral } from '../sql/quote.ts';
import { SlotInvalidatedError, SlotLostError } from './errors.ts';

/** A replication slot as the server sees it: `pg_replication_slots`. */
export interface SlotStatus {
  /** Its name. */
  readonly name: string;
  /** The output plugin; null for a physical one. */
  readonly plugin: string | null;
  /** The database that it is for; null for a physical one. */
  readonly database: string | null;
  /** It dies with its connection. */
  readonly temporary: boolean;
  /** Somebody streams from it: the backend's process id. */
  readonly activePid: number | null;
  /** Everything before was confirmed; null for a physical one. */
  readonly confirmedFlush: string | null;
  /** The log is kept from here on; null if it is not any more. */
  readonly restart: string | null;
  /**
   * Whether the log that it needs is there: `reserved`, `extended` beyond `max_wal_size`, `unreserved`,
   * or `lost`.
   */
  readonly walStatus: 'reserved' | 'extended' | 'unreserved' | 'lost' | null;
  /** Bytes that can be written before it is in danger of being lost; null without a limit. */
  readonly safeWalSize: bigint | null;
  /** Bytes between what was confirmed and the end of the log. */
  readonly lag: bigint;
  /** Why it cannot be used any more; null if it can. Before PostgreSQL 17, of physical loss alone. */
  readonly invalidation: string | null;
  /** Standbys keep it too (PostgreSQL 17). */
  readonly failover: boolean;
  /** Prepared transactions are sent when they are prepared. */
  readonly twoPhase: boolean;
}

// Of newer columns, what is missing is left out: the row's JSON has those that there are. A cstring is a text that no
// codec of the user's takes.
const STATUS = `
SELECT pg_catalog.to_json(s)::pg_catalog.text::pg_catalog.cstring AS slot,
  pg_catalog.pg_wal_lsn_diff(
    CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
      ELSE pg_catalog.pg_current_wal_lsn() END,
    COALESCE(s.confirmed_flush_lsn, s.restart_lsn))::pg_catalog.int8::pg_catalog.text::pg_catalog.cstring AS lag
FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = `;

/** The name as an argument, which no codec of the user's takes either. */
const NAME = '$1::pg_catalog.cstring::pg_catalog.name';

/** The query for a slot, its name being this SQL. */
export function statusQuery(name: string): string {
  return `${STATUS}${name}`;
}

/** What the answer to `statusQuery` tells. */
export function slotStatusOf(slotJson: string, lag: string | null): SlotStatus {
  // What is beyond 2^53 is nothing that a slot has.
  const slot = JSON.parse(slotJson) as Record<string, any>;
  const status = slot['wal_status'] ?? null;
  return {
    name: slot['slot_name'],
    plugin: slot['plugin'] ?? null,
    database: slot['database'] ?? null,
    temporary: slot['temporary'],
    activePid: slot['active_pid'] ?? null,
    confirmedFlush: slot['confirmed_flush_lsn'] ?? null,
    restart: slot['restart_lsn'] ?? null,
    walStatus: status,
    safeWalSize: bigintOf(slot['safe_wal_size']),
    lag: BigInt(lag ?? 0),
    invalidation: slot['invalidation_reason'] ?? (status === 'lost' ? 'wal_removed' : null),
    failover: slot['failover'] ?? false,
    twoPhase: slot['two_phase'] ?? false,
  };
}

function bigintOf(value: number | null | undefined): bigint | null {
  return value === null || value === undefined ? null : BigInt(value);
}

/**
 * What the server knows of a replication slot; null if there is none of that name.
 *
 * @example
 * const slot = await slotStatus(pool, 'search');
 * if (slot !== null && slot.lag > 1_000_000_000n) alert(`${slot.name} is behind`);
 */
export async function slotStatus(q: Queryable<any>, name: string): Promise<SlotStatus | null> {
  // By place: what columns are called is for the pool's `transform` to say.
  const row = (await q.fetchRow({
    text: statusQuery(NAME),
    args: [name],
    rows: 'array',
  })) as [slot: string, lag: string | null] | null;
  return row === null ? null : slotStatusOf(...row);
}

/** How a slot is dropped. */
export interface DropSlotOptions {
  /** Ends whoever streams from it. Default false. */
  readonly force?: boolean | undefined;
}

const DROP = 'pg_catalog.pg_drop_replication_slot(slot_name)';
const FROM_SLOT = `FROM pg_catalog.pg_replication_slots WHERE slot_name = ${NAME}`;

/** Ends whoever streams until the slot is free for a moment: a stream that is ended begins anew at once. */
function endAndDrop(name: string): string {
  const literal = quoteLiteral(name);
  return `DO $drop$ BEGIN
    FOR i IN 1..5000 LOOP
      BEGIN
        PERFORM ${DROP} FROM pg_catalog.pg_replication_slots WHERE slot_name = ${literal};
        RETURN;
      EXCEPTION WHEN object_in_use THEN
        IF i = 5000 THEN RAISE; END IF;
        PERFORM pg_catalog.pg_terminate_backend(active_pid)
          FROM pg_catalog.pg_replication_slots WHERE slot_name = ${literal} AND i % 20 = 1;
        PERFORM pg_catalog.pg_sleep(0.001);
      END;
    END LOOP;
  END $drop$`;
}

/** Ends the server's process that streams from a slot, if it is one of these. */
export async function endWalsender(
  connection: Queryable,
  slot: string,
  pids: readonly number[],
): Promise<void> {
  await connection.execute(
    `SELECT pg_catalog.pg_terminate_backend(active_pid) FROM pg_catalog.pg_replication_slots
      WHERE slot_name = ${NAME} AND active_pid = ANY($2::pg_catalog.int4[])`,
    slot,
    pids,
  );
}

/**
 * Drops a replication slot: the server no longer keeps the log for it. One that is not there is
 * none to drop.
 *
 * @param o `force`: ends whoever streams from it (PostgreSQL 14)
 * @throws ObjectInUseError (55006) if somebody streams from it
 */
export async function dropSlot(
  q: Queryable<any>,
  name: string,
  { force = false }: DropSlotOptions = {},
): Promise<void> {
  try {
    if (force) await q.execute(endAndDrop(name));
    else await q.fetch(`SELECT ${DROP} ${FROM_SLOT}`, name);
  } catch (error) {
    if (!(error instanceof PostgresError && error.sqlstate === '42704')) throw error;
  }
}

const LOST_HINT =
  'What was committed meanwhile is not to be had any more: begin anew, with a snapshot.';

/** The server's function that does not find a slot; before 14 with `Internal` at its end. */
const ACQUIRE = 'ReplicationSlotAcquire';

/**
 * The error that a slot's loss is told as; every other error as it is.
 *
 * @param isGivenUp the slot itself has said that it cannot be used any more, as what the server says may be in any language
 */
export function slotError(error: unknown, slot: string, isGivenUp: boolean): unknown {
  if (!(error instanceof PostgresError)) return error;
  if (error.sqlstate === '42704' && error.serverSourceFunction?.startsWith(ACQUIRE)) {
    return slotLost(slot, error);
  }
  const text = `${error.message} ${error.detail ?? ''}`;
  if (error.sqlstate === '55000' && (isGivenUp || /invalidated|can no longer/.test(text))) {
    return new SlotInvalidatedError(`the server has given up the replication slot ${slot}`, {
      detail: error.detail ?? error.message,
      hint: LOST_HINT,
      cause: error,
    });
  }
  return error;
}

/** The slot does not exist. */
export function slotLost(slot: string, cause?: unknown): SlotLostError {
  return new SlotLostError(`the replication slot ${slot} does not exist any more`, {
    hint: LOST_HINT,
    ...(cause === undefined ? {} : { cause }),
  });
}
