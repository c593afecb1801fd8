/** What one client has to do. */
export interface ReplicationAssignment {
  readonly client: 'asyncpg' | 'pg-logical-replication' | 'postgres.js';
  readonly dsn: string;
  readonly slot: string;
  /** Changes until it is done. */
  readonly count: number;
  /** It rests for 50 ms after so many; 0: never. */
  readonly pauseEvery: number;
}

/** What that cost it. */
export interface ReplicationMeasurement {
  /** On a processor, user and system. */
  readonly microsecondsPerChange: number;
  readonly changesPerSecond: number;
  /** Resident memory when 20,000 changes had come, and at most. */
  readonly baseMegabytes: number;
  readonly peakMegabytes: number;
}
