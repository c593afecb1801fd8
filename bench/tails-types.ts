/** What a child of `npm run bench:tails` is to do. */
export interface TailsAssignment {
  readonly kind: 'burst' | 'mixed';
  readonly dsn: string;
  readonly size: number;
  /** Connections that are open at the beginning. */
  readonly minSize: number;
  /** Queries of the burst, or callers of the closed loop. */
  readonly callers: number;
  /** Queries a second of the open loop; null: the loop is closed. */
  readonly perSecond: number | null;
  /** The part of the queries that is slow, and how long each takes. */
  readonly slowShare: number;
  readonly slowSeconds: number;
  readonly seconds: number;
}

/** What it found. Times are milliseconds; p50, p99 and p99.9. */
export interface TailsMeasurement {
  readonly version: string;
  readonly perSecond: number;
  readonly quick: readonly [number, number, number];
  readonly slow: readonly [number, number, number];
  /** Until the last slow one of a burst was answered. */
  readonly longest: number;
}
