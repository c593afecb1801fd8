/**
 * What is measured. A workload is plain data, so that drivers in other languages get the very same
 * one. The first seven are those of MagicStack's pgbench, at its numbers.
 */
export type Work =
  /** One query, all of its rows. */
  | { kind: 'fetch'; text: string; args: readonly unknown[]; rows: number | null }
  /** One row by a key of 1…keys, which is the only argument. */
  | { kind: 'lookup'; text: string; keys: number }
  /** One statement executed `count` times with the values of `row`, atomically. */
  | { kind: 'many'; text: string; row: readonly unknown[]; count: number }
  /** COPY of `count` records like `row` into a table. */
  | {
      kind: 'copyIn';
      table: string;
      columns: readonly string[];
      row: readonly unknown[];
      count: number;
    }
  /** COPY of a query's result out, in text, to a function that takes the bytes. */
  | { kind: 'copyOut'; text: string }
  /** Connect with SCRAM, over TLS or without, one query, close. */
  | { kind: 'connect'; text: string; tls: boolean }
  /** `lookup` through one pool of `size` connections, by `callers` at once. */
  | { kind: 'pool'; text: string; keys: number; callers: number; size: number }
  /**
   * These statements one after the other in a transaction of their own, through one pool of `size` connections,
   * by as many callers. Each takes a key of 1…keys as its only argument.
   */
  | { kind: 'transaction'; texts: readonly string[]; keys: number; size: number };

export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly work: Work;
  /** Numbers of connections that it is measured at; one caller each. */
  readonly connections: readonly number[];
  /** A table that is emptied before each run. */
  readonly fills?: string;
}

const ROW = [10, 11, 10, 'TESTTESTTEST', 10.333, 12341234, '123412341234'];
const COLUMNS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const KEYS = 100_000;
const LOOKUP =
  'SELECT id, name, email, is_active, created_at, balance FROM bench_accounts WHERE id = $1';

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'pg_type',
    title: 'pg_type: about 600 rows of 12 columns',
    work: {
      kind: 'fetch',
      text: 'SELECT typname, typnamespace, typowner, typlen, typbyval, typcategory, typispreferred, typisdefined, typdelim, typrelid, typelem, typarray FROM pg_type WHERE typtypmod = $1 AND typisdefined = $2',
      args: [-1, true],
      rows: null,
    },
    connections: [1, 10],
  },
  {
    name: 'generate_series',
    title: 'generate_series: 1,000 rows of one integer',
    work: {
      kind: 'fetch',
      text: 'SELECT i FROM generate_series(1, $1) AS i',
      args: [1000],
      rows: 1000,
    },
    connections: [1, 10],
  },
  {
    name: 'large_object',
    title: 'large_object: 100 values of 1,000 bytes',
    work: { kind: 'fetch', text: 'SELECT * FROM bench_bytes', args: [], rows: 100 },
    connections: [1, 10],
  },
  {
    name: 'arrays',
    title: 'arrays: 100 arrays of 100 integers',
    work: { kind: 'fetch', text: 'SELECT * FROM bench_arrays', args: [], rows: 100 },
    connections: [1, 10],
  },
  {
    name: 'copyfrom',
    title: 'copyfrom: COPY of 10,000 rows of 7 columns in',
    work: { kind: 'copyIn', table: 'bench_rows', columns: COLUMNS, row: ROW, count: 10_000 },
    connections: [1, 10],
    fills: 'bench_rows',
  },
  {
    name: 'batch',
    title: 'batch: one INSERT executed 1,000 times',
    work: {
      kind: 'many',
      text: 'INSERT INTO bench_rows (a, b, c, d, e, f, g) VALUES ($1, $2, $3, $4, $5, $6, $7)',
      row: ROW,
      count: 1000,
    },
    connections: [1, 10],
    fills: 'bench_rows',
  },
  {
    name: 'oneplusone',
    title: 'oneplusone: SELECT 1+1',
    work: { kind: 'fetch', text: 'SELECT 1+1', args: [], rows: 1 },
    connections: [1, 10],
  },
  {
    name: 'mixed_types',
    title: 'mixed_types: 1,000 rows of 11 columns of many types',
    work: { kind: 'fetch', text: 'SELECT * FROM bench_mixed', args: [], rows: 1000 },
    connections: [1, 10],
  },
  {
    name: 'point_lookup',
    title: 'point_lookup: one row by its primary key',
    work: { kind: 'lookup', text: LOOKUP, keys: KEYS },
    connections: [1, 10],
  },
  {
    name: 'pool_many',
    title: 'pool_many: point lookups of 200 callers over a pool of 4',
    work: { kind: 'pool', text: LOOKUP, keys: KEYS, callers: 200, size: 4 },
    connections: [4],
  },
  {
    name: 'transaction',
    title: 'transaction: a lookup, an update and a lookup in one, each awaited, over a pool of 10',
    work: {
      kind: 'transaction',
      texts: [
        LOOKUP,
        'UPDATE bench_stock SET amount = amount + 1 WHERE id = $1',
        'SELECT amount FROM bench_stock WHERE id = $1',
      ],
      keys: KEYS,
      size: 10,
    },
    connections: [10],
  },
  {
    name: 'copyto',
    title: 'copyto: COPY of 100,000 rows out',
    work: { kind: 'copyOut', text: 'SELECT * FROM bench_accounts' },
    connections: [1, 10],
  },
  {
    name: 'connect',
    title: 'connect: connect with SCRAM, one query, close',
    work: { kind: 'connect', text: 'SELECT 1', tls: false },
    connections: [1, 10],
  },
  {
    name: 'connect_tls',
    title: 'connect_tls: the same over TLS, its certificate not verified',
    work: { kind: 'connect', text: 'SELECT 1', tls: true },
    connections: [1, 10],
  },
];

