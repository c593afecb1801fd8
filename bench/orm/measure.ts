// What a program costs on its own side of the wire: the CPU time of this process for each operation, the
// median of rounds that follow each other, and how long an operation takes.

const ROUNDS = 3;

export interface Workload {
  /** How often it is done in each round. */
  readonly times: number;
  readonly atOnce: number;
  readonly work: (i: number) => Promise<unknown>;
}

/** Microseconds for each operation. */
export interface Cost {
  readonly cpu: number;
  readonly wall: number;
}

export async function measure(
  workloads: Readonly<Record<string, Workload>>,
): Promise<Record<string, Cost>> {
  const results: Record<string, Cost> = {};
  for (const [name, workload] of Object.entries(workloads)) {
    const { times } = workload;
    await repeat({ ...workload, times: Math.ceil(times / 2) });
    const rounds: Cost[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const cpu = process.cpuUsage();
      const start = process.hrtime.bigint();
      await repeat(workload);
      const wall = Number(process.hrtime.bigint() - start) / 1000;
      const { user, system } = process.cpuUsage(cpu);
      rounds.push({ cpu: (user + system) / times, wall: wall / times });
    }
    results[name] = { cpu: median(rounds, 'cpu'), wall: median(rounds, 'wall') };
  }
  return results;
}

async function repeat({ times, atOnce, work }: Workload): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < times) await work(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

function median(rounds: readonly Cost[], key: keyof Cost): number {
  const sorted = rounds.map((round) => round[key]).sort((a, b) => a - b);
  return Math.round(sorted[Math.floor(sorted.length / 2)]!);
}
