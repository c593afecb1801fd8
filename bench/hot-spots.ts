// Prints the functions in which a CPU profile spends its time:
//   BENCH_CPU_PROF=/tmp/prof npm run bench -- --quick --only large --drivers asyncpg
//   node bench/hot-spots.ts /tmp/prof
// A child's profile includes its start and its warm-up.
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { functionName: string; url: string; lineNumber: number };
}
interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const SHOWN = 25;

function nameOf({ callFrame }: ProfileNode): string {
  const { functionName, url, lineNumber } = callFrame;
  const file = url === '' ? '' : ` ${url.split('/').slice(-3).join('/')}:${lineNumber + 1}`;
  return `${functionName === '' ? '(anonymous)' : functionName}${file}`;
}

function selfTimes(profile: Profile): Map<string, number> {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const times = new Map<string, number>();
  profile.samples.forEach((id, i) => {
    const name = nameOf(nodes.get(id)!);
    times.set(name, (times.get(name) ?? 0) + profile.timeDeltas[i]!);
  });
  return times;
}

async function filesOf(target: string): Promise<string[]> {
  if (!(await stat(target)).isDirectory()) return [target];
  const names = await readdir(target, { recursive: true });
  return names
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => path.join(target, name));
}

for (const target of process.argv.slice(2)) {
  for (const file of await filesOf(target)) {
    const times = selfTimes(JSON.parse(await readFile(file, 'utf8')) as Profile);
    times.delete('(idle)');
    const total = [...times.values()].reduce((sum, time) => sum + time, 0);
    console.log(`${file}: ${Math.round(total / 1000)} ms busy`);
    const top = [...times].sort(([, a], [, b]) => b - a).slice(0, SHOWN);
    for (const [name, time] of top) {
      console.log(`  ${((time / total) * 100).toFixed(1).padStart(5)} %  ${name}`);
    }
  }
}
