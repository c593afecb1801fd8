import { isDeepStrictEqual } from 'node:util';

/**
 * A stand-in for Temporal, which Node.js has from version 26 on: as much as the codecs use,
 * so that the tests need no polyfill. Values keep what they were made of.
 */
function printYear(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, '0');
  return `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(6, '0')}`;
}

function pad(value: number, digits = 2): string {
  return String(value).padStart(digits, '0');
}

/** Temporal values know their equals; vitest asks them. */
class Comparable {
  equals(other: object): boolean {
    return isDeepStrictEqual({ ...this }, { ...other });
  }
}

class PlainDate extends Comparable {
  readonly fields: readonly number[];
  constructor(...fields: readonly number[]) {
    super();
    this.fields = fields;
  }
  get [Symbol.toStringTag](): string {
    return 'Temporal.PlainDate';
  }
  override toString(options?: { calendarName?: string }): string {
    const [year = 0, month = 0, day = 0] = this.fields;
    // As a value in another calendar would: its name is left out only where asked for.
    const calendar = options?.calendarName === 'never' ? '' : '[u-ca=hebrew]';
    return `${printYear(year)}-${pad(month)}-${pad(day)}${calendar}`;
  }
}

class PlainTime extends Comparable {
  readonly fields: readonly number[];
  constructor(...fields: readonly number[]) {
    super();
    this.fields = fields;
  }
  get [Symbol.toStringTag](): string {
    return 'Temporal.PlainTime';
  }
  override toString(): string {
    const [h = 0, m = 0, s = 0, millis = 0, micros = 0, nanos = 0] = this.fields;
    return `${pad(h)}:${pad(m)}:${pad(s)}.${pad(millis, 3)}${pad(micros, 3)}${pad(nanos, 3)}`;
  }
}

class PlainDateTime extends Comparable {
  readonly fields: readonly number[];
  constructor(...fields: readonly number[]) {
    super();
    this.fields = fields;
  }
  get [Symbol.toStringTag](): string {
    return 'Temporal.PlainDateTime';
  }
  override toString(options?: { calendarName?: string }): string {
    const date = new PlainDate(...this.fields.slice(0, 3)).toString({ calendarName: 'never' });
    const time = new PlainTime(...this.fields.slice(3)).toString();
    const calendar = options?.calendarName === 'never' ? '' : '[u-ca=hebrew]';
    return `${date}T${time}${calendar}`;
  }
}

class Instant extends Comparable {
  readonly epochNanoseconds: bigint;
  constructor(epochNanoseconds: bigint) {
    super();
    this.epochNanoseconds = epochNanoseconds;
  }
  get [Symbol.toStringTag](): string {
    return 'Temporal.Instant';
  }
}

class ZonedDateTime extends Comparable {
  readonly epochNanoseconds: bigint;
  constructor(epochNanoseconds: bigint) {
    super();
    this.epochNanoseconds = epochNanoseconds;
  }
  get [Symbol.toStringTag](): string {
    return 'Temporal.ZonedDateTime';
  }
}

export class Duration {
  readonly years: number = 0;
  readonly months: number = 0;
  readonly weeks: number = 0;
  readonly days: number = 0;
  readonly hours: number = 0;
  readonly minutes: number = 0;
  readonly seconds: number = 0;
  readonly milliseconds: number = 0;
  readonly microseconds: number = 0;
  readonly nanoseconds: number = 0;
  constructor(parts: Partial<Duration>) {
    Object.assign(this, parts);
  }
  get [Symbol.toStringTag](): string {
    return 'Temporal.Duration';
  }
}

export const Temporal = { Instant, ZonedDateTime, PlainDate, PlainTime, PlainDateTime, Duration };
