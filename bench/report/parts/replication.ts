import type { Part } from '../part.ts';

/** What `npm run bench:replication` writes. */
export interface ReplicationResults {
  readonly date: string;
  readonly machine: string;
  readonly changes: number;
  readonly rounds: number;
  readonly speeds: readonly {
    readonly title: string;
    readonly client: string;
    /** CPU of each change: the median, the least and the most. */
    readonly micros: readonly [number, number, number];
    readonly perSecond: number;
  }[];
  readonly inMemory: number;
  readonly memory: readonly {
    readonly title: string;
    readonly client: string;
    /** Resident when 20,000 rows have come, and at most. */
    readonly baseMegabytes: number;
    readonly peakMegabytes: number;
  }[];
}

export function replicationPart(results: ReplicationResults): Part {
  const { date, machine, changes, rounds, speeds } = results;
  const columns = [...new Set(speeds.map(({ client }) => client))];
  const titles = [...new Set(speeds.map(({ title }) => title))];
  return {
    id: 'replication',
    title: 'Change streams',
    meaning: `What a change of the database costs who follows it: ${changes.toLocaleString('en')} rows of six columns.`,
    columns,
    rows: titles.map((title) => ({
      title,
      unit: 'µs of CPU each',
      values: columns.map((name) => {
        const found = speeds.find((speed) => speed.title === title && speed.client === name);
        return found?.micros[0] ?? null;
      }),
    })),
    source: `\`npm run bench:replication\`, medians of ${rounds} alternating rounds, ${date}, ${machine}.`,
  };
}
