import type { Part } from '../part.ts';

/** What `npm run bench:cold` writes: milliseconds and MiB of whole processes. */
export interface ColdResults {
  readonly date: string;
  readonly machine: string;
  readonly rounds: number;
  readonly cells: readonly {
    readonly runtime: string;
    readonly title: string;
    readonly driver: string;
    readonly cpu: number;
    readonly wall: number;
    readonly rss: number;
  }[];
}

/** The process that is shown; the others are in cold.md. */
const SHOWN = 'connect, query, close';

export function coldPart({ date, machine, rounds, cells }: ColdResults): Part {
  const shown = cells.filter(({ title }) => title === SHOWN);
  const columns = [...new Set(shown.map(({ driver }) => driver))];
  const runtimes = [...new Set(shown.map(({ runtime }) => runtime))];
  return {
    id: 'cold',
    title: 'The cold start',
    meaning:
      'A whole process that imports the driver, connects, asks one query and closes, what the runtime needs ' +
      'for itself included: what a function in the cloud, a command or a test pays.',
    columns,
    rows: runtimes.flatMap((runtime) => {
      const of = (pick: (cell: ColdResults['cells'][number]) => number): (number | null)[] =>
        columns.map((name) => {
          const cell = shown.find((each) => each.runtime === runtime && each.driver === name);
          return cell === undefined ? null : pick(cell);
        });
      return [
        { title: runtime, unit: 'ms of CPU', values: of(({ cpu }) => cpu) },
        { title: runtime, unit: 'MiB of memory', values: of(({ rss }) => rss) },
      ];
    }),
    source: `\`npm run bench:cold\`, medians of ${rounds}, ${date}, ${machine}.`,
  };
}
