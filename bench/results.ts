import { cpuMicros, type Measurement, throughput } from './measurement.ts';
import { median, spread } from './statistics.ts';

/** All rounds of one contestant at one workload, put together by medians. */
export interface Cell {
  readonly workload: string;
  readonly connections: number;
  /** A contestant's id. */
  readonly driver: string;
  readonly rounds: number;
  /** Client processor time of one operation, user and system. */
  readonly cpuMicros: number;
  /** Largest less smallest of the rounds, as a part of the median. */
  readonly cpuSpread: number;
  readonly userMicros: number;
  readonly systemMicros: number;
  readonly perSecond: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  /** null: not known. */
  readonly peakRssBytes: number | null;
}

/** A driver that took part. */
export interface MeasuredDriver {
  readonly id: string;
  readonly label: string;
  readonly version: string;
  readonly runtime: string;
}

/** One run of the benchmark, as it is kept in bench/results. */
export interface Results {
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
  readonly server: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly drivers: readonly MeasuredDriver[];
  /** Drivers that could not take part, and why. */
  readonly missing: readonly string[];
  readonly cells: readonly Cell[];
}

export function cellOf(
  workload: string,
  connections: number,
  driver: string,
  measurements: readonly Measurement[],
): Cell {
  const middle = (value: (m: Measurement) => number): number => median(measurements.map(value));
  const peaks = measurements.flatMap(({ peakRssBytes }) => peakRssBytes ?? []);
  return {
    workload,
    connections,
    driver,
    rounds: measurements.length,
    cpuMicros: middle(cpuMicros),
    cpuSpread: spread(measurements.map(cpuMicros)),
    userMicros: middle((m) => m.userMicros / m.operations),
    systemMicros: middle((m) => m.systemMicros / m.operations),
    perSecond: middle(throughput),
    p50Micros: middle((m) => m.p50Micros),
    p99Micros: middle((m) => m.p99Micros),
    peakRssBytes: peaks.length === 0 ? null : median(peaks),
  };
}

/** The results with versions in place of the paths in ids: paths are of one machine only. */
export function withoutPaths(results: Results): Results {
  const ids = new Map<string, string>();
  const drivers = results.drivers.map((driver) => {
    const { version, runtime } = driver;
    const id = driver.id.replace(/@[^:]+/, () => `@${runtime}`).replace(/:.+/, () => `:${version}`);
    ids.set(driver.id, id);
    const [, where = ''] = /@([^:]+)/.exec(id) ?? [];
    const label = [driver.label, id.includes(':') ? version : '', where && `on ${where}`];
    return { ...driver, id, label: label.filter((part) => part !== '').join(' ') };
  });
  const cells = results.cells.map((cell) => ({ ...cell, driver: ids.get(cell.driver)! }));
  return { ...results, drivers, cells };
}

/** The driver's name in an id, without runtime and location. */
export function kindOf(id: string): string {
  return id.replace(/[@:].*/s, '');
}

export function findCell(
  results: Results,
  workload: string,
  connections: number,
  driver: string,
): Cell | undefined {
  return results.cells.find(
    (cell) =>
      cell.workload === workload && cell.connections === connections && cell.driver === driver,
  );
}

/** The workloads at their numbers of connections, in the order in which they were measured. */
export function casesOf(
  results: Results,
): readonly { readonly workload: string; readonly connections: number }[] {
  const seen = new Map<string, { workload: string; connections: number }>();
  for (const { workload, connections } of results.cells) {
    seen.set(`${workload} ${connections}`, { workload, connections });
  }
  return [...seen.values()];
}
