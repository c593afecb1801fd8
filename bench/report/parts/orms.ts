import type { Part } from '../part.ts';

/** What `npm run bench:kysely`, `bench:drizzle` and `bench:prisma` write, by the name of each. */
export type OrmsResults = Readonly<
  Record<
    string,
    {
      readonly date: string;
      readonly machine: string;
      readonly rows: readonly {
        readonly name: string;
        /** Microseconds of CPU for each operation, by driver. */
        readonly cpu: Readonly<Record<string, number | null>>;
      }[];
    }
  >
>;

const COLUMNS = ['native', 'facade', 'pg', 'postgres'];

export function ormsPart(results: OrmsResults): Part {
  const all = Object.entries(results);
  const names = all.map(([orm]) => orm);
  const [, { date, machine }] = all[0]!;
  return {
    id: 'orms',
    title: 'Under query builders and ORMs',
    meaning:
      `One program of ${names.join(', ')} on each driver: the CPU time of the client for one operation. ` +
      'Making the text is what costs the same on all of them: the query builder’s own part.',
    columns: ['asyncpg', 'asyncpg/pg', 'pg', 'postgres'],
    rows: all.flatMap(([orm, { rows }]) =>
      rows.map(({ name, cpu }) => ({
        title: `${orm}: ${name}`,
        unit: 'µs',
        values: COLUMNS.map((driver) => cpu[driver] ?? null),
      })),
    ),
    source: `${names.map((orm) => `\`npm run bench:${orm.toLowerCase()}\``).join(', ')}, the least of 3 alternating rounds, ${date}, ${machine}.`,
  };
}
