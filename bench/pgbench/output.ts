/** One run of pgbench. */
export interface Run {
  readonly operations: number;
  /** Without the time in which the first connections were made. */
  readonly seconds: number;
  /** Time of the process on a processor, from its start to its end. */
  readonly userMicros: number;
  readonly systemMicros: number;
}

/**
 * Reads what pgbench prints, followed by what the shell's `times` does.
 *
 * @throws Error when transactions have failed, or when something is not there
 */
export function runOf(output: string): Run {
  const failed = /^number of failed transactions: (\d+)/m.exec(output)?.[1] ?? '0';
  if (failed !== '0') throw new Error(`${failed} transactions of pgbench failed:\n${output}`);
  const [processed] = numbers(output, /^number of transactions actually processed: (\d+)/m);
  const [perSecond] = numbers(
    output,
    /^tps = ([\d.]+) \((?:without initial connection time|including reconnection times)\)/m,
  );
  // The shell's own times are in the line before.
  const [userMinutes, userSeconds, systemMinutes, systemSeconds] = numbers(
    output,
    /(\d+)m([\d.]+)s (\d+)m([\d.]+)s\s*$/,
  );
  return {
    operations: processed!,
    seconds: processed! / perSecond!,
    userMicros: (userMinutes! * 60 + userSeconds!) * 1e6,
    systemMicros: (systemMinutes! * 60 + systemSeconds!) * 1e6,
  };
}

function numbers(output: string, pattern: RegExp): number[] {
  const found = pattern.exec(output);
  if (found === null) {
    throw new Error(
      `pgbench of PostgreSQL 14 or newer prints ${pattern}; this one printed:\n${output}`,
    );
  }
  return found.slice(1).map(Number);
}

/** What a run has more than another one. */
export function beyond(run: Run, start: Run): Run {
  const cpu = cpuOf(run) - cpuOf(start);
  // Systems know the sum exactly and estimate its parts: of short runs one may be below the other's.
  const userMicros = Math.min(Math.max(run.userMicros - start.userMicros, 0), cpu);
  return {
    operations: run.operations - start.operations,
    seconds: run.seconds - start.seconds,
    userMicros,
    systemMicros: cpu - userMicros,
  };
}

function cpuOf({ userMicros, systemMicros }: Run): number {
  return userMicros + systemMicros;
}

/**
 * Latencies in microseconds, sorted, out of a log of transactions: from one end to the next of each
 * client, as the latencies that pgbench writes leave connecting out.
 */
export function latenciesOf(log: string): Float64Array {
  const ends = new Map<string, number>();
  const latencies: number[] = [];
  for (const line of log.trimEnd().split('\n')) {
    const [client = '', , , , seconds, micros] = line.split(' ');
    const end = Number(seconds) * 1e6 + Number(micros);
    const before = ends.get(client);
    if (before !== undefined) latencies.push(end - before);
    ends.set(client, end);
  }
  return Float64Array.from(latencies).sort();
}
