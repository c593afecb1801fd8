// What a program costs on its own side of the wire: the CPU time of this process for each operation, the
// median of rounds that follow each other, and how long an operation takes. Under `ALLOCATION_FLAGS` it is
// what an operation allocates instead: with a young generation that is larger than all of that, nothing is
// collected meanwhile, and what V8's heap has grown by is what was allocated in it. What buffers hold is
// outside of that heap.
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';

const ROUNDS = 3;

export interface Workload {
  /** How often it is done in each round. */
  readonly times: number;
  readonly atOnce: number;
  readonly work: (i: number) => Promise<unknown>;
}

/** For each operation: microseconds, or bytes. */
export interface Cost {
  readonly cpu: number;
  readonly wall: number;
  /** Null if something was collected meanwhile. */
  readonly allocated?: number | null;
}

/** Node's, for measuring what is allocated. */
export const ALLOCATION_FLAGS: readonly string[] = [
  '--expose-gc',
  '--min-semi-space-size=256',
  '--max-semi-space-size=256',
];

export async function measure(
  workloads: Readonly<Record<string, Workload>>,
): Promise<Record<string, Cost>> {
  const results: Record<string, Cost> = {};
  for (const [name, workload] of Object.entries(workloads)) {
    const { times } = workload;
    if (globalThis.gc !== undefined) {
      results[name] = { cpu: 0, wall: 0, allocated: await allocated(workload) };
      continue;
    }
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

/** Bytes of V8's heap for each operation. */
async function allocated(workload: Workload): Promise<number | null> {
  const times = Math.max(1, Math.ceil(workload.times / 10));
  await repeat(workload);
  globalThis.gc!();
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length;
  });
  await turn();
  observer.observe({ entryTypes: ['gc'] });
  const before = getHeapStatistics().used_heap_size;
  await repeat({ ...workload, times });
  const bytes = getHeapStatistics().used_heap_size - before;
  await turn();
  observer.disconnect();
  return collections > 0 ? null : Math.round(bytes / times);
}

/** What is observed is told a turn later. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}

async function repeat({ times, atOnce, work }: Workload): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < times) await work(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

function median(rounds: readonly Cost[], key: 'cpu' | 'wall'): number {
  const sorted = rounds.map((round) => round[key]).sort((a, b) => a - b);
  return Math.round(sorted[Math.floor(sorted.length / 2)]!);
}
