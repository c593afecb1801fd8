import { casesOf, findCell, type Results } from '../../results.ts';
import type { Part } from '../part.ts';

export function facadePart(results: Results): Part {
  const { drivers, date, machine, server } = results;
  return {
    id: 'facade',
    title: 'In the place of pg',
    meaning:
      'The same program on pg and with `asyncpg/pg` in its place, nothing else changed: the CPU time of ' +
      'the client for one operation.',
    columns: drivers.map(({ label }) => label),
    rows: casesOf(results).map(({ workload, connections }) => ({
      title: workload,
      unit: 'µs of CPU',
      values: drivers.map(
        ({ id }) => findCell(results, workload, connections, id)?.cpuMicros ?? null,
      ),
    })),
    source: `\`npm run bench:pg\`, ${date.slice(0, 10)}, ${server}, ${machine}.`,
  };
}
