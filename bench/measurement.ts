import type { Work } from './workloads.ts';

/** What a child process is told, on its standard input. */
export interface Assignment {
  readonly dsn: string;
  readonly work: Work;
  readonly connections: number;
  /** Seconds that are not counted: compilers and caches get warm. */
  readonly warmup: number;
  readonly seconds: number;
  /** Keys to look up, the same for all drivers. */
  readonly keys: readonly number[];
}

/** What a child process prints, in one line of JSON. */
export interface Measurement {
  /** The driver's version. */
  readonly version: string;
  /** The name and version of what it runs on. */
  readonly runtime: string;
  readonly operations: number;
  readonly seconds: number;
  /** Time of this process on a processor, garbage collection and compiling included. */
  readonly userMicros: number;
  readonly systemMicros: number;
  /** Latency of one operation. */
  readonly p50Micros: number;
  readonly p99Micros: number;
  /** null: not known. */
  readonly peakRssBytes: number | null;
}

/** Processor time of the client for one operation, in microseconds. */
export function cpuMicros({ userMicros, systemMicros, operations }: Measurement): number {
  return (userMicros + systemMicros) / operations;
}

/** Operations a second. */
export function throughput({ operations, seconds }: Measurement): number {
  return operations / seconds;
}
