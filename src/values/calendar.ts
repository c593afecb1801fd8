/**
 * Dates of the proleptic Gregorian calendar as PostgreSQL counts them: days since 2000-01-01.
 * Years are astronomical: 0 is 1 BC, -1 is 2 BC.
 */
export interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** From 1970-01-01, where JavaScript's Dates begin, to 2000-01-01. */
export const DAYS_TO_2000 = 10_957;

export const MILLIS_PER_DAY = 86_400_000;

const DAYS_PER_400_YEARS = 146_097;
const DAYS_PER_100_YEARS = 36_524;
const DAYS_PER_4_YEARS = 1_461;
/** From 0000-03-01, where leap days fall at a year's end, to 2000-01-01. */
const MARCH_0_TO_2000 = 730_425;

const MONTH_LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Whether there is such a day. */
export function isCivilDate(year: number, month: number, day: number): boolean {
  const length = MONTH_LENGTHS[month - 1];
  if (length === undefined || day < 1) return false;
  return day <= (month === 2 && isLeapYear(year) ? 29 : length);
}

/** The days from 2000-01-01 to a date that exists. */
export function daysFromCivil(year: number, month: number, day: number): number {
  // Years that start in March put the leap day last; five months there always have 153 days.
  const marchYear = month > 2 ? year : year - 1;
  const marchMonth = month > 2 ? month - 3 : month + 9;
  return (
    marchYear * 365 +
    Math.floor(marchYear / 4) -
    Math.floor(marchYear / 100) +
    Math.floor(marchYear / 400) +
    Math.floor((marchMonth * 153 + 2) / 5) +
    (day - 1) -
    MARCH_0_TO_2000
  );
}

/** The date that lies `days` after 2000-01-01. */
export function civilFromDays(days: number): CivilDate {
  const sinceMarch0 = days + MARCH_0_TO_2000;
  const era = Math.floor(sinceMarch0 / DAYS_PER_400_YEARS);
  let rest = sinceMarch0 - era * DAYS_PER_400_YEARS;
  // The last day of a cycle is the leap day: it belongs to the cycle that it ends.
  const centuries = Math.min(3, Math.floor(rest / DAYS_PER_100_YEARS));
  rest -= centuries * DAYS_PER_100_YEARS;
  const quads = Math.floor(rest / DAYS_PER_4_YEARS);
  rest -= quads * DAYS_PER_4_YEARS;
  const years = Math.min(3, Math.floor(rest / 365));
  rest -= years * 365;
  const marchMonth = Math.floor((rest * 5 + 2) / 153);
  const day = rest - Math.floor((marchMonth * 153 + 2) / 5) + 1;
  const marchYear = era * 400 + centuries * 100 + quads * 4 + years;
  return marchMonth < 10
    ? { year: marchYear, month: marchMonth + 3, day }
    : { year: marchYear + 1, month: marchMonth - 9, day };
}

/** Two digits, for months, days, hours, minutes and seconds. */
export function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

/**
 * PostgreSQL's ISO form but for the era, which a timestamp has at its very end: see
 * `eraOf`. Years are at least four digits and counted from 1 in either era.
 */
export function printCivilDate({ year, month, day }: CivilDate): string {
  const shown = year > 0 ? year : 1 - year;
  const digits = shown < 1000 ? String(shown).padStart(4, '0') : String(shown);
  return `${digits}-${twoDigits(month)}-${twoDigits(day)}`;
}

/** What ends a printed date or timestamp of that year. */
export function eraOf(year: number): '' | ' BC' {
  return year > 0 ? '' : ' BC';
}

/**
 * The shared date part of what is accepted: four to seven digits of a year, or as ISO 8601
 * has it beyond year 9999, a sign and six or more. With four groups: year, signed year,
 * month, day.
 */
export const CIVIL_DATE = String.raw`(?:(\d{4,7})|([+-]\d{6,7}))-(\d\d)-(\d\d)`;
/** PostgreSQL's era, one group. */
export const ERA = '(?: (BC|AD))?';

/** The days since 2000-01-01 from the groups of `CIVIL_DATE` and `ERA`; null: no such day. */
export function daysFromGroups(
  plainYear: string | undefined,
  signedYear: string | undefined,
  month: string | undefined,
  day: string | undefined,
  era: string | undefined,
): number | null {
  let year = Number(plainYear ?? signedYear);
  if (era !== undefined && (signedYear !== undefined || year === 0)) return null;
  if (era === 'BC') year = 1 - year;
  if (Object.is(year, -0) || !isCivilDate(year, Number(month), Number(day))) return null;
  return daysFromCivil(year, Number(month), Number(day));
}
