// Compares the latest results with the targets and with the results before them; `npm run
// bench:check`. Exits with 1 when a target is missed or a ratio has fallen. Results of other machines
// may be compared too, as only ratios are.
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { type Cell, casesOf, findCell, kindOf, type Results } from './results.ts';
import { geometricMean } from './statistics.ts';
import { CPU_TARGETS, POOL_TARGETS, TOLERANCE, UNTARGETED } from './targets.ts';

const FOLDER = new URL('results/', import.meta.url);
/** The number of connections that the targets are for; workloads of pools have their own. */
const CONNECTIONS = 10;

async function load(name: string): Promise<Results> {
  return JSON.parse(await readFile(new URL(name, FOLDER), 'utf8')) as Results;
}

/** The cell of a driver of this kind that needs the least. */
function cheapest(results: Results, workload: string, connections: number, kind: string) {
  return results.drivers
    .filter(({ id }) => kindOf(id) === kind)
    .map(({ id }) => findCell(results, workload, connections, id))
    .filter((cell): cell is Cell => cell !== undefined)
    .toSorted((a, b) => a.cpuMicros - b.cpuMicros)[0];
}

/** Theirs / ours, by workload. */
function ratios(results: Results, kind: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const { workload, connections } of casesOf(results)) {
    if (connections !== CONNECTIONS && workload !== 'pool_many') continue;
    if (UNTARGETED.has(workload)) continue;
    const ours = findCell(results, workload, connections, 'asyncpg');
    const theirs = cheapest(results, workload, connections, kind);
    if (ours !== undefined && theirs !== undefined) {
      found.set(workload, theirs.cpuMicros / ours.cpuMicros);
    }
  }
  return found;
}

function verdict(isMet: boolean, text: string): boolean {
  console.log(`${isMet ? ' ok   ' : 'MISSED'}  ${text}`);
  return isMet;
}

function checkTargets(results: Results): boolean {
  let isMet = true;
  for (const { driver, mean, each } of CPU_TARGETS) {
    const found = ratios(results, driver);
    if (found.size === 0) {
      console.log(` --     ${driver}: not measured`);
      continue;
    }
    const average = geometricMean([...found.values()]);
    const about = `needs ${average.toFixed(2)} x our client CPU in the mean, target ${mean.toFixed(2)}`;
    isMet = verdict(average >= mean, `${driver} ${about}`) && isMet;
    for (const [workload, ratio] of found) {
      if (ratio >= each) continue;
      isMet =
        verdict(false, `${driver}, ${workload}: ${ratio.toFixed(2)} x, target ${each}`) && isMet;
    }
  }
  for (const { driver, factor } of POOL_TARGETS) {
    const ours = casesOf(results)
      .filter(({ workload }) => workload === 'pool_many')
      .map(({ connections }) => [
        findCell(results, 'pool_many', connections, 'asyncpg'),
        findCell(results, 'pool_many', connections, driver),
      ])[0];
    if (ours?.[0] === undefined || ours[1] === undefined) continue;
    const ratio = ours[0].perSecond / ours[1].perSecond;
    isMet =
      verdict(
        ratio >= factor,
        `pool_many: ${ratio.toFixed(2)} x the throughput of ${driver}, target ${factor}`,
      ) && isMet;
  }
  return isMet;
}

/** What has fallen since the results before. */
function checkFall(now: Results, before: Results): boolean {
  let isMet = true;
  for (const { driver } of CPU_TARGETS) {
    const earlier = ratios(before, driver);
    for (const [workload, ratio] of ratios(now, driver)) {
      const old = earlier.get(workload);
      if (old === undefined || ratio >= old * (1 - TOLERANCE)) continue;
      const about = `${ratio.toFixed(2)} x, was ${old.toFixed(2)} at ${before.commit}`;
      isMet = verdict(false, `${driver}, ${workload} has fallen: ${about}`) && isMet;
    }
  }
  return isMet;
}

await mkdir(FOLDER, { recursive: true });
const names = (await readdir(FOLDER)).filter((name) => name.endsWith('.json')).sort();
const latest = names.at(-1);
if (latest === undefined) throw new Error('there are no results; run `npm run bench` first');
const results = await load(latest);
console.log(`${latest}: commit ${results.commit}, ${results.machine}`);
const isMet = checkTargets(results);
const previous = names.at(-2);
const hasFallen = previous !== undefined && !checkFall(results, await load(previous));
process.exitCode = isMet && !hasFallen ? 0 : 1;
