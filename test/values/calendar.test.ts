import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  civilFromDays,
  daysFromCivil,
  isCivilDate,
  printCivilDate,
} from '../../src/values/calendar.ts';

const FIRST_DAY = -2_451_545;
const LAST_DAY = 2_145_031_948;
const MILLIS_PER_DAY = 86_400_000;
const EPOCH = Date.UTC(2000, 0, 1);

describe('the calendar', () => {
  it('counts days from 2000-01-01', () => {
    expect(daysFromCivil(2000, 1, 1)).toBe(0);
    expect(civilFromDays(0)).toEqual({ year: 2000, month: 1, day: 1 });
  });

  it('has an inverse on every day that PostgreSQL has', () => {
    fc.assert(
      fc.property(fc.integer({ min: FIRST_DAY, max: LAST_DAY }), (days) => {
        const { year, month, day } = civilFromDays(days);
        expect(isCivilDate(year, month, day)).toBe(true);
        expect(daysFromCivil(year, month, day)).toBe(days);
      }),
    );
  });

  it('agrees with Date on every day of 400 years, a whole cycle of leap years', () => {
    const first = daysFromCivil(1900, 1, 1);
    let wrong = 0;
    for (let days = first; days < first + 146_097; days++) {
      const date = new Date(EPOCH + days * MILLIS_PER_DAY);
      const { year, month, day } = civilFromDays(days);
      const same =
        year === date.getUTCFullYear() &&
        month === date.getUTCMonth() + 1 &&
        day === date.getUTCDate();
      if (!same) wrong++;
    }
    expect(wrong).toBe(0);
  });

  it('follows each day by the next, also across year 0', () => {
    expect(civilFromDays(daysFromCivil(0, 12, 31) + 1)).toEqual({ year: 1, month: 1, day: 1 });
    expect(civilFromDays(daysFromCivil(-1, 12, 31) + 1)).toEqual({ year: 0, month: 1, day: 1 });
    expect(civilFromDays(daysFromCivil(0, 2, 28) + 1)).toEqual({ year: 0, month: 2, day: 29 });
  });

  it('knows which days there are', () => {
    expect(isCivilDate(2000, 2, 29)).toBe(true);
    expect(isCivilDate(1900, 2, 29)).toBe(false);
    expect(isCivilDate(2023, 2, 29)).toBe(false);
    expect(isCivilDate(2024, 4, 31)).toBe(false);
    expect(isCivilDate(2024, 0, 1)).toBe(false);
    expect(isCivilDate(2024, 13, 1)).toBe(false);
    expect(isCivilDate(2024, 1, 0)).toBe(false);
  });

  it('prints years in four digits or more, counted from 1 in either era', () => {
    expect(printCivilDate({ year: 33, month: 4, day: 3 })).toBe('0033-04-03');
    expect(printCivilDate({ year: 0, month: 4, day: 3 })).toBe('0001-04-03');
    expect(printCivilDate({ year: -43, month: 4, day: 3 })).toBe('0044-04-03');
    expect(printCivilDate({ year: 12_024, month: 4, day: 3 })).toBe('12024-04-03');
  });
});
