import type { Part } from '../part.ts';

/** What `npm run bench:tails` writes. Times are milliseconds; p50, p99 and p99.9. */
export interface TailsResults {
  readonly date: string;
  readonly machine: string;
  readonly cells: readonly {
    readonly workload: string;
    readonly title: string;
    readonly driver: string;
    readonly quick: readonly (number | null)[];
    readonly longest: number;
    readonly perSecond: number;
  }[];
}

export function tailsPart({ date, machine, cells }: TailsResults): Part {
  const columns = [...new Set(cells.map(({ driver }) => driver))];
  const titles = [...new Set(cells.map(({ title }) => title))];
  return {
    id: 'tails',
    title: 'Quick queries beside slow ones',
    meaning:
      'How long a lookup waits in a pool of four while others take a hundred times as long: 99 of 100 are ' +
      'faster than this. Load is a part of what the pool of pg can do. The bursts are queries of 300 ms ' +
      'that come at once to a pool which is not full yet, until the last is answered.',
    columns,
    rows: titles.flatMap((title) => {
      const found = columns.map((name) =>
        cells.find((cell) => cell.title === title && cell.driver === name),
      );
      const isBurst = found[0]?.workload === 'cold_burst';
      const time = {
        title,
        unit: isBurst ? 'ms until the last' : 'ms at the 99th percentile',
        values: found.map((cell) => (isBurst ? cell?.longest : cell?.quick[1]) ?? null),
      };
      if (found[0]?.workload !== 'mixed_closed') return [time];
      // Each caller asks again at once, so who is faster is asked more.
      const rate = {
        title,
        unit: 'queries a second',
        values: found.map((cell) => cell?.perSecond ?? null),
      };
      return [time, rate];
    }),
    source: `\`npm run bench:tails\`, ${date}, ${machine}.`,
  };
}
