/** How much less client CPU this library is to need than another driver, as ratios theirs / ours. */
export interface Target {
  /** The other driver: all contestants whose id begins with this; the cheapest of them counts. */
  readonly driver: string;
  /** In the geometric mean of all workloads that both have, at 10 connections. */
  readonly mean: number;
  /** On each of them. */
  readonly each: number;
}

export const CPU_TARGETS: readonly Target[] = [
  { driver: 'python', mean: 1 / 0.65, each: 1 },
  { driver: 'pg', mean: 5, each: 1.8 },
  { driver: 'postgres', mean: 5, each: 1.8 },
  { driver: 'bun', mean: 1.5, each: 1 },
  { driver: 'effect', mean: 2, each: 0 },
];

/** Workloads outside the targets and the means: nearly all of a TLS handshake is the runtime's. */
export const UNTARGETED: ReadonlySet<string> = new Set(['connect_tls']);

/** Operations per second of `pool_many`, as ratios ours / theirs. */
export const POOL_TARGETS: readonly { readonly driver: string; readonly factor: number }[] = [
  { driver: 'postgres', factor: 2 },
  { driver: 'pg', factor: 4 },
];

/** A ratio that has fallen by more than this since the last results is worth a look. */
export const TOLERANCE = 0.1;
