/** A unit of the text of an interval. */
export interface IntervalUnit {
  readonly name: string;
  /** The part of an interval that it counts in, and how many of that it is. */
  readonly part: 'months' | 'days' | 'microseconds';
  readonly size: bigint;
}

/** In microseconds. */
export const DAY = 86_400_000_000n;

/** Of each unit all names that the server knows, the first one being what it is called here. */
const NAMES: readonly (readonly [part: IntervalUnit['part'], size: bigint, names: string])[] = [
  ['months', 12_000n, 'millennium mil mils millennia millenniums'],
  ['months', 1_200n, 'century c cent centuries'],
  ['months', 120n, 'decade dec decs decades'],
  ['months', 12n, 'year y yr yrs years'],
  ['months', 1n, 'month mon mons months'],
  ['days', 7n, 'week w weeks'],
  ['days', 1n, 'day d days'],
  ['microseconds', 3_600_000_000n, 'hour h hr hrs hours'],
  ['microseconds', 60_000_000n, 'minute m min mins minutes'],
  ['microseconds', 1_000_000n, 'second s sec secs seconds'],
  ['microseconds', 1_000n, 'millisecond ms msec msecs msecond mseconds milliseconds'],
  ['microseconds', 1n, 'microsecond us usec usecs usecond useconds microseconds'],
];

/** Made when the first text is read. */
let units: ReadonlyMap<string, IntervalUnit> | null = null;

/** The unit of that name, in small letters. */
export function intervalUnit(name: string): IntervalUnit | undefined {
  units ??= new Map(
    NAMES.flatMap(([part, size, names]) => {
      const all = names.split(' ');
      const unit: IntervalUnit = { name: all[0]!, part, size };
      return all.map((one): [string, IntervalUnit] => [one, unit]);
    }),
  );
  return units.get(name);
}

/** Whether the server reads a number right behind such a unit, as in `1h30m`, as one of the next. */
export function isUnitBeforeDigits(name: string): boolean {
  return /^[dhmsy]$/.test(name);
}
