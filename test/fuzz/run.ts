/**
 * `npm run fuzz -- --seconds 60 [--seed S] [--only NAME] [--path P]`: tries each target, or those
 * whose names contain NAME, for a share of the time. Prints how many inputs each was given and,
 * for one that broke its promise, the smallest input found and how to repeat it. Exits with 1 then.
 */
import { parseArgs } from 'node:util';
import { fuzz } from './target.ts';
import { allTargets } from './targets.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    only: { type: 'string', default: '' },
    path: { type: 'string' },
  },
});
const seed = values.seed === undefined ? Date.now() % 0x7fffffff : Number(values.seed);
const { targets, stop } = await allTargets();
const chosen = targets.filter(({ name }) => name.includes(values.only));
const milliseconds = (Number(values.seconds) * 1000) / chosen.length;

console.log(`${chosen.length} targets, ${Math.round(milliseconds)} ms each, seed ${seed}`);
let executions = 0;
let failures = 0;
for (const target of chosen) {
  const { path } = values;
  const found = await fuzz(target, {
    seed,
    runs: 0x7fffffff,
    milliseconds,
    ...(path === undefined ? {} : { path }),
  });
  executions += found.executions;
  console.log(
    `${found.failure === null ? 'ok    ' : 'BROKEN'} ${target.name}: ${found.executions}`,
  );
  if (found.failure !== null) {
    failures += 1;
    console.log(found.failure.report);
    console.log(
      `repeat: npm run fuzz -- --only ${target.name} --seed ${seed} --path ${found.failure.path}`,
    );
  }
}
stop();
console.log(`${executions} executions, ${failures} targets broken`);
if (failures > 0) process.exitCode = 1;
