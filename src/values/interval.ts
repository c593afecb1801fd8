import { twoDigits } from './calendar.ts';
import { type IntervalStyle, parseInterval } from './interval-text.ts';

/** The three parts that PostgreSQL keeps of an interval. */
export interface IntervalFields {
  /** int4. A year is 12 of them. */
  months?: number | undefined;
  /** int4. A day need not have 24 hours: daylight saving time begins and ends. */
  days?: number | undefined;
  /** int8. A number must be a safe integer. */
  microseconds?: bigint | number | undefined;
}

const INT4_MAX = 2 ** 31 - 1;
const INT4_MIN = -(2 ** 31);
const INT8_MAX = 2n ** 63n - 1n;
const INT8_MIN = -(2n ** 63n);

/** Made when they are first asked for. */
let infinity: Interval | null = null;
let negativeInfinity: Interval | null = null;

function int4(value: unknown, name: string): number {
  if (value === undefined) return 0;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new TypeError(`${name} of an Interval must be an integer`);
  }
  if (value < INT4_MIN || value > INT4_MAX) {
    throw new RangeError(`${name} of an Interval must fit into 32 bits: ${value} does not`);
  }
  return value === 0 ? 0 : value;
}

function int8(value: unknown, name: string): bigint {
  if (value === undefined) return 0n;
  if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) {
    throw new TypeError(`${name} of an Interval must be a bigint or a safe integer`);
  }
  const integer = BigInt(value as bigint | number);
  if (integer < INT8_MIN || integer > INT8_MAX) {
    throw new RangeError(`${name} of an Interval must fit into 64 bits: ${integer} does not`);
  }
  return integer;
}

/**
 * An `interval`: months, days and microseconds, each with a sign of its own, as PostgreSQL keeps
 * them. None is worth a fixed number of another, so they are never converted.
 *
 * @example
 * const age = await connection.fetchVal<Interval>("SELECT interval '1 year 2 months 03:00'");
 * age?.months; // 14
 * age?.microseconds; // 10_800_000_000n
 * await connection.fetchVal('SELECT now() + $1', new Interval({ days: 30 }));
 *
 * PostgreSQL manual: "Interval Input" and "Interval Output" (datatype-interval-input).
 */
export class Interval {
  /** `infinity` of PostgreSQL 17 and later: the greatest value of each part. */
  static get INFINITY(): Interval {
    infinity ??= new Interval({ months: INT4_MAX, days: INT4_MAX, microseconds: INT8_MAX });
    return infinity;
  }

  /** `-infinity` of PostgreSQL 17 and later: the least value of each part. */
  static get NEGATIVE_INFINITY(): Interval {
    negativeInfinity ??= new Interval({ months: INT4_MIN, days: INT4_MIN, microseconds: INT8_MIN });
    return negativeInfinity;
  }

  /** From -2^31 to 2^31 - 1. A year is 12 of them. */
  readonly months: number;
  /** From -2^31 to 2^31 - 1. */
  readonly days: number;
  /** From -2^63 to 2^63 - 1. An hour is 3,600,000,000 of them. */
  readonly microseconds: bigint;

  /**
   * Parts not given are 0. Throws a TypeError for a part that is not an integer and for a name
   * that is no part (`hours` are microseconds), a RangeError for one that is out of range.
   */
  constructor(fields: IntervalFields) {
    for (const name in fields) {
      if (name !== 'months' && name !== 'days' && name !== 'microseconds') {
        throw new TypeError(
          `an Interval has months, days and microseconds, and no ${JSON.stringify(name)}`,
        );
      }
    }
    this.months = int4(fields.months, 'months');
    this.days = int4(fields.days, 'days');
    this.microseconds = int8(fields.microseconds, 'microseconds');
    Object.freeze(this);
  }

  /**
   * Reads what PostgreSQL writes with any `intervalstyle`: `1 year 2 mons -3 days +04:05:06.5`,
   * `@ 1 year 2 mons ago`, `P1Y2M-3DT4H5M6.5S`, `+1-2 -3 +4:05:06.5`; ISO 8601's other form too,
   * `P0001-02-03T04:05:06`; and amounts of all units that it knows, by any of their names: `1.5 hours`, `2 weeks`,
   * `1h 30m`, `250 ms`. A part that follows a negative one and has no sign is positive.
   *
   * @throws SyntaxError for other texts, for a number without a unit, for fractions that are no whole number of
   *   microseconds (of a year: months) or that servers round each in its own way, `0.1 months`, and for
   *   what only `sql_standard` writes and other styles read otherwise: in `-3 4:05:06` the minus may
   *   be that of both parts. An argument is read as its session reads it
   */
  static fromString(text: string): Interval {
    if (typeof text !== 'string') throw new TypeError('the text of an Interval must be a string');
    return intervalFrom(text, null);
  }

