const FIELDS = ['years', 'months', 'days', 'hours', 'minutes', 'seconds'] as const;

/** The style `postgres` of an interval; every part may be missing. */
const INTERVAL =
  /(?:([+-]?\d+)\s+years?)?\s*(?:([+-]?\d+)\s+mons?)?\s*(?:([+-]?\d+)\s+days?)?\s*(?:([+-])?(\d*):(\d\d):(\d\d)\.?(\d{1,6})?)?/;

/**
 * An interval as node-postgres gives it: its parts that are not zero, as own properties. The values
 * are those of the server's text, so 25 hours are no day.
 */
export class PostgresInterval {
  declare years?: number;
  declare months?: number;
  declare days?: number;
  declare hours?: number;
  declare minutes?: number;
  declare seconds?: number;
  /** With a fraction, as an interval has microseconds. */
  declare milliseconds?: number;

  constructor(text: string) {
    if (!text) return;
    const found = INTERVAL.exec(text);
    if (found === null) return;
    const [, years, months, days, sign, hours, minutes, seconds, fraction] = found;
    const timeSign = sign === '-' ? -1 : 1;
    set(this, 'years', years, 1);
    set(this, 'months', months, 1);
    set(this, 'days', days, 1);
    set(this, 'hours', hours, timeSign);
    set(this, 'minutes', minutes, timeSign);
    set(this, 'seconds', seconds, timeSign);
    if (fraction) {
      const microseconds = Number(fraction.padEnd(6, '0'));
      if (microseconds !== 0) this.milliseconds = (microseconds / 1000) * timeSign;
    }
  }

  /** What PostgreSQL takes for this interval; a parameter is written so. */
  toPostgres(): string {
    const parts: string[] = [];
    // The seconds first, except where there is only their fraction.
    for (const name of FIELDS.toReversed()) {
      if (Object.hasOwn(this, name)) parts.push(`${partText(this, name, true)} ${name}`);
    }
    if (this.milliseconds && !Object.hasOwn(this, 'seconds')) {
      parts.push(`${partText(this, 'seconds', true)} seconds`);
    }
    return parts.length === 0 ? '0' : parts.join(' ');
  }

  /** ISO 8601, with every part: `P1Y0M0DT0H0M2.5S`. */
  toISOString(): string {
    const [years, months, days, hours, minutes, seconds] = FIELDS.map((name) =>
      partText(this, name, false),
    );
    return `P${years}Y${months}M${days}DT${hours}H${minutes}M${seconds}S`;
  }

  /** The same as `toISOString`. */
  toISO(): string {
    return this.toISOString();
  }
}

/** The parser of one interval. */
export function parseInterval(text: string): PostgresInterval {
  return new PostgresInterval(text);
}

type Field = (typeof FIELDS)[number];

function set(interval: PostgresInterval, name: Field, digits: string | undefined, sign: number) {
  if (!digits) return;
  const value = Number.parseInt(digits, 10);
  if (value !== 0) interval[name] = value * sign;
}

/** A part as text, the milliseconds among the seconds. */
function partText(interval: PostgresInterval, name: Field, cutsPoint: boolean): string {
  const value = interval[name] || 0;
  if (name !== 'seconds' || !interval.milliseconds) return String(value);
  const digits = (value + interval.milliseconds / 1000).toFixed(6);
  return digits.replace(cutsPoint ? /\.?0+$/ : /0+$/, '');
}
