/** Times of day in microseconds, and offsets from UTC in seconds, as PostgreSQL's text has them. */

export const MICROS_PER_SECOND = 1_000_000;
export const MICROS_PER_MINUTE = 60_000_000;
export const MICROS_PER_HOUR = 3_600_000_000;
export const MICROS_PER_DAY = 86_400_000_000;

/** Offsets go up to 15:59:59. */
export const OFFSET_LIMIT = 16 * 3600;

/** The time part of what is accepted, with four groups: hour, minute, second, fraction. */
export const CLOCK = String.raw`(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?`;
/** The offset part: a group for all of it, then sign, hours, minutes, seconds. */
export const OFFSET = String.raw`([Zz]|([+-])(\d\d)(?::?(\d\d)(?::?(\d\d))?)?)`;

/**
 * Microseconds since midnight from the groups of `CLOCK`; null: no such time. Digits beyond
 * microseconds are rounded, halves to even, as PostgreSQL does.
 */
export function microsFromGroups(
  hour: string | undefined,
  minute: string | undefined,
  second: string | undefined,
  fraction: string | undefined,
): number | null {
  const minutes = Number(minute);
  const seconds = Number(second ?? 0);
  if (minutes > 59 || seconds > 59) return null;
  const micros =
    Number(hour) * MICROS_PER_HOUR +
    minutes * MICROS_PER_MINUTE +
    seconds * MICROS_PER_SECOND +
    (fraction === undefined ? 0 : microsFromFraction(fraction));
  return micros <= MICROS_PER_DAY ? micros : null;
}

/** The digits after a second's point as microseconds. */
function microsFromFraction(digits: string): number {
  const micros = Number(digits.slice(0, 6).padEnd(6, '0'));
  const rest = digits.slice(6);
  if (rest === '' || rest[0]! < '5') return micros;
  const isHalf = /^50*$/.test(rest);
  return isHalf && micros % 2 === 0 ? micros : micros + 1;
}

/** Seconds east of UTC from the groups of `OFFSET`; null: PostgreSQL has no such offset. */
export function offsetFromGroups(
  sign: string | undefined,
  hours: string | undefined,
  minutes: string | undefined,
  seconds: string | undefined,
): number | null {
  if (sign === undefined) return 0;
  const [h, m, s] = [Number(hours), Number(minutes ?? 0), Number(seconds ?? 0)];
  const offset = h * 3600 + m * 60 + s;
  if (m > 59 || s > 59 || offset >= OFFSET_LIMIT) return null;
  return sign === '-' ? -offset : offset;
}
