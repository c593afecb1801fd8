// So that the declarations find the types of Node, whatever `types` their user has configured.
/// <reference types="node" preserve="true" />

/**
 * asyncpg: a PostgreSQL driver. This is the whole public surface; everything else is internal.
 *
 * @module asyncpg
 */
export type { BatchResults } from './client/bulk/batch.ts';
export { Cursor } from './client/bulk/cursor.ts';
export { type ExplainOptions, PreparedStatement } from './client/bulk/prepared-statement.ts';
export { RowStream } from './client/bulk/row-stream.ts';
export type { CallOptions, Query, QueryObject } from './client/calls/call.ts';
export type { LoggedQuery, QueryLogger } from './client/calls/query-log.ts';
export { rowsAffected } from './client/calls/rows-affected.ts';
export { connect, type SingleConnectOptions } from './client/connect.ts';
export { Connection, type PrepareOptions } from './client/connection.ts';
export type { CopyFromTableOptions } from './client/copy/copy-from-table.ts';
export type { CopyCommon, CopyFormat, CopyProgress } from './client/copy/copy-options.ts';
export type { CopyOutOptions } from './client/copy/copy-out.ts';
export type { CopyOutput } from './client/copy/copy-output.ts';
export type { CopyRecord, CopyRecordsOptions } from './client/copy/copy-records-to-table.ts';
export type { CopySource } from './client/copy/copy-source.ts';
export type { CopyToTableOptions } from './client/copy/copy-to-table.ts';
// biome-ignore lint/performance/noReExportAll: what is added to these interfaces goes to the module
export * from './client/fragments/checked-queries.ts';
export { type SqlTag, sql } from './client/fragments/sql.ts';
export type { SqlFragment } from './client/fragments/sql-fragment.ts';
export type { WithOptions } from './client/limited-queryable.ts';
export type {
  LogCallback,
  Notification,
  NotificationCallback,
  TerminationCallback,
} from './client/listening/notification.ts';
export { Queryable } from './client/queryable.ts';
export { Savepoint } from './client/transactions/savepoint.ts';
export { Transaction } from './client/transactions/transaction.ts';
export type {
  IsolationLevel,
  Settings,
  TransactionOptions,
} from './client/transactions/transaction-options.ts';
export type { PgType, TypeKind } from './codecs/codec.ts';
export type {
  DialFunction,
  GssContext,
  GssExchange,
  GssProvider,
  HostConfig,
  OAuthRequest,
  OAuthTokenFunction,
  SslMode,
  TargetSessionAttrs,
} from './config/connect-config.ts';
export type { Host, HostProvider } from './config/host-provider.ts';
export type { ConnectOptions, PasswordFunction } from './config/options.ts';
export {
  type PatroniHosts,
  type PatroniOptions,
  patroniHosts,
} from './connecting/patroni-hosts.ts';

export {
  ClientConfigurationError,
  type ClientErrorOptions,
  DecodeError,
  InterfaceError,
  InternalClientError,
  InvalidArgumentError,
  MultipleRowsFoundError,
  NoRowFoundError,
  OutdatedSchemaCacheError,
  ProtocolError,
  TargetServerAttributeNotMatched,
  TimeoutError,
  UnsupportedClientFeatureError,
  UnsupportedServerFeatureError,
} from './errors/client-errors.ts';
// biome-ignore lint/performance/noReExportAll: 263 generated classes, all of them public
export * from './errors/generated/sqlstate.ts';
export {
  PostgresError,
  type PostgresErrorOptions,
  PostgresLogMessage,
  type ServerMessageFields,
  UnknownPostgresError,
} from './errors/postgres-error.ts';
export { createPool } from './pool/create-pool.ts';
export type { Pool } from './pool/pool.ts';
export type { PoolConnection } from './pool/pool-connection.ts';
export type { PoolHook, PoolOptions, ReadersOptions } from './pool/pool-options.ts';
export type { PoolStats } from './pool/stats.ts';
export type { ListenOptions, Subscription } from './pool/subscription.ts';
export type { BatchResult } from './session/requests/batch-request.ts';
export type { ServerVersion } from './session/server-version.ts';
export type { Attribute } from './session/statements/statement.ts';
export { BitString, type BitStringIntegerOptions } from './values/bit-string.ts';
export { type ColumnTransform, camelCase, type TransformOptions } from './values/column-names.ts';
export {
  Box,
  Circle,
  Line,
  LineSegment,
  Path,
  Point,
  type PointLike,
  Polygon,
} from './values/geometry.ts';
export { Interval, type IntervalFields } from './values/interval.ts';
export type { JsonDocument } from './values/json-document.ts';
export { Range, type RangeOptions } from './values/range.ts';
export type { Row, RowPositions, RowTuple } from './values/row.ts';
export type { RowForm, RowOf } from './values/row-form.ts';
export type { BuiltinTypeCodec, TypeCodec } from './values/type-codec.ts';
export type {
  TemporalInstant,
  TemporalNamespace,
  TemporalPrintable,
  TypeOptions,
} from './values/type-options.ts';
// biome-ignore lint/performance/noReExportAll: what is added to these interfaces goes to the module
export * from './values/untold.ts';
