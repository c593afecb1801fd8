/** What other drivers and tools call an option, and how it is given here: only for hints of errors. */
const OPTIONS: Readonly<Record<string, string>> = {
  max: 'The most connections of a pool are "maxSize".',
  min: 'The fewest connections of a pool are "minSize".',
  idleTimeoutMillis: 'It is "maxInactiveConnectionLifetime", in milliseconds.',
  idle_timeout: 'It is "maxInactiveConnectionLifetime", in milliseconds.',
  maxLifetimeSeconds: 'It is "maxConnectionLifetime", in milliseconds.',
  max_lifetime: 'It is "maxConnectionLifetime", in milliseconds.',
  maxUses: 'It is "maxQueries".',
  connectionTimeoutMillis:
    'Connecting is limited by "timeout", waiting for a connection of the pool by "acquireTimeout".',
  connect_timeout: 'It is "timeout", in milliseconds.',
  query_timeout: 'It is "commandTimeout", in milliseconds.',
  statement_timeout:
    'It is "commandTimeout"; the server\'s own is serverSettings.statement_timeout.',
  lock_timeout: 'Settings of the server are given in "serverSettings".',
  idle_in_transaction_session_timeout: 'Settings of the server are given in "serverSettings".',
  options: 'Settings of the server are given in "serverSettings".',
  connection: 'Settings of the server are given in "serverSettings".',
  connectionString: 'The DSN is the first argument: createPool(dsn, options).',
  connectionUri: 'The DSN is the first argument: createPool(dsn, options).',
  url: 'The DSN is the first argument: createPool(dsn, options).',
  username: 'It is "user".',
  dbname: 'It is "database".',
  keepAliveInitialDelayMillis: 'It is "keepAlive".',
  max_pipeline: 'It is "pipelining".',
  prepare: 'It is "statementCacheSize": 0 keeps no statements. A query object has "prepare".',
  onnotice: 'Notices are told to connection.addLogListener().',
};

const NOT_POSTGRES = 'Leave it out of the DSN: it is for another tool.';

/** Parameters that tools put into DSNs and that no server has. */
const PARAMETERS: Readonly<Record<string, string>> = {
  pgbouncer:
    'Leave it out: PgBouncer 1.21 and newer keeps statements; before it, give the option statementCacheSize: 0.',
  schema: 'Write search_path=NAME in its place.',
  connection_limit: 'Leave it out of the DSN, and give createPool the option "maxSize".',
  pool_timeout: 'Leave it out of the DSN, and give createPool the option "acquireTimeout".',
  pool_size: 'Leave it out of the DSN, and give createPool the option "maxSize".',
  socket_timeout: 'Leave it out of the DSN, and give the option "commandTimeout".',
  statement_cache_size: 'Leave it out of the DSN, and give the option "statementCacheSize".',
  sslaccept: 'Write sslmode=verify-full or sslmode=require in its place.',
  sslidentity: NOT_POSTGRES,
  uselibpqcompat: 'Leave it out: sslmode means here what it means to libpq.',
  workaround: NOT_POSTGRES,
  supa: NOT_POSTGRES,
  pool_mode: NOT_POSTGRES,
};

/** How an option of another driver is given here; null: no known one. */
export function hintForOption(name: string): string | null {
  return (Object.hasOwn(OPTIONS, name) && OPTIONS[name]) || null;
}

/** What to do with a parameter of another tool's in a DSN; null: it may be a setting of the server. */
export function hintForParameter(name: string): string | null {
  return (Object.hasOwn(PARAMETERS, name) && PARAMETERS[name]) || null;
}