/** The users who need a password, for `connect`; the second one needs TLS as well. */
export const SCRAM_USER = 'bench_scram';
export const TLS_USER = 'bench_tls';
export const SCRAM_PASSWORD = 'correct horse battery staple';

/** What the workloads find in the database. */
export const SCHEMA: readonly string[] = [
  `CREATE TABLE bench_bytes (b bytea)`,
  `INSERT INTO bench_bytes SELECT repeat('a', 1000)::bytea FROM generate_series(1, 100)`,
  `CREATE TABLE bench_arrays (a int[])`,
  `INSERT INTO bench_arrays
     SELECT (SELECT array_agg(i) FROM generate_series(1, 100) AS i) FROM generate_series(1, 100)`,
  `CREATE UNLOGGED TABLE bench_rows (a int, b int, c int, d text, e float8, f int, g text)
     WITH (autovacuum_enabled = false)`,
  `CREATE TABLE bench_accounts (
     id int PRIMARY KEY, name text NOT NULL, email text NOT NULL, is_active bool NOT NULL,
     created_at timestamptz NOT NULL, balance numeric(12, 2) NOT NULL)`,
  `INSERT INTO bench_accounts
     SELECT i, 'Account ' || i, 'account' || i || '@example.org', i % 7 <> 0,
            timestamptz '2026-01-01' + i * interval '1 minute', i * 1.25
       FROM generate_series(1, ${KEYS}) AS i`,
  `CREATE UNLOGGED TABLE bench_stock (id int PRIMARY KEY, amount int NOT NULL)
     WITH (fillfactor = 50, autovacuum_enabled = false)`,
  `INSERT INTO bench_stock SELECT i, 0 FROM generate_series(1, ${KEYS}) AS i`,
  `CREATE TABLE bench_mixed (
     id int, key uuid, name text, city text, is_active bool, price numeric(12, 4), ratio float8,
     created_at timestamptz, attributes jsonb, remark text, total int8)`,
  `INSERT INTO bench_mixed
     SELECT i, md5(i::text)::uuid, 'A customer of number ' || i, 'Zürich, Genève und Čačak ' || i,
            i % 3 = 0, i * 12.3456, i / 7.0,
            timestamptz '2026-01-01' + i * interval '1.234567 seconds',
            jsonb_build_object('id', i, 'tags', jsonb_build_array('red', 'green'), 'name', 'item ' || i),
            CASE WHEN i % 2 = 0 THEN 'remark ' || i END, i * 1000000007::int8
       FROM generate_series(1, 1000) AS i`,
  `CREATE ROLE ${SCRAM_USER} LOGIN PASSWORD '${SCRAM_PASSWORD}'`,
  `CREATE ROLE ${TLS_USER} LOGIN PASSWORD '${SCRAM_PASSWORD}'`,
  `VACUUM ANALYZE`,
];
