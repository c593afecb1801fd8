// Runs the checks, as many at a time as there are processors: all of them, or those that are named. Run
// with `npm run check`, or `npm run check:quick` for some. What each check does is a script of
// package.json. A line tells how each ended; the output of those that failed is behind its line.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './entries.ts';

/** A script of package.json. */
export interface Step {
  readonly script: string;
  /** The script that must have succeeded before. */
  readonly after?: string;
}

/** The longest first. Both `tsc` and `biome` keep more than one processor busy. */
const STEPS: readonly Step[] = [
  { script: 'build' },
  { script: 'check:docs' },
  { script: 'check:types' },
  { script: 'built:api', after: 'build' },
  { script: 'built:package', after: 'build' },
  { script: 'built:examples', after: 'build' },
  { script: 'check:lint' },
  { script: 'check:generated' },
  { script: 'check:unused' },
  { script: 'check:floors' },
];

/** How a script ended. */
export interface Outcome {
  readonly succeeded: boolean;
  readonly output: string;
}

/**
 * Runs all steps, in their order but for those that wait for another.
 *
 * @param atOnce how many of them at a time
 * @param report is told of each that has ended; of one that was not run: null
 * @returns whether all succeeded
 */
export async function runAll(
  steps: readonly Step[],
  atOnce: number,
  run: (script: string) => Promise<Outcome>,
  report: (script: string, outcome: Outcome | null) => void,
): Promise<boolean> {
  const waiting = [...steps];
  const ended = new Map<string, boolean>();
  const running = new Set<Promise<void>>();
  while (waiting.length > 0 || running.size > 0) {
    const next = waiting.findIndex(({ after }) => after === undefined || ended.has(after));
    if (next >= 0 && running.size < atOnce) {
      const [{ script, after }] = waiting.splice(next, 1) as [Step];
      if (after !== undefined && ended.get(after) !== true) {
        ended.set(script, false);
        report(script, null);
        continue;
      }
      const step = run(script).then((outcome) => {
        ended.set(script, outcome.succeeded);
        running.delete(step);
        report(script, outcome);
      });
      running.add(step);
    } else if (running.size > 0) {
      await Promise.race(running);
    } else {
      throw new Error(`${waiting[0]?.script} waits for ${waiting[0]?.after}, which is not run`);
    }
  }
  return [...ended.values()].every(Boolean);
}

function runScript(command: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, { cwd: root, shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ succeeded: code === 0, output }));
  });
}

async function main(names: readonly string[]): Promise<boolean> {
  for (const name of names) {
    if (!STEPS.some(({ script }) => script === name)) throw new Error(`there is no check ${name}`);
  }
  const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    scripts: Readonly<Record<string, string>>;
  };
  const steps = STEPS.filter(({ script }) => names.length === 0 || names.includes(script));
  const startedAt = performance.now();
  const took = new Map<string, string>();
  const run = async (script: string): Promise<Outcome> => {
    const from = performance.now();
    const outcome = await runScript(scripts[script] ?? 'false');
    took.set(script, seconds(from));
    return outcome;
  };
  const isRight = await runAll(steps, availableParallelism(), run, (script, outcome) => {
    if (outcome === null) console.log(`-- ${script} was not run`);
    else if (outcome.succeeded) console.log(`ok ${script}, ${took.get(script)}`);
    else console.log(`!! ${script} FAILED, ${took.get(script)}\n\n${outcome.output.trim()}\n`);
  });
  console.log(`${isRight ? 'ok' : 'FAILED'}, ${seconds(startedAt)}`);
  return isRight;
}

function seconds(from: number): string {
  return `${((performance.now() - from) / 1000).toFixed(1)} s`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
}