  /** False for `infinity` and `-infinity`. */
  get isFinite(): boolean {
    return !this.equals(Interval.INFINITY) && !this.equals(Interval.NEGATIVE_INFINITY);
  }

  /**
   * Whether the three parts are the same. The server's `=` also holds one month equal to 30
   * days and one day to 24 hours; this does not.
   */
  equals(other: unknown): boolean {
    return (
      other instanceof Interval &&
      this.months === other.months &&
      this.days === other.days &&
      this.microseconds === other.microseconds
    );
  }

  /** As PostgreSQL writes it with `intervalstyle` set to `postgres`, the server's default. */
  toString(): string {
    if (!this.isFinite) return this.months > 0 ? 'infinity' : '-infinity';
    let text = '';
    // A positive part right behind a negative one carries its sign.
    let afterNegative = false;
    const add = (value: number, unit: string) => {
      if (value === 0) return;
      const sign = afterNegative && value > 0 ? '+' : '';
      text += `${text === '' ? '' : ' '}${sign}${value} ${unit}${value === 1 ? '' : 's'}`;
      afterNegative = value < 0;
    };
    add(Math.trunc(this.months / 12), 'year');
    add(this.months % 12, 'mon');
    add(this.days, 'day');
    if (text !== '' && this.microseconds === 0n) return text;
    const { hours, minutes, seconds } = this.#time();
    const sign = this.microseconds < 0n ? '-' : afterNegative ? '+' : '';
    const clock = `${twoDigits(hours)}:${twoDigits(minutes)}:${twoDigits(seconds)}`;
    return `${text}${text === '' ? '' : ' '}${sign}${clock}${this.#fraction()}`;
  }

  /**
   * The ISO 8601 duration, as PostgreSQL writes it with `intervalstyle` set to `iso_8601`: each
   * part has its own sign, `P1Y2M-3DT4H5M6.5S`. An infinite interval, which ISO 8601 does not
   * have, is `infinity` or `-infinity`.
   */
  toISOString(): string {
    if (!this.isFinite) return this.toString();
    const part = (value: number, unit: string) => (value ? `${value}${unit}` : '');
    const years = part(Math.trunc(this.months / 12), 'Y');
    const date = `P${years}${part(this.months % 12, 'M')}${part(this.days, 'D')}`;
    if (this.microseconds === 0n) return date === 'P' ? 'PT0S' : date;
    const { hours, minutes, seconds } = this.#time();
    const sign = this.microseconds < 0n ? -1 : 1;
    const fraction = this.#fraction();
    const second =
      seconds !== 0 || fraction !== '' ? `${sign < 0 ? '-' : ''}${seconds}${fraction}S` : '';
    return `${date}T${part(sign * hours, 'H')}${part(sign * minutes, 'M')}${second}`;
  }

  /** The ISO 8601 duration; the server takes it back. */
  toJSON(): string {
    return this.toISOString();
  }

  #magnitude(): bigint {
    return this.microseconds < 0n ? -this.microseconds : this.microseconds;
  }

  #time(): { hours: number; minutes: number; seconds: number } {
    // At most 2^63 microseconds, whose seconds a number holds exactly.
    const seconds = Number(this.#magnitude() / 1_000_000n);
    const minutes = Math.floor(seconds / 60);
    return { hours: Math.floor(minutes / 60), minutes: minutes % 60, seconds: seconds % 60 };
  }

  /** The fraction of the second with its point, without trailing zeros. */
  #fraction(): string {
    const microseconds = this.#magnitude() % 1_000_000n;
    if (microseconds === 0n) return '';
    return `.${String(microseconds).padStart(6, '0').replace(/0+$/, '')}`;
  }
}

/** The interval of a text, as a session with this style reads it: see `Interval.fromString`. */
export function intervalFrom(text: string, style: IntervalStyle): Interval {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === 'infinity') return Interval.INFINITY;
  if (trimmed === '-infinity') return Interval.NEGATIVE_INFINITY;
  const { months, days, microseconds } = parseInterval(text, style);
  return new Interval({ months, days, microseconds });
}
