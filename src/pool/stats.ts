/** What a pool is doing and has done. */
export interface PoolStats {
  /** Connections, those being opened included: `idle + inUse + connecting`. */
  readonly size: number;
  /** Connections that nobody uses. */
  readonly idle: number;
  /** Connections that are being opened. */
  readonly connecting: number;
  /** Connections in use, exclusively, by one-shot queries or by the pool, which checks them. */
  readonly inUse: number;
  /** Callers that wait for a connection. */
  readonly waiting: number;
  /** Connections opened, ever: `closed + idle + inUse`. */
  readonly opened: number;
  /** Connections closed or lost, ever. */
  readonly closed: number;
  /** Attempts to connect that failed, ever. */
  readonly failedConnects: number;
  /** Times that a connection was lent out, ever; each one-shot query counts. */
  readonly acquired: number;
  /** Times that waiting ended with a time-out or an abort, ever. */
  readonly abandonedWaits: number;
}

/** The counters behind PoolStats. */
export class PoolCounters {
  opened = 0;
  closed = 0;
  failedConnects = 0;
  acquired = 0;
  abandonedWaits = 0;
}
