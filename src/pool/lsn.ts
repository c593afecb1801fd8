import { lsnText, parseLsn } from '../protocol/replication/lsn.ts';

/** How far the log goes: what was committed before this is before it. On a standby, what it has replayed. */
export const LSN_QUERY = {
  text: `SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
    ELSE pg_catalog.pg_current_wal_insert_lsn() END,
    pg_catalog.current_setting('wal_block_size')::pg_catalog.int4,
    pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size'))::pg_catalog.int4`,
  rows: 'array',
} as const;

/** The size of the header that each page of the log has. */
const PAGE_HEADER = 24n;
/** The same of the first page of a file. */
const FILE_HEADER = 40n;

/** What the query has told. */
export function lsnOf([lsn, pageSize, fileSize]: readonly unknown[]): string {
  const next = parseLsn((lsn as string | null) ?? '0/0');
  return lsnText(endOfLast(next, BigInt(pageSize as number), BigInt(fileSize as number)));
}

/**
 * Where the last record ends. The server tells where the next one will begin: at the start of a page or of a file
 * that is behind its header, and a standby does not get there before there is a next one.
 */
function endOfLast(next: bigint, pageSize: bigint, fileSize: bigint): bigint {
  if (next % fileSize === FILE_HEADER) return next - FILE_HEADER;
  return next % pageSize === PAGE_HEADER ? next - PAGE_HEADER : next;
}
