import { CIVIL_DATE, daysFromGroups, ERA } from './calendar.ts';
import {
  CLOCK,
  MICROS_PER_DAY,
  MICROS_PER_SECOND,
  microsFromGroups,
  OFFSET,
  offsetFromGroups,
} from './clock-time.ts';

/** A point in time as whole days since 2000-01-01 and the microseconds into that day. */
export interface DayTime {
  readonly days: number;
  readonly micros: number;
}

/** What the text of a timestamp says. */
export interface TimestampText extends DayTime {
  /** Seconds east of UTC; null: the text has none. Days and microseconds are local to it. */
  readonly offset: number | null;
}

const TIMESTAMP = new RegExp(`^${CIVIL_DATE}(?:[Tt ]${CLOCK} ?${OFFSET}?)?${ERA}$`);

/** A finite date or timestamp in PostgreSQL's ISO form or that of ISO 8601; null for other texts. */
export function parseTimestamp(text: string): TimestampText | null {
  const match = TIMESTAMP.exec(text);
  if (match === null) return null;
  const days = daysFromGroups(match[1], match[2], match[3], match[4], match[14]);
  const hasTime = match[5] !== undefined;
  const micros = hasTime ? microsFromGroups(match[5], match[6], match[7], match[8]) : 0;
  const hasOffset = match[9] !== undefined;
  const offset = hasOffset ? offsetFromGroups(match[10], match[11], match[12], match[13]) : null;
  if (days === null || micros === null || (hasOffset && offset === null)) return null;
  return { days, micros, offset };
}

/** Moves a time by seconds, and into the range of micros. */
export function shift({ days, micros }: DayTime, seconds: number): DayTime {
  const shifted = micros + seconds * MICROS_PER_SECOND;
  const carry = Math.floor(shifted / MICROS_PER_DAY);
  return { days: days + carry, micros: shifted - carry * MICROS_PER_DAY };
}
