/** What a server that speaks PostgreSQL's protocol can do. */
export interface ServerCapabilities {
  /** pg_advisory_lock and its kin. */
  readonly advisoryLocks: boolean;
  /** LISTEN and NOTIFY. */
  readonly notifications: boolean;
  /** RESET ALL. */
  readonly resetAll: boolean;
  /** CLOSE ALL. */
  readonly closeAll: boolean;
  /** DISCARD TEMP and DISCARD SEQUENCES, RESET ROLE and RESET SESSION AUTHORIZATION. */
  readonly discard: boolean;
}

const POSTGRESQL: ServerCapabilities = Object.freeze({
  advisoryLocks: true,
  notifications: true,
  resetAll: true,
  closeAll: true,
  discard: true,
});

const NONE: ServerCapabilities = Object.freeze({
  advisoryLocks: false,
  notifications: false,
  resetAll: false,
  closeAll: false,
  discard: false,
});

/** A parameter that only this engine reports, and what the engine can do. */
const ENGINES: readonly (readonly [parameter: string, capabilities: ServerCapabilities])[] = [
  // Amazon Redshift
  ['padb_revision', Object.freeze({ ...NONE, resetAll: true })],
  // CockroachDB
  ['crdb_version', NONE],
  // CrateDB
  ['crate_version', NONE],
];

/** Tells a server's capabilities from the parameters that it reports at start-up. */
export function capabilitiesOf(settings: ReadonlyMap<string, string>): ServerCapabilities {
  const engine = ENGINES.find(([parameter]) => settings.has(parameter));
  return engine?.[1] ?? POSTGRESQL;
}
