import { lsnText, parseLsn } from '../protocol/replication/lsn.ts';

/** How far the log goes: what was committed before this is before it. On a standby, what it has replayed. */
export const LSN_QUERY = {
  text: `SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
    ELSE pg_catalog.pg_current_wal_insert_lsn() END,
    pg_catalog.current_setting('wal_block_size')::pg_catalog.int4`,
  rows: 'array',
} as const;

/** The size of the header that each page of the log has but the first of a file. */
const PAGE_HEADER = 24n;

/** What the query has told. */
export function lsnOf([lsn, pageSize]: readonly unknown[]): string {
  return lsnText(endOfLast(parseLsn((lsn as string | null) ?? '0/0'), BigInt(pageSize as number)));
}

/**
 * Where the last record ends. The server tells where the next one will begin: at the start of a page
 * that is behind its header, and a standby does not get there before there is a next one.
 */
function endOfLast(lsn: bigint, pageSize: bigint): bigint {
  return lsn % pageSize === PAGE_HEADER ? lsn - PAGE_HEADER : lsn;
}
