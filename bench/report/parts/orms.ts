import type { Part } from '../part.ts';

/** What `npm run bench:kysely`, `bench:drizzle`, `bench:prisma`, `bench:knex` and `bench:typeorm` write, by the name of each. */
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
        /** Bytes that each allocates in V8's heap. */
        readonly bytes?: Readonly<Record<string, number | null>>;
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
      `One program of ${names.join(', ')} on each driver: the CPU time of the client for one operation, and what it ` +
      'allocates in V8’s heap. Making the text is what costs the same on all of them: the query builder’s own part.',
    columns: ['asyncpg', 'asyncpg/pg', 'pg', 'postgres'],
    rows: all.flatMap(([orm, { rows }]) =>
      rows.flatMap(({ name, cpu, bytes }) => {
        const title = `${orm}: ${name}`;
        const time = { title, unit: 'µs', values: COLUMNS.map((driver) => cpu[driver] ?? null) };
        if (bytes === undefined) return [time];
        const kilobytes = COLUMNS.map((driver) => {
          const measured = bytes[driver] ?? null;
          return measured === null ? null : measured / 1000;
        });
        return [time, { title, unit: 'kB', values: kilobytes }];
      }),
    ),
    source: `${names.map((orm) => `\`npm run bench:${orm.toLowerCase()}\``).join(', ')}, the least of 3 alternating rounds, ${date}, ${machine}.`,
  };
}
